//! A value that is only looked at, where it is: what a condition compares needs no handle of its own.

use std::sync::Arc;

use super::{Kind, Repr, Value};
use crate::document::Document;
use crate::number::Number;

/// A value, borrowed if it can be.
pub(crate) enum Looked<'v> {
    At(&'v Value),
    Node(&'v Arc<Document>, u32),
    Made(Value),
}

impl Looked<'_> {
    /// `null`.
    pub(crate) const NULL: Self = Self::Made(Value::NULL);

    #[inline]
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::At(value) => value.kind(),
            Self::Node(document, index) => document.kind(*index),
            Self::Made(value) => value.kind(),
        }
    }

    #[inline]
    pub(crate) fn is_truthy(&self) -> bool {
        match self {
            Self::At(value) => value.is_truthy(),
            Self::Node(document, index) => document.is_truthy(*index),
            Self::Made(value) => value.is_truthy(),
        }
    }

    /// The bytes of a string; none for anything else. UTF-8 orders as code points do.
    #[inline]
    pub(crate) fn text(&self) -> &[u8] {
        match self {
            Self::At(value) => value.as_str().unwrap_or_default().as_bytes(),
            Self::Node(document, index) if document.kind(*index) == Kind::String => {
                document.string_bytes(*index)
            }
            Self::Node(..) => &[],
            Self::Made(value) => value.as_str().unwrap_or_default().as_bytes(),
        }
    }

    pub(crate) fn number(&self) -> Option<Number> {
        match self {
            Self::At(value) => value.as_number(),
            Self::Node(document, index) => document.number(*index),
            Self::Made(value) => value.as_number(),
        }
    }

    /// A handle of its own.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::At(value) => Value::clone(value),
            Self::Node(document, index) => Value(Repr::Node(Arc::clone(document), *index)),
            Self::Made(value) => value.clone(),
        }
    }

    /// A handle to keep.
    #[inline]
    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::At(value) => value.clone(),
            Self::Node(document, index) => Value(Repr::Node(Arc::clone(document), index)),
            Self::Made(value) => value,
        }
    }
}
