//! What the API remembers between requests. Each part has its own lock, none is held across an await.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Options;
use crate::clock::Clock;
use crate::content::bulk::Bulk;
use crate::content::jobs::Jobs;
use crate::limits::Limits;
use crate::log::Log;
use crate::tokens::Tokens;

/// The state of one practice API.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) options: Options,
    pub(crate) base_url: String,
    pub(crate) other_url: String,
    pub(crate) clock: Clock,
    pub(crate) bulk: Bulk,
    log: Mutex<Log>,
    tokens: Mutex<Tokens>,
    limits: Mutex<Limits>,
    jobs: Mutex<Jobs>,
    /// How often each flaky URL has failed.
    flaky: Mutex<HashMap<String, u32>>,
    added: AtomicUsize,
}

impl Api {
    pub(crate) fn new(options: Options, base_url: String, other_url: String) -> Self {
        Self {
            base_url,
            other_url,
            clock: Clock::start(),
            bulk: Bulk::new(options.bulk_latency, options.bulk_pages),
            log: Mutex::new(Log::new(options.log_capacity)),
            tokens: Mutex::default(),
            limits: Mutex::default(),
            jobs: Mutex::default(),
            flaky: Mutex::default(),
            added: AtomicUsize::new(0),
            options,
        }
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        locked(&self.log)
    }

    pub(crate) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        locked(&self.tokens)
    }

    pub(crate) fn limits(&self) -> MutexGuard<'_, Limits> {
        locked(&self.limits)
    }

    pub(crate) fn jobs(&self) -> MutexGuard<'_, Jobs> {
        locked(&self.jobs)
    }

    pub(crate) fn flaky(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        locked(&self.flaky)
    }

    /// Entries of the feed now.
    pub(crate) fn feed_length(&self) -> usize {
        self.options.feed + self.added.load(Ordering::Relaxed)
    }

    pub(crate) fn add_to_feed(&self, count: usize) {
        // Bounded, so that whoever asks for too much gets a large feed and not an overflow.
        self.added.fetch_add(count.min(1_000_000), Ordering::Relaxed);
    }

    pub(crate) fn reset(&self) {
        self.log().clear();
        *self.tokens() = Tokens::default();
        *self.limits() = Limits::default();
        *self.jobs() = Jobs::default();
        self.flaky().clear();
        self.added.store(0, Ordering::Relaxed);
        self.bulk.reset();
    }
}

/// Locks; a panic of another holder does not make the state useless.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
