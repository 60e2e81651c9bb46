//! Progress on stderr: a bar for people, a line now and then for logs.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use orchid_engine::outcome::{Counters, Counts};

use crate::terminal::Terminal;

/// A bar is redrawn this often.
const REDRAW: Duration = Duration::from_millis(200);
/// Lines are written this often where nobody watches.
const LINES: Duration = Duration::from_secs(10);

/// Shows `counters` until the future is dropped.
pub(crate) async fn show(plan: &str, counters: Arc<Counters>, terminal: &Terminal, watched: Watched) {
    match watched {
        Watched::Bar => draw(plan, &counters).await,
        Watched::Lines => {
            let mut ticks = tokio::time::interval(LINES);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                terminal.say(&format!("{plan}: {}", describe(&counters.snapshot())));
            }
        }
    }
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watched {
    /// By a person at a terminal on which nothing else is written.
    Bar,
    /// By a log.
    Lines,
}

async fn draw(plan: &str, counters: &Counters) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let cleared = Cleared(bar.clone());
    bar.set_prefix(plan.to_owned());
    let mut ticks = tokio::time::interval(REDRAW);
    loop {
        ticks.tick().await;
        let counts = counters.snapshot();
        bar.set_style(style(counts.items > 0));
        bar.set_length(counts.items.max(1));
        bar.set_position(counts.items_done);
        bar.set_message(describe(&counts));
        cleared.0.tick();
    }
}

fn style(with_items: bool) -> ProgressStyle {
    let template = if with_items {
        "{spinner} {prefix} [{bar:20}] {pos}/{len} items  {msg}  {elapsed}"
    } else {
        "{spinner} {prefix}  {msg}  {elapsed}"
    };
    // The templates above are valid; a bar in the plain style is better than no run.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Takes the bar off the terminal when the run ends, however it ends.
struct Cleared(ProgressBar);

impl Drop for Cleared {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// The counters in words, leaving out what is zero and would only be noise.
pub(crate) fn describe(counts: &Counts) -> String {
    let mut parts = vec![
        plural(counts.requests, "request"),
        plural(counts.emitted, "response") + " emitted",
    ];
    let optional = [
        (
            counts.items,
            format!("{}/{} items done", counts.items_done, counts.items),
        ),
        (counts.skipped, format!("{} skipped", counts.skipped)),
        (counts.retries, plural(counts.retries, "retry")),
        (counts.in_flight, format!("{} in flight", counts.in_flight)),
        (counts.waiting, format!("{} waiting for a limit", counts.waiting)),
        (counts.errors, plural(counts.errors, "error")),
    ];
    parts.extend(
        optional
            .into_iter()
            .filter(|(number, _)| *number > 0)
            .map(|(_, text)| text),
    );
    parts.push(size(counts.bytes));
    parts.join(", ")
}

fn plural(number: u64, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {noun}s"),
    }
}

fn size(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_told_in_words() {
        let cases = [
            (Counts::default(), "0 requests, 0 responses emitted, 0 B"),
            (
                Counts {
                    requests: 1,
                    emitted: 1,
                    bytes: 2048,
                    retries: 1,
                    errors: 1,
                    ..Counts::default()
                },
                "1 request, 1 response emitted, 1 retry, 1 error, 2.00 KiB",
            ),
            (
                Counts {
                    requests: 7,
                    emitted: 5,
                    items: 9,
                    items_done: 4,
                    in_flight: 2,
                    waiting: 3,
                    retries: 2,
                    ..Counts::default()
                },
                "7 requests, 5 responses emitted, 4/9 items done, 2 retries, 2 in flight, 3 waiting for a limit, 0 B",
            ),
        ];
        for (counts, expected) in cases {
            assert_eq!(describe(&counts), expected);
        }
    }
}
