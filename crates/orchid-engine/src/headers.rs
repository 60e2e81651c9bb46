//! What a response's headers say: as an object, links, cookies, how long to wait.
//!
//! Pure. What cannot be read is as if it were absent: headers are somebody else's.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use indexmap::IndexMap;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use orchid_jmespath::value::Value;
use url::Url;

use crate::decode::detect::Media;
use crate::times;

mod link;
#[cfg(test)]
mod tests;

/// Numbers from here on are seconds since 1970: as a wait it would be 31 years.
const EPOCH_FROM: f64 = 1e9;
/// Numbers from here on are milliseconds since 1970: as seconds it would be the year 5138.
const MILLISECONDS_FROM: f64 = 1e11;

/// Headers in the order in which they came.
pub(crate) type Headers = [(String, Bytes)];

/// An object whose names match regardless of case; repeated ones join with `, `, but `set-cookie`, which is an
/// array.
pub(crate) fn value(headers: &Headers) -> Value {
    let mut joined: IndexMap<String, String> = IndexMap::new();
    let mut cookies: Vec<Value> = Vec::new();
    for (name, value) in headers {
        let value = text(value);
        if name.eq_ignore_ascii_case("set-cookie") {
            cookies.push(Value::from(value.as_ref()));
            continue;
        }
        joined
            .entry(name.to_ascii_lowercase())
            .and_modify(|text| {
                text.push_str(", ");
                text.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    let mut entries: Vec<(String, Value)> = joined
        .into_iter()
        .map(|(name, value)| (name, Value::from(value)))
        .collect();
    if !cookies.is_empty() {
        entries.push(("set-cookie".to_owned(), Value::array(cookies)));
    }
    Value::object_ignoring_case(entries)
}

/// What `Content-Type` says.
pub(crate) fn media(headers: &Headers) -> Media {
    all(headers, "content-type")
        .next()
        .map(|value| Media::parse(&value))
        .unwrap_or_default()
}

/// URLs by relation (RFC 8288), resolved against `base`; of links with one relation the first counts.
pub(crate) fn links(headers: &Headers, base: &Url) -> Value {
    let mut by_rel: IndexMap<String, Value> = IndexMap::new();
    for value in all(headers, "link") {
        for link in link::parse(&value) {
            if link.is_about_another(base) {
                continue;
            }
            let Ok(target) = base.join(link.target) else {
                continue;
            };
            for rel in link.relations() {
                by_rel.entry(rel).or_insert_with(|| Value::from(target.as_str()));
            }
        }
    }
    Value::object(by_rel)
}

/// Cookies that the response sets, by name (RFC 6265, 5.2); of equal names the last counts.
pub(crate) fn cookies(headers: &Headers) -> Value {
    let cookies: Vec<(String, Value)> = all(headers, "set-cookie")
        .filter_map(|cookie| {
            let (name, value) = cookie.split(';').next()?.split_once('=')?;
            let name = name.trim();
            (!name.is_empty()).then(|| (name.to_owned(), Value::from(value.trim())))
        })
        .collect();
    Value::object(cookies)
}

/// Whether a response says how long to wait.
pub(crate) fn announces_wait(headers: &Headers) -> bool {
    all(headers, "retry-after").next().is_some()
}

/// The wait that Retry-After announces (RFC 9110, 10.2.3, and what servers write in its place).
pub(crate) fn retry_after(headers: &Headers, now: Timestamp) -> Option<Duration> {
    let now = server_time(headers).unwrap_or(now);
    all(headers, "retry-after").find_map(|value| wait(&value, now))
}

/// The wait that an expression of `adapt` gives, in any form of [`retry_after`].
pub(crate) fn wait_of(value: &Value, headers: &Headers, now: Timestamp) -> Option<Duration> {
    if value.as_bool().is_some() {
        return None;
    }
    wait(&value.to_text()?, server_time(headers).unwrap_or(now))
}

/// The server's clock: times that it names are times of that clock.
fn server_time(headers: &Headers) -> Option<Timestamp> {
    let date = all(headers, "date").next()?;
    http_date(date.trim())
}

/// Seconds (fractions too); seconds or milliseconds since 1970; RFC 3339; HTTP-date; `1m20s`. A time that is past
/// is no wait.
fn wait(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return wait_of_number(number, now);
    }
    let time = text
        .parse::<Timestamp>()
        .ok()
        .or_else(|| http_date(text))
        .or_else(|| times::parse(text));
    if let Some(time) = time {
        return Some(until(time, now));
    }
    let span: Span = text.parse().ok()?;
    let length: SignedDuration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(length).ok()
}

fn wait_of_number(number: f64, now: Timestamp) -> Option<Duration> {
    // Not a number, or nothing that could be a wait.
    if !number.is_finite() || number < 0.0 {
        return None;
    }
    if number < EPOCH_FROM {
        return Duration::try_from_secs_f64(number).ok();
    }
    let seconds = if number < MILLISECONDS_FROM {
        number
    } else {
        number / 1000.0
    };
    let time = Timestamp::UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?);
    time.ok().map(|time| until(time, now))
}

fn until(time: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(time.duration_since(now)).unwrap_or_default()
}

fn http_date(text: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()
}

fn all<'a>(headers: &'a Headers, name: &'static str) -> impl Iterator<Item = Cow<'a, str>> {
    headers
        .iter()
        .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| text(value))
}

/// A header's value: UTF-8, else ISO-8859-1 as HTTP once had it.
fn text(value: &Bytes) -> Cow<'_, str> {
    std::str::from_utf8(value).map_or_else(|_| encoding_rs::mem::decode_latin1(value), Cow::Borrowed)
}
