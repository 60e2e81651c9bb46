//! One request of a step: attempt after attempt until there is a verdict that is final.
//!
//! A request holds its concurrency and its rate only while it is in flight: neither in backoff, nor while it
//! waits for permits, nor while what it brought is emitted.

use std::sync::Arc;
use std::time::Duration;

use orchid_jmespath::expression::Expression;
use orchid_jmespath::problem::EvalError;
use orchid_jmespath::value::Value;
use tokio::time::Instant;
use url::Url;

use crate::auth::{Credentials, Renewal};
use crate::backoff;
use crate::budget::{Charge, Reading};
use crate::exchange::Exchange;
use crate::fault::{Fault, Kind};
use crate::flow;
use crate::headers;
use crate::judge::{self, ConditionFailed, Conditions, Facts, Judged, Refresh, Retries, Verdict};
use crate::limits::Claims;
use crate::node::Node;
use crate::origin;
use crate::ports::{self, Permit};
use crate::render::{self, Ingredients, Rendered};
use crate::run::Run;
use crate::scope::{Place, Root, Scope, Turn, failed};
use crate::stop::Reason;
use crate::trace::What;

/// What became of a request in the end.
pub(crate) enum Sent {
    /// To be emitted.
    Accepted(Box<Exchange>, Root),
    /// Neither emitted nor an error.
    Skipped(Box<Exchange>, Root),
    /// The run is to end.
    Aborted(Box<Exchange>),
    /// The window is to be halved.
    Split,
    /// The step fails.
    Failed(Fault, Option<Box<Exchange>>),
    /// The run stops: there is no verdict.
    Stopped,
}

/// Where a request belongs.
pub(crate) struct At<'a> {
    pub run: &'a Arc<Run>,
    pub node: &'a Arc<Node>,
    pub place: &'a Place,
    pub turn: &'a Turn,
    /// In place of the step's URL and params.
    pub next_url: Option<&'a Url>,
}

/// What the attempts of one request have used up.
struct Tries {
    attempt: u64,
    retries: Retries,
    last_error: Value,
    throttled: Throttled,
    renewed: bool,
    queue: ports::Turn,
}

#[derive(Default)]
struct Throttled {
    in_a_row: u32,
    waited: Duration,
}

/// One attempt that brought something, or why there is none.
enum Attempt {
    Came(Box<Came>),
    Failed(Fault, Option<Box<Exchange>>),
    Stopped,
}

struct Came {
    exchange: Box<Exchange>,
    claims: Claims,
    credentials: Credentials,
}

/// Sends one request until there is a final verdict.
pub(crate) async fn send(at: &At<'_>) -> Sent {
    let mut tries = Tries {
        attempt: 0,
        retries: Retries::default(),
        last_error: Value::NULL,
        throttled: Throttled::default(),
        renewed: false,
        queue: ports::Turn::Back,
    };
    loop {
        tries.attempt += 1;
        let came = match attempt(at, &tries).await {
            Attempt::Came(came) => came,
            Attempt::Failed(fault, exchange) => return Sent::Failed(fault, exchange),
            Attempt::Stopped => return Sent::Stopped,
        };
        let Came {
            exchange,
            claims,
            credentials,
        } = *came;
        let root = at
            .scope(&tries, credentials.auth.clone())
            .judging(&exchange.value);
        match conclude(at, &mut tries, exchange, &claims, &credentials, root).await {
            Ok(()) => {}
            Err(end) => return end,
        }
    }
}

/// The verdict on what came, and what follows from it: `Ok` to send again.
async fn conclude(
    at: &At<'_>,
    tries: &mut Tries,
    mut exchange: Box<Exchange>,
    claims: &Claims,
    credentials: &Credentials,
    mut root: Root,
) -> Again {
    let mut refresh = flow::renewable(at, credentials);
    loop {
        let judged = match verdict(at, tries, &exchange, refresh, &root) {
            Ok(judged) => judged,
            Err(ConditionFailed { field, source, error }) => {
                return Err(Sent::Failed(failed(&field, &source, &error), Some(exchange)));
            }
        };
        at.trace_verdict(&judged);
        return match judged.verdict {
            Verdict::Accept => Err(Sent::Accepted(exchange, root)),
            Verdict::Skip => Err(Sent::Skipped(exchange, root)),
            Verdict::Abort => Err(Sent::Aborted(exchange)),
            Verdict::Split => Err(Sent::Split),
            Verdict::Fail => Err(Sent::Failed(exchange.as_fault(), Some(exchange))),
            Verdict::Throttled => throttle(at, tries, exchange, claims, &root),
            Verdict::Retry(rule) => retry(at, tries, exchange, rule).await,
            Verdict::Refresh if tries.renewed => {
                // The newer token is refused as well: the response is judged as it is.
                at.run.auth.refused_again(credentials);
                refresh = Refresh::Impossible;
                continue;
            }
            Verdict::Refresh => match renew(at, tries, exchange, credentials, root).await? {
                None => Ok(()),
                Some(as_it_is) => {
                    (exchange, root) = as_it_is;
                    refresh = Refresh::Impossible;
                    continue;
                }
            },
        };
    }
}

impl At<'_> {
    fn scope<'a>(&'a self, tries: &'a Tries, auth: Value) -> Scope<'a> {
        Scope {
            run: self.run,
            node: self.node,
            place: self.place,
            turn: self.turn,
            attempt: tries.attempt,
            now: self.run.ports.clock.now(),
            last_error: &tries.last_error,
            auth,
        }
    }

    fn position(&self) -> Vec<u64> {
        let mut position = self.place.position.clone();
        position.push(self.turn.iteration);
        position
    }

    fn trace(&self, what: impl FnOnce() -> What) {
        // Flows are not traced: their requests and responses are credentials.
        if self.node.flow.is_none() {
            self.run.trace(&self.node.step.path, || self.position(), what);
        }
    }

    fn trace_verdict(&self, judged: &Judged) {
        self.trace(|| {
            let verdict = match judged.verdict {
                Verdict::Refresh => "refresh",
                Verdict::Abort => "abort",
                Verdict::Skip => "skip",
                Verdict::Split => "split",
                Verdict::Throttled => "throttled",
                Verdict::Retry(_) => "retry",
                Verdict::Accept => "accept",
                Verdict::Fail => "fail",
            };
            What::Verdict {
                verdict,
                because: judged.because.to_string(),
            }
        });
    }

    /// Waits, unless the run drains; says so in the trace.
    async fn wait(&self, reason: &'static str, wait: Duration) -> Result<(), Sent> {
        self.trace(|| What::Waited {
            reason,
            ms: milliseconds(wait),
        });
        let slept = self
            .place
            .piece
            .stop
            .unless_draining(self.run.ports.clock.sleep(wait))
            .await;
        slept.ok_or(Sent::Stopped)
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

// --- one attempt ---

async fn attempt(at: &At<'_>, tries: &Tries) -> Attempt {
    let mut queue = tries.queue;
    let mut charge = None;
    loop {
        if at.place.piece.stop.is_draining() {
            return Attempt::Stopped;
        }
        let prepared = match prepare(at, tries).await {
            Ok(Some(prepared)) => prepared,
            Ok(None) => return Attempt::Stopped,
            Err(fault) => return Attempt::Failed(fault, None),
        };
        let Prepared {
            mut request,
            mut claims,
            credentials,
        } = prepared;
        if charge.is_none() {
            charge = hold_bytes(at).await;
        }
        let Some(held) = charge.clone() else {
            return Attempt::Stopped;
        };
        claims.acquire.turn = queue;
        let mut permit = match permit(at, &claims).await {
            Ok(Some(permit)) => permit,
            Ok(None) => return Attempt::Stopped,
            Err(fault) => return Attempt::Failed(fault, None),
        };
        if !at.run.auth.is_fresh(&credentials) || !permit.send() {
            permit.give_back();
            queue = ports::Turn::Front;
            continue;
        }
        if !at.run.take_request(at.node) {
            permit.give_back();
            at.run.stop.stop(Reason::Limit);
            return Attempt::Stopped;
        }
        request.outgoing.charge = held;
        return match fetch(at, tries, request, permit).await {
            Some(exchange) => Attempt::Came(Box::new(Came {
                exchange: Box::new(exchange),
                claims,
                credentials,
            })),
            None => Attempt::Stopped,
        };
    }
}

struct Prepared {
    request: Rendered,
    claims: Claims,
    credentials: Credentials,
}

async fn prepare(at: &At<'_>, tries: &Tries) -> Result<Option<Prepared>, Fault> {
    let without = at.scope(tries, at.place.auth.clone()).building();
    let Some(credentials) = at
        .place
        .piece
        .stop
        .unless_draining(flow::current(at, &without))
        .await
    else {
        return Ok(None);
    };
    let credentials = credentials?;
    let root = at.scope(tries, credentials.auth.clone()).building();
    let run = at.run;
    let trusts = |url: &Url| run.trusts(at.node, url);
    let request = render::render(
        &at.node.step,
        &Ingredients {
            root: &root,
            next_url: at.next_url,
            credentials: &credentials,
            allowed_hosts: &run.allowed_hosts,
            redirects: run.spec.program.http.redirects,
            trusts: &trusts,
        },
    )?;
    let claims = run.limits.claims(run, at.node, &request.outgoing, &root)?;
    Ok(Some(Prepared {
        request,
        claims,
        credentials,
    }))
}

async fn hold_bytes(at: &At<'_>) -> Option<Charge> {
    if at.node.flow.is_some() {
        return Some(Charge::unbounded());
    }
    let reading = if at.node.needs.body {
        Reading::Parsed
    } else {
        Reading::Checked
    };
    at.place
        .piece
        .stop
        .unless_draining(at.run.ports.budget.open(at.node.step.level, reading))
        .await
}

async fn permit(at: &At<'_>, claims: &Claims) -> Result<Option<Box<dyn Permit>>, Fault> {
    let _waiting = at.run.counters().waiting.during();
    let from = Instant::now();
    let acquired = at
        .place
        .piece
        .stop
        .unless_draining(at.run.ports.permits.acquire(&claims.acquire))
        .await;
    let waited = from.elapsed();
    if waited >= Duration::from_millis(1) {
        at.trace(|| What::Waited {
            reason: "permit",
            ms: milliseconds(waited),
        });
    }
    acquired.transpose()
}

async fn fetch(at: &At<'_>, tries: &Tries, request: Rendered, permit: Box<dyn Permit>) -> Option<Exchange> {
    let run = at.run;
    at.trace(|| run.show_request(tries.attempt, &request));
    let flight = run.counters().in_flight.during();
    let came = at
        .place
        .piece
        .stop
        .unless_cut(run.ports.fetch.fetch(&request.outgoing))
        .await;
    drop((flight, permit));
    let exchange = Exchange::new(at.node, request, tries.attempt, run.ports.clock.now(), came?);
    run.counters().bytes.add(exchange.body.len() as u64);
    at.trace(|| What::Response {
        attempt: tries.attempt,
        status_code: exchange.status(),
        size: exchange.body.len(),
        duration_ms: exchange
            .reply
            .as_ref()
            .map_or(0, |head| milliseconds(head.duration)),
        error: exchange
            .fault
            .as_ref()
            .map(|fault| run.redact(&fault.to_string())),
    });
    Some(exchange)
}

// --- the verdict ---

fn verdict(
    at: &At<'_>,
    tries: &Tries,
    exchange: &Exchange,
    refresh: Refresh,
    root: &Root,
) -> Result<Judged, ConditionFailed> {
    let facts = Facts {
        status: exchange.status(),
        fault: exchange.fault.as_ref().map(|fault| fault.kind),
        announces_wait: exchange
            .reply
            .as_ref()
            .is_some_and(|head| headers::announces_wait(&head.headers)),
        refresh,
        split_when: at.place.piece.split_when(at.run),
    };
    judge::judge(
        &at.node.step.judge,
        &facts,
        &tries.retries,
        &mut Asking { at, root },
    )
}

struct Asking<'a> {
    at: &'a At<'a>,
    root: &'a Root,
}

impl Conditions for Asking<'_> {
    fn holds(&mut self, condition: &Expression) -> Result<bool, EvalError> {
        self.root.holds(condition)
    }

    fn unmet(&mut self, field: &str, condition: &Expression, error: &EvalError) {
        let run = self.at.run;
        run.counters().unmet_conditions.add(1);
        self.at.trace(|| What::Unmet {
            condition: field.to_owned(),
            expression: condition.source().to_owned(),
            message: run.redact(&error.to_string()),
        });
    }
}

// --- again ---

/// Every function here returns `Ok` when the request is to be sent again.
type Again = Result<(), Sent>;

/// Renews the token; where there will be no newer one for now, the response is judged as it is.
async fn renew(
    at: &At<'_>,
    tries: &mut Tries,
    exchange: Box<Exchange>,
    refused: &Credentials,
    root: Root,
) -> Result<Option<(Box<Exchange>, Root)>, Sent> {
    tries.last_error = exchange.as_last_error(&exchange.as_fault());
    let building = at.scope(tries, refused.auth.clone()).building();
    match at
        .place
        .piece
        .stop
        .unless_draining(flow::renew(at, &building, refused))
        .await
    {
        None => Err(Sent::Stopped),
        Some(Ok(Renewal::Newer)) => {
            tries.renewed = true;
            Ok(None)
        }
        Some(Ok(Renewal::Held)) => Ok(Some((exchange, root))),
        Some(Err(fault)) => Err(Sent::Failed(fault, Some(exchange))),
    }
}

fn throttle(at: &At<'_>, tries: &mut Tries, exchange: Box<Exchange>, claims: &Claims, root: &Root) -> Again {
    let run = at.run;
    let policy = &at.node.step.judge;
    let announced = match announced_wait(run, &exchange, claims, root) {
        Ok(announced) => announced,
        Err(fault) => return Err(Sent::Failed(fault, Some(exchange))),
    };
    tries.throttled.in_a_row += 1;
    let in_a_row = tries.throttled.in_a_row;
    let wait = match announced {
        Some(wait) if in_a_row == 1 => wait,
        // The API was wrong before: what it says now, and a backoff on top.
        Some(wait) => wait.saturating_add(backoff::pause(&policy.backoff, in_a_row - 1, fastrand::f64())),
        None if tries.retries.used(None) >= policy.max_retries => {
            run.ports.permits.block(
                &claims.block,
                backoff::pause(&policy.backoff, in_a_row, fastrand::f64()),
            );
            let message = format!(
                "throttled {in_a_row} times without being told how long to wait; retries are used up"
            );
            return Err(Sent::Failed(Fault::new(Kind::Throttled, message), Some(exchange)));
        }
        None => {
            let n = tries.retries.count(None);
            backoff::pause(&policy.backoff, n.max(in_a_row), fastrand::f64())
        }
    };
    run.ports.permits.block(&claims.block, wait);
    let total = tries.throttled.waited.saturating_add(wait);
    let bound = policy.throttle_timeout.min(run.remaining());
    if total > bound {
        let message = format!(
            "the API asks to wait {}s; with what was waited before that is beyond {}s (throttle_timeout, run_timeout)",
            wait.as_secs(),
            bound.as_secs()
        );
        return Err(Sent::Failed(Fault::new(Kind::Throttled, message), Some(exchange)));
    }
    tries.throttled.waited = total;
    tries.last_error = exchange.as_last_error(&exchange.as_fault());
    tries.queue = ports::Turn::Front;
    run.counters().retries.add(1);
    drop(exchange);
    // The block is on the limits: the request waits there, with everybody else.
    at.trace(|| What::Waited {
        reason: "throttled",
        ms: milliseconds(wait),
    });
    Ok(())
}

fn announced_wait(
    run: &Run,
    exchange: &Exchange,
    claims: &Claims,
    root: &Root,
) -> Result<Option<Duration>, Fault> {
    let Some(head) = &exchange.reply else {
        return Ok(None);
    };
    if let Some(value) = claims.announced(run, root)? {
        return Ok(headers::wait_of(&value, &head.headers, exchange.at));
    }
    Ok(headers::retry_after(&head.headers, exchange.at))
}

async fn retry(at: &At<'_>, tries: &mut Tries, exchange: Box<Exchange>, rule: Option<usize>) -> Again {
    let policy = &at.node.step.judge;
    let backoff = rule
        .and_then(|index| policy.retry.get(index))
        .map_or(&policy.backoff, |rule| &rule.backoff);
    let n = tries.retries.count(rule);
    let announced = exchange
        .reply
        .as_ref()
        .and_then(|head| headers::retry_after(&head.headers, exchange.at))
        .unwrap_or_default();
    let wait = backoff::pause(backoff, n, fastrand::f64()).max(announced);
    if wait > at.run.remaining() {
        return Err(Sent::Failed(exchange.as_fault(), Some(exchange)));
    }
    tries.throttled.in_a_row = 0;
    tries.last_error = exchange.as_last_error(&exchange.as_fault());
    tries.queue = ports::Turn::Back;
    at.run.counters().retries.add(1);
    drop(exchange);
    at.wait("backoff", wait).await
}

/// Whether a next page may be asked for there.
pub(crate) fn may_follow(run: &Run, own: &Url, next: &Url) -> bool {
    origin::may_receive_credentials(own, next, &run.allowed_hosts)
}
