//! For development only: the ports in memory and virtual time, a practice API per test, and waiting for predicates.
//! It may use every crate; nothing but tests may use it.
//!
//! | module | what lives there |
//! |---|---|
//! | [`api`] | a [`Fetch`](orchid_engine::ports::Fetch) that answers by a function and keeps a log |
//! | [`folder`] | folders that vanish |
//! | [`practice`] | the practice API in the test's own process, over real sockets |
//! | [`sink`] | a sink that keeps events and acknowledges them when the test says so |
//! | [`wait`] | waiting for what another task or process brings about |
//! | [`world`] | all ports of a run together, on tokio's (paused) clock |

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on says so by panicking"
)]

pub mod api;
pub mod folder;
pub mod practice;
pub mod sink;
pub mod wait;
pub mod world;
