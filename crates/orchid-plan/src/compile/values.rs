//! `values`: named expressions, evaluated where they are used.
//!
//! They are compiled in an order in which each comes after those that it reads. At the place of use each is
//! compiled once more under the names of that place, which tells what it reads that is not there.

use std::collections::{BTreeMap, BTreeSet};

use orchid_jmespath::expression::{Expression, Options, Segment};
use orchid_jmespath::problem::Problem;
use orchid_jmespath::shape::Shape;
use smol_str::SmolStr;

use super::Compiler;
use super::state::SavedNames;
use super::text::{expression_problem, literal};
use crate::diagnostic::{Diagnostic, codes};
use crate::shapes::names;
use crate::shapes::{Scope, Site, Surroundings};
use crate::source::text::{ScalarKind, Text};

impl Compiler<'_> {
    /// Compiles all of `values`.
    pub(super) fn compile_values(&mut self) {
        let definition = self.definition;
        let reads: BTreeMap<SmolStr, Vec<SmolStr>> = definition
            .values
            .iter()
            .map(|(name, entry)| (name.clone(), names_read(entry.value.0.kind, &entry.value.0.value)))
            .collect();
        let scope = self.anywhere();
        for name in self.in_order(&reads) {
            let Some(entry) = definition.values.get(&name) else {
                continue;
            };
            let text = &entry.value.0;
            let before = self.errors;
            let expression = match text.kind {
                ScalarKind::String => self.source(text, 0..text.value.len(), &scope),
                _ => Expression::literal(literal(text)),
            };
            if self.errors > before {
                self.broken.insert(name.clone());
            }
            self.values.insert(name, expression);
        }
    }

    /// The scope in which all roots exist: a value is judged where it is used.
    fn anywhere(&self) -> Scope {
        let saved = SavedNames::of_all(self.definition);
        let around = Surroundings {
            saved: Some(names(saved.plain)),
            saved_item: Some(names(saved.keyed)),
            window: true,
            parent: Some(Shape::Any),
            auth: Some(Shape::Any),
            item: Some(Shape::Any),
            vars: Some(Shape::Any),
            ..self.surroundings()
        };
        around.scope(Site::Anywhere)
    }

    /// Reports what the `values` that `source` reads cannot see at its place.
    pub(super) fn check_values_used(&mut self, text: &Text, source: &str, scope: &Scope) {
        if scope.site() == Site::Anywhere {
            return;
        }
        let definition = self.definition;
        let mut pending = names_read(ScalarKind::String, source);
        let mut seen = Vec::new();
        while let Some(name) = pending.pop() {
            // What is wrong with a value everywhere has been reported at its own place.
            let is_new = !seen.contains(&name) && !self.broken.contains(&name);
            let Some(entry) = definition.values.get(&name).filter(|_| is_new) else {
                continue;
            };
            let value = &entry.value.0;
            pending.extend(names_read(value.kind, &value.value));
            if let Some(problem) = self.problem_of_value(value, scope) {
                let message = format!("`values.{name}` cannot be used here: {}", problem.message);
                let mut diagnostic = Diagnostic::error(codes::VALUES_NOT_HERE, &text.place, message);
                diagnostic.help = problem.help;
                self.report(diagnostic);
            }
            seen.push(name);
        }
    }

    /// The first thing that a value reads and `scope` does not have.
    fn problem_of_value(&self, value: &Text, scope: &Scope) -> Option<Diagnostic> {
        if value.kind != ScalarKind::String {
            return None;
        }
        let problems = self.compile_under(&value.value, scope).err()?;
        Some(expression_problem(
            problems.first()?,
            value,
            &(0..value.value.len()),
            scope,
        ))
    }

    /// Compiles a source under the names of a scope.
    pub(super) fn compile_under(&self, source: &str, scope: &Scope) -> Result<Expression, Vec<Problem>> {
        let options = Options {
            root: Some(scope.shape()),
            named: Some(("values", &self.values)),
            random: scope.site().is_random(),
        };
        Expression::compile(source, &options)
    }

    /// The names of all values, each after those that it reads. Those that cannot be ordered are reported.
    fn in_order(&mut self, reads: &BTreeMap<SmolStr, Vec<SmolStr>>) -> Vec<SmolStr> {
        let mut order = Order {
            reads,
            path: Vec::new(),
            done: BTreeSet::new(),
            names: Vec::new(),
        };
        for (name, entry) in &self.definition.values {
            let (message, help) = match order.visit(name) {
                Err(Trouble::Circle(circle)) if circle.first() == Some(name) => (
                    format!("`values.{name}` reads itself: {}", circle.join(" → ")),
                    "a value may read others, but not in a circle",
                ),
                Err(Trouble::Deep) => (
                    format!("`values.{name}` reads values that read values, more than {MAX_CHAIN} deep"),
                    "write some of them out",
                ),
                // A circle that it only runs into is reported at the values of the circle.
                Ok(()) | Err(Trouble::Circle(_)) => continue,
            };
            self.error(codes::VALUES_CYCLE, &entry.key, message, help);
        }
        order.names
    }
}

/// Longest chain of values that read values.
const MAX_CHAIN: usize = 32;

/// Puts values in order, depth first.
struct Order<'a> {
    reads: &'a BTreeMap<SmolStr, Vec<SmolStr>>,
    path: Vec<SmolStr>,
    done: BTreeSet<SmolStr>,
    names: Vec<SmolStr>,
}

/// Why a value cannot be put in order.
enum Trouble {
    /// From the start of a circle back to it.
    Circle(Vec<SmolStr>),
    /// The chain is too long.
    Deep,
}

impl Order<'_> {
    /// Appends `name` after all that it reads.
    fn visit(&mut self, name: &SmolStr) -> Result<(), Trouble> {
        if let Some(start) = self.path.iter().position(|above| above == name) {
            return Err(Trouble::Circle(
                self.path[start..].iter().chain([name]).cloned().collect(),
            ));
        }
        if self.done.contains(name) {
            return Ok(());
        }
        if self.path.len() == MAX_CHAIN {
            return Err(Trouble::Deep);
        }
        self.path.push(name.clone());
        let reads = self.reads;
        let outcome = reads
            .get(name)
            .into_iter()
            .flatten()
            .try_for_each(|next| self.visit(next));
        self.path.pop();
        outcome?;
        self.done.insert(name.clone());
        self.names.push(name.clone());
        Ok(())
    }
}

/// The `values` that an expression reads, by name.
fn names_read(kind: ScalarKind, source: &str) -> Vec<SmolStr> {
    if kind != ScalarKind::String || !source.contains("values") {
        return Vec::new();
    }
    let Ok(expression) = Expression::compile(
        source,
        &Options {
            random: true,
            ..Options::default()
        },
    ) else {
        return Vec::new();
    };
    expression
        .reads()
        .iter()
        .filter_map(|path| match path.0.as_slice() {
            [Segment::Field(root), Segment::Field(name), ..] if root == "values" => Some(name.clone()),
            _ => None,
        })
        .collect()
}
