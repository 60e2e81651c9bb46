//! Wrong behaviour of APIs, case by case: how the run ends, what the error record says, what is emitted, how often
//! the API was asked, and that no secret is anywhere. The engine runs on a real HTTP client against raw sockets;
//! waits are recorded, not waited for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]
#![allow(clippy::too_many_lines, reason = "a table has as many lines as cases")]

mod answer;
mod binary;
mod bodies;
mod case;
mod elsewhere;
mod failing;
mod formats;
mod judging;
mod loops;
mod next_url;
mod ports;
mod redirects;
mod requests;
mod server;
mod statuses;
mod tokens;
mod values;
