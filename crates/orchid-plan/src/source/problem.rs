//! The YAML parser's errors in words that say what to do.

use granit_parser::{ErrorKind, ScanError};

use super::MAX_DEPTH;
use super::text::Place;
use crate::diagnostic::{Diagnostic, codes};

/// A syntax error as a diagnostic.
pub(super) fn diagnostic(text: &str, error: &ScanError) -> Diagnostic {
    let start = error.marker().byte_offset().unwrap_or(0).min(text.len());
    let end = start
        + text[start..]
            .chars()
            .next()
            .filter(|c| *c != '\n')
            .map_or(0, char::len_utf8);
    let place = Place {
        span: start..end,
        ..Place::default()
    };
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        return too_deep(&place);
    }
    let (message, help) = wording(error);
    let diagnostic = Diagnostic::error(codes::DOCUMENT_SYNTAX, &place, message);
    match help {
        Some(help) => diagnostic.with_help(help),
        None => diagnostic,
    }
}

pub(super) fn too_deep(place: &Place) -> Diagnostic {
    let message = format!("lists and objects are nested more than {MAX_DEPTH} deep");
    Diagnostic::error(codes::DOCUMENT_TOO_DEEP, place, message)
}

fn wording(error: &ScanError) -> (String, Option<&'static str>) {
    use ErrorKind as E;
    let (message, help) = match error.kind() {
        E::TabNotAllowed | E::TabInBlockIndentation | E::TabInIndentation | E::TabAtBlockScalarStart => {
            ("a tab cannot indent", Some("indent with spaces"))
        }
        E::BomInsideDocument => ("a byte order mark inside the document", Some("delete it")),
        E::UnexpectedCharacter { character } => {
            let message = format!("`{}` cannot start a value", character.escape_debug());
            let help = if character.is_control() {
                "delete it"
            } else {
                "quote the value"
            };
            return (message, Some(help));
        }
        E::MappingValueNotAllowed | E::InvalidColonPlacement => (
            "`:` stands where no value can follow",
            Some("check the indentation, or quote the text if the `:` is part of it"),
        ),
        E::SimpleKeyExpected | E::ExpectedBlockMappingKey => (
            "a line without `name: value`",
            Some("check the indentation of this line and the one before"),
        ),
        E::UnclosedQuotedScalar => ("this quote is never closed", None),
        E::UnclosedFlowCollection { open } => return (format!("this `{open}` is never closed"), None),
        E::MisplacedFlowCollectionEnd => (
            "a closing bracket without an opening one",
            Some("quote the text if it is part of it"),
        ),
        E::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("`{close}` does not close `{open}`"), None);
        }
        E::ExpectedFlowMappingSeparator => (
            "expected `,` or `}`",
            Some("quote the value if what stands here is part of it"),
        ),
        E::ExpectedFlowSequenceSeparator => (
            "expected `,` or `]`",
            Some("quote the value if what stands here is part of it"),
        ),
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => (
            "something follows the closing quote",
            Some("put quotes of the other kind around the whole value"),
        ),
        E::UnknownQuotedScalarEscape => (
            "unknown escape in a double-quoted text",
            Some("write `\\\\` for a backslash, or use single quotes"),
        ),
        E::BlockSequenceEntryNotAllowed => {
            ("a list cannot start here", Some("put `- …` on a line of its own"))
        }
        E::InvalidBlockScalarHeader => (
            "something follows the `|` or `>` of a block of text",
            Some("start the text on the next line"),
        ),
        _ => {
            let info = error.info();
            return (info.rsplit(", ").next().unwrap_or(&info).trim().to_owned(), None);
        }
    };
    (message.to_owned(), help)
}
