//! Templates as expressions, for sugar that computes with what a template gives.

use smol_str::SmolStr;

use crate::definition::field::{Map, TemplateText, TemplateTree};
use crate::source::text::ScalarKind;
use crate::template::{self, Piece};
use crate::url::{self, Filler};

/// An expression that gives what a template gives. A template that cannot be read gives a text that cannot be
/// compiled either, so that the author hears of it.
pub(super) fn of_template(template: &TemplateText) -> String {
    let text = &template.0;
    if text.kind != ScalarKind::String {
        return text.value.to_string();
    }
    let Ok(pieces) = template::split(&text.value) else {
        return text.value.to_string();
    };
    match pieces.as_slice() {
        [] => "''".to_owned(),
        [Piece::Expression(range)] => format!("({})", &text.value[range.clone()]),
        [Piece::Text(only)] => literal(only),
        pieces => {
            let parts: Vec<String> = pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(part) => literal(part),
                    Piece::Expression(range) => text.value[range.clone()].to_owned(),
                })
                .collect();
            format!("concat({})", parts.join(", "))
        }
    }
}

/// An expression that gives what structured data with templates gives.
pub(super) fn of_tree(tree: &TemplateTree) -> String {
    match tree {
        TemplateTree::Leaf(template) => of_template(template),
        TemplateTree::Array(items, _) if items.is_empty() => "`[]`".to_owned(),
        TemplateTree::Array(items, _) => {
            format!("[{}]", items.iter().map(of_tree).collect::<Vec<_>>().join(", "))
        }
        TemplateTree::Object(entries, _) => of_entries(
            entries
                .iter()
                .map(|(name, entry)| (name.clone(), of_tree(&entry.value))),
        ),
    }
}

/// An object of expressions.
pub(super) fn of_entries(entries: impl IntoIterator<Item = (SmolStr, String)>) -> String {
    let entries: Vec<String> = entries
        .into_iter()
        .map(|(name, value)| format!("{}: {value}", json(&name)))
        .collect();
    if entries.is_empty() {
        "`{}`".to_owned()
    } else {
        format!("{{{}}}", entries.join(", "))
    }
}

/// An expression that gives what a URL gives whose names come from `values` and the config.
pub(super) fn of_url<T>(url: &TemplateText, values: &Map<T>) -> String {
    let text = &url.0.value;
    let Ok(pieces) = url::split(text) else {
        return of_template(url);
    };
    let parts: Vec<String> = pieces
        .pieces
        .iter()
        .map(|piece| match piece {
            url::Piece::Text(part) => literal(part),
            url::Piece::Hole(hole) => match &hole.filler {
                Filler::Name(name) if values.contains_key(name) => format!("values.{}", identifier(name)),
                Filler::Name(name) => format!("config.{}", identifier(name)),
                Filler::Expression(range) => text[range.clone()].to_owned(),
            },
        })
        .collect();
    match parts.as_slice() {
        [] => "''".to_owned(),
        [only] => only.clone(),
        parts => format!("concat({})", parts.join(", ")),
    }
}

/// A text as a literal.
pub(super) fn literal(text: &str) -> String {
    if text.contains(['\'', '\\']) || text.contains(char::is_control) {
        format!("`{}`", json(text).replace('`', "\\`"))
    } else {
        format!("'{text}'")
    }
}

/// A name as an identifier, quoted where it must be.
pub(super) fn identifier(name: &str) -> String {
    let is_plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_plain { name.to_owned() } else { json(name) }
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
