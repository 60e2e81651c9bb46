//! `orchid completions`: a shell's completion script on stdout.

use clap::CommandFactory as _;

use crate::arguments::{Arguments, Completions};
use crate::exit::{Code, Failure};

/// Prints the script.
pub(crate) fn main(arguments: &Completions) -> Result<Code, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "orchid", &mut script);
    super::print(&String::from_utf8_lossy(&script))
}
