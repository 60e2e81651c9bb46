//! The one place that makes HTTP clients.
//!
//! Every request that Orchid sends to somebody else's server goes through [`fetch::Outbound`], so what must hold for
//! all of them is decided here: which addresses may be contacted (`address`, checked on what a name resolves to, for
//! each redirect anew), where credentials may follow (`redirect`), how long and how large an answer may be (`fetch`,
//! `body`), and what a failure means to a person (`failure`; nothing secret is in its words).
//!
//! May touch the network. Reads no environment and no files but the system's certificates, keeps no cookies, and
//! sends a request at most once: retries are the engine's.

pub mod address;
mod body;
mod client;
mod encoding;
mod failure;
pub mod fetch;
mod redirect;
mod resolver;
