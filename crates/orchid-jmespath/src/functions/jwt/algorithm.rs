//! The signature algorithms of RFC 7518 and RFC 8037, by name.

use crate::functions::refusal::Refusal;

/// What `alg` of a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// HMAC with a shared secret.
    Hs(Digest),
    /// RSA, PKCS#1 v1.5 padding.
    Rs(Digest),
    /// RSA, PSS padding, salt as long as the digest.
    Ps(Digest),
    /// ECDSA; the digest fixes the curve: P-256, P-384, P-521.
    Es(Digest),
    /// Ed25519.
    EdDsa,
}

/// The digest that an algorithm's name ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Digest {
    /// SHA-256
    Sha256,
    /// SHA-384
    Sha384,
    /// SHA-512
    Sha512,
}

impl Algorithm {
    /// By its registered name; the case matters, as it does to whoever verifies.
    pub(crate) fn named(name: &str) -> Result<Self, Refusal> {
        let family = match name.get(..2) {
            _ if name == "EdDSA" => return Ok(Self::EdDsa),
            Some("HS") => Self::Hs,
            Some("RS") => Self::Rs,
            Some("PS") => Self::Ps,
            Some("ES") => Self::Es,
            _ => return Err(unknown()),
        };
        match &name[2..] {
            "256" => Ok(family(Digest::Sha256)),
            "384" => Ok(family(Digest::Sha384)),
            "512" => Ok(family(Digest::Sha512)),
            _ => Err(unknown()),
        }
    }
}

fn unknown() -> Refusal {
    Refusal::new("is not a signature algorithm")
        .with_help("use HS, RS, PS or ES with 256, 384 or 512 (such as 'RS256'), or 'EdDSA'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(Algorithm::named("HS256"), Ok(Algorithm::Hs(Digest::Sha256)));
        assert_eq!(Algorithm::named("RS384"), Ok(Algorithm::Rs(Digest::Sha384)));
        assert_eq!(Algorithm::named("PS512"), Ok(Algorithm::Ps(Digest::Sha512)));
        assert_eq!(Algorithm::named("ES512"), Ok(Algorithm::Es(Digest::Sha512)));
        assert_eq!(Algorithm::named("EdDSA"), Ok(Algorithm::EdDsa));
        for name in [
            "", "none", "H", "HS", "HS1", "hs256", "ES256K", "eddsa", "éS256", "RS256 ",
        ] {
            assert!(Algorithm::named(name).is_err(), "{name}");
        }
    }
}
