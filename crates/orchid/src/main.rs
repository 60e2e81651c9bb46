//! `orchid`: the one binary. Parses the command line, reads the settings, hands over to one command.
//!
//! Only data goes to stdout; everything said to a person goes to stderr.

mod arguments;
mod checkpoint;
mod clock;
mod commands;
mod config_file;
mod document;
mod exit;
mod progress;
mod settings;
mod sink;
mod state_file;
mod terminal;
mod trace;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::exit::Failure;
use crate::terminal::Terminal;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let terminal = Terminal::new(arguments.color);
    match dispatch(arguments, &terminal) {
        Ok(code) => code.into(),
        Err(failure) => terminal.report(&failure),
    }
}

fn dispatch(arguments: Arguments, terminal: &Terminal) -> Result<exit::Code, Failure> {
    let settings = settings::load(arguments.overrides())?;
    terminal::log_to_stderr(&settings)?;
    match arguments.command {
        Command::Run(run) => commands::run::main(&run, &settings, terminal),
        Command::Validate(validate) => commands::validate::main(&validate, &settings, terminal),
        Command::Explain(explain) => commands::explain::main(&explain, &settings, terminal),
        Command::Eval(eval) => commands::eval::main(&eval, terminal),
        Command::Functions(functions) => commands::functions::main(&functions),
        Command::Schema => commands::schema::main(),
        Command::Config => commands::config::main(&settings),
        Command::Completions(completions) => commands::completions::main(&completions),
        Command::PracticeApi(practice) => commands::practice_api::main(&practice, terminal),
    }
}
