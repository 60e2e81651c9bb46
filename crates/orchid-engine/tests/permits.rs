//! The rate limiter of one process, in virtual time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use orchid_engine::fault::Kind;
use orchid_engine::local::permits::LocalPermits;
use orchid_engine::ports::{Claim, Permit, Permits, Scope, Turn};
use orchid_plan::program::Priority;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

fn scope(key: &str, windows: &[(u64, u64)], concurrency: Option<u64>) -> Scope {
    let windows = windows
        .iter()
        .map(|&(n, ms)| (n, Duration::from_millis(ms)))
        .collect();
    Scope {
        limit: None,
        key: key.into(),
        windows,
        concurrency,
        cost: 1,
    }
}

fn claim(scopes: &[Scope]) -> Claim {
    Claim {
        scopes: scopes.to_vec(),
        priority: Priority::Normal,
        patience: Duration::from_hours(24),
        turn: Turn::Back,
    }
}

/// When each request reached the API, and what it cost.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Instant, u64)>>>);

impl Log {
    fn add(&self, cost: u64) {
        self.0.lock().unwrap().push((Instant::now(), cost));
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// The most that any closed interval of length `per` holds.
    fn most(&self, per: Duration) -> u64 {
        let mut log = self.0.lock().unwrap().clone();
        log.sort_unstable();
        let (mut first, mut sum, mut most) = (0, 0, 0);
        for &(at, cost) in &log {
            sum += cost;
            while at - log[first].0 > per {
                sum -= log[first].1;
                first += 1;
            }
            most = most.max(sum);
        }
        most
    }
}

/// One request: `way` until it arrives, `work` until it is answered.
async fn request(permits: &LocalPermits, claim: &Claim, log: &Log, way: Duration, work: Duration) {
    let mut claim = claim.clone();
    let permit = loop {
        let mut permit = permits.acquire(&claim).await.unwrap();
        if permit.send() {
            break permit;
        }
        permit.give_back();
        claim.turn = Turn::Front;
    };
    sleep(way).await;
    log.add(claim.scopes.iter().map(|s| s.cost).max().unwrap_or(1));
    sleep(work).await;
    drop(permit);
}

fn is_ready<T>(future: impl Future<Output = T>) -> bool {
    futures_util::FutureExt::now_or_never(future).is_some()
}

fn take(permits: &LocalPermits, claim: &Claim) -> Option<Box<dyn Permit>> {
    futures_util::FutureExt::now_or_never(permits.acquire(claim)).map(Result::unwrap)
}

#[tokio::test(start_paused = true)]
async fn saturated_windows_are_full_and_never_exceeded() {
    for (n, per_ms, least) in [
        (50, 1_000, 0.95),
        (400, 10_000, 0.95),
        (5_000, 60_000, 0.95),
        (3, 1_000, 0.95),
    ] {
        let permits = LocalPermits::default();
        let log = Log::default();
        let claim = claim(&[scope("a", &[(n, per_ms)], None)]);
        let per = Duration::from_millis(per_ms);
        let started = Instant::now();
        let mut workers = JoinSet::new();
        for _ in 0..100 {
            let (permits, log, claim) = (permits.clone(), log.clone(), claim.clone());
            workers.spawn(async move {
                while started.elapsed() < per * 20 {
                    request(
                        &permits,
                        &claim,
                        &log,
                        Duration::from_millis(2),
                        Duration::from_millis(3),
                    )
                    .await;
                }
            });
        }
        workers.join_all().await;
        let most = log.most(per);
        assert!(most <= n, "{most} requests in {per:?}, {n} allowed");
        #[allow(clippy::cast_precision_loss)]
        let used = log.len() as f64 / (n * 20) as f64;
        assert!(used >= least, "{n} in {per:?}: only {used} of the limit was used");
    }
}

#[tokio::test(start_paused = true)]
async fn first_requests_count_until_they_are_answered() {
    let permits = LocalPermits::default();
    let log = Log::default();
    let claim = claim(&[scope("a", &[(5, 1_000)], None)]);
    let mut requests = JoinSet::new();
    for n in 0..10 {
        let (permits, log, claim) = (permits.clone(), log.clone(), claim.clone());
        // The first five open connections, which takes longer than any slack.
        let way = if n < 5 { 400 } else { 1 };
        requests.spawn(async move {
            request(
                &permits,
                &claim,
                &log,
                Duration::from_millis(way),
                Duration::from_millis(5),
            )
            .await;
        });
    }
    requests.join_all().await;
    assert_eq!(log.most(Duration::from_secs(1)), 5);
}

#[tokio::test(start_paused = true)]
async fn concurrency_is_never_exceeded_and_a_freed_slot_goes_on_at_once() {
    let permits = LocalPermits::default();
    let claim = claim(&[scope("a", &[], Some(2))]);
    let one = take(&permits, &claim).unwrap();
    let two = take(&permits, &claim).unwrap();
    let third = permits.acquire(&claim);
    tokio::pin!(third);
    assert!(!is_ready(third.as_mut()));
    drop(one);
    assert!(is_ready(third.as_mut()));
    drop(two);
}

#[tokio::test(start_paused = true)]
async fn all_scopes_or_none() {
    let permits = LocalPermits::default();
    let (a, b) = (scope("a", &[], Some(1)), scope("b", &[], Some(1)));
    let holds_b = take(&permits, &claim(std::slice::from_ref(&b))).unwrap();
    let both = claim(&[a.clone(), b]);
    let waits = permits.acquire(&both);
    tokio::pin!(waits);
    assert!(!is_ready(waits.as_mut()));
    let only_a = take(&permits, &claim(&[a])).expect("who waits for `b` does not hold `a`");
    drop(holds_b);
    assert!(!is_ready(waits.as_mut()));
    drop(only_a);
    assert!(is_ready(waits.as_mut()));
}

#[tokio::test(start_paused = true)]
async fn first_come_first_served_within_a_priority() {
    let order = order_of(&[Priority::Normal; 5]).await;
    assert_eq!(order, [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn better_priorities_come_first() {
    use Priority::{High, Low, Normal};
    let order = order_of(&[Low, Normal, High, Low, Normal, High]).await;
    assert_eq!(order, [2, 5, 1, 4, 0, 3]);
}

#[tokio::test(start_paused = true)]
async fn low_priority_is_not_starved() {
    let mut wanted = vec![Priority::High; 100];
    wanted[0] = Priority::Low;
    let order = order_of(&wanted).await;
    let place = order.iter().position(|&n| n == 0).unwrap();
    assert!((10..25).contains(&place), "the low one came at place {place}");
}

/// The order in which requests of these priorities, all waiting, get the one slot there is.
async fn order_of(priorities: &[Priority]) -> Vec<usize> {
    let permits = LocalPermits::default();
    let claim = claim(&[scope("a", &[], Some(1))]);
    let held = take(&permits, &claim).unwrap();
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = JoinSet::new();
    for (n, &priority) in priorities.iter().enumerate() {
        let (permits, order) = (permits.clone(), Arc::clone(&order));
        let claim = Claim {
            priority,
            ..claim.clone()
        };
        waiting.spawn(async move {
            let permit = permits.acquire(&claim).await.unwrap();
            order.lock().unwrap().push(n);
            tokio::task::yield_now().await;
            drop(permit);
        });
        tokio::task::yield_now().await;
    }
    drop(held);
    waiting.join_all().await;
    let order = order.lock().unwrap();
    order.clone()
}

#[tokio::test(start_paused = true)]
async fn a_permit_that_came_back_unsent_is_not_charged_and_goes_to_the_head() {
    let permits = LocalPermits::default();
    let one = claim(&[scope("a", &[(1, 60_000)], None)]);
    let held = take(&permits, &one).unwrap();
    let later = permits.acquire(&one);
    tokio::pin!(later);
    assert!(!is_ready(later.as_mut()));
    let front = Claim {
        turn: Turn::Front,
        ..one.clone()
    };
    let again = permits.acquire(&front);
    tokio::pin!(again);
    assert!(!is_ready(again.as_mut()));
    held.give_back();
    assert!(!is_ready(later.as_mut()));
    assert!(is_ready(again.as_mut()));
}

#[tokio::test(start_paused = true)]
async fn a_permit_is_too_old_after_its_use_by() {
    let permits = LocalPermits::default();
    let one = claim(&[scope("a", &[(1, 1_000)], None)]);
    let mut fresh = take(&permits, &one).unwrap();
    tokio::time::advance(Duration::from_millis(20)).await;
    assert!(fresh.send());
    drop(fresh);
    tokio::time::advance(Duration::from_secs(5)).await;
    let mut old = take(&permits, &one).unwrap();
    tokio::time::advance(Duration::from_millis(21)).await;
    assert!(!old.send());
    old.give_back();
    assert!(take(&permits, &one).is_some());
}

#[tokio::test(start_paused = true)]
async fn dropping_who_waits_loses_nothing() {
    let permits = LocalPermits::default();
    let one = claim(&[scope("a", &[], Some(1))]);
    let held = take(&permits, &one).unwrap();
    let mut gone = Box::pin(permits.acquire(&one));
    assert!(!is_ready(&mut gone));
    let next = permits.acquire(&one);
    tokio::pin!(next);
    assert!(!is_ready(next.as_mut()));
    // The slot is granted to the first, which is dropped before it sees that.
    drop(held);
    drop(gone);
    assert!(is_ready(next.as_mut()));
}

#[tokio::test(start_paused = true)]
async fn blocked_scopes_come_back_one_by_one() {
    let permits = LocalPermits::default();
    let implicit = claim(&[scope("a", &[], None)]);
    let log = Log::default();
    permits.block(&implicit, Duration::from_secs(10));
    let started = Instant::now();
    let mut requests = JoinSet::new();
    for _ in 0..50 {
        let (permits, log, implicit) = (permits.clone(), log.clone(), implicit.clone());
        requests.spawn(async move {
            request(
                &permits,
                &implicit,
                &log,
                Duration::ZERO,
                Duration::from_millis(100),
            )
            .await;
        });
    }
    requests.join_all().await;
    let log = log.0.lock().unwrap().clone();
    let after = |n: usize| (log[n].0 - started).as_millis();
    assert_eq!((after(0), after(1)), (10_000, 10_100), "one, then two");
    assert!(after(3) >= 10_200, "then four");
    assert!(after(49) < 11_000, "soon all");
}

#[tokio::test(start_paused = true)]
async fn who_would_wait_too_long_fails_at_once() {
    let permits = LocalPermits::default();
    let patient = claim(&[scope("okta/prod/org", &[], None)]);
    let hasty = Claim {
        patience: Duration::from_secs(30),
        ..patient.clone()
    };
    permits.block(&patient, Duration::from_secs(10));
    let waits = permits.acquire(&hasty);
    tokio::pin!(waits);
    assert!(!is_ready(waits.as_mut()));
    permits.block(&patient, Duration::from_hours(1));
    let fault = futures_util::FutureExt::now_or_never(waits)
        .unwrap()
        .err()
        .unwrap();
    assert_eq!(fault.kind, Kind::Throttled);
    assert_eq!(
        fault.message,
        "the limit okta/prod/org admits no request for 3600s, longer than this request may wait"
    );
    assert_eq!(permits.acquire(&hasty).await.err().unwrap().kind, Kind::Throttled);
}

#[tokio::test(start_paused = true)]
async fn what_can_never_be_admitted_fails_at_once() {
    let permits = LocalPermits::default();
    let mut dear = scope("a", &[(5, 1_000)], None);
    dear.cost = 6;
    for never in [dear, scope("b", &[(0, 1_000)], None), scope("c", &[], Some(0))] {
        let fault = permits.acquire(&claim(&[never])).await.err().unwrap();
        assert_eq!(fault.kind, Kind::Definition, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_in_the_moment_others_are_due_makes_nobody_forgotten() {
    let permits = LocalPermits::default();
    let blocked = claim(&[scope("a", &[], None)]);
    permits.block(&blocked, Duration::from_secs(10));
    let first = permits.acquire(&blocked);
    tokio::pin!(first);
    assert!(!is_ready(first.as_mut()));
    tokio::time::advance(Duration::from_secs(10)).await;
    let second = permits.acquire(&blocked);
    tokio::pin!(second);
    assert!(!is_ready(second.as_mut()), "it queues behind the first");
    let (first, second) = tokio::time::timeout(Duration::from_secs(5), async { (first.await, second.await) })
        .await
        .expect("both are admitted");
    drop((first, second));
}
