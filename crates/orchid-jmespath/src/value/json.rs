//! Values as JSON text.

use std::fmt::Write as _;

use super::{Kind, Repr, Value};
use crate::document::node::Tag;

/// What becomes of a document's white space.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// It is written as received.
    AsReceived,
    /// It is left out.
    Compact,
}

/// Appends the JSON text of a value.
pub(crate) fn write(value: &Value, layout: Layout, text: &mut String) {
    match &value.0 {
        Repr::Null => text.push_str("null"),
        Repr::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Repr::Int(value) => append(text, value),
        Repr::Uint(value) => append(text, value),
        Repr::Float(_) => value
            .as_number()
            .into_iter()
            .for_each(|number| append(text, number)),
        Repr::Decimal(number) => text.push_str(number),
        Repr::Text(string) => write_string(string, text),
        Repr::Shared(string) => write_string(string, text),
        Repr::Node(document, index) if document.tag(*index) != Tag::Lines => match layout {
            Layout::AsReceived => text.push_str(document.raw(*index)),
            Layout::Compact => compact(document.raw(*index), text),
        },
        Repr::Array(_) | Repr::Node(..) => {
            text.push('[');
            for (position, item) in value.items().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write(&item, layout, text);
            }
            text.push(']');
        }
        Repr::Object(object) => {
            text.push('{');
            for (position, (name, value)) in object.entries().iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                write_string(name, text);
                text.push(':');
                write(value, layout, text);
            }
            text.push('}');
        }
        Repr::Secret(inner) => write(inner, layout, text),
    }
}

/// Appends a string in quotes. Only what must be escaped is.
pub(crate) fn write_string(string: &str, text: &mut String) {
    text.push('"');
    let mut plain = 0;
    for (at, byte) in string.bytes().enumerate() {
        if !matches!(byte, b'"' | b'\\' | 0..0x20) {
            continue;
        }
        text.push_str(&string[plain..at]);
        plain = at + 1;
        match byte {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            8 => text.push_str("\\b"),
            12 => text.push_str("\\f"),
            _ => append(text, format_args!("\\u{byte:04x}")),
        }
    }
    text.push_str(&string[plain..]);
    text.push('"');
}

/// A value for a message: shortened to about `limit` characters, secrets hidden.
pub(crate) fn shown(value: &Value, limit: usize) -> String {
    if value.is_secret() {
        return format!("(a secret {})", value.kind().name());
    }
    let text = match (&value.0, value.kind()) {
        (_, Kind::String) => {
            let string = value.as_str().unwrap_or_default();
            let mut text = String::new();
            write_string(string.get(..floor(string, limit)).unwrap_or_default(), &mut text);
            if string.len() > limit {
                text.truncate(text.len() - 1);
                text.push('…');
            }
            return text;
        }
        (Repr::Node(document, index), _) => {
            let raw = document.raw(*index);
            raw[..floor(raw, limit + 1)].to_owned()
        }
        (_, Kind::Array | Kind::Object) if value.len() > limit => {
            return format!("(an {} of {} elements)", value.kind().name(), value.len());
        }
        _ => value.to_json(),
    };
    if text.len() > limit {
        format!("{}…", &text[..floor(&text, limit)])
    } else {
        text
    }
}

/// The last character boundary at or before `limit`.
fn floor(text: &str, limit: usize) -> usize {
    text.floor_char_boundary(limit)
}

/// Appends valid JSON text without the white space between its tokens.
fn compact(raw: &str, text: &mut String) {
    let bytes = raw.as_bytes();
    let (mut plain, mut at) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            b' ' | b'\n' | b'\r' | b'\t' => {
                text.push_str(&raw[plain..at]);
                at += 1;
                plain = at;
            }
            _ => at += 1,
        }
    }
    text.push_str(&raw[plain..]);
}

fn append(text: &mut String, part: impl std::fmt::Display) {
    write!(text, "{part}").expect("writing to a String does not fail");
}
