//! The ports of one process by itself: permits and tokens in memory.
//!
//! These are the twins of what instances share through Redis and `PostgreSQL`: the embedded mode, and the
//! model that the shared implementations are held against. Time is tokio's monotonic clock, so that tests
//! with paused time are exact. Nothing here does I/O.

pub mod permits;
mod scope;
pub mod tokens;
mod window;
