//! A document's text as a tree in which everything knows where it stands. Knows nothing of Orchid's fields.
//!
//! YAML 1.2 with the core schema, of which JSON is a part: `no`, `on` and `yes` are text. Tags, merge keys,
//! several documents, duplicate keys and keys that are not text are errors; aliases are expanded within a
//! budget. Everything is bounded: bytes, depth, values.

pub mod eaten;
pub mod print;
pub mod text;
pub mod tree;

mod problem;
mod scalar;
mod yaml;

use crate::diagnostic::{Diagnostic, codes};
use crate::source::text::Place;
use crate::source::tree::Node;

/// The longest text that is read, in bytes: 4 MiB.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The deepest nesting of lists and objects.
pub const MAX_DEPTH: usize = 64;

/// The most values (scalars, lists, objects) in one document, aliases expanded.
pub const MAX_VALUES: usize = 100_000;

/// What a text was read as.
#[derive(Debug)]
pub struct Parsed {
    /// The tree; absent if the text has no readable structure.
    pub root: Option<Node>,
    /// What is wrong with the text, in the order it was found.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks the bounds and the encoding of `bytes`.
///
/// UTF-8 only; a byte order mark at the start is accepted (and is part of the text, so that offsets hold).
pub fn decode(bytes: &[u8]) -> Result<&str, Diagnostic> {
    if bytes.len() > MAX_BYTES {
        let message = format!(
            "the document has {} bytes; at most {MAX_BYTES} (4 MiB) are read",
            bytes.len()
        );
        return Err(
            Diagnostic::error(codes::DOCUMENT_TOO_LARGE, &Place::default(), message)
                .with_help("split it into several integrations"),
        );
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let place = Place {
            span: 0..2,
            ..Place::default()
        };
        return Err(
            Diagnostic::error(codes::DOCUMENT_ENCODING, &place, "the document is UTF-16 text")
                .with_help("save it as UTF-8"),
        );
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let start = error.valid_up_to();
        let end = start + error.error_len().unwrap_or(bytes.len() - start).max(1);
        let place = Place {
            span: start..end,
            ..Place::default()
        };
        let message = format!("byte 0x{:02x} is not UTF-8 text", bytes[start]);
        Diagnostic::error(codes::DOCUMENT_ENCODING, &place, message).with_help("save the document as UTF-8")
    })
}

/// Reads a YAML or JSON text of at most [`MAX_BYTES`].
///
/// Where YAML took an expression for something else, the place is mended and reading goes on, so that
/// other errors are reported too.
pub fn parse(text: &str) -> Parsed {
    eaten::parse_mending(text)
}

/// A line and a column, both from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// Where the lines of a text start.
#[derive(Debug, Clone)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// The lines of `text`.
    pub fn of(text: &[u8]) -> Self {
        let breaks = text
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n')
            .map(|(at, _)| at + 1);
        Self {
            starts: std::iter::once(0).chain(breaks).collect(),
        }
    }

    /// The line and column of a byte offset of `text`, which must be the text the lines are of.
    pub fn position(&self, text: &[u8], offset: usize) -> Position {
        let offset = offset.min(text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        let before = &text[self.starts[line - 1]..offset];
        let before = before.strip_prefix("\u{feff}".as_bytes()).unwrap_or(before);
        let column = before.iter().filter(|byte| (**byte & 0xc0) != 0x80).count() + 1;
        Position { line, column }
    }
}

/// A name for a message, shortened.
pub(crate) fn shown(name: &str) -> String {
    const LONGEST: usize = 60;
    if name.chars().count() <= LONGEST {
        return name
            .escape_debug()
            .to_string()
            .replace("\\'", "'")
            .replace("\\\"", "\"");
    }
    name.chars()
        .take(LONGEST)
        .collect::<String>()
        .escape_debug()
        .to_string()
        + "…"
}
