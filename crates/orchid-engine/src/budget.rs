//! The bytes that responses may hold in memory at once, over all runs of a process.
//!
//! A request is charged before it is sent, its body before it is read; what was charged goes back when the
//! response was acknowledged and its sub-steps are done. Whoever does not fit waits, deeper levels first, then
//! in order of arrival. Nobody waits for ever: a response holds its bytes only until deeper levels are done, so
//! one response of each level at a time may overdraw. Pure bookkeeping under one short lock.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// What an instance holds by default: 256 MiB.
pub const DEFAULT_BYTES: u64 = 256 << 20;
/// What a request is charged before it is sent.
const REQUEST_BYTES: u64 = 64 << 10;
/// A body, its parsed form, and its event.
const PARSED_FACTOR: u64 = 3;
/// A body and its event.
const CHECKED_FACTOR: u64 = 2;

/// The bytes that responses may hold.
#[derive(Debug, Clone)]
pub struct Budget(Arc<Shared>);

/// What one response holds; goes back when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Charge(Option<Arc<Held>>);

/// Whether a response's body will be parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Some expression reads it.
    Parsed,
    /// It is only checked and emitted.
    Checked,
}

#[derive(Debug)]
struct Shared {
    total: u64,
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    used: u64,
    arrivals: u64,
    waiting: BTreeMap<Turn, Waiting>,
    /// Levels of which a response overdraws now.
    overdrawn: BTreeSet<usize>,
}

/// Deepest level first, then by arrival.
type Turn = (Reverse<usize>, u64);

#[derive(Debug)]
struct Waiting {
    need: u64,
    held: Arc<Held>,
    granted: Arc<Notify>,
}

/// Its numbers are written under the book's lock only.
#[derive(Debug)]
struct Held {
    shared: Arc<Shared>,
    level: usize,
    factor: u64,
    bytes: AtomicU64,
    overdraws: AtomicBool,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(DEFAULT_BYTES)
    }
}

impl Budget {
    /// A budget of `total` bytes.
    pub fn new(total: u64) -> Self {
        Self(Arc::new(Shared {
            total,
            book: Mutex::default(),
        }))
    }

    /// Bytes held now.
    pub fn used(&self) -> u64 {
        self.0.lock().used
    }

    /// Waits until a request of a step at `level` may be sent.
    pub async fn open(&self, level: usize, reading: Reading) -> Charge {
        let factor = match reading {
            Reading::Parsed => PARSED_FACTOR,
            Reading::Checked => CHECKED_FACTOR,
        };
        let held = Held {
            shared: self.0.clone(),
            level,
            factor,
            bytes: AtomicU64::new(0),
            overdraws: AtomicBool::new(false),
        };
        let charge = Charge(Some(Arc::new(held)));
        charge.grow_to(REQUEST_BYTES).await;
        charge
    }
}

impl Charge {
    /// One that is never counted.
    pub fn unbounded() -> Self {
        Self(None)
    }

    /// Waits until a body of `bytes` (its total so far, or as announced) may be held.
    pub async fn body(&self, bytes: u64) {
        if let Some(held) = &self.0 {
            self.grow_to(bytes.saturating_mul(held.factor)).await;
        }
    }

    /// Bytes held now.
    pub fn bytes(&self) -> u64 {
        self.0
            .as_ref()
            .map_or(0, |held| held.bytes.load(Ordering::Relaxed))
    }

    async fn grow_to(&self, bytes: u64) {
        let Some(held) = &self.0 else { return };
        let Some((turn, granted)) = held.ask(bytes) else {
            return;
        };
        let _leave = Leave {
            shared: &held.shared,
            turn,
        };
        granted.notified().await;
    }
}

impl Held {
    /// Takes what is missing to `bytes`, or queues for it.
    fn ask(self: &Arc<Self>, bytes: u64) -> Option<(Turn, Arc<Notify>)> {
        let mut book = self.shared.lock();
        let need = bytes.saturating_sub(self.bytes.load(Ordering::Relaxed));
        if need == 0 {
            return None;
        }
        let first = book.waiting.is_empty() && book.used.saturating_add(need) <= self.shared.total;
        if first || book.may_overdraw(self) {
            book.enter(self, need, self.shared.total);
            return None;
        }
        let turn = (Reverse(self.level), book.arrivals);
        book.arrivals += 1;
        let granted = Arc::new(Notify::new());
        book.waiting.insert(
            turn,
            Waiting {
                need,
                held: self.clone(),
                granted: granted.clone(),
            },
        );
        Some((turn, granted))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut book = self.shared.lock();
        book.used -= self.bytes.load(Ordering::Relaxed);
        if self.overdraws.load(Ordering::Relaxed) {
            book.overdrawn.remove(&self.level);
        }
        let served = book.serve(self.shared.total);
        drop(book);
        // After the lock: the last handle of a `Held` takes it.
        drop(served);
    }
}

/// Takes one who waits no longer out of the queue.
struct Leave<'a> {
    shared: &'a Arc<Shared>,
    turn: Turn,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let mut book = self.shared.lock();
        let left = book.waiting.remove(&self.turn);
        // It may have been the first, for whom the others waited.
        let served = if left.is_some() {
            book.serve(self.shared.total)
        } else {
            Vec::new()
        };
        drop(book);
        drop((left, served));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn may_overdraw(&self, held: &Held) -> bool {
        held.overdraws.load(Ordering::Relaxed) || !self.overdrawn.contains(&held.level)
    }

    fn enter(&mut self, held: &Held, need: u64, total: u64) {
        self.used = self.used.saturating_add(need);
        held.bytes.fetch_add(need, Ordering::Relaxed);
        if self.used > total && !held.overdraws.swap(true, Ordering::Relaxed) {
            self.overdrawn.insert(held.level);
        }
    }

    /// Serves those who wait; what it returns is to be dropped after the lock.
    fn serve(&mut self, total: u64) -> Vec<Waiting> {
        let mut served = Vec::new();
        while let Some(turn) = self.next_turn(total) {
            let Some(waiting) = self.waiting.remove(&turn) else {
                break;
            };
            self.enter(&waiting.held, waiting.need, total);
            waiting.granted.notify_one();
            served.push(waiting);
        }
        served
    }

    /// The first in line if it fits (small ones do not pass it for ever), else the first of a level that may overdraw.
    fn next_turn(&self, total: u64) -> Option<Turn> {
        let (first, waiting) = self.waiting.first_key_value()?;
        if self.used.saturating_add(waiting.need) <= total {
            return Some(*first);
        }
        let mut level = first.0;
        loop {
            let (turn, waiting) = self.waiting.range((level, 0)..).next()?;
            if self.may_overdraw(&waiting.held) {
                return Some(*turn);
            }
            level = Reverse(turn.0.0.checked_sub(1)?);
        }
    }
}
