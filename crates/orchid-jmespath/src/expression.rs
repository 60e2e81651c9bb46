//! Compile once, evaluate often.

pub(crate) mod ast;
pub(crate) mod lexer;
pub(crate) mod meter;
pub(crate) mod parser;

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::problem::{EvalError, Problem};
use crate::shape::Shape;
use crate::value::Value;

/// A compiled expression: immutable, `Send + Sync`, cheap to clone.
#[derive(Debug, Clone)]
pub struct Expression(());

/// What may stand in an expression at one place.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options<'a> {
    /// What is known of the root; `None` checks no names.
    pub root: Option<&'a Shape>,
    /// Named expressions: `name.key` (or `$.name.key`) evaluates the one bound to it against the root.
    pub named: Option<(&'a str, &'a BTreeMap<SmolStr, Expression>)>,
    /// Whether `uuid()` and `random_hex()` exist here.
    pub random: bool,
}

/// What an evaluation may know besides its root.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// What `now()` gives.
    pub now: jiff::Timestamp,
    /// Where `uuid()` and `random_hex()` come from.
    pub random: Option<&'a (dyn Fn(&mut [u8]) + Sync)>,
    /// How doubtful types are taken.
    pub rules: Rules,
}

/// How types that do not fit are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rules {
    /// The specification: functions refuse wrong types, order of unlike types is null.
    #[default]
    Standard,
    /// Conditions: as `Standard`, and the order of two non-null values of different types is a type error.
    Condition,
    /// Everywhere else: a standard function given null where its signature refuses null yields null.
    Lenient,
}

/// A path from the root, all of whose subtree may be read. `*` elements stand for array elements.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(pub Vec<Segment>);

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// A named field.
    Field(SmolStr),
    /// Any element of an array, or any value of an object.
    Each,
}

#[allow(unused_variables, clippy::unimplemented)]
impl Expression {
    /// Compiles `source`; all static problems at once.
    pub fn compile(source: &str, options: &Options<'_>) -> Result<Self, Vec<Problem>> {
        unimplemented!()
    }
    /// An expression that is this value whatever the root (YAML literals in expression fields).
    pub fn literal(value: Value) -> Self {
        unimplemented!()
    }
    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        unimplemented!()
    }
    /// Things that are legal but probably not meant.
    pub fn warnings(&self) -> &[Problem] {
        unimplemented!()
    }
    /// The paths it reads from the root, each covering its whole subtree, none contained in another.
    pub fn reads(&self) -> &[Path] {
        unimplemented!()
    }
    /// Whether it may read anything at or below `path` (or above it, which includes it): `&["response", "body"]`.
    pub fn reads_under(&self, path: &[&str]) -> bool {
        unimplemented!()
    }
    /// Its value, if it does not depend on the root, the time or randomness.
    pub fn constant(&self) -> Option<&Value> {
        unimplemented!()
    }
    /// Evaluates against `root`. Bounded in steps, depth and bytes; never panics.
    pub fn evaluate(&self, root: &Value, env: &Env<'_>) -> Result<Value, EvalError> {
        unimplemented!()
    }
}

/// The index of the `}` that ends an expression which starts at `from` in `source` (just behind `${`).
///
/// This is the lexer itself, so a `}` inside strings, literals and multiselect hashes does not end it.
#[allow(clippy::unimplemented)]
pub fn closing_brace(_source: &str, _from: usize) -> Result<usize, Problem> {
    unimplemented!()
}
