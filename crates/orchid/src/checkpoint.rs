//! Where what a run saves becomes durable: in the file behind `--state`, or nowhere.

use std::path::Path;
use std::sync::Mutex;

use async_trait::async_trait;
use orchid_engine::fault::{Fault, Kind};
use orchid_engine::ports::Checkpoints;
use orchid_engine::state::{Change, SavedState};

use crate::exit::Failure;
use crate::state_file::StateFile;

/// Without `--state` nothing outlives the process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nowhere;

#[async_trait]
impl Checkpoints for Nowhere {
    async fn commit(&self, _: &Change) -> Result<(), Fault> {
        Ok(())
    }
}

/// In a state file, replaced at each commit.
#[derive(Debug)]
pub(crate) struct InFile {
    file: StateFile,
    poll: String,
    state: Mutex<SavedState>,
}

impl InFile {
    /// Opens the file and reads what runs before have kept.
    pub(crate) fn open(path: &Path, poll: &str) -> Result<(Self, SavedState), Failure> {
        let (file, state) = StateFile::open::<SavedState>(path, poll)?;
        let checkpoints = Self {
            file,
            poll: poll.to_owned(),
            state: Mutex::new(state.clone()),
        };
        Ok((checkpoints, state))
    }
}

#[async_trait]
impl Checkpoints for InFile {
    async fn commit(&self, change: &Change) -> Result<(), Fault> {
        // Commits come one at a time, and an fsync now and then is what a run waits for anyway.
        tokio::task::block_in_place(|| {
            let mut state = self
                .state
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            state.apply(change);
            self.file.save(&self.poll, &*state)
        })
        .map_err(|failure| Fault::new(Kind::Internal, failure.to_string()))
    }
}
