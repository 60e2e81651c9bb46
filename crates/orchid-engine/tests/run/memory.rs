//! Memory stays flat: bytes of responses are charged, items and pages that are open are bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use orchid_engine::budget::{Budget, Reading};
use orchid_engine::outcome::Outcome;
use orchid_engine::run::run;
use orchid_testkit::api::{Api, Asked, json};
use orchid_testkit::sink::Acks;
use orchid_testkit::world::{World, spec};
use tokio_util::sync::CancellationToken;

use crate::{plan, value};

const KIB: u64 = 1 << 10;

#[tokio::test(start_paused = true)]
async fn a_budget_admits_in_order_and_lets_each_level_overdraw_once() {
    let budget = Budget::new(130 * KIB);
    let first = budget.open(0, Reading::Checked).await;
    let second = budget.open(0, Reading::Checked).await;
    assert_eq!(budget.used(), 128 * KIB);
    // One of each level may overdraw, so that what waits for deeper levels goes on.
    first.body(100 * KIB).await;
    let deeper = budget.open(1, Reading::Checked).await;
    let mut waits = Box::pin(second.body(100 * KIB));
    assert!(futures_util::poll!(&mut waits).is_pending());
    drop(deeper);
    assert!(futures_util::poll!(&mut waits).is_pending());
    drop(first);
    waits.await;
    drop(second);
    assert_eq!(budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_waiting_stands_in_nobodys_way() {
    let budget = Budget::new(64 * KIB);
    let first = budget.open(0, Reading::Checked).await;
    first.body(64 * KIB).await;
    let mut gone = Box::pin(budget.open(0, Reading::Checked));
    let mut waits = Box::pin(budget.open(0, Reading::Checked));
    assert!(futures_util::poll!(&mut gone).is_pending() && futures_util::poll!(&mut waits).is_pending());
    drop(gone);
    drop(first);
    drop(waits.await);
    assert_eq!(budget.used(), 0);
}

/// Loops over loops with a budget that holds nearly nothing: everything overdraws, nothing stands still.
#[tokio::test(start_paused = true)]
async fn a_run_ends_however_small_the_budget() {
    let fields = "
url: https://api.example/a
params: { page: \"${context.iteration}\" }
while: context.iteration < 3
steps:
  b:
    iterate_over: \"range(0, 20)\"
    url: https://api.example/b
    params: { page: \"${context.iteration}\" }
    while: context.iteration < 2
    steps:
      c: { iterate_over: \"range(0, 5)\", url: \"https://api.example/c\", params: { i: \"${length(parent.body)}\" } }";
    let body = format!("[{}]", "\"0123456789\",".repeat(1_000).trim_end_matches(','));
    let api = Api::new(move |_: &Asked, _| json(200, body.clone()).after(Duration::from_millis(1)));
    let world = World::with(api, Acks::AtOnce, Budget::new(100 * KIB));
    let report = run(
        spec(plan(fields), "p", value("{}")),
        &world.ports,
        CancellationToken::new(),
    )
    .await;
    assert_eq!(
        (report.outcome, report.counts.requests),
        (Outcome::Succeeded, 4 + 4 * 20 * 3 + 4 * 20 * 3 * 5)
    );
    assert_eq!(world.ports.budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_budget_bounds_what_is_unacknowledged() {
    let fields = "
url: https://api.example/a
steps:
  b: { iterate_over: \"range(0, 200)\", url: \"https://api.example/{n}\", params: { n: \"${item}\" } }";
    let budget = Budget::new(16 * 64 * KIB);
    let world = World::with(
        Api::new(|_: &Asked, _| json(200, "{}")),
        Acks::Held,
        budget.clone(),
    );
    let running = run(
        spec(plan(fields), "p", value("{}")),
        &world.ports,
        CancellationToken::new(),
    );
    let most = Arc::new(AtomicU64::new(0));
    let acks = async {
        loop {
            for _ in 0..200 {
                tokio::task::yield_now().await;
            }
            most.fetch_max(world.sink.held() as u64, Ordering::Relaxed);
            if world.sink.held() == 0 {
                return;
            }
            world.sink.acknowledge(0);
        }
    };
    let (report, ()) = tokio::join!(running, acks);
    assert_eq!((report.outcome, report.counts.emitted), (Outcome::Succeeded, 201));
    // Sixteen, and one that overdraws.
    assert!(most.load(Ordering::Relaxed) <= 17, "{most:?}");
}

#[test]
fn many_threads_come_to_the_same_end() {
    let fields = "
url: https://api.example/a
params: { page: \"${context.iteration}\" }
while: context.iteration < 9
save: { page: { value: context.iteration, commit: page } }
steps:
  b:
    iterate_over: \"range(0, 50)\"
    url: https://api.example/{n}
    params: { n: \"${item}\" }
    save: { row: { value: parent.iteration, key: item, merge: max } }";
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .enable_all()
        .build()
        .unwrap();
    let (report, changes) = runtime.block_on(async {
        let world = World::new(Api::new(|_: &Asked, _| json(200, "{}")));
        let report = run(
            spec(plan(fields), "p", value("{}")),
            &world.ports,
            CancellationToken::new(),
        )
        .await;
        (report, world.checkpoints.changes())
    });
    assert_eq!((report.outcome, report.counts.emitted), (Outcome::Succeeded, 510));
    let pages: Vec<i64> = changes
        .iter()
        .flat_map(|change| &change.saved)
        .filter_map(|(_, json)| json.0.as_i64())
        .collect();
    assert!(pages.is_sorted() && pages.last() == Some(&9), "{pages:?}");
    assert_eq!(report.state.saved_items["row"].len(), 50);
}
