//! Text in which `${ expression }` is replaced: where the expressions stand.
//!
//! Text only; what an expression may see is the business of whoever compiles the pieces.

use std::ops::Range;

use orchid_jmespath::expression::closing_brace;
use orchid_jmespath::problem::Problem;
use smol_str::SmolStr;

/// One piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Literal text, `$${` resolved.
    Text(SmolStr),
    /// An expression: its source in bytes of the template, without `${` and `}`.
    Expression(Range<usize>),
}

/// The pieces of `text` in order; neighbouring pieces of text are one, none is empty.
///
/// `${` begins an expression, which the JMESPath lexer ends; `$${` is a literal `${`. The spans of a problem are
/// in bytes of `text`.
pub fn split(text: &str) -> Result<Vec<Piece>, Problem> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut at = 0;
    while let Some(dollar) = text[at..].find('$').map(|offset| at + offset) {
        literal.push_str(&text[at..dollar]);
        let rest = &text[dollar..];
        if rest.starts_with("$${") {
            literal.push_str("${");
            at = dollar + 3;
        } else if rest.starts_with("${") {
            flush(&mut literal, &mut pieces);
            let end = closing_brace(text, dollar + 2)?;
            pieces.push(Piece::Expression(dollar + 2..end));
            at = end + 1;
        } else {
            literal.push('$');
            at = dollar + 1;
        }
    }
    literal.push_str(&text[at..]);
    flush(&mut literal, &mut pieces);
    Ok(pieces)
}

/// Ends the piece of text that is being collected.
fn flush(literal: &mut String, pieces: &mut Vec<Piece>) {
    if !literal.is_empty() {
        pieces.push(Piece::Text(SmolStr::new(literal.as_str())));
        literal.clear();
    }
}
