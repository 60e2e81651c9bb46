//! CSV (RFC 4180) to an array of objects, or of arrays where there are no names.

use std::collections::HashSet;

use bytes::Bytes;
use csv::{ErrorKind, ReaderBuilder, StringRecord, Terminator};
use orchid_jmespath::document::build::Builder;
use orchid_jmespath::value::Value;
use orchid_plan::program::CsvHeader;
use smol_str::SmolStr;

use super::{Ask, Refusal};

/// How a CSV is written.
#[derive(Debug)]
pub(super) struct Dialect<'a> {
    pub delimiter: u8,
    pub quote: u8,
    pub header: &'a CsvHeader,
}

/// Rows by the names of their columns; all values are text. `bound`: bytes that this may take as JSON.
pub(super) fn read(utf8: &Bytes, dialect: &Dialect<'_>, ask: Ask, bound: u64) -> Result<Value, Refusal> {
    let mut reader = ReaderBuilder::new()
        .delimiter(dialect.delimiter)
        .quote(dialect.quote)
        .terminator(Terminator::CRLF)
        .has_headers(false)
        .flexible(false)
        .from_reader(utf8.as_ref());
    let mut row = StringRecord::new();
    let mut names = Vec::new();
    match dialect.header {
        CsvHeader::Absent => {}
        CsvHeader::Names(given) => names.clone_from(given),
        CsvHeader::FirstRow => {
            if reader.read_record(&mut row).map_err(|error| refused(&error))? {
                names = row.iter().map(SmolStr::from).collect();
            }
        }
    }
    distinct(&names)?;
    let mut out = Builder::new();
    out.begin_array();
    while reader.read_record(&mut row).map_err(|error| refused(&error))? {
        if *dialect.header != CsvHeader::Absent && row.len() != names.len() {
            let at = row.position().map_or(0, csv::Position::byte);
            return Err(ragged(at, row.len() as u64, names.len() as u64));
        }
        if ask == Ask::Check {
            continue;
        }
        write(&mut out, &names, &row, dialect.header);
        if out.size() as u64 > bound {
            return Err(Refusal::TooLarge {
                message: format!("the CSV becomes more than {bound} bytes of JSON"),
            });
        }
    }
    if ask == Ask::Check {
        return Ok(Value::NULL);
    }
    out.end();
    Ok(out.finish()?)
}

fn write(out: &mut Builder, names: &[SmolStr], row: &StringRecord, header: &CsvHeader) {
    if *header == CsvHeader::Absent {
        out.begin_array();
        row.iter().for_each(|value| out.string(value));
    } else {
        out.begin_object();
        for (name, value) in names.iter().zip(row) {
            out.key(name);
            out.string(value);
        }
    }
    out.end();
}

/// Of two columns with one name only one could be read: that loses data silently.
fn distinct(names: &[SmolStr]) -> Result<(), Refusal> {
    let mut seen = HashSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let shown: String = name.chars().take(80).collect();
            Err(Refusal::at(
                0,
                format!(
                    "two columns are named `{}` (`header: [names]` or `header: false` tells them apart)",
                    shown.escape_debug()
                ),
            ))
        }
    }
}

fn refused(error: &csv::Error) -> Refusal {
    let at = error.position().map_or(0, csv::Position::byte);
    match error.kind() {
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => ragged(at, *len, *expected_len),
        _ => Refusal::at(at, error.to_string()),
    }
}

fn ragged(at: u64, found: u64, wanted: u64) -> Refusal {
    Refusal::at(at, format!("a row has {found} fields, {wanted} were expected"))
}
