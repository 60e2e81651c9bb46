//! What a poll keeps from run to run, and the changes that a run makes to it.
//!
//! The engine reads a [`SavedState`] when a run starts and never again; what becomes durable while it runs goes
//! out as [`Change`]s, in order. Applying them all to the state that was read gives the state in the report.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use orchid_jmespath::document;
use orchid_jmespath::value::Value;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use smol_str::SmolStr;

/// Bytes of one saved field as JSON.
pub const FIELD_BYTES: usize = 64 << 10;
/// Bytes of all saved fields of a poll, keyed rows apart.
pub const POLL_BYTES: usize = 1 << 20;

/// What a poll keeps from run to run.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SavedState {
    /// `context.saved`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub saved: BTreeMap<SmolStr, Json>,
    /// `context.saved_item`: by field, then by the JSON text of the item's key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub saved_items: BTreeMap<SmolStr, BTreeMap<String, Json>>,
    /// End of the last window piece that is committed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_end: Option<Timestamp>,
    /// End of the last run, however it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_run_at: Option<Timestamp>,
    /// End of the last run that succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success_at: Option<Timestamp>,
    /// End of the last run that failed or was aborted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure_at: Option<Timestamp>,
    /// Runs that ended succeeded, partial or failed.
    pub run_count: u64,
}

/// What became durable at one moment.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// Saved fields.
    pub saved: Vec<(SmolStr, Json)>,
    /// Keyed rows: field, key, value.
    pub rows: Vec<(SmolStr, String, Json)>,
    /// End of a window piece.
    pub window_end: Option<Timestamp>,
    /// The run's end; always the last change.
    pub end: Option<End>,
}

/// How a run's end changes a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// What it counts as.
    pub result: Result,
}

/// What a run's end counts as for `context.last_…_at` and `run_count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Result {
    /// Succeeded or partial.
    Success,
    /// Failed or aborted.
    Failure,
    /// Cancelled, or ended early by a limit that was asked for.
    Neither,
}

/// A JSON value that is written byte for byte as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Json(pub Value);

impl SavedState {
    /// Takes one change in.
    pub fn apply(&mut self, change: &Change) {
        for (name, value) in &change.saved {
            self.saved.insert(name.clone(), value.clone());
        }
        for (name, key, value) in &change.rows {
            self.saved_items
                .entry(name.clone())
                .or_default()
                .insert(key.clone(), value.clone());
        }
        if change.window_end.is_some() {
            self.window_end = change.window_end;
        }
        let Some(end) = change.end else { return };
        self.last_run_at = Some(end.at);
        match end.result {
            Result::Success => self.last_success_at = Some(end.at),
            Result::Failure => self.last_failure_at = Some(end.at),
            Result::Neither => return,
        }
        self.run_count += 1;
    }
}

impl Change {
    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        self.saved.is_empty() && self.rows.is_empty() && self.window_end.is_none() && self.end.is_none()
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_json())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        document::parse(Bytes::from(String::from(Box::<str>::from(raw))))
            .map(Json)
            .map_err(D::Error::custom)
    }
}
