//! What an evaluation may cost: steps, bytes, depth.

use std::ops::Range;

use crate::problem::{EvalError, EvalErrorKind};

/// Steps of one evaluation: nodes evaluated, elements visited, comparisons, characters built. About a second.
const FUEL: usize = 50_000_000;

/// Bytes of strings and output that one evaluation may build.
const BYTES: usize = 256 << 20;

/// How deep a result may be.
pub(crate) const DEPTH: u32 = 256;

/// How deep evaluation may nest: an expression is at most 100 deep, and those that it names add theirs. What a
/// level takes of the stack times this must fit a thread's ordinary 2 MiB, without optimisation too.
const NESTING: u32 = 128;

/// What is left of an evaluation's budget.
pub(crate) struct Meter {
    fuel: usize,
    bytes: usize,
    depth: u32,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            fuel: FUEL,
            bytes: BYTES,
            depth: 0,
        }
    }

    /// What a compilation may spend on a constant: little, for a document may hold thousands of them.
    pub(crate) fn of_compilation() -> Self {
        Self {
            fuel: FUEL / 500,
            bytes: BYTES / 256,
            depth: 0,
        }
    }

    /// With so few steps that tests reach the end of them soon.
    #[cfg(test)]
    pub(crate) fn with_fuel(fuel: usize) -> Self {
        Self {
            fuel,
            bytes: BYTES,
            depth: 0,
        }
    }

    /// Goes one level deeper.
    pub(crate) fn enter(&mut self, span: &Range<usize>) -> Result<(), EvalError> {
        if self.depth >= NESTING {
            return Err(exhausted(span, &format!("more than {NESTING} levels of nesting")));
        }
        self.depth += 1;
        Ok(())
    }

    /// Comes back from a level.
    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Pays for steps.
    #[inline]
    pub(crate) fn charge(&mut self, steps: usize, span: &Range<usize>) -> Result<(), EvalError> {
        match self.fuel.checked_sub(steps) {
            Some(left) => {
                self.fuel = left;
                Ok(())
            }
            None => Err(exhausted(span, &format!("more than {FUEL} steps"))),
        }
    }

    /// Pays for bytes of strings and output, before they are allocated.
    pub(crate) fn reserve(&mut self, bytes: usize, span: &Range<usize>) -> Result<(), EvalError> {
        match self.bytes.checked_sub(bytes) {
            Some(left) => {
                self.bytes = left;
                self.charge(bytes / 16, span)
            }
            None => Err(exhausted(
                span,
                &format!("more than {} MiB of text and lists", BYTES >> 20),
            )),
        }
    }
}

/// The budget is used up.
#[cold]
pub(crate) fn exhausted(span: &Range<usize>, what: &str) -> EvalError {
    EvalError {
        kind: EvalErrorKind::Budget,
        span: span.clone(),
        message: format!("the expression takes {what}"),
        help: Some("narrow what it works on, with a filter or a path that reaches less".to_owned()),
    }
}
