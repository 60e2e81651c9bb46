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

use crate::budget::Charge;
use crate::event::Event;
use crate::exchange::Exchange;
use crate::fanout::{self, Handed};
use crate::fault::{Fault, Kind};
use crate::node::Node;
use crate::origin;
use crate::progress::{self, Page, Pages};
use crate::record::{self, Site};
use crate::run::{Run, position_text};
use crate::save;
use crate::scope::{Place, Root, Scope, Turn, expression_fault, number};
use crate::seen::Seen;
use crate::state::Change;
use crate::step::{self, At, Sent};
use crate::stop::Reason;
use crate::trace::What;

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

/// What follows a response.
struct Tail {
    run: Arc<Run>,
    node: Arc<Node>,
    event: Option<Event>,
    after: Option<oneshot::Receiver<()>>,
    handed: oneshot::Sender<()>,
    /// What sub-steps get; `None` runs none.
    below: Option<Handed>,
    charge: Charge,
    /// Places in bounds: of open pages, of open items.
    open: Vec<OwnedSemaphorePermit>,
    pages: Arc<Pages>,
    page: Arc<Page>,
    index: u64,
    /// The root's page, or the item, that answers if the event cannot be kept.
    place: Place,
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

    fn after(
        &self,
        exchange: &Exchange,
        root: &Root,
        emits: Emits,
        page: &Arc<Page>,
        root_page: Option<&Arc<Page>>,
        position: &[u64],
    ) -> Next {
        let vars = match self.next_vars(root) {
            Ok(vars) => vars,
            Err(fault) => return Next::Failed(fault),
        };
        // `while`, `break_when` and `save` see the new variables.
        let replaced = (!self.node.step.vars.is_empty()).then(|| root.with("vars", vars.clone()));
        let root = replaced.as_ref().unwrap_or(root);
        if emits == Emits::Response && !self.node.step.save.is_empty() {
            let mut place = self.place.clone();
            place.root_page = root_page.cloned();
            if let Err(fault) = save::save(&self.run, &self.node.step, &place, page, root, position) {
                return Next::Failed(fault);
            }
        }
        match self.advance(exchange, root) {
            Ok(Ok(next_url)) => self.turn_after(exchange, vars, next_url),
            Ok(Err(because)) => Next::End(because),
            Err(fault) => Next::Failed(fault),
        }
    }

    /// The next page's URL (`None`: the step's own), or the field that ends the loop.
    fn advance(&self, exchange: &Exchange, root: &Root) -> Result<Result<Option<Url>, &'static str>, Fault> {
        let step = &self.node.step;
        if let Some(e) = &step.break_when
            && self.holds("break_when", e, exchange, root)?
        {
            return Ok(Err("break_when"));
        }
        match &step.advance {
            Advance::Once => Ok(Err("once")),
            Advance::While(e) => {
                if self.holds("while", e, exchange, root)? {
                    return Ok(Ok(None));
                }
                Ok(Err("while"))
            }
            Advance::NextUrl(e) => {
                let value = root
                    .value(e)
                    .map_err(|error| expression_fault("next_url", e, &error))?;
                if !value.is_truthy() {
                    return Ok(Err("next_url"));
                }
                let Some(link) = value.as_str() else {
                    let message = format!(
                        "next_url: `{}` gives {}, not text",
                        e.source(),
                        value.kind().name()
                    );
                    return Err(Fault::new(Kind::Expression, message));
                };
                self.follow(exchange, link).map(|url| Ok(Some(url)))
            }
        }
    }

    /// A condition of the loop; on an error page (that was accepted or skipped) a type error counts as not met.
    fn holds(
        &self,
        field: &'static str,
        condition: &orchid_jmespath::expression::Expression,
        exchange: &Exchange,
        root: &Root,
    ) -> Result<bool, Fault> {
        match root.holds(condition) {
            Ok(held) => Ok(held),
            Err(error) if exchange.status().is_none_or(|status| status >= 400) => {
                self.run.counters().unmet_conditions.add(1);
                self.trace(|| What::Unmet {
                    condition: field.to_owned(),
                    expression: condition.source().to_owned(),
                    message: self.run.redact(&error.to_string()),
                });
                Ok(false)
            }
            Err(error) => Err(expression_fault(field, condition, &error)),
        }
    }

    fn follow(&self, exchange: &Exchange, link: &str) -> Result<Url, Fault> {
        let base = exchange
            .reply
            .as_ref()
            .map_or(&exchange.request.outgoing.url, |head| &head.url);
        let mut url = base
            .join(link.trim())
            .map_err(|error| Fault::new(Kind::Definition, format!("next_url: not a URL: {error}")))?;
        url.set_fragment(None);
        crate::render::check_scheme("next_url", &url)?;
        let url = origin::upgraded(base, url);
        let own = self.own_url.as_ref().unwrap_or(&exchange.request.outgoing.url);
        if step::may_follow(&self.run, own, &url) {
            return Ok(url);
        }
        let message = format!(
            "next_url: leads to {}, but the step's own origin is {}; name the host in `http.allowed_hosts` to follow it",
            origin::shown(&url),
            origin::shown(own)
        );
        Err(Fault::new(Kind::Redirect, message))
    }

    fn turn_after(&self, exchange: &Exchange, vars: Value, next_url: Option<Url>) -> Next {
        let step = &self.node.step;
        let iteration = self.turn.iteration + 1;
        if self
            .run
            .spec
            .first_try
            .max_iterations
            .is_some_and(|max| iteration >= max)
        {
            self.run.reached_limit();
            self.place.above.cut_short();
            return Next::End("--max-iterations");
        }
        if iteration >= step.max_iterations {
            let message =
                format!("the loop would go on after {iteration} iterations; max_iterations is reached");
            return Next::Failed(Fault::new(Kind::LoopLimit, message));
        }
        let elapsed = self
            .started
            .elapsed()
            .saturating_add(step.loop_wait.unwrap_or_default());
        if step.loop_timeout.is_some_and(|timeout| elapsed > timeout) {
            let message = format!(
                "the loop would go on after {}s; loop_timeout is reached",
                elapsed.as_secs()
            );
            return Next::Failed(Fault::new(Kind::LoopLimit, message));
        }
        if self.place.piece.stop.is_draining() {
            self.place.above.cut_short();
            return Next::End("the run stops");
        }
        Next::Again(
            Turn {
                iteration,
                vars,
                prev: exchange.value.clone(),
            },
            next_url,
        )
    }

    fn first_vars(&self) -> Result<Value, Fault> {
        if self.node.step.vars.is_empty() {
            return Ok(Value::NULL);
        }
        let scope = Scope {
            run: &self.run,
            node: &self.node,
            place: &self.place,
            turn: &self.turn,
            attempt: 1,
            now: self.run.ports.clock.now(),
            last_error: &Value::NULL,
            auth: Value::NULL,
        };
        let root = scope.building();
        let mut entries: Vec<(SmolStr, Value)> = Vec::new();
        for var in &self.node.step.vars {
            let field = format!("vars.{}.init", var.name);
            let value = root
                .value(&var.init)
                .map_err(|error| expression_fault(&field, &var.init, &error))?;
            entries.push((var.name.clone(), value));
        }
        Ok(Value::object(entries))
    }

    /// All together, from the old values.
    fn next_vars(&self, root: &Root) -> Result<Value, Fault> {
        let step = &self.node.step;
        if step.vars.is_empty() {
            return Ok(Value::NULL);
        }
        let mut entries: Vec<(SmolStr, Value)> = Vec::with_capacity(step.vars.len());
        for var in &step.vars {
            let value = match &var.next {
                Some(next) => {
                    let field = format!("vars.{}.next", var.name);
                    root.value(next)
                        .map_err(|error| expression_fault(&field, next, &error))?
                }
                None => self.turn.vars.get(&var.name).unwrap_or(Value::NULL),
            };
            entries.push((var.name.clone(), value));
        }
        Ok(Value::object(entries))
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

impl Tail {
    async fn run(self) {
        let Self {
            run,
            node,
            event,
            after,
            handed,
            below,
            charge,
            open,
            pages,
            page,
            index,
            place,
        } = self;
        let emit = async {
            let Some(event) = event else { return Ok(None) };
            if let Some(after) = after {
                // An error is a tail that was dropped: its event will not come.
                let _ = after.await;
            }
            let receipt = run.hand_over(event).await;
            drop(handed);
            receipt.map(Some)
        };
        let sub_steps = async {
            if let Some(above) = &below {
                fanout::run_steps(&run, &node.children, above).await;
            }
        };
        let (receipt, ()) = tokio::join!(emit, sub_steps);
        drop((below, open));
        let kept = match receipt {
            Ok(None) => Ok(()),
            Ok(Some(receipt)) => run.acknowledged(receipt).await,
            Err(fault) => Err(fault),
        };
        drop(charge);
        match kept {
            Ok(()) => {}
            Err(fault) => {
                page.fail();
                return run.cannot_keep(&node, &place, index, fault).await;
            }
        }
        if !node.commits_pages {
            return;
        }
        match pages.done(index, page) {
            Ok((fields, rows)) => {
                let mut change = Change::default();
                fields.into_change(&mut change);
                rows.into_change(&mut change);
                run.commit(change).await;
            }
            Err(fault) => run.fail(&node, &place, index, fault, None).await,
        }
    }
}
