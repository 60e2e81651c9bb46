//! An integration document named on the command line: read, checked, its plan chosen.

use std::path::Path;
use std::sync::Arc;

use orchid_plan::compile::Bounds;
use orchid_plan::document::{self, Loaded};
use orchid_plan::program::Program;
use smol_str::SmolStr;

use crate::commands::{self, nearest};
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
    /// The program, and errors and warnings in the text's order.
    pub(crate) loaded: Loaded,
}

/// A document without errors.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The path as given.
    pub(crate) name: String,
    /// What the engine runs.
    pub(crate) program: Arc<Program>,
    loaded: Loaded,
}

/// Reads and checks a file.
pub(crate) fn read(path: &Path, settings: &Settings) -> Result<Read, Failure> {
    let bytes = commands::read(path)?;
    let bounds = Bounds {
        nesting: settings.values.max_nesting,
    };
    Ok(Read {
        name: path.display().to_string(),
        loaded: document::load(&bytes, bounds),
        text: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

/// Shows warnings; errors end the command.
pub(crate) fn checked(read: Read, terminal: &Terminal) -> Result<Checked, Failure> {
    let Read {
        name,
        text,
        mut loaded,
    } = read;
    let Some(program) = loaded.program.take() else {
        let diagnostics = loaded.diagnostics;
        return Err(Failure::Document {
            name,
            text,
            diagnostics,
        });
    };
    if !loaded.diagnostics.is_empty() {
        terminal.diagnostics(&name, &text, &loaded.diagnostics);
    }
    Ok(Checked {
        name,
        program: Arc::new(program),
        loaded,
    })
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
        self.loaded
            .explain(plan)
            .ok_or_else(|| Failure::usage(format!("{} has no plan {plan}", self.name), "choose another"))
    }
}
