//! Digests and message authentication codes.

use std::borrow::Cow;

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::functions::Function;
use crate::functions::call::Call;
use crate::functions::encoding::Encoding;
use crate::functions::refusal::Refusal;
use crate::functions::signature::{Literal, Nulls, Secrets, Types, one, optional};
use crate::problem::EvalError;
use crate::value::Value;

/// Where bytes are taken: text stands for its UTF-8, `{base64: …}` and `{hex: …}` for what they encode.
const BYTES: Types = Types::STRING.or(Types::OBJECT);

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "hash",
        signature: "hash(alg, text, enc?)",
        group: "digest",
        summary: "The digest of a text: `md5`, `sha1`, `sha256`, `sha384` or `sha512`, written as `hex` (default), `base64` or `base64url`. `{base64: …}` or `{hex: …}` in place of the text stands for bytes.",
        example: (
            "hash('sha256', 'abc', 'base64')",
            r#""ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=""#,
        ),
        parameters: &[
            one("alg", Types::STRING).literal(Literal::Checked(|name| Algorithm::named(name).map(|_| ()))),
            one("text", BYTES),
            optional("enc", Types::STRING)
                .literal(Literal::Checked(|name| Encoding::named(name).map(|_| ()))),
        ],
        nulls: Nulls::Yield,
        secrets: Secrets::Exempt,
        call: |call| {
            let algorithm = algorithm(call)?;
            let encoding = encoding(call, 2)?;
            let bytes = bytes(call, 1)?;
            Ok(Value::from(hash(algorithm, &bytes, encoding)))
        },
    },
    Function {
        name: "hmac",
        signature: "hmac(alg, key, text, enc?)",
        group: "digest",
        summary: "The HMAC of a text under a key, with the digests and encodings of `hash`. `{base64: …}` or `{hex: …}` in place of key or text stands for bytes.",
        example: (
            "hmac('sha256', {hex: '4a656665'}, 'what do ya want for nothing?')",
            r#""5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843""#,
        ),
        parameters: &[
            one("alg", Types::STRING).literal(Literal::Checked(|name| Algorithm::named(name).map(|_| ()))),
            one("key", BYTES),
            one("text", BYTES),
            optional("enc", Types::STRING)
                .literal(Literal::Checked(|name| Encoding::named(name).map(|_| ()))),
        ],
        nulls: Nulls::Yield,
        secrets: Secrets::Exempt,
        call: |call| {
            let algorithm = algorithm(call)?;
            let encoding = encoding(call, 3)?;
            let (key, bytes) = (bytes(call, 1)?, bytes(call, 2)?);
            let code = hmac(algorithm, &key, &bytes, encoding);
            code.map(Value::from)
                .map_err(|refusal| refusal.hidden(call, 1, "this"))
        },
    },
];

fn algorithm(call: &Call<'_>) -> Result<Algorithm, EvalError> {
    Algorithm::named(call.text(0)?).map_err(|refusal| refusal.at(call, 0))
}

fn encoding(call: &Call<'_>, index: usize) -> Result<Encoding, EvalError> {
    let named = call
        .optional_text(index)?
        .map_or(Ok(Encoding::Hex), Encoding::named);
    named.map_err(|refusal| refusal.at(call, index))
}

/// The bytes that an argument stands for.
pub(crate) fn bytes<'a>(call: &mut Call<'a>, index: usize) -> Result<Cow<'a, [u8]>, EvalError> {
    let value = call.value(index);
    if let Some(text) = value.as_str() {
        call.charge(text.len() / 16)?;
        return Ok(Cow::Borrowed(text.as_bytes()));
    }
    let (Some((name, encoded)), 1) = (value.entries().next(), value.len()) else {
        return Err(no_bytes(call, index));
    };
    let encoding = match name {
        "base64" => Encoding::Base64,
        "hex" => Encoding::Hex,
        _ => return Err(no_bytes(call, index)),
    };
    let Some(text) = encoded.as_str() else {
        return Err(no_bytes(call, index));
    };
    call.reserve(text.len().saturating_mul(2))?;
    let decoded = encoding.decode(text);
    decoded
        .map(Cow::Owned)
        .map_err(|refusal| refusal.hidden(call, index, &format!("`{name}`")))
}

fn no_bytes(call: &Call<'_>, index: usize) -> EvalError {
    call.invalid(
        index,
        "an object in place of text is `{base64: …}` or `{hex: …}` and stands for bytes",
    )
}

/// A digest by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// For APIs that still ask for it; not for anything new.
    Md5,
    /// As `Md5`.
    Sha1,
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl Algorithm {
    /// By name, in either case, with or without a hyphen (`SHA-256`).
    pub(crate) fn named(name: &str) -> Result<Self, Refusal> {
        match name.to_ascii_lowercase().as_str() {
            "md5" => Ok(Self::Md5),
            "sha1" | "sha-1" => Ok(Self::Sha1),
            "sha256" | "sha-256" => Ok(Self::Sha256),
            "sha384" | "sha-384" => Ok(Self::Sha384),
            "sha512" | "sha-512" => Ok(Self::Sha512),
            _ => Err(Refusal::new("is not a digest")
                .with_help("use 'md5', 'sha1', 'sha256', 'sha384' or 'sha512'")),
        }
    }
}

/// The digest of `bytes`, encoded.
pub(crate) fn hash(algorithm: Algorithm, bytes: &[u8], encoding: Encoding) -> String {
    match algorithm {
        Algorithm::Md5 => encoding.encode(&Md5::digest(bytes)),
        Algorithm::Sha1 => encoding.encode(&Sha1::digest(bytes)),
        Algorithm::Sha256 => encoding.encode(&Sha256::digest(bytes)),
        Algorithm::Sha384 => encoding.encode(&Sha384::digest(bytes)),
        Algorithm::Sha512 => encoding.encode(&Sha512::digest(bytes)),
    }
}

/// The HMAC (RFC 2104) of `bytes` under `key`, encoded.
pub(crate) fn hmac(
    algorithm: Algorithm,
    key: &[u8],
    bytes: &[u8],
    encoding: Encoding,
) -> Result<String, Refusal> {
    macro_rules! with {
        ($digest:ty) => {{
            let mut mac =
                Hmac::<$digest>::new_from_slice(key).map_err(|_| Refusal::new("cannot be a key"))?;
            mac.update(bytes);
            encoding.encode(&mac.finalize().into_bytes())
        }};
    }
    Ok(match algorithm {
        Algorithm::Md5 => with!(Md5),
        Algorithm::Sha1 => with!(Sha1),
        Algorithm::Sha256 => with!(Sha256),
        Algorithm::Sha384 => with!(Sha384),
        Algorithm::Sha512 => with!(Sha512),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_digests() {
        for (name, text, expected) in [
            ("md5", "", "d41d8cd98f00b204e9800998ecf8427e"),
            ("MD5", "abc", "900150983cd24fb0d6963f7d28e17f72"),
            ("sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "sha256",
                "",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                "SHA-256",
                "abc",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                "sha384",
                "abc",
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
            ),
            (
                "sha512",
                "abc",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
        ] {
            let algorithm = Algorithm::named(name).expect("a digest");
            assert_eq!(
                hash(algorithm, text.as_bytes(), Encoding::Hex),
                expected,
                "{name} {text}"
            );
        }
        assert!(Algorithm::named("sha3").is_err());
        assert!(Algorithm::named("").is_err());
    }

    /// RFC 2202 (case 2) and RFC 4231 (cases 2 and 6).
    #[test]
    fn published_codes() {
        let what = b"what do ya want for nothing?".as_slice();
        let long = b"Test Using Larger Than Block-Size Key - Hash Key First".as_slice();
        for (algorithm, key, text, expected) in [
            (
                Algorithm::Md5,
                b"Jefe".to_vec(),
                what,
                "750c783e6ab0b503eaa86e310a5db738",
            ),
            (
                Algorithm::Sha1,
                b"Jefe".to_vec(),
                what,
                "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            ),
            (
                Algorithm::Sha256,
                b"Jefe".to_vec(),
                what,
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                Algorithm::Sha256,
                vec![0xaa; 131],
                long,
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                Algorithm::Sha512,
                b"Jefe".to_vec(),
                what,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ),
        ] {
            assert_eq!(
                hmac(algorithm, &key, text, Encoding::Hex).as_deref(),
                Ok(expected),
                "{algorithm:?}"
            );
        }
    }
}
