//! Functions of time. Pure: `now()` is what the caller says, zones are compiled in.

pub(crate) mod calendar;
pub(crate) mod duration;
pub(crate) mod format;
pub(crate) mod parse;
