//! A run's events, put together from what happened.

use bytes::Bytes;
use orchid_jmespath::value::Value;
use orchid_plan::program::{Emit, Step};
use smol_str::SmolStr;
use uuid::Uuid;

use crate::event::{Event, EventKind, Origin, Writer, sha256};
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::outcome::{Counts, Outcome};
use crate::reading::Embedded;
use crate::redact::{self, REDACTED};
use crate::run::Run;
use crate::scope::{Place, Root, expression_fault, time_text};
use crate::text;

/// Bytes of a body that an error record shows.
const ERROR_BODY: usize = 64 << 10;

/// Where something happened, for its events.
pub(crate) struct Site<'a> {
    pub run: &'a Run,
    pub step: &'a Step,
    pub place: &'a Place,
    pub iteration: u64,
    /// The place's position and the iteration.
    pub position: &'a str,
}

/// The event of a response, and its id; no event where the step does not emit it.
pub(crate) fn response(
    site: &Site<'_>,
    exchange: &Exchange,
    root: &Root,
) -> Result<(Uuid, Option<Event>), Fault> {
    let hash = sha256(&exchange.body);
    let id = site.origin("").id(&hash);
    let chosen = match &site.step.emit {
        Emit::Nothing => return Ok((id, None)),
        Emit::Response => None,
        Emit::Expression(e) => {
            let value = root
                .value(e)
                .map_err(|error| expression_fault("emit", e, &error))?;
            match value.as_bool() {
                Some(true) => None,
                Some(false) => return Ok((id, None)),
                None => Some(value),
            }
        }
    };
    let topic = optional("topic", site.step.topic.as_ref(), root)?;
    let key = optional("key", site.step.key.as_ref(), root)?;
    let mut out = site.envelope(
        EventKind::Response,
        &id,
        Some(exchange),
        exchange.body.len() + 2048,
    );
    out.text("bodysha256", &hash);
    out.nested("data", |data| {
        site.request(data, exchange);
        data.nested("response", |out| {
            site.head(out, exchange);
            match &chosen {
                Some(value) => {
                    out.value("body", value);
                }
                None => body(out, exchange),
            }
        });
        site.item(data);
    });
    Ok((id, Some(site.event(EventKind::Response, &id, topic, key, out))))
}

/// The record of a failure.
pub(crate) fn error(site: &Site<'_>, fault: &Fault, exchange: Option<&Exchange>) -> Event {
    let hash = exchange
        .map(|exchange| sha256(&exchange.body))
        .unwrap_or_default();
    let id = site
        .origin("error")
        .id(&format!("{}\n{}\n{hash}", fault.kind, fault.message));
    let mut out = site.envelope(EventKind::Error, &id, exchange, 2048);
    out.nested("data", |data| {
        data.nested("error", |out| {
            out.text("kind", &fault.kind.to_string())
                .text("message", &site.run.redact(&fault.message));
        });
        if let Some(exchange) = exchange {
            site.request(data, exchange);
            if exchange.reply.is_some() {
                data.nested("response", |out| {
                    site.head(out, exchange);
                    short_body(out, exchange);
                });
            }
        }
        site.item(data);
        data.raw(
            "dead_letter",
            if site.place.above.item.is_some() {
                b"true"
            } else {
                b"false"
            },
        );
    });
    site.event(EventKind::Error, &id, None, None, out)
}

/// A run's start.
pub(crate) fn start(run: &Run) -> Event {
    run_event(run, "started", |_| {})
}

/// A run's end.
pub(crate) fn end(run: &Run, outcome: Outcome, fault: Option<&Fault>, counts: &Counts) -> Event {
    run_event(run, "ended", |data| {
        data.raw("outcome", &json(&outcome)).raw("counts", &json(counts));
        if let Some(fault) = fault {
            data.nested("error", |out| {
                out.text("kind", &fault.kind.to_string())
                    .text("message", &run.redact(&fault.message));
            });
        }
    })
}

fn run_event(run: &Run, state: &str, more: impl FnOnce(&mut Writer)) -> Event {
    let plan = run.spec.plan.as_str();
    let origin = Origin {
        run_id: run.spec.run_id,
        step: plan,
        position: "",
        window: "",
        role: state,
    };
    let id = origin.id("");
    let mut out = head(run, EventKind::Run, &id, plan, run.ports.clock.now());
    out.nested("data", |data| {
        data.text("state", state)
            .text("scheduled_at", &time_text(run.spec.scheduled_at))
            .text("started_at", &time_text(run.started_at));
        more(data);
    });
    let key = run.key();
    Event {
        kind: EventKind::Run,
        id: id.to_string(),
        topic: None,
        key,
        json: out.finish(),
    }
}

fn head(run: &Run, kind: EventKind, id: &Uuid, subject: &str, time: jiff::Timestamp) -> Writer {
    let mut out = Writer::object(2048);
    attributes(&mut out, run, kind, id, subject, time);
    out
}

fn attributes(out: &mut Writer, run: &Run, kind: EventKind, id: &Uuid, subject: &str, time: jiff::Timestamp) {
    let trace = run.spec.run_id.simple();
    let span = &id.simple().to_string()[..16];
    out.text("specversion", "1.0")
        .text("type", kind.name())
        .text("source", &run.source)
        .text("subject", subject)
        .text("id", &id.to_string())
        .text("time", &time_text(time))
        .text("datacontenttype", "application/json")
        .text("traceparent", &format!("00-{trace}-{span}-01"))
        .text("runid", &run.spec.run_id.to_string())
        .number("epoch", run.spec.epoch);
}

fn json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec())
}

impl Site<'_> {
    fn origin<'a>(&'a self, role: &'a str) -> Origin<'a> {
        Origin {
            run_id: self.run.spec.run_id,
            step: &self.step.path,
            position: self.position,
            window: &self.place.piece.name,
            role,
        }
    }

    fn envelope(&self, kind: EventKind, id: &Uuid, exchange: Option<&Exchange>, capacity: usize) -> Writer {
        let mut out = Writer::object(capacity);
        let time = exchange.map_or_else(|| self.run.ports.clock.now(), |exchange| exchange.at);
        attributes(&mut out, self.run, kind, id, &self.step.path, time);
        out.text("position", self.position)
            .number("iteration", self.iteration);
        if let Some(exchange) = exchange {
            out.number("attempt", exchange.attempt);
        }
        if !self.place.piece.name.is_empty() {
            out.text("window", &self.place.piece.name);
        }
        out
    }

    fn event(
        &self,
        kind: EventKind,
        id: &Uuid,
        topic: Option<String>,
        key: Option<String>,
        out: Writer,
    ) -> Event {
        Event {
            kind,
            id: id.to_string(),
            topic: topic.map(SmolStr::from),
            key: key.unwrap_or_else(|| self.run.key()),
            json: out.finish(),
        }
    }

    fn request(&self, out: &mut Writer, exchange: &Exchange) {
        let request = &exchange.request.outgoing;
        let fill = |out: &mut Writer| {
            out.nested("request", |out| {
                out.text("method", &request.method)
                    .text("url", &self.run.show_url(&exchange.request, &request.url));
                out.nested("headers", |out| {
                    for header in &request.headers {
                        let value = if redact::is_credential(header) {
                            REDACTED
                        } else {
                            &header.value
                        };
                        out.text(&header.name.to_ascii_lowercase(), value);
                    }
                });
            });
        };
        out.through(|text| self.run.redactor.redact(text), fill);
    }

    fn head(&self, out: &mut Writer, exchange: &Exchange) {
        let Some(head) = &exchange.reply else { return };
        out.number("status_code", u64::from(head.status));
        let fill = |out: &mut Writer| {
            out.nested("headers", |out| response_headers(out, &head.headers));
            out.text("url", &self.run.show_url(&exchange.request, &head.url));
        };
        out.through(|text| self.run.redactor.redact(text), fill);
        out.text("format", exchange.reading.format)
            .number("size", exchange.body.len() as u64)
            .number(
                "duration_ms",
                u64::try_from(head.duration.as_millis()).unwrap_or(u64::MAX),
            );
    }

    fn item(&self, out: &mut Writer) {
        if let Some((item, index)) = &self.place.item {
            out.value("item", &public(self.run, item))
                .number("index", *index as u64);
        }
        out.maybe("parent_id", self.place.parent_id.as_deref());
    }
}

fn optional(
    field: &str,
    template: Option<&orchid_plan::program::Template>,
    root: &Root,
) -> Result<Option<String>, Fault> {
    let Some(template) = template else { return Ok(None) };
    let text = text::text(field, template, root)?;
    Ok(text.map(|text| text.text).filter(|text| !text.is_empty()))
}

/// By name; repeated ones join with `, `. What sets cookies is a credential.
fn response_headers(out: &mut Writer, headers: &[(String, Bytes)]) {
    let mut sorted: Vec<&(String, Bytes)> = headers.iter().collect();
    sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
    for same in sorted.chunk_by(|(a, _), (b, _)| a == b) {
        let name = same[0].0.as_str();
        if name.eq_ignore_ascii_case("set-cookie") {
            out.raw(name, format!("[\"{REDACTED}\"]").as_bytes());
        } else if let [(_, value)] = same {
            out.text(name, &String::from_utf8_lossy(value));
        } else {
            let values: Vec<_> = same
                .iter()
                .map(|(_, value)| String::from_utf8_lossy(value))
                .collect();
            out.text(name, &values.join(", "));
        }
    }
}

/// An item that comes from a secret of the config is not data.
fn public(run: &Run, item: &Value) -> Value {
    if item.is_secret() {
        Value::from(run.redact(&item.to_json()))
    } else {
        item.clone()
    }
}

fn body(out: &mut Writer, exchange: &Exchange) {
    match &exchange.reading.embedded {
        Embedded::Nothing => out.raw("body", b"null"),
        Embedded::Json(json) => out.raw("body", json),
        Embedded::Text(utf8) => out.text("body", &String::from_utf8_lossy(utf8)),
        Embedded::Base64 => out.base64("body_base64", &exchange.body),
    };
}

fn short_body(out: &mut Writer, exchange: &Exchange) {
    if exchange.body.len() <= ERROR_BODY && exchange.fault.is_none() {
        body(out, exchange);
        return;
    }
    let cut = exchange.body.slice(..exchange.body.len().min(ERROR_BODY));
    match std::str::from_utf8(&cut) {
        Ok(text) => out.text("body", text),
        Err(error) if error.valid_up_to() + 4 > cut.len() => {
            out.text("body", &String::from_utf8_lossy(&cut[..error.valid_up_to()]))
        }
        Err(_) => out.base64("body_base64", &cut),
    };
    if cut.len() < exchange.body.len() {
        out.raw("body_cut", b"true");
    }
}
