//! A tree as YAML text that reads back as the same tree.

use super::scalar::{Resolved, resolve};
use super::text::{ScalarKind, Text};
use super::tree::{Kind, Node};

/// The tree as a YAML document, in block style, two spaces a level.
pub fn yaml(node: &Node) -> String {
    let mut out = String::new();
    match &node.kind {
        Kind::Scalar(text) => out.push_str(&scalar(text)),
        Kind::Array(items) if items.is_empty() => out.push_str("[]"),
        Kind::Object(members) if members.is_empty() => out.push_str("{}"),
        _ => block(node, 0, &mut out),
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// A collection that is not empty, its first line not yet indented.
fn block(node: &Node, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match &node.kind {
        Kind::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push_str(&pad);
                }
                out.push_str("- ");
                if is_block(item) {
                    block(item, indent + 2, out);
                } else {
                    out.push_str(&flow(item));
                    out.push('\n');
                }
            }
        }
        Kind::Object(members) => {
            for (at, member) in members.iter().enumerate() {
                if at > 0 {
                    out.push_str(&pad);
                }
                out.push_str(&string(&member.name));
                out.push(':');
                if is_block(&member.value) {
                    out.push('\n');
                    out.push_str(&" ".repeat(indent + 2));
                    block(&member.value, indent + 2, out);
                } else {
                    out.push(' ');
                    out.push_str(&flow(&member.value));
                    out.push('\n');
                }
            }
        }
        Kind::Scalar(text) => out.push_str(&scalar(text)),
    }
}

fn is_block(node: &Node) -> bool {
    match &node.kind {
        Kind::Scalar(_) => false,
        Kind::Array(items) => !items.is_empty(),
        Kind::Object(members) => !members.is_empty(),
    }
}

/// What stands on one line.
fn flow(node: &Node) -> String {
    match &node.kind {
        Kind::Scalar(text) => scalar(text),
        Kind::Array(_) => "[]".to_owned(),
        Kind::Object(_) => "{}".to_owned(),
    }
}

fn scalar(text: &Text) -> String {
    if text.kind == ScalarKind::String {
        string(&text.value)
    } else {
        text.value.to_string()
    }
}

/// A text: plain where that reads back, else quoted.
fn string(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let is_printable = text
        .chars()
        .all(|c| !c.is_control() && !is_line_break(c) && c != '\u{feff}');
    if is_printable && !text.contains(['"', '\\']) {
        format!("\"{text}\"")
    } else if is_printable {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        escaped(text)
    }
}

/// Between `"`, with the escapes that YAML and JSON share, and those that YAML's line breaks need.
fn escaped(text: &str) -> String {
    let mut out = serde_json::Value::from(text).to_string();
    for c in ['\u{7f}', '\u{85}', '\u{2028}', '\u{2029}', '\u{feff}']
        .into_iter()
        .chain('\u{80}'..='\u{9f}')
    {
        out = out.replace(c, &format!("\\u{:04x}", c as u32));
    }
    out
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a text reads back as itself without quotes, in block style.
fn is_plain(text: &str) -> bool {
    const STARTS: &str = "-?:,[]{}#&*!|>'\"%@`=~";
    let starts_well = text.starts_with(|c: char| !STARTS.contains(c) && !c.is_whitespace());
    starts_well
        && !text.ends_with([':', ' '])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.starts_with("<<")
        && text
            .chars()
            .all(|c| c == ' ' || (!c.is_control() && !c.is_whitespace() && c != '\u{feff}'))
        && !text.starts_with("...")
        && resolve(text) == Resolved::Value(ScalarKind::String, text)
}
