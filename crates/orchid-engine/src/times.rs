//! Times in the forms that APIs write them.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use orchid_jmespath::value::Value;

/// Numbers beyond this are milliseconds: as seconds it would be the year 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// A time as text: RFC 3339; a date, or a date and time without offset (taken as UTC); an HTTP-date.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    // Cheap refusal first: saved fields are often ids.
    if !text.is_ascii() || text.len() < 8 || !text.bytes().any(|b| b == b'-' || b == b',') {
        return None;
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return TimeZone::UTC.to_timestamp(time).ok();
    }
    if let Ok(date) = text.parse::<Date>() {
        return TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok();
    }
    let time = httpdate::parse_http_date(text).ok()?;
    Timestamp::try_from(time).ok()
}

/// A time as a value: text as in [`parse`], or seconds or milliseconds since 1970.
pub(crate) fn from_value(value: &Value) -> Option<Timestamp> {
    if let Some(text) = value.as_str() {
        return parse(text.trim());
    }
    let number = value.as_i64()?;
    if number.abs() < MILLISECONDS_FROM {
        Timestamp::from_second(number).ok()
    } else {
        Timestamp::from_millisecond(number).ok()
    }
}
