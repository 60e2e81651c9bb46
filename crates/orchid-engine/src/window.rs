//! The time window that a run walks through: pieces in order, halved where the API says they hold too much.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use orchid_jmespath::expression::Expression;
use orchid_jmespath::value::Value;
use orchid_plan::program::Window;

use crate::fanout::{self, Handed};
use crate::fault::{Fault, Kind};
use crate::node::Node;
use crate::run::Run;
use crate::save::Fields;
use crate::scope::{Root, expression_fault, time_text};
use crate::state::Change;
use crate::stop::Stop;
use crate::times;
use crate::trace::What;

/// One piece of the window, or the whole run where there is none.
#[derive(Debug)]
pub(crate) struct Piece {
    /// The `window` root; null without one.
    pub window: Value,
    /// `from/to`, part of event ids; empty without one.
    pub name: String,
    /// Stops with the run, or alone when the piece is halved.
    pub stop: Stop,
    /// Values that become durable when the run ends well.
    pub run_fields: Mutex<Fields>,
    /// Values that commit with the piece: those of `commit: page` where the plan itself runs over a list.
    pub page_fields: Mutex<Fields>,
    split: AtomicBool,
    failed: AtomicBool,
}

/// `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from: Timestamp,
    to: Timestamp,
}

impl Piece {
    /// Without a window; for a flow's request too.
    pub(crate) fn whole(stop: &Stop) -> Self {
        Self::new(Value::NULL, String::new(), stop)
    }

    fn new(window: Value, name: String, stop: &Stop) -> Self {
        Self {
            window,
            name,
            stop: stop.child(),
            run_fields: Mutex::default(),
            page_fields: Mutex::default(),
            split: AtomicBool::new(false),
            failed: AtomicBool::new(false),
        }
    }

    /// `split_when`, where responses are judged by it.
    pub(crate) fn split_when<'a>(&self, run: &'a Run) -> Option<&'a Expression> {
        if self.name.is_empty() {
            return None;
        }
        run.plan().window.as_ref()?.split_when.as_ref()
    }

    /// It holds too much: cut it.
    pub(crate) fn split(&self) {
        self.split.store(true, Ordering::Relaxed);
        self.stop.cut_all();
    }

    /// Something outside any item failed in it.
    pub(crate) fn fail(&self) {
        self.failed.store(true, Ordering::Relaxed);
    }
}

/// Runs the plan, piece by piece.
pub(crate) async fn run_all(run: &Arc<Run>, node: &Arc<Node>) {
    let Some(window) = &run.plan().window else {
        let piece = Arc::new(Piece::whole(&run.stop.tokens));
        run_piece(run, node, &piece).await;
        finish(run, &piece, None).await;
        return;
    };
    let span = match bounds(run, window) {
        Ok(span) => span,
        Err(fault) => return run.fail_whole(&fault),
    };
    let Some(span) = span else { return };
    let mut from = span.from;
    let mut length = window.step;
    while from < span.to && !run.stop.tokens.is_draining() {
        let to = length
            .and_then(|length| plus(from, length))
            .unwrap_or(span.to)
            .min(span.to);
        match run_span(run, node, window, Span { from, to }).await {
            Ran::Done => {
                from = to;
                length = window.step;
            }
            Ran::Halve(half) => length = Some(half),
            Ran::Stopped => return,
        }
    }
}

enum Ran {
    Done,
    /// Start again with pieces of this length.
    Halve(Duration),
    Stopped,
}

async fn run_span(run: &Arc<Run>, node: &Arc<Node>, window: &Window, span: Span) -> Ran {
    let piece = Arc::new(Piece::new(as_value(span, window), name(span), &run.stop.tokens));
    run.trace(&node.step.path, Vec::new, || What::Window {
        from: time_text(span.from),
        to: time_text(span.to),
    });
    run_piece(run, node, &piece).await;
    if run.stop.tokens.is_draining() {
        return Ran::Stopped;
    }
    if piece.split.load(Ordering::Relaxed) {
        let Some(half) = half(span, window.granularity) else {
            let message = format!(
                "window {}: holds too much and cannot be halved: it is one granule",
                piece.name
            );
            run.fail_whole(&Fault::new(Kind::Status, message));
            return Ran::Stopped;
        };
        return Ran::Halve(half);
    }
    if piece.failed.load(Ordering::Relaxed) {
        // What failed would be lost if later pieces were committed.
        return Ran::Stopped;
    }
    finish(run, &piece, Some(span.to)).await;
    Ran::Done
}

async fn run_piece(run: &Arc<Run>, node: &Arc<Node>, piece: &Arc<Piece>) {
    fanout::run_step(run.clone(), node.clone(), Handed::root(piece.clone())).await;
}

/// The piece is acknowledged.
async fn finish(run: &Arc<Run>, piece: &Piece, window_end: Option<Timestamp>) {
    let take =
        |fields: &Mutex<Fields>| std::mem::take(&mut *fields.lock().unwrap_or_else(PoisonError::into_inner));
    if let Err(fault) = run.keep_for_end(take(&piece.run_fields)) {
        run.fail_whole(&fault);
    }
    // What a bound for a first try cut short is not done.
    let window_end = window_end.filter(|_| !run.is_limited());
    let mut change = Change {
        window_end,
        ..Change::default()
    };
    // A run that stops early, or failed outside its items, has not done all of them.
    if !run.stop.tokens.is_draining() && !run.is_limited() && !piece.failed.load(Ordering::Relaxed) {
        take(&piece.page_fields).into_change(&mut change);
    }
    run.commit(change).await;
}

fn bounds(run: &Run, window: &Window) -> Result<Option<Span>, Fault> {
    let root = run.root();
    let from = time("window.from", &window.from, &root)?;
    let to = match &window.to {
        Some(to) => time("window.to", to, &root)?,
        None => floor(
            minus(run.started_at, window.lag).unwrap_or(run.started_at),
            window.granularity,
        ),
    };
    let from = match run
        .spec
        .state
        .window_end
        .and_then(|end| minus(end, window.lookback))
    {
        Some(committed) => from.max(committed),
        None => from,
    };
    Ok((from < to).then_some(Span { from, to }))
}

fn time(field: &str, expression: &Expression, root: &Root) -> Result<Timestamp, Fault> {
    let value = root
        .value(expression)
        .map_err(|error| expression_fault(field, expression, &error))?;
    times::from_value(&value).ok_or_else(|| {
        let shown = if value.is_secret() {
            "a secret".to_owned()
        } else {
            value.to_json()
        };
        let message = format!(
            "{field}: `{}` gives {shown}, which is no time",
            expression.source()
        );
        Fault::new(Kind::Definition, message)
    })
}

fn plus(time: Timestamp, duration: Duration) -> Option<Timestamp> {
    time.checked_add(SignedDuration::try_from(duration).ok()?).ok()
}

fn minus(time: Timestamp, duration: Duration) -> Option<Timestamp> {
    time.checked_sub(SignedDuration::try_from(duration).ok()?).ok()
}

/// The last granule's start at or before `time`, counted from 1970.
fn floor(time: Timestamp, granularity: Duration) -> Timestamp {
    let granule = i128::try_from(granularity.as_nanos()).unwrap_or(0);
    if granule == 0 {
        return time;
    }
    let nanos = time.as_nanosecond();
    Timestamp::from_nanosecond(nanos - nanos.rem_euclid(granule)).unwrap_or(time)
}

/// Half of a span, along granules; `None` if it is one.
fn half(span: Span, granularity: Duration) -> Option<Duration> {
    let nanos = u128::try_from(span.to.as_nanosecond() - span.from.as_nanosecond()).ok()?;
    let granule = granularity.as_nanos().max(1);
    let half = nanos / 2 / granule * granule;
    let half = if half == 0 && nanos > granule {
        granule
    } else {
        half
    };
    (half > 0).then(|| Duration::from_nanos(u64::try_from(half).unwrap_or(u64::MAX)))
}

fn as_value(span: Span, window: &Window) -> Value {
    let last = minus(span.to, window.granularity).unwrap_or(span.to);
    Value::object([
        ("from", Value::from(time_text(span.from))),
        ("to", Value::from(time_text(span.to))),
        ("last", Value::from(time_text(last))),
    ])
}

fn name(span: Span) -> String {
    format!("{}/{}", time_text(span.from), time_text(span.to))
}
