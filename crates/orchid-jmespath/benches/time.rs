//! What documents and expressions cost in time, as ratios to `serde_json::from_slice::<Value>` of the same body
//! in the same run: ratios mean the same on every machine. Fails if a budget is exceeded.
//!
//! `cargo bench -p orchid-jmespath --bench time`

#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use orchid_jmespath::document;

use crate::page::{EXPRESSIONS, evaluate, expressions, root, run, users};

mod page;

const CONDITION: usize = 0;
const FILTER: usize = 1;

/// One line of the table.
struct Line {
    what: String,
    /// Found, and at most; both as a ratio to the parse of `serde_json`.
    found: f64,
    most: f64,
}

fn main() {
    let compiled = expressions();
    let page = users(100);
    let large = users(41_000);
    let mut lines = Vec::new();

    let parse = best(2_000, || {
        serde_json::from_slice::<serde_json::Value>(&page).expect("JSON")
    });
    let page_root = root(document::parse(page.clone()).expect("JSON"));
    let condition = best(20_000, || evaluate(&compiled[CONDITION], &page_root));
    let filter = best(2_000, || evaluate(&compiled[FILTER], &page_root));
    let own = best(2_000, || document::parse(page.clone()).expect("JSON"));
    let whole = best(2_000, || run(&page, &compiled));
    lines.push(line(
        "22 KB: condition on status_code",
        condition,
        parse,
        1.0 / 500.0,
    ));
    lines.push(line("22 KB: filter and multiselect", filter, parse, 1.0 / 5.0));
    lines.push(line("22 KB: parse", own, parse, f64::INFINITY));
    lines.push(line(
        "22 KB: parse and five expressions",
        whole,
        parse,
        f64::INFINITY,
    ));

    let check = best(10, || document::check(&large).expect("JSON"));
    let own = best(10, || document::parse(large.clone()).expect("JSON"));
    let whole = best(10, || run(&large, &compiled));
    let large_root = root(document::parse(large.clone()).expect("JSON"));
    let each: Vec<_> = compiled
        .iter()
        .map(|expression| best(10, || evaluate(expression, &large_root)))
        .collect();
    drop(large_root);
    // Last, because the million small pieces that it frees make every later allocation slower.
    let parse_large = best(10, || {
        serde_json::from_slice::<serde_json::Value>(&large).expect("JSON")
    });
    lines.push(line("9 MB: check only", check, parse_large, f64::INFINITY));
    lines.push(line("9 MB: parse", own, parse_large, f64::INFINITY));
    lines.push(line(
        "9 MB: parse and five expressions",
        whole,
        parse_large,
        1.0 / 3.0,
    ));

    for (source, time) in EXPRESSIONS.iter().zip(each) {
        lines.push(line(
            format!("9 MB: {source:.50}"),
            time,
            parse_large,
            f64::INFINITY,
        ));
    }

    println!("page {} bytes: serde_json parses it in {parse:.1?}", page.len());
    println!(
        "large {} bytes: serde_json parses it in {parse_large:.1?}\n",
        large.len()
    );
    let exceeded = lines.iter().filter(|line| line.report()).count();
    assert_eq!(exceeded, 0, "budgets are exceeded");
}

impl Line {
    /// Prints it; whether the budget is exceeded.
    fn report(&self) -> bool {
        let exceeded = self.found > self.most;
        let budget = match self.most {
            most if most.is_infinite() => String::new(),
            most => format!("budget {most:.4}{}", if exceeded { "  EXCEEDED" } else { "" }),
        };
        println!("{:<62} {:>8.4} {budget}", self.what, self.found);
        exceeded
    }
}

fn line(what: impl Into<String>, found: Duration, parse: Duration, most: f64) -> Line {
    Line {
        what: what.into(),
        found: found.as_secs_f64() / parse.as_secs_f64(),
        most,
    }
}

/// The best of many runs: the one that was disturbed least.
fn best<T>(runs: u32, mut work: impl FnMut() -> T) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..runs {
        // Short work is timed by the batch, because reading the clock takes as long.
        let start = Instant::now();
        let value = black_box(work());
        let first = start.elapsed();
        drop(value);
        best = best.min(first);
        if first < Duration::from_micros(20) {
            let start = Instant::now();
            for _ in 0..50 {
                black_box(work());
            }
            best = best.min(start.elapsed() / 50);
        }
    }
    best
}
