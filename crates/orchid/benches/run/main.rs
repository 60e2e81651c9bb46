//! Orchid against a bare loop on the same fake API, in one go: `cargo bench -p orchid --bench run`.
//!
//! The bare loop is reqwest and the same sink, without any parsing: what nobody can do without. Both run as
//! processes of their own, so that the API's work is not counted and memory is a process's. Figures are ratios
//! taken in one run; absolute ones depend on the machine.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "../../src/sink.rs"]
#[expect(
    dead_code,
    reason = "the binary writes to stdout too, the benchmark to files only"
)]
mod sink;

mod bare;
mod process;

use tempfile::TempDir;

use crate::process::{Api, Used};

/// Each figure is the median of this many runs, the bare loop and Orchid in turn.
const ROUNDS: usize = 5;

/// Requests in flight.
const CONCURRENCY: u32 = 50;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(work) = bare::Work::parse(&arguments) {
        bare::run(&work);
        return;
    }
    // `cargo test --benches` runs this without `--bench`: it proves then that all of it works, on little work.
    let full = arguments.iter().any(|argument| argument == "--bench");
    report(if full {
        Scale {
            divisor: 1,
            rounds: ROUNDS,
        }
    } else {
        Scale {
            divisor: 100,
            rounds: 1,
        }
    });
}

#[derive(Clone, Copy)]
struct Scale {
    divisor: u32,
    rounds: usize,
}

fn report(scale: Scale) {
    let api = Api::start();
    println!(
        "{:<50} {:>11} {:>11} {:>7}   target",
        "", "bare loop", "orchid", "ratio"
    );
    items(&api, scale);
    items_with_latency(&api, scale);
    pages(&api, scale);
    flat_memory(&api, scale);
    large_bodies(&api, scale);
}

fn items(api: &Api, scale: Scale) {
    let count = 10_000 / scale.divisor;
    let (bare, orchid) = pairs(
        scale,
        || api.bare("items", count, ""),
        || api.orchid("items", count, ""),
    );
    let (bare, orchid) = (
        median(&bare, |used| used.cpu_s),
        median(&orchid, |used| used.cpu_s),
    );
    row(
        &format!("{count} items of 1 KB, µs of CPU a request"),
        per(bare, count),
        per(orchid, count),
        "at most 2",
    );
}

fn items_with_latency(api: &Api, scale: Scale) {
    let count = 10_000 / scale.divisor;
    let (bare, orchid) = pairs(
        scale,
        || api.bare("items", count, "20ms"),
        || api.orchid("items", count, "20ms"),
    );
    let ideal = 0.020 * f64::from(count) / f64::from(CONCURRENCY);
    let (bare, orchid) = (
        median(&bare, |used| used.wall_s),
        median(&orchid, |used| used.wall_s),
    );
    row(
        &format!("{count} items at 20 ms, s of wall (ideal {ideal:.2})"),
        bare,
        orchid,
        "at most 4.4 s",
    );
}

fn pages(api: &Api, scale: Scale) {
    let count = 1_000 / scale.divisor;
    let (bare, orchid) = pairs(
        scale,
        || api.bare("pages", count, ""),
        || api.orchid("pages", count, ""),
    );
    let (bare, orchid) = (
        median(&bare, |used| used.cpu_s),
        median(&orchid, |used| used.cpu_s),
    );
    row(
        &format!("{count} pages of 100 users, µs of CPU a request"),
        per(bare, count),
        per(orchid, count),
        "at most 4",
    );
}

/// Resident memory while 1,000 pages fan out into 100,000 items.
fn flat_memory(api: &Api, scale: Scale) {
    let pages = 1_000 / scale.divisor;
    let (used, samples) = api.orchid_sampled("fanout", pages, "");
    let total = samples.last().map_or(0, |(done, _)| *done);
    let at = |share: u64| {
        let reached = samples.iter().find(|(done, _)| *done * 100 >= total * share);
        reached.map_or(0.0, |(_, resident)| mib(*resident))
    };
    println!(
        "{pages} pages with {} items: resident {:.0} MiB at 10 %, {:.0} at 50 %, {:.0} at 100 %, peak {:.0}",
        pages * 100,
        at(10),
        at(50),
        at(100),
        mib(used.peak_bytes)
    );
}

/// Peak memory with 50 bodies of 10 MiB at once.
fn large_bodies(api: &Api, scale: Scale) {
    let count = if scale.divisor == 1 { 100 } else { 10 };
    let used = api.orchid("large", count, "");
    println!(
        "{count} bodies of 10 MiB at concurrency {CONCURRENCY}: peak {:.0} MiB (at most 400)",
        mib(used.peak_bytes)
    );
}

fn pairs(scale: Scale, bare: impl Fn() -> Used, orchid: impl Fn() -> Used) -> (Vec<Used>, Vec<Used>) {
    (0..scale.rounds).map(|_| (bare(), orchid())).unzip()
}

fn median(runs: &[Used], figure: impl Fn(&Used) -> f64) -> f64 {
    let mut figures: Vec<f64> = runs.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn per(seconds: f64, count: u32) -> f64 {
    seconds * 1e6 / f64::from(count)
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn row(what: &str, bare: f64, orchid: f64, target: &str) {
    println!(
        "{what:<50} {bare:>11.2} {orchid:>11.2} {:>7.2}   {target}",
        orchid / bare
    );
}

/// A folder that goes when the process ends.
fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder can be made")
}
