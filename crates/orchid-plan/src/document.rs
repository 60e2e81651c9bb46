//! From a document's bytes to a definition, with all that is wrong with it at once.

use std::fmt::Write as _;

use crate::compile::{Bounds, check_as_written, compile};
use crate::definition::Definition;
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::explain;
use crate::program::Program;
use crate::source::text::Place;
use crate::source::{self, Lines};
use crate::sugar;

/// A document and what it was read as.
#[derive(Debug)]
pub struct Document {
    /// What it is called in messages: a file's name.
    pub name: String,
    /// Its bytes.
    pub text: Vec<u8>,
    /// Where its lines start.
    pub lines: Lines,
    /// The definition as written, as far as it could be read.
    pub definition: Option<Definition>,
    /// The definition without sugar.
    pub expanded: Option<Definition>,
    /// Errors and warnings by place, each once.
    pub diagnostics: Vec<Diagnostic>,
}

/// Diagnostics that are kept of one document.
const MAX_DIAGNOSTICS: usize = 200;

/// Reads an integration document: text, fields, sugar. Expressions are not looked at yet.
pub fn read(text: impl Into<Vec<u8>>, name: impl Into<String>) -> Document {
    let text = text.into();
    let lines = Lines::of(&text);
    let mut document = Document {
        name: name.into(),
        lines,
        text,
        definition: None,
        expanded: None,
        diagnostics: Vec::new(),
    };
    let mut diagnostics = Vec::new();
    match source::decode(&document.text) {
        Err(diagnostic) => diagnostics.push(diagnostic),
        Ok(text) => {
            let parsed = source::parse(text);
            diagnostics.extend(parsed.diagnostics);
            if let Some(root) = parsed.root {
                let read = Definition::read(text, &root);
                diagnostics.extend(read.diagnostics);
                if let Some(expanded) = read.definition.as_ref().map(sugar::expand) {
                    diagnostics.extend(expanded.diagnostics);
                    document.expanded = Some(expanded.definition);
                }
                document.definition = read.definition;
            } else if diagnostics.is_empty() {
                diagnostics.push(empty());
            }
        }
    }
    document.add(diagnostics);
    document
}

impl Document {
    /// Adds what a later look at the document found, and puts all in order.
    pub fn add(&mut self, found: Vec<Diagnostic>) {
        self.diagnostics.extend(found);
        self.diagnostics.sort_by(|a, b| {
            (a.span.start, b.severity, a.span.end, a.code, &a.message).cmp(&(
                b.span.start,
                a.severity,
                b.span.end,
                b.code,
                &b.message,
            ))
        });
        self.diagnostics
            .dedup_by(|a, b| (a.code, &a.span, &a.message) == (b.code, &b.span, &b.message));
        if self.diagnostics.len() > MAX_DIAGNOSTICS {
            // No error is cut off behind warnings.
            self.diagnostics
                .sort_by_key(|found| std::cmp::Reverse(found.severity));
            self.diagnostics.truncate(MAX_DIAGNOSTICS);
            self.diagnostics.sort_by_key(|found| found.span.start);
        }
    }

    /// Whether there is no error, warnings aside.
    pub fn is_valid(&self) -> bool {
        self.definition.is_some()
            && self
                .diagnostics
                .iter()
                .all(|found| found.severity < Severity::Error)
    }

    /// The diagnostics as plain text: `file:line:column: error[code]: message`, and the help below.
    pub fn render(&self) -> String {
        let mut out = String::new();
        for found in &self.diagnostics {
            let at = self.lines.position(&self.text, found.span.start);
            let severity = match found.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            let (name, code, message) = (&self.name, found.code, &found.message);
            // Writing to a string cannot fail.
            let _ = writeln!(
                out,
                "{name}:{}:{}: {severity}[{code}]: {message}",
                at.line, at.column
            );
            if let Some(help) = &found.help {
                let _ = writeln!(out, "  help: {help}");
            }
        }
        out
    }
}

fn empty() -> Diagnostic {
    Diagnostic::error(codes::DOCUMENT_EMPTY, &Place::default(), "the document is empty")
        .with_help("an integration document starts with `integration: NAME`")
}

/// A document that has been read, checked and compiled.
#[derive(Debug)]
pub struct Loaded {
    /// What the engine runs; `None` where there is an error.
    pub program: Option<Program>,
    /// Errors and warnings by place, each once.
    pub diagnostics: Vec<Diagnostic>,
    definition: Option<Definition>,
}

/// Reads, checks and compiles an integration document.
pub fn load(text: &[u8], bounds: Bounds) -> Loaded {
    let mut document = read(text, "");
    let compiled = document
        .expanded
        .as_ref()
        .map(|definition| compile(definition, bounds));
    let as_written = document.definition.as_ref().map(check_as_written);
    document.add(as_written.unwrap_or_default());
    let mut program = None;
    if let Some(compiled) = compiled {
        document.add(compiled.diagnostics);
        program = compiled.program.filter(|_| document.is_valid());
    }
    Loaded {
        program,
        diagnostics: document.diagnostics,
        definition: document.definition,
    }
}

impl Loaded {
    /// One plan as a document of its own, sugar expanded and defaults filled in; `None` where there is no such plan.
    pub fn explain(&self, plan: &str) -> Option<String> {
        explain::explain(self.definition.as_ref()?, plan)
    }
}
