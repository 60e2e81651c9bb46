//! One run of one plan for one config, from its start to its report.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use orchid_jmespath::value::Value;
use orchid_plan::program::{Plan, Program};
use smol_str::SmolStr;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use crate::auth::{Authenticator, Owner};
use crate::commit::Ledger;
use crate::fault::{Fault, Kind};
use crate::limits::Limits;
use crate::node::{self, Node};
use crate::origin;
use crate::outcome::{Counters, Outcome, RunReport};
use crate::ports::{Header, Ports};
use crate::record;
use crate::redact::{REDACTED, Redactor};
use crate::render::Rendered;
use crate::save::{Fields, Weights};
use crate::scope::{Root, number, time_text, time_value};
use crate::state::{Change, SavedState};
use crate::stop::{Reason, RunStop};
use crate::text;
use crate::trace::{Trace, What};
use crate::window;

mod ending;
mod failure;

/// Bytes of a request's body in a trace.
const TRACE_BODY: usize = 64 << 10;

/// What is to be run.
#[derive(Debug, Clone)]
pub struct RunSpec {
    /// The integration.
    pub program: Arc<Program>,
    /// Which of its plans.
    pub plan: SmolStr,
    /// The config's values: defaults applied, references resolved, secrets marked.
    pub config: Value,
    /// The config's name.
    pub config_name: SmolStr,
    /// Whose.
    pub tenant: SmolStr,
    /// A `UUIDv7`; the same for every attempt to finish this run.
    pub run_id: Uuid,
    /// Raised each time the run changes hands.
    pub epoch: u64,
    /// When it was due.
    pub scheduled_at: Timestamp,
    /// Parameters of a manual run; null for a scheduled one.
    pub trigger: Value,
    /// What the runs before have kept.
    pub state: SavedState,
    /// Bounds for a first try.
    pub first_try: FirstTry,
    /// Counts while it runs.
    pub counters: Arc<Counters>,
}

/// Bounds for a first try. Reaching one ends the run as succeeded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FirstTry {
    /// Requests in all, retries included, requests of auth flows not.
    pub max_requests: Option<u64>,
    /// Iterations of each loop.
    pub max_iterations: Option<u64>,
}

/// What all tasks of one run share.
pub(crate) struct Run {
    pub spec: RunSpec,
    pub ports: Ports,
    pub started_at: Timestamp,
    started: Instant,
    deadline: Instant,
    /// Fields of `context` that stay the same all through the run.
    pub context: Vec<(SmolStr, Value)>,
    pub auth: Arc<Authenticator>,
    pub redactor: Redactor,
    pub limits: Limits,
    pub allowed_hosts: Arc<[String]>,
    /// `/tenants/T/integrations/I/configs/C/plans/P`
    pub source: String,
    pub weights: Weights,
    pub stop: RunStop,
    ledger: Ledger,
    /// Values that become durable when the run ends well.
    at_end: Mutex<Fields>,
    /// Origins of the plan's own requests.
    homes: Mutex<Vec<Url>>,
    sent: AtomicU64,
    limit_reached: AtomicBool,
    traces: bool,
    failures: Failures,
}

#[derive(Default)]
struct Failures {
    first: Mutex<Option<(Fault, SmolStr)>>,
    any: AtomicBool,
    outside_items: AtomicBool,
}

/// Runs one plan to its end. `cancel` stops it: requests in flight are cut, responses already complete are
/// emitted, and what is acknowledged is in the report.
///
/// Never fails: what goes wrong is in the report, and on the errors topic.
pub async fn run(spec: RunSpec, ports: &Ports, cancel: CancellationToken) -> RunReport {
    let run = match Run::new(spec, ports) {
        Ok(run) => Arc::new(run),
        Err(refused) => {
            let (spec, fault) = *refused;
            return refused_report(spec, fault);
        }
    };
    let plan = run.plan();
    let node = Node::tree(&run.spec.program, &plan.step, plan.window.as_ref());
    let work = async {
        run.emit_run(record::start(&run)).await;
        window::run_all(&run, &node).await;
    };
    tokio::pin!(work);
    let timeout = ports.clock.sleep(plan.run_timeout);
    tokio::pin!(timeout);
    let stopped = tokio::select! {
        () = &mut work => None,
        () = cancel.cancelled() => Some(Reason::Cancelled),
        () = &mut timeout => Some(Reason::TimedOut),
    };
    if let Some(reason) = stopped {
        run.stop.stop(reason);
        work.await;
    }
    run.auth.settled().await;
    run.finish().await
}

fn refused_report(spec: RunSpec, fault: Fault) -> RunReport {
    RunReport {
        outcome: Outcome::Failed,
        fault_step: Some(spec.plan.clone()),
        fault: Some(fault),
        limit_reached: false,
        counts: spec.counters.snapshot(),
        state: spec.state,
    }
}

impl Run {
    fn new(spec: RunSpec, ports: &Ports) -> Result<Self, Box<(RunSpec, Fault)>> {
        let started_at = ports.clock.now();
        let prepared = prepare(&spec, started_at);
        let (limits, allowed_hosts, timeout) = match prepared {
            Ok(prepared) => prepared,
            Err(fault) => return Err(Box::new((spec, fault))),
        };
        let redactor = Redactor::default();
        redactor.add_value(&spec.config);
        let owner = Owner {
            tenant: spec.tenant.clone(),
            config_name: spec.config_name.clone(),
        };
        let auth = Authenticator::new(
            spec.program.clone(),
            owner,
            ports.tokens.clone(),
            ports.clock.clone(),
            redactor.clone(),
        );
        let homes = node::stated_homes(&spec.program.plans[&spec.plan].step, &spec.config);
        let started = Instant::now();
        let source = format!(
            "/tenants/{}/integrations/{}/configs/{}/plans/{}",
            spec.tenant, spec.program.integration, spec.config_name, spec.plan
        );
        Ok(Self {
            context: context(&spec, started_at),
            weights: Weights::new(&spec.state.saved),
            ledger: Ledger::new(spec.state.clone(), ports.checkpoints.clone()),
            traces: ports.observer.traces(),
            ports: ports.clone(),
            started_at,
            started,
            deadline: started + timeout.min(Duration::from_hours(24 * 365)),
            auth,
            redactor,
            limits,
            allowed_hosts,
            source,
            stop: RunStop::default(),
            at_end: Mutex::default(),
            homes: Mutex::new(homes),
            sent: AtomicU64::new(0),
            limit_reached: AtomicBool::new(false),
            failures: Failures::default(),
            spec,
        })
    }

    /// The plan. Its existence was checked when the run was made.
    pub(crate) fn plan(&self) -> &Plan {
        &self.spec.program.plans[&self.spec.plan]
    }

    /// Counts while it runs.
    pub(crate) fn counters(&self) -> &Counters {
        &self.spec.counters
    }

    /// Time that is left of `run_timeout`.
    pub(crate) fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// What `window` and others outside any step see.
    pub(crate) fn root(&self) -> Root {
        let mut context = self.context.clone();
        context.push((
            SmolStr::new_static("now"),
            Value::from(time_text(self.started_at)),
        ));
        let root = Value::object([
            ("config", self.spec.config.clone()),
            ("context", Value::object(context)),
        ]);
        Root::of(root, self.started_at)
    }

    /// The key of its events.
    pub(crate) fn key(&self) -> String {
        let spec = &self.spec;
        format!(
            "{}/{}/{}/{}",
            spec.tenant, spec.program.integration, spec.config_name, spec.plan
        )
    }

    /// Text without the secrets of this run.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.redactor.redact(text).into_owned()
    }

    /// A URL of a request or its response without the request's credentials; what is secret by value is still in it.
    pub(crate) fn show_url<'a>(&self, request: &Rendered, url: &'a Url) -> Cow<'a, str> {
        let plain = request.secret_params.is_empty() && url.username().is_empty() && url.password().is_none();
        if plain {
            return Cow::Borrowed(url.as_str());
        }
        let is_secret = |name: &str| request.secret_params.iter().any(|secret| secret == name);
        Cow::Owned(self.redactor.url(url, is_secret))
    }

    /// Counts one request; false if it would be one more than was asked for.
    pub(crate) fn take_request(&self, node: &Node) -> bool {
        if node.flow.is_some() {
            return true;
        }
        let before = self.sent.fetch_add(1, Ordering::Relaxed);
        if self.spec.first_try.max_requests.is_some_and(|max| before >= max) {
            self.reached_limit();
            return false;
        }
        self.counters().requests.add(1);
        true
    }

    /// Whether a bound for a first try was reached.
    pub(crate) fn is_limited(&self) -> bool {
        self.limit_reached.load(Ordering::Relaxed)
    }

    /// A bound for a first try was reached.
    pub(crate) fn reached_limit(&self) {
        self.limit_reached.store(true, Ordering::Relaxed);
    }

    // --- origins ---

    /// Takes note of where the plan itself asks.
    pub(crate) fn know_home(&self, node: &Node, url: &Url) {
        if node.step.level != 0 || node.foreign_origin {
            return;
        }
        let mut homes = lock(&self.homes);
        if !homes.iter().any(|home| origin::is_same(home, url)) {
            homes.push(url.clone());
        }
    }

    /// Whether credentials may go to a URL: always, unless its origin came out of a response; then only to the plan's own.
    pub(crate) fn trusts(&self, node: &Node, url: &Url) -> bool {
        if !node.foreign_origin {
            return true;
        }
        lock(&self.homes)
            .iter()
            .any(|home| origin::may_receive_credentials(home, url, &self.allowed_hosts))
    }

    // --- what is kept ---

    /// Makes a change durable, together with what others want to be durable now.
    pub(crate) async fn commit(&self, change: Change) {
        if let Err(fault) = self.ledger.commit(change).await {
            self.fail_sink(&fault, &self.spec.plan);
        }
    }

    /// Values for the end of the run.
    pub(crate) fn keep_for_end(&self, fields: Fields) -> Result<(), Fault> {
        lock(&self.at_end).absorb(fields)
    }

    // --- trace ---

    /// Tells the observer, if it listens.
    pub(crate) fn trace(
        &self,
        path: &SmolStr,
        position: impl FnOnce() -> Vec<u64>,
        what: impl FnOnce() -> What,
    ) {
        if !self.traces {
            return;
        }
        self.ports.observer.trace(&Trace {
            at_ms: u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            step: path.clone(),
            position: position_text(&position()),
            what: what(),
        });
    }

    /// A rendered request, redacted.
    pub(crate) fn show_request(&self, attempt: u64, request: &Rendered) -> What {
        let out = &request.outgoing;
        let header = |header: &Header| (header.name.clone(), self.redactor.header(header).into_owned());
        let body = out.body.as_ref().map(|body| {
            if out.secret_body {
                return REDACTED.to_owned();
            }
            let text = self.redact(&String::from_utf8_lossy(body));
            let end = text
                .char_indices()
                .map(|(at, c)| at + c.len_utf8())
                .take_while(|end| *end <= TRACE_BODY)
                .last();
            text[..end.unwrap_or(0)].to_owned()
        });
        What::Request {
            attempt,
            method: out.method.clone(),
            url: self.redact(&self.show_url(request, &out.url)),
            headers: out.headers.iter().map(header).collect(),
            body,
            without_credentials: request.without_credentials,
        }
    }
}

type Prepared = (Limits, Arc<[String]>, Duration);

fn prepare(spec: &RunSpec, now: Timestamp) -> Result<Prepared, Fault> {
    let Some(plan) = spec.program.plans.get(&spec.plan) else {
        return Err(Fault::new(
            Kind::Definition,
            format!("there is no plan named `{}`", spec.plan),
        ));
    };
    if let Some(reason) = spec.program.not_yet.first() {
        return Err(Fault::new(Kind::Definition, reason.clone()));
    }
    let root = Root::of(Value::object([("config", spec.config.clone())]), now);
    let limits = Limits::resolve(&spec.program, &root)?;
    let mut hosts = Vec::new();
    for template in &spec.program.http.allowed_hosts {
        if let Some(host) = text::text("http.allowed_hosts", template, &root)? {
            hosts.push(host.text);
        }
    }
    Ok((limits, hosts.into(), plan.run_timeout))
}

fn context(spec: &RunSpec, started_at: Timestamp) -> Vec<(SmolStr, Value)> {
    let state = &spec.state;
    let saved = state
        .saved
        .iter()
        .map(|(name, json)| (name.clone(), json.0.clone()));
    let entries = [
        ("started_at", Value::from(time_text(started_at))),
        ("scheduled_at", Value::from(time_text(spec.scheduled_at))),
        ("run_id", Value::from(spec.run_id.to_string())),
        ("run_count", number(state.run_count)),
        ("last_success_at", time_value(state.last_success_at)),
        ("last_run_at", time_value(state.last_run_at)),
        ("last_failure_at", time_value(state.last_failure_at)),
        ("integration", Value::from(spec.program.integration.as_str())),
        ("config_name", Value::from(spec.config_name.as_str())),
        ("plan", Value::from(spec.plan.as_str())),
        ("trigger", spec.trigger.clone()),
        ("saved", Value::object(saved)),
    ];
    entries
        .into_iter()
        .map(|(name, value)| (SmolStr::new_static(name), value))
        .collect()
}

/// `0.7.3`
pub(crate) fn position_text(position: &[u64]) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(position.len() * 3);
    for n in position {
        if !out.is_empty() {
            out.push('.');
        }
        // Writing to a string cannot fail.
        let _ = write!(out, "{n}");
    }
    out
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
