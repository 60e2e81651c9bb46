//! One sliding window: never more than `requests` in any interval of length `per`.
//!
//! Every grant is counted from the moment it is made until it can no longer share an interval of that length
//! with a request that is sent now. `leaving` maps those moments to the cost that leaves then, so that
//! admission is a comparison and everything else O(log n). Up to [`EXACT`] requests each grant has a moment of
//! its own; beyond, moments are rounded up to 1/256 of the window, which bounds the memory.
//!
//! Pure: the caller brings the time.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// Windows of more requests than this count in steps of 1/256 of their length.
const EXACT: u64 = 1024;

/// How long a request may be on its way while nobody knows how long that takes (a connection must be opened,
/// names resolved): the bound on opening a connection.
pub(super) const COLD: Duration = Duration::from_secs(10);

/// Longer windows are cut to this, so that sums of instants cannot overflow: 1,000 days.
const LONGEST: Duration = Duration::from_hours(1_000 * 24);

/// A window's count.
#[derive(Debug)]
pub(super) struct Window {
    requests: u64,
    per: Duration,
    origin: Instant,
    used: u64,
    leaving: BTreeMap<Instant, u64>,
}

/// When a window has room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// Now.
    Now,
    /// At this moment, if nothing else is granted until then.
    At(Instant),
    /// Never: the request costs more than the window holds.
    Never,
}

impl Window {
    pub(super) fn new(requests: u64, per: Duration, origin: Instant) -> Self {
        let per = per.min(LONGEST);
        Self {
            requests,
            per,
            origin,
            used: 0,
            leaving: BTreeMap::new(),
        }
    }

    /// The window that takes the place of `self` under other figures: what was granted stays counted, as
    /// far as it is known.
    pub(super) fn changed(&self, requests: u64, per: Duration) -> Self {
        let mut new = Self::new(requests, per, self.origin);
        for (&leaves, &cost) in &self.leaving {
            if let Some(granted) = leaves.checked_sub(self.span()) {
                new.add(granted + new.span(), cost);
            }
        }
        new
    }

    pub(super) fn per(&self) -> Duration {
        self.per
    }

    /// Whether this is the window of that length.
    pub(super) fn is_of(&self, per: Duration) -> bool {
        self.per == per.min(LONGEST)
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    pub(super) fn set_requests(&mut self, requests: u64) {
        self.requests = requests;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.leaving.is_empty()
    }

    /// How long after its grant a permit may be used.
    pub(super) fn use_by(&self) -> Duration {
        (self.per / 100).clamp(Duration::from_millis(20), Duration::from_millis(250))
    }

    /// Covers what differs between two requests' ways to the server.
    fn slack(&self) -> Duration {
        (self.per / 100).clamp(Duration::from_millis(10), Duration::from_millis(250))
    }

    /// How long a request counts from the moment it was sent.
    fn span(&self) -> Duration {
        self.per + self.slack()
    }

    /// Forgets what has left by `now`.
    pub(super) fn advance(&mut self, now: Instant) {
        while let Some(entry) = self.leaving.first_entry() {
            if *entry.key() > now {
                break;
            }
            self.used -= entry.remove();
        }
    }

    /// Whether `cost` fits; call [`Self::advance`] before.
    pub(super) fn room(&self, cost: u64) -> Room {
        if cost == 0 || self.used.saturating_add(cost) <= self.requests {
            return Room::Now;
        }
        if cost > self.requests {
            return Room::Never;
        }
        let mut left = self.used;
        for (&leaves, &freed) in &self.leaving {
            left -= freed;
            if left.saturating_add(cost) <= self.requests {
                return Room::At(leaves);
            }
        }
        Room::Never
    }

    /// Counts a grant made now, which may be sent up to `use_by` later. Gives the moment when it leaves.
    pub(super) fn grant(&mut self, now: Instant, cost: u64, use_by: Duration) -> Instant {
        self.add(now + use_by + self.span(), cost)
    }

    /// The grant that leaves at `leaves` was sent now, and reaches the server within `way` and the slack.
    pub(super) fn sent(&mut self, leaves: Instant, now: Instant, cost: u64, way: Duration) -> Instant {
        self.shift(leaves, now + way + self.span(), cost)
    }

    /// The grant that leaves at `leaves` has reached the server by now.
    pub(super) fn arrived(&mut self, leaves: Instant, now: Instant, cost: u64) -> Instant {
        let certain = now + self.span();
        if certain < leaves {
            self.shift(leaves, certain, cost)
        } else {
            leaves
        }
    }

    /// The grant that leaves at `leaves` never happened.
    pub(super) fn refund(&mut self, leaves: Instant, cost: u64) -> bool {
        let Some(counted) = self.leaving.get_mut(&leaves) else {
            return false;
        };
        let cost = cost.min(*counted);
        *counted -= cost;
        if *counted == 0 {
            self.leaving.remove(&leaves);
        }
        self.used -= cost;
        true
    }

    /// Moves a grant; one that has left already is counted no more.
    fn shift(&mut self, from: Instant, to: Instant, cost: u64) -> Instant {
        if self.refund(from, cost) {
            self.add(to, cost)
        } else {
            from
        }
    }

    fn add(&mut self, leaves: Instant, cost: u64) -> Instant {
        let leaves = self.rounded(leaves);
        if cost > 0 {
            *self.leaving.entry(leaves).or_default() += cost;
            self.used += cost;
        }
        leaves
    }

    /// Up to the next multiple of the grain.
    fn rounded(&self, moment: Instant) -> Instant {
        let grain = (self.per / 256).as_nanos();
        if self.requests <= EXACT || grain == 0 {
            return moment;
        }
        let past = moment.saturating_duration_since(self.origin).as_nanos();
        let missing = (grain - past % grain) % grain;
        moment + Duration::from_nanos(u64::try_from(missing).unwrap_or(0))
    }
}
