//! Exact numbers: i64, u64, else the source text.
//!
//! An integer of the 64-bit range is held as one. Any other number keeps the text it was written with, and is
//! compared by its decimal value, digit by digit: nothing is rounded, `1.0` equals `1.00`, and
//! 9007199254740993 differs from 9007199254740992.0. Only arithmetic that leaves the integers goes through
//! `f64`. It knows nothing of documents.

use std::cmp::Ordering;
use std::fmt;

use smol_str::SmolStr;

pub(crate) mod decimal;

/// A JSON number. Comparison is exact; decimals keep their text for equality of output.
#[derive(Clone)]
pub struct Number(Repr);

#[derive(Clone)]
enum Repr {
    Int(i64),
    /// Only above `i64::MAX`.
    Uint(u64),
    /// Finite.
    Float(f64),
    /// A valid JSON number.
    Text(SmolStr),
}

/// Why an arithmetic operation has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArithmeticError {
    /// The result is outside the 64-bit integers, or not finite.
    #[error("the result does not fit a 64-bit integer or a finite number")]
    Overflow,
    /// The divisor is zero.
    #[error("division by zero")]
    DivisionByZero,
}

impl Number {
    /// Reads a JSON number; `None` if the text is not exactly one.
    pub fn parse(text: &str) -> Option<Self> {
        let scanned = decimal::scan(text.as_bytes())?;
        if scanned.length != text.len() {
            return None;
        }
        Some(match scanned.integer {
            Some(decimal::Integer::Signed(value)) => Self::from(value),
            Some(decimal::Integer::Unsigned(value)) => Self::from(value),
            None => Self(Repr::Text(SmolStr::new(text))),
        })
    }

    /// The number of an `f64`; integral ones within ±2^53 become integers. `None` if not finite.
    pub fn from_f64(value: f64) -> Option<Self> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if !value.is_finite() {
            return None;
        }
        #[allow(clippy::cast_possible_truncation)] // integral and within ±2^53
        if value.fract() == 0.0 && value.abs() <= EXACT {
            return Some(Self(Repr::Int(value as i64)));
        }
        Some(Self(Repr::Float(value)))
    }

    /// The integer, if it is one that fits (`3.0` does, `3.5` does not).
    pub fn as_i64(&self) -> Option<i64> {
        self.as_i128().and_then(|value| i64::try_from(value).ok())
    }

    /// The unsigned integer, if it is one that fits.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_i128().and_then(|value| u64::try_from(value).ok())
    }

    /// The integer, if the value is one within the `i128` range, however it is written.
    pub fn as_i128(&self) -> Option<i128> {
        match &self.0 {
            Repr::Int(value) => Some(i128::from(*value)),
            Repr::Uint(value) => Some(i128::from(*value)),
            Repr::Float(_) => decimal::integer(&self.to_string()),
            Repr::Text(text) => decimal::integer(text),
        }
    }

    /// The nearest `f64`; infinite where the text is beyond its range.
    #[allow(clippy::cast_precision_loss)] // what the caller asks for
    pub fn as_f64(&self) -> f64 {
        match &self.0 {
            Repr::Int(value) => *value as f64,
            Repr::Uint(value) => *value as f64,
            Repr::Float(value) => *value,
            Repr::Text(text) => text.parse().unwrap_or(f64::NAN),
        }
    }

    /// Whether the value is a whole number, however it is written.
    pub fn is_integer(&self) -> bool {
        match &self.0 {
            Repr::Int(_) | Repr::Uint(_) => true,
            Repr::Float(value) => value.fract() == 0.0,
            Repr::Text(text) => decimal::is_integer(text),
        }
    }

    /// The sum; integers are checked, anything else goes through `f64`.
    pub fn add(&self, other: &Self) -> Result<Self, ArithmeticError> {
        match self.integers(other) {
            Some((a, b)) => fit(a.checked_add(b)),
            None => finite(self.as_f64() + other.as_f64()),
        }
    }

    /// The difference; integers are checked, anything else goes through `f64`.
    pub fn subtract(&self, other: &Self) -> Result<Self, ArithmeticError> {
        match self.integers(other) {
            Some((a, b)) => fit(a.checked_sub(b)),
            None => finite(self.as_f64() - other.as_f64()),
        }
    }

    /// The product; integers are checked, anything else goes through `f64`.
    pub fn multiply(&self, other: &Self) -> Result<Self, ArithmeticError> {
        match self.integers(other) {
            Some((a, b)) => fit(a.checked_mul(b)),
            None => finite(self.as_f64() * other.as_f64()),
        }
    }

    /// The quotient: an integer where two integers divide exactly, else through `f64`.
    pub fn divide(&self, other: &Self) -> Result<Self, ArithmeticError> {
        other.refuse_zero()?;
        match self.integers(other) {
            Some((a, b)) if a % b == 0 => fit(Some(a / b)),
            _ => finite(self.as_f64() / other.as_f64()),
        }
    }

    /// The quotient rounded towards minus infinity.
    pub fn divide_floor(&self, other: &Self) -> Result<Self, ArithmeticError> {
        other.refuse_zero()?;
        match self.integers(other) {
            Some((a, b)) => fit(Some(floor_div(a, b))),
            None => finite((self.as_f64() / other.as_f64()).floor()),
        }
    }

    /// The remainder of [`divide_floor`](Self::divide_floor): it has the sign of the divisor.
    pub fn remainder(&self, other: &Self) -> Result<Self, ArithmeticError> {
        other.refuse_zero()?;
        if let Some((a, b)) = self.integers(other) {
            return fit(Some(a - b * floor_div(a, b)));
        }
        let (a, b) = (self.as_f64(), other.as_f64());
        let rest = a % b;
        finite(if rest != 0.0 && (rest < 0.0) != (b < 0.0) {
            rest + b
        } else {
            rest
        })
    }

    /// The number with its sign turned.
    pub fn negate(&self) -> Result<Self, ArithmeticError> {
        match &self.0 {
            Repr::Text(text) => {
                let negated = text.strip_prefix('-').map(SmolStr::new);
                let negated = negated.unwrap_or_else(|| smol_str::format_smolstr!("-{text}"));
                Ok(Self(Repr::Text(negated)))
            }
            Repr::Float(value) => Ok(Self(Repr::Float(-value))),
            Repr::Int(value) => fit(Some(-i128::from(*value))),
            Repr::Uint(value) => fit(Some(-i128::from(*value))),
        }
    }

    /// The number without its sign.
    pub fn abs(&self) -> Result<Self, ArithmeticError> {
        if self.cmp(&Self::from(0_i64)) == Ordering::Less {
            self.negate()
        } else {
            Ok(self.clone())
        }
    }

    /// The largest whole number that is not greater.
    pub fn floor(&self) -> Result<Self, ArithmeticError> {
        match self.as_i128() {
            Some(value) => fit(Some(value)).or_else(|_| Ok(self.clone())),
            None => finite(self.as_f64().floor()),
        }
    }

    /// The smallest whole number that is not less.
    pub fn ceil(&self) -> Result<Self, ArithmeticError> {
        match self.as_i128() {
            Some(value) => fit(Some(value)).or_else(|_| Ok(self.clone())),
            None => finite(self.as_f64().ceil()),
        }
    }

    /// As a value holds it.
    pub(crate) fn into_repr(self) -> crate::value::Repr {
        match self.0 {
            Repr::Int(value) => crate::value::Repr::Int(value),
            Repr::Uint(value) => crate::value::Repr::Uint(value),
            Repr::Float(value) => crate::value::Repr::Float(value),
            Repr::Text(text) => crate::value::Repr::Decimal(text.as_str().into()),
        }
    }

    /// Both as integers, if both are held as integers or are whole decimals.
    fn integers(&self, other: &Self) -> Option<(i128, i128)> {
        Some((self.small_integer()?, other.small_integer()?))
    }

    /// The integer, if it is of the 64-bit range (so that sums and products fit an `i128`).
    fn small_integer(&self) -> Option<i128> {
        match self.0 {
            Repr::Int(value) => Some(i128::from(value)),
            Repr::Uint(value) => Some(i128::from(value)),
            Repr::Float(_) | Repr::Text(_) => self
                .as_i128()
                .filter(|value| i64::try_from(*value).is_ok() || u64::try_from(*value).is_ok()),
        }
    }

    fn refuse_zero(&self) -> Result<(), ArithmeticError> {
        if self.cmp(&Self::from(0_i64)) == Ordering::Equal {
            Err(ArithmeticError::DivisionByZero)
        } else {
            Ok(())
        }
    }
}

fn floor_div(a: i128, b: i128) -> i128 {
    let quotient = a / b;
    if a % b != 0 && (a < 0) != (b < 0) {
        quotient - 1
    } else {
        quotient
    }
}

fn fit(value: Option<i128>) -> Result<Number, ArithmeticError> {
    let value = value.ok_or(ArithmeticError::Overflow)?;
    if let Ok(value) = i64::try_from(value) {
        return Ok(Number::from(value));
    }
    u64::try_from(value)
        .map(Number::from)
        .map_err(|_| ArithmeticError::Overflow)
}

fn finite(value: f64) -> Result<Number, ArithmeticError> {
    Number::from_f64(value).ok_or(ArithmeticError::Overflow)
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(Repr::Int(value))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(i64::try_from(value).map_or(Repr::Uint(value), Repr::Int))
    }
}

impl fmt::Display for Number {
    /// The number as JSON text: a decimal exactly as it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Int(value) => write!(f, "{value}"),
            Repr::Uint(value) => write!(f, "{value}"),
            Repr::Float(value) => write!(f, "{value:?}"),
            Repr::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    /// By exact decimal value; a float counts as the shortest text that reads back as it.
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Int(a), Repr::Int(b)) => a.cmp(b),
            (Repr::Uint(a), Repr::Uint(b)) => a.cmp(b),
            (Repr::Int(_), Repr::Uint(_)) => Ordering::Less,
            (Repr::Uint(_), Repr::Int(_)) => Ordering::Greater,
            _ => {
                // Rounding is monotone: where the nearest floats differ, so do the numbers, the same way.
                let near = self.as_f64().partial_cmp(&other.as_f64());
                match near {
                    Some(order @ (Ordering::Less | Ordering::Greater)) => order,
                    _ => decimal::compare(&self.to_string(), &other.to_string()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
