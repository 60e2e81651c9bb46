//! How the kinds of values in `field` are read, written and described.

use indexmap::IndexMap;
use serde_json::{Value as Json, json};
use smol_str::SmolStr;

use super::field::{
    ConfigSchemaNode, DurationText, Entry, ExpressionText, Map, SizeText, Spanned, TemplateText, TemplateTree,
};
use super::read::{Reader, as_text, shown, with_help};
use super::record::{Field, Schemas};
use crate::diagnostic::{Diagnostic, codes};
use crate::quantity::{self, QuantityError};
use crate::source::eaten;
use crate::source::text::{ScalarKind, Style, Text};
use crate::source::tree::{Kind, Member, Node};

impl<T: Field> Field for Option<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        T::read(node, reader).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn write(&self) -> Option<Node> {
        self.as_ref().and_then(Field::write)
    }

    fn schema(schemas: &mut Schemas) -> Json {
        T::schema(schemas)
    }
}

impl<T: Field> Field for Vec<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Kind::Array(items) = &node.kind else {
            reader.wrong_type(node, "a list", None);
            return None;
        };
        Some(items.iter().filter_map(|item| T::read(item, reader)).collect())
    }

    fn write(&self) -> Option<Node> {
        Some(Node::made(Kind::Array(
            self.iter().filter_map(Field::write).collect(),
        )))
    }

    fn schema(schemas: &mut Schemas) -> Json {
        json!({ "type": "array", "items": T::schema(schemas) })
    }
}

impl<T: Field> Field for Map<T> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Kind::Object(members) = &node.kind else {
            reader.wrong_type(node, "an object of names and values", None);
            return None;
        };
        let read = |member: &Member| {
            let value = T::read(&member.value, reader)?;
            Some((
                member.name.clone(),
                Entry {
                    key: member.key_place(),
                    value,
                },
            ))
        };
        Some(members.iter().filter_map(read).collect())
    }

    fn absent() -> Option<Self> {
        Some(IndexMap::new())
    }

    fn write(&self) -> Option<Node> {
        let members: Vec<Member> = self
            .iter()
            .filter_map(|(name, entry)| Some(Member::made(name.clone(), entry.value.write()?)))
            .collect();
        (!members.is_empty()).then(|| Node::made(Kind::Object(members)))
    }

    fn schema(schemas: &mut Schemas) -> Json {
        json!({ "type": "object", "additionalProperties": T::schema(schemas) })
    }
}

impl Field for ExpressionText {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Kind::Scalar(text) = &node.kind else {
            let message = format!("expected an expression, but YAML reads {}", node.describe());
            let place = crate::source::text::Place {
                span: super::read::head(node, reader.text),
                pointer: node.place.pointer.clone(),
            };
            let help = eaten::quoted_field(reader.text, node);
            reader.report(with_help(
                Diagnostic::error(codes::DOCUMENT_QUOTE, &place, message),
                help,
            ));
            return None;
        };
        warn_of_comment(text, reader, ends_inside_expression);
        Some(Self(text.clone()))
    }

    fn write(&self) -> Option<Node> {
        Some(write_text(&self.0))
    }

    fn schema(_: &mut Schemas) -> Json {
        json!({ "type": ["string", "number", "boolean", "null"] })
    }
}

impl Field for TemplateText {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Kind::Scalar(text) = &node.kind else {
            let help = is_brace_template(node)
                .then(|| eaten::quoted_field(reader.text, node))
                .flatten()
                .map(|help| help.replacen("expression", "text", 1));
            reader.wrong_type(node, "text", help);
            return None;
        };
        warn_of_comment(text, reader, ends_inside_template);
        Some(Self(text.clone()))
    }

    fn write(&self) -> Option<Node> {
        Some(write_text(&self.0))
    }

    fn schema(_: &mut Schemas) -> Json {
        json!({ "type": ["string", "number", "boolean", "null"] })
    }
}

impl Field for TemplateTree {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Scalar(_) => TemplateText::read(node, reader).map(Self::Leaf),
            Kind::Array(_) => Vec::read(node, reader).map(|items| Self::Array(items, node.place.clone())),
            Kind::Object(_) => {
                Map::read(node, reader).map(|entries| Self::Object(entries, node.place.clone()))
            }
        }
    }

    fn write(&self) -> Option<Node> {
        match self {
            Self::Leaf(text) => text.write(),
            Self::Array(items, _) => items.write(),
            Self::Object(entries, _) => Some(
                entries
                    .write()
                    .unwrap_or_else(|| Node::made(Kind::Object(Vec::new()))),
            ),
        }
    }

    fn schema(_: &mut Schemas) -> Json {
        json!({})
    }
}

impl Field for DurationText {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        const HELP: &str = "write it with its unit, as 250ms, 90s, 15m, 1h30m or P1D";
        let Some(text) = as_text(node) else {
            reader.wrong_type(node, "a duration", Some(HELP.to_owned()));
            return None;
        };
        report_quantity(quantity::duration(&text.value), text, reader)?;
        Some(Self(text.clone()))
    }

    fn write(&self) -> Option<Node> {
        Some(write_text(&self.0))
    }

    fn schema(_: &mut Schemas) -> Json {
        json!({ "type": "string", "pattern": r"^(P[0-9A-Za-z.]+|([0-9]+(\.[0-9]+)?\s*[a-z]+\s*)+)$" })
    }
}

impl Field for SizeText {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Scalar(text) if matches!(text.kind, ScalarKind::String | ScalarKind::Number) => {
                report_quantity(quantity::size(&text.value), text, reader)?;
                Some(Self(text.clone()))
            }
            _ => {
                reader.wrong_type(
                    node,
                    "a size",
                    Some("write it as 64KiB, 10MiB, or bytes".to_owned()),
                );
                None
            }
        }
    }

    fn write(&self) -> Option<Node> {
        Some(write_text(&self.0))
    }

    fn schema(_: &mut Schemas) -> Json {
        json!({ "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s*([kKMG]i?B|B)?$" },
        ] })
    }
}

impl Field for ConfigSchemaNode {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if !matches!(node.kind, Kind::Object(_)) {
            reader.wrong_type(node, "a JSON Schema, which is an object", None);
            return None;
        }
        Some(Self {
            value: node.to_json(),
            node: node.clone(),
        })
    }

    fn write(&self) -> Option<Node> {
        Some(self.node.clone())
    }

    fn schema(_: &mut Schemas) -> Json {
        json!({ "$ref": "https://json-schema.org/draft/2020-12/schema" })
    }
}

impl Field for Spanned<SmolStr> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if let Some(text) = as_text(node) {
            return Some(Self {
                value: text.value.clone(),
                place: text.place.clone(),
            });
        }
        let help = match &node.kind {
            Kind::Scalar(text) if text.kind != ScalarKind::Null => {
                Some(format!("quote it: \"{}\"", text.value))
            }
            _ => None,
        };
        reader.wrong_type(node, "text", help);
        None
    }

    fn write(&self) -> Option<Node> {
        Some(Node::text(self.value.clone()))
    }

    fn schema(_: &mut Schemas) -> Json {
        json!({ "type": "string" })
    }
}

impl Field for Spanned<u64> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let number = match &node.kind {
            Kind::Scalar(text) if text.kind == ScalarKind::Number => text,
            _ => {
                let help = as_text(node).filter(|text| text.value.contains("${")).map(|_| {
                    "this figure is fixed in the document; only figures of `rate_limits` may be templates"
                        .to_owned()
                });
                reader.wrong_type(node, "a whole number", help);
                return None;
            }
        };
        if let Ok(value) = number.value.parse() {
            return Some(Self {
                value,
                place: number.place.clone(),
            });
        }
        let message = format!(
            "expected a whole number from 0 on, found {}",
            shown(&number.value)
        );
        reader.report(Diagnostic::error(codes::FIELD_VALUE, &number.place, message));
        None
    }

    fn write(&self) -> Option<Node> {
        Some(Node::literal(ScalarKind::Number, self.value.to_string()))
    }

    fn schema(_: &mut Schemas) -> Json {
        json!({ "type": "integer", "minimum": 0 })
    }
}

impl Field for Spanned<bool> {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Scalar(text) if text.kind == ScalarKind::Boolean => Some(Self {
                value: text.value == "true",
                place: text.place.clone(),
            }),
            _ => {
                let help = as_text(node)
                    .filter(|text| {
                        matches!(
                            text.value.as_str(),
                            "yes" | "no" | "on" | "off" | "Yes" | "No" | "On" | "Off"
                        )
                    })
                    .map(|text| format!("`{}` is text in YAML 1.2; write true or false", text.value));
                reader.wrong_type(node, "true or false", help);
                None
            }
        }
    }

    fn write(&self) -> Option<Node> {
        Some(Node::literal(ScalarKind::Boolean, self.value.to_string()))
    }

    fn schema(_: &mut Schemas) -> Json {
        json!({ "type": "boolean" })
    }
}

/// Whether YAML read `{name}` as an object.
fn is_brace_template(node: &Node) -> bool {
    let Kind::Object(members) = &node.kind else {
        return false;
    };
    let is_null = |value: &Node| matches!(&value.kind, Kind::Scalar(text) if text.kind == ScalarKind::Null);
    matches!(members.as_slice(), [only] if is_null(&only.value))
}

fn write_text(text: &Text) -> Node {
    Node::literal(text.kind, text.value.clone())
}

fn report_quantity<T>(parsed: Result<T, QuantityError>, text: &Text, reader: &mut Reader<'_>) -> Option<T> {
    match parsed {
        Ok(value) => Some(value),
        Err(error) => {
            let diagnostic = Diagnostic::error(codes::FIELD_QUANTITY, &text.place, error.message);
            reader.report(with_help(diagnostic, error.help));
            None
        }
    }
}

/// Where ` #` cut a plain scalar off in the middle of an expression, says so.
fn warn_of_comment(text: &Text, reader: &mut Reader<'_>, ends_inside: impl Fn(&str) -> bool) {
    if text.style != Style::Plain || text.kind != ScalarKind::String || !ends_inside(&text.value) {
        return;
    }
    let behind = &reader.text[text.place.span.end.min(reader.text.len())..];
    let comment = behind.lines().next().unwrap_or("");
    if !comment.trim_start_matches(' ').starts_with('#') || comment.starts_with('#') {
        return;
    }
    let whole = format!("{}{}", text.value, comment.trim_end());
    let message = format!("YAML takes `{}` for a comment", shown(comment.trim()));
    let help = format!("quote the expression: {}", eaten::quote(&whole));
    let mut place = text.place.clone();
    place.span = place.span.end..place.span.end + comment.trim_end().len();
    reader.report(Diagnostic::error(codes::DOCUMENT_QUOTE, &place, message).with_help(help));
}

/// Whether an expression ends inside quotes or brackets.
fn ends_inside_expression(value: &str) -> bool {
    let mut depth = 0_i32;
    let mut quote = None;
    let mut escaped = false;
    for c in value.chars() {
        if escaped {
            escaped = false;
        } else if let Some(open) = quote {
            escaped = c == '\\';
            quote = quote.filter(|_| c != open);
        } else {
            match c {
                '\'' | '"' | '`' => quote = Some(c),
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
        }
    }
    quote.is_some() || depth > 0
}

/// Whether a template ends inside `${…}`.
fn ends_inside_template(value: &str) -> bool {
    value
        .rfind("${")
        .is_some_and(|start| ends_inside_expression(&value[start + 1..]))
}
