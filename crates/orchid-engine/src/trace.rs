//! What happened, step by step: for `orchid run --trace` and for a run's trace in the service.
//!
//! Everything here is redacted already. Bodies of requests are cut at 64 KiB; bodies of responses are not in a
//! trace (they are in the events).

use serde::Serialize;
use smol_str::SmolStr;

/// Is told what happens while a run goes on. Called from the run's own tasks: must not block.
pub trait Observer: Send + Sync {
    /// Whether [`Observer::trace`] is wanted; asked once per run. Building a trace costs time.
    fn traces(&self) -> bool;
    /// One thing that happened.
    fn trace(&self, trace: &Trace);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn traces(&self) -> bool {
        false
    }
    fn trace(&self, _: &Trace) {}
}

/// One thing that happened, and where.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trace {
    /// Milliseconds since the run's start.
    pub at_ms: u64,
    /// `plan/step/step`, or `auth/flow` for a flow's request.
    pub step: SmolStr,
    /// `0.7.3`: iterations and indexes from the root.
    pub position: String,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// The list that a step runs over was evaluated.
    Items {
        /// Elements.
        count: usize,
    },
    /// `when` was false, or `unique_by` had the value already.
    NotRun {
        /// Position in the list.
        index: Option<usize>,
        /// The field that decided: `when` or `unique_by`.
        because: &'static str,
    },
    /// A request is ready to be sent.
    Request {
        /// From 1.
        attempt: u64,
        /// Method.
        method: String,
        /// URL.
        url: String,
        /// Headers.
        headers: Vec<(String, String)>,
        /// Body, cut at 64 KiB.
        #[serde(skip_serializing_if = "Option::is_none")]
        body: Option<String>,
        /// Credentials that were left away, because the URL's origin came out of a response.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        without_credentials: bool,
    },
    /// Something was waited for.
    Waited {
        /// `budget`, `permit`, `backoff`, `throttled`, `loop_wait`.
        reason: &'static str,
        /// How long.
        ms: u64,
    },
    /// A response came, or why none.
    Response {
        /// From 1.
        attempt: u64,
        /// Status.
        status_code: Option<u16>,
        /// Bytes.
        size: usize,
        /// How long the attempt took.
        duration_ms: u64,
        /// `kind: message`.
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// What was decided on a response.
    Verdict {
        /// `emit`, `skip`, `abort`, `refresh`, `throttled`, `retry`, `split`, `fail`.
        verdict: &'static str,
        /// The field that decided: `abort_when`, `retry_when[1]`, `success_when`, …; `default …` where none was given.
        because: String,
    },
    /// A condition failed on an error response and counts as not met.
    Unmet {
        /// The field.
        condition: String,
        /// The expression.
        expression: String,
        /// Why.
        message: String,
    },
    /// A field was saved (not yet durable).
    Saved {
        /// Its name.
        name: SmolStr,
        /// Its value as JSON.
        value: String,
    },
    /// A loop ends.
    LoopEnd {
        /// The field that decided, or `once`.
        because: &'static str,
        /// Requests it made.
        iterations: u64,
    },
    /// A step failed.
    Failed {
        /// `kind: message`.
        error: String,
    },
    /// A window piece starts.
    Window {
        /// Inclusive.
        from: String,
        /// Exclusive.
        to: String,
    },
}
