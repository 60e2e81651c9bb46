//! The YAML 1.2 core schema (section 10.3.2): what a plain scalar is.

use crate::source::text::ScalarKind;

/// What a plain scalar is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Resolved<'a> {
    /// A value and its text as JSON writes it.
    Value(ScalarKind, &'a str),
    /// A number of YAML whose text is no number of JSON.
    ForeignNumber,
}

/// Resolves a plain scalar.
pub(super) fn resolve(text: &str) -> Resolved<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Resolved::Value(ScalarKind::Null, "null"),
        "true" | "True" | "TRUE" => Resolved::Value(ScalarKind::Boolean, "true"),
        "false" | "False" | "FALSE" => Resolved::Value(ScalarKind::Boolean, "false"),
        _ if is_json_number(text) => Resolved::Value(ScalarKind::Number, text),
        _ if is_core_number(text) => Resolved::ForeignNumber,
        _ => Resolved::Value(ScalarKind::String, text),
    }
}

/// Whether `text` is a number of JSON (RFC 8259, section 6).
pub(super) fn is_json_number(text: &str) -> bool {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = split_exponent(unsigned);
    let (integer, fraction) = match mantissa.split_once('.') {
        Some((integer, fraction)) => (integer, Some(fraction)),
        None => (mantissa, None),
    };
    is_digits(integer)
        && (integer == "0" || !integer.starts_with('0'))
        && fraction.is_none_or(is_digits)
        && exponent.is_none_or(is_exponent)
}

fn is_core_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return !octal.is_empty() && octal.bytes().all(|b| (b'0'..=b'7').contains(&b));
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
    }
    let (mantissa, exponent) = split_exponent(unsigned);
    let is_mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => is_digits(fraction),
        Some((integer, fraction)) => is_digits(integer) && (fraction.is_empty() || is_digits(fraction)),
        None => is_digits(mantissa),
    };
    is_mantissa && exponent.is_none_or(is_exponent)
}

fn split_exponent(text: &str) -> (&str, Option<&str>) {
    match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    }
}

fn is_exponent(text: &str) -> bool {
    is_digits(text.strip_prefix(['-', '+']).unwrap_or(text))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
