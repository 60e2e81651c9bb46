//! `orchid run`: one run of one plan on the embedded engine, without any service.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use orchid_engine::budget::Budget;
use orchid_engine::event::EventKind;
use orchid_engine::http;
use orchid_engine::local::permits::LocalPermits;
use orchid_engine::local::tokens::LocalTokens;
use orchid_engine::outcome::{Counters, Outcome, RunReport};
use orchid_engine::ports::{Checkpoints, Ports};
use orchid_engine::run::{FirstTry, RunSpec};
use orchid_engine::state::SavedState;
use orchid_engine::trace::{Observer, Silent};
use orchid_jmespath::value::Value;
use orchid_outbound::address::Egress;
use orchid_outbound::fetch::Outbound;
use smol_str::SmolStr;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::arguments::{EventChoice, Run};
use crate::checkpoint::{InFile, Nowhere};
use crate::clock::{self, SystemClock};
use crate::config_file::{self, Config};
use crate::document::{self, Checked};
use crate::exit::{Code, Failure};
use crate::progress::{self, Watched};
use crate::settings::Settings;
use crate::sink::Lines;
use crate::terminal::Terminal;
use crate::trace::TraceWriter;

/// Whose runs these are: without a service there is one tenant.
const TENANT: &str = "default";

/// What one invocation of the command works with.
struct Job<'a> {
    arguments: &'a Run,
    settings: &'a Settings,
    terminal: &'a Terminal,
    document: Checked,
    plan: SmolStr,
    config: Config,
    trigger: Value,
}

/// Runs the plan.
pub(crate) fn main(arguments: &Run, settings: &Settings, terminal: &Terminal) -> Result<Code, Failure> {
    let document = document::checked(document::read(&arguments.file, settings)?, terminal)?;
    let plan = document.plan(arguments.plan.as_deref())?;
    refuse_what_cannot_run(&document)?;
    let config = config_file::load(
        &document.program.config,
        arguments.config.as_deref(),
        &arguments.set,
    )?;
    let trigger = config_file::trigger(&arguments.trigger)?;
    let job = Job {
        arguments,
        settings,
        terminal,
        document,
        plan,
        config,
        trigger,
    };
    let runtime = runtime().map_err(|source| Failure::System {
        what: "cannot start the runtime",
        source,
    })?;
    let code = runtime.block_on(job.run());
    // A request that is being cut must not hold the terminal.
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

/// Half the cores work for the engine. One run is mostly waiting and handing over, and each further thread costs
/// wake-ups between threads for every request; the other cores are left to the sink and to the machine.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads((cores / 2).max(1))
        .enable_all()
        .build()
}

fn refuse_what_cannot_run(document: &Checked) -> Result<(), Failure> {
    match document.program.not_yet.as_slice() {
        [] => Ok(()),
        sentences => Err(Failure::usage(
            format!(
                "{} is valid, but this version cannot run all of it: {}",
                document.name,
                sentences.join("; ")
            ),
            "`orchid validate` and `orchid explain` take it",
        )),
    }
}

impl Job<'_> {
    async fn run(self) -> Result<Code, Failure> {
        let poll = format!(
            "{}/{}/{}",
            self.document.program.integration, self.config.name, self.plan
        );
        let (checkpoints, state) = self.checkpoints(&poll)?;
        let trace = self.trace()?;
        let ports = self.ports(checkpoints, trace.clone())?;
        let counters = Arc::new(Counters::default());
        let cancel = CancellationToken::new();
        let spec = self.spec(state, Arc::clone(&counters));
        let report = tokio::select! {
            report = orchid_engine::run::run(spec, &ports, cancel.clone()) => report,
            never = self.watch(counters, cancel) => match never {},
        };
        if let Some(trace) = trace {
            trace.finish().map_err(|source| Failure::System {
                what: "cannot write the trace",
                source,
            })?;
        }
        Ok(self.tell(&report))
    }

    /// Shows progress and turns signals into a cancellation, as long as it is polled.
    async fn watch(&self, counters: Arc<Counters>, cancel: CancellationToken) -> std::convert::Infallible {
        let to_stderr = self.arguments.trace.as_deref() == Some(Path::new("-"));
        let watched = if self.terminal.is_interactive() && !to_stderr {
            Watched::Bar
        } else {
            Watched::Lines
        };
        tokio::join!(
            progress::show(&self.plan, counters, self.terminal, watched),
            interrupt(cancel)
        );
        std::future::pending().await
    }

    fn checkpoints(&self, poll: &str) -> Result<(Arc<dyn Checkpoints>, SavedState), Failure> {
        match &self.arguments.state {
            None => Ok((Arc::new(Nowhere), SavedState::default())),
            Some(path) => {
                let (checkpoints, state) = InFile::open(path, poll)?;
                Ok((Arc::new(checkpoints), state))
            }
        }
    }

    fn trace(&self) -> Result<Option<Arc<TraceWriter>>, Failure> {
        let opened = match self.arguments.trace.as_deref() {
            None => return Ok(None),
            Some(path) if path == Path::new("-") => TraceWriter::stderr(),
            Some(path) => TraceWriter::file(path),
        };
        opened
            .map(|trace| Some(Arc::new(trace)))
            .map_err(|source| Failure::System {
                what: "cannot open the trace",
                source,
            })
    }

    fn ports(
        &self,
        checkpoints: Arc<dyn Checkpoints>,
        trace: Option<Arc<TraceWriter>>,
    ) -> Result<Ports, Failure> {
        let settings = http::settings(&self.document.program.http, &self.config.values, clock::now())
            .map_err(|fault| Failure::usage(fault.to_string(), "see `http` of the document"))?;
        let fetch = Outbound::new(Egress::local(), &settings)
            .map_err(|fault| Failure::usage(fault.to_string(), "see `http` of the document"))?;
        let kinds = self.arguments.events.iter().map(|choice| kind(*choice)).collect();
        let sink = match &self.arguments.out {
            None => Lines::stdout(kinds).map_err(|source| Failure::System {
                what: "cannot write to stdout",
                source,
            })?,
            Some(path) => Lines::file(kinds, path).map_err(|source| Failure::File {
                verb: "write",
                path: path.display().to_string(),
                source,
            })?,
        };
        let observer: Arc<dyn Observer> = match trace {
            Some(trace) => trace,
            None => Arc::new(Silent),
        };
        Ok(Ports {
            fetch: Arc::new(fetch),
            permits: Arc::new(LocalPermits::default()),
            sink: Arc::new(sink),
            tokens: Arc::new(LocalTokens::default()),
            checkpoints,
            clock: Arc::new(SystemClock),
            observer,
            budget: Budget::new(self.settings.values.memory_budget_mib << 20),
        })
    }

    fn spec(&self, state: SavedState, counters: Arc<Counters>) -> RunSpec {
        RunSpec {
            program: Arc::clone(&self.document.program),
            plan: self.plan.clone(),
            config: self.config.values.clone(),
            config_name: self.config.name.as_str().into(),
            tenant: TENANT.into(),
            run_id: Uuid::now_v7(),
            epoch: 1,
            scheduled_at: clock::now(),
            trigger: self.trigger.clone(),
            state,
            first_try: FirstTry {
                max_requests: self.arguments.max_requests,
                max_iterations: self.arguments.max_iterations,
            },
            counters,
        }
    }

    /// Says how the run ended and what to do next.
    fn tell(&self, report: &RunReport) -> Code {
        let (word, code) = match report.outcome {
            Outcome::Succeeded => ("succeeded", Code::Success),
            Outcome::Partial => ("partial", Code::Partial),
            Outcome::Failed => ("failed", Code::Failed),
            Outcome::Aborted => ("aborted", Code::Aborted),
            Outcome::Cancelled => ("interrupted", Code::Interrupted),
        };
        let early = if report.limit_reached {
            " (stopped at the limit that was asked for)"
        } else {
            ""
        };
        self.terminal.say(&format!(
            "{}: {word}{early}: {}",
            self.plan,
            progress::describe(&report.counts)
        ));
        if let Some(fault) = &report.fault {
            let place = report
                .fault_step
                .as_ref()
                .map(|step| format!(" in {step}"))
                .unwrap_or_default();
            self.terminal
                .say(&format!("  {}{place}: {}", fault.kind, fault.message));
        }
        if report.outcome == Outcome::Cancelled {
            self.terminal.say(match &self.arguments.state {
                Some(_) => "  what was acknowledged is saved: run the same command again to go on from there",
                None => "  nothing was saved between runs: with --state FILE the next run goes on from what is acknowledged",
            });
        }
        code
    }
}

fn kind(choice: EventChoice) -> EventKind {
    match choice {
        EventChoice::Response => EventKind::Response,
        EventChoice::Error => EventKind::Error,
        EventChoice::Run => EventKind::Run,
    }
}

/// Cancels at Ctrl-C or a termination signal.
async fn interrupt(cancel: CancellationToken) {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            tracing::warn!(%error, "cannot listen for termination signals");
            return;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    cancel.cancel();
}
