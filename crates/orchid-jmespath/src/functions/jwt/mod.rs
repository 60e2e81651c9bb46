//! Signed tokens (JWS compact form, RFC 7515).

use std::collections::BTreeMap;

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::document;
use crate::functions::call::Call;
use crate::functions::encoding::Encoding;
use crate::functions::jwt::algorithm::Algorithm;
use crate::functions::jwt::key::{Jwk, Key, MAX_KEY};
use crate::functions::signature::{Literal, Nulls, Secrets, Types, one, optional};
use crate::functions::{Function, digest, weight};
use crate::problem::EvalError;
use crate::value::{Kind, Value};

pub(crate) mod algorithm;
pub(crate) mod key;
pub(crate) mod sign;

/// What a signature costs, in steps: an RSA one takes about a millisecond.
const COST: usize = 50_000;

pub(super) const FUNCTIONS: &[Function] = &[Function {
    name: "jwt_sign",
    signature: "jwt_sign(claims, key, alg, headers?)",
    group: "digest",
    summary: "A signed token: HS, RS, PS or ES with 256, 384 or 512, or EdDSA. The key is a shared secret (for HS; `{base64: …}` or `{hex: …}` for bytes), PEM (PKCS#1, PKCS#8, SEC 1), or a JWK as text or object, whose `kid` goes into the header.",
    example: (
        "jwt_sign({sub: 'joe'}, 'secret', 'HS256')",
        r#""eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJqb2UifQ.bzxem_pCxvYBtG6XMu0Nt6ttRnUpSeOaaw1X1Yqye1o""#,
    ),
    parameters: &[
        one("claims", Types::OBJECT),
        one("key", Types::STRING.or(Types::OBJECT)),
        one("alg", Types::STRING).literal(Literal::Checked(|name| Algorithm::named(name).map(|_| ()))),
        optional("headers", Types::OBJECT),
    ],
    nulls: Nulls::Yield,
    secrets: Secrets::Exempt,
    call: jwt_sign,
}];

fn jwt_sign(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let name = call.text(2)?;
    let algorithm = Algorithm::named(name).map_err(|refusal| refusal.at(call, 2))?;
    call.charge(COST)?;
    let (key, kid) = signing_key(call)?;
    let header = header(call, name, kid)?;
    let claims = call.value(0);
    let header = Zeroizing::new(weight::json(call, &header)?);
    let payload = Zeroizing::new(weight::json(call, claims)?);
    call.reserve((header.len() + payload.len()).saturating_mul(3))?;
    let mut token = Encoding::Base64Url.encode(header.as_bytes());
    token.push('.');
    token.push_str(&Encoding::Base64Url.encode(payload.as_bytes()));
    let signature = sign::sign(algorithm, &key, token.as_bytes());
    let signature = signature.map_err(|refusal| refusal.hidden(call, 1, "the key"))?;
    token.push('.');
    token.push_str(&Encoding::Base64Url.encode(&signature));
    let token = Value::from(token);
    // The signature hides the key, but the rest of a token is readable.
    Ok(if claims.is_secret() || call.value(3).is_secret() {
        token.into_secret()
    } else {
        token
    })
}

/// The key, and the `kid` of a JWK.
fn signing_key(call: &mut Call<'_>) -> Result<(Key, Option<Value>), EvalError> {
    let value = call.value(1);
    let hidden = |call: &Call<'_>, reason: &str| call.invalid(1, format!("the key {reason}"));
    if let Some(text) = value.as_str() {
        call.charge(text.len())?;
        if text.len() <= MAX_KEY && text.trim_start().starts_with('{') {
            let parsed = document::parse(Bytes::copy_from_slice(text.as_bytes()));
            let parsed =
                parsed.map_err(|_| hidden(call, "is not a JWK: it starts with `{` but is no JSON"))?;
            return Ok((Key::Jwk(members(&parsed)), parsed.get("kid")));
        }
        let key = Key::from_text(text).map_err(|refusal| refusal.hidden(call, 1, "the key"))?;
        return Ok((key, None));
    }
    if value.get("kty").is_some() {
        return Ok((Key::Jwk(members(value)), value.get("kid")));
    }
    let bytes = digest::bytes(call, 1)?.into_owned();
    Ok((Key::Secret(Zeroizing::new(bytes)), None))
}

fn members(jwk: &Value) -> Jwk {
    let members = jwk.entries().filter_map(|(name, value)| {
        let text = value.as_str().filter(|text| text.len() <= MAX_KEY)?;
        Some((name.to_owned(), Zeroizing::new(text.to_owned())))
    });
    Jwk(members.collect::<BTreeMap<_, _>>())
}

fn header(call: &mut Call<'_>, algorithm: &str, kid: Option<Value>) -> Result<Value, EvalError> {
    let given = call.value(3);
    call.charge(given.len())?;
    if given
        .get("alg")
        .is_some_and(|alg| alg.as_str() != Some(algorithm))
    {
        return Err(call.invalid(3, "`alg` in the headers is not the algorithm that signs"));
    }
    let own = [
        ("alg", Some(Value::from(algorithm))),
        ("typ", Some(Value::from("JWT"))),
        (
            "kid",
            kid.filter(|kid| kid.kind() == Kind::String)
                .map(Value::into_public),
        ),
    ];
    let own = own
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)));
    // What is given comes last, so it wins; a null takes a header away.
    let all = Value::object(own.chain(given.entries()));
    let kept = all.entries().filter(|(_, value)| !value.is_null());
    Ok(Value::object(kept.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests;
