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

use crate::auth::Credentials;
use crate::budget::{Charge, Reading};
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::flow;
use crate::headers;
use crate::judge::{self, ConditionFailed, Conditions, Facts, Judged, Refresh, Retries, Verdict};
use crate::limits::Claims;
use crate::node::Node;
use crate::ports::{self, Permit};
use crate::render::{self, Ingredients, Rendered};
use crate::run::Run;
use crate::scope::{Place, Root, Scope, Turn, failed};
use crate::stop::Reason;
use crate::trace::What;

mod again;

use again::{Again, renew, retry, throttle};

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
    let root = if credentials.auth.is_null() && at.place.auth.is_null() {
        without
    } else {
        at.scope(tries, credentials.auth.clone()).building()
    };
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
