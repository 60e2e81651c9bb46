//! A local time for croner, whose own support is for an older jiff.
//!
//! It has no zone on purpose: what a change of the clocks does to a schedule is decided by
//! [`Cron`](super::Cron), not by the search.

use std::cmp::Ordering;

use croner::errors::CronError;
use croner::time::{CivilDateTime, CronDateTime, Resolution, Weekday};
use jiff::ToSpan;
use jiff::civil::DateTime;

/// A local date and time.
#[derive(Clone, Copy)]
pub(super) struct Civil(pub(super) DateTime);

impl CronDateTime for Civil {
    fn to_civil(&self) -> CivilDateTime {
        let [month, day, hour, minute, second] = [
            self.0.month(),
            self.0.day(),
            self.0.hour(),
            self.0.minute(),
            self.0.second(),
        ]
        .map(|n| u32::from(n.unsigned_abs()));
        CivilDateTime::from_ymd_hms(i32::from(self.0.year()), month, day, hour, minute, second)
            .expect("a valid local time is one for croner too")
    }

    fn civil_weekday(&self) -> Weekday {
        Weekday::from_days_from_sunday(u32::from(self.0.weekday().to_sunday_zero_offset().unsigned_abs()))
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let small = |n: u32| i8::try_from(n).map_err(|_| CronError::InvalidTime);
        let year = i16::try_from(civil.year()).map_err(|_| CronError::InvalidDate)?;
        DateTime::new(
            year,
            small(civil.month())?,
            small(civil.day())?,
            small(civil.hour())?,
            small(civil.minute())?,
            small(civil.second())?,
            0,
        )
        .map(|local| Resolution::Single(Self(local)))
        .map_err(|_| CronError::InvalidDate)
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        self.0.checked_add(seconds.seconds()).ok().map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}
