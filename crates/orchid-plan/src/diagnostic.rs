//! An author's mistakes as data: code, place, what to write instead.

pub mod codes;

use std::ops::Range;

use crate::source::text::Place;

/// One error or warning about a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// `orchid::area::kebab-case`; each has a page under `docs/errors/`.
    pub code: &'static str,
    /// Whether it stops the document from being used.
    pub severity: Severity,
    /// Where, in bytes of the document's text.
    pub span: Range<usize>,
    /// The place as a JSON pointer (RFC 6901), empty for the whole document.
    pub pointer: String,
    /// What is wrong, one sentence without a final stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// How bad a [`Diagnostic`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Legal, but probably not what was meant.
    Warning,
    /// The document is refused.
    Error,
}

impl Diagnostic {
    /// An error at `place`.
    pub fn error(code: &'static str, place: &Place, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            span: place.span.clone(),
            pointer: place.pointer.to_string(),
            message: message.into(),
            help: None,
        }
    }

    /// A warning at `place`.
    pub fn warning(code: &'static str, place: &Place, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, place, message)
        }
    }

    /// The same with what to write instead.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }

    /// The same at these bytes within its place.
    #[must_use]
    pub fn at(self, span: Range<usize>) -> Self {
        Self { span, ..self }
    }
}
