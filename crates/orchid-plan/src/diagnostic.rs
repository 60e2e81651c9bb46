//! An author's mistakes as data: code, place, what to write instead.

use std::ops::Range;

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
