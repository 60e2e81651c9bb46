//! One request and what came of it: read, and offered to expressions as `response`.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use orchid_jmespath::value::Value;
use smol_str::SmolStr;
use url::Url;

use crate::budget::Charge;
use crate::fault::{Fault, Kind};
use crate::headers;
use crate::node::Node;
use crate::ports::Reply;
use crate::reading::{self, Reading};
use crate::render::Rendered;
use crate::scope::number;

/// One request and what came of it.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub request: Rendered,
    /// From 1.
    pub attempt: u64,
    /// When it was complete.
    pub at: Timestamp,
    /// The status line and headers, if they came.
    pub reply: Option<Head>,
    /// The body as received; what there is of it where it could not be read.
    pub body: Bytes,
    /// How the body was read.
    pub reading: Reading,
    /// Why there is no response, or why it could not be read.
    pub fault: Option<Fault>,
    /// The `response` root.
    pub value: Value,
    /// What it holds of the byte budget.
    pub charge: Charge,
}

/// Status line and headers.
#[derive(Debug)]
pub(crate) struct Head {
    pub status: u16,
    pub headers: Vec<(String, Bytes)>,
    pub url: Url,
    pub duration: Duration,
}

impl Exchange {
    /// Reads what came.
    pub(crate) fn new(
        node: &Node,
        mut request: Rendered,
        attempt: u64,
        at: Timestamp,
        came: Result<Reply, Fault>,
    ) -> Self {
        let charge = std::mem::replace(&mut request.outgoing.charge, Charge::unbounded());
        let (reply, body, mut fault) = match came {
            Err(fault) => (None, Bytes::new(), Some(fault)),
            Ok(reply) => {
                let (body, fault) = match reply.body {
                    Ok(body) => (body, None),
                    Err((fault, partial)) => (partial, Some(fault)),
                };
                let Reply {
                    status,
                    headers,
                    url,
                    duration,
                    ..
                } = reply;
                (
                    Some(Head {
                        status,
                        headers,
                        url,
                        duration,
                    }),
                    body,
                    fault,
                )
            }
        };
        let mut reading = Reading::default();
        match (&reply, &fault) {
            (None, _) => {}
            (Some(head), Some(_)) => reading = reading::partial(&head.headers, &body),
            (Some(head), None) => {
                let (read, failed) = reading::read(&head.headers, &body, &node.step, node.needs);
                reading = read;
                // On an error page of another format than announced the text remains.
                fault = failed.filter(|_| head.status < 300);
            }
        }
        let mut exchange = Self {
            request,
            attempt,
            at,
            reply,
            body,
            reading,
            fault,
            value: Value::NULL,
            charge,
        };
        exchange.value = exchange.as_response(node);
        exchange
    }

    /// The status, if one came.
    pub(crate) fn status(&self) -> Option<u16> {
        self.reply.as_ref().map(|head| head.status)
    }

    /// `kind`, `status_code` and `message`, as the next attempt sees them in `context.last_error`.
    pub(crate) fn as_last_error(&self, fault: &Fault) -> Value {
        Value::object([
            ("kind", Value::from(fault.kind.to_string())),
            (
                "status_code",
                self.status()
                    .map_or(Value::NULL, |status| Value::from(u32::from(status))),
            ),
            ("message", Value::from(fault.message.as_str())),
        ])
    }

    /// Why the step fails with this response.
    pub(crate) fn as_fault(&self) -> Fault {
        if let Some(fault) = &self.fault {
            return fault.clone();
        }
        let status = self.status().unwrap_or_default();
        let reason = reading::excerpt(&self.reading, &self.body);
        let reason = if reason.is_empty() {
            reason
        } else {
            format!(": {reason}")
        };
        Fault::new(Kind::Status, format!("the API answered {status}{reason}"))
    }

    fn as_response(&self, node: &Node) -> Value {
        let needs = node.needs;
        if !needs.any {
            return Value::NULL;
        }
        let mut entries: Vec<(SmolStr, Value)> = Vec::with_capacity(13);
        let mut put = |name: &'static str, value: Value| entries.push((SmolStr::new_static(name), value));
        put("error", self.error());
        put("size", Value::from(self.body.len()));
        if needs.request {
            put("request", self.request_value());
        }
        if needs.body {
            put("body", self.reading.body.clone());
        }
        if needs.text {
            put("text", self.reading.text.clone());
        }
        put(
            "format",
            if self.reply.is_some() {
                Value::from(self.reading.format)
            } else {
                Value::NULL
            },
        );
        let Some(head) = &self.reply else {
            put("status_code", Value::NULL);
            return Value::object(entries);
        };
        put("status_code", Value::from(u32::from(head.status)));
        let asked_with_secret = self.request.outgoing.secret_query;
        put("url", marked(Value::from(head.url.as_str()), asked_with_secret));
        put(
            "duration_ms",
            number(u64::try_from(head.duration.as_millis()).unwrap_or(u64::MAX)),
        );
        if needs.headers {
            put("headers", headers::value(&head.headers));
        }
        if needs.links {
            put("links", headers::links(&head.headers, &head.url));
        }
        if needs.cookies {
            put("cookies", headers::cookies(&head.headers));
        }
        Value::object(entries)
    }

    fn error(&self) -> Value {
        let Some(fault) = &self.fault else {
            return Value::NULL;
        };
        Value::object([
            ("kind", Value::from(fault.kind.to_string())),
            ("message", Value::from(fault.message.as_str())),
        ])
    }

    /// The request as expressions see it. What came from a secret stays one.
    fn request_value(&self) -> Value {
        let Rendered {
            outgoing,
            params,
            secret_params,
            ..
        } = &self.request;
        let params = params.iter().map(|(name, value)| {
            let is_secret = secret_params.contains(name);
            (name.as_str(), marked(Value::from(value.as_str()), is_secret))
        });
        let body = outgoing.body.as_ref().map_or(Value::NULL, reading::json_or_text);
        Value::object([
            ("method", Value::from(outgoing.method.as_str())),
            (
                "url",
                marked(Value::from(outgoing.url.as_str()), outgoing.secret_query),
            ),
            ("params", Value::object(params)),
            ("body", marked(body, outgoing.secret_body)),
        ])
    }
}

fn marked(value: Value, is_secret: bool) -> Value {
    if is_secret { value.into_secret() } else { value }
}
