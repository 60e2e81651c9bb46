//! What is emitted: CloudEvents 1.0, one per response, failure, and start or end of a run.

use bytes::Bytes;
use smol_str::SmolStr;

/// One event, ready for a sink.
#[derive(Debug, Clone)]
pub struct Event {
    /// What it tells.
    pub kind: EventKind,
    /// `id` of CloudEvents: the same for the same bytes at the same position.
    pub id: String,
    /// The plan's own topic, if it names one.
    pub topic: Option<SmolStr>,
    /// The key, for sinks that have one.
    pub key: String,
    /// The whole event as one line of JSON, without the line break.
    pub json: Bytes,
}

/// The three types of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// `orchid.response.v1`
    Response,
    /// `orchid.error.v1`
    Error,
    /// `orchid.run.v1`
    Run,
}
