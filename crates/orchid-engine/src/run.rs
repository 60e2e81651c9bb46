//! One run of one plan for one config, from its start to its report.

use std::sync::Arc;

use jiff::Timestamp;
use orchid_jmespath::value::Value;
use orchid_plan::program::Program;
use smol_str::SmolStr;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::fault::{Fault, Kind};
use crate::outcome::{Counters, Outcome, RunReport};
use crate::ports::Ports;
use crate::state::SavedState;

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

/// Runs one plan to its end. `cancel` stops it: requests in flight are cut, responses already complete are
/// emitted, and what is acknowledged is in the report.
///
/// Never fails: what goes wrong is in the report, and on the errors topic.
pub async fn run(spec: RunSpec, ports: &Ports, cancel: CancellationToken) -> RunReport {
    let _ = (ports, cancel);
    RunReport {
        outcome: Outcome::Failed,
        fault: Some(Fault::new(Kind::Internal, "runs are not built yet")),
        fault_step: None,
        limit_reached: false,
        counts: spec.counters.snapshot(),
        state: spec.state,
    }
}
