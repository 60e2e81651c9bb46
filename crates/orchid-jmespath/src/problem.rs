//! Problems in an expression, found before it runs or while it runs: kind, place, hint.

use std::ops::Range;

/// What is wrong with an expression's text, found without evaluating it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The class of the problem; stable, so that callers can map it to their own codes.
    pub kind: ProblemKind,
    /// Where in the expression's source, in bytes.
    pub span: Range<usize>,
    /// What is wrong, one sentence without a final stop.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

/// Classes of static problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The text is not an expression.
    Syntax,
    /// A function of that name does not exist, or not at this place.
    UnknownFunction,
    /// A function got too few or too many arguments.
    Arity,
    /// A literal argument has a type that the function refuses.
    ArgumentType,
    /// `$x` without a `let` that binds it.
    UndefinedVariable,
    /// The first name is none of the roots that exist at this place.
    UnknownRoot,
    /// A field that a closed object does not have.
    UnknownField,
    /// A literal value is out of its range (slice step 0, a regular expression that does not compile).
    Value,
    /// Deeper or longer than the bounds allow.
    TooLarge,
    /// Legal, but probably not what was meant. Only ever a warning.
    Suspicious,
}

impl Problem {
    /// The source line with a caret line below it, for a terminal or a log.
    pub fn excerpt(&self, source: &str) -> String {
        let start = self.span.start.min(source.len());
        let line_start = source.as_bytes()[..start]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let rest = source.get(line_start..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        let characters = |range: Range<usize>| source.get(range).map_or(0, |text| text.chars().count());
        let end = self
            .span
            .end
            .clamp(start, line_start + line.len().max(start - line_start));
        let before = " ".repeat(characters(line_start..start));
        let marks = "^".repeat(characters(start..end).max(1));
        format!("{}\n{before}{marks}", line.replace('\t', " "))
    }
}

/// Why an evaluation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// The class of the failure.
    pub kind: EvalErrorKind,
    /// Where in the expression's source, in bytes.
    pub span: Range<usize>,
    /// What happened, with the offending value shortened (never a secret one).
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

/// Classes of evaluation failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EvalErrorKind {
    /// A value has a type that the operator or function refuses (`invalid-type` of the specification).
    Type,
    /// A value of the right type is out of range (`invalid-value`).
    Value,
    /// Integer overflow, division by zero.
    Arithmetic,
    /// The budget of steps, bytes or depth is used up.
    Budget,
}
