//! What is emitted: `CloudEvents` 1.0, one per response, failure, and start or end of a run.
//!
//! An event's id is a function of its run, place and bytes alone, so what is emitted again is known by it. A
//! response's body is written byte for byte; all else has been redacted by whoever calls.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use orchid_jmespath::value::Value;
use sha2::{Digest as _, Sha256};
use smol_str::SmolStr;
use uuid::Uuid;

/// One event, ready for a sink.
#[derive(Debug, Clone)]
pub struct Event {
    /// What it tells.
    pub kind: EventKind,
    /// `id` of `CloudEvents`: the same for the same bytes at the same position.
    pub id: String,
    /// The plan's own topic, if it names one.
    pub topic: Option<SmolStr>,
    /// The key, for sinks that have one.
    pub key: String,
    /// The whole event as one line of JSON, without the line break.
    pub json: Bytes,
}

/// The three types of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// `orchid.response.v1`
    Response,
    /// `orchid.error.v1`
    Error,
    /// `orchid.run.v1`
    Run,
}

impl EventKind {
    /// The `type` of `CloudEvents`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Response => "orchid.response.v1",
            Self::Error => "orchid.error.v1",
            Self::Run => "orchid.run.v1",
        }
    }
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Where an event comes from, which with the body's hash makes its id.
pub(crate) struct Origin<'a> {
    pub run_id: Uuid,
    pub step: &'a str,
    pub position: &'a str,
    pub window: &'a str,
    /// Tells events of one place apart that are not told by their bytes: empty for a response.
    pub role: &'a str,
}

impl Origin<'_> {
    /// The id: `UUIDv5` (RFC 9562, 5.5) in the namespace of the run.
    pub(crate) fn id(&self, hash: &str) -> Uuid {
        let Self {
            step,
            position,
            window,
            role,
            ..
        } = self;
        Uuid::new_v5(
            &self.run_id,
            format!("{step}\n{position}\n{window}\n{role}\n{hash}").as_bytes(),
        )
    }
}

/// Writes one JSON object field by field.
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// An open object; `capacity` in bytes.
    pub(crate) fn object(capacity: usize) -> Self {
        let mut out = Vec::with_capacity(capacity);
        out.push(b'{');
        Self { out }
    }

    /// Text.
    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name);
        write_string(&mut self.out, value);
        self
    }

    /// Text, unless it is absent.
    pub(crate) fn maybe(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// A number.
    pub(crate) fn number(&mut self, name: &str, value: u64) -> &mut Self {
        self.name(name);
        self.out.extend_from_slice(value.to_string().as_bytes());
        self
    }

    /// JSON that is valid, with raw line breaks between its tokens replaced by spaces.
    pub(crate) fn raw(&mut self, name: &str, json: &[u8]) -> &mut Self {
        self.name(name);
        let from = self.out.len();
        self.out.extend_from_slice(json);
        // Within strings JSON has no raw line breaks, so each of them stands between tokens.
        for byte in &mut self.out[from..] {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        self
    }

    /// A value as received.
    pub(crate) fn value(&mut self, name: &str, value: &Value) -> &mut Self {
        self.raw(name, value.to_json().as_bytes())
    }

    /// Bytes as base64.
    pub(crate) fn base64(&mut self, name: &str, bytes: &[u8]) -> &mut Self {
        self.name(name);
        self.out.push(b'"');
        self.out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
        self.out.push(b'"');
        self
    }

    /// An object in it.
    pub(crate) fn nested(&mut self, name: &str, fill: impl FnOnce(&mut Self)) -> &mut Self {
        self.name(name);
        self.out.push(b'{');
        fill(self);
        self.out.push(b'}');
        self
    }

    /// What `fill` writes, gone through as text: one search for many fields.
    pub(crate) fn through(
        &mut self,
        edit: impl FnOnce(&str) -> Cow<'_, str>,
        fill: impl FnOnce(&mut Self),
    ) -> &mut Self {
        let from = self.out.len();
        fill(self);
        // Everything written here is text; were it not, it would be left out rather than shown as it is.
        let edited = match std::str::from_utf8(&self.out[from..]) {
            Ok(text) => match edit(text) {
                Cow::Borrowed(_) => return self,
                Cow::Owned(edited) => edited,
            },
            Err(_) => String::new(),
        };
        self.out.truncate(from);
        self.out.extend_from_slice(edited.as_bytes());
        self
    }

    /// The whole.
    pub(crate) fn finish(mut self) -> Bytes {
        self.out.push(b'}');
        Bytes::from(self.out)
    }

    fn name(&mut self, name: &str) {
        if self.out.last() != Some(&b'{') {
            self.out.push(b',');
        }
        write_string(&mut self.out, name);
        self.out.push(b':');
    }
}

fn write_string(out: &mut Vec<u8>, text: &str) {
    // Writing text to memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}
