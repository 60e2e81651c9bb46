//! A permit of the limiter, and a permit on its way to who waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::scope::{Held, Scope};
use super::{Name, Shared};
use crate::ports::Permit;

/// A permit on its way to who waits for it: given back unsent if it does not arrive.
#[derive(Debug)]
pub(super) struct Grant(pub(super) Option<LocalPermit>);

impl Grant {
    pub(super) fn take(mut self) -> LocalPermit {
        self.0.take().expect("taken once, here")
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        if let Some(permit) = self.0.take() {
            Box::new(permit).give_back();
        }
    }
}

/// A permit of [`LocalPermits`].
#[derive(Debug)]
pub(super) struct LocalPermit {
    shared: Arc<Shared>,
    held: Vec<(Name, Held)>,
    use_by: Option<Instant>,
    sent: bool,
}

impl LocalPermit {
    pub(super) fn new(
        shared: &Arc<Shared>,
        held: Vec<(Name, Held)>,
        now: Instant,
        use_by: Option<Duration>,
    ) -> Self {
        let use_by = use_by.map(|length| now + length);
        Self {
            shared: Arc::clone(shared),
            held,
            use_by,
            sent: false,
        }
    }
}

impl Permit for LocalPermit {
    fn send(&mut self) -> bool {
        let now = Instant::now();
        if self.sent {
            return true;
        }
        if self.use_by.is_some_and(|use_by| now > use_by) {
            return false;
        }
        self.sent = true;
        let mut state = self.shared.lock();
        for (name, held) in &mut self.held {
            if let Some(scope) = state.scopes.get_mut(name) {
                scope.sent(held, now);
            }
        }
        true
    }

    fn give_back(mut self: Box<Self>) {
        let mut held = std::mem::take(&mut self.held);
        self.shared
            .release(&mut held, |scope, held, _| scope.refund(held));
    }
}

impl Drop for LocalPermit {
    fn drop(&mut self) {
        let mut held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            let end = if self.sent {
                Scope::completed
            } else {
                Scope::forfeited
            };
            self.shared.release(&mut held, end);
        }
    }
}
