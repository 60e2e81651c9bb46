//! What a flow has brought.

use jiff::Timestamp;
use orchid_jmespath::value::Value;
use smol_str::SmolStr;

/// Which token: one per config and flow, and per value of the flow's `cached_by`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenKey {
    /// The tenant.
    pub tenant: SmolStr,
    /// The integration's name.
    pub integration: SmolStr,
    /// The config's name.
    pub config_name: SmolStr,
    /// The flow's name.
    pub flow: SmolStr,
    /// The value of `cached_by` as JSON; empty without one. May be a secret: it is shown to nobody.
    pub by: String,
}

/// One outcome of a flow. Whoever stores it seals it.
#[derive(Debug, Clone)]
pub struct Token {
    /// Counts up with each renewal.
    pub version: u64,
    /// The outputs by name, those that are secret marked so.
    pub output: Value,
    /// When it was asked for.
    pub made_at: Timestamp,
    /// When it expires; `None`: it does not, or nobody said so.
    pub expires_at: Option<Timestamp>,
    /// Until when it is used without being renewed.
    pub fresh_until: Option<Timestamp>,
}

impl Token {
    /// Whether it is used as it is.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.fresh_until.is_none_or(|until| now < until)
    }

    /// Whether the API should still take it.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.is_fresh(now) || self.expires_at.is_none_or(|expires| now < expires)
    }
}
