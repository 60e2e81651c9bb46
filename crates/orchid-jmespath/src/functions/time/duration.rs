//! Durations as text: `15m`, `1h30m`, `1m20s`, ISO 8601 (`P1D`, `-PT90S`), plain seconds.

use jiff::Span;

use crate::functions::decimal::Decimal;
use crate::functions::refusal::Refusal;
use crate::functions::time::parse::MAX_TEXT;

/// Nanoseconds in a second.
const SECOND: i128 = 1_000_000_000;

/// Reads a duration; a bare number is seconds.
pub(crate) fn parse(text: &str) -> Result<Span, Refusal> {
    let text = text.trim();
    let refused = || {
        Refusal::new("is not a duration")
            .with_help("write it like '15m', '1h30m', '250ms', 'P1D' or '-PT90S'")
    };
    if text.len() > MAX_TEXT {
        return Err(refused());
    }
    if let Some(number) = Decimal::parse(text) {
        let nanoseconds = number.shifted(9).floor().ok_or_else(refused)?;
        let seconds = i64::try_from(nanoseconds.div_euclid(SECOND)).map_err(|_| refused())?;
        let rest = i64::try_from(nanoseconds.rem_euclid(SECOND)).map_err(|_| refused())?;
        // The parts of a span have one sign.
        let (seconds, rest) = if seconds < 0 && rest > 0 {
            (seconds + 1, rest - 1_000_000_000)
        } else {
            (seconds, rest)
        };
        return Span::new()
            .try_seconds(seconds)
            .and_then(|span| span.try_nanoseconds(rest))
            .map_err(|_| refused());
    }
    text.parse().map_err(|_| refused())
}

/// Its length in seconds, exactly, as a decimal; a day is 24 hours.
pub(crate) fn seconds(span: &Span) -> Result<Decimal, Refusal> {
    if span.get_years() != 0 || span.get_months() != 0 {
        return Err(
            Refusal::new("has no fixed length in seconds: months and years differ")
                .with_help("use days or weeks, or add_time(t, 'P1M')"),
        );
    }
    let days = i128::from(span.get_weeks()) * 7 + i128::from(span.get_days());
    let minutes = (days * 24 + i128::from(span.get_hours())) * 60 + i128::from(span.get_minutes());
    let mut nanoseconds = (minutes * 60 + i128::from(span.get_seconds())) * SECOND;
    nanoseconds += i128::from(span.get_milliseconds()) * 1_000_000;
    nanoseconds += i128::from(span.get_microseconds()) * 1_000 + i128::from(span.get_nanoseconds());
    Ok(from_nanoseconds(nanoseconds))
}

/// Seconds from nanoseconds.
pub(crate) fn from_nanoseconds(nanoseconds: i128) -> Decimal {
    Decimal::from_integer(nanoseconds).shifted(-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        for (text, expected) in [
            ("1m20s", "80"),
            ("6m0s", "360"),
            ("1m12.5s", "72.5"),
            ("250ms", "0.25"),
            ("20µs", "0.00002"),
            ("90s", "90"),
            ("15m", "900"),
            ("1h30m", "5400"),
            ("1h 30m", "5400"),
            ("2 days", "172800"),
            ("1d", "86400"),
            ("1w", "604800"),
            ("-15m", "-900"),
            ("P1D", "86400"),
            ("-P1D", "-86400"),
            ("PT1.5S", "1.5"),
            ("P1W", "604800"),
            ("01:02:03", "3723"),
            ("90", "90"),
            ("0", "0"),
            ("1.25", "1.25"),
            ("-1.25", "-1.25"),
            (" 5m ", "300"),
            ("P1M", "months"),
            ("1y", "months"),
            ("1mo", "months"),
            ("", "not"),
            ("m", "not"),
            ("15 parsecs", "not"),
            ("1e30", "not"),
            ("99999999999999h", "not"),
            ("P", "not"),
        ] {
            let read = match parse(text).and_then(|span| seconds(&span)) {
                Ok(seconds) => seconds.to_text(),
                Err(refusal) if refusal.reason.contains("months") => "months".to_owned(),
                Err(_) => "not".to_owned(),
            };
            assert_eq!(read, expected, "{text:?}");
        }
        assert!(parse(&"1h".repeat(10_000)).is_err());
    }
}
