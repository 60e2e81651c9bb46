//! When a plan runs: fixed delay, cron with time zones, or on demand.
//!
//! Pure functions of what the caller passes in: the time and the throw of a die are arguments. The rules of
//! time zones come from the system's database where there is one, else from the one compiled in.

use std::sync::Arc;
use std::time::Duration;

use croner::Cron as Pattern;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};

mod civil;

use civil::Civil;

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
        /// The times.
        cron: Cron,
        /// Spread.
        jitter: Duration,
    },
}

/// The last run of a poll, as far as its schedule is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastRun {
    /// When it really started.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
}

impl Schedule {
    /// When the next run is due; in the past or now: at once. `None`: never by itself.
    ///
    /// `since` is when the poll was made or enabled, `spread` a throw of the die in `0.0..=1.0` that says how much
    /// of the jitter applies (the caller keeps it for as long as it asks for the same run). Times that passed
    /// while a run lasted or nobody looked give one run, not many.
    pub fn due(&self, last: Option<LastRun>, since: Timestamp, spread: f64) -> Option<Timestamp> {
        match self {
            Self::OnDemand => None,
            Self::Wait { wait, jitter } => match last {
                None => Some(since),
                Some(last) => later(later(last.ended, *wait)?, share(*jitter, spread)),
            },
            Self::Cron { cron, jitter } => {
                let next = cron.next_after(last.map_or(since, |last| last.started))?;
                later(next, share(*jitter, spread))
            }
        }
    }
}

/// A cron expression in a time zone.
///
/// Five fields: minute, hour, day of month, month, day of week (names and `L`, `W`, `#` as in Vixie cron and
/// Quartz; `@hourly` and its like too). A day of month and a day of week that are both given match either.
///
/// It describes local times. One that a change of the clocks skips happens once, right after the gap; one that
/// happens twice counts the first time only.
#[derive(Debug, Clone)]
pub struct Cron {
    pattern: Arc<Pattern>,
    text: String,
    zone: TimeZone,
    zone_name: String,
}

/// Why a cron expression or a time zone is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// The expression is not one.
    #[error("`{text}` is not a cron expression: {reason}")]
    Cron {
        /// As written.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no such day.
    #[error("the cron expression `{text}` never comes true")]
    Never {
        /// As written.
        text: String,
    },
    /// The zone's name is unknown.
    #[error("`{name}` is not a time zone")]
    Zone {
        /// As written.
        name: String,
    },
}

impl Cron {
    /// Parses five fields and an IANA name (`Europe/Berlin`).
    pub fn parse(text: &str, zone: &str) -> Result<Self, ScheduleError> {
        let text = text.trim();
        let refuse = |reason: &str| ScheduleError::Cron {
            text: text.to_owned(),
            reason: reason.to_owned(),
        };
        let fields = text.split_whitespace().count();
        if text.len() > 200 {
            return Err(refuse("it is longer than 200 characters"));
        }
        if fields != 5 && !text.starts_with('@') {
            return Err(refuse(&format!(
                "it has {fields} fields, not five (minute, hour, day of month, month, day of week)"
            )));
        }
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        let pattern = parser
            .parse(text)
            .map_err(|error| refuse(error.to_string().trim_end_matches('.')))?;
        let tz = TimeZone::get(zone).map_err(|_| ScheduleError::Zone {
            name: zone.to_owned(),
        })?;
        let cron = Self {
            pattern: Arc::new(pattern),
            text: text.to_owned(),
            zone: tz,
            zone_name: zone.to_owned(),
        };
        match cron.next_after(Timestamp::UNIX_EPOCH) {
            Some(_) => Ok(cron),
            None => Err(ScheduleError::Never {
                text: text.to_owned(),
            }),
        }
    }

    /// The expression as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The zone's IANA name as written.
    pub fn zone_name(&self) -> &str {
        &self.zone_name
    }

    /// The first time after `instant`, if there is one within the calendar.
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        // Local times map to instants without ever going back, so all that lie before the local time of
        // `instant` are past. In a doubled hour the walk passes over those that already happened.
        let mut local = self
            .zone
            .to_datetime(instant)
            .round(jiff::Unit::Second)
            .ok()?
            .checked_sub(1.second())
            .ok()?;
        loop {
            local = self.pattern.find_next_occurrence(&Civil(local), false).ok()?.0;
            let at = self.resolve(local)?;
            if at > instant {
                return Some(at);
            }
        }
    }

    /// The instant of a local time: the first of two, the end of the gap where there is none.
    fn resolve(&self, local: DateTime) -> Option<Timestamp> {
        match self.zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
                offset.to_timestamp(local).ok()
            }
            AmbiguousOffset::Gap { after, .. } => {
                // Read with the offset that holds after the gap, the time lies before the transition.
                let before = after.to_timestamp(local).ok()?;
                self.zone
                    .following(before)
                    .next()
                    .map(|transition| transition.timestamp())
            }
        }
    }
}

/// `instant` plus `duration`, if the calendar goes that far.
fn later(instant: Timestamp, duration: Duration) -> Option<Timestamp> {
    instant.checked_add(SignedDuration::try_from(duration).ok()?).ok()
}

/// The part of `jitter` that a throw of the die in `0.0..=1.0` gives.
fn share(jitter: Duration, spread: f64) -> Duration {
    if spread.is_nan() {
        Duration::ZERO
    } else {
        jitter.mul_f64(spread.clamp(0.0, 1.0))
    }
}
