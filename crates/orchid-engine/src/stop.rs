//! How a run stops before its time: nothing new starts, or what is in flight is cut as well.

use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

/// Why a run stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A bound for a first try was reached.
    Limit,
    /// A step with `on_error: fail` failed, or events cannot be kept.
    Failed,
    /// `abort_when` held.
    Aborted,
    /// `run_timeout`.
    TimedOut,
    /// A person stopped it.
    Cancelled,
}

/// Two levels of stopping. Whoever waits for something new selects on `drain`; a request in flight on `cut`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    /// Nothing new starts.
    pub drain: CancellationToken,
    /// What is in flight is cut.
    pub cut: CancellationToken,
}

/// The stop of a whole run, and its reason.
#[derive(Debug, Default)]
pub(crate) struct RunStop {
    pub tokens: Stop,
    reason: Mutex<Option<Reason>>,
}

impl Stop {
    /// One that stops with this one, but may stop alone.
    pub(crate) fn child(&self) -> Self {
        Self {
            drain: self.drain.child_token(),
            cut: self.cut.child_token(),
        }
    }

    /// Stops all of it.
    pub(crate) fn cut_all(&self) {
        self.drain.cancel();
        self.cut.cancel();
    }

    /// Whether nothing new may start.
    pub(crate) fn is_draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// Waits for something new, unless the run drains.
    pub(crate) async fn unless_draining<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.drain.cancelled() => None,
            done = work => Some(done),
        }
    }

    /// Waits for what is in flight, unless it is cut.
    pub(crate) async fn unless_cut<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.cut.cancelled() => None,
            done = work => Some(done),
        }
    }
}

impl RunStop {
    /// Stops the run. The first reason stays, but a limit that was asked for gives way to any other.
    pub(crate) fn stop(&self, reason: Reason) {
        let mut known = self.reason.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*known, None | Some(Reason::Limit)) {
            *known = Some(reason);
        }
        drop(known);
        self.tokens.drain.cancel();
        if matches!(reason, Reason::Aborted | Reason::TimedOut | Reason::Cancelled) {
            self.tokens.cut.cancel();
        }
    }

    /// Why it stops, if it does.
    pub(crate) fn reason(&self) -> Option<Reason> {
        *self.reason.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
