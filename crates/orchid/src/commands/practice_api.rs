//! `orchid practice-api`: a small API to learn and test with, until it is interrupted.

use std::time::Duration;

use orchid_practice::{Options, serve};
use tokio::net::TcpListener;

use crate::arguments::PracticeApi;
use crate::exit::{Code, Failure};
use crate::terminal::Terminal;

/// Serves.
pub(crate) fn main(arguments: &PracticeApi, terminal: &Terminal) -> Result<Code, Failure> {
    if !arguments.listen.ip().is_loopback() {
        return Err(Failure::usage(
            format!("{} is not a loopback address", arguments.listen.ip()),
            "the practice API hands out tokens to everybody: it listens on 127.0.0.1 or [::1] only",
        ));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::System {
            what: "cannot start the runtime",
            source,
        })?;
    runtime.block_on(listen(arguments, terminal))
}

async fn listen(arguments: &PracticeApi, terminal: &Terminal) -> Result<Code, Failure> {
    let cannot_listen = |source| Failure::System {
        what: "cannot listen there",
        source,
    };
    let listener = TcpListener::bind(arguments.listen).await.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    terminal.say(&format!("practice API on http://{address} (Ctrl-C ends it)"));
    let options = Options {
        users: arguments.users,
        token_ttl: Duration::from_secs(arguments.token_ttl_s),
        job_polls: arguments.job_polls,
        ..Options::default()
    };
    tokio::select! {
        served = serve(listener, options) => served.map(|()| Code::Success).map_err(cannot_listen),
        _ = tokio::signal::ctrl_c() => Ok(Code::Success),
    }
}
