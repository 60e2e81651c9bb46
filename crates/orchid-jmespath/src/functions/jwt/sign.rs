//! Signing bytes with a key, by an algorithm.
//!
//! Deterministic: ECDSA by RFC 6979; the salt of PSS and the blinding of RSA are drawn from an HMAC over key
//! and message, so the same request signed again is the same request.

use std::convert::Infallible;

use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use p256::ecdsa::signature::hazmat::PrehashSigner;

use p256::elliptic_curve::sec1::{ModulusSize, ValidatePublicKey};
use p256::elliptic_curve::{Curve, FieldBytesSize, SecretKey};
use p256::pkcs8::AssociatedOid;
use rsa::BoxedUint;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::rand_core::{TryCryptoRng, TryRng};
use rsa::traits::{PrivateKeyParts as _, PublicKeyParts as _};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use crate::functions::jwt::algorithm::{Algorithm, Digest};
use crate::functions::jwt::key::{Form, Jwk, Key};
use crate::functions::refusal::Refusal;

/// Sizes of an RSA modulus that are accepted, in bits: RFC 7518 asks for 2048, above is only slow.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=8192;

/// Signs `message`; the signature has the form that JWS prescribes (ECDSA: r and s side by side).
pub(crate) fn sign(algorithm: Algorithm, key: &Key, message: &[u8]) -> Result<Vec<u8>, Refusal> {
    match algorithm {
        Algorithm::Hs(digest) => mac(digest, key, message),
        Algorithm::Rs(digest) => {
            let key = rsa_key(key)?;
            let mut stream = Stream::new(&key, message);
            match digest {
                Digest::Sha256 => key.sign_with_rng(
                    &mut stream,
                    rsa::Pkcs1v15Sign::new::<Sha256>(),
                    &Sha256::digest(message),
                ),
                Digest::Sha384 => key.sign_with_rng(
                    &mut stream,
                    rsa::Pkcs1v15Sign::new::<Sha384>(),
                    &Sha384::digest(message),
                ),
                Digest::Sha512 => key.sign_with_rng(
                    &mut stream,
                    rsa::Pkcs1v15Sign::new::<Sha512>(),
                    &Sha512::digest(message),
                ),
            }
            .map_err(|_| unusable())
        }
        Algorithm::Ps(digest) => {
            let key = rsa_key(key)?;
            let mut stream = Stream::new(&key, message);
            match digest {
                Digest::Sha256 => {
                    key.sign_with_rng(&mut stream, rsa::Pss::<Sha256>::new(), &Sha256::digest(message))
                }
                Digest::Sha384 => {
                    key.sign_with_rng(&mut stream, rsa::Pss::<Sha384>::new(), &Sha384::digest(message))
                }
                Digest::Sha512 => {
                    key.sign_with_rng(&mut stream, rsa::Pss::<Sha512>::new(), &Sha512::digest(message))
                }
            }
            .map_err(|_| unusable())
        }
        Algorithm::Es(Digest::Sha256) => {
            let key = p256::ecdsa::SigningKey::from(curve_key(key, "P-256")?);
            let signature: Result<p256::ecdsa::Signature, _> = key.sign_prehash(&Sha256::digest(message));
            signature
                .map(|signature| signature.to_bytes().to_vec())
                .map_err(|_| unusable())
        }
        Algorithm::Es(Digest::Sha384) => {
            let key = p384::ecdsa::SigningKey::from(curve_key(key, "P-384")?);
            let signature: Result<p384::ecdsa::Signature, _> = key.sign_prehash(&Sha384::digest(message));
            signature
                .map(|signature| signature.to_bytes().to_vec())
                .map_err(|_| unusable())
        }
        Algorithm::Es(Digest::Sha512) => {
            let key = p521::ecdsa::SigningKey::from(curve_key(key, "P-521")?);
            let signature: Result<p521::ecdsa::Signature, _> = key.sign_prehash(&Sha512::digest(message));
            signature
                .map(|signature| signature.to_bytes().to_vec())
                .map_err(|_| unusable())
        }
        Algorithm::EdDsa => {
            use ed25519_dalek::Signer as _;
            Ok(edwards_key(key)?.sign(message).to_bytes().to_vec())
        }
    }
}

fn mac(digest: Digest, key: &Key, message: &[u8]) -> Result<Vec<u8>, Refusal> {
    let secret = match key {
        Key::Secret(secret) => secret.clone(),
        Key::Jwk(jwk) => {
            expect(jwk, "kty", "oct")?;
            jwk.bytes("k")?
        }
        Key::Der(..) => {
            return Err(Refusal::new(
                "is a private key, but HS algorithms take a shared secret",
            ));
        }
    };
    if secret.is_empty() {
        return Err(Refusal::new("is an empty key"));
    }
    macro_rules! with {
        ($digest:ty) => {{
            let mut mac = Hmac::<$digest>::new_from_slice(&secret).map_err(|_| unusable())?;
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        }};
    }
    Ok(match digest {
        Digest::Sha256 => with!(Sha256),
        Digest::Sha384 => with!(Sha384),
        Digest::Sha512 => with!(Sha512),
    })
}

fn rsa_key(key: &Key) -> Result<rsa::PrivateKey, Refusal> {
    let key = match key {
        Key::Der(Form::Pkcs1, der) => {
            rsa::PrivateKey::from_pkcs1_der(der).map_err(|_| wrong("an RSA key"))?
        }
        Key::Der(Form::Pkcs8, der) => {
            rsa::PrivateKey::from_pkcs8_der(der).map_err(|_| wrong("an RSA key"))?
        }
        Key::Jwk(jwk) => rsa_jwk(jwk)?,
        Key::Der(Form::Sec1, _) | Key::Secret(_) => return Err(wrong("an RSA key")),
    };
    if !RSA_BITS.contains(&key.n().bit_width_vartime()) {
        return Err(Refusal::new(format!(
            "is an RSA key of {} bits; from {} to {} are accepted",
            key.n().bit_width_vartime(),
            RSA_BITS.start(),
            RSA_BITS.end()
        )));
    }
    Ok(key)
}

fn rsa_jwk(jwk: &Jwk) -> Result<rsa::PrivateKey, Refusal> {
    expect(jwk, "kty", "RSA")?;
    let n = jwk.bytes("n")?;
    let bits = u32::try_from(n.len() * 8).unwrap_or(u32::MAX);
    if bits > *RSA_BITS.end() {
        return Err(Refusal::new(format!(
            "is an RSA key of {bits} bits; at most {} are accepted",
            RSA_BITS.end()
        )));
    }
    let number = |name: &str| {
        let bytes = jwk.bytes(name)?;
        BoxedUint::from_be_slice(&bytes, bits).map_err(|_| wrong("an RSA key"))
    };
    // The factors may be missing: they follow from the exponents.
    let primes = match (jwk.text("p"), jwk.text("q")) {
        (Some(_), Some(_)) => vec![number("p")?, number("q")?],
        _ => Vec::new(),
    };
    rsa::PrivateKey::from_components(number("n")?, number("e")?, number("d")?, primes)
        .map_err(|_| wrong("an RSA key"))
}

fn curve_key<C>(key: &Key, curve: &'static str) -> Result<SecretKey<C>, Refusal>
where
    C: AssociatedOid + Curve + ValidatePublicKey,
    FieldBytesSize<C>: ModulusSize,
{
    match key {
        Key::Der(Form::Sec1 | Form::Pkcs8, der) => SecretKey::from_der(der).map_err(|_| wrong(curve)),
        Key::Jwk(jwk) => {
            expect(jwk, "kty", "EC")?;
            expect(jwk, "crv", curve)?;
            SecretKey::from_slice(&jwk.bytes("d")?).map_err(|_| wrong(curve))
        }
        Key::Der(Form::Pkcs1, _) | Key::Secret(_) => Err(wrong(curve)),
    }
}

fn edwards_key(key: &Key) -> Result<ed25519_dalek::SigningKey, Refusal> {
    match key {
        Key::Der(Form::Pkcs8, der) => {
            ed25519_dalek::SigningKey::from_pkcs8_der(der).map_err(|_| wrong("an Ed25519 key"))
        }
        Key::Jwk(jwk) => {
            expect(jwk, "kty", "OKP")?;
            expect(jwk, "crv", "Ed25519")?;
            let seed = jwk.bytes("d")?;
            ed25519_dalek::SigningKey::try_from(seed.as_slice()).map_err(|_| wrong("an Ed25519 key"))
        }
        Key::Der(..) | Key::Secret(_) => Err(wrong("an Ed25519 key")),
    }
}

fn expect(jwk: &Jwk, name: &str, value: &str) -> Result<(), Refusal> {
    if jwk.text(name) == Some(value) {
        return Ok(());
    }
    Err(Refusal::new(format!(
        "is a JWK whose `{name}` is not `{value}`, which this algorithm needs"
    )))
}

fn wrong(what: &str) -> Refusal {
    Refusal::new(format!("is not a private key for this algorithm ({what})"))
        .with_help("give it as PEM (PKCS#8, PKCS#1, SEC 1) or as a JWK")
}

fn unusable() -> Refusal {
    Refusal::new("is a key that cannot sign")
}

/// Random-looking bytes that depend on the private key and the message alone: HMAC-SHA-256 in counter mode.
struct Stream {
    mac: Hmac<Sha256>,
    counter: u64,
}

impl Stream {
    fn new(key: &rsa::PrivateKey, message: &[u8]) -> Self {
        let secret = Zeroizing::new(key.d().to_be_bytes());
        let mut seed = Sha512::new();
        seed.update(b"orchid RSA salt and blinding\0");
        seed.update(&secret);
        let seed = Zeroizing::new(<[u8; 64]>::from(seed.finalize()));
        let mut mac = Hmac::<Sha256>::new(&(*seed).into());
        mac.update(&Sha256::digest(message));
        Self { mac, counter: 0 }
    }
}

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Infallible> {
        for chunk in target.chunks_mut(32) {
            let mut mac = self.mac.clone();
            mac.update(&self.counter.to_be_bytes());
            self.counter += 1;
            chunk.copy_from_slice(&mac.finalize().into_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Stream {}
