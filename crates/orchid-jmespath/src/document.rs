//! JSON text to a shared document.

use bytes::Bytes;

use crate::value::Value;

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
#[allow(clippy::unimplemented)]
pub fn parse(_text: Bytes) -> Result<Value, JsonError> {
    unimplemented!()
}

/// Checks one JSON text without building anything, under the same rules as [`parse`].
#[allow(clippy::unimplemented)]
pub fn check(_text: &[u8]) -> Result<(), JsonError> {
    unimplemented!()
}

/// Parses newline-delimited JSON into one array.
#[allow(clippy::unimplemented)]
pub fn parse_lines(_text: Bytes) -> Result<Value, JsonError> {
    unimplemented!()
}
