//! The binary's clock: the one place that asks the machine for the time.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use orchid_engine::ports::Clock;

/// The machine's time.
#[expect(clippy::disallowed_methods, reason = "the clock itself")]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// The engine's clock port on the machine's clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
