//! What can go wrong, whose fault it is, and whether it may be retried.

use std::fmt;

/// Kinds of error, a closed list (language, section 6). Written in snake case in events and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// No connection.
    Connect,
    /// The name did not resolve.
    Dns,
    /// TLS failed.
    Tls,
    /// The connection was reset, or the peer broke HTTP.
    Reset,
    /// A bound on time was reached.
    Timeout,
    /// The body ended early.
    Truncated,
    /// Content decoding failed.
    Decode,
    /// The body is not of its format.
    Parse,
    /// The body is larger than allowed.
    TooLarge,
    /// Too many redirects, or one that is refused; a next URL on another origin.
    Redirect,
    /// An address that may not be contacted.
    Address,
    /// An expression failed.
    Expression,
    /// The request could not be built.
    Definition,
    /// Credentials could not be got.
    Auth,
    /// Throttled for longer than allowed.
    Throttled,
    /// `max_iterations` or `loop_timeout` reached.
    LoopLimit,
    /// A loop that repeats itself.
    NoProgress,
    /// The run took too long.
    RunTimeout,
    /// The response's status is none that succeeds.
    Status,
    /// `abort_when` held.
    Aborted,
    /// The sink refused an event.
    Sink,
    /// Saved fields are too large.
    ContextSize,
    /// A defect in Orchid.
    Internal,
}

impl Kind {
    /// Whether no readable response came: always retried, and only conditions on `response.error` are evaluated.
    pub fn is_unreadable(self) -> bool {
        matches!(
            self,
            Self::Connect
                | Self::Dns
                | Self::Tls
                | Self::Reset
                | Self::Timeout
                | Self::Truncated
                | Self::Decode
                | Self::Parse
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        serde::Serialize::serialize(self, f)
    }
}

/// One failure: its kind and what a person needs to know, already free of secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct Fault {
    /// The class.
    pub kind: Kind,
    /// One sentence, no secrets in it.
    pub message: String,
}

impl Fault {
    /// A fault of `kind`.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}
