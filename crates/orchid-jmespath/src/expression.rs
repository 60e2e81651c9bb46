//! Compile once, evaluate often.

pub(crate) mod ast;
pub(crate) mod eval;
pub(crate) mod hints;
pub(crate) mod lexer;
pub(crate) mod meter;
pub(crate) mod names;
pub(crate) mod parser;
pub(crate) mod reads;
mod simplify;

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::expression::ast::{Node, NodeKind};
use crate::expression::eval::{Context, Eval, Scope};
use crate::expression::hints::Hints;
use crate::expression::lexer::{Lexer, Token};
use crate::expression::meter::Meter;
use crate::problem::{EvalError, Problem};
use crate::shape::Shape;
use crate::value::Value;

/// A compiled expression: immutable, `Send + Sync`, cheap to clone.
#[derive(Debug, Clone)]
pub struct Expression(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    source: String,
    node: Node,
    warnings: Vec<Problem>,
    reads: Vec<Path>,
    constant: Option<Value>,
}

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

/// Fills bytes with randomness.
pub type Random = dyn Fn(&mut [u8]) + Sync;

/// What an evaluation may know besides its root.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// What `now()` gives.
    pub now: jiff::Timestamp,
    /// Where `uuid()` and `random_hex()` come from.
    pub random: Option<&'a Random>,
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

impl Expression {
    /// Compiles `source`; all static problems at once.
    pub fn compile(source: &str, options: &Options<'_>) -> Result<Self, Vec<Problem>> {
        let parsed = parser::parse(source, options).map_err(|problem| vec![problem])?;
        let mut problems = parsed.problems;
        if let Some(shape) = options.root {
            problems.extend(names::check(&parsed.node, shape));
        }
        if !problems.is_empty() {
            problems.sort_by_key(|problem| problem.span.start);
            return Err(problems);
        }
        let reads = reads::of(&parsed.node);
        let mut node = parsed.node;
        let constant = if simplify::depends(&node, simplify::Standing::Root) {
            simplify::simplify(&mut node);
            None
        } else {
            simplify::value(&node)
        };
        let compiled = Compiled {
            source: source.to_owned(),
            node,
            warnings: parsed.warnings,
            reads,
            constant,
        };
        Ok(Self(Arc::new(compiled)))
    }

    /// An expression that is this value whatever the root (YAML literals in expression fields).
    pub fn literal(value: Value) -> Self {
        let source = value.to_json();
        let node = Node {
            kind: NodeKind::Literal(value.clone()),
            span: 0..source.len(),
        };
        Self(Arc::new(Compiled {
            source,
            node,
            warnings: Vec::new(),
            reads: Vec::new(),
            constant: Some(value),
        }))
    }

    /// The text it was compiled from.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Things that are legal but probably not meant.
    pub fn warnings(&self) -> &[Problem] {
        &self.0.warnings
    }

    /// The paths it reads from the root, each covering its whole subtree, none contained in another.
    pub fn reads(&self) -> &[Path] {
        &self.0.reads
    }

    /// Whether it may read anything at or below `path` (or above it, which includes it): `&["response", "body"]`.
    pub fn reads_under(&self, path: &[&str]) -> bool {
        reads::under(&self.0.reads, path)
    }

    /// Its value, if it does not depend on the root, the time or randomness.
    pub fn constant(&self) -> Option<&Value> {
        self.0.constant.as_ref()
    }

    /// Evaluates against `root`. Bounded in steps, depth and bytes; never panics.
    pub fn evaluate(&self, root: &Value, env: &Env<'_>) -> Result<Value, EvalError> {
        if let Some(constant) = &self.0.constant {
            return Ok(constant.clone());
        }
        let mut meter = Meter::new();
        let hints = Hints::new();
        let context = Context {
            root,
            env,
            hints: &hints,
        };
        Eval {
            context,
            meter: &mut meter,
        }
        .node(&self.0.node, root, &Scope::EMPTY)
    }

    /// The tree.
    pub(crate) fn root(&self) -> &Node {
        &self.0.node
    }
}

/// The index of the `}` that ends an expression which starts at `from` in `source` (just behind `${`).
///
/// This is the lexer itself, so a `}` inside strings, literals and multiselect hashes does not end it.
pub fn closing_brace(source: &str, from: usize) -> Result<usize, Problem> {
    if !source.is_char_boundary(from) {
        return Err(lexer::problem(
            from..from,
            "an expression starts within a character",
            None,
        ));
    }
    let mut lexer = Lexer::new(source, from);
    let mut open = 0_usize;
    loop {
        let lexeme = lexer.next()?;
        match lexeme.token {
            Token::Mark("{") => open += 1,
            Token::Mark("}") if open == 0 => return Ok(lexeme.span.start),
            Token::Mark("}") => open -= 1,
            Token::End => {
                let span = from..source.len();
                return Err(lexer::problem(
                    span,
                    "the expression that starts here does not end: `}` is missing",
                    None,
                ));
            }
            _ => {}
        }
    }
}
