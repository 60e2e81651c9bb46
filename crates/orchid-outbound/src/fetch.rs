//! [`Fetch`] on a real network: one attempt, redirects included.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::Method;
use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING,
};
use orchid_engine::fault::{Fault, Kind};
use orchid_engine::origin;
use orchid_engine::ports::{Fetch, HttpSettings, Outgoing, Reply};
use tokio::time::{Instant, timeout_at};

use crate::address::Egress;
use crate::body::{self, Bounds};
use crate::client;
use crate::encoding;
use crate::failure::{self, Phase};
use crate::redirect::{Decision, Hop, Part};
use crate::resolver::{self, Guard, Lookup};

/// A redirect's own body is read up to here, so that its connection can be used again.
const DRAINED: u64 = 16 * 1024;
/// And no longer than this.
const DRAIN_TIME: Duration = Duration::from_millis(200);

/// Sends the requests of one integration under one config. Its connections are kept and shared by all that clone it.
#[derive(Clone)]
pub struct Outbound {
    client: reqwest::Client,
    egress: Arc<Egress>,
    patience: Patience,
}

/// Bounds on waiting that no step can widen.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Until a connection stands: name, TCP and TLS together.
    pub connect: Duration,
    /// Between two pieces of a body.
    pub idle: Duration,
}

impl Default for Patience {
    /// 10 s and 60 s (language, section 5).
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_mins(1),
        }
    }
}

impl Outbound {
    /// A client with these settings. Fails with kind `definition` for settings that are malformed (certificates, keys,
    /// proxy), and with kind `address` for a proxy that may not be contacted.
    pub fn new(egress: Egress, settings: &HttpSettings) -> Result<Self, Fault> {
        Self::with_patience(egress, settings, Patience::default())
    }

    /// As [`Outbound::new`], with other bounds on waiting.
    pub fn with_patience(egress: Egress, settings: &HttpSettings, patience: Patience) -> Result<Self, Fault> {
        Self::build(egress, settings, patience, resolver::system())
    }

    fn build(
        egress: Egress,
        settings: &HttpSettings,
        patience: Patience,
        lookup: Lookup,
    ) -> Result<Self, Fault> {
        let egress = Arc::new(egress);
        let guard = Guard::new(Arc::clone(&egress), lookup);
        let client = client::build(&egress, guard, settings, patience.connect)?;
        Ok(Self {
            client,
            egress,
            patience,
        })
    }

    async fn send(
        &self,
        hop: &Hop,
        request: &Outgoing,
        deadline: Instant,
    ) -> Result<reqwest::Response, Fault> {
        let mut outgoing = reqwest::Request::new(hop.method.clone(), hop.url.clone());
        *outgoing.headers_mut() = headers(hop, request)?;
        if hop.body == Part::Kept {
            *outgoing.body_mut() = request.body.clone().map(Into::into);
        }
        match timeout_at(deadline, self.client.execute(outgoing)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) if error.is_connect() && error.is_timeout() => {
                let message = format!(
                    "{}: no connection within {:?}",
                    origin::shown(&hop.url),
                    self.patience.connect
                );
                Err(Fault::new(Kind::Timeout, message))
            }
            Ok(Err(error)) => Err(failure::classify(&error, &hop.url, Phase::Head)),
            Err(_) => {
                let from = origin::shown(&hop.url);
                let message = format!(
                    "{from}: no answer within the step's `timeout` of {:?}",
                    request.timeout
                );
                Err(Fault::new(Kind::Timeout, message))
            }
        }
    }
}

#[async_trait]
impl Fetch for Outbound {
    async fn fetch(&self, request: &Outgoing) -> Result<Reply, Fault> {
        let started = Instant::now();
        let bounds = Bounds {
            max: request.max_response_bytes,
            idle: self.patience.idle,
            deadline: started + request.timeout,
            timeout: request.timeout,
            charge: request.charge.clone(),
        };
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| {
            Fault::new(
                Kind::Definition,
                format!("`{}` is not an HTTP method", request.method.escape_debug()),
            )
        })?;
        self.egress.check_url(&request.url)?;
        let mut hop = Hop::first(method, request);
        loop {
            let response = self.send(&hop, request, bounds.deadline).await?;
            let mut decision = hop.decide(request, response.status(), response.headers());
            if let Decision::Follow(next) = &decision
                && let Err(fault) = self.egress.check_url(&next.url)
            {
                let message = format!(
                    "{} redirects where it must not: {}",
                    origin::shown(&hop.url),
                    fault.message
                );
                decision = Decision::Refuse(Fault::new(fault.kind, message));
            }
            let refusal = match decision {
                Decision::Follow(next) => {
                    body::drain(
                        response,
                        DRAINED,
                        bounds.deadline.min(Instant::now() + DRAIN_TIME),
                    )
                    .await;
                    hop = next;
                    continue;
                }
                Decision::Refuse(fault) => Some(fault),
                Decision::Answer => None,
            };
            return Ok(Reply {
                status: response.status().as_u16(),
                headers: received(response.headers()),
                peer: response.remote_addr(),
                body: match refusal {
                    Some(fault) => Err((fault, Bytes::new())),
                    None => body::read(response, &hop.url, bounds.clone()).await,
                },
                url: hop.url,
                duration: started.elapsed(),
            });
        }
    }
}

/// The headers of one hop. Those that describe the connection are the client's own business.
fn headers(hop: &Hop, request: &Outgoing) -> Result<HeaderMap, Fault> {
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 4);
    for header in &request.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| {
            let shown = header.name.escape_debug();
            Fault::new(Kind::Definition, format!("`{shown}` is not the name of a header"))
        })?;
        if [CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION].contains(&name)
            || !hop.carries(&name, header.secret)
        {
            continue;
        }
        let mut value = HeaderValue::from_str(&header.value)
            .or_else(|_| HeaderValue::from_bytes(header.value.as_bytes()))
            .map_err(|_| {
                Fault::new(
                    Kind::Definition,
                    format!("the value of the header `{name}` has a control character in it"),
                )
            })?;
        value.set_sensitive(header.secret);
        headers.append(name, value);
    }
    headers
        .entry(ACCEPT_ENCODING)
        .or_insert(HeaderValue::from_static(encoding::ACCEPTED));
    Ok(headers)
}

fn received(headers: &HeaderMap) -> Vec<(String, Bytes)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), Bytes::copy_from_slice(value.as_bytes())))
        .collect()
}

#[cfg(test)]
mod tests;
