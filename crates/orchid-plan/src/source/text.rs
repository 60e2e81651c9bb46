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
    /// How it is written there.
    pub style: Style,
    /// Which part of the document each part of `value` came from.
    origin: Origin,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// As it is.
    Plain,
    /// Between `'`.
    Single,
    /// Between `"`, as all text of JSON.
    Double,
    /// A block after `|` or `>`.
    Block,
    /// Not at all: what sugar and defaults make.
    Made,
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
    /// All of it from the text's place as a whole.
    Whole,
    /// Byte for byte from this offset on.
    Plain(usize),
    /// Piece by piece, in order.
    Pieces(Arc<[Piece]>),
}

/// A piece of a text's value and the document's bytes it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    value: Range<usize>,
    document: Range<usize>,
}

impl Text {
    /// A text whose every part points at `place` as a whole: what sugar and defaults make.
    pub fn synthetic(value: impl Into<SmolStr>, kind: ScalarKind, place: Place) -> Self {
        Self {
            value: value.into(),
            kind,
            place,
            style: Style::Made,
            origin: Origin::Whole,
        }
    }

    /// A text that stands byte for byte in the document from `offset` on.
    pub fn plain(value: impl Into<SmolStr>, kind: ScalarKind, place: Place, offset: usize) -> Self {
        Self {
            value: value.into(),
            kind,
            place,
            style: Style::Plain,
            origin: Origin::Plain(offset),
        }
    }

    /// A text of `document`, whose place is known; `value` is what its notation means.
    pub(super) fn written(value: &str, kind: ScalarKind, style: Style, place: Place, document: &str) -> Self {
        let quote = usize::from(matches!(style, Style::Single | Style::Double));
        let inner = place.span.start + quote..place.span.end.saturating_sub(quote);
        let origin = document
            .get(inner.clone())
            .and_then(|source| align(value, source, style, inner.start))
            .map_or(Origin::Whole, Origin::from_pieces);
        Self {
            value: value.into(),
            kind,
            place,
            style,
            origin,
        }
    }

    /// The text behind a prefix that stands nowhere.
    #[must_use]
    pub fn with_prefix(&self, prefix: &str) -> Self {
        let start = match &self.origin {
            Origin::Whole | Origin::Pieces(_) => self.place.span.start,
            Origin::Plain(offset) => *offset,
        };
        let moved = |range: &Range<usize>| range.start + prefix.len()..range.end + prefix.len();
        let own = match &self.origin {
            Origin::Whole => vec![Piece {
                value: 0..self.value.len(),
                document: self.place.span.clone(),
            }],
            Origin::Plain(offset) => {
                vec![Piece {
                    value: 0..self.value.len(),
                    document: *offset..offset + self.value.len(),
                }]
            }
            Origin::Pieces(pieces) => pieces.to_vec(),
        };
        let before = Piece {
            value: 0..prefix.len(),
            document: start..start,
        };
        let own = own.into_iter().map(|piece| Piece {
            value: moved(&piece.value),
            document: piece.document,
        });
        Self {
            value: format!("{prefix}{}", self.value).into(),
            kind: ScalarKind::String,
            origin: Origin::Pieces(std::iter::once(before).chain(own).collect()),
            ..self.clone()
        }
    }

    /// The bytes of the document that `range` of `value` came from.
    pub fn span_of(&self, range: Range<usize>) -> Range<usize> {
        match &self.origin {
            Origin::Whole => self.place.span.clone(),
            Origin::Plain(offset) => offset + range.start..offset + range.end,
            Origin::Pieces(pieces) => {
                let start = start_of(pieces, range.start);
                start..if range.is_empty() {
                    start
                } else {
                    end_of(pieces, range.end)
                }
                .max(start)
            }
        }
    }
}

impl Origin {
    fn from_pieces(pieces: Vec<Piece>) -> Self {
        match pieces.as_slice() {
            [] => Self::Whole,
            [only] if only.value.len() == only.document.len() => Self::Plain(only.document.start),
            _ => Self::Pieces(pieces.into()),
        }
    }
}

/// The document's offset of the value's byte `at`.
fn start_of(pieces: &[Piece], at: usize) -> usize {
    let index = pieces
        .partition_point(|piece| piece.value.start <= at)
        .saturating_sub(1);
    let piece = &pieces[index];
    if piece.value.len() == piece.document.len() || at >= piece.value.end {
        (piece.document.start + (at - piece.value.start)).min(piece.document.end)
    } else {
        piece.document.start
    }
}

/// The document's offset behind the value's byte `at - 1`.
fn end_of(pieces: &[Piece], at: usize) -> usize {
    let index = pieces
        .partition_point(|piece| piece.value.start < at)
        .saturating_sub(1);
    let piece = &pieces[index];
    if piece.value.len() == piece.document.len() {
        (piece.document.start + (at - piece.value.start)).min(piece.document.end)
    } else {
        piece.document.end
    }
}

/// Finds, for every character of `value`, what of `source` it came from: characters that stand for
/// themselves, escapes, folded line breaks; indentation is skipped. `None` where that does not come out.
fn align(value: &str, source: &str, style: Style, base: usize) -> Option<Vec<Piece>> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = 0;
    for (offset, wanted) in value.char_indices() {
        let taken = match next_match(source, at, wanted, style) {
            Found::At(taken) => taken,
            Found::End => break,
            Found::Other => return None,
        };
        at = taken.end;
        let value = offset..offset + wanted.len_utf8();
        let document = base + taken.start..base + taken.end;
        match pieces.last_mut() {
            Some(last) if extends(last, &value, &document) => {
                last.value.end = value.end;
                last.document.end = document.end;
            }
            _ => pieces.push(Piece { value, document }),
        }
    }
    Some(pieces)
}

fn extends(last: &Piece, value: &Range<usize>, document: &Range<usize>) -> bool {
    last.value.len() == last.document.len()
        && value.len() == document.len()
        && last.document.end == document.start
}

/// What a character of a value was found to come from.
enum Found {
    /// These bytes.
    At(Range<usize>),
    /// Nothing: the source has ended.
    End,
    /// Something else: the value does not come from this source.
    Other,
}

/// The bytes of `source` from `at` on that mean the character `wanted`.
fn next_match(source: &str, mut at: usize, wanted: char, style: Style) -> Found {
    while let Some(found) = source.get(at..).and_then(|rest| rest.chars().next()) {
        let end = at + found.len_utf8();
        if style == Style::Double && found == '\\' {
            let length = escape_length(&source[at..]);
            if source[end..].starts_with(['\n', '\r']) {
                at += length;
                continue;
            }
            return Found::At(at..at + length);
        }
        if style == Style::Single && found == '\'' && source[end..].starts_with('\'') {
            return if wanted == '\'' {
                Found::At(at..end + 1)
            } else {
                Found::Other
            };
        }
        if found == wanted || (wanted == ' ' && found == '\n') {
            return Found::At(at..end);
        }
        if !found.is_whitespace() {
            return Found::Other;
        }
        at = end;
    }
    Found::End
}

/// The length of the escape at the start of `source` (YAML 1.2, section 5.7; a pair of surrogates is one).
fn escape_length(source: &str) -> usize {
    let length = |text: &str| match text.as_bytes().get(1) {
        Some(b'x') => 4,
        Some(b'u') => 6,
        Some(b'U') => 10,
        _ => 1 + text[1..].chars().next().map_or(0, char::len_utf8),
    };
    let first = length(source);
    let is_high = source
        .get(2..6)
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .is_some_and(|unit| source.as_bytes()[1] == b'u' && (0xd800..0xdc00).contains(&unit));
    if is_high && source.get(6..8) == Some("\\u") {
        (first + 6).min(source.len())
    } else {
        first.min(source.len())
    }
}
