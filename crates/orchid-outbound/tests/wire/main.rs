//! The client against servers that misbehave in every way a socket allows.
//!
//! Each case is a script of what the server sends after it has read a request, and one line of what came of it.

mod server;

mod bodies;
mod failures;
mod headers;
mod redirects;
mod secure;

use std::time::Duration;

use orchid_engine::fault::Fault;
use orchid_engine::ports::{Fetch, HttpSettings, Outgoing, Reply};
use orchid_outbound::address::Egress;
use orchid_outbound::fetch::{Outbound, Patience};
use url::Url;

/// A client of one's own machine. Where a case is not about waiting, nothing waits this long.
pub(crate) fn outbound() -> Outbound {
    patient(Duration::from_secs(20))
}

/// A client that waits so long for the next piece of a body.
pub(crate) fn patient(idle: Duration) -> Outbound {
    let patience = Patience {
        connect: Duration::from_secs(20),
        idle,
    };
    Outbound::with_patience(Egress::local(), &HttpSettings::default(), patience).expect("a client")
}

pub(crate) fn get(url: &str) -> Outgoing {
    let mut request = Outgoing::new("GET", Url::parse(url).expect("a URL in a test"));
    request.max_response_bytes = 1000;
    request.timeout = Duration::from_secs(20);
    request
}

/// One line: status and body, or kind, message and what came of the body. Long bodies by their length.
pub(crate) fn shown(came: &Result<Reply, Fault>) -> String {
    let text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) if text.len() <= 40 => format!("`{text}`"),
        _ => format!("{} bytes", bytes.len()),
    };
    match came {
        Err(fault) => fault.to_string(),
        Ok(reply) => match &reply.body {
            Ok(body) => format!("{} {}", reply.status, text(body)),
            Err((fault, came)) => format!("{} {fault}; {}", reply.status, text(came)),
        },
    }
}

/// The outcome with the server's own address in it named `HERE`.
pub(crate) async fn outcome(outbound: &Outbound, request: &Outgoing) -> String {
    let here = request.url[url::Position::BeforeHost..url::Position::AfterPort].to_owned();
    shown(&outbound.fetch(request).await).replace(&here, "HERE")
}
