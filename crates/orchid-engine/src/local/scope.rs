//! One budget: its windows, its slots, its block, and who waits for it.
//!
//! Who waits stands in one queue per priority, ordered by ticket. Pure: the caller brings the time.

use std::collections::BTreeSet;
use std::time::Duration;

use orchid_plan::program::Priority;
use tokio::time::Instant;

use super::window::{COLD, Room, Window};
use crate::ports;

/// After this many grants that went past a waiting lower priority, that one has its turn: 5 %.
const TURNS: u32 = 19;

/// How long after a completed request connections count as open.
const WARM: Duration = Duration::from_secs(30);

/// A waiting request: its order within a priority, unique.
pub(super) type Ticket = i64;

/// One budget.
#[derive(Debug)]
pub(super) struct Scope {
    windows: Vec<Window>,
    slots: Option<u64>,
    in_flight: u64,
    blocked_until: Option<Instant>,
    ease: Option<Ease>,
    warm_until: Option<Instant>,
    /// Requests in flight that were sent when connections were not known to be open.
    cold: u64,
    queues: [BTreeSet<Ticket>; 3],
    /// Grants that went past each priority while it waited.
    passed: [u32; 3],
    /// When to look again at who waits first.
    pub(super) timer: Option<Instant>,
}

/// After a block, requests come back one by one, then two, four, …: not as a herd.
#[derive(Debug)]
struct Ease {
    since: Instant,
    doubled: u32,
    in_flight: u64,
}

/// Whether a scope admits a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Now.
    Free,
    /// When a request in flight is complete.
    Completion,
    /// Not before `at`; `known` is the moment before which it cannot be, whatever happens.
    Later { at: Instant, known: Instant },
    /// Never.
    Never,
}

/// What a granted permit holds in one scope.
#[derive(Debug)]
pub(super) struct Held {
    cost: u64,
    granted: Instant,
    cold: bool,
    /// For each window, told by its length, when the grant leaves it.
    leaves: Vec<(Duration, Instant)>,
}

impl Scope {
    pub(super) fn new() -> Self {
        Self {
            windows: Vec::new(),
            slots: None,
            in_flight: 0,
            blocked_until: None,
            ease: None,
            warm_until: None,
            cold: 0,
            queues: Default::default(),
            passed: [0; 3],
            timer: None,
        }
    }

    /// Takes over the figures of `wanted`, which may be those of a newer revision.
    pub(super) fn adopt(&mut self, wanted: &ports::Scope, now: Instant) {
        self.slots = wanted.concurrency;
        let same = self.windows.len() == wanted.windows.len()
            && self
                .windows
                .iter()
                .zip(&wanted.windows)
                .all(|(have, (_, per))| have.is_of(*per));
        if same {
            for (have, (requests, _)) in self.windows.iter_mut().zip(&wanted.windows) {
                have.set_requests(*requests);
            }
            return;
        }
        let longest = self.windows.iter().max_by_key(|w| w.per());
        let mut windows: Vec<Window> = Vec::with_capacity(wanted.windows.len());
        for &(requests, per) in &wanted.windows {
            if let Some(double) = windows.iter_mut().find(|w| w.is_of(per)) {
                double.set_requests(requests.min(double.requests()));
                continue;
            }
            let before = self.windows.iter().find(|w| w.is_of(per)).or(longest);
            windows.push(match before {
                Some(before) => before.changed(requests, per),
                None => Window::new(requests, per, now),
            });
        }
        self.windows = windows;
    }

    /// Whether a request of `cost` is admitted at `now`, leaving aside who else waits.
    pub(super) fn verdict(&mut self, cost: u64, now: Instant) -> Verdict {
        if self.slots == Some(0) {
            return Verdict::Never;
        }
        let mut at = None;
        let mut known = None;
        if let Some(until) = self.blocked_until.filter(|&until| until > now) {
            at = Some(until);
            known = Some(until);
        }
        for window in &mut self.windows {
            window.advance(now);
            match window.room(cost) {
                Room::Now => {}
                Room::At(moment) => {
                    at = at.max(Some(moment));
                    let sure = if self.cold > 0 {
                        moment.checked_sub(COLD).unwrap_or(now)
                    } else {
                        moment
                    };
                    known = known.max(Some(sure.max(now)));
                }
                Room::Never => return Verdict::Never,
            }
        }
        if let Some(moment) = self.eased(now) {
            at = at.max(Some(moment));
        }
        match at {
            Some(at) => Verdict::Later {
                at,
                known: known.unwrap_or(now),
            },
            None if self.slots.is_some_and(|slots| self.in_flight >= slots) => Verdict::Completion,
            None => Verdict::Free,
        }
    }

    /// Counts a request; the verdict must have been `Free`.
    pub(super) fn grant(&mut self, priority: Priority, cost: u64, now: Instant, use_by: Duration) -> Held {
        self.in_flight += 1;
        if let Some(ease) = &mut self.ease {
            ease.in_flight += 1;
        }
        self.count_passed(priority);
        let leaves = self
            .windows
            .iter_mut()
            .map(|w| (w.per(), w.grant(now, cost, use_by)))
            .collect();
        Held {
            cost,
            granted: now,
            cold: false,
            leaves,
        }
    }

    /// The request is being sent.
    pub(super) fn sent(&mut self, held: &mut Held, now: Instant) {
        held.cold = self.warm_until.is_none_or(|until| until < now);
        let way = if held.cold { COLD } else { Duration::ZERO };
        self.cold += u64::from(held.cold);
        let cost = held.cost;
        self.each_window(held, |window, leaves| window.sent(leaves, now, cost, way));
    }

    /// The permit was dropped without a word about sending: it counts as spent.
    pub(super) fn forfeited(&mut self, held: &mut Held, _now: Instant) {
        self.release(held);
    }

    /// The request is complete, or was given up: its slot is free.
    pub(super) fn completed(&mut self, held: &mut Held, now: Instant) {
        self.release(held);
        if let Some(ease) = &mut self.ease
            && held.granted >= ease.since
        {
            ease.doubled += 1;
        }
        self.warm_until = Some(now + WARM);
        if held.cold {
            self.cold = self.cold.saturating_sub(1);
            let cost = held.cost;
            self.each_window(held, |window, leaves| window.arrived(leaves, now, cost));
        }
    }

    /// The request was never sent: nothing is charged.
    pub(super) fn refund(&mut self, held: &mut Held) {
        self.release(held);
        if held.cold {
            self.cold = self.cold.saturating_sub(1);
        }
        let cost = held.cost;
        self.each_window(held, |window, leaves| {
            window.refund(leaves, cost);
            leaves
        });
    }

    /// Nobody is admitted for `wait`, and then not all at once.
    pub(super) fn block(&mut self, until: Instant) {
        let until = self.blocked_until.map_or(until, |before| before.max(until));
        self.blocked_until = Some(until);
        self.ease = Some(Ease {
            since: until,
            doubled: 0,
            in_flight: 0,
        });
    }

    /// How long a permit may be used after its grant; `None`: for ever.
    pub(super) fn use_by(&self) -> Option<Duration> {
        self.windows.iter().map(Window::use_by).min()
    }

    /// Whether nothing would be lost if this scope were forgotten.
    pub(super) fn is_idle(&mut self, now: Instant) -> bool {
        self.windows.iter_mut().for_each(|w| w.advance(now));
        self.in_flight == 0
            && self.blocked_until.is_none_or(|until| until <= now)
            && self.windows.iter().all(Window::is_empty)
            && self.queues.iter().all(BTreeSet::is_empty)
    }

    /// Who is to be admitted next.
    pub(super) fn head(&self) -> Option<(Priority, Ticket)> {
        let waiting = |class: usize| {
            self.queues[class]
                .first()
                .map(|&ticket| (PRIORITIES[class], ticket))
        };
        let due = (1..3).find(|&class| self.passed[class] >= TURNS && !self.queues[class].is_empty());
        due.and_then(waiting).or_else(|| (0..3).find_map(waiting))
    }

    /// Whether somebody who waits is to be admitted before `ticket`.
    pub(super) fn has_before(&self, priority: Priority, ticket: Ticket) -> bool {
        let Some((first, head)) = self.head() else {
            return false;
        };
        if self.passed[first as usize] >= TURNS && first > priority {
            return true;
        }
        (first, head) < (priority, ticket)
    }

    pub(super) fn enqueue(&mut self, priority: Priority, ticket: Ticket) {
        self.queues[priority as usize].insert(ticket);
    }

    pub(super) fn dequeue(&mut self, priority: Priority, ticket: Ticket) {
        let queue = &mut self.queues[priority as usize];
        queue.remove(&ticket);
        if queue.is_empty() {
            self.passed[priority as usize] = 0;
        }
    }

    /// All who wait here.
    pub(super) fn waiting(&self) -> Vec<Ticket> {
        self.queues.iter().flatten().copied().collect()
    }

    /// The next moment at which the release after a block lets one more through; `None`: now.
    fn eased(&mut self, now: Instant) -> Option<Instant> {
        let ease = self.ease.as_ref()?;
        let seconds = now.saturating_duration_since(ease.since).as_secs();
        let doublings = u64::from(ease.doubled).saturating_add(seconds);
        if doublings >= 6 {
            self.ease = None;
            return None;
        }
        (ease.in_flight >= 1 << doublings).then(|| ease.since + Duration::from_secs(seconds + 1))
    }

    fn release(&mut self, held: &Held) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(ease) = &mut self.ease
            && held.granted >= ease.since
        {
            ease.in_flight = ease.in_flight.saturating_sub(1);
        }
    }

    fn count_passed(&mut self, priority: Priority) {
        let class = priority as usize;
        self.passed[class] = 0;
        for lower in class + 1..3 {
            if !self.queues[lower].is_empty() {
                self.passed[lower] = self.passed[lower].saturating_add(1);
            }
        }
    }

    fn each_window(&mut self, held: &mut Held, mut change: impl FnMut(&mut Window, Instant) -> Instant) {
        for (per, leaves) in &mut held.leaves {
            if let Some(window) = self.windows.iter_mut().find(|w| w.per() == *per) {
                *leaves = change(window, *leaves);
            }
        }
    }
}

/// By rank.
const PRIORITIES: [Priority; 3] = [Priority::High, Priority::Normal, Priority::Low];
