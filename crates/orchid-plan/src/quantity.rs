//! Durations (`15m`, `1h30m`, `P1D`) and sizes (`64KiB`) as authors write them.
//!
//! Pure text to number; bounds that belong to one field are that field's business.

use std::time::Duration;

use jiff::Span;

/// No duration of the language is longer: 100 years of 365.25 days.
pub const LONGEST: Duration = Duration::from_hours(36_525 * 24);

/// No size of the language is larger: 1 TiB.
pub const LARGEST: u64 = 1 << 40;

/// Why a text is no duration or size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct QuantityError {
    /// One sentence without a final stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// A duration: units `w d h m s ms us` with the largest first (`1h30m`, `250ms`), or ISO 8601 (`P1D`, `PT15M`).
///
/// A day is 24 hours and a week seven days. Months and years have no fixed length and are refused, as is
/// whatever is negative or longer than [`LONGEST`].
pub fn duration(text: &str) -> Result<Duration, QuantityError> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(refuse(
            format!("the duration `{}` has no unit", shorten(text)),
            &format!("write `{}s` for seconds", shorten(text)),
        ));
    }
    let span: Span = text.parse().map_err(|_| not_a_duration(text))?;
    if span.is_negative() {
        return Err(refuse(
            format!("the duration `{}` is negative", shorten(text)),
            "durations are positive",
        ));
    }
    if span.get_years() != 0 || span.get_months() != 0 {
        let help = "a fixed length is needed here: write days, as in `P30D`";
        return Err(refuse(
            format!(
                "`{}` has no fixed length, for it depends on the calendar",
                shorten(text)
            ),
            help,
        ));
    }
    let length = span
        .to_duration(jiff::SpanRelativeTo::days_are_24_hours())
        .map_err(|_| not_a_duration(text))?;
    match Duration::try_from(length) {
        Ok(length) if length <= LONGEST => Ok(length),
        _ => Err(refuse(
            format!("the duration `{}` is too long", shorten(text)),
            "the longest is `36525d`",
        )),
    }
}

/// A size in bytes: a whole number, or one with a unit (`KiB MiB GiB` are powers of 1024, `kB MB GB` of 1000).
///
/// At most [`LARGEST`].
pub fn size(text: &str) -> Result<u64, QuantityError> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim_start().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        _ => return Err(not_a_size(text)),
    };
    let bytes = scaled(number, factor).ok_or_else(|| not_a_size(text))?;
    if bytes > u128::from(LARGEST) {
        return Err(refuse(
            format!("the size `{}` is too large", shorten(text)),
            "the largest is `1TiB`",
        ));
    }
    u64::try_from(bytes).map_err(|_| not_a_size(text))
}

/// `duration` written the short way that [`duration`] reads: `1h30m`, `250ms`, `0s`.
pub fn format_duration(duration: Duration) -> String {
    let mut rest = duration.as_micros();
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    for (unit, micros) in [
        ("d", 86_400_000_000),
        ("h", 3_600_000_000),
        ("m", 60_000_000),
        ("s", 1_000_000),
        ("ms", 1_000),
        ("us", 1),
    ] {
        if rest >= micros {
            text.push_str(&format!("{}{unit}", rest / micros));
            rest %= micros;
        }
    }
    text
}

/// `size` written the short way that [`size`] reads: `10MiB`, or bytes where no unit divides it.
pub fn format_size(size: u64) -> String {
    for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] {
        if size != 0 && size.trailing_zeros() >= shift {
            return format!("{}{unit}", size >> shift);
        }
    }
    size.to_string()
}

/// `number` (digits, perhaps with a decimal part) times `factor`, if that is a whole number below 2^127.
fn scaled(number: &str, factor: u64) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || whole.len() > 20 || fraction.len() > 9 || number.ends_with('.') {
        return None;
    }
    let whole = whole.parse::<u128>().ok()?.checked_mul(u128::from(factor))?;
    if fraction.is_empty() {
        return Some(whole);
    }
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let part = fraction.parse::<u128>().ok()? * u128::from(factor);
    (part % scale == 0).then_some(whole + part / scale)
}

fn not_a_duration(text: &str) -> QuantityError {
    refuse(
        format!("`{}` is not a duration", shorten(text)),
        "write it like `250ms`, `90s`, `15m`, `1h30m` or `P1D`",
    )
}

fn not_a_size(text: &str) -> QuantityError {
    refuse(
        format!("`{}` is not a size", shorten(text)),
        "write it like `64KiB` or `10MiB`, or as a number of bytes",
    )
}

fn refuse(message: String, help: &str) -> QuantityError {
    QuantityError {
        message,
        help: Some(help.to_owned()),
    }
}

/// The start of a text of any length, for messages.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
