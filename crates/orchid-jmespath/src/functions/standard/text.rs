//! Text: JEP 14, and what JMESPath had before. Positions and widths count characters.

use crate::functions::Function;
use crate::functions::call::Call;
use crate::functions::signature::{Nulls, Secrets, Types, one, optional};
use crate::problem::EvalError;
use crate::value::Value;

/// What an element of a list costs, in bytes.
const ITEM: usize = 24;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "ends_with",
        signature: "ends_with(subject, suffix)",
        group: "standard",
        summary: "Whether a text ends with another.",
        example: ("ends_with('report.csv', '.csv')", "true"),
        parameters: &[one("subject", Types::STRING), one("suffix", Types::STRING)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Exempt,
        call: |call| Ok(Value::from(call.text(0)?.ends_with(call.text(1)?))),
    },
    Function {
        name: "find_first",
        signature: "find_first(subject, sub, start?, end?)",
        group: "standard",
        summary: "Where a text first contains another, in characters from 0; null where it does not.",
        example: ("find_first('subject string', 'string')", "8"),
        parameters: FIND,
        nulls: Nulls::Refuse,
        secrets: Secrets::Exempt,
        call: |call| find(call, |text, sub| text.find(sub)),
    },
    Function {
        name: "find_last",
        signature: "find_last(subject, sub, start?, end?)",
        group: "standard",
        summary: "Where a text last contains another, in characters from 0; null where it does not.",
        example: ("find_last('a-b-c', '-')", "3"),
        parameters: FIND,
        nulls: Nulls::Refuse,
        secrets: Secrets::Exempt,
        call: |call| find(call, |text, sub| text.rfind(sub)),
    },
    Function {
        name: "join",
        signature: "join(glue, texts)",
        group: "standard",
        summary: "A list of texts as one, with the glue between.",
        example: (r#"join(', ', `["a", "b"]`)"#, r#""a, b""#),
        parameters: &[one("glue", Types::STRING), one("texts", Types::STRINGS)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Derived,
        call: join,
    },
    Function {
        name: "lower",
        signature: "lower(subject)",
        group: "standard",
        summary: "A text in lower case.",
        example: ("lower('STRING')", r#""string""#),
        parameters: &[one("subject", Types::STRING)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Derived,
        call: |call| cased(call, str::to_lowercase),
    },
    Function {
        name: "pad_left",
        signature: "pad_left(subject, width, pad?)",
        group: "standard",
        summary: "A text filled up on its left to a width in characters, with spaces or another character.",
        example: ("pad_left('7', `3`, '0')", r#""007""#),
        parameters: PAD,
        nulls: Nulls::Refuse,
        secrets: Secrets::Derived,
        call: |call| padded(call, |text, padding| padding + text),
    },
    Function {
        name: "pad_right",
        signature: "pad_right(subject, width, pad?)",
        group: "standard",
        summary: "A text filled up on its right to a width in characters, with spaces or another character.",
        example: ("pad_right('a', `3`, '.')", r#""a..""#),
        parameters: PAD,
        nulls: Nulls::Refuse,
        secrets: Secrets::Derived,
        call: |call| padded(call, |text, padding| text.to_owned() + &padding),
    },
    Function {
        name: "replace",
        signature: "replace(subject, old, new, count?)",
        group: "standard",
        summary: "A text with another in it replaced, everywhere or the first `count` times.",
        example: ("replace('a-b-c', '-', '+', `1`)", r#""a+b-c""#),
        parameters: &[
            one("subject", Types::STRING),
            one("old", Types::STRING),
            one("new", Types::STRING),
            optional("count", Types::NUMBER),
        ],
        nulls: Nulls::Refuse,
        secrets: Secrets::Derived,
        call: replace,
    },
    Function {
        name: "split",
        signature: "split(subject, search, count?)",
        group: "standard",
        summary: "A text as a list of its parts between the separator, at most `count` times split; an empty separator splits into characters.",
        example: ("split('a,b,c', ',')", r#"["a", "b", "c"]"#),
        parameters: &[
            one("subject", Types::STRING),
            one("search", Types::STRING),
            optional("count", Types::NUMBER),
        ],
        nulls: Nulls::Refuse,
        secrets: Secrets::Derived,
        call: split,
    },
    Function {
        name: "starts_with",
        signature: "starts_with(subject, prefix)",
        group: "standard",
        summary: "Whether a text starts with another.",
        example: ("starts_with('foobar', 'foo')", "true"),
        parameters: &[one("subject", Types::STRING), one("prefix", Types::STRING)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Exempt,
        call: |call| Ok(Value::from(call.text(0)?.starts_with(call.text(1)?))),
    },
    Function {
        name: "trim",
        signature: "trim(subject, chars?)",
        group: "standard",
        summary: "A text without the white space, or the given characters, at both ends.",
        example: ("trim('  a b  ')", r#""a b""#),
        parameters: TRIM,
        nulls: Nulls::Refuse,
        secrets: Secrets::Derived,
        call: |call| trimmed(call, |text, drop| text.trim_matches(drop)),
    },
    Function {
        name: "trim_left",
        signature: "trim_left(subject, chars?)",
        group: "standard",
        summary: "A text without the white space, or the given characters, at its start.",
        example: ("trim_left('--a-', '-')", r#""a-""#),
        parameters: TRIM,
        nulls: Nulls::Refuse,
        secrets: Secrets::Derived,
        call: |call| trimmed(call, |text, drop| text.trim_start_matches(drop)),
    },
    Function {
        name: "trim_right",
        signature: "trim_right(subject, chars?)",
        group: "standard",
        summary: "A text without the white space, or the given characters, at its end.",
        example: ("trim_right('-a--', '-')", r#""-a""#),
        parameters: TRIM,
        nulls: Nulls::Refuse,
        secrets: Secrets::Derived,
        call: |call| trimmed(call, |text, drop| text.trim_end_matches(drop)),
    },
    Function {
        name: "upper",
        signature: "upper(subject)",
        group: "standard",
        summary: "A text in upper case.",
        example: ("upper('string')", r#""STRING""#),
        parameters: &[one("subject", Types::STRING)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Derived,
        call: |call| cased(call, str::to_uppercase),
    },
];

const FIND: &[crate::functions::Parameter] = &[
    one("subject", Types::STRING),
    one("sub", Types::STRING),
    optional("start", Types::NUMBER),
    optional("end", Types::NUMBER),
];
const PAD: &[crate::functions::Parameter] = &[
    one("subject", Types::STRING),
    one("width", Types::NUMBER),
    optional("pad", Types::STRING),
];
const TRIM: &[crate::functions::Parameter] =
    &[one("subject", Types::STRING), optional("chars", Types::STRING)];

fn find(call: &mut Call<'_>, search: fn(&str, &str) -> Option<usize>) -> Result<Value, EvalError> {
    let (text, sub) = (call.text(0)?, call.text(1)?);
    call.charge(text.len() / 4)?;
    let length = text.chars().count();
    let start = bound(call.optional_integer(2)?.unwrap_or(0), length);
    let end = call.optional_integer(3)?.map_or(length, |end| bound(end, length));
    if sub.is_empty() || start >= end {
        return Ok(Value::NULL);
    }
    let byte = |index: usize| text.char_indices().nth(index).map_or(text.len(), |(at, _)| at);
    let (from, to) = (byte(start), byte(end));
    let Some(found) = search(&text[from..to], sub) else {
        return Ok(Value::NULL);
    };
    Ok(Value::from(start + text[from..from + found].chars().count()))
}

/// A position that counts from the end when negative, within the text.
fn bound(position: i64, length: usize) -> usize {
    let distance = usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX);
    if position < 0 {
        length.saturating_sub(distance)
    } else {
        distance.min(length)
    }
}

fn join(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let (glue, texts) = (call.text(0)?, call.value(1));
    let mut joined = String::new();
    for (index, text) in texts.items().enumerate() {
        let part = text.as_str().unwrap_or_default();
        call.reserve(part.len() + glue.len())?;
        call.charge(1)?;
        if index > 0 {
            joined.push_str(glue);
        }
        joined.push_str(part);
    }
    Ok(Value::from(joined))
}

fn cased(call: &mut Call<'_>, change: fn(&str) -> String) -> Result<Value, EvalError> {
    let text = call.text(0)?;
    // A character may become three.
    call.reserve(text.len().saturating_mul(3))?;
    Ok(Value::from(change(text)))
}

fn padded(call: &mut Call<'_>, attach: fn(&str, String) -> String) -> Result<Value, EvalError> {
    let (text, width) = (call.text(0)?, call.size(1)?);
    let pad = call.optional_text(2)?.unwrap_or(" ");
    let mut characters = pad.chars();
    let (Some(pad), None) = (characters.next(), characters.next()) else {
        return Err(call.invalid(2, "the padding is one character"));
    };
    call.charge(text.len() / 16)?;
    let missing = width.saturating_sub(text.chars().count());
    call.reserve(
        missing
            .saturating_mul(pad.len_utf8())
            .saturating_mul(2)
            .saturating_add(text.len()),
    )?;
    Ok(Value::from(attach(text, pad.to_string().repeat(missing))))
}

fn replace(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let (text, old, new) = (call.text(0)?, call.text(1)?, call.text(2)?);
    let count = if call.has(3) { call.size(3)? } else { usize::MAX };
    call.charge(text.len() / 4)?;
    let found = text.matches(old).take(count).count();
    call.reserve(found.saturating_mul(new.len()).saturating_add(text.len()))?;
    Ok(Value::from(text.replacen(old, new, count)))
}

fn split(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let (text, search) = (call.text(0)?, call.text(1)?);
    let count = if call.has(2) { call.size(2)? } else { usize::MAX };
    call.charge(text.len() / 4)?;
    let parts = if search.is_empty() {
        text.chars().count()
    } else {
        text.matches(search).count()
    };
    let parts = parts.min(count).saturating_add(1);
    call.reserve(parts.saturating_mul(2 * ITEM).saturating_add(text.len()))?;
    if !search.is_empty() {
        return Ok(Value::array(text.splitn(parts, search).map(Value::from)));
    }
    let mut rest = text.chars();
    let mut characters: Vec<Value> = rest
        .by_ref()
        .take(count)
        .map(|character| Value::from(character.encode_utf8(&mut [0; 4]) as &str))
        .collect();
    if !rest.as_str().is_empty() {
        characters.push(Value::from(rest.as_str()));
    }
    Ok(Value::array(characters))
}

fn trimmed(
    call: &mut Call<'_>,
    trim: for<'t> fn(&'t str, &dyn Fn(char) -> bool) -> &'t str,
) -> Result<Value, EvalError> {
    let text = call.text(0)?;
    let chars = call.optional_text(1)?.unwrap_or_default();
    call.reserve(text.len())?;
    // Each character at the ends is looked up among those given.
    call.charge(text.len().saturating_mul(1 + chars.len() / 16))?;
    let drop = |character: char| {
        if chars.is_empty() {
            character.is_whitespace()
        } else {
            chars.contains(character)
        }
    };
    Ok(Value::from(trim(text, &drop)))
}
