//! One token's place: the token in force, the flight that gets the next, and what the last failure was.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use jiff::Timestamp;
use tokio_util::task::TaskTracker;

use super::flight::Flight;
use super::token::{Token, TokenKey};
use crate::fault::{Fault, Kind};

/// How long a refusal renews nothing after a renewed token was refused as well.
const HOLD: Duration = Duration::from_mins(1);
/// How long a failure is repeated without asking the API again, doubled with each in a row.
const PAUSE: Duration = Duration::from_secs(5);
/// The longest such time.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// A flight's outcome, for all who wait for it.
pub(super) type Landing = Shared<BoxFuture<'static, Result<Arc<Token>, Fault>>>;

/// See the module.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: TokenKey,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    token: Option<Arc<Token>>,
    flight: Option<Landing>,
    held_until: Option<Timestamp>,
    failures: u32,
    failed: Option<(Timestamp, Fault)>,
}

/// How things stand for somebody who needs a token.
pub(super) enum Standing {
    /// There is one.
    Fresh(Arc<Token>),
    /// It is being made.
    InFlight(Landing),
    /// It could not be made a moment ago.
    Failed(Fault),
    /// It must be made.
    Due,
}

impl Entry {
    pub(super) fn new(key: TokenKey) -> Self {
        Self {
            key,
            state: Mutex::default(),
        }
    }

    pub(super) fn standing(&self, now: Timestamp) -> Standing {
        let state = self.lock();
        match &state.token {
            Some(token) if token.is_fresh(now) => Standing::Fresh(Arc::clone(token)),
            token => match state.underway(now) {
                // What cannot be renewed just now but has not expired is still good.
                Standing::Failed(fault) => match token.as_ref().filter(|token| token.is_usable(now)) {
                    Some(token) => Standing::Fresh(Arc::clone(token)),
                    None => Standing::Failed(fault),
                },
                other => other,
            },
        }
    }

    /// How things stand for somebody whose token was refused. `Fresh` with the same token: it stays.
    pub(super) fn refused(&self, token: &Arc<Token>, now: Timestamp) -> Standing {
        let state = self.lock();
        match &state.token {
            Some(current) if current.version > token.version => Standing::Fresh(Arc::clone(current)),
            _ if state.flight.is_none() && state.held_until.is_some_and(|until| now < until) => {
                Standing::Fresh(Arc::clone(token))
            }
            _ => state.underway(now),
        }
    }

    pub(super) fn is_fresh(&self, token: &Arc<Token>, now: Timestamp) -> bool {
        let state = self.lock();
        let current = state
            .token
            .as_ref()
            .is_some_and(|current| current.version == token.version);
        // Where renewing has just failed, what has not expired is as fresh as it gets.
        let fresh = token.is_fresh(now)
            || (token.is_usable(now) && state.failed.as_ref().is_some_and(|(until, _)| now < *until));
        current && fresh
    }

    pub(super) fn is_usable(&self, now: Timestamp) -> bool {
        let state = self.lock();
        state.flight.is_some() || state.token.as_ref().is_some_and(|token| token.is_usable(now))
    }

    pub(super) fn hold(&self, token: &Arc<Token>, now: Timestamp) {
        let mut state = self.lock();
        if state
            .token
            .as_ref()
            .is_none_or(|current| current.version <= token.version)
        {
            state.held_until = now.checked_add(HOLD).ok();
        }
    }

    pub(super) fn token(&self) -> Option<Arc<Token>> {
        self.lock().token.clone()
    }

    /// Starts `flight` in a task of its own, unless another has been started meanwhile.
    pub(super) fn take_off(self: &Arc<Self>, tasks: &TaskTracker, flight: Flight, now: Timestamp) -> Landing {
        let mut state = self.lock();
        if let Standing::InFlight(landing) = state.underway(now) {
            return landing;
        }
        let entry = Arc::clone(self);
        let task = tasks.spawn(async move {
            let landing = Landed { entry };
            let outcome = flight.fly().await;
            landing.with(outcome)
        });
        let landing = task
            .map(|ended| {
                ended.unwrap_or_else(|_| Err(Fault::new(Kind::Internal, "an auth flow ended unexpectedly")))
            })
            .boxed()
            .shared();
        state.flight = Some(landing.clone());
        landing
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn underway(&self, now: Timestamp) -> Standing {
        match (&self.flight, &self.failed) {
            (Some(landing), _) => Standing::InFlight(landing.clone()),
            (None, Some((until, fault))) if now < *until => Standing::Failed(fault.clone()),
            _ => Standing::Due,
        }
    }
}

/// Clears the flight when it has ended, also by a panic.
struct Landed {
    entry: Arc<Entry>,
}

impl Landed {
    fn with(self, outcome: (Timestamp, Result<Arc<Token>, Fault>)) -> Result<Arc<Token>, Fault> {
        let (now, outcome) = outcome;
        let mut state = self.entry.lock();
        match &outcome {
            Ok(token) => {
                state.token = Some(Arc::clone(token));
                state.failures = 0;
                state.failed = None;
            }
            Err(fault) => {
                let pause = PAUSE
                    .saturating_mul(1 << state.failures.min(4))
                    .min(LONGEST_PAUSE);
                state.failures = state.failures.saturating_add(1);
                state.failed = now.checked_add(pause).ok().map(|until| (until, fault.clone()));
            }
        }
        outcome
    }
}

impl Drop for Landed {
    fn drop(&mut self) {
        self.entry.lock().flight = None;
    }
}
