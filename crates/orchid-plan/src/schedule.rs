//! When a plan runs: fixed delay, cron with time zones, or on demand.

use std::time::Duration;

/// When a plan runs.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// Once per trigger.
    OnDemand,
    /// This long after the end of the run before, spread by up to `jitter`.
    Wait {
        /// The pause.
        wait: Duration,
        /// Spread.
        jitter: Duration,
    },
    /// By a cron expression in a time zone, spread by up to `jitter`.
    Cron {
        /// Five fields.
        cron: String,
        /// IANA name.
        timezone: String,
        /// Spread.
        jitter: Duration,
    },
}
