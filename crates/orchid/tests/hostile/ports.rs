//! Time that does not pass, and limits that only take note of what they are told.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use orchid_engine::fault::Fault;
use orchid_engine::ports::{Claim, Clock, Permit, Permits};
use orchid_testkit::world::START;

/// A clock that stands still: a sleep is noted and over. Only a run's own timeout never comes.
#[derive(Default)]
pub(crate) struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(START).unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        if duration >= Duration::from_hours(24) {
            std::future::pending::<()>().await;
        }
    }
}

/// Admits everything and keeps how long it was told to wait.
#[derive(Default)]
pub(crate) struct Open(Mutex<Vec<Duration>>);

impl Open {
    /// The waits in order.
    pub(crate) fn blocks(&self) -> Vec<Duration> {
        self.0.lock().unwrap().clone()
    }
}

struct Granted;

impl Permit for Granted {
    fn send(&mut self) -> bool {
        true
    }

    fn give_back(self: Box<Self>) {}
}

#[async_trait]
impl Permits for Open {
    async fn acquire(&self, _: &Claim) -> Result<Box<dyn Permit>, Fault> {
        Ok(Box::new(Granted))
    }

    fn block(&self, _: &Claim, wait: Duration) {
        self.0.lock().unwrap().push(wait);
    }
}
