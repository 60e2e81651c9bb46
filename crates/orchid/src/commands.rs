//! One file per command. A command reads its input, calls a crate that does the work, and writes the result.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod eval;
pub(crate) mod explain;
pub(crate) mod functions;
pub(crate) mod practice_api;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod validate;

use std::io::Write as _;
use std::path::Path;

use crate::exit::{Code, Failure};

/// Reads a file that the user named.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|source| Failure::File {
        verb: "read",
        path: path.display().to_string(),
        source,
    })
}

/// Writes data to stdout. A reader that has gone away (`| head`) is no error.
fn print(text: &str) -> Result<Code, Failure> {
    let mut stdout = std::io::stdout().lock();
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.write_all(newline.as_bytes()))
        .and_then(|()| stdout.flush())
    {
        Ok(()) => Ok(Code::Success),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(Code::Success),
        Err(source) => Err(Failure::System {
            what: "cannot write to stdout",
            source,
        }),
    }
}

/// The candidate nearest to what was typed, if it is near at all.
pub(crate) fn nearest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(typed, candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
