//! An integration document named on the command line: read, checked, its plan chosen.

use std::path::Path;
use std::sync::Arc;

use orchid_plan::compile::{self, Bounds};
use orchid_plan::definition::Definition;
use orchid_plan::diagnostic::{Diagnostic, Severity};
use orchid_plan::program::Program;
use orchid_plan::{document, explain};
use smol_str::SmolStr;

use crate::commands::nearest;
use crate::exit::Failure;
use crate::settings::Settings;
use crate::terminal::Terminal;

/// A file's text and what it holds.
#[derive(Debug)]
pub(crate) struct Read {
    /// The path as given.
    pub(crate) name: String,
    /// The text; what is not UTF-8 is replaced.
    pub(crate) text: String,
    /// Errors and warnings in the text's order.
    pub(crate) diagnostics: Vec<Diagnostic>,
    definition: Option<Definition>,
    program: Option<Program>,
}

/// A document without errors.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The path as given.
    pub(crate) name: String,
    /// What the engine runs.
    pub(crate) program: Arc<Program>,
    definition: Definition,
}

/// Reads and checks a file.
pub(crate) fn read(path: &Path, settings: &Settings) -> Result<Read, Failure> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|source| Failure::File {
        verb: "read",
        path: name.clone(),
        source,
    })?;
    let mut document = document::read(bytes, name);
    let mut program = None;
    if let Some(definition) = &document.expanded {
        let compiled = compile::compile(
            definition,
            Bounds {
                nesting: settings.values.max_nesting,
            },
        );
        program = compiled.program;
        document.add(compiled.diagnostics);
    }
    Ok(Read {
        name: document.name,
        text: String::from_utf8_lossy(&document.text).into_owned(),
        diagnostics: document.diagnostics,
        definition: document.expanded,
        program,
    })
}

/// Shows warnings; errors end the command.
pub(crate) fn checked(read: Read, terminal: &Terminal) -> Result<Checked, Failure> {
    let Read {
        name,
        text,
        diagnostics,
        definition,
        program,
    } = read;
    let broken = diagnostics.iter().any(|one| one.severity == Severity::Error);
    match (program, definition) {
        (Some(program), Some(definition)) if !broken => {
            if !diagnostics.is_empty() {
                terminal.diagnostics(&name, &text, &diagnostics);
            }
            Ok(Checked {
                name,
                program: Arc::new(program),
                definition,
            })
        }
        _ => Err(Failure::Document {
            name,
            text,
            diagnostics,
        }),
    }
}

impl Checked {
    /// The plan of that name; without a name, the only one there is.
    pub(crate) fn plan(&self, name: Option<&str>) -> Result<SmolStr, Failure> {
        let plans = &self.program.plans;
        let list = || plans.keys().map(SmolStr::as_str).collect::<Vec<_>>().join(", ");
        match name {
            Some(name) if plans.contains_key(name) => Ok(name.into()),
            Some(name) => {
                let help = nearest(name, plans.keys().map(SmolStr::as_str)).map_or_else(
                    || format!("it has: {}", list()),
                    |near| format!("did you mean {near}?"),
                );
                Err(Failure::usage(format!("{} has no plan {name}", self.name), help))
            }
            None => match plans.keys().next() {
                Some(only) if plans.len() == 1 => Ok(only.clone()),
                _ => Err(Failure::usage(
                    format!("{} has {} plans", self.name, plans.len()),
                    format!("choose one with --plan: {}", list()),
                )),
            },
        }
    }

    /// One plan as a document of its own, sugar expanded and defaults filled in.
    pub(crate) fn explain(&self, plan: &str) -> Result<String, Failure> {
        explain::explain(&self.definition, plan)
            .ok_or_else(|| Failure::usage(format!("{} has no plan {plan}", self.name), "choose another"))
    }
}
