//! Signatures against published vectors, and against another implementation's verification.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use zeroize::Zeroizing;

use super::algorithm::Algorithm;
use super::key::{Jwk, Key};
use super::sign::sign;

const RSA_PKCS1: &str = include_str!("../../../tests/keys/rsa2048.pkcs1.pem");
const RSA_PKCS8: &str = include_str!("../../../tests/keys/rsa2048.pkcs8.pem");
const P256_SEC1: &str = include_str!("../../../tests/keys/p256.sec1.pem");
const P256_PKCS8: &str = include_str!("../../../tests/keys/p256.pkcs8.pem");
const P384_SEC1: &str = include_str!("../../../tests/keys/p384.sec1.pem");
const P384_PKCS8: &str = include_str!("../../../tests/keys/p384.pkcs8.pem");
const P521_SEC1: &str = include_str!("../../../tests/keys/p521.sec1.pem");
const P521_PKCS8: &str = include_str!("../../../tests/keys/p521.pkcs8.pem");
const ED25519: &str = include_str!("../../../tests/keys/ed25519.pkcs8.pem");
const ENCRYPTED: &str = include_str!("../../../tests/keys/encrypted.pem");
const RSA_1024: &str = include_str!("../../../tests/keys/rsa1024.pem");

/// The payload of RFC 7515, appendices A.1 to A.4, encoded.
const JOE: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

fn jwk(members: &[(&str, &str)]) -> Key {
    let members = members
        .iter()
        .map(|(name, text)| ((*name).to_owned(), Zeroizing::new((*text).to_owned())));
    Key::Jwk(Jwk(members.collect::<BTreeMap<_, _>>()))
}

fn rsa_members() -> Vec<(&'static str, &'static str)> {
    vec![
        ("kty", "RSA"),
        (
            "n",
            "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        ),
        ("e", "AQAB"),
        (
            "d",
            "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ",
        ),
        (
            "p",
            "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc",
        ),
        (
            "q",
            "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc",
        ),
    ]
}

fn signature(algorithm: &str, key: &Key, message: &str) -> Result<String, String> {
    let algorithm = Algorithm::named(algorithm).expect("an algorithm");
    match sign(algorithm, key, message.as_bytes()) {
        Ok(bytes) => Ok(URL_SAFE_NO_PAD.encode(bytes)),
        Err(refusal) => Err(refusal.reason),
    }
}

#[test]
fn rfc_7515_a1_hs256() {
    let key = jwk(&[
        ("kty", "oct"),
        (
            "k",
            "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
        ),
    ]);
    let message = format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{JOE}");
    assert_eq!(
        signature("HS256", &key, &message).as_deref(),
        Ok("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    );
}

#[test]
fn rfc_7515_a2_rs256_with_and_without_the_factors() {
    let expected = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let message = format!("eyJhbGciOiJSUzI1NiJ9.{JOE}");
    let members = rsa_members();
    for count in [members.len(), 4] {
        assert_eq!(
            signature("RS256", &jwk(&members[..count]), &message).as_deref(),
            Ok(expected)
        );
    }
}

#[test]
fn rfc_8037_a4_eddsa() {
    let key = jwk(&[
        ("kty", "OKP"),
        ("crv", "Ed25519"),
        ("d", "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"),
    ]);
    let message = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let expected = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(signature("EdDSA", &key, message).as_deref(), Ok(expected));
}

/// RFC 6979, appendix A.2.7: P-521, SHA-512, message "sample".
#[test]
fn rfc_6979_a27_es512() {
    let d = "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538";
    let expected = "00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF282623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A";
    let key = jwk(&[
        ("kty", "EC"),
        ("crv", "P-521"),
        ("d", &URL_SAFE_NO_PAD.encode(unhex(d))),
    ]);
    assert_eq!(
        signature("ES512", &key, "sample"),
        Ok(URL_SAFE_NO_PAD.encode(unhex(expected)))
    );
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).expect("ASCII"));
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).expect("hex"))
        .collect()
}

/// The public half as `ring` takes it.
fn public_half(pem: &str) -> Vec<u8> {
    use super::key::Form;
    use rsa::pkcs1::{DecodeRsaPrivateKey as _, EncodeRsaPublicKey as _};
    use rsa::pkcs8::DecodePrivateKey as _;

    let Ok(Key::Der(form, der)) = Key::from_text(pem) else {
        panic!("no key in the fixture")
    };
    match form {
        Form::Pkcs1 => rsa::PrivateKey::from_pkcs1_der(&der)
            .expect("RSA")
            .to_public_key()
            .to_pkcs1_der()
            .expect("DER")
            .as_bytes()
            .to_vec(),
        _ => None
            .or_else(|| {
                rsa::PrivateKey::from_pkcs8_der(&der).ok().map(|key| {
                    key.to_public_key()
                        .to_pkcs1_der()
                        .expect("DER")
                        .as_bytes()
                        .to_vec()
                })
            })
            .or_else(|| {
                p256::SecretKey::from_der(&der)
                    .ok()
                    .map(|key| key.public_key().to_sec1_bytes().to_vec())
            })
            .or_else(|| {
                p384::SecretKey::from_der(&der)
                    .ok()
                    .map(|key| key.public_key().to_sec1_bytes().to_vec())
            })
            .or_else(|| {
                ed25519_dalek::SigningKey::from_pkcs8_der(&der)
                    .ok()
                    .map(|key| key.verifying_key().to_bytes().to_vec())
            })
            .expect("a key of a known kind"),
    }
}

#[test]
fn another_implementation_accepts_every_signature() {
    let cases: [(&str, &str, &'static dyn VerificationAlgorithm); 13] = [
        ("RS256", RSA_PKCS1, &signature::RSA_PKCS1_2048_8192_SHA256),
        ("RS256", RSA_PKCS8, &signature::RSA_PKCS1_2048_8192_SHA256),
        ("RS384", RSA_PKCS8, &signature::RSA_PKCS1_2048_8192_SHA384),
        ("RS512", RSA_PKCS8, &signature::RSA_PKCS1_2048_8192_SHA512),
        ("PS256", RSA_PKCS1, &signature::RSA_PSS_2048_8192_SHA256),
        ("PS256", RSA_PKCS8, &signature::RSA_PSS_2048_8192_SHA256),
        ("PS384", RSA_PKCS8, &signature::RSA_PSS_2048_8192_SHA384),
        ("PS512", RSA_PKCS8, &signature::RSA_PSS_2048_8192_SHA512),
        ("ES256", P256_SEC1, &signature::ECDSA_P256_SHA256_FIXED),
        ("ES256", P256_PKCS8, &signature::ECDSA_P256_SHA256_FIXED),
        ("ES384", P384_SEC1, &signature::ECDSA_P384_SHA384_FIXED),
        ("ES384", P384_PKCS8, &signature::ECDSA_P384_SHA384_FIXED),
        ("EdDSA", ED25519, &signature::ED25519),
    ];
    for (algorithm, pem, verifier) in cases {
        let key = Key::from_text(pem).expect("a key");
        let signed = sign(
            Algorithm::named(algorithm).expect("an algorithm"),
            &key,
            b"a message",
        )
        .expect(algorithm);
        let public = UnparsedPublicKey::new(verifier, public_half(pem));
        assert!(
            public.verify(b"a message", &signed).is_ok(),
            "{algorithm} is not accepted"
        );
        assert!(
            public.verify(b"another message", &signed).is_err(),
            "{algorithm} accepts anything"
        );
        let again = sign(
            Algorithm::named(algorithm).expect("an algorithm"),
            &key,
            b"a message",
        )
        .expect(algorithm);
        assert_eq!(
            signed, again,
            "{algorithm} signs the same message in the same way"
        );
    }
}

#[test]
fn both_pem_forms_of_p521_are_one_key() {
    use p521::ecdsa::signature::Verifier as _;

    let sec1 = sign(
        Algorithm::named("ES512").expect("known"),
        &Key::from_text(P521_SEC1).expect("a key"),
        b"m",
    );
    let pkcs8 = sign(
        Algorithm::named("ES512").expect("known"),
        &Key::from_text(P521_PKCS8).expect("a key"),
        b"m",
    );
    assert_eq!(sec1, pkcs8);
    let Ok(Key::Der(_, der)) = Key::from_text(P521_PKCS8) else {
        panic!("no key")
    };
    let public = p521::SecretKey::from_der(&der).expect("a key").public_key();
    let signature = p521::ecdsa::Signature::from_slice(&sec1.expect("a signature")).expect("132 bytes");
    p521::ecdsa::VerifyingKey::from(public)
        .verify(b"m", &signature)
        .expect("it verifies");
}

#[test]
fn pem_survives_what_happens_to_it_on_its_way() {
    let key =
        |text: &str| signature("ES256", &Key::from_text(text).expect("a key"), "m").expect("a signature");
    let expected = key(P256_PKCS8);
    for text in [
        P256_PKCS8.replace('\n', "\\n"),
        P256_PKCS8.replace('\n', "\\r\\n"),
        P256_PKCS8.replace('\n', "\r\n"),
        P256_PKCS8.replace('\n', " "),
        format!("some text before\n{P256_PKCS8}\nand after"),
    ] {
        assert_eq!(key(&text), expected, "{text:?}");
    }
}

const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n";
const LEGACY: &str =
    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";

/// Algorithm, key, why it is refused.
const REFUSED: &[(&str, &str, &str)] = &[
    ("RS256", "", "is an empty key"),
    (
        "RS256",
        "hunter2hunter2",
        "is not a private key for this algorithm (an RSA key)",
    ),
    (
        "ES256",
        "hunter2hunter2",
        "is not a private key for this algorithm (P-256)",
    ),
    (
        "EdDSA",
        "hunter2hunter2",
        "is not a private key for this algorithm (an Ed25519 key)",
    ),
    (
        "RS256",
        P256_PKCS8,
        "is not a private key for this algorithm (an RSA key)",
    ),
    (
        "RS256",
        P256_SEC1,
        "is not a private key for this algorithm (an RSA key)",
    ),
    (
        "ES256",
        RSA_PKCS8,
        "is not a private key for this algorithm (P-256)",
    ),
    (
        "ES256",
        RSA_PKCS1,
        "is not a private key for this algorithm (P-256)",
    ),
    (
        "ES256",
        P384_PKCS8,
        "is not a private key for this algorithm (P-256)",
    ),
    (
        "ES384",
        P256_SEC1,
        "is not a private key for this algorithm (P-384)",
    ),
    (
        "ES512",
        P256_PKCS8,
        "is not a private key for this algorithm (P-521)",
    ),
    (
        "EdDSA",
        P256_PKCS8,
        "is not a private key for this algorithm (an Ed25519 key)",
    ),
    (
        "RS256",
        RSA_1024,
        "is an RSA key of 1024 bits; from 2048 to 8192 are accepted",
    ),
    (
        "HS256",
        RSA_PKCS8,
        "is a private key, but HS algorithms take a shared secret",
    ),
    ("EdDSA", ENCRYPTED, "is a key encrypted with a passphrase"),
    ("RS256", LEGACY, "is a key encrypted with a passphrase"),
    ("ES256", PUBLIC, "has no private key in it"),
    (
        "ES256",
        "-----BEGIN PRIVATE KEY-----\nhunter2",
        "is not complete PEM",
    ),
    (
        "ES256",
        "-----BEGIN PRIVATE KEY-----\n#hunter2\n-----END PRIVATE KEY-----",
        "is not complete PEM",
    ),
    (
        "ES256",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAA\n-----END OPENSSH PRIVATE KEY-----",
        "is a key in OpenSSH's own form",
    ),
    (
        "ES256",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "is not a private key for this algorithm (P-256)",
    ),
];

#[test]
fn refusals_say_why_and_show_nothing_of_the_key() {
    for (algorithm, text, expected) in REFUSED.iter().copied() {
        let found = match Key::from_text(text) {
            Ok(key) => signature(algorithm, &key, "m"),
            Err(refusal) => Err(refusal.reason),
        };
        assert_eq!(found, Err(expected.to_owned()), "{algorithm}");
    }
    assert!(Key::from_text(&"x".repeat(super::key::MAX_KEY + 1)).is_err());
}

#[test]
fn jwk_refusals() {
    let huge = URL_SAFE_NO_PAD.encode([255; 2000]);
    for (algorithm, members, expected) in [
        (
            "HS256",
            vec![],
            "is a JWK whose `kty` is not `oct`, which this algorithm needs",
        ),
        ("HS256", vec![("kty", "oct")], "is a JWK without `k`"),
        ("HS256", vec![("kty", "oct"), ("k", "")], "is an empty key"),
        (
            "HS256",
            vec![("kty", "oct"), ("k", "#")],
            "is a JWK whose `k` is not base64url",
        ),
        (
            "RS256",
            vec![("kty", "EC")],
            "is a JWK whose `kty` is not `RSA`, which this algorithm needs",
        ),
        ("RS256", rsa_members()[..3].to_vec(), "is a JWK without `d`"),
        (
            "RS256",
            vec![("kty", "RSA"), ("n", &huge)],
            "is an RSA key of 16000 bits; at most 8192 are accepted",
        ),
        (
            "RS256",
            vec![("kty", "RSA"), ("n", "AQAB"), ("e", "AQAB"), ("d", "AQAB")],
            "is not a private key for this algorithm (an RSA key)",
        ),
        (
            "ES256",
            vec![("kty", "EC"), ("crv", "P-384")],
            "is a JWK whose `crv` is not `P-256`, which this algorithm needs",
        ),
        (
            "ES256",
            vec![("kty", "EC"), ("crv", "P-256"), ("d", "AA")],
            "is not a private key for this algorithm (P-256)",
        ),
        (
            "EdDSA",
            vec![("kty", "OKP"), ("crv", "Ed25519"), ("d", "AA")],
            "is not a private key for this algorithm (an Ed25519 key)",
        ),
    ] {
        assert_eq!(
            signature(algorithm, &jwk(&members), "m"),
            Err(expected.to_owned()),
            "{algorithm}"
        );
    }
}
