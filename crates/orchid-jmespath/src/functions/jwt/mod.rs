//! Signed tokens (JWS compact form, RFC 7515).

pub(crate) mod algorithm;
pub(crate) mod key;
pub(crate) mod sign;

#[cfg(test)]
mod tests;
