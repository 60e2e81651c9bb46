//! Scalars and their places: from an offset inside a scalar back to the document.

use std::ops::Range;
use std::sync::Arc;

use smol_str::SmolStr;

/// Where something stands in a document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Place {
    /// Bytes of the document's text.
    pub span: Range<usize>,
    /// JSON pointer (RFC 6901), empty for the whole document.
    pub pointer: Arc<str>,
}

/// A scalar as the author wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Its text, quotes, escapes and folds resolved; a number, boolean or null as JSON writes it.
    pub value: SmolStr,
    /// What it is in the document: only a [`ScalarKind::String`] holds an expression or a template,
    /// the others are literals.
    pub kind: ScalarKind,
    /// Where it stands, quotes included.
    pub place: Place,
    /// Which part of the document each part of `value` came from.
    origin: Origin,
}

/// The type of a scalar in the document (YAML 1.2 core schema).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScalarKind {
    /// Text.
    String,
    /// A number; its text is valid JSON.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `null`.
    Null,
}

/// Which part of a document the parts of a text came from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    /// All of it from the text's place as a whole (what sugar made).
    Whole,
    /// Byte for byte from this offset on.
    Plain(usize),
}

impl Text {
    /// A text whose every part points at `place` as a whole: what sugar and defaults make.
    pub fn synthetic(value: impl Into<SmolStr>, kind: ScalarKind, place: Place) -> Self {
        Self {
            value: value.into(),
            kind,
            place,
            origin: Origin::Whole,
        }
    }

    /// A text that stands byte for byte in the document from `offset` on.
    pub fn plain(value: impl Into<SmolStr>, kind: ScalarKind, place: Place, offset: usize) -> Self {
        Self {
            value: value.into(),
            kind,
            place,
            origin: Origin::Plain(offset),
        }
    }

    /// The bytes of the document that `range` of `value` came from.
    pub fn span_of(&self, range: Range<usize>) -> Range<usize> {
        match self.origin {
            Origin::Whole => self.place.span.clone(),
            Origin::Plain(offset) => offset + range.start..offset + range.end,
        }
    }
}
