//! The kinds of values that fields hold.

use std::time::Duration;

use indexmap::IndexMap;
use smol_str::SmolStr;

use crate::quantity;
use crate::source::text::{Place, ScalarKind, Text};
use crate::source::tree::Node;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub place: Place,
}

/// Entries by name, in the document's order.
pub type Map<T> = IndexMap<SmolStr, Entry<T>>;

/// One entry of a [`Map`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<T> {
    /// Where its name stands; the pointer is the entry's.
    pub key: Place,
    /// What it holds.
    pub value: T,
}

/// An expression field: one JMESPath expression, or a YAML number, boolean or null as a literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionText(pub Text);

/// A template field: text in which `${ expression }` is replaced, or a YAML number, boolean or null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateText(pub Text);

/// A duration (`250ms`, `90s`, `15m`, `1h30m`, `P1D`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurationText(pub Text);

/// A size in bytes (`64KiB`, or a number).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SizeText(pub Text);

/// Structured data with templates at its leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateTree {
    /// A scalar.
    Leaf(TemplateText),
    /// A list and its place.
    Array(Vec<TemplateTree>, Place),
    /// An object and its place.
    Object(Map<TemplateTree>, Place),
}

impl TemplateTree {
    /// Where it stands.
    pub fn place(&self) -> &Place {
        match self {
            Self::Leaf(text) => &text.0.place,
            Self::Array(_, place) | Self::Object(_, place) => place,
        }
    }
}

/// The config schema as written: plain JSON, and the tree with its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigSchemaNode {
    /// The schema.
    pub value: serde_json::Value,
    /// Its tree.
    pub node: Node,
}

impl DurationText {
    /// The duration; `None` where a diagnostic has already said that it cannot be read.
    pub fn duration(&self) -> Option<Duration> {
        (self.0.kind == ScalarKind::String)
            .then(|| quantity::duration(&self.0.value).ok())
            .flatten()
    }
}

impl SizeText {
    /// The bytes; `None` where a diagnostic has already said that they cannot be read.
    pub fn bytes(&self) -> Option<u64> {
        quantity::size(&self.0.value).ok()
    }
}
