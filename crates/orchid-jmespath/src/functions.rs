//! The table of functions: names, signatures, groups, documentation, implementation.

/// What a person wants to know of a function (`orchid functions`, the reference).
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// `parse_time(value, formats?, tz?)`
    pub signature: &'static str,
    /// `time`, `text`, …; `standard` for those of JMESPath and its Community extensions.
    pub group: &'static str,
    /// One or two sentences.
    pub summary: &'static str,
    /// An expression that shows it, and its result as JSON.
    pub example: (&'static str, &'static str),
}

/// All functions, sorted by group and name.
pub fn functions() -> &'static [Function] {
    &[]
}

#[allow(dead_code)]
mod decimal;
#[allow(dead_code)]
mod refusal;
#[allow(dead_code)]
mod time;
