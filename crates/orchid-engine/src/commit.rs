//! Changes go out one at a time, in order; while one is being made durable the next ones gather into one.

use std::sync::{Arc, Mutex, PoisonError};

use crate::fault::Fault;
use crate::ports::Checkpoints;
use crate::state::{Change, SavedState};

/// What a run has made durable.
pub(crate) struct Ledger {
    checkpoints: Arc<dyn Checkpoints>,
    gathering: Mutex<Change>,
    /// Held while a change is being made durable.
    durable: tokio::sync::Mutex<()>,
    state: Mutex<SavedState>,
}

impl Ledger {
    /// Nothing yet.
    pub(crate) fn new(state: SavedState, checkpoints: Arc<dyn Checkpoints>) -> Self {
        Self {
            checkpoints,
            gathering: Mutex::default(),
            durable: tokio::sync::Mutex::default(),
            state: Mutex::new(state),
        }
    }

    /// Returns when the change is durable.
    pub(crate) async fn commit(&self, change: Change) -> Result<(), Fault> {
        if change.is_empty() {
            return Ok(());
        }
        lock(&self.gathering).absorb(change);
        let _turn = self.durable.lock().await;
        let gathered = std::mem::take(&mut *lock(&self.gathering));
        if gathered.is_empty() {
            // It went out with another's.
            return Ok(());
        }
        self.checkpoints.commit(&gathered).await?;
        lock(&self.state).apply(&gathered);
        Ok(())
    }

    /// Everything that is durable.
    pub(crate) fn state(&self) -> SavedState {
        lock(&self.state).clone()
    }
}

impl Change {
    fn absorb(&mut self, later: Self) {
        self.saved.extend(later.saved);
        self.rows.extend(later.rows);
        self.window_end = later.window_end.or(self.window_end);
        self.end = later.end.or(self.end);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
