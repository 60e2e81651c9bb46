//! A step's loop at one place: request, judge, emit and hand on, then the next page.
//!
//! What follows a response (its event, its acknowledgement, its sub-steps) is the page's *tail*. Tails of all
//! pages but the last are tasks of their own, so the loop goes on meanwhile; their number is bounded. They hand
//! their events to the sink in page order.

use std::sync::Arc;

use orchid_jmespath::value::Value;
use orchid_plan::program::Advance;
use smol_str::SmolStr;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;

use crate::exchange::Exchange;
use crate::fanout::Handed;
use crate::fault::{Fault, Kind};
use crate::node::Node;
use crate::progress::{self, Page, Pages};
use crate::record::{self, Site};
use crate::run::{Run, position_text};
use crate::scope::{Place, Root, Turn, number};
use crate::seen::Seen;
use crate::step::{self, At, Sent};
use crate::stop::Reason;
use crate::trace::What;

mod advance;
mod tail;

use tail::Tail;

/// One loop at one place.
struct Loop {
    run: Arc<Run>,
    node: Arc<Node>,
    place: Place,
    turn: Turn,
    next_url: Option<Url>,
    /// The URL of the first request: where credentials may go.
    own_url: Option<Url>,
    seen: Seen,
    started: Instant,
    pages: Arc<Pages>,
    tails: JoinSet<()>,
    /// Resolves when the page before has handed its event to the sink.
    handed: Option<oneshot::Receiver<()>>,
}

/// How a loop goes on.
enum Next {
    /// With this turn.
    Again(Turn, Option<Url>),
    /// Not: the field that decided.
    End(&'static str),
    /// The step fails, but what came is emitted.
    Failed(Fault),
}

/// Runs a loop to its end. Failures are recorded; this returns when all its pages are done.
///
/// `open` is the item's place among the open items of its step.
pub(crate) async fn run_loop(
    run: Arc<Run>,
    node: Arc<Node>,
    place: Place,
    open: Option<OwnedSemaphorePermit>,
) {
    let turn = Turn {
        iteration: 0,
        vars: Value::NULL,
        prev: Value::NULL,
    };
    let mut this = Loop {
        run,
        node,
        place,
        turn,
        next_url: None,
        own_url: None,
        seen: Seen::default(),
        started: Instant::now(),
        pages: Arc::default(),
        tails: JoinSet::new(),
        handed: None,
    };
    match this.first_vars() {
        Ok(vars) => this.turn.vars = vars,
        Err(fault) => return this.fail(fault, None).await,
    }
    this.go(open).await;
    while let Some(ended) = this.tails.join_next().await {
        this.run.check_task(ended);
    }
}

impl Loop {
    async fn go(&mut self, mut item: Option<OwnedSemaphorePermit>) {
        loop {
            let Some(open) = self.open_page().await else {
                return self.place.above.cut_short();
            };
            let Some((exchange, root, emits)) = self.request().await else {
                return;
            };
            let again = match self.page(exchange, &root, emits) {
                Ok(again) => again,
                Err((fault, exchange)) => return self.fail(fault, Some(&exchange)).await,
            };
            let Paged {
                mut tail,
                next,
                exchange,
            } = again;
            tail.open.extend(open);
            let (turn, next_url) = match next {
                Next::Again(turn, next_url) => (turn, next_url),
                Next::End(because) => {
                    self.trace(|| What::LoopEnd {
                        because,
                        iterations: self.turn.iteration + 1,
                    });
                    tail.open.extend(item.take());
                    drop(exchange);
                    return tail.run().await;
                }
                Next::Failed(fault) => {
                    tail.open.extend(item.take());
                    // Its values may not be whole.
                    tail.page.fail();
                    let failed = self.fail(fault, Some(&exchange));
                    tokio::join!(failed, tail.run());
                    return;
                }
            };
            drop(exchange);
            while let Some(ended) = self.tails.try_join_next() {
                self.run.check_task(ended);
            }
            self.tails.spawn(tail.run());
            if let Some(wait) = self.node.step.loop_wait {
                self.trace(|| What::Waited {
                    reason: "loop_wait",
                    ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                });
                let slept = self
                    .place
                    .piece
                    .stop
                    .unless_draining(self.run.ports.clock.sleep(wait))
                    .await;
                if slept.is_none() {
                    return self.place.above.cut_short();
                }
            }
            self.turn = turn;
            self.next_url = next_url;
        }
    }

    /// A place among the open pages of this step, where pages stay open for their sub-steps.
    async fn open_page(&self) -> Option<Option<OwnedSemaphorePermit>> {
        let looping = !matches!(self.node.step.advance, Advance::Once);
        if !looping || self.node.children.is_empty() {
            return Some(None);
        }
        let open = self
            .place
            .piece
            .stop
            .unless_draining(self.node.pages.clone().acquire_owned())
            .await?;
        Some(open.ok())
    }

    /// One request; `None` where the loop ends without a page.
    async fn request(&mut self) -> Option<(Box<Exchange>, Root, Emits)> {
        let at = At {
            run: &self.run,
            node: &self.node,
            place: &self.place,
            turn: &self.turn,
            next_url: self.next_url.as_ref(),
        };
        match step::send(&at).await {
            Sent::Accepted(exchange, root) => Some((exchange, root, Emits::Response)),
            Sent::Skipped(exchange, root) => {
                self.run.counters().skipped.add(1);
                Some((exchange, root, Emits::Nothing))
            }
            Sent::Aborted(exchange) => {
                let message = exchange.as_fault().message;
                self.run.stop.stop(Reason::Aborted);
                self.fail(
                    Fault::new(Kind::Aborted, format!("abort_when held: {message}")),
                    Some(&exchange),
                )
                .await;
                None
            }
            Sent::Split => {
                self.place.above.cut_short();
                self.place.piece.split();
                None
            }
            Sent::Failed(fault, exchange) => {
                self.fail(fault, exchange.as_deref()).await;
                None
            }
            Sent::Stopped => {
                self.place.above.cut_short();
                None
            }
        }
    }

    /// What a response brings, and how the loop goes on. Synchronous: a page's values are complete before its
    /// tail can end.
    fn page(
        &mut self,
        exchange: Box<Exchange>,
        root: &Root,
        emits: Emits,
    ) -> Result<Paged, (Fault, Box<Exchange>)> {
        let step = self.node.step.clone();
        if self.own_url.is_none() {
            self.own_url = Some(exchange.request.outgoing.url.clone());
            self.run.know_home(&self.node, &exchange.request.outgoing.url);
        }
        if step.checks_progress
            && !self
                .seen
                .is_progress(exchange.request.fingerprint, &exchange.body)
        {
            let message = "the loop repeats itself: request and response are the same as before";
            return Err((Fault::new(Kind::NoProgress, message), exchange));
        }
        let position = self.position();
        let shown = position_text(&position);
        let site = Site {
            run: &self.run,
            step: &step,
            place: &self.place,
            iteration: self.turn.iteration,
            position: &shown,
        };
        let (id, event) = match (emits, record::response(&site, &exchange, root)) {
            (Emits::Nothing, _) => (None, None),
            (Emits::Response, Ok((id, event))) => (Some(id), event),
            (Emits::Response, Err(fault)) => return Err((fault, exchange)),
        };
        self.run.counters().pages.add(1);
        let page = Arc::new(Page::new(self.place.above.clone()));
        let root_page = self
            .is_root()
            .then(|| page.clone())
            .or_else(|| self.place.root_page.clone());
        let next = self.after(&exchange, root, emits, &page, root_page.as_ref(), &position);
        let last = !matches!(next, Next::Again(..));
        let waits = step.loop_wait.is_some() && !last;
        let below = (emits == Emits::Response && !self.node.children.is_empty() && !waits).then(|| Handed {
            parent: self.as_parent(&exchange),
            position,
            parent_id: id.map(|id| Arc::from(id.to_string())),
            above: progress::Above {
                item: self.place.above.item.clone(),
                page: Some(page.clone()),
            },
            root_page,
            piece: self.place.piece.clone(),
        });
        let (handed, next_handed) = oneshot::channel();
        let tail = Tail {
            run: self.run.clone(),
            node: self.node.clone(),
            event,
            after: self.handed.replace(next_handed),
            handed,
            below,
            charge: exchange.charge.clone(),
            open: Vec::new(),
            pages: self.pages.clone(),
            page,
            index: self.turn.iteration,
            place: self.place.clone(),
        };
        Ok(Paged { tail, next, exchange })
    }

    /// The `parent` root of sub-steps: the response with where it belongs.
    fn as_parent(&self, exchange: &Exchange) -> Value {
        let mut entries: Vec<(SmolStr, Value)> = exchange
            .value
            .entries()
            .map(|(name, value)| (SmolStr::from(name), value))
            .collect();
        let mut put = |name: &'static str, value: Value| entries.push((SmolStr::new_static(name), value));
        let (item, index) = match &self.place.item {
            Some((item, index)) => (item.clone(), Value::from(*index)),
            None => (Value::NULL, Value::NULL),
        };
        put("item", item);
        put("index", index);
        put("iteration", number(self.turn.iteration));
        put("saved_item", self.place.saved_item.clone());
        put("parent", self.place.parent.clone());
        Value::object(entries)
    }

    /// Whether this is the plan's own loop, and the only one of its window piece.
    fn is_root(&self) -> bool {
        self.node.step.level == 0 && self.node.step.iterate_over.is_none()
    }

    fn position(&self) -> Vec<u64> {
        let mut position = self.place.position.clone();
        position.push(self.turn.iteration);
        position
    }

    fn trace(&self, what: impl FnOnce() -> What) {
        self.run.trace(&self.node.step.path, || self.position(), what);
    }

    async fn fail(&self, fault: Fault, exchange: Option<&Exchange>) {
        self.run
            .fail(&self.node, &self.place, self.turn.iteration, fault, exchange)
            .await;
    }
}

/// Whether a response is emitted (and has sub-steps, and saves).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Emits {
    Response,
    Nothing,
}

struct Paged {
    tail: Tail,
    next: Next,
    exchange: Box<Exchange>,
}
