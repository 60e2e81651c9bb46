//! JSON text to a shared document.
//!
//! A body is scanned once into an immutable [`Document`]: the retained text and flat nodes of 16 bytes. The
//! children of an array or object stand next to one another, so that an element is found by its index and a
//! field by comparing small numbers: names are interned per document. Strings and unusual numbers are spans
//! of the text (strings with escapes are resolved into a side buffer), and the span of every node is kept, so
//! that any part can be written byte for byte as it was received.
//!
//! Nobody changes a document after [`parse`] returns; values are handles into it.

use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;

use crate::value::Value;

mod assembly;
pub mod build;
mod keys;
pub(crate) mod node;
pub(crate) mod scan;

pub(crate) use keys::KeyId;
pub(crate) use node::Document;

/// Why text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at byte {offset}")]
pub struct JsonError {
    /// Where, in bytes from the start.
    pub offset: usize,
    /// What was found there.
    pub message: String,
}

/// Parses one JSON text. Depth at most 128; the last of equal names wins; a byte-order mark is skipped.
///
/// The text must be UTF-8 and shorter than 1 GiB. The bytes are kept, not copied.
pub fn parse(text: Bytes) -> Result<Value, JsonError> {
    let text = utf8(text)?;
    let mut assembly = assembly::Assembly::new(text.len())?;
    assembly.read(&text, mark(&text), text.len())?;
    Ok(assembly.finish(text))
}

/// Checks one JSON text without building anything, under the same rules as [`parse`].
pub fn check(text: &[u8]) -> Result<(), JsonError> {
    let text = std::str::from_utf8(text).map_err(|error| not_utf8(error.valid_up_to()))?;
    scan::scan(text, mark(text), &mut scan::Silent)
}

/// Parses newline-delimited JSON into one array. Empty lines are skipped.
pub fn parse_lines(text: Bytes) -> Result<Value, JsonError> {
    let text = utf8(text)?;
    let mut assembly = assembly::Assembly::new(text.len())?;
    let mut start = mark(&text);
    assembly.open_lines(start);
    for line in text[start..].split_inclusive('\n') {
        let end = start + line.len();
        if !line.trim_ascii().is_empty() {
            assembly.read(&text, start, end)?;
        }
        start = end;
    }
    assembly.close_lines(start);
    Ok(assembly.finish(text))
}

/// The length of a byte-order mark at the start.
fn mark(text: &str) -> usize {
    if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    }
}

fn utf8(text: Bytes) -> Result<ByteString, JsonError> {
    ByteString::try_from(text).map_err(|error| not_utf8(error.valid_up_to()))
}

fn not_utf8(offset: usize) -> JsonError {
    JsonError {
        offset,
        message: "not UTF-8".to_owned(),
    }
}

/// The root of a finished document.
fn root(document: Document) -> Value {
    let index = document.root();
    Value::node(Arc::new(document), index)
}

#[cfg(test)]
mod tests;
