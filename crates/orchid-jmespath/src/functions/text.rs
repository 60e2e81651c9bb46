//! Functions of text. Regular expressions run in linear time and are bounded in size.

use std::borrow::Cow;

use regex::{Captures, Regex, RegexBuilder};

use crate::functions::Function;
use crate::functions::call::Call;
use crate::functions::refusal::Refusal;
use crate::functions::signature::{Literal, Nulls, Secrets, Types, many, one, optional};
use crate::problem::EvalError;
use crate::value::Value;

/// The longest regular expression, in bytes.
const MAX_PATTERN: usize = 4096;
/// The memory that a compiled one may take, in bytes.
const MAX_COMPILED: usize = 1 << 20;

/// What becomes text in `concat`.
const PART: Types = Types::STRING.or(Types::NUMBER).or(Types::BOOLEAN);

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "concat",
        signature: "concat(a, b, …)",
        group: "text",
        summary: "The arguments as one text; numbers as they are written, booleans by name. A null makes it null: use `default(x, '')`.",
        example: ("concat('page-', `1.10`, '-', `true`)", r#""page-1.10-true""#),
        parameters: &[many("a", PART)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: concat,
    },
    Function {
        name: "matches",
        signature: "matches(s, re)",
        group: "text",
        summary: "Whether the regular expression is found anywhere in the text; `^…$` for the whole.",
        example: ("matches('user-17', '^user-[0-9]+$')", "true"),
        parameters: &[
            one("s", Types::STRING),
            one("re", Types::STRING).literal(Literal::Pattern),
        ],
        nulls: Nulls::Yield,
        secrets: Secrets::Exempt,
        call: |call| {
            let regex = pattern(call)?;
            Ok(Value::from(regex.is_match(call.text(0)?)))
        },
    },
    Function {
        name: "regex_find",
        signature: "regex_find(s, re, group?)",
        group: "text",
        summary: "What the regular expression finds first: the whole, or a group by number or name. Null where it finds nothing.",
        example: (
            "regex_find('next=abc; page=2', 'page=(?<page>[0-9]+)', 'page')",
            r#""2""#,
        ),
        parameters: &[
            one("s", Types::STRING),
            one("re", Types::STRING).literal(Literal::Pattern),
            optional("group", Types::NUMBER.or(Types::STRING)),
        ],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: regex_find,
    },
    Function {
        name: "regex_replace",
        signature: "regex_replace(s, re, with)",
        group: "text",
        summary: "The text with all that the regular expression finds replaced; in `with`, `$1` and `${name}` are groups, `$$` a dollar sign.",
        example: (
            "regex_replace('2026-01-02', '(\\d+)-(\\d+)-(\\d+)', '$3.$2.$1')",
            r#""02.01.2026""#,
        ),
        parameters: &[
            one("s", Types::STRING),
            one("re", Types::STRING).literal(Literal::Pattern),
            one("with", Types::STRING),
        ],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: regex_replace,
    },
];

/// Compiles a regular expression within bounds.
pub(crate) fn compile(pattern: &str) -> Result<Regex, Refusal> {
    if pattern.len() > MAX_PATTERN {
        return Err(Refusal::new(format!(
            "is no regular expression of at most {MAX_PATTERN} bytes"
        )));
    }
    let built = RegexBuilder::new(pattern)
        .size_limit(MAX_COMPILED)
        .dfa_size_limit(MAX_COMPILED)
        .nest_limit(64)
        .build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => Refusal::new("is a regular expression that grows too large")
            .with_help("make its repetitions {n,m} smaller"),
        _ => Refusal::new("is not a regular expression").with_help(
            "look-around and back-references do not exist here; a `\\` before punctuation takes it literally",
        ),
    })
}

/// The regular expression at position 1, ready: a literal one was compiled with the expression.
fn pattern<'a>(call: &mut Call<'a>) -> Result<Cow<'a, Regex>, EvalError> {
    // Its work is linear in the text, and bounded by the size of the pattern.
    let text = call.text(0)?;
    call.charge(text.len())?;
    if let Some(regex) = call.pattern() {
        return Ok(Cow::Borrowed(regex));
    }
    let source = call.text(1)?;
    call.charge(source.len() * 16)?;
    compile(source)
        .map(Cow::Owned)
        .map_err(|refusal| refusal.at(call, 1))
}

fn concat(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let mut text = String::new();
    for index in 0..call.count() {
        let part = match call.value(index).as_str() {
            Some(part) => Cow::Borrowed(part),
            None => Cow::Owned(call.value(index).to_text().unwrap_or_default()),
        };
        call.reserve(part.len())?;
        text.push_str(&part);
    }
    Ok(Value::from(text))
}

fn regex_find(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let regex = pattern(call)?;
    let group = group(call, &regex)?;
    let captures = regex.captures(call.text(0)?);
    let Some(found) = captures.and_then(|captures| captures.get(group)) else {
        return Ok(Value::NULL);
    };
    call.reserve(found.len())?;
    Ok(Value::from(found.as_str()))
}

/// The number of the group that is asked for; 0 is the whole.
fn group(call: &Call<'_>, regex: &Regex) -> Result<usize, EvalError> {
    if !call.has(2) {
        return Ok(0);
    }
    if let Some(name) = call.value(2).as_str() {
        return regex
            .capture_names()
            .position(|known| known == Some(name))
            .ok_or_else(|| {
                call.invalid(
                    2,
                    format!("the regular expression has no group named {}", call.shown(2)),
                )
            });
    }
    let group = call.size(2)?;
    let most = regex.captures_len() - 1;
    if group > most {
        return Err(call.invalid(
            2,
            format!("the regular expression has {most} groups, not {group}"),
        ));
    }
    Ok(group)
}

fn regex_replace(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let regex = pattern(call)?;
    let (text, with) = (call.text(0)?, call.text(2)?);
    let mut result = String::new();
    let mut end = 0;
    for captures in regex.captures_iter(text) {
        let Some(whole) = captures.get(0) else { continue };
        // A replacement names each group at most once per two of its bytes.
        let most = widest(&captures)
            .saturating_mul(with.len() / 2)
            .saturating_add(with.len());
        call.reserve(whole.start() - end)?;
        result.push_str(&text[end..whole.start()]);
        let before = result.len();
        if most > 1 << 20 {
            call.reserve(most)?;
        }
        captures.expand(with, &mut result);
        call.reserve(result.len() - before)?;
        call.charge(16)?;
        end = whole.end();
    }
    call.reserve(text.len() - end)?;
    result.push_str(&text[end..]);
    Ok(Value::from(result))
}

/// The length of the longest group.
fn widest(captures: &Captures<'_>) -> usize {
    captures
        .iter()
        .flatten()
        .map(|group| group.len())
        .max()
        .unwrap_or(0)
}
