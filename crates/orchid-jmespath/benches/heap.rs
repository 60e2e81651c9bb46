//! What a 9 MB body costs in memory, as ratios to its size. The allocator counts, which takes time: that is
//! measured by the other benchmark. Fails if the budget is exceeded.
//!
//! `cargo bench -p orchid-jmespath --bench heap`

#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]

use std::hint::black_box;

use bytes::Bytes;
use peak_alloc::PeakAlloc;

use crate::page::{expressions, run, users};

mod page;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// At most so many times the size of the body, the body included.
const BUDGET: f64 = 4.0;

fn main() {
    let compiled = expressions();
    let body = users(41_000);
    let own = peak(&body, || drop(black_box(run(&body, &compiled))));
    let kept = peak(&body, || {
        drop(black_box(
            serde_json::from_slice::<serde_json::Value>(&body).expect("JSON"),
        ));
    });
    println!(
        "{:<62} {own:>8.4} budget {BUDGET}",
        "9 MB: parse and five expressions, with the body"
    );
    println!("{:<62} {kept:>8.4}", "9 MB: serde_json::Value, with the body");
    assert!(own <= BUDGET, "the budget is exceeded");
}

/// The most that was allocated at once while `work` ran, and the body, as a ratio to the body.
#[allow(clippy::cast_precision_loss)] // a ratio of sizes
fn peak(body: &Bytes, work: impl FnOnce()) -> f64 {
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    work();
    (HEAP.peak_usage() - before + body.len()) as f64 / body.len() as f64
}
