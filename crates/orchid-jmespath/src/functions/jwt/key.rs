//! Signing keys as people hold them: PEM (PKCS#1, PKCS#8, SEC 1), JWK, shared secrets.
//!
//! No refusal repeats any part of a key.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use crate::functions::refusal::Refusal;

/// The longest key text, in bytes; an 8192-bit RSA key in PEM has 6,400.
pub(crate) const MAX_KEY: usize = 64 * 1024;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// A key, taken apart as far as its outer form goes.
#[derive(Clone)]
pub(crate) enum Key {
    /// A shared secret.
    Secret(Zeroizing<Vec<u8>>),
    /// One private key in DER.
    Der(Form, Zeroizing<Vec<u8>>),
    /// The text members of a JSON Web Key (RFC 7517).
    Jwk(Jwk),
}

/// What a PEM label says of the DER inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `RSA PRIVATE KEY`
    Pkcs1,
    /// `PRIVATE KEY`
    Pkcs8,
    /// `EC PRIVATE KEY`
    Sec1,
}

/// A JSON Web Key's text members by name.
#[derive(Clone, Default)]
pub(crate) struct Jwk(pub(crate) BTreeMap<String, Zeroizing<String>>);

impl Jwk {
    /// A member as text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|text| text.as_str())
    }

    /// A base64url member's bytes.
    pub(crate) fn bytes(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Refusal> {
        let text = self
            .text(name)
            .ok_or_else(|| Refusal::new(format!("is a JWK without `{name}`")))?;
        let bytes = URL_SAFE.decode(text);
        bytes
            .map(Zeroizing::new)
            .map_err(|_| Refusal::new(format!("is a JWK whose `{name}` is not base64url")))
    }
}

impl Key {
    /// A key from text that is not a JWK: PEM, or a shared secret as it stands.
    pub(crate) fn from_text(text: &str) -> Result<Self, Refusal> {
        if text.len() > MAX_KEY {
            return Err(Refusal::new("is too long for a key"));
        }
        if text.contains("-----BEGIN ") {
            return pem(text);
        }
        if text.is_empty() {
            return Err(Refusal::new("is an empty key"));
        }
        Ok(Self::Secret(Zeroizing::new(text.as_bytes().to_vec())))
    }
}

/// Finds the private key in PEM text; line breaks may have become `\n` or spaces on their way.
fn pem(text: &str) -> Result<Key, Refusal> {
    let text = Zeroizing::new(text.replace("\\r", "").replace("\\n", "\n"));
    let mut rest = text.as_str();
    let mut found = None;
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----").ok_or_else(broken)?;
        let (body, after) = after.split_once("-----END ").ok_or_else(broken)?;
        rest = after;
        let form = match label {
            "PRIVATE KEY" => Form::Pkcs8,
            "RSA PRIVATE KEY" => Form::Pkcs1,
            "EC PRIVATE KEY" => Form::Sec1,
            "ENCRYPTED PRIVATE KEY" => return Err(encrypted()),
            "OPENSSH PRIVATE KEY" => {
                return Err(Refusal::new("is a key in OpenSSH's own form")
                    .with_help("convert it: ssh-keygen -p -m PKCS8 -f KEYFILE"));
            }
            _ => {
                found.get_or_insert(Refusal::new("has no private key in it"));
                continue;
            }
        };
        if body.contains("ENCRYPTED") {
            return Err(encrypted());
        }
        let body: Zeroizing<String> =
            Zeroizing::new(body.chars().filter(|c| !c.is_ascii_whitespace()).collect());
        let der = STANDARD.decode(body.as_bytes()).map_err(|_| broken())?;
        return Ok(Key::Der(form, Zeroizing::new(der)));
    }
    Err(found.unwrap_or_else(broken))
}

fn broken() -> Refusal {
    Refusal::new("is not complete PEM")
        .with_help("it has the lines -----BEGIN … and -----END … and base64 between")
}

fn encrypted() -> Refusal {
    Refusal::new("is a key encrypted with a passphrase").with_help("decrypt it: openssl pkey -in KEYFILE")
}
