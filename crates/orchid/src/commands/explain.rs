//! `orchid explain`: a plan with its sugar expanded and its defaults filled in, as a document that can be run.

use crate::arguments::Explain;
use crate::document;
use crate::exit::{Code, Failure};
use crate::settings::Settings;
use crate::terminal::Terminal;

/// Prints the plan.
pub(crate) fn main(arguments: &Explain, settings: &Settings, terminal: &Terminal) -> Result<Code, Failure> {
    let read = document::read(&arguments.file, settings)?;
    let document = document::checked(read, terminal)?;
    let plan = document.plan(arguments.plan.as_deref())?;
    super::print(&document.explain(&plan)?)
}
