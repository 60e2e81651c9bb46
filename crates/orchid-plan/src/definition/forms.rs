//! Fields that may be written in more than one form.

use serde_json::{Value as Json, json};

use super::auth::Scopes;
use super::field::{ExpressionText, Spanned, TemplateText};
use super::limit::{Adapt, AdaptBy};
use super::read::{Reader, as_text};
use super::record::{Field, Schemas};
use super::step::{
    CsvHeader, Decoder, DecoderOptions, Parse, RetryRule, RetryWhen, Save, SaveSettings, Schedule, ZonedCron,
};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::tree::{Kind, Node};

impl Field for Schedule {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Object(_) => ZonedCron::read(node, reader).map(Self::Zoned),
            _ if as_text(node).is_some() => Spanned::read(node, reader).map(Self::Cron),
            _ => {
                reader.wrong_type(
                    node,
                    "a cron expression, or an object with `cron` and `timezone`",
                    None,
                );
                None
            }
        }
    }

    fn write(&self) -> Option<Node> {
        match self {
            Self::Cron(cron) => cron.write(),
            Self::Zoned(zoned) => zoned.write(),
        }
    }

    fn schema(schemas: &mut Schemas) -> Json {
        json!({ "anyOf": [{ "type": "string" }, ZonedCron::schema(schemas)] })
    }
}

impl Field for RetryWhen {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            // `[a]` on one line is an expression that lost its quotes.
            Kind::Array(items)
                if items.iter().any(|item| matches!(item.kind, Kind::Object(_))) || items.is_empty() =>
            {
                Vec::read(node, reader).map(|rules| Self::Rules(rules, node.place.clone()))
            }
            Kind::Object(members) if members.iter().any(|member| member.name == "when") => {
                let help = "write a list of rules: `- when: …`".to_owned();
                reader.wrong_type(node, "an expression, or a list of rules", Some(help));
                None
            }
            _ => ExpressionText::read(node, reader).map(Self::Condition),
        }
    }

    fn write(&self) -> Option<Node> {
        match self {
            Self::Condition(condition) => condition.write(),
            Self::Rules(rules, _) => rules.write(),
        }
    }

    fn schema(schemas: &mut Schemas) -> Json {
        json!({ "anyOf": [ExpressionText::schema(schemas), Vec::<RetryRule>::schema(schemas)] })
    }
}

impl Field for Save {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Object(members) if is_settings(members) => {
                SaveSettings::read(node, reader).map(Self::Settings)
            }
            _ => ExpressionText::read(node, reader).map(Self::Value),
        }
    }

    fn write(&self) -> Option<Node> {
        match self {
            Self::Value(value) => value.write(),
            Self::Settings(settings) => settings.write(),
        }
    }

    fn schema(schemas: &mut Schemas) -> Json {
        json!({ "anyOf": [ExpressionText::schema(schemas), SaveSettings::schema(schemas)] })
    }
}

/// Whether an object is meant as settings, not as an expression that lost its quotes.
fn is_settings(members: &[crate::source::tree::Member]) -> bool {
    const FIELDS: [&str; 5] = ["value", "merge", "when", "commit", "key"];
    members.len() != 1
        || members
            .iter()
            .any(|member| FIELDS.contains(&member.name.as_str()))
}

impl Field for Parse {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let chain = match &node.kind {
            Kind::Array(items) if items.is_empty() => {
                let message = "the chain of decoders is empty";
                let diagnostic = Diagnostic::error(codes::FIELD_VALUE, &node.place, message);
                reader.report(diagnostic.with_help("leave the field out to have the format found out"));
                return None;
            }
            Kind::Array(_) => Vec::read(node, reader)?,
            _ => vec![Decoder::read(node, reader)?],
        };
        Some(Self {
            chain,
            place: node.place.clone(),
        })
    }

    fn write(&self) -> Option<Node> {
        match self.chain.as_slice() {
            [only] => only.write(),
            _ => self.chain.write(),
        }
    }

    fn schema(schemas: &mut Schemas) -> Json {
        let one = Decoder::schema(schemas);
        json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
    }
}

impl Field for Decoder {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Object(_) => DecoderOptions::read(node, reader).map(Self::Options),
            _ => Spanned::read(node, reader).map(Self::Named),
        }
    }

    fn write(&self) -> Option<Node> {
        match self {
            Self::Named(name) => name.write(),
            Self::Options(options) => options.write(),
        }
    }

    fn schema(schemas: &mut Schemas) -> Json {
        json!({ "anyOf": [
            Spanned::<super::step::DecoderName>::schema(schemas),
            DecoderOptions::schema(schemas),
        ] })
    }
}

impl Field for CsvHeader {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Array(_) => Vec::read(node, reader).map(|names| Self::Names(names, node.place.clone())),
            _ => Spanned::read(node, reader).map(Self::FirstRow),
        }
    }

    fn write(&self) -> Option<Node> {
        match self {
            Self::FirstRow(is_header) => is_header.write(),
            Self::Names(names, _) => names.write(),
        }
    }

    fn schema(_: &mut Schemas) -> Json {
        json!({ "anyOf": [{ "type": "boolean" }, { "type": "array", "items": { "type": "string" } }] })
    }
}

impl Field for Scopes {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Array(_) => Vec::read(node, reader).map(|scopes| Self::List(scopes, node.place.clone())),
            _ => TemplateText::read(node, reader).map(Self::Text),
        }
    }

    fn write(&self) -> Option<Node> {
        match self {
            Self::Text(text) => text.write(),
            Self::List(scopes, _) => scopes.write(),
        }
    }

    fn schema(_: &mut Schemas) -> Json {
        json!({ "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] })
    }
}

impl Field for Adapt {
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match &node.kind {
            Kind::Object(_) => AdaptBy::read(node, reader).map(Self::By),
            _ => Spanned::read(node, reader).map(Self::Auto),
        }
    }

    fn write(&self) -> Option<Node> {
        match self {
            Self::Auto(auto) => auto.write(),
            Self::By(by) => by.write(),
        }
    }

    fn schema(schemas: &mut Schemas) -> Json {
        json!({ "anyOf": [{ "const": "auto" }, AdaptBy::schema(schemas)] })
    }
}
