//! A response's headers and body as values, as far as anybody reads them.

use bytes::Bytes;
use orchid_jmespath::document;
use orchid_jmespath::value::Value;
use orchid_plan::program::Step;
use url::Url;

use crate::fault::{Fault, Kind};
use crate::node::Needs;

/// Characters of a body that a message shows.
const EXCERPT: usize = 200;

/// A body as values.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    /// `json`, `text`, …
    pub format: &'static str,
    /// Parsed; null where nobody reads it, or where it could not be parsed.
    pub body: Value,
    /// As text; null where it is none, or where nobody reads it and it is JSON.
    pub text: Value,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            format: "binary",
            body: Value::NULL,
            text: Value::NULL,
        }
    }
}

/// Reads a body. A failure brings what could be read.
pub(crate) fn read(
    headers: &[(String, Bytes)],
    body: &Bytes,
    step: &Step,
    needs: Needs,
) -> Result<Reading, (Fault, Reading)> {
    let _ = step;
    let text = || Value::from_utf8(body.clone()).unwrap_or(Value::NULL);
    let content_type = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let content_type = content_type.map(|(_, value)| String::from_utf8_lossy(value).to_ascii_lowercase());
    let json = match content_type
        .as_deref()
        .map(|value| value.split(';').next().unwrap_or_default().trim())
    {
        Some(kind) if kind.ends_with("/json") || kind.ends_with("+json") => true,
        Some(kind) if kind.starts_with("text/") => false,
        _ => body.first().is_some_and(|b| b"{[".contains(b)),
    };
    if body.is_empty() {
        return Ok(Reading {
            format: if json { "json" } else { "text" },
            ..Reading::default()
        });
    }
    if !json {
        return Ok(Reading {
            format: "text",
            body: text(),
            text: text(),
        });
    }
    let shown = if needs.text { text() } else { Value::NULL };
    let parsed = if needs.body {
        document::parse(body.clone())
    } else {
        document::check(body).map(|()| Value::NULL)
    };
    match parsed {
        Ok(parsed) => Ok(Reading {
            format: "json",
            body: parsed,
            text: shown,
        }),
        Err(error) => Err((
            Fault::new(Kind::Parse, error.to_string()),
            Reading {
                format: "text",
                body: Value::NULL,
                text: text(),
            },
        )),
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

/// Header names match regardless of case; repeated ones join with `, `, but `set-cookie`, which is an array.
pub(crate) fn headers_value(headers: &[(String, Bytes)]) -> Value {
    let mut joined: indexmap::IndexMap<&str, String> = indexmap::IndexMap::new();
    let mut cookies: Vec<Value> = Vec::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value);
        if name.eq_ignore_ascii_case("set-cookie") {
            cookies.push(Value::from(value.as_ref()));
            continue;
        }
        joined
            .entry(name)
            .and_modify(|text| {
                text.push_str(", ");
                text.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    let mut entries: Vec<(&str, Value)> = joined
        .into_iter()
        .map(|(name, value)| (name, Value::from(value)))
        .collect();
    if !cookies.is_empty() {
        entries.push(("set-cookie", Value::array(cookies)));
    }
    Value::object_ignoring_case(entries)
}

/// RFC 8288 links by relation.
pub(crate) fn links(_headers: &[(String, Bytes)], _base: &Url) -> Value {
    Value::NULL
}

/// Cookies that the response sets, by name.
pub(crate) fn cookies(_headers: &[(String, Bytes)]) -> Value {
    Value::NULL
}

/// A request's body as expressions see it.
pub(crate) fn json_or_text(body: &Bytes) -> Value {
    document::parse(body.clone())
        .or_else(|_| Value::from_utf8(body.clone()))
        .unwrap_or(Value::NULL)
}

/// Whether a response says how long to wait.
pub(crate) fn announces_wait(headers: &[(String, Bytes)]) -> bool {
    headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("retry-after"))
}

/// The wait that Retry-After announces.
pub(crate) fn retry_after(headers: &[(String, Bytes)], _now: jiff::Timestamp) -> Option<std::time::Duration> {
    let (_, value) = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    let seconds: u64 = std::str::from_utf8(value).ok()?.trim().parse().ok()?;
    Some(std::time::Duration::from_secs(seconds))
}

/// The wait that an expression of `adapt` gives.
pub(crate) fn wait_of(
    value: &Value,
    _headers: &[(String, Bytes)],
    _now: jiff::Timestamp,
) -> Option<std::time::Duration> {
    value
        .as_i64()
        .and_then(|n| u64::try_from(n).ok())
        .map(std::time::Duration::from_secs)
}
