//! Why a pure implementation refuses its input, before it is known where in an expression that was.

use crate::functions::call::Call;
use crate::problem::EvalError;

/// A reason that never repeats the input: whoever reports it decides whether the value may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What is wrong, as the end of a sentence whose subject is the value (`is not a time`).
    pub(crate) reason: String,
    /// What to do about it.
    pub(crate) help: Option<&'static str>,
}

impl Refusal {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            help: None,
        }
    }

    pub(crate) fn with_help(self, help: &'static str) -> Self {
        Self {
            help: Some(help),
            ..self
        }
    }
}

impl Refusal {
    /// As an error of the argument at `index`, which is shown unless it is secret.
    pub(crate) fn at(self, call: &Call<'_>, index: usize) -> EvalError {
        let mut error = call.invalid(index, format!("{} {}", call.shown(index), self.reason));
        error.help = self.help.map(str::to_owned);
        error
    }

    /// As an error of the argument at `index` that shows nothing of it (keys).
    pub(crate) fn hidden(self, call: &Call<'_>, index: usize, what: &str) -> EvalError {
        let mut error = call.invalid(index, format!("{what} {}", self.reason));
        error.help = self.help.map(str::to_owned);
        error
    }
}
