//! Templates to values and text, with their taint.

use orchid_jmespath::value::{Kind as ValueKind, Value};
use orchid_plan::program::{Part, Template, Tree};
use smol_str::SmolStr;

use crate::fault::{Fault, Kind};
use crate::scope::{Root, expression_fault};

/// Text and whether it was made from a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub text: String,
    pub secret: bool,
}

/// A template's value: one whole `${…}` keeps its type, anything mixed is text.
pub(crate) fn value(field: &str, template: &Template, root: &Root) -> Result<Value, Fault> {
    let parts = match template {
        Template::Literal(value) => return Ok(value.clone()),
        Template::Whole(e) => return root.value(e).map_err(|error| expression_fault(field, e, &error)),
        Template::Mixed(parts) => parts,
    };
    let mut out = String::new();
    let mut secret = false;
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Expression(e) => {
                let value = root
                    .value(e)
                    .map_err(|error| expression_fault(field, e, &error))?;
                secret |= value.is_secret();
                let Some(text) = value.to_text() else {
                    return Err(not_text(field, e.source(), &value));
                };
                out.push_str(&text);
            }
        }
    }
    let value = Value::from(out);
    Ok(if secret { value.into_secret() } else { value })
}

/// A template's text; `None` if its whole value is null.
pub(crate) fn text(field: &str, template: &Template, root: &Root) -> Result<Option<Text>, Fault> {
    let value = value(field, template, root)?;
    if value.is_null() {
        return Ok(None);
    }
    into_text(field, source(template), &value).map(Some)
}

/// A value as text; an array or object is an error that names the field.
pub(crate) fn into_text(field: &str, source: &str, value: &Value) -> Result<Text, Fault> {
    let secret = value.is_secret();
    match value.to_text() {
        Some(text) => Ok(Text { text, secret }),
        None => Err(not_text(field, source, value)),
    }
}

/// Structured data; an object's entry whose whole value is null is left out.
pub(crate) fn tree(field: &str, tree_of: &Tree, root: &Root) -> Result<Value, Fault> {
    match tree_of {
        Tree::Leaf(template) => value(field, template, root),
        Tree::Array(items) => {
            let items: Result<Vec<Value>, Fault> = items
                .iter()
                .enumerate()
                .map(|(index, item)| tree(&format!("{field}[{index}]"), item, root))
                .collect();
            Ok(Value::array(items?))
        }
        Tree::Object(fields) => {
            let mut entries: Vec<(SmolStr, Value)> = Vec::with_capacity(fields.len());
            for (name, entry) in fields {
                let value = tree(&format!("{field}.{name}"), entry, root)?;
                if !value.is_null() {
                    entries.push((name.clone(), value));
                }
            }
            Ok(Value::object(entries))
        }
    }
}

/// JSON text that is the same for values that are equal, however they were written.
pub(crate) fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(&mut out, value);
    out
}

fn write_canonical(out: &mut String, value: &Value) {
    match value.kind() {
        ValueKind::String => {
            out.push_str(&serde_json::Value::from(value.as_str().unwrap_or_default()).to_string());
        }
        ValueKind::Number => out.push_str(&number(value)),
        ValueKind::Null | ValueKind::Boolean => out.push_str(&value.to_json()),
        ValueKind::Array => {
            out.push('[');
            for item in value.items() {
                write_canonical(out, &item);
                out.push(',');
            }
            out.push(']');
        }
        ValueKind::Object => {
            let entries: std::collections::BTreeMap<&str, Value> = value.entries().collect();
            out.push('{');
            for (name, entry) in &entries {
                out.push_str(&serde_json::Value::from(*name).to_string());
                out.push(':');
                write_canonical(out, entry);
                out.push(',');
            }
            out.push('}');
        }
    }
}

fn number(value: &Value) -> String {
    let Some(number) = value.as_number() else {
        return value.to_json();
    };
    number
        .as_i128()
        .map_or_else(|| number.as_f64().to_string(), |n| n.to_string())
}

fn source(template: &Template) -> &str {
    match template {
        Template::Whole(e) => e.source(),
        Template::Literal(_) | Template::Mixed(_) => "",
    }
}

fn not_text(field: &str, source: &str, value: &Value) -> Fault {
    let what = if value.kind() == ValueKind::Array {
        "an array"
    } else {
        "an object"
    };
    let source = if source.is_empty() {
        String::new()
    } else {
        format!("`{source}` is ")
    };
    Fault::new(
        Kind::Definition,
        format!("{field}: {source}{what}, which cannot be put into text"),
    )
}
