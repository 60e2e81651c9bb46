//! Runs one program. Touches the world only by its ports.
//!
//! One request goes forward only: render → permit → fetch → decode → judge → emit, save, next page, fan out.

pub mod auth;
mod backoff;
pub mod budget;
mod commit;
mod decode;
pub mod event;
mod exchange;
mod fanout;
pub mod fault;
mod flow;
mod headers;
pub mod http;
mod judge;
mod limits;
pub mod local;
mod node;
pub mod origin;
pub mod outcome;
mod page;
pub mod ports;
mod progress;
mod reading;
mod record;
pub mod redact;
mod render;
pub mod run;
mod save;
mod scope;
mod seen;
pub mod state;
mod step;
mod stop;
mod text;
mod times;
pub mod trace;
mod window;
