//! Decimals as text: rounding and scaling without ever going through binary floating point.

/// A decimal number: `0.d₁d₂d₃… × 10^point`. Zero has no digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decimal {
    negative: bool,
    /// ASCII digits without leading or trailing zeros.
    digits: Vec<u8>,
    point: i64,
}

impl Decimal {
    /// Reads JSON number syntax, a leading `+` and surplus leading zeros allowed. `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
            Some(at) => (&unsigned[..at], unsigned[at + 1..].parse::<i32>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() || (mantissa.len() > whole.len() && fraction.is_empty()) {
            return None;
        }
        let digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let point = i64::try_from(whole.len()).ok()? + i64::from(exponent);
        Some(
            Self {
                negative,
                digits,
                point,
            }
            .normalised(),
        )
    }

    /// An integer.
    pub(crate) fn from_integer(integer: i128) -> Self {
        let digits = integer.unsigned_abs().to_string().into_bytes();
        let point = i64::try_from(digits.len()).unwrap_or(i64::MAX);
        Self {
            negative: integer < 0,
            digits,
            point,
        }
        .normalised()
    }

    fn normalised(mut self) -> Self {
        let zeros = self.digits.iter().take_while(|digit| **digit == b'0').count();
        self.digits.drain(..zeros);
        self.point -= i64::try_from(zeros).unwrap_or(i64::MAX);
        while self.digits.last() == Some(&b'0') {
            self.digits.pop();
        }
        if self.digits.is_empty() {
            (self.negative, self.point) = (false, 0);
        }
        self
    }

    /// Whether it has no fraction.
    pub(crate) fn is_integer(&self) -> bool {
        self.point >= i64::try_from(self.digits.len()).unwrap_or(i64::MAX)
    }

    /// Rounded to `places` behind the point (before it when negative), half away from zero.
    pub(crate) fn rounded(&self, places: i32) -> Self {
        self.cut(places, |next| next >= b'5')
    }

    /// Without its fraction: towards zero.
    pub(crate) fn truncated(&self) -> Self {
        self.cut(0, |_| false)
    }

    fn cut(&self, places: i32, away: impl Fn(u8) -> bool) -> Self {
        let keep = self.point + i64::from(places);
        let Ok(keep) = usize::try_from(keep) else {
            return Self {
                negative: false,
                digits: Vec::new(),
                point: 0,
            };
        };
        if keep >= self.digits.len() {
            return self.clone();
        }
        let mut cut = Self {
            digits: self.digits[..keep].to_vec(),
            ..*self
        };
        if away(self.digits[keep]) {
            cut.step_away();
        }
        cut.normalised()
    }

    /// Adds one to the last digit.
    fn step_away(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                return;
            }
            *digit = b'0';
        }
        self.digits.insert(0, b'1');
        self.point += 1;
    }

    /// Times ten to the power of `exponent`.
    pub(crate) fn shifted(mut self, exponent: i64) -> Self {
        if !self.digits.is_empty() {
            self.point = self.point.saturating_add(exponent);
        }
        self
    }

    /// The largest integer that is not greater, if it fits.
    pub(crate) fn floor(&self) -> Option<i128> {
        let whole = self.truncated().integer()?;
        Some(if self.negative && !self.is_integer() {
            whole - 1
        } else {
            whole
        })
    }

    /// The integer, if it is one and fits.
    pub(crate) fn integer(&self) -> Option<i128> {
        if !self.is_integer() || self.point > 38 {
            return None;
        }
        let zeros = usize::try_from(self.point).ok()? - self.digits.len();
        let mut digits = self
            .digits
            .iter()
            .copied()
            .chain(std::iter::repeat_n(b'0', zeros));
        let magnitude = digits.try_fold(0_i128, |sum, digit| {
            sum.checked_mul(10)?.checked_add(i128::from(digit - b'0'))
        })?;
        Some(if self.negative { -magnitude } else { magnitude })
    }

    /// JSON text: plain where that is short, else with an exponent.
    pub(crate) fn to_text(&self) -> String {
        let digits = String::from_utf8_lossy(&self.digits);
        let sign = if self.negative { "-" } else { "" };
        let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
        match usize::try_from(self.point) {
            _ if digits.is_empty() => "0".to_owned(),
            Ok(point) if self.point >= length && self.point <= length + 40 => {
                format!("{sign}{digits}{}", "0".repeat(point - digits.len()))
            }
            Ok(point) if point > 0 && self.point < length => {
                format!("{sign}{}.{}", &digits[..point], &digits[point..])
            }
            _ if (-40..=0).contains(&self.point) => {
                let zeros = usize::try_from(-self.point).unwrap_or(0);
                format!("{sign}0.{}{digits}", "0".repeat(zeros))
            }
            _ => {
                let dot = if digits.len() > 1 { "." } else { "" };
                format!("{sign}{}{dot}{}e{}", &digits[..1], &digits[1..], self.point - 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_json_numbers_only() {
        let read = |text: &str| Decimal::parse(text).map(|d| d.to_text());
        for (text, expected) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0", "0"),
            ("+7", "7"),
            ("007", "7"),
            ("1.10", "1.1"),
            ("12e3", "12000"),
            ("12E-3", "0.012"),
            ("-0.0012", "-0.0012"),
            ("123.456", "123.456"),
            ("1e100", "1e100"),
            ("-1.25e-100", "-1.25e-100"),
            ("18446744073709551616", "18446744073709551616"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "-",
            "+",
            ".",
            ".5",
            "5.",
            "1e",
            "1e1.5",
            "1 ",
            " 1",
            "0x1",
            "1_0",
            "NaN",
            "1e99999999999",
            "١",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn rounds_half_away_from_zero_on_the_text() {
        for (text, places, expected) in [
            ("2.5", 0, "3"),
            ("-2.5", 0, "-3"),
            ("2.4999999999999999999", 0, "2"),
            ("1.005", 2, "1.01"),
            ("0.05", 1, "0.1"),
            ("0.04", 1, "0"),
            ("0.5", 0, "1"),
            ("0.4", 0, "0"),
            ("-0.4", 0, "0"),
            ("9.99", 1, "10"),
            ("999", -1, "1000"),
            ("1250", -2, "1300"),
            ("49", -2, "0"),
            ("50", -2, "100"),
            ("50", -30, "0"),
            ("1.5", 30, "1.5"),
            ("1e300", 2, "1e300"),
            ("1e-300", 2, "0"),
            ("1e2000000000", -2_000_000_000, "1e2000000000"),
            ("7e2000000000", -2_000_000_001, "1e2000000001"),
        ] {
            let decimal = Decimal::parse(text).expect(text);
            assert_eq!(decimal.rounded(places).to_text(), expected, "{text} to {places}");
        }
    }

    #[test]
    fn integers_floors_and_shifts() {
        let d = |text: &str| Decimal::parse(text).expect("a decimal");
        assert_eq!(d("-1.5").floor(), Some(-2));
        assert_eq!(d("-1").floor(), Some(-1));
        assert_eq!(d("1.9").floor(), Some(1));
        assert_eq!(d("1.9").truncated().integer(), Some(1));
        assert_eq!(d("-1.9").truncated().integer(), Some(-1));
        assert_eq!(d("1.9").integer(), None);
        assert_eq!(d("1e38").integer(), None, "39 digits are beyond what is promised");
        assert_eq!(d("1e37").integer(), Some(10_i128.pow(37)));
        assert_eq!(d("1.5").shifted(3).integer(), Some(1500));
        assert_eq!(d("0").shifted(3).integer(), Some(0));
        assert_eq!(d("1e2000000000").floor(), None);
    }
}
