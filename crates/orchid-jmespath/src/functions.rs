//! The table of functions: names, signatures, groups, documentation, implementation.
//!
//! Each group of functions has its own file with a table `FUNCTIONS`; this module joins them. What a function
//! takes is stated in its entry ([`Parameter`], [`Nulls`], [`Secrets`]), and the call path checks it before the
//! body runs, so that a body reads its arguments through [`Call`] and only does its work.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::problem::EvalError;
use crate::value::Value;

pub(crate) mod call;
pub(crate) mod choice;
mod decimal;
mod digest;
mod encoding;
mod jwt;
mod lists;
mod numbers;
mod random;
pub mod reference;
mod refusal;
pub(crate) mod signature;
mod standard;
mod text;
mod time;
mod url;
mod weight;

pub(crate) use call::Call;
pub(crate) use signature::{Arity, Nulls, Parameter, Secrets};

/// What a person wants to know of a function (`orchid functions`, the reference), and how it runs.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// `parse_time(value, formats?, tz?)`
    pub signature: &'static str,
    /// `time`, `text`, …; `standard` for those of JMESPath and its Community extensions.
    pub group: &'static str,
    /// One or two sentences.
    pub summary: &'static str,
    /// An expression that shows it, and its result as JSON.
    pub example: (&'static str, &'static str),
    /// What it takes, in order. The last one stands for all that follow if it is `many`.
    pub(crate) parameters: &'static [Parameter],
    /// What a null argument does.
    pub(crate) nulls: Nulls,
    /// What becomes of the mark of secrets.
    pub(crate) secrets: Secrets,
    /// The work itself.
    pub(crate) call: Body,
}

/// The work of a function: its arguments are in the call, already checked against the parameters.
pub(crate) type Body = fn(&mut Call<'_>) -> Result<Value, EvalError>;

impl Function {
    /// How many arguments it takes.
    pub(crate) fn arity(&self) -> Arity {
        Arity::of(self.parameters)
    }

    /// What stands at a position.
    pub(crate) fn parameter(&self, index: usize) -> Option<&'static Parameter> {
        self.parameters
            .get(index)
            .or_else(|| self.parameters.last().filter(|last| last.many))
    }
}

/// The tables that are joined.
const TABLES: &[&[Function]] = &[
    choice::FUNCTIONS,
    digest::FUNCTIONS,
    encoding::FUNCTIONS,
    jwt::FUNCTIONS,
    lists::FUNCTIONS,
    numbers::FUNCTIONS,
    random::FUNCTIONS,
    text::FUNCTIONS,
    time::FUNCTIONS,
    url::FUNCTIONS,
];

/// All functions, sorted by group and name.
pub fn functions() -> &'static [Function] {
    static ALL: OnceLock<Vec<Function>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut all = [TABLES.concat(), standard::TABLES.concat()].concat();
        all.sort_by_key(|function| (function.group, function.name));
        all
    })
}

/// The function of this name.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    static BY_NAME: OnceLock<HashMap<&'static str, &'static Function>> = OnceLock::new();
    BY_NAME
        .get_or_init(|| {
            functions()
                .iter()
                .map(|function| (function.name, function))
                .collect()
        })
        .get(name)
        .copied()
}

#[cfg(test)]
mod tests;
