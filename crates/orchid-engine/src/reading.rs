//! A response's body as far as anybody reads it, and as it goes into events.

use bytes::Bytes;
use orchid_jmespath::document;
use orchid_jmespath::value::Value;
use orchid_plan::program::Step;

use crate::decode::charset::{self, Text};
use crate::decode::{self, Ask, Decoded, Recipe, Unread};
use crate::fault::Fault;
use crate::headers::{self, Headers};
use crate::node::Needs;

/// Characters of a body that a message shows.
const EXCERPT: usize = 200;

/// A body as values, and as events embed it.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// `json`, `text`, …
    pub format: &'static str,
    /// Parsed; null where nobody reads it, or where it could not be parsed.
    pub body: Value,
    /// As text; null where it is none, or where nobody reads it and it is JSON.
    pub text: Value,
    /// What an event holds of it.
    pub embedded: Embedded,
}

/// How an event holds a body.
#[derive(Debug, Clone)]
pub(crate) enum Embedded {
    /// `null`: it is empty.
    Nothing,
    /// JSON, in UTF-8 and without a byte-order mark; else byte for byte as received.
    Json(Bytes),
    /// A text in UTF-8, as a string.
    Text(Bytes),
    /// The bytes as received.
    Base64,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            format: "binary",
            body: Value::NULL,
            text: Value::NULL,
            embedded: Embedded::Base64,
        }
    }
}

/// Reads a body; where that fails, the fault comes with what could be read.
pub(crate) fn read(headers: &Headers, body: &Bytes, step: &Step, needs: Needs) -> (Reading, Option<Fault>) {
    let media = headers::media(headers);
    let recipe = Recipe {
        media: &media,
        parse: step.parse.as_ref(),
        ask: if needs.body { Ask::Value } else { Ask::Check },
        limit: step.max_response_bytes,
    };
    let is_packed = step.parse.as_ref().is_some_and(|parse| !parse.unpack.is_empty());
    match decode::decode(body, &recipe) {
        Ok(Decoded {
            format,
            body: value,
            text,
        }) => {
            let embedded = match &text {
                _ if body.is_empty() => Embedded::Nothing,
                Some(text) if !is_packed => embedded(format, text),
                _ => Embedded::Base64,
            };
            let text = text.filter(|_| format != "json" || needs.text);
            let reading = Reading {
                format,
                body: value,
                text: text.map_or(Value::NULL, |text| text.to_value()),
                embedded,
            };
            (reading, None)
        }
        Err(Unread { fault, text }) => (as_text(text.filter(|_| !is_packed).as_ref()), Some(fault)),
    }
}

/// What came of a body that did not come whole, as far as it is text.
pub(crate) fn partial(headers: &Headers, body: &Bytes) -> Reading {
    let text = charset::decode(body, headers::media(headers).charset.as_deref());
    as_text(Some(&text))
}

fn as_text(text: Option<&Text>) -> Reading {
    let Some(text) = text else {
        return Reading::default();
    };
    Reading {
        format: "text",
        body: Value::NULL,
        text: text.to_value(),
        embedded: embedded("text", text),
    }
}

fn embedded(format: &str, text: &Text) -> Embedded {
    match text.exact() {
        Err(_) => Embedded::Base64,
        Ok(utf8) if format == "json" => Embedded::Json(utf8.clone()),
        Ok(utf8) => Embedded::Text(utf8.clone()),
    }
}

/// The start of a body, for a message.
pub(crate) fn excerpt(reading: &Reading, body: &Bytes) -> String {
    let text = match reading.text.as_str() {
        Some(text) => text.to_owned(),
        None if reading.format == "binary" => return String::new(),
        None => String::from_utf8_lossy(&body[..body.len().min(EXCERPT * 4)]).into_owned(),
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A request's body as expressions see it.
pub(crate) fn json_or_text(body: &Bytes) -> Value {
    document::parse(body.clone())
        .or_else(|_| Value::from_utf8(body.clone()))
        .unwrap_or(Value::NULL)
}
