//! Runs one program. Touches the world only by its ports.
//!
//! One request goes forward only: render → permit → fetch → decode → judge → emit, save, next page, fan out.

pub mod auth;
pub mod budget;
pub mod event;
pub mod fault;
pub mod local;
pub mod origin;
pub mod outcome;
pub mod ports;
pub mod redact;
pub mod run;
pub mod state;
pub mod trace;
