//! From the socket to the handler and back: accepts, reads each request whole, records it, has it answered.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::HOST;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::form_urlencoded;

use crate::content::bulk;
use crate::exchange::{Exchange, Origin};
use crate::reply::{Body, Reply};
use crate::state::Api;
use crate::verdicts::{Rule, Violation};
use crate::wire::{Takeover, Wire};
use crate::{control, route};

/// Bytes of a request's body that are taken.
const BODY_LIMIT: usize = 64 << 20;

/// After a failed accept (too many open files), before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Accepts until it is dropped, which drops all connections.
pub(crate) async fn accept(listener: TcpListener, api: Arc<Api>, origin: Origin) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let _set = stream.set_nodelay(true);
                connections.spawn(serve(stream, Arc::clone(&api), origin));
            }
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, api: Arc<Api>, origin: Origin) {
    let takeover = Arc::new(Takeover::default());
    let wire = Wire::new(stream, Arc::clone(&takeover));
    let service = service_fn(move |request| {
        let (api, takeover) = (Arc::clone(&api), Arc::clone(&takeover));
        async move { Ok::<_, Infallible>(respond(&api, origin, takeover, request).await) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    let connection = http
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(wire), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn respond(
    api: &Arc<Api>,
    origin: Origin,
    takeover: Arc<Takeover>,
    request: Request<Incoming>,
) -> Response<Body> {
    if let Some(rest) = request.uri().path().strip_prefix("/bulk/") {
        return bulk::answer(api, rest, request.uri().query())
            .await
            .into_response(());
    }
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        return Reply::error(413, "too_large", "the body is too large, or ended early").into_response(());
    };
    let called = head.headers.get(HOST).and_then(|host| host.to_str().ok());
    let mut exchange = Exchange {
        origin,
        called: called.map_or_else(|| api.base_url.clone(), |host| format!("http://{host}")),
        method: head.method,
        path: head.uri.path().to_owned(),
        query: form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect(),
        headers: head.headers,
        body: body.to_bytes(),
        arrived: api.clock.elapsed(),
        number: 0,
        takeover,
    };
    if let Some(rest) = exchange.path.strip_prefix("/_practice/") {
        return control::answer(api, &exchange, rest).into_response(());
    }
    exchange.number = api.log().arrive(&exchange);
    let guard = InFlight { api: Arc::clone(api) };
    watch(api, &exchange);
    let reply = route::answer(api, &exchange).await;
    api.log()
        .answer(exchange.number, reply.status, api.clock.elapsed());
    reply.into_response(guard)
}

/// Counts a request as in flight until its body has been handed over.
struct InFlight {
    api: Arc<Api>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.api.log().leave();
    }
}

/// What holds for every request, whatever its path.
fn watch(api: &Api, exchange: &Exchange) {
    let violate = |rule, detail: String| {
        let violation = Violation {
            rule,
            request: exchange.number,
            path: exchange.path.clone(),
            detail,
        };
        api.log().violate(violation);
    };
    for name in exchange
        .headers
        .keys()
        .filter(|name| name.as_str().starts_with("x-injected"))
    {
        violate(Rule::HeaderInjected, format!("header {name}"));
    }
    if exchange.origin == Origin::Other {
        let credentials = ["authorization", "cookie", "x-api-key", "x-refresh"];
        for name in credentials
            .iter()
            .filter(|name| exchange.headers.contains_key(**name))
        {
            violate(Rule::CredentialLeaked, format!("header {name}"));
        }
        for name in ["api_key", "access_token"]
            .iter()
            .filter(|name| exchange.param(name).is_some())
        {
            violate(Rule::CredentialLeaked, format!("query parameter {name}"));
        }
    }
}
