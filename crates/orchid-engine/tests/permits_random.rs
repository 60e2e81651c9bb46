//! The rate limiter of one process under random schedules in virtual time: limits hold in every interval,
//! nobody is forgotten.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use orchid_engine::local::permits::LocalPermits;
use orchid_engine::ports::{Claim, Permits, Scope, Turn};
use orchid_plan::program::Priority;
use proptest::prelude::*;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// The figures of one scope: windows of (requests, milliseconds), and slots.
#[derive(Debug, Clone)]
struct Figures {
    windows: Vec<(u64, u64)>,
    slots: Option<u64>,
}

#[derive(Debug, Clone)]
struct Job {
    starts: u64,
    /// Bits: which scopes it needs.
    scopes: usize,
    cost: u64,
    priority: Priority,
    /// Between the permit and sending.
    dawdles: u64,
    /// Until it reaches the server: never more than the slack of the shortest window.
    way: u64,
    work: u64,
    ends: End,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Done,
    /// Goes away while waiting, after so many milliseconds.
    Leaves(u64),
    /// Gives its permit back.
    Unsent,
    /// Is told to slow down.
    Throttled(u64),
}

/// What the server saw of one scope.
#[derive(Debug, Default)]
struct Seen {
    arrivals: Vec<(Instant, u64)>,
    in_flight: u64,
    most_in_flight: u64,
}

fn figures() -> impl Strategy<Value = Figures> {
    let window = (3..20_u64, prop::sample::select(vec![50, 200, 1_000, 5_000]));
    (prop::collection::vec(window, 0..3), prop::option::of(1..6_u64))
        .prop_map(|(windows, slots)| Figures { windows, slots })
}

fn job() -> impl Strategy<Value = Job> {
    let end = prop_oneof![
        8 => Just(End::Done),
        1 => (0..500_u64).prop_map(End::Leaves),
        1 => Just(End::Unsent),
        1 => (1..300_u64).prop_map(End::Throttled),
    ];
    let priority = prop::sample::select(vec![Priority::High, Priority::Normal, Priority::Low]);
    let times = (
        0..2_000_u64,
        prop_oneof![4 => Just(0), 1 => 0..40_u64],
        0..10_u64,
        0..200_u64,
    );
    (times, 1..8_usize, 1..4_u64, priority, end).prop_map(
        |((starts, dawdles, way, work), scopes, cost, priority, ends)| Job {
            starts,
            scopes,
            cost,
            priority,
            dawdles,
            way,
            work,
            ends,
        },
    )
}

struct World {
    permits: LocalPermits,
    figures: Vec<Figures>,
    seen: Mutex<Vec<Seen>>,
}

impl World {
    fn claim(&self, job: &Job) -> Claim {
        let scope = |index: usize| {
            let Figures { windows, slots } = &self.figures[index];
            let windows = windows
                .iter()
                .map(|&(n, ms)| (n, Duration::from_millis(ms)))
                .collect();
            Scope {
                limit: None,
                key: format!("scope {index}"),
                windows,
                concurrency: *slots,
                cost: job.cost,
            }
        };
        Claim {
            scopes: self.scopes(job).map(scope).collect(),
            priority: job.priority,
            patience: Duration::from_hours(1),
            turn: Turn::Back,
        }
    }

    fn scopes(&self, job: &Job) -> impl Iterator<Item = usize> + use<> {
        let wanted = job.scopes;
        (0..self.figures.len()).filter(move |index| wanted >> index & 1 == 1)
    }

    fn see(&self, job: &Job, mut change: impl FnMut(&mut Seen)) {
        let mut seen = self.seen.lock().unwrap();
        self.scopes(job).for_each(|index| change(&mut seen[index]));
    }

    async fn run(&self, job: &Job) {
        sleep(Duration::from_millis(job.starts)).await;
        let mut claim = self.claim(job);
        loop {
            let acquire = self.permits.acquire(&claim);
            let acquired = match job.ends {
                End::Leaves(after) => match timeout(Duration::from_millis(after), acquire).await {
                    Ok(acquired) => acquired,
                    Err(_) => return,
                },
                _ => acquire.await,
            };
            let mut permit = acquired.unwrap();
            sleep(Duration::from_millis(job.dawdles)).await;
            if job.ends == End::Unsent || !permit.send() {
                permit.give_back();
                if job.ends == End::Unsent || job.dawdles >= 20 {
                    return;
                }
                claim.turn = Turn::Front;
                continue;
            }
            self.see(job, |seen| {
                seen.in_flight += 1;
                seen.most_in_flight = seen.most_in_flight.max(seen.in_flight);
            });
            sleep(Duration::from_millis(job.way)).await;
            self.see(job, |seen| seen.arrivals.push((Instant::now(), job.cost)));
            sleep(Duration::from_millis(job.work)).await;
            self.see(job, |seen| seen.in_flight -= 1);
            if let End::Throttled(wait) = job.ends {
                self.permits.block(&claim, Duration::from_millis(wait));
            }
            return;
        }
    }
}

/// The most cost in any closed interval of length `per`.
fn most(arrivals: &[(Instant, u64)], per: Duration) -> u64 {
    let (mut first, mut sum, mut most) = (0, 0, 0);
    for &(at, cost) in arrivals {
        sum += cost;
        while at - arrivals[first].0 > per {
            sum -= arrivals[first].1;
            first += 1;
        }
        most = most.max(sum);
    }
    most
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn limits_hold_and_nobody_is_forgotten(
        figures in prop::collection::vec(figures(), 3),
        jobs in prop::collection::vec(job(), 1..120),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let seen = runtime.block_on(async {
            let seen = figures.iter().map(|_| Seen::default()).collect();
            let world = World { permits: LocalPermits::default(), figures: figures.clone(), seen: Mutex::new(seen) };
            let world = Arc::new(world);
            let mut running = JoinSet::new();
            for job in jobs {
                let world = Arc::clone(&world);
                running.spawn(async move { world.run(&job).await });
            }
            // 120 jobs that cost 3 in windows of 3 per 5 s take 600 s and a little.
            timeout(Duration::from_secs(1_000), running.join_all()).await.expect("everybody comes through");
            Arc::into_inner(world).unwrap().seen.into_inner().unwrap()
        });
        for (figures, seen) in figures.iter().zip(&seen) {
            for &(requests, ms) in &figures.windows {
                let most = most(&seen.arrivals, Duration::from_millis(ms));
                prop_assert!(most <= requests, "{most} in {ms} ms, {requests} allowed");
            }
            if let Some(slots) = figures.slots {
                prop_assert!(seen.most_in_flight <= slots);
            }
        }
    }
}
