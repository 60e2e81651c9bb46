//! The value handle: cheap to clone, immutable, shared.

use bytes::Bytes;

use crate::number::Number;

/// A JSON value: a node of a shared document, or one computed by an expression.
///
/// Cloning costs a reference count. A value may be *secret*: whatever text is made from it is secret too.
#[derive(Debug, Clone)]
pub struct Value(());

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

#[allow(unused_variables, clippy::unimplemented)]
impl Value {
    /// `null`.
    pub const NULL: Self = Self(());

    /// The type.
    pub fn kind(&self) -> Kind {
        unimplemented!()
    }
    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        unimplemented!()
    }
    /// JMESPath truth: `null`, `false`, `""`, `[]`, `{}` are false, everything else is true.
    pub fn is_truthy(&self) -> bool {
        unimplemented!()
    }
    /// The boolean, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        unimplemented!()
    }
    /// The text, if it is a string (escapes resolved).
    pub fn as_str(&self) -> Option<&str> {
        unimplemented!()
    }
    /// The number, if it is one.
    pub fn as_number(&self) -> Option<Number> {
        unimplemented!()
    }
    /// The integer, if it is one that fits (`3.0` does, `3.5` does not).
    pub fn as_i64(&self) -> Option<i64> {
        unimplemented!()
    }
    /// A field of an object (honouring case-insensitive objects); `None` if absent or not an object.
    pub fn get(&self, name: &str) -> Option<Value> {
        unimplemented!()
    }
    /// An element of an array; `None` if absent or not an array.
    pub fn at(&self, index: usize) -> Option<Value> {
        unimplemented!()
    }
    /// Elements of an array or entries of an object; 0 for anything else.
    pub fn len(&self) -> usize {
        unimplemented!()
    }
    /// Whether `len` is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The elements of an array, in order; nothing for anything else.
    pub fn items(&self) -> impl Iterator<Item = Value> + '_ {
        std::iter::empty()
    }
    /// The entries of an object, in source order; nothing for anything else.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Value)> + '_ {
        std::iter::empty()
    }
    /// JSON text. A document's node is written byte for byte as received.
    pub fn to_json(&self) -> String {
        unimplemented!()
    }
    /// What a template puts into text: a string as it is, a number as written, a boolean by name, null as
    /// nothing; `None` for arrays and objects.
    pub fn to_text(&self) -> Option<String> {
        unimplemented!()
    }

    /// A string that shares `bytes` instead of copying them, if they are UTF-8.
    pub fn from_utf8(bytes: Bytes) -> Result<Self, std::str::Utf8Error> {
        unimplemented!()
    }
    /// An array.
    pub fn array(items: impl IntoIterator<Item = Value>) -> Self {
        unimplemented!()
    }
    /// An object; the last of equal names wins.
    pub fn object<N: Into<smol_str::SmolStr>>(entries: impl IntoIterator<Item = (N, Value)>) -> Self {
        unimplemented!()
    }
    /// An object whose names match regardless of ASCII case (header names).
    pub fn object_ignoring_case<N: Into<smol_str::SmolStr>>(
        entries: impl IntoIterator<Item = (N, Value)>,
    ) -> Self {
        unimplemented!()
    }

    /// The same value marked as secret, with everything in it.
    #[must_use]
    pub fn into_secret(self) -> Self {
        unimplemented!()
    }
    /// The same value without the mark (for outputs declared public).
    #[must_use]
    pub fn into_public(self) -> Self {
        unimplemented!()
    }
    /// Whether this value, or anything in it, is secret.
    pub fn is_secret(&self) -> bool {
        unimplemented!()
    }
}

/// Equality as JMESPath defines it: numbers exactly by value, objects regardless of order.
#[allow(clippy::unimplemented)]
impl PartialEq for Value {
    fn eq(&self, _other: &Self) -> bool {
        unimplemented!()
    }
}

macro_rules! from {
    ($($t:ty),*) => {$(
        #[allow(clippy::unimplemented)]
        impl From<$t> for Value { fn from(_: $t) -> Self { unimplemented!() } }
    )*};
}
from!(bool, i64, u64, i32, u32, usize, f64, &str, String, Number);
