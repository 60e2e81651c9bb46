//! The two clocks: a monotonic one for what is judged, and the wall clock for headers that carry a time.

use std::time::{Duration, Instant, SystemTime};

/// Monotonic time since the API started.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    started: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
        }
    }

    /// Time since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.started.elapsed()
    }
}

/// The first whole second that is not before `wait` has passed, as an HTTP-date and as epoch seconds.
pub(crate) fn second_after(wait: Duration) -> (String, u64) {
    let at = wall() + wait;
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs() + u64::from(since.subsec_nanos() > 0);
    let date = httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    (date, seconds)
}

#[expect(
    clippy::disallowed_methods,
    reason = "this server stands outside of Orchid, as a real API would"
)]
fn wall() -> SystemTime {
    SystemTime::now()
}

/// The longest duration that is understood: a year.
const LONGEST: Duration = Duration::from_hours(365 * 24);

/// `250ms`, `5s`, `1m`; a bare number is milliseconds. None for more than a year.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit {
        "ms" | "" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let duration = Duration::from_millis(number.checked_mul(milliseconds)?);
    (duration <= LONGEST).then_some(duration)
}
