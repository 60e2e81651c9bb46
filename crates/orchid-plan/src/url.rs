//! URL templates: which holes there are and what stands around them.
//!
//! Text only; what fills a hole is the business of whoever compiles the pieces.

use std::collections::BTreeSet;
use std::ops::Range;

use orchid_jmespath::expression::closing_brace;
use orchid_jmespath::problem::{Problem, ProblemKind};
use smol_str::SmolStr;

/// One piece of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Literal text, `{{`, `}}` and `$${` resolved.
    Text(SmolStr),
    /// Something that is filled in.
    Hole(Hole),
}

/// A hole of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hole {
    /// What fills it.
    pub filler: Filler,
    /// The whole hole, braces included, in bytes of the URL's text.
    pub span: Range<usize>,
    /// Where it stands, which says how its value is written.
    pub position: Position,
}

/// What fills a hole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filler {
    /// `{name}`: a param, a named value, or a config field.
    Name(SmolStr),
    /// `${expression}`: its source in bytes of the URL's text.
    Expression(Range<usize>),
}

/// Where a hole stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// At the very start: a base URL.
    Base,
    /// In host or path: one segment.
    Segment,
    /// In the path, as `{+name}`: slashes are kept (RFC 6570, 3.2.3).
    Path,
    /// After `?`: a query value.
    Query,
}

/// A URL taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pieces {
    /// The pieces in order; neighbouring pieces of text are one, none is empty.
    pub pieces: Vec<Piece>,
    /// Names of the query parameters that stand in its text, percent-decoded.
    pub query_names: BTreeSet<String>,
}

/// Takes a URL apart; all problems at once, with spans in bytes of `text`.
///
/// What can be known of the text alone is checked: braces, scheme (http or https), host, no fragment, no user and
/// password, no control characters.
pub fn split(text: &str) -> Result<Pieces, Vec<Problem>> {
    let mut splitter = Splitter {
        text,
        at: 0,
        literal: String::new(),
        pieces: Vec::new(),
        in_query: false,
        literal_braces: 0,
    };
    splitter.run().map_err(|problem| vec![problem])?;
    let pieces = splitter.pieces;
    let problems = check(text, &pieces);
    if problems.is_empty() {
        Ok(Pieces {
            query_names: query_names(&pieces),
            pieces,
        })
    } else {
        Err(problems)
    }
}

struct Splitter<'a> {
    text: &'a str,
    at: usize,
    literal: String,
    pieces: Vec<Piece>,
    in_query: bool,
    /// Literal `${` that have not been closed.
    literal_braces: usize,
}

impl Splitter<'_> {
    fn run(&mut self) -> Result<(), Problem> {
        while let Some(character) = self.text[self.at..].chars().next() {
            let rest = &self.text[self.at..];
            if rest.starts_with("$${") {
                self.keep("${", 3);
                self.literal_braces += 1;
            } else if rest.starts_with("${") {
                self.expression()?;
            } else if rest.starts_with("{{") {
                self.keep("{", 2);
            } else if rest.starts_with("}}") {
                self.keep("}", 2);
            } else if character == '{' {
                self.name()?;
            } else if character == '}' && self.literal_braces > 0 {
                // It ends what a literal `${` began.
                self.keep("}", 1);
                self.literal_braces -= 1;
            } else if character == '}' {
                let help = "write `}}` for a literal brace";
                return Err(problem(self.at..self.at + 1, "a `}` without its `{`", help));
            } else {
                self.in_query |= character == '?';
                self.keep(&rest[..character.len_utf8()], character.len_utf8());
            }
        }
        self.flush();
        Ok(())
    }

    fn keep(&mut self, literal: &str, length: usize) {
        self.literal.push_str(literal);
        self.at += length;
    }

    fn flush(&mut self) {
        if !self.literal.is_empty() {
            self.pieces.push(Piece::Text(SmolStr::new(&self.literal)));
            self.literal.clear();
        }
    }

    fn expression(&mut self) -> Result<(), Problem> {
        let end = closing_brace(self.text, self.at + 2)?;
        self.hole(
            Filler::Expression(self.at + 2..end),
            self.at..end + 1,
            Position::Segment,
        );
        Ok(())
    }

    fn name(&mut self) -> Result<(), Problem> {
        let open = self.at..self.at + 1;
        let rest = &self.text[self.at + 1..];
        let help = "write `{{` for a literal brace";
        let Some(length) = rest.find(['{', '}']) else {
            return Err(problem(open, "a `{` without its `}`", help));
        };
        if rest[length..].starts_with('{') {
            return Err(problem(open, "a `{` without its `}`", help));
        }
        let span = self.at..self.at + length + 2;
        let inner = &rest[..length];
        let (name, position) = match inner.strip_prefix('+') {
            Some(name) => (name, Position::Path),
            None => (inner, Position::Segment),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.is_empty() || !name.chars().all(is_name) {
            let message = format!("`{{{inner}}}` is not the name of a path parameter");
            let help = format!("write `${{{name}}}` for an expression, `{{{{` for a literal brace");
            return Err(problem(span, &message, &help));
        }
        if position == Position::Path && self.in_query {
            let message = format!("`{{+{name}}}` keeps slashes, which means nothing after the `?`");
            return Err(problem(span, &message, &format!("write `{{{name}}}`")));
        }
        self.hole(Filler::Name(SmolStr::new(name)), span, position);
        Ok(())
    }

    fn hole(&mut self, filler: Filler, span: Range<usize>, position: Position) {
        self.flush();
        let position = if self.in_query {
            Position::Query
        } else if self.pieces.is_empty() {
            Position::Base
        } else {
            position
        };
        self.at = span.end;
        self.pieces.push(Piece::Hole(Hole {
            filler,
            span,
            position,
        }));
    }
}

/// What is wrong with the text around the holes.
fn check(text: &str, pieces: &[Piece]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let whole = 0..text.len();
    for (at, character) in text.char_indices() {
        if character.is_control() {
            problems.push(problem(
                at..at + character.len_utf8(),
                "a URL has no control characters",
                "leave it out",
            ));
        }
    }
    for piece in pieces {
        if let Piece::Text(literal) = piece
            && literal.contains('#')
        {
            let span = text.find('#').map_or(whole.clone(), |at| at..text.len());
            problems.push(problem(
                span,
                "what follows `#` is not sent",
                "leave it out, or write `%23` for a literal `#`",
            ));
            break;
        }
    }
    match pieces.first() {
        None => problems.push(problem(
            whole,
            "the URL is empty",
            "start with `{base_url}` or `https://`",
        )),
        Some(Piece::Hole(_)) => {}
        Some(Piece::Text(start)) => problems.extend(check_start(start, pieces.len() == 1, whole)),
    }
    problems
}

/// What is wrong with a URL that starts with text.
fn check_start(start: &str, is_whole: bool, span: Range<usize>) -> Option<Problem> {
    let absolute = "start with `{base_url}`, `https://` or `http://`";
    let lower = start.to_ascii_lowercase();
    let Some(rest) = lower
        .strip_prefix("https://")
        .or_else(|| lower.strip_prefix("http://"))
    else {
        let message = match start.split_once("://") {
            Some((scheme, _)) => format!("`{scheme}` is not a scheme that Orchid speaks"),
            None => "the URL is not absolute".to_owned(),
        };
        return Some(problem(span, &message, absolute));
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Some(problem(
            span,
            "a user and a password do not belong in the URL",
            "use an auth flow of type `basic`",
        ));
    }
    if (is_whole || rest.len() > authority.len()) && authority.is_empty() {
        return Some(problem(span, "the URL has no host", absolute));
    }
    if !is_whole {
        return None;
    }
    let error = url::Url::parse(start).err()?;
    Some(problem(span, &format!("this is not a URL: {error}"), absolute))
}

/// Names of the query parameters that stand in the text.
fn query_names(pieces: &[Piece]) -> BTreeSet<String> {
    let mut query = String::new();
    let mut started = false;
    for piece in pieces {
        match piece {
            Piece::Text(text) if started => query.push_str(text),
            Piece::Text(text) => {
                if let Some((_, rest)) = text.split_once('?') {
                    started = true;
                    query.push_str(rest);
                }
            }
            // A hole is a value, whatever it holds.
            Piece::Hole(_) if started => query.push('='),
            Piece::Hole(_) => {}
        }
    }
    url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, _)| name.into_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

fn problem(span: Range<usize>, message: &str, help: &str) -> Problem {
    Problem {
        kind: ProblemKind::Syntax,
        span,
        message: message.to_owned(),
        help: Some(help.to_owned()),
    }
}
