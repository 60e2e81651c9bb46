//! One request, as read whole from the wire.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::{HeaderMap, Method};
use serde::Serialize;
use serde_json::Value;
use url::form_urlencoded;

use crate::clock::parse_duration;
use crate::wire::{Script, Takeover};

/// Which of the two sockets a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The API.
    Main,
    /// The second origin, which no credential may reach.
    Other,
}

/// One request.
pub(crate) struct Exchange {
    pub(crate) origin: Origin,
    /// Scheme and authority by which the client called, as `http://127.0.0.1:1234`.
    pub(crate) called: String,
    pub(crate) method: Method,
    /// As sent, percent-encoded.
    pub(crate) path: String,
    /// Decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Since the start of the API.
    pub(crate) arrived: Duration,
    /// Position in the log.
    pub(crate) number: usize,
    pub(crate) takeover: Arc<Takeover>,
}

impl Exchange {
    /// The first query parameter of that name.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A query parameter as a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.param(name)?.parse().ok()
    }

    /// A query parameter as a duration.
    pub(crate) fn duration(&self, name: &str) -> Option<Duration> {
        parse_duration(self.param(name)?)
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as a form; empty where it is none.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// The body as JSON; null where it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The absolute URL of this request with some query parameters set, the others kept.
    pub(crate) fn link(&self, set: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(
            self.query
                .iter()
                .filter(|(key, _)| set.iter().all(|(name, _)| name != key)),
        );
        query.extend_pairs(set);
        format!("{}{}?{}", self.called, self.path, query.finish())
    }

    /// The absolute URL of another path of the same origin.
    pub(crate) fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.called)
    }

    /// Writes `script` to the socket in place of whatever the handler returns.
    pub(crate) fn take_over(&self, script: Script) {
        self.takeover.set(script);
    }
}
