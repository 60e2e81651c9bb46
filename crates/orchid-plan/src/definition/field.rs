//! The kinds of values that fields hold.

use indexmap::IndexMap;
use smol_str::SmolStr;

use crate::source::text::{Place, Text};

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

/// The config schema as written: plain JSON, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigSchemaNode {
    /// The schema.
    pub value: serde_json::Value,
    /// Its place.
    pub place: Place,
}

/// Declares a record: an object with a closed list of fields. `Option` and `Map` fields may be absent.
macro_rules! record {
    ($(#[doc = $doc:literal])* pub struct $name:ident $(: $base_field:ident $base:ident)? {
        $($(#[doc = $field_doc:literal])* $field:ident: $type:ty,)*
    }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $(/// The fields that it shares with its base.
            pub $base_field: $base,)?
            $($(#[doc = $field_doc])* pub $field: $type,)*
            /// Where the object stands.
            pub place: $crate::source::text::Place,
        }
    };
}
pub(crate) use record;

/// Declares a choice: text with a closed list of values.
macro_rules! choice {
    ($(#[doc = $doc:literal])* pub enum $name:ident {
        $($(#[doc = $variant_doc:literal])* $variant:ident = $text:literal,)*
    }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[doc = $variant_doc])* $variant,)* }

        impl $name {
            /// As it is written in a document.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}
pub(crate) use choice;
