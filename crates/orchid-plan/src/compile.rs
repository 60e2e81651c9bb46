//! From a definition to the program that the engine runs, with all that is wrong with it at once.
//!
//! One walk over the definition, whose sugar has been expanded. What cannot be compiled leaves a placeholder and a
//! diagnostic behind, and the walk goes on; a program comes out only where there is no error.

mod auth;
mod facts;
mod judge;
mod limit;
mod plan;
mod request;
mod state;
mod step;
mod text;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use orchid_jmespath::expression::Expression;
use orchid_jmespath::shape::Shape;
use smol_str::SmolStr;

use crate::definition::Definition;
use crate::diagnostic::{Diagnostic, Severity};
use crate::program::{FlowId, Program};
use crate::shapes::{Surroundings, config_shape, names};

/// What an operator allows beyond or below the language's own bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Levels of sub-steps below a plan (`ORCHID_MAX_NESTING`).
    pub nesting: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { nesting: 5 }
    }
}

/// What became of a definition.
#[derive(Debug)]
pub struct Compiled {
    /// The program; `None` where there is an error.
    pub program: Option<Program>,
    /// Errors and warnings in the document's order.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks and compiles a definition whose sugar has been expanded.
pub fn compile(definition: &Definition, bounds: Bounds) -> Compiled {
    let schema = definition.config_schema.as_ref().map(|node| &node.value);
    let mut compiler = Compiler {
        definition,
        bounds,
        diagnostics: Vec::new(),
        config: config_shape(schema),
        values: BTreeMap::new(),
        value_names: (!definition.values.is_empty()).then(|| names(definition.values.keys().cloned())),
        broken: BTreeSet::new(),
        errors: 0,
        flows: BTreeMap::new(),
        not_yet: Vec::new(),
    };
    let program = compiler.program();
    let mut diagnostics = compiler.diagnostics;
    diagnostics.sort_by(|a, b| {
        (a.span.start, a.span.end, b.severity, a.code).cmp(&(b.span.start, b.span.end, a.severity, b.code))
    });
    // What `defaults` holds is compiled once for every step.
    diagnostics.dedup_by(|a, b| (a.code, &a.span, &a.message) == (b.code, &b.span, &b.message));
    let is_valid = diagnostics
        .iter()
        .all(|diagnostic| diagnostic.severity < Severity::Error);
    Compiled {
        program: is_valid.then_some(program),
        diagnostics,
    }
}

/// Warnings about what authors wrote that can no longer be seen once sugar has been expanded.
pub fn check_as_written(definition: &Definition) -> Vec<Diagnostic> {
    auth::literals_of_flows(definition)
}

/// The walk's state: what is known of the whole document, and what was found.
struct Compiler<'a> {
    definition: &'a Definition,
    bounds: Bounds,
    diagnostics: Vec<Diagnostic>,
    /// Errors among the diagnostics.
    errors: usize,
    config: Shape,
    values: BTreeMap<SmolStr, Expression>,
    /// Of `values`, where there are some.
    value_names: Option<Shape>,
    /// Those of `values` that do not compile.
    broken: BTreeSet<SmolStr>,
    flows: BTreeMap<SmolStr, FlowFacts>,
    not_yet: Vec<String>,
}

/// What steps need to know of an auth flow.
#[derive(Debug, Clone)]
struct FlowFacts {
    id: FlowId,
    /// Of `auth` where the flow is in force.
    outputs: Shape,
}

impl Compiler<'_> {
    /// What surrounds everything in the document.
    fn surroundings(&self) -> Surroundings {
        Surroundings {
            config: self.config.clone(),
            values: self.value_names.clone(),
            ..Surroundings::default()
        }
    }

    fn program(&mut self) -> Program {
        self.compile_values();
        self.survey_flows();
        let limits = self.compile_limits();
        let flows = self.compile_flows(&limits);
        let plans = self.compile_plans(&limits);
        Program {
            integration: self.definition.integration.value.clone(),
            config: self.config_schema(),
            http: self.http(),
            flows,
            limits,
            plans,
            not_yet: std::mem::take(&mut self.not_yet),
        }
    }
}
