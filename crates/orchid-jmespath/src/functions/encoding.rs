//! Bytes as text: base64, base64url, hex. Reading is lenient, writing is canonical.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD, URL_SAFE_NO_PAD};

use bytes::Bytes;

use crate::document;
use crate::functions::Function;
use crate::functions::call::Call;
use crate::functions::refusal::Refusal;
use crate::functions::signature::{Nulls, Secrets, Types, one};
use crate::functions::weight;
use crate::problem::EvalError;
use crate::value::Value;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "to_json",
        signature: "to_json(x)",
        group: "encoding",
        summary: "A value as JSON text without spaces; numbers as they were written.",
        example: (
            "to_json({id: `1.10`, tags: ['a']})",
            r#""{\"id\":1.10,\"tags\":[\"a\"]}""#,
        ),
        parameters: &[one("x", Types::NOT_NULL)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| Ok(Value::from(weight::json(call, call.value(0))?)),
    },
    Function {
        name: "parse_json",
        signature: "parse_json(s)",
        group: "encoding",
        summary: "The value that a JSON text stands for; null of empty text.",
        example: (r#"parse_json('{"id": 7}').id"#, "7"),
        parameters: &[one("s", Types::STRING)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: parse_json,
    },
    Function {
        name: "base64",
        signature: "base64(s)",
        group: "encoding",
        summary: "Text (as UTF-8) in base64, padded.",
        example: ("base64('user:pass')", r#""dXNlcjpwYXNz""#),
        parameters: &[one("s", Types::STRING)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| encoded(call, Encoding::Base64),
    },
    Function {
        name: "base64_decode",
        signature: "base64_decode(s)",
        group: "encoding",
        summary: "The text in base64 of either alphabet, padded or not. Bytes that are no UTF-8 text are an error.",
        example: ("base64_decode('dXNlcjpwYXNz')", r#""user:pass""#),
        parameters: &[one("s", Types::STRING)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| decoded(call, Encoding::Base64),
    },
    Function {
        name: "base64url",
        signature: "base64url(s)",
        group: "encoding",
        summary: "Text (as UTF-8) in the base64 of URLs and tokens, without padding.",
        example: ("base64url('a?b>')", r#""YT9iPg""#),
        parameters: &[one("s", Types::STRING)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| encoded(call, Encoding::Base64Url),
    },
    Function {
        name: "base64url_decode",
        signature: "base64url_decode(s)",
        group: "encoding",
        summary: "As base64_decode.",
        example: ("base64url_decode('YT9iPg')", r#""a?b>""#),
        parameters: &[one("s", Types::STRING)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| decoded(call, Encoding::Base64Url),
    },
    Function {
        name: "hex",
        signature: "hex(s)",
        group: "encoding",
        summary: "Text (as UTF-8) in lower-case hexadecimal.",
        example: ("hex('abc')", r#""616263""#),
        parameters: &[one("s", Types::STRING)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| encoded(call, Encoding::Hex),
    },
    Function {
        name: "unhex",
        signature: "unhex(s)",
        group: "encoding",
        summary: "The text in hexadecimal, in either case. Bytes that are no UTF-8 text are an error.",
        example: ("unhex('616263')", r#""abc""#),
        parameters: &[one("s", Types::STRING)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| decoded(call, Encoding::Hex),
    },
];

fn encoded(call: &mut Call<'_>, encoding: Encoding) -> Result<Value, EvalError> {
    let text = call.text(0)?;
    call.reserve(encoding.length(text.len()))?;
    Ok(Value::from(encoding.encode(text.as_bytes())))
}

fn decoded(call: &mut Call<'_>, encoding: Encoding) -> Result<Value, EvalError> {
    let encoded = call.text(0)?;
    call.reserve(encoded.len().saturating_mul(2))?;
    let decoded = encoding.decode(encoded).and_then(text);
    decoded.map(Value::from).map_err(|refusal| refusal.at(call, 0))
}

fn parse_json(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let text = call.text(0)?;
    if text.trim().is_empty() {
        return Ok(Value::NULL);
    }
    // A document holds a copy of the text and up to 24 bytes a node.
    call.charge(text.len())?;
    call.reserve(text.len().saturating_mul(4))?;
    document::parse(Bytes::copy_from_slice(text.as_bytes()))
        .map_err(|error| call.invalid(0, format!("{} is not JSON: {error}", call.shown(0))))
}

/// How bytes are written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Lower-case hexadecimal.
    Hex,
    /// RFC 4648, section 4, padded.
    Base64,
    /// RFC 4648, section 5, without padding, as tokens use it.
    Base64Url,
}

impl Encoding {
    /// By name.
    pub(crate) fn named(name: &str) -> Result<Self, Refusal> {
        match name {
            "hex" => Ok(Self::Hex),
            "base64" => Ok(Self::Base64),
            "base64url" => Ok(Self::Base64Url),
            _ => Err(Refusal::new("is not an encoding").with_help("use 'hex', 'base64' or 'base64url'")),
        }
    }

    /// How long the text for `bytes` bytes will be.
    pub(crate) fn length(self, bytes: usize) -> usize {
        match self {
            Self::Hex => bytes.saturating_mul(2),
            Self::Base64 | Self::Base64Url => bytes.div_ceil(3).saturating_mul(4),
        }
    }

    /// Writes.
    pub(crate) fn encode(self, bytes: &[u8]) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        match self {
            Self::Hex => {
                let mut text = String::with_capacity(bytes.len() * 2);
                for byte in bytes {
                    text.push(char::from(DIGITS[usize::from(byte >> 4)]));
                    text.push(char::from(DIGITS[usize::from(byte & 15)]));
                }
                text
            }
            Self::Base64 => STANDARD.encode(bytes),
            Self::Base64Url => URL_SAFE_NO_PAD.encode(bytes),
        }
    }

    /// Reads: white space is skipped, padding optional, both base64 alphabets and both cases of hex are taken.
    pub(crate) fn decode(self, text: &str) -> Result<Vec<u8>, Refusal> {
        let significant = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
        match self {
            Self::Hex => {
                let digits: Option<Vec<u8>> = significant.map(nibble).collect();
                digits
                    .filter(|digits| digits.len().is_multiple_of(2))
                    .map(|digits| {
                        digits
                            .chunks_exact(2)
                            .map(|pair| pair[0] << 4 | pair[1])
                            .collect()
                    })
                    .ok_or_else(|| Refusal::new("is not hexadecimal"))
            }
            Self::Base64 | Self::Base64Url => {
                let standard: Vec<u8> = significant
                    .map(|byte| match byte {
                        b'-' => b'+',
                        b'_' => b'/',
                        other => other,
                    })
                    .collect();
                LENIENT
                    .decode(standard)
                    .map_err(|_| Refusal::new("is not base64"))
            }
        }
    }
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// Decoded bytes as text.
pub(crate) fn text(bytes: Vec<u8>) -> Result<String, Refusal> {
    String::from_utf8(bytes).map_err(|_| {
        Refusal::new("does not hold UTF-8 text")
            .with_help("bytes for hash and hmac are given as {base64: value} or {hex: value}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes() {
        for (encoding, bytes, expected) in [
            (Encoding::Hex, b"".as_slice(), ""),
            (Encoding::Hex, b"\x00\xff\x0a", "00ff0a"),
            (Encoding::Base64, b"f", "Zg=="),
            (Encoding::Base64, b"\xfb\xff", "+/8="),
            (Encoding::Base64Url, b"\xfb\xff", "-_8"),
            (Encoding::Base64Url, b"", ""),
        ] {
            assert_eq!(encoding.encode(bytes), expected);
            assert!(encoding.length(bytes.len()) >= expected.len());
            assert_eq!(encoding.decode(expected).as_deref(), Ok(bytes));
        }
    }

    #[test]
    fn reads_leniently() {
        for (encoding, text, expected) in [
            (Encoding::Hex, " 00 FF\n0a", Some(b"\x00\xff\x0a".as_slice())),
            (Encoding::Hex, "0", None),
            (Encoding::Hex, "0g", None),
            (Encoding::Hex, "é0", None),
            (Encoding::Base64, "Zg", Some(b"f")),
            (Encoding::Base64, "Zg=", Some(b"f")),
            (Encoding::Base64, "Z g\r\n==", Some(b"f")),
            (Encoding::Base64, "Zh==", Some(b"f")),
            (Encoding::Base64, "-_8", Some(b"\xfb\xff")),
            (Encoding::Base64Url, "+/8=", Some(b"\xfb\xff")),
            (Encoding::Base64, "Z", None),
            (Encoding::Base64, "====", None),
            (Encoding::Base64, "Zg==Zg==", None),
            (Encoding::Base64, "Z#", None),
        ] {
            assert_eq!(
                encoding.decode(text).ok().as_deref(),
                expected,
                "{encoding:?} {text:?}"
            );
        }
    }
}
