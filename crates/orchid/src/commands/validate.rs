//! `orchid validate`: every error and warning of each document at once.

use orchid_plan::diagnostic::Severity;

use crate::arguments::Validate;
use crate::document;
use crate::exit::{Code, Failure};
use crate::settings::Settings;
use crate::terminal::Terminal;

/// Checks all files; the exit code is that of the worst.
pub(crate) fn main(arguments: &Validate, settings: &Settings, terminal: &Terminal) -> Result<Code, Failure> {
    let mut code = Code::Success;
    for path in &arguments.files {
        let read = document::read(path, settings)?;
        terminal.diagnostics(&read.name, &read.text, &read.loaded.diagnostics);
        if read
            .loaded
            .diagnostics
            .iter()
            .any(|one| one.severity == Severity::Error)
        {
            code = Code::Invalid;
        }
    }
    Ok(code)
}
