//! Decimal text: recognised, compared and taken as an integer without rounding.

use std::cmp::Ordering;

/// What a scan found at the start of some bytes.
pub(crate) struct Scanned {
    /// Bytes of the number.
    pub(crate) length: usize,
    /// Its value, if it is written as an integer and is one of the 64-bit range.
    pub(crate) integer: Option<Integer>,
}

/// An integer of the 64-bit range.
pub(crate) enum Integer {
    Signed(i64),
    Unsigned(u64),
}

/// Recognises the JSON number that `bytes` start with.
pub(crate) fn scan(bytes: &[u8]) -> Option<Scanned> {
    let negative = bytes.first() == Some(&b'-');
    let mut at = usize::from(negative);
    let first = at;
    let mut value = 0_u64;
    while let Some(digit) = digit(bytes, at) {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    let digits = at - first;
    if digits == 0 || (digits > 1 && bytes[first] == b'0') {
        return None;
    }
    let whole = at;
    if bytes.get(at) == Some(&b'.') {
        at = digits_from(bytes, at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        at = digits_from(bytes, at + 1 + sign)?;
    }
    let integer = if at == whole {
        integer_of(&bytes[first..whole], value, negative)
    } else {
        None
    };
    Some(Scanned { length: at, integer })
}

/// The value of an integer's digits, of which `wrapped` is right unless there are more than 19.
fn integer_of(digits: &[u8], wrapped: u64, negative: bool) -> Option<Integer> {
    let value = match digits.len() {
        0..=19 => wrapped,
        20 => std::str::from_utf8(digits).ok()?.parse().ok()?,
        _ => return None,
    };
    if negative {
        0_i64.checked_sub_unsigned(value).map(Integer::Signed)
    } else {
        Some(i64::try_from(value).map_or(Integer::Unsigned(value), Integer::Signed))
    }
}

fn digit(bytes: &[u8], at: usize) -> Option<u8> {
    bytes
        .get(at)
        .map(|byte| byte.wrapping_sub(b'0'))
        .filter(|digit| *digit < 10)
}

/// The end of one or more digits.
fn digits_from(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while digit(bytes, at).is_some() {
        at += 1;
    }
    (at > from).then_some(at)
}

/// A decimal as sign, significant digits and the power of ten of the first of them: `0.0120` is
/// `12` with a point position of -1 (0.12 × 10^-1).
struct Parts<'a> {
    negative: bool,
    /// The digits before and after the point, leading zeros removed; trailing zeros do not count.
    whole: &'a [u8],
    fraction: &'a [u8],
    /// The decimal point stands so many digits behind the first digit.
    point: i64,
}

impl Parts<'_> {
    /// All digits in order.
    fn digits(&self) -> impl Iterator<Item = u8> + '_ {
        self.whole.iter().chain(self.fraction).copied()
    }

    fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }
}

/// Takes a valid JSON number apart.
fn parts(text: &str) -> Parts<'_> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let whole = whole.trim_start_matches('0');
    let mut fraction = fraction.trim_end_matches('0');
    let mut point = length(whole);
    let mut whole = whole.as_bytes();
    if whole.is_empty() {
        let significant = fraction.trim_start_matches('0');
        point = -(length(fraction) - length(significant));
        fraction = significant;
    }
    if fraction.is_empty() {
        while let [rest @ .., b'0'] = whole {
            whole = rest;
        }
    }
    Parts {
        negative,
        whole,
        fraction: fraction.as_bytes(),
        point: point.saturating_add(saturating_exponent(exponent)),
    }
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}

/// The exponent; one that does not fit is as far away as can be.
fn saturating_exponent(text: &str) -> i64 {
    let far = if text.starts_with('-') {
        i64::MIN / 4
    } else {
        i64::MAX / 4
    };
    text.strip_prefix('+')
        .unwrap_or(text)
        .parse::<i64>()
        .map_or(far, |value| value.clamp(i64::MIN / 4, i64::MAX / 4))
}

/// Compares two valid JSON numbers by value.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (parts(a), parts(b));
    match (a.is_zero(), b.is_zero()) {
        (true, true) => return Ordering::Equal,
        (true, false) => {
            return if b.negative {
                Ordering::Greater
            } else {
                Ordering::Less
            };
        }
        (false, true) => {
            return if a.negative {
                Ordering::Less
            } else {
                Ordering::Greater
            };
        }
        (false, false) => {}
    }
    match (a.negative, b.negative) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (negative, _) => {
            let size = a.point.cmp(&b.point).then_with(|| a.digits().cmp(b.digits()));
            if negative { size.reverse() } else { size }
        }
    }
}

/// Whether a valid JSON number is whole.
pub(super) fn is_integer(text: &str) -> bool {
    let parts = parts(text);
    parts.is_zero() || parts.point >= i64::try_from(parts.digits().count()).unwrap_or(i64::MAX)
}

/// The value of a valid JSON number, if it is whole and within the `i128` range.
pub(super) fn integer(text: &str) -> Option<i128> {
    let parts = parts(text);
    if parts.is_zero() {
        return Some(0);
    }
    let count = i64::try_from(parts.digits().count()).ok()?;
    if parts.point < count || parts.point > 39 {
        return None;
    }
    let mut value = 0_i128;
    for digit in parts.digits().chain(std::iter::repeat_n(
        b'0',
        usize::try_from(parts.point - count).ok()?,
    )) {
        let digit = i128::from(digit - b'0');
        value = value.checked_mul(10)?;
        value = if parts.negative {
            value.checked_sub(digit)?
        } else {
            value.checked_add(digit)?
        };
    }
    Some(value)
}
