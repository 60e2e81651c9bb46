//! Times as the world writes them: RFC 3339 and its relatives, HTTP and mail dates, epoch figures, strftime.

use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::{rfc2822, strtime, temporal};
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::functions::decimal::Decimal;
use crate::functions::refusal::Refusal;

/// The longest text that is looked at as a time, and the longest format, in bytes.
pub(crate) const MAX_TEXT: usize = 256;

/// The zones that are compiled in: results depend on no file of the machine.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A zone by its IANA name (`Europe/Berlin`), or a fixed offset (`+02:00`).
pub(crate) fn zone(name: &str) -> Result<TimeZone, Refusal> {
    let refused = || {
        Refusal::new("is not a time zone")
            .with_help("use a name such as 'Europe/Berlin' or an offset such as '+02:00'")
    };
    if name.len() > MAX_TEXT {
        return Err(refused());
    }
    if name.starts_with(['+', '-']) {
        return strtime::parse("%:z", name)
            .or_else(|_| strtime::parse("%z", name))
            .ok()
            .and_then(|time| time.offset())
            .map(TimeZone::fixed)
            .ok_or_else(refused);
    }
    ZONES.get(name).map_err(|_| refused())
}

/// Reads a time leniently; without an offset of its own it is taken to be in `zone`.
pub(crate) fn lenient(text: &str, zone: &TimeZone) -> Result<Timestamp, Refusal> {
    let text = text.trim();
    let refused = || {
        Refusal::new("is not a time in any of the forms that are told apart by themselves")
            .with_help("give its form: parse_time(value, '%d.%m.%Y %H:%M')")
    };
    if text.len() > MAX_TEXT {
        return Err(refused());
    }
    if let Some(decimal) = Decimal::parse(text) {
        return compact(text, zone)
            .or_else(|| epoch(&decimal))
            .ok_or_else(refused);
    }
    calendar(text, zone)
        .or_else(|| {
            httpdate::parse_http_date(text)
                .ok()
                .and_then(|time| Timestamp::try_from(time).ok())
        })
        .or_else(|| {
            rfc2822::DateTimeParser::new()
                .relaxed_weekday(true)
                .parse_timestamp(text)
                .ok()
        })
        .or_else(|| dot_net(text))
        .ok_or_else(refused)
}

/// Seconds since 1970, or milliseconds (from 10^11), microseconds (10^14), nanoseconds (10^17): told by size.
pub(crate) fn epoch(number: &Decimal) -> Option<Timestamp> {
    let digits = match number.truncated().integer()?.unsigned_abs() {
        0..100_000_000_000 => 9,
        100_000_000_000..100_000_000_000_000 => 6,
        100_000_000_000_000..100_000_000_000_000_000 => 3,
        _ => 0,
    };
    epoch_in(number, digits)
}

/// An epoch figure whose unit is `10^digits` nanoseconds.
fn epoch_in(number: &Decimal, digits: i64) -> Option<Timestamp> {
    let nanoseconds = number.clone().shifted(digits).floor()?;
    Timestamp::from_nanosecond(nanoseconds).ok()
}

/// Reads `text` as `format` says: strftime, or one of the names that `format_time` knows.
pub(crate) fn formatted(text: &str, format: &str, zone: &TimeZone) -> Result<Timestamp, Refusal> {
    let text = text.trim();
    let refused = || Refusal::new("is not a time of the given form");
    let figure = |digits| {
        Decimal::parse(text)
            .and_then(|number| epoch_in(&number, digits))
            .ok_or_else(refused)
    };
    if text.len() > MAX_TEXT || format.len() > MAX_TEXT {
        return Err(refused());
    }
    match format {
        "iso" | "date" | "http" | "basic" => return lenient(text, zone),
        "epoch" => return figure(9),
        "epoch_ms" => return figure(6),
        _ => {}
    }
    let parsed = strtime::parse(format, text).map_err(|_| refused())?;
    if let Ok(time) = parsed.to_timestamp() {
        return Ok(time);
    }
    let zone = match parsed.iana_time_zone() {
        Some(name) => self::zone(name)?,
        None => zone.clone(),
    };
    let date = parsed.to_date().map_err(|_| refused())?;
    let time = if parsed.hour().is_some() {
        parsed.to_time().map_err(|_| refused())?
    } else {
        Time::midnight()
    };
    local(date.to_datetime(time), &zone).ok_or_else(refused)
}

/// A local time in a zone; in the gap of a clock change the time after it, in a fold the first one.
pub(crate) fn local(datetime: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_timestamp(datetime).ok()
}

/// `20260102` and `20260102030405`, which would be epoch figures that nobody means.
fn compact(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<i8>().ok();
    if !matches!(text.len(), 8 | 14) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let year = text[..4]
        .parse::<i16>()
        .ok()
        .filter(|year| (1900..2200).contains(year))?;
    let date = Date::new(year, part(4..6)?, part(6..8)?).ok()?;
    let time = match text.len() {
        8 => Time::midnight(),
        _ => Time::new(part(8..10)?, part(10..12)?, part(12..14)?, 0).ok()?,
    };
    local(date.to_datetime(time), zone)
}

/// RFC 3339, ISO 8601 and what is near them: a space for the `T`, an offset behind a space, `UTC` at the end.
fn calendar(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let mut text = text.to_owned();
    let mut utc = false;
    for name in [" UTC", " GMT", " Z"] {
        if let Some(rest) = text.strip_suffix(name) {
            (utc, text) = (true, rest.trim_end().to_owned());
            break;
        }
    }
    if let Some(at) = text
        .rfind([' '])
        .filter(|at| text[at + 1..].starts_with(['+', '-']))
    {
        text.remove(at);
    }
    if text.len() == 7 && text.as_bytes()[4] == b'-' {
        text.push_str("-01");
    }
    let pieces = temporal::DateTimeParser::new().parse_pieces(&text).ok()?;
    let datetime = pieces
        .date()
        .to_datetime(pieces.time().unwrap_or_else(Time::midnight));
    if let Some(offset) = pieces.to_numeric_offset() {
        return offset.to_timestamp(datetime).ok();
    }
    match pieces.time_zone_annotation() {
        Some(annotation) => {
            let zone = annotation.to_time_zone_with(&ZONES).ok()?;
            local(datetime, &zone)
        }
        None if utc => local(datetime, &TimeZone::UTC),
        None => local(datetime, zone),
    }
}

/// `/Date(1439434356790+0000)/`, as .NET's old serialiser writes.
fn dot_net(text: &str) -> Option<Timestamp> {
    let inner = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
    let end = inner.get(1..)?.find(['+', '-']).map_or(inner.len(), |at| at + 1);
    Timestamp::from_millisecond(inner[..end].parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        lenient(text, &TimeZone::UTC).ok().map(|time| time.to_string())
    }

    #[test]
    fn reads_what_is_met_in_the_wild() {
        for (text, expected) in [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
            ("2026-01-02t03:04:05z", "2026-01-02T03:04:05Z"),
            (" 2026-01-02T03:04:05Z\n", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04:05.123456789Z", "2026-01-02T03:04:05.123456789Z"),
            ("2026-01-02T03:04:05.120Z", "2026-01-02T03:04:05.12Z"),
            ("2026-01-02T03:04:05,5Z", "2026-01-02T03:04:05.5Z"),
            ("2026-01-02T03:04:05+01:00", "2026-01-02T02:04:05Z"),
            ("2026-01-02T03:04:05-0330", "2026-01-02T06:34:05Z"),
            ("2026-01-02T03:04:05+01", "2026-01-02T02:04:05Z"),
            ("2026-01-02T03:04:05+01:00[Europe/Berlin]", "2026-01-02T02:04:05Z"),
            ("2026-07-02T03:04:05[Europe/Berlin]", "2026-07-02T01:04:05Z"),
            ("2026-01-02T03:04:05", "2026-01-02T03:04:05Z"),
            ("2026-01-02T03:04", "2026-01-02T03:04:00Z"),
            ("2026-01-02T03:04Z", "2026-01-02T03:04:00Z"),
            ("2026-01-02 03:04:05", "2026-01-02T03:04:05Z"),
            ("2026-01-02 03:04:05 UTC", "2026-01-02T03:04:05Z"),
            ("2026-01-02 03:04:05 +0100", "2026-01-02T02:04:05Z"),
            ("2026-01-02 03:04:05.5 +0000 UTC", "2026-01-02T03:04:05.5Z"),
            ("2026-01-02", "2026-01-02T00:00:00Z"),
            ("2026-01", "2026-01-01T00:00:00Z"),
            ("20260102", "2026-01-02T00:00:00Z"),
            ("20260102030405", "2026-01-02T03:04:05Z"),
            ("20260102T030405Z", "2026-01-02T03:04:05Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
            ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"),
            ("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"),
            ("Sun, 06 Nov 1994 08:49:37 +0100", "1994-11-06T07:49:37Z"),
            ("6 Nov 1994 08:49:37 -0500", "1994-11-06T13:49:37Z"),
            ("/Date(1439434356790+0000)/", "2015-08-13T02:52:36.79Z"),
            ("/Date(-1000)/", "1969-12-31T23:59:59Z"),
            ("0", "1970-01-01T00:00:00Z"),
            ("1700000000", "2023-11-14T22:13:20Z"),
            ("-1.5", "1969-12-31T23:59:58.5Z"),
            ("1700000000.123", "2023-11-14T22:13:20.123Z"),
            ("1.7e9", "2023-11-14T22:13:20Z"),
            ("99999999999", "5138-11-16T09:46:39Z"),
            ("100000000000", "1973-03-03T09:46:40Z"),
            ("1700000000123", "2023-11-14T22:13:20.123Z"),
            ("1700000000123456", "2023-11-14T22:13:20.123456Z"),
            ("1700000000123456789", "2023-11-14T22:13:20.123456789Z"),
            ("2026-02-29T00:00:00Z", ""),
            ("2026-13-01", ""),
            ("01/02/2026", ""),
            ("yesterday", ""),
            ("", ""),
            ("-", ""),
            ("T", ""),
            ("/Date()/", ""),
            ("/Date(9999999999999999999)/", ""),
            ("1e300", ""),
            ("-9e30", ""),
            ("2026-01-02T03:04:05+99:00", ""),
            ("2026-01-02T03:04:05Z 2026-01-02T03:04:05Z", ""),
            ("٢٠٢٦-٠١-٠٢", ""),
            ("é-01-02", ""),
        ] {
            assert_eq!(read(text).unwrap_or_default(), expected, "{text:?}");
        }
        assert_eq!(read(&"9".repeat(100_000)), None);
    }

    #[test]
    fn a_time_without_offset_is_in_the_given_zone() {
        let berlin = zone("Europe/Berlin").expect("a zone");
        let read = |text| lenient(text, &berlin).expect("a time").to_string();
        assert_eq!(read("2026-07-01"), "2026-06-30T22:00:00Z");
        assert_eq!(read("2026-01-02T03:04:05"), "2026-01-02T02:04:05Z");
        assert_eq!(read("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05Z");
        assert_eq!(read("2026-01-02 03:04:05 UTC"), "2026-01-02T03:04:05Z");
        assert_eq!(
            read("2026-03-29T02:30:00"),
            "2026-03-29T01:30:00Z",
            "in the gap: as if the clock had gone on"
        );
        assert_eq!(
            read("2026-10-25T02:30:00"),
            "2026-10-25T00:30:00Z",
            "in the fold: the first"
        );
    }

    #[test]
    fn zones() {
        let offset = |name: &str| zone(name).map(|zone| zone.to_offset(Timestamp::UNIX_EPOCH).seconds());
        assert_eq!(offset("UTC"), Ok(0));
        assert_eq!(offset("Asia/Kolkata"), Ok(19800));
        assert_eq!(offset("+02:00"), Ok(7200));
        assert_eq!(offset("-0330"), Ok(-12600));
        for name in [
            "",
            "+",
            "Europe/Atlantis",
            "../../etc/passwd",
            "+2",
            "+99:00",
            &"x".repeat(1000),
        ] {
            assert!(zone(name).is_err(), "{name}");
        }
    }

    #[test]
    fn formats() {
        for (text, format, expected) in [
            ("02.01.2026 03:04", "%d.%m.%Y %H:%M", "2026-01-02T03:04:00Z"),
            (
                "02/Jan/2026:03:04:05 +0100",
                "%d/%b/%Y:%H:%M:%S %z",
                "2026-01-02T02:04:05Z",
            ),
            ("01/02/26", "%m/%d/%y", "2026-01-02T00:00:00Z"),
            ("1/2/2026 3:04 PM", "%-m/%-d/%Y %I:%M %p", "2026-01-02T15:04:00Z"),
            ("2026-002", "%Y-%j", "2026-01-02T00:00:00Z"),
            ("1700000000", "%s", "2023-11-14T22:13:20Z"),
            (
                "2026-01-02T03:04:05.250",
                "%Y-%m-%dT%H:%M:%S%.f",
                "2026-01-02T03:04:05.25Z",
            ),
            ("150000000000", "epoch", "6723-04-25T02:40:00Z"),
            ("1500", "epoch_ms", "1970-01-01T00:00:01.5Z"),
            ("2026-01-02", "date", "2026-01-02T00:00:00Z"),
            ("2026-01-02", "%d.%m.%Y", ""),
            ("03:04", "%H:%M", ""),
            ("2026-01-02", "", ""),
            ("2026-01-02", "%", ""),
            ("x", "epoch", ""),
        ] {
            let read = formatted(text, format, &TimeZone::UTC).map(|time| time.to_string());
            assert_eq!(read.unwrap_or_default(), expected, "{text} as {format}");
        }
    }
}
