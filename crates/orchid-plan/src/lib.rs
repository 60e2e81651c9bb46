//! Orchid's definition language: from a document's text to a checked program.
//!
//! Pure: no async, no I/O, no clock, no randomness, no environment.

pub mod compile;
pub mod config;
pub mod definition;
pub mod diagnostic;
pub mod document;
pub mod explain;
pub mod program;
pub mod quantity;
pub mod schedule;
pub mod schema;
pub mod shapes;
pub mod source;
pub mod sugar;
pub mod template;
pub mod url;
