//! For development only: the ports in memory and virtual time, and waiting for predicates.
//!
//! | module | what lives there |
//! |---|---|
//! | [`api`] | a [`Fetch`](orchid_engine::ports::Fetch) that answers by a function and keeps a log |
//! | [`sink`] | a sink that keeps events and acknowledges them when the test says so |
//! | [`world`] | all ports of a run together, on tokio's (paused) clock |

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

pub mod api;
pub mod sink;
pub mod world;
