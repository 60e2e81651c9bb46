//! JMESPath over compact shared documents.
//!
//! The language is JMESPath as its specification and compliance suite define it, with the Community
//! extensions and a few additions. A body is parsed once into an immutable document; values are handles
//! into it and nothing is copied to build a scope. Numbers are exact over the whole 64-bit range.
//!
//! This crate is pure: no clock, no environment, no file, no network. What varies from call to call (the
//! time, randomness) comes in through [`Env`](expression::Env).
//!
//! | module | what lives there |
//! |---|---|
//! | [`value`] | the handle that everything is made of, and builders for new values |
//! | [`document`] | JSON text to a value, byte-for-byte spans kept |
//! | [`number`] | exact numbers: i64, u64, else the source text |
//! | [`expression`] | compile once, evaluate often; static checks; the paths that are read |
//! | [`shape`] | what is known of a root before anything runs |
//! | [`problem`] | errors with span, caret and hint |
//! | [`functions`] | the table of functions, standard and added |

pub mod document;
pub mod expression;
pub mod functions;
pub mod number;
pub mod problem;
pub mod shape;
pub mod value;
