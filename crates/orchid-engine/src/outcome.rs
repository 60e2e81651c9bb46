//! How a run ends, and what it did, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::state::SavedState;

/// How a run ends (language, section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything was done.
    Succeeded,
    /// Some items failed; all of them are dead-lettered.
    Partial,
    /// A loop outside any item or a step with `on_error: fail` failed, the run took too long, or something
    /// failed and nothing was emitted or skipped.
    Failed,
    /// `abort_when` held.
    Aborted,
    /// A person stopped it.
    Cancelled,
}

/// The end of one run.
#[derive(Debug)]
pub struct RunReport {
    /// How it ended.
    pub outcome: Outcome,
    /// What decided that, where something went wrong: the first failure that counted.
    pub fault: Option<Fault>,
    /// The step (`plan/step`) that it happened in.
    pub fault_step: Option<smol_str::SmolStr>,
    /// Whether a limit that was asked for (`max_requests`, `max_iterations`) ended it early. Then nothing that
    /// is saved at a run's end was saved.
    pub limit_reached: bool,
    /// What the poll keeps: everything that is durable.
    pub state: SavedState,
    /// What it did.
    pub counts: Counts,
}

/// Counters of a run, readable while it goes on.
#[derive(Debug, Default)]
pub struct Counters {
    /// Requests sent, retries included.
    pub requests: Counter,
    /// Of these, retries (throttled ones too).
    pub retries: Counter,
    /// Responses whose events are acknowledged.
    pub emitted: Counter,
    /// Responses that `skip_when` held for.
    pub skipped: Counter,
    /// Items known so far.
    pub items: Counter,
    /// Items done, failed ones included.
    pub items_done: Counter,
    /// Failures that became dead letters.
    pub dead_letters: Counter,
    /// Error records, dead letters included.
    pub errors: Counter,
    /// Bytes of responses.
    pub bytes: Counter,
    /// Requests in flight now.
    pub in_flight: Counter,
    /// Requests that wait for a permit now.
    pub waiting: Counter,
    /// Pages that loops have fetched.
    pub pages: Counter,
    /// Conditions that a type error made count as not met.
    pub unmet_conditions: Counter,
}

/// One counter.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

/// [`Counters`] at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests sent, retries included.
    pub requests: u64,
    /// Of these, retries (throttled ones too).
    pub retries: u64,
    /// Responses whose events are acknowledged.
    pub emitted: u64,
    /// Responses that `skip_when` held for.
    pub skipped: u64,
    /// Items known so far.
    pub items: u64,
    /// Items done, failed ones included.
    pub items_done: u64,
    /// Failures that became dead letters.
    pub dead_letters: u64,
    /// Error records, dead letters included.
    pub errors: u64,
    /// Bytes of responses.
    pub bytes: u64,
    /// Requests in flight.
    pub in_flight: u64,
    /// Requests that wait for a permit.
    pub waiting: u64,
    /// Pages that loops have fetched.
    pub pages: u64,
    /// Conditions that a type error made count as not met.
    pub unmet_conditions: u64,
}

impl Counter {
    /// Now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// Adds one until the guard is dropped.
    pub(crate) fn during(&self) -> During<'_> {
        self.add(1);
        During(self)
    }
}

/// Takes one off again when it is dropped.
pub(crate) struct During<'a>(&'a Counter);

impl Drop for During<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counters {
    /// All of them now.
    pub fn snapshot(&self) -> Counts {
        Counts {
            requests: self.requests.get(),
            retries: self.retries.get(),
            emitted: self.emitted.get(),
            skipped: self.skipped.get(),
            items: self.items.get(),
            items_done: self.items_done.get(),
            dead_letters: self.dead_letters.get(),
            errors: self.errors.get(),
            bytes: self.bytes.get(),
            in_flight: self.in_flight.get(),
            waiting: self.waiting.get(),
            pages: self.pages.get(),
            unmet_conditions: self.unmet_conditions.get(),
        }
    }
}
