//! Text to tokens, one at a time. What is taken literally (strings, literals) is one token, however it looks.

use std::ops::Range;

use bytes::Bytes;

use crate::document;
use crate::number::Number;
use crate::problem::{Problem, ProblemKind};
use crate::value::Value;

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// `name`
    Name(String),
    /// `"name"`
    Quoted(String),
    /// `$name`
    Variable(String),
    /// `'text'`
    Raw(String),
    /// `` `json` ``
    Literal(Value),
    /// A bare number; `.1` says whether it is written as an integer.
    Number(Number),
    /// An operator or a mark: one of [`MARKS`].
    Mark(&'static str),
    /// The end of the text.
    End,
}

/// A token and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Lexeme {
    pub(crate) token: Token,
    pub(crate) span: Range<usize>,
}

/// Longest first.
const MARKS: &[&str] = &[
    "[?", "[]", "&&", "||", "==", "!=", "<=", ">=", "//", ".", "*", "[", "]", "{", "}", "(", ")", ",", ":",
    "&", "|", "!", "<", ">", "+", "-", "/", "%", "@", "$", "?", "=",
];
/// The signs of mathematics, as JEP 16 has them.
const SIGNS: &[(&str, &str)] = &[("\u{2212}", "-"), ("\u{d7}", "*"), ("\u{f7}", "/")];

/// Reads tokens from `source`, from a place on.
pub(crate) struct Lexer<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(source: &'a str, from: usize) -> Self {
        Self { source, at: from }
    }

    /// The next token.
    pub(crate) fn next(&mut self) -> Result<Lexeme, Problem> {
        let rest = &self.source[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        let start = self.at;
        let rest = &self.source[start..];
        let token = match rest.chars().next() {
            None => Token::End,
            Some('"') => self.quoted()?,
            Some('\'') => self.raw()?,
            Some('`') => self.literal()?,
            Some('$') if rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') => {
                self.at += 1;
                Token::Variable(self.name())
            }
            Some(c) if c.is_ascii_alphabetic() || c == '_' => Token::Name(self.name()),
            Some(c) if c.is_ascii_digit() => self.number()?,
            Some(c) => self.mark(c)?,
        };
        Ok(Lexeme {
            token,
            span: start..self.at,
        })
    }

    fn name(&mut self) -> String {
        let rest = &self.source[self.at..];
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        self.at += end;
        rest[..end].to_owned()
    }

    fn mark(&mut self, first: char) -> Result<Token, Problem> {
        let rest = &self.source[self.at..];
        if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            self.at += mark.len();
            return Ok(Token::Mark(mark));
        }
        if let Some((sign, mark)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(*sign)) {
            self.at += sign.len();
            return Ok(Token::Mark(mark));
        }
        let help = match first {
            '“' | '”' | '‘' | '’' => Some("text stands between straight quotes: 'text'"),
            _ => None,
        };
        let span = self.at..self.at + first.len_utf8();
        Err(problem(
            span,
            format!("`{}` has no meaning here", first.escape_debug()),
            help,
        ))
    }

    fn number(&mut self) -> Result<Token, Problem> {
        let bytes = self.source.as_bytes();
        let digits = |mut at: usize| {
            while bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            at
        };
        let start = self.at;
        let mut end = digits(start);
        if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end = digits(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
                end = digits(end + 1 + sign);
            }
        }
        self.at = end;
        let text = &self.source[start..end];
        Number::parse(text).map(Token::Number).ok_or_else(|| {
            let help = Some("a number has no leading zeros");
            problem(start..end, format!("`{text}` is not a number"), help)
        })
    }

    /// `"…"`, a JSON string.
    fn quoted(&mut self) -> Result<Token, Problem> {
        let start = self.at;
        let inner = self.until('"', "a quoted name")?;
        let text = format!("\"{inner}\"");
        let value = document::parse(Bytes::from(text)).map_err(|error| {
            problem(
                start..self.at,
                format!("the quoted name is not a JSON string: {}", error.message),
                None,
            )
        })?;
        Ok(Token::Quoted(value.as_str().unwrap_or_default().to_owned()))
    }

    /// `'…'`; `\'` is a quote and `\\` a backslash, any other backslash stands for itself (JEP 12a).
    fn raw(&mut self) -> Result<Token, Problem> {
        let inner = self.until('\'', "a text")?;
        let mut text = String::with_capacity(inner.len());
        let mut characters = inner.chars().peekable();
        while let Some(character) = characters.next() {
            let escaped = characters.next_if(|next| character == '\\' && matches!(next, '\'' | '\\'));
            text.push(escaped.unwrap_or(character));
        }
        Ok(Token::Raw(text))
    }

    /// `` `…` ``, JSON in which `` \` `` is a backtick.
    fn literal(&mut self) -> Result<Token, Problem> {
        let start = self.at;
        let inner = self.until('`', "a literal")?.replace("\\`", "`");
        document::parse(Bytes::from(inner.clone()))
            .map(Token::Literal)
            .map_err(|error| {
                let word = inner.trim();
                let plain = !word.is_empty()
                    && word
                        .chars()
                        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '));
                let mut found = problem(
                    start..self.at,
                    format!("the literal between backticks is not JSON: {error}"),
                    Some("backticks hold JSON; text stands between single quotes: 'text'"),
                );
                if plain {
                    found.help = Some(format!("text stands between single quotes: '{word}'"));
                }
                found
            })
    }

    /// What lies between here and the next `quote` that no backslash precedes; moves behind it.
    fn until(&mut self, quote: char, what: &str) -> Result<&'a str, Problem> {
        let start = self.at + 1;
        let mut escaped = false;
        for (index, character) in self.source[start..].char_indices() {
            if character == quote && !escaped {
                self.at = start + index + 1;
                return Ok(&self.source[start..start + index]);
            }
            escaped = character == '\\' && !escaped;
        }
        let span = self.at..self.source.len();
        self.at = self.source.len();
        Err(problem(
            span,
            format!("{what} that starts here does not end: `{quote}` is missing"),
            None,
        ))
    }
}

/// A problem of syntax.
pub(crate) fn problem(span: Range<usize>, message: impl Into<String>, help: Option<&str>) -> Problem {
    Problem {
        kind: ProblemKind::Syntax,
        span,
        message: message.into(),
        help: help.map(str::to_owned),
    }
}
