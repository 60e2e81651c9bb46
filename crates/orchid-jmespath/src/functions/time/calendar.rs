//! Reckoning with times: adding, truncating, splitting into windows.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Unit, ZonedDateTime};

use crate::functions::refusal::Refusal;

/// The most windows that one call gives.
pub(crate) const MAX_WINDOWS: usize = 10_000;

/// A half-open piece of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// Its first instant.
    pub(crate) from: Timestamp,
    /// The first instant behind it.
    pub(crate) to: Timestamp,
    /// `to` minus the granularity: the last instant in it, for APIs whose bounds are inclusive.
    pub(crate) last: Option<Timestamp>,
}

/// `time` plus `span`, months and days by the calendar of UTC.
pub(crate) fn add(time: Timestamp, span: Span) -> Result<Timestamp, Refusal> {
    let moved = time.to_zoned_datetime(TimeZone::UTC).checked_add(span);
    moved
        .map(|moved| moved.timestamp())
        .map_err(|_| Refusal::new("leads beyond the years -9999 to 9999"))
}

/// The start of the unit that `time` lies in, by the clocks of `zone`; a week starts on Monday.
pub(crate) fn truncate(time: Timestamp, unit: &str, zone: &TimeZone) -> Result<Timestamp, Refusal> {
    let zoned = time.to_zoned_datetime(zone.clone());
    let start = match unit {
        "second" => clock(&zoned, Unit::Second),
        "minute" => clock(&zoned, Unit::Minute),
        "hour" => clock(&zoned, Unit::Hour),
        "day" => zoned.start_of_day().ok(),
        "week" => monday(&zoned),
        "month" => zoned.first_of_month().and_then(|first| first.start_of_day()).ok(),
        "quarter" => quarter(&zoned),
        "year" => zoned.first_of_year().and_then(|first| first.start_of_day()).ok(),
        _ => {
            return Err(Refusal::new("is not a unit to truncate to")
                .with_help("use 'second', 'minute', 'hour', 'day', 'week', 'month', 'quarter' or 'year'"));
        }
    };
    start
        .map(|start| start.timestamp())
        .ok_or_else(|| Refusal::new("leads beyond the years -9999 to 9999"))
}

/// The clock's own subdivisions: the offset stays, so both hours of a fold remain apart.
fn clock(zoned: &ZonedDateTime, unit: Unit) -> Option<ZonedDateTime> {
    let with = zoned.with().subsec_nanosecond(0);
    let with = if unit >= Unit::Minute {
        with.second(0)
    } else {
        with
    };
    let with = if unit >= Unit::Hour { with.minute(0) } else { with };
    with.build().ok()
}

fn monday(zoned: &ZonedDateTime) -> Option<ZonedDateTime> {
    let date = match zoned.weekday() {
        Weekday::Monday => zoned.date(),
        _ => zoned.date().nth_weekday(-1, Weekday::Monday).ok()?,
    };
    date.to_zoned_datetime(zoned.time_zone().clone()).ok()
}

fn quarter(zoned: &ZonedDateTime) -> Option<ZonedDateTime> {
    let month = (zoned.month() - 1) / 3 * 3 + 1;
    zoned
        .with()
        .day(1)
        .month(month)
        .build()
        .and_then(|first| first.start_of_day())
        .ok()
}

/// Splits `[from, to)` into windows of `step`, the last one shorter where it does not fit.
///
/// Each bound is reckoned from `from`, so steps of a month keep their day.
pub(crate) fn windows(
    from: Timestamp,
    to: Timestamp,
    step: Span,
    granularity: Option<Span>,
) -> Result<Vec<Window>, Refusal> {
    if !step.is_positive() {
        return Err(Refusal::new("is not a step: it must be longer than nothing"));
    }
    if granularity.is_some_and(|granularity| !granularity.is_positive()) {
        return Err(Refusal::new(
            "is not a granularity: it must be longer than nothing",
        ));
    }
    let start = from.to_zoned_datetime(TimeZone::UTC);
    let mut windows = Vec::new();
    let mut begin = from;
    while begin < to {
        if windows.len() == MAX_WINDOWS {
            return Err(
                Refusal::new(format!("splits that time into more than {MAX_WINDOWS} windows"))
                    .with_help("use a longer step"),
            );
        }
        let count = i64::try_from(windows.len() + 1).unwrap_or(i64::MAX);
        // Beyond the calendar's end there is nothing more to split.
        let end = step
            .checked_mul(count)
            .and_then(|span| start.checked_add(span))
            .map_or(to, |end| end.timestamp().min(to));
        let last = granularity
            .map(|granularity| add(end, -granularity))
            .transpose()?;
        windows.push(Window {
            from: begin,
            to: end,
            last: last.map(|last| last.max(begin)),
        });
        begin = end;
    }
    Ok(windows)
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;
    use crate::functions::time::duration;
    use crate::functions::time::parse::zone;

    fn time(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn span(text: &str) -> Span {
        duration::parse(text).expect("a duration")
    }

    #[test]
    fn adding() {
        for (from, duration, expected) in [
            ("2026-01-02T03:04:05Z", "-P1D", "2026-01-01T03:04:05Z"),
            ("2026-01-02T03:04:05Z", "15m", "2026-01-02T03:19:05Z"),
            ("2026-01-31T00:00:00Z", "P1M", "2026-02-28T00:00:00Z"),
            ("2024-02-29T00:00:00Z", "1y", "2025-02-28T00:00:00Z"),
            ("2026-01-02T03:04:05Z", "0.25", "2026-01-02T03:04:05.25Z"),
            ("9999-12-30T00:00:00Z", "P1Y", ""),
        ] {
            let moved = add(time(from), span(duration)).map(|moved| moved.to_string());
            assert_eq!(moved.unwrap_or_default(), expected, "{from} {duration}");
        }
    }

    #[test]
    fn truncating() {
        for (text, unit, zone_name, expected) in [
            (
                "2026-08-19T13:14:15.678Z",
                "second",
                "UTC",
                "2026-08-19T13:14:15Z",
            ),
            (
                "2026-08-19T13:14:15.678Z",
                "minute",
                "UTC",
                "2026-08-19T13:14:00Z",
            ),
            ("2026-08-19T13:14:15.678Z", "hour", "UTC", "2026-08-19T13:00:00Z"),
            (
                "2026-08-19T13:14:15.678Z",
                "hour",
                "Asia/Kolkata",
                "2026-08-19T12:30:00Z",
            ),
            ("2026-08-19T13:14:15.678Z", "day", "UTC", "2026-08-19T00:00:00Z"),
            (
                "2026-08-19T23:14:15Z",
                "day",
                "Europe/Berlin",
                "2026-08-19T22:00:00Z",
            ),
            ("2026-08-19T13:14:15Z", "week", "UTC", "2026-08-17T00:00:00Z"),
            ("2026-08-17T00:00:00Z", "week", "UTC", "2026-08-17T00:00:00Z"),
            ("2026-08-16T23:59:59Z", "week", "UTC", "2026-08-10T00:00:00Z"),
            ("2026-08-19T13:14:15Z", "month", "UTC", "2026-08-01T00:00:00Z"),
            ("2026-08-31T13:14:15Z", "quarter", "UTC", "2026-07-01T00:00:00Z"),
            ("2026-12-31T13:14:15Z", "quarter", "UTC", "2026-10-01T00:00:00Z"),
            ("2026-08-19T13:14:15Z", "year", "UTC", "2026-01-01T00:00:00Z"),
            (
                "2026-10-25T00:30:00Z",
                "hour",
                "Europe/Berlin",
                "2026-10-25T00:00:00Z",
            ),
            (
                "2026-10-25T01:30:00Z",
                "hour",
                "Europe/Berlin",
                "2026-10-25T01:00:00Z",
            ),
            ("1969-12-31T23:59:59.5Z", "second", "UTC", "1969-12-31T23:59:59Z"),
            ("2026-08-19T13:14:15Z", "fortnight", "UTC", ""),
        ] {
            let start =
                truncate(time(text), unit, &zone(zone_name).expect("a zone")).map(|start| start.to_string());
            assert_eq!(start.unwrap_or_default(), expected, "{text} {unit} {zone_name}");
        }
    }

    #[test]
    fn windows_cover_the_time_without_gap_or_overlap() {
        let pieces = windows(
            time("2026-01-31T00:00:00Z"),
            time("2026-04-10T00:00:00Z"),
            span("P1M"),
            None,
        );
        let bounds: Vec<String> = pieces
            .expect("windows")
            .iter()
            .map(|w| format!("{}..{}", w.from, w.to))
            .collect();
        assert_eq!(
            bounds,
            [
                "2026-01-31T00:00:00Z..2026-02-28T00:00:00Z",
                "2026-02-28T00:00:00Z..2026-03-31T00:00:00Z",
                "2026-03-31T00:00:00Z..2026-04-10T00:00:00Z",
            ]
        );
    }

    #[test]
    fn windows_with_a_granularity_have_a_last_instant() {
        let day = windows(
            time("2026-01-01T00:00:00Z"),
            time("2026-01-02T12:00:00Z"),
            span("P1D"),
            Some(span("1s")),
        );
        let last: Vec<String> = day
            .expect("windows")
            .iter()
            .filter_map(|w| w.last)
            .map(|t| t.to_string())
            .collect();
        assert_eq!(last, ["2026-01-01T23:59:59Z", "2026-01-02T11:59:59Z"]);
        let tiny = windows(
            time("2026-01-01T00:00:00Z"),
            time("2026-01-01T00:00:10Z"),
            span("P1D"),
            Some(span("1h")),
        );
        assert_eq!(
            tiny.expect("a window")[0].last,
            Some(time("2026-01-01T00:00:00Z")),
            "never before its start"
        );
    }

    #[test]
    fn windows_are_bounded() {
        let (from, to) = (time("2026-01-01T00:00:00Z"), time("2026-01-01T02:46:40Z"));
        assert_eq!(
            windows(from, to, span("1s"), None).expect("just enough").len(),
            MAX_WINDOWS
        );
        assert!(windows(from, add(to, 1.second()).expect("a time"), span("1s"), None).is_err());
        assert!(windows(from, to, span("0s"), None).is_err());
        assert!(windows(from, to, span("-1s"), None).is_err());
        assert!(windows(from, to, span("1h"), Some(span("0s"))).is_err());
        assert_eq!(windows(to, from, span("1h"), None), Ok(vec![]));
        let whole = windows(Timestamp::MIN, Timestamp::MAX, span("P9000Y"), None).expect("few");
        assert_eq!(whole.last().map(|window| window.to), Some(Timestamp::MAX));
    }
}
