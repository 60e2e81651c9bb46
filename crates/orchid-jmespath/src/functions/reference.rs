//! The page about functions that people read, made from the table.

use std::fmt::Write as _;

use crate::functions::{Function, functions};

/// Groups in the order of the page, each with what it is about.
const GROUPS: &[(&str, &str, &str)] = &[
    (
        "time",
        "Time",
        "Times are RFC 3339 text in UTC. Where a time is taken, epoch figures are too; they are seconds, from 10^11 \
         on milliseconds, from 10^14 microseconds, from 10^17 nanoseconds. Zones are IANA names or offsets (`+02:00`).",
    ),
    ("choice", "Choice", ""),
    (
        "numbers",
        "Numbers",
        "The operators are `+ - * / // %`; integers are exact over the whole 64-bit range.",
    ),
    (
        "text",
        "Text",
        "Regular expressions are those of Rust's `regex` crate: linear in time, no look-around, no back-references.",
    ),
    ("lists", "Lists and objects", ""),
    ("url", "URLs", ""),
    ("encoding", "Encoding", ""),
    (
        "digest",
        "Digests and signatures",
        "What comes out does not tell what went in, so it is not secret of itself, even where the input is.",
    ),
    (
        "random",
        "Randomness",
        "Only where a request is built, so that conditions and cursors always say the same of the same response.",
    ),
    (
        "standard",
        "JMESPath",
        "The functions of JMESPath and of its Community extensions, under their names and with their signatures.",
    ),
];

/// All functions by group, as Markdown.
pub fn reference() -> String {
    let mut page = String::from(
        "# Functions\n\n\
         Unless said otherwise, null for an argument that must be given makes the result null, and null for an\n\
         optional one counts as leaving it out. The functions under [JMESPath](#jmespath) refuse null where their\n\
         specification does, except outside conditions, where they give null. What is made from a secret is secret.\n",
    );
    for (group, title, about) in GROUPS {
        let _ = write!(page, "\n## {title}\n");
        if !about.is_empty() {
            let _ = write!(page, "\n{about}\n");
        }
        for function in functions().iter().filter(|function| function.group == *group) {
            write_function(&mut page, function);
        }
    }
    page
}

fn write_function(page: &mut String, function: &Function) {
    let (expression, result) = function.example;
    let _ = write!(
        page,
        "\n### `{}`\n\n{}\n\n```jmespath\n{expression}\n```\n\n```json\n{result}\n```\n",
        function.signature, function.summary
    );
}
