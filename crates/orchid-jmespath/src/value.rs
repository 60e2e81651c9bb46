//! The value handle: cheap to clone, immutable, shared.
//!
//! A value is a node of a document, a scalar, or an array or object that an expression computed. A secret is
//! a value in an envelope: whatever is taken out of it comes in an envelope again, and what holds one
//! remembers that it does, so nothing is paid where there are no secrets.
//!
//! Computed values know how deep they are nested; the evaluator refuses what is deeper than its bound, so
//! that comparing, writing and dropping a value may recurse.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use smol_str::SmolStr;

use crate::document::Document;
use crate::document::node::Tag;
use crate::expression::hints::Hints;
use crate::number::Number;

mod composite;
mod equality;
mod iter;
pub(crate) mod json;
mod looked;

pub(crate) use composite::{Array, Names, Object};
pub(crate) use iter::Elements;
pub use iter::{Entries, Items};
pub(crate) use looked::Looked;

/// A JSON value: a node of a shared document, or one computed by an expression.
///
/// Cloning costs a reference count. A value may be *secret*: whatever text is made from it is secret too.
#[derive(Clone)]
pub struct Value(pub(crate) Repr);

const _: () = assert!(size_of::<Value>() <= 24, "a value has at most 24 bytes");

/// The wide tag keeps every payload at one aligned place, so that values are moved in whole words: with a
/// narrow one moving them byte by byte took a third of an evaluation.
#[derive(Clone)]
#[repr(u64)]
pub(crate) enum Repr {
    Null,
    Bool(bool),
    Int(i64),
    /// Above `i64::MAX`.
    Uint(u64),
    /// Finite.
    Float(f64),
    /// A JSON number that is none of the above, as text.
    Decimal(Arc<str>),
    Text(Arc<str>),
    Shared(Arc<ByteString>),
    Node(Arc<Document>, u32),
    Array(Arc<Array>),
    Object(Arc<Object>),
    /// Never null, never a secret again.
    Secret(Arc<Value>),
}

/// The JSON type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean,
    /// any number
    Number,
    /// text
    String,
    /// a list
    Array,
    /// names and values
    Object,
}

impl Kind {
    /// The name that JMESPath's `type()` gives.
    pub fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

impl Value {
    /// `null`.
    pub const NULL: Self = Self(Repr::Null);

    /// The type.
    pub fn kind(&self) -> Kind {
        match &self.0 {
            Repr::Null => Kind::Null,
            Repr::Bool(_) => Kind::Boolean,
            Repr::Int(_) | Repr::Uint(_) | Repr::Float(_) | Repr::Decimal(_) => Kind::Number,
            Repr::Text(_) | Repr::Shared(_) => Kind::String,
            Repr::Array(_) => Kind::Array,
            Repr::Object(_) => Kind::Object,
            Repr::Secret(inner) => inner.kind(),
            Repr::Node(document, index) => document.kind(*index),
        }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        self.kind() == Kind::Null
    }

    /// JMESPath truth: `null`, `false`, `""`, `[]`, `{}` are false, everything else is true.
    pub fn is_truthy(&self) -> bool {
        if let Repr::Node(document, index) = &self.0 {
            return document.is_truthy(*index);
        }
        match self.kind() {
            Kind::Null => false,
            Kind::Boolean => self.as_bool() == Some(true),
            Kind::Number => true,
            Kind::String => self.as_str().is_some_and(|text| !text.is_empty()),
            Kind::Array | Kind::Object => !self.is_empty(),
        }
    }

    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.0 {
            Repr::Bool(value) => Some(*value),
            Repr::Node(document, index) => match document.tag(*index) {
                Tag::True => Some(true),
                Tag::False => Some(false),
                _ => None,
            },
            Repr::Secret(inner) => inner.as_bool(),
            _ => None,
        }
    }

    /// The text, if it is a string (escapes resolved).
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Repr::Text(text) => Some(text),
            Repr::Shared(text) => Some(text),
            Repr::Node(document, index) => match document.tag(*index) {
                Tag::String | Tag::Escaped => Some(document.string(*index)),
                _ => None,
            },
            Repr::Secret(inner) => inner.as_str(),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<Number> {
        match &self.0 {
            Repr::Int(value) => Some(Number::from(*value)),
            Repr::Uint(value) => Some(Number::from(*value)),
            Repr::Float(value) => Number::from_f64(*value),
            Repr::Decimal(text) => Number::parse(text),
            Repr::Node(document, index) => document.number(*index),
            Repr::Secret(inner) => inner.as_number(),
            _ => None,
        }
    }

    /// The integer, if it is one that fits (`3.0` does, `3.5` does not).
    pub fn as_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Int(value) => Some(*value),
            _ => self.as_number()?.as_i64(),
        }
    }

    /// A field of an object (honouring case-insensitive objects); `None` if absent or not an object.
    pub fn get(&self, name: &str) -> Option<Value> {
        match &self.0 {
            Repr::Node(document, index) if document.tag(*index) == Tag::Object => {
                let key = document.key(name)?;
                document
                    .field(*index, key)
                    .map(|field| Self::node(Arc::clone(document), field))
            }
            Repr::Object(object) => object.get(name).cloned(),
            Repr::Secret(inner) => inner.get(name).map(Value::into_secret),
            _ => None,
        }
    }

    /// An element of an array; `None` if absent or not an array.
    pub fn at(&self, index: usize) -> Option<Value> {
        match &self.0 {
            Repr::Node(document, node) if matches!(document.tag(*node), Tag::Array | Tag::Lines) => {
                let (first, count) = document.children(*node);
                let index = u32::try_from(index).ok().filter(|index| *index < count)?;
                Some(Self::node(Arc::clone(document), first + index))
            }
            Repr::Array(array) => array.items().get(index).cloned(),
            Repr::Secret(inner) => inner.at(index).map(Value::into_secret),
            _ => None,
        }
    }

    /// Elements of an array or entries of an object; 0 for anything else.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Node(document, index) => document.children(*index).1 as usize,
            Repr::Array(array) => array.items().len(),
            Repr::Object(object) => object.entries().len(),
            Repr::Secret(inner) => inner.len(),
            _ => 0,
        }
    }

    /// Whether `len` is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements of an array, in order; nothing for anything else.
    pub fn items(&self) -> Items<'_> {
        Items::new(self)
    }

    /// The entries of an object, in source order; nothing for anything else.
    pub fn entries(&self) -> Entries<'_> {
        Entries::new(self)
    }

    /// JSON text. A document's node is written byte for byte as received.
    pub fn to_json(&self) -> String {
        let mut text = String::new();
        self.write_json(&mut text);
        text
    }

    /// JSON text without white space between its tokens; numbers and strings are written as received.
    pub fn to_compact_json(&self) -> String {
        let mut text = String::new();
        json::write(self, json::Layout::Compact, &mut text);
        text
    }

    /// What a template puts into text: a string as it is, a number as written, a boolean by name, null as
    /// nothing; `None` for arrays and objects.
    pub fn to_text(&self) -> Option<String> {
        match self.kind() {
            Kind::Null => Some(String::new()),
            Kind::String => self.as_str().map(str::to_owned),
            Kind::Boolean | Kind::Number => Some(self.to_json()),
            Kind::Array | Kind::Object => None,
        }
    }

    /// A string that shares `bytes` instead of copying them, if they are UTF-8.
    pub fn from_utf8(bytes: Bytes) -> Result<Self, std::str::Utf8Error> {
        ByteString::try_from(bytes).map(|text| Self(Repr::Shared(Arc::new(text))))
    }

    /// An array.
    pub fn array(items: impl IntoIterator<Item = Value>) -> Self {
        Self(Repr::Array(Arc::new(Array::new(items.into_iter().collect()))))
    }

    /// An object; the last of equal names wins.
    pub fn object<N: Into<SmolStr>>(entries: impl IntoIterator<Item = (N, Value)>) -> Self {
        let entries = entries.into_iter().map(|(name, value)| (name.into(), value));
        Self(Repr::Object(Arc::new(Object::new(
            entries.collect(),
            Names::Exact,
        ))))
    }

    /// An object whose names match regardless of ASCII case (header names).
    pub fn object_ignoring_case<N: Into<SmolStr>>(entries: impl IntoIterator<Item = (N, Value)>) -> Self {
        let entries = entries.into_iter().map(|(name, value)| (name.into(), value));
        Self(Repr::Object(Arc::new(Object::new(
            entries.collect(),
            Names::IgnoringCase,
        ))))
    }

    /// The same value marked as secret, with everything in it. Null has nothing to hide and stays null.
    #[must_use]
    pub fn into_secret(self) -> Self {
        match self.0 {
            Repr::Null | Repr::Secret(_) => self,
            _ if self.is_null() => Self::NULL,
            _ => Self(Repr::Secret(Arc::new(self))),
        }
    }

    /// The same value without the mark (for outputs declared public), nor any inside it.
    #[must_use]
    pub fn into_public(self) -> Self {
        match &self.0 {
            Repr::Secret(inner) => Value::clone(inner).into_public(),
            Repr::Array(array) if array.holds_secret() => {
                Self::array(array.items().iter().cloned().map(Self::into_public))
            }
            Repr::Object(object) if object.holds_secret() => {
                let entries = object
                    .entries()
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone().into_public()));
                Self(Repr::Object(Arc::new(Object::new(
                    entries.collect(),
                    object.names(),
                ))))
            }
            _ => self,
        }
    }

    /// Whether this value, or anything in it, is secret.
    pub fn is_secret(&self) -> bool {
        match &self.0 {
            Repr::Secret(_) => true,
            Repr::Array(array) => array.holds_secret(),
            Repr::Object(object) => object.holds_secret(),
            _ => false,
        }
    }

    /// The handle of a document's node.
    pub(crate) fn node(document: Arc<Document>, index: u32) -> Self {
        Self(Repr::Node(document, index))
    }

    /// What a chain of names leads to, looked at where it is.
    pub(crate) fn follow<'v>(&'v self, names: &[SmolStr], hints: &Hints) -> Looked<'v> {
        let (mut at, mut names) = (self, names);
        while let [name, rest @ ..] = names {
            match &at.0 {
                Repr::Object(object) => match object.get(name) {
                    Some(value) => at = value,
                    None => return Looked::NULL,
                },
                Repr::Node(document, index) => {
                    let step = |index, name| hints.field(document, index, name);
                    let found = names.iter().try_fold(*index, step);
                    return found.map_or(Looked::NULL, |index| Looked::Node(document, index));
                }
                _ => {
                    let found = names.iter().try_fold(at.clone(), |value, name| value.get(name));
                    return Looked::Made(found.unwrap_or(Self::NULL));
                }
            }
            names = rest;
        }
        Looked::At(at)
    }

    /// The elements of an array one after another, without a handle for each.
    pub(crate) fn elements(&self) -> Elements<'_> {
        Elements::new(self)
    }

    /// Appends [`to_json`](Self::to_json).
    pub(crate) fn write_json(&self, text: &mut String) {
        json::write(self, json::Layout::AsReceived, text);
    }

    /// How deep computed arrays and objects are nested here; what lies in a document counts as one level.
    pub(crate) fn depth(&self) -> u32 {
        match &self.0 {
            Repr::Array(array) => array.depth(),
            Repr::Object(object) => object.depth(),
            Repr::Secret(inner) => inner.depth(),
            _ => 1,
        }
    }

    /// An entry of an object by its position.
    fn entry(&self, index: usize) -> Option<(&str, Value)> {
        match &self.0 {
            Repr::Node(document, node) if document.tag(*node) == Tag::Object => {
                let (first, count) = document.children(*node);
                let index = u32::try_from(index).ok().filter(|index| *index < count)?;
                Some((
                    document.name(first + index),
                    Self::node(Arc::clone(document), first + index),
                ))
            }
            Repr::Object(object) => object
                .entries()
                .get(index)
                .map(|(name, value)| (name.as_str(), value.clone())),
            Repr::Secret(inner) => inner
                .entry(index)
                .map(|(name, value)| (name, value.into_secret())),
            _ => None,
        }
    }
}

impl fmt::Debug for Value {
    /// JSON text, shortened; a secret is never shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&json::shown(self, 200))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self(Repr::Bool(value))
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self(Repr::Int(value))
    }
}

impl From<u64> for Value {
    fn from(value: u64) -> Self {
        Self(i64::try_from(value).map_or(Repr::Uint(value), Repr::Int))
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::from(i64::from(value))
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::from(i64::from(value))
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::from(value as u64)
    }
}

impl From<f64> for Value {
    /// Null if not finite; a whole number within ±2^53 becomes an integer.
    fn from(value: f64) -> Self {
        Number::from_f64(value).map_or(Self::NULL, Self::from)
    }
}

impl From<Number> for Value {
    fn from(value: Number) -> Self {
        Self(value.into_repr())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self(Repr::Text(Arc::from(value)))
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self(Repr::Text(Arc::from(value)))
    }
}

#[cfg(test)]
mod tests;
