//! The JSON scanner: one pass over valid UTF-8, without recursion, pushing events to whoever listens.
//!
//! RFC 8259, and nothing beside it: no comments, no trailing commas. Escaped lone surrogates are legal JSON
//! text and are accepted (their text is U+FFFD). Depth is at most [`MAX_DEPTH`].

use super::JsonError;
use crate::number::decimal::{self, Integer};

/// How deep arrays and objects may be nested.
pub(crate) const MAX_DEPTH: u32 = 128;

/// What a scan finds, in order; offsets are bytes of the text.
pub(crate) trait Events {
    /// `null`, `true` or `false`.
    fn literal(&mut self, literal: Literal, start: usize, end: usize);
    /// A number; `integer` is its value where it is one of the 64-bit range.
    fn number(&mut self, integer: Option<Integer>, start: usize, end: usize);
    /// A string between its quotes; `start` is behind the first, `end` at the last.
    fn string(&mut self, start: usize, end: usize, escapes: Escapes);
    /// The name of the entry that follows, as for `string`.
    fn key(&mut self, start: usize, end: usize, escapes: Escapes);
    /// Whether `rest`, which stands behind the first quote of a name, starts with a name that is known to be one
    /// and its last quote. If so it is taken as by `key`, and its length is given.
    fn known_key(&mut self, _rest: &[u8]) -> Option<usize> {
        None
    }
    /// An array or object begins.
    fn open(&mut self, start: usize);
    /// It ends.
    fn close(&mut self, container: Container, end: usize);
}

/// The named values.
#[derive(Clone, Copy)]
pub(crate) enum Literal {
    Null,
    True,
    False,
}

/// Whether a string's text differs from its bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escapes {
    None,
    Some,
}

/// What holds other values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Array,
    Object,
}

/// Listens to nothing: what remains is the check of validity.
pub(crate) struct Silent;

impl Events for Silent {
    fn literal(&mut self, _: Literal, _: usize, _: usize) {}
    fn number(&mut self, _: Option<Integer>, _: usize, _: usize) {}
    fn string(&mut self, _: usize, _: usize, _: Escapes) {}
    fn key(&mut self, _: usize, _: usize, _: Escapes) {}
    fn open(&mut self, _: usize) {}
    fn close(&mut self, _: Container, _: usize) {}
}

/// Scans one JSON text that is all of `text` from `start` on.
pub(crate) fn scan(text: &str, start: usize, events: &mut impl Events) -> Result<(), JsonError> {
    let mut scanner = Scanner {
        text: text.as_bytes(),
        at: start,
        events,
        objects: 0,
        depth: 0,
    };
    scanner.value()?;
    scanner.space();
    if scanner.at < text.len() {
        return Err(scanner.unexpected("nothing after the end of the value"));
    }
    Ok(())
}

struct Scanner<'a, E> {
    text: &'a [u8],
    at: usize,
    events: &'a mut E,
    /// One bit for each open container, the innermost lowest: set for objects.
    objects: u128,
    depth: u32,
}

impl<E: Events> Scanner<'_, E> {
    /// A whole value with everything in it.
    fn value(&mut self) -> Result<(), JsonError> {
        loop {
            self.space();
            match self.peek() {
                Some(b'{') => {
                    self.open(Container::Object)?;
                    self.space();
                    if self.peek() != Some(b'}') {
                        self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.open(Container::Array)?;
                    self.space();
                    if self.peek() != Some(b']') {
                        continue;
                    }
                }
                Some(b'"') => {
                    self.at += 1;
                    let (start, end, escapes) = self.string()?;
                    self.events.string(start, end, escapes);
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b'n') => self.literal(Literal::Null, "null")?,
                Some(b't') => self.literal(Literal::True, "true")?,
                Some(b'f') => self.literal(Literal::False, "false")?,
                _ => return Err(self.unexpected("a value")),
            }
            if !self.next_in_container()? {
                return Ok(());
            }
        }
    }

    /// Behind a value: closes what ends here; whether another value follows.
    fn next_in_container(&mut self) -> Result<bool, JsonError> {
        while self.depth > 0 {
            self.space();
            let container = if self.objects & 1 == 1 {
                Container::Object
            } else {
                Container::Array
            };
            match (self.peek(), container) {
                (Some(b','), Container::Array) => {
                    self.at += 1;
                    return Ok(true);
                }
                (Some(b','), Container::Object) => {
                    self.at += 1;
                    self.space();
                    self.key()?;
                    return Ok(true);
                }
                (Some(b']'), Container::Array) | (Some(b'}'), Container::Object) => {
                    self.at += 1;
                    self.depth -= 1;
                    self.objects >>= 1;
                    self.events.close(container, self.at);
                }
                (_, Container::Array) => return Err(self.unexpected("`,` or `]`")),
                (_, Container::Object) => return Err(self.unexpected("`,` or `}`")),
            }
        }
        Ok(false)
    }

    fn open(&mut self, container: Container) -> Result<(), JsonError> {
        if self.depth == MAX_DEPTH {
            return Err(self.error(self.at, format!("more than {MAX_DEPTH} levels of nesting")));
        }
        self.depth += 1;
        self.objects = (self.objects << 1) | u128::from(container == Container::Object);
        self.events.open(self.at);
        self.at += 1;
        Ok(())
    }

    fn key(&mut self) -> Result<(), JsonError> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a name in double quotes"));
        }
        self.at += 1;
        if let Some(length) = self.events.known_key(&self.text[self.at..]) {
            self.at += length + 1;
        } else {
            let (start, end, escapes) = self.string()?;
            self.events.key(start, end, escapes);
        }
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.unexpected("`:`"));
        }
        self.at += 1;
        Ok(())
    }

    fn literal(&mut self, literal: Literal, name: &str) -> Result<(), JsonError> {
        let end = self.at + name.len();
        if self.text.get(self.at..end) != Some(name.as_bytes()) {
            return Err(self.unexpected("a value"));
        }
        self.events.literal(literal, self.at, end);
        self.at = end;
        Ok(())
    }

    fn number(&mut self) -> Result<(), JsonError> {
        let Some(number) = decimal::scan(&self.text[self.at..]) else {
            return Err(self.error(
                self.at,
                "a number that is not written as JSON numbers are".to_owned(),
            ));
        };
        let end = self.at + number.length;
        self.events.number(number.integer, self.at, end);
        self.at = end;
        Ok(())
    }

    /// The rest of a string, behind its first quote: where its text starts and ends.
    fn string(&mut self) -> Result<(usize, usize, Escapes), JsonError> {
        let start = self.at;
        let mut escapes = Escapes::None;
        loop {
            self.at = plain_end(self.text, self.at);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok((start, self.at - 1, escapes));
                }
                Some(b'\\') => {
                    escapes = Escapes::Some;
                    self.escape()?;
                }
                Some(_) => {
                    return Err(self.error(self.at, "a control character inside a string".to_owned()));
                }
                None => return Err(self.error(self.at, "the text ends inside a string".to_owned())),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        match self.text.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') if hex4(self.text, self.at + 2).is_some() => self.at += 6,
            _ => return Err(self.error(self.at, "an unknown escape sequence".to_owned())),
        }
        Ok(())
    }

    #[inline]
    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[cold]
    fn unexpected(&self, expected: &str) -> JsonError {
        let Some(&byte) = self.text.get(self.at) else {
            return self.error(self.at, format!("expected {expected}, but the text ends"));
        };
        if byte.is_ascii_graphic() {
            self.error(
                self.at,
                format!("expected {expected}, found `{}`", char::from(byte)),
            )
        } else {
            self.error(self.at, format!("expected {expected}, found byte 0x{byte:02x}"))
        }
    }

    #[cold]
    fn error(&self, offset: usize, message: String) -> JsonError {
        JsonError {
            offset: offset.min(self.text.len()),
            message,
        }
    }
}

/// The first quote, backslash or control character at or behind `at`, eight bytes at a time.
#[inline]
fn plain_end(text: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let found = special(u64::from_le_bytes(*chunk));
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while at < text.len() && !matches!(text[at], b'"' | b'\\' | 0..0x20) {
        at += 1;
    }
    at
}

/// The high bit of the first byte that ends plain text, counted from the lowest; bits above it may be set too.
#[inline]
fn special(word: u64) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let quote = word ^ (ONES * 0x22);
    let backslash = word ^ (ONES * 0x5c);
    let found = (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash)
        | (word.wrapping_sub(ONES * 0x20) & !word);
    found & HIGH
}

fn hex4(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 4)?;
    digits.iter().try_fold(0, |value, digit| {
        Some(value * 16 + char::from(*digit).to_digit(16)?)
    })
}

/// Appends the text of a scanned string's bytes, escapes resolved; a lone surrogate becomes U+FFFD.
pub(crate) fn unescape(raw: &str, into: &mut String) {
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        into.push_str(&rest[..at]);
        let bytes = rest.as_bytes();
        let (text, length) = match bytes.get(at + 1) {
            Some(b'b') => ('\u{8}', 2),
            Some(b'f') => ('\u{c}', 2),
            Some(b'n') => ('\n', 2),
            Some(b'r') => ('\r', 2),
            Some(b't') => ('\t', 2),
            Some(b'u') => code_point(bytes, at),
            Some(other) => (char::from(*other), 2),
            None => (char::REPLACEMENT_CHARACTER, 1),
        };
        into.push(text);
        rest = &rest[at + length..];
    }
    into.push_str(rest);
}

/// The character of the `\uXXXX` at `at`, or of the surrogate pair there, and its length in bytes.
fn code_point(bytes: &[u8], at: usize) -> (char, usize) {
    let first = hex4(bytes, at + 2).unwrap_or(0xfffd);
    if (0xd800..0xdc00).contains(&first)
        && bytes.get(at + 6..at + 8) == Some(b"\\u")
        && let Some(second @ 0xdc00..0xe000) = hex4(bytes, at + 8)
    {
        let joined = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
}
