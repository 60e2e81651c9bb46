//! Times as other people's APIs want them written.

use jiff::Timestamp;
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;

use crate::functions::refusal::Refusal;
use crate::functions::time::parse::MAX_TEXT;

/// What a format gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Written {
    /// Text.
    Text(String),
    /// `epoch` and `epoch_ms`.
    Integer(i64),
}

/// RFC 3339 in UTC: the form in which Orchid holds times.
pub(crate) fn rfc3339(time: Timestamp) -> String {
    time.to_string()
}

/// Writes `time` by a name (`iso`, `date`, `http`, `basic`, `epoch`, `epoch_ms`) or a strftime format.
///
/// Without a zone it is UTC; `http` is always GMT, `basic` and the epochs always UTC.
pub(crate) fn format(time: Timestamp, format: &str, zone: Option<&TimeZone>) -> Result<Written, Refusal> {
    let text = match (format, zone) {
        ("epoch", _) => return Ok(Written::Integer(units_since_epoch(time, 1_000_000_000))),
        ("epoch_ms", _) => return Ok(Written::Integer(units_since_epoch(time, 1_000_000))),
        ("iso", None) => rfc3339(time),
        ("iso", Some(zone)) => time.display_with_offset(zone.to_offset(time)).to_string(),
        ("http", _) => rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&time)
            .map_err(|_| unfit())?,
        ("basic", _) => strftime("%Y%m%dT%H%M%SZ", time, None)?,
        ("date", zone) => strftime("%Y-%m-%d", time, zone)?,
        (format, zone) => strftime(format, time, zone)?,
    };
    Ok(Written::Text(text))
}

/// Whole units of so many nanoseconds, rounded down. A nanosecond count of any time fits 78 bits, its seconds 39.
fn units_since_epoch(time: Timestamp, nanoseconds: i128) -> i64 {
    i64::try_from(time.as_nanosecond().div_euclid(nanoseconds)).unwrap_or(i64::MAX)
}

fn strftime(format: &str, time: Timestamp, zone: Option<&TimeZone>) -> Result<String, Refusal> {
    if format.len() > MAX_TEXT {
        return Err(unfit());
    }
    let zone = zone.cloned().unwrap_or(TimeZone::UTC);
    strtime::format(format, &time.to_zoned_datetime(zone)).map_err(|_| unfit())
}

fn unfit() -> Refusal {
    Refusal::new("is not a format for times").with_help(
        "use 'iso', 'date', 'http', 'basic', 'epoch', 'epoch_ms' or strftime such as '%Y-%m-%d %H:%M:%S'",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::time::parse::zone;

    fn write(time: &str, form: &str, zone_name: Option<&str>) -> Result<Written, Refusal> {
        let zone = zone_name.map(|name| zone(name).expect("a zone"));
        format(time.parse().expect("a time"), form, zone.as_ref())
    }

    #[test]
    fn formats() {
        let time = "2026-01-02T03:04:05.678Z";
        for (form, zone, expected) in [
            ("iso", None, "2026-01-02T03:04:05.678Z"),
            ("iso", Some("Europe/Berlin"), "2026-01-02T04:04:05.678+01:00"),
            ("date", None, "2026-01-02"),
            ("date", Some("America/New_York"), "2026-01-01"),
            ("http", None, "Fri, 02 Jan 2026 03:04:05 GMT"),
            ("http", Some("Europe/Berlin"), "Fri, 02 Jan 2026 03:04:05 GMT"),
            ("basic", None, "20260102T030405Z"),
            ("basic", Some("Europe/Berlin"), "20260102T030405Z"),
            ("%Y/%m/%d %H:%M", Some("Asia/Kolkata"), "2026/01/02 08:34"),
            ("%Y-%m-%dT%H:%M:%S.%3fZ", None, "2026-01-02T03:04:05.678Z"),
            ("%s", None, "1767323045"),
            ("%z %Z", Some("Europe/Berlin"), "+0100 CET"),
            ("%d %b %Y", None, "02 Jan 2026"),
            ("100%%", None, "100%"),
            ("é", None, "é"),
            ("", None, ""),
        ] {
            assert_eq!(
                write(time, form, zone),
                Ok(Written::Text(expected.to_owned())),
                "{form} {zone:?}"
            );
        }
        for form in ["%", "%E", "%1000000000Y", &"x".repeat(MAX_TEXT + 1)] {
            assert!(write(time, form, None).is_err(), "{form}");
        }
        let widest = write(time, &"%255Y".repeat(MAX_TEXT / 5), None);
        assert!(widest.is_err() || matches!(widest, Ok(Written::Text(text)) if text.len() < 20_000));
    }

    #[test]
    fn epochs_are_integers_and_round_down() {
        assert_eq!(
            write("2026-01-02T03:04:05.678Z", "epoch", None),
            Ok(Written::Integer(1_767_323_045))
        );
        assert_eq!(
            write("2026-01-02T03:04:05.6789Z", "epoch_ms", None),
            Ok(Written::Integer(1_767_323_045_678))
        );
        assert_eq!(
            write("1969-12-31T23:59:59.5Z", "epoch", None),
            Ok(Written::Integer(-1))
        );
        assert_eq!(
            write("1969-12-31T23:59:59.9995Z", "epoch_ms", None),
            Ok(Written::Integer(-1))
        );
    }
}
