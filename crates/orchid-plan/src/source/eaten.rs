//! Where YAML took an expression for something else: `!x` for a tag, `a ? b : c` for a mapping.
//!
//! Works on lines of the form `name: value`, and inside `{ name: value }`. Where such a value stopped the
//! parser, it is mended (the text is taken as if it had been quoted) and reading goes on.

use std::ops::Range;
use std::sync::Arc;

use super::text::{Place, ScalarKind, Text};
use super::tree::{Kind, Node};
use super::{Parsed, problem, yaml};
use crate::diagnostic::{Diagnostic, codes};

/// Mended places per document, and the longest document that is mended: each one costs a pass.
const MAX_MENDED: usize = 20;
const MAX_MENDED_BYTES: usize = 256 * 1024;

/// The longest line that is looked at.
const MAX_LINE: usize = 2000;

/// Fields whose text is no expression; everything else that has this trouble is.
const PLAIN_FIELDS: [&str; 12] = [
    "title",
    "description",
    "url",
    "token_url",
    "method",
    "value",
    "token",
    "query",
    "topic",
    "key",
    "integration",
    "cron",
];

/// Fields that hold lists and objects, not text.
const STRUCTURED_FIELDS: [&str; 34] = [
    "plans",
    "steps",
    "auth",
    "rate_limits",
    "http",
    "values",
    "defaults",
    "params",
    "headers",
    "body",
    "form",
    "graphql",
    "variables",
    "vars",
    "save",
    "paginate",
    "page",
    "offset",
    "cursor",
    "parse",
    "backoff",
    "windows",
    "match",
    "output",
    "attach",
    "extra",
    "claims",
    "config_schema",
    "properties",
    "required",
    "request",
    "refresh",
    "window",
    "sign",
];

/// A value that YAML took for something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eaten {
    /// The field.
    name: String,
    /// The value as the author meant it.
    value: String,
    /// Where it stands.
    span: Range<usize>,
    /// What YAML took it for.
    taken_for: &'static str,
    /// Whether it is all that its line holds, so that the line can be mended.
    alone: bool,
}

impl Eaten {
    /// The diagnostic, at a JSON pointer.
    pub fn diagnostic(&self, pointer: &str) -> Diagnostic {
        let place = Place {
            span: self.span.clone(),
            pointer: pointer.into(),
        };
        let shown = super::shown(&self.value);
        let message = format!("YAML takes `{shown}` for {}", self.taken_for);
        Diagnostic::error(codes::DOCUMENT_QUOTE, &place, message).with_help(self.help())
    }

    /// The value as if it had been quoted.
    pub(super) fn node(&self, pointer: &Arc<str>) -> Node {
        let place = Place {
            span: self.span.clone(),
            pointer: pointer.clone(),
        };
        let text = Text::plain(
            self.value.as_str(),
            ScalarKind::String,
            place.clone(),
            self.span.start,
        );
        Node {
            place,
            kind: Kind::Scalar(text),
        }
    }

    fn help(&self) -> String {
        let what = if PLAIN_FIELDS.contains(&self.name.as_str()) {
            "text"
        } else {
            "expression"
        };
        let quoted = format!("quote the {what}: `{}: {}`", self.name, quote(&self.value));
        if self.taken_for == "a tag" && what == "expression" {
            return format!("{quoted}, or write `not(…)`");
        }
        if self.value.contains(" ? ") && self.value.contains(" : ") {
            return format!("{quoted}, or write `if(c, a, b)`");
        }
        quoted
    }
}

/// `value` as a quoted scalar of YAML.
pub fn quote(value: &str) -> String {
    if value.contains(['"', '\\']) {
        format!("'{}'", value.replace('\'', "''"))
    } else {
        format!("\"{value}\"")
    }
}

/// The value that holds `offset`, if YAML may have taken it for something else.
pub fn at(text: &str, offset: usize) -> Option<Eaten> {
    let line = short_line(text, offset)?;
    let in_line = field_of_line(text, line.clone())
        .filter(|field| field.value.contains(&offset) || field.value.end == offset);
    if let Some(field) = in_line
        && let Some(eaten) = judge(text, &field, offset, Alone::Yes)
    {
        return Some(eaten);
    }
    let field = field_inside_braces(text, line, offset)?;
    judge(text, &field, offset, Alone::No)
}

/// The help for a whole value that was read as a list or an object where an expression belongs.
pub fn quoted_field(text: &str, node: &Node) -> Option<String> {
    let value = text.get(node.place.span.clone())?;
    let one_line = value.split_whitespace().collect::<Vec<_>>().join(" ");
    let fits = !one_line.is_empty() && one_line.len() <= 120;
    fits.then(|| format!("quote the expression: {}", quote(&one_line)))
}

/// Reads `text`, mending what YAML took for something else.
pub(super) fn parse_mending(text: &str) -> Parsed {
    let mut mended: Vec<Eaten> = Vec::new();
    let mut current = std::borrow::Cow::Borrowed(text);
    loop {
        let pass = yaml::parse(&current);
        let mut diagnostics = pass.diagnostics;
        let eaten = pass
            .syntax
            .as_ref()
            .and_then(|error| at(&current, error.marker().byte_offset()?));
        let may_mend = mended.len() < MAX_MENDED && text.len() <= MAX_MENDED_BYTES;
        if let Some(eaten) = &eaten
            && eaten.alone
            && may_mend
        {
            current
                .to_mut()
                .replace_range(eaten.span.clone(), &"x".repeat(eaten.span.len()));
            mended.push(eaten.clone());
            continue;
        }
        if let Some(error) = &pass.syntax {
            diagnostics.push(eaten.map_or_else(
                || problem::diagnostic(&current, error),
                |eaten| eaten.diagnostic(""),
            ));
        }
        let mut root = pass.root;
        for eaten in &mended {
            let pointer = root
                .as_mut()
                .and_then(|root| restore(root, eaten))
                .unwrap_or_default();
            diagnostics.push(eaten.diagnostic(&pointer));
        }
        return Parsed { root, diagnostics };
    }
}

/// Puts the author's text back where it was mended, and gives the pointer of the place.
fn restore(node: &mut Node, eaten: &Eaten) -> Option<String> {
    match &mut node.kind {
        Kind::Scalar(text) if text.place.span.start == eaten.span.start => {
            *text = Text::plain(
                eaten.value.as_str(),
                ScalarKind::String,
                text.place.clone(),
                eaten.span.start,
            );
            Some(text.place.pointer.to_string())
        }
        Kind::Scalar(_) => None,
        Kind::Array(items) => items.iter_mut().find_map(|item| restore(item, eaten)),
        Kind::Object(members) => members
            .iter_mut()
            .find_map(|member| restore(&mut member.value, eaten)),
    }
}

/// The line around `offset`, unless it is very long.
fn short_line(text: &str, offset: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let offset = offset.min(bytes.len());
    let from = offset.saturating_sub(MAX_LINE);
    let start = match bytes[from..offset].iter().rposition(|byte| *byte == b'\n') {
        Some(at) => from + at + 1,
        None if from == 0 => 0,
        None => return None,
    };
    let to = (offset + MAX_LINE).min(bytes.len());
    let end = match bytes[offset..to].iter().position(|byte| *byte == b'\n') {
        Some(at) => offset + at,
        None if to == bytes.len() => to,
        None => return None,
    };
    let end = if end > start && bytes[end - 1] == b'\r' {
        end - 1
    } else {
        end
    };
    Some(start..end)
}

/// A name and its value's bytes.
struct Field {
    name: Range<usize>,
    value: Range<usize>,
}

/// The field of a line `name: value`, behind any `- `.
fn field_of_line(text: &str, line: Range<usize>) -> Option<Field> {
    let mut start = line.start;
    loop {
        start += leading(&text[start..line.end], |c| c == ' ');
        if !text[start..line.end].starts_with("- ") {
            break;
        }
        start += 1;
    }
    field_from(text, start, line.end)
}

/// The field `name: value` that starts at `start`; its value ends before a comment.
fn field_from(text: &str, start: usize, end: usize) -> Option<Field> {
    let length = leading(&text[start..end], |c| {
        c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
    });
    let name = start..start + length;
    let rest = text[name.end..end].strip_prefix(':')?;
    let blank = leading(rest, |c| c == ' ');
    if name.is_empty() || blank == 0 {
        return None;
    }
    let value_start = name.end + 1 + blank;
    let value = &text[value_start..end];
    let value = value[..comment_start(value)].trim_end();
    (!value.is_empty()).then_some(Field {
        name,
        value: value_start..value_start + value.len(),
    })
}

/// The innermost `{ name: value }` of the line around `offset`.
fn field_inside_braces(text: &str, line: Range<usize>, offset: usize) -> Option<Field> {
    let before = text.get(line.start..offset)?;
    let open = before.rfind(['{', ','])?;
    let start = line.start + open + 1;
    let start = start + leading(&text[start..line.end], |c| c == ' ');
    let field = field_from(text, start, line.end)?;
    let end = field.value.start + flow_end(&text[field.value.clone()]);
    let value = text[field.value.start..end].trim_end();
    (!value.is_empty()).then(|| Field {
        value: field.value.start..field.value.start + value.len(),
        ..field
    })
}

/// Whether a value is all that its line holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Alone {
    Yes,
    No,
}

fn judge(text: &str, field: &Field, offset: usize, alone: Alone) -> Option<Eaten> {
    let value = &text[field.value.clone()];
    let name = &text[field.name.clone()];
    if STRUCTURED_FIELDS.contains(&name) && value.starts_with(['{', '[', '-', '}', ']']) {
        return None;
    }
    let taken_for = taken_for(value, offset.checked_sub(field.value.start)?)?;
    Some(Eaten {
        name: name.to_owned(),
        value: value.to_owned(),
        span: field.value.clone(),
        taken_for,
        alone: alone == Alone::Yes,
    })
}

/// What YAML takes `value` for, given where in it the trouble is.
fn taken_for(value: &str, trouble: usize) -> Option<&'static str> {
    let mut chars = value.chars();
    let (first, second) = (chars.next()?, chars.next());
    let before = value.get(..trouble).unwrap_or(value);
    match first {
        '!' if second.is_some_and(|c| c != '!') => Some("a tag"),
        '*' => Some("an alias"),
        '&' => Some("an anchor"),
        '`' | '@' | '%' => Some("something reserved"),
        '\'' | '"' if before.trim_end().len() > 1 && before.trim_end().ends_with(first) => {
            Some("a quoted text with something behind it")
        }
        '[' if before.trim_end().ends_with(']') => Some("a list with something behind it"),
        '{' if before.trim_end().ends_with('}') => Some("an object with something behind it"),
        '[' | '{' | '\'' | '"' => None,
        '|' | '>' => Some("the start of a block of text"),
        '-' if second == Some(' ') => Some("an item of a list"),
        '?' if second == Some(' ') => Some("a key"),
        ',' | ']' | '}' => Some("punctuation"),
        _ if value.contains(": ") || value.ends_with(':') => Some("a mapping"),
        _ => None,
    }
}

/// Where a comment starts in a value: at ` #` outside quotes.
fn comment_start(value: &str) -> usize {
    let mut quote = None;
    let mut previous = ' ';
    for (at, c) in value.char_indices() {
        if let Some(open) = quote {
            quote = quote.filter(|_| c != open);
        } else if matches!(c, '\'' | '"' | '`') {
            quote = Some(c);
        } else if c == '#' && previous == ' ' {
            return at;
        }
        previous = c;
    }
    value.len()
}

/// Where a value inside `{}` ends: at `,` or `}` outside its own brackets and quotes.
fn flow_end(value: &str) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, c) in value.char_indices() {
        if let Some(open) = quote {
            quote = quote.filter(|_| c != open);
            continue;
        }
        match c {
            '\'' | '"' | '`' => quote = Some(c),
            '(' | '[' | '{' => depth += 1,
            ',' | '}' | ']' | ')' if depth == 0 => return at,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    value.len()
}

fn leading(text: &str, is: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is(c)).unwrap_or(text.len())
}
