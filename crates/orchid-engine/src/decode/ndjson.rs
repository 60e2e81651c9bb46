//! Newline-delimited JSON.

use bytes::Bytes;
use orchid_jmespath::document::{self, JsonError};
use orchid_jmespath::value::Value;

use super::{Ask, Refusal};

/// One array of what the lines hold; empty lines are skipped.
pub(super) fn read(utf8: &Bytes, ask: Ask) -> Result<Value, Refusal> {
    match ask {
        Ask::Value => Ok(document::parse_lines(utf8.clone())?),
        Ask::Check => {
            check(utf8)?;
            Ok(Value::NULL)
        }
    }
}

fn check(utf8: &[u8]) -> Result<(), JsonError> {
    let mut start = 0;
    for line in utf8.split_inclusive(|byte| *byte == b'\n') {
        if !line.trim_ascii().is_empty() {
            document::check(line).map_err(|error| JsonError {
                offset: start + error.offset,
                message: error.message,
            })?;
        }
        start += line.len();
    }
    Ok(())
}
