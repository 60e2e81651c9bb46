//! [`Permits`] within one process.
//!
//! All state is behind one mutex, held only for as long as it takes to count; nobody awaits under it.
//! A request that is not admitted at once is parked at one scope, the one that refused it for longest. When that
//! scope has room its head is tried against all its scopes: granted whole, or parked at the next that refuses
//! it, with the ticket it has, so that its place is that of its age. So nobody holds one budget while
//! waiting for another, nobody blocks those who do not want the same, and one event wakes only who can go.
//! Room comes from a completed request (whoever drops the permit admits the next) or from time (one task per
//! process watches the scopes' timers, and lives only while somebody waits).

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use orchid_plan::program::Priority;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

mod permit;

use self::permit::{Grant, LocalPermit};
use super::scope::{Held, Scope, Ticket, Verdict};
use crate::fault::{Fault, Kind};
use crate::ports::{Claim, Permit, Permits, Turn};

/// Longer waits are cut to this: 100 days.
const LONGEST: Duration = Duration::from_hours(100 * 24);

/// Scopes that are kept before idle ones are looked for.
const SWEEP: usize = 1024;

/// Rate limits of one process. Cheap to clone; clones share everything.
#[derive(Debug, Clone, Default)]
pub struct LocalPermits {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    /// Tells the task that watches the timers to look again.
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    scopes: HashMap<Name, Scope>,
    waiters: HashMap<Ticket, Waiter>,
    timers: BTreeSet<(Instant, Name)>,
    tickets: Ticket,
    watch: Watch,
    sweep_at: usize,
}

/// What the task that watches the timers does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Watch {
    /// It does not run, for nobody waits.
    #[default]
    Off,
    /// It sleeps until this moment, or until it is told.
    Until(Option<Instant>),
}

type Name = Arc<str>;

/// A request that waits.
#[derive(Debug)]
struct Waiter {
    needs: Vec<Need>,
    priority: Priority,
    /// It makes no sense to wait beyond this.
    until: Instant,
    /// Index into `needs`: where it is parked.
    at: usize,
    reply: oneshot::Sender<Result<Grant, Fault>>,
}

/// What a request needs of one scope.
#[derive(Debug, Clone)]
struct Need {
    name: Name,
    cost: u64,
}

/// How an attempt to admit a waiter ended.
enum Attempt {
    Granted(Vec<(Name, Held)>, Option<Duration>),
    Refused { at: usize, verdict: Verdict },
}

/// An answer to be given when the mutex is free again.
type Answer = (oneshot::Sender<Result<Grant, Fault>>, Result<Grant, Fault>);

#[async_trait]
impl Permits for LocalPermits {
    async fn acquire(&self, claim: &Claim) -> Result<Box<dyn Permit>, Fault> {
        let (ticket, answer) = match self.shared.enter(claim)? {
            Entered::Granted(permit) => return Ok(Box::new(permit)),
            Entered::Waiting(ticket, answer) => (ticket, answer),
        };
        let waiting = Waiting {
            shared: &self.shared,
            ticket,
        };
        let answer = answer.await;
        std::mem::forget(waiting);
        match answer {
            Ok(Ok(grant)) => Ok(Box::new(grant.take())),
            Ok(Err(fault)) => Err(fault),
            Err(_) => Err(Fault::new(Kind::Internal, "the rate limiter forgot a request")),
        }
    }

    fn block(&self, claim: &Claim, wait: Duration) {
        let now = Instant::now();
        let until = now + wait.min(LONGEST);
        let mut answers = Vec::new();
        let mut state = self.shared.lock();
        for scope in &claim.scopes {
            let name: Name = scope.key.as_str().into();
            let tickets = {
                let scope = state.scope(&name);
                scope.block(until);
                scope.waiting()
            };
            for ticket in tickets {
                if state
                    .waiters
                    .get(&ticket)
                    .is_some_and(|waiter| waiter.until < until)
                {
                    state.fail(ticket, too_long(&name, until - now), &mut answers);
                }
            }
            state.settle(&self.shared, &name, now, &mut answers);
        }
        self.shared.watch(&mut state);
        drop(state);
        deliver(answers);
    }
}

/// How a request got in.
enum Entered {
    Granted(LocalPermit),
    Waiting(Ticket, oneshot::Receiver<Result<Grant, Fault>>),
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits a request or parks it.
    fn enter(self: &Arc<Self>, claim: &Claim) -> Result<Entered, Fault> {
        let now = Instant::now();
        let mut state = self.lock();
        state.sweep(now);
        let needs = state.needs(claim, now);
        let ticket = state.ticket(claim.turn);
        let refused = match state.attempt(&needs, claim.priority, ticket, None, now) {
            Attempt::Granted(held, use_by) => {
                return Ok(Entered::Granted(LocalPermit::new(self, held, now, use_by)));
            }
            Attempt::Refused { at, verdict } => (at, verdict),
        };
        let until = now + claim.patience.min(LONGEST);
        if let Some(fault) = hopeless(&needs[refused.0], refused.1, until, now) {
            return Err(fault);
        }
        let (reply, answer) = oneshot::channel();
        let waiter = Waiter {
            needs,
            priority: claim.priority,
            until,
            at: refused.0,
            reply,
        };
        state.park(ticket, waiter, refused.0, now);
        self.watch(&mut state);
        Ok(Entered::Waiting(ticket, answer))
    }

    /// Starts the task that watches the timers if it is needed, and tells it what it must know.
    fn watch(self: &Arc<Self>, state: &mut State) {
        match state.watch {
            Watch::Off if state.waiters.is_empty() => {}
            Watch::Off => {
                state.watch = Watch::Until(None);
                tokio::spawn(Arc::clone(self).run_timers());
            }
            Watch::Until(asleep) => {
                let first = state.timers.first().map(|(at, _)| *at);
                let late = first.is_some_and(|first| asleep.is_none_or(|asleep| first < asleep));
                if late || state.waiters.is_empty() {
                    self.changed.notify_one();
                }
            }
        }
    }

    async fn run_timers(self: Arc<Self>) {
        loop {
            let changed = self.changed.notified();
            let Some(next) = self.settle_due() else {
                return;
            };
            match next {
                Some(next) => tokio::select! {
                    () = tokio::time::sleep_until(next) => {}
                    () = changed => {}
                },
                None => changed.await,
            }
        }
    }

    /// Admits whom time lets in. `None` when nobody waits any more; else when to look again, if ever.
    #[allow(clippy::option_option)] // the outer one ends the task, the inner one is a moment
    fn settle_due(self: &Arc<Self>) -> Option<Option<Instant>> {
        let now = Instant::now();
        let mut answers = Vec::new();
        let mut state = self.lock();
        while let Some((at, name)) = state.timers.first().cloned() {
            if at > now {
                break;
            }
            state.disarm(&name);
            state.settle(self, &name, now, &mut answers);
        }
        let next = if state.waiters.is_empty() {
            state.watch = Watch::Off;
            None
        } else {
            let first = state.timers.first().map(|(at, _)| *at);
            state.watch = Watch::Until(first);
            Some(first)
        };
        drop(state);
        deliver(answers);
        next
    }

    /// Runs `change` on what a permit holds and admits who can go then.
    fn release(self: &Arc<Self>, held: &mut [(Name, Held)], change: impl Fn(&mut Scope, &mut Held, Instant)) {
        let now = Instant::now();
        let mut answers = Vec::new();
        let mut state = self.lock();
        for (name, held) in &mut *held {
            if let Some(scope) = state.scopes.get_mut(name) {
                change(scope, held, now);
            }
        }
        for (name, _) in &*held {
            state.settle(self, name, now, &mut answers);
        }
        self.watch(&mut state);
        drop(state);
        deliver(answers);
    }
}

impl State {
    fn scope(&mut self, name: &Name) -> &mut Scope {
        self.scopes.entry(Arc::clone(name)).or_insert_with(Scope::new)
    }

    /// The claim by scope; where a name comes twice, the greater cost counts.
    fn needs(&mut self, claim: &Claim, now: Instant) -> Vec<Need> {
        let mut needs: Vec<Need> = Vec::with_capacity(claim.scopes.len());
        for wanted in &claim.scopes {
            if let Some(need) = needs.iter_mut().find(|need| *need.name == *wanted.key) {
                need.cost = need.cost.max(wanted.cost);
                continue;
            }
            let name = match self.scopes.get_key_value(wanted.key.as_str()) {
                Some((name, _)) => Arc::clone(name),
                None => wanted.key.as_str().into(),
            };
            self.scope(&name).adopt(wanted, now);
            needs.push(Need {
                name,
                cost: wanted.cost,
            });
        }
        needs
    }

    fn ticket(&mut self, turn: Turn) -> Ticket {
        self.tickets += 1;
        match turn {
            Turn::Back => self.tickets,
            Turn::Front => Ticket::MIN + self.tickets,
        }
    }

    /// Grants all of `needs` or none. `head_of`: the scope whose turn it is.
    fn attempt(
        &mut self,
        needs: &[Need],
        priority: Priority,
        ticket: Ticket,
        head_of: Option<usize>,
        now: Instant,
    ) -> Attempt {
        let mut refused: Option<(usize, Verdict)> = None;
        for (index, need) in needs.iter().enumerate() {
            let scope = self.scope(&need.name);
            let mut verdict = scope.verdict(need.cost, now);
            if verdict == Verdict::Free && head_of != Some(index) && scope.has_before(priority, ticket) {
                verdict = Verdict::Completion;
            }
            if rank(verdict) > refused.map_or((0, None), |(_, worst)| rank(worst)) {
                refused = Some((index, verdict));
            }
        }
        if let Some((at, verdict)) = refused {
            return Attempt::Refused { at, verdict };
        }
        let use_by = needs
            .iter()
            .filter_map(|need| self.scopes.get(&need.name)?.use_by())
            .min();
        let held = needs.iter().map(|need| {
            let name = Arc::clone(&need.name);
            let scope = self.scopes.entry(name).or_insert_with(Scope::new);
            let held = scope.grant(priority, need.cost, now, use_by.unwrap_or_default());
            (Arc::clone(&need.name), held)
        });
        Attempt::Granted(held.collect(), use_by)
    }

    /// Admits as many of those parked at `name` as it has room for.
    fn settle(&mut self, shared: &Arc<Shared>, name: &Name, now: Instant, answers: &mut Vec<Answer>) {
        while let Some((priority, ticket)) = self.scopes.get(name).and_then(Scope::head) {
            let Some(waiter) = self.waiters.remove(&ticket) else {
                self.scope(name).dequeue(priority, ticket);
                continue;
            };
            let attempt = self.attempt(&waiter.needs, priority, ticket, Some(waiter.at), now);
            let (at, verdict) = match attempt {
                Attempt::Granted(held, use_by) => {
                    self.scope(name).dequeue(priority, ticket);
                    let permit = LocalPermit::new(shared, held, now, use_by);
                    answers.push((waiter.reply, Ok(Grant(Some(permit)))));
                    continue;
                }
                Attempt::Refused { at, verdict } => (at, verdict),
            };
            if let Some(fault) = hopeless(&waiter.needs[at], verdict, waiter.until, now) {
                self.scope(name).dequeue(priority, ticket);
                answers.push((waiter.reply, Err(fault)));
            } else if at == waiter.at {
                self.waiters.insert(ticket, waiter);
                break;
            } else {
                self.scope(name).dequeue(priority, ticket);
                self.park(ticket, waiter, at, now);
            }
        }
        self.arm(name, now);
    }

    /// Parks a waiter at the scope `needs[at]`.
    fn park(&mut self, ticket: Ticket, mut waiter: Waiter, at: usize, now: Instant) {
        waiter.at = at;
        let name = Arc::clone(&waiter.needs[at].name);
        self.scope(&name).enqueue(waiter.priority, ticket);
        self.waiters.insert(ticket, waiter);
        self.arm(&name, now);
    }

    /// Takes a waiter out.
    fn remove(&mut self, ticket: Ticket) -> Option<Waiter> {
        let waiter = self.waiters.remove(&ticket)?;
        let name = Arc::clone(&waiter.needs[waiter.at].name);
        self.scope(&name).dequeue(waiter.priority, ticket);
        Some(waiter)
    }

    fn fail(&mut self, ticket: Ticket, fault: Fault, answers: &mut Vec<Answer>) {
        if let Some(waiter) = self.remove(ticket) {
            answers.push((waiter.reply, Err(fault)));
        }
    }

    /// Sets the scope's timer to when its head may be admitted.
    fn arm(&mut self, name: &Name, now: Instant) {
        self.disarm(name);
        let head = self.scopes.get(name).and_then(Scope::head);
        let cost = head.and_then(|(_, ticket)| {
            let waiter = self.waiters.get(&ticket)?;
            Some(waiter.needs[waiter.at].cost)
        });
        let (Some(cost), Some(scope)) = (cost, self.scopes.get_mut(name)) else {
            return;
        };
        let at = match scope.verdict(cost, now) {
            Verdict::Later { at, .. } => at,
            // Its time came, and whoever watches the timers has not been there yet.
            Verdict::Free => now,
            Verdict::Completion | Verdict::Never => return,
        };
        scope.timer = Some(at);
        self.timers.insert((at, Arc::clone(name)));
    }

    fn disarm(&mut self, name: &Name) {
        if let Some(at) = self.scopes.get_mut(name).and_then(|scope| scope.timer.take()) {
            self.timers.remove(&(at, Arc::clone(name)));
        }
    }

    /// Forgets idle scopes, when there are twice as many as were in use the last time.
    fn sweep(&mut self, now: Instant) {
        if self.scopes.len() > self.sweep_at.max(SWEEP) {
            self.scopes.retain(|_, scope| !scope.is_idle(now));
            self.sweep_at = self.scopes.len() * 2;
        }
    }
}

/// Longest wait last; what waits for a completion has no known end, but any moment may be it.
fn rank(verdict: Verdict) -> (u8, Option<Instant>) {
    match verdict {
        Verdict::Free => (0, None),
        Verdict::Completion => (1, None),
        Verdict::Later { at, .. } => (2, Some(at)),
        Verdict::Never => (3, None),
    }
}

/// Why it makes no sense to wait, if so.
fn hopeless(need: &Need, verdict: Verdict, until: Instant, now: Instant) -> Option<Fault> {
    match verdict {
        Verdict::Never => Some(Fault::new(
            Kind::Definition,
            format!(
                "the limit {} never admits a request that costs {}",
                need.name, need.cost
            ),
        )),
        Verdict::Later { known, .. } if known > until => Some(too_long(&need.name, known - now)),
        _ => None,
    }
}

fn too_long(name: &str, wait: Duration) -> Fault {
    let wait = Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
    Fault::new(
        Kind::Throttled,
        format!("the limit {name} admits no request for {wait:?}, longer than this request may wait"),
    )
}

fn deliver(answers: Vec<Answer>) {
    for (reply, answer) in answers {
        // Who has gone away meanwhile gets nothing, and the grant comes back when it is dropped.
        let _ = reply.send(answer);
    }
}

/// Removes a waiter whose future is dropped.
struct Waiting<'a> {
    shared: &'a Arc<Shared>,
    ticket: Ticket,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let mut answers = Vec::new();
        let mut state = self.shared.lock();
        if let Some(waiter) = state.remove(self.ticket) {
            let name = &waiter.needs[waiter.at].name;
            state.settle(self.shared, name, now, &mut answers);
        }
        self.shared.watch(&mut state);
        drop(state);
        deliver(answers);
    }
}
