//! All ports of a run together, on tokio's clock (paused in most tests).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use orchid_engine::budget::Budget;
use orchid_engine::fault::Fault;
use orchid_engine::local::permits::LocalPermits;
use orchid_engine::local::tokens::LocalTokens;
use orchid_engine::outcome::Counters;
use orchid_engine::ports::{Checkpoints, Clock, Ports};
use orchid_engine::run::{FirstTry, RunSpec};
use orchid_engine::state::{Change, SavedState};
use orchid_engine::trace::{Observer, Trace};
use orchid_jmespath::value::Value;
use orchid_plan::program::Program;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::api::Api;
use crate::sink::{Acks, MemorySink};

/// The run's start in every world: 2027-01-15T08:00:00Z.
pub const START: i64 = 1_800_000_000;

/// All ports of a run.
pub struct World {
    /// Answers requests.
    pub api: Arc<Api>,
    /// Takes events.
    pub sink: Arc<MemorySink>,
    /// Keeps changes.
    pub checkpoints: Arc<MemoryCheckpoints>,
    /// Keeps the trace.
    pub traces: Arc<Traces>,
    /// As the engine takes them.
    pub ports: Ports,
}

impl World {
    /// With this API, a sink that acknowledges at once, and the default byte budget.
    pub fn new(api: Api) -> Self {
        Self::with(api, Acks::AtOnce, Budget::default())
    }

    /// With everything as given.
    pub fn with(api: Api, acks: Acks, budget: Budget) -> Self {
        let api = Arc::new(api);
        let sink = Arc::new(MemorySink::new(acks));
        let checkpoints = Arc::new(MemoryCheckpoints::default());
        let traces = Arc::new(Traces::default());
        let ports = Ports {
            fetch: api.clone(),
            permits: Arc::new(LocalPermits::default()),
            tokens: Arc::new(LocalTokens::default()),
            sink: sink.clone(),
            checkpoints: checkpoints.clone(),
            clock: Arc::new(VirtualClock::new()),
            observer: traces.clone(),
            budget,
        };
        Self {
            api,
            sink,
            checkpoints,
            traces,
            ports,
        }
    }
}

/// A run of `plan` with these values, from an empty state.
pub fn spec(program: Arc<Program>, plan: &str, config: Value) -> RunSpec {
    RunSpec {
        program,
        plan: plan.into(),
        config,
        config_name: "prod".into(),
        tenant: "acme".into(),
        run_id: Uuid::from_u128(0x0197_0000_0000_7000_8000_0000_0000_0001),
        epoch: 1,
        scheduled_at: Timestamp::from_second(START).unwrap(),
        trigger: Value::NULL,
        state: SavedState::default(),
        first_try: FirstTry::default(),
        counters: Arc::new(Counters::default()),
    }
}

/// Wall time that goes with tokio's clock.
pub struct VirtualClock(Instant);

impl VirtualClock {
    /// [`START`] is now.
    #[allow(clippy::new_without_default, reason = "it reads the time")]
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(START).unwrap() + self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        sleep(duration).await;
    }
}

/// Keeps changes in memory.
#[derive(Default)]
pub struct MemoryCheckpoints(Mutex<Vec<Change>>);

impl MemoryCheckpoints {
    /// What became durable, one change after another.
    pub fn changes(&self) -> Vec<Change> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl Checkpoints for MemoryCheckpoints {
    async fn commit(&self, change: &Change) -> Result<(), Fault> {
        self.0.lock().unwrap().push(change.clone());
        Ok(())
    }
}

/// Keeps the trace in memory.
#[derive(Default)]
pub struct Traces(Mutex<Vec<Trace>>);

impl Traces {
    /// What happened, one line of JSON each.
    pub fn lines(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap()
            .iter()
            .map(|trace| serde_json::to_string(trace).unwrap())
            .collect()
    }
}

impl Observer for Traces {
    fn traces(&self) -> bool {
        true
    }

    fn trace(&self, trace: &Trace) {
        self.0.lock().unwrap().push(trace.clone());
    }
}

/// Lets everything that can run do so, without time passing, until `holds`. Panics after a thousand rounds.
pub async fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("what was waited for did not come");
}
