//! How a run ends: its outcome, what becomes durable with it, its report.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Run, lock};
use crate::fault::{Fault, Kind};
use crate::outcome::{Outcome, RunReport};
use crate::record;
use crate::state::{self, Change, End};
use crate::stop::Reason;

impl Run {
    /// Makes its end durable and tells it.
    pub(super) async fn finish(&self) -> RunReport {
        let mut outcome = self.outcome();
        let limit_reached = outcome == Outcome::Succeeded && self.limit_reached.load(Ordering::Relaxed);
        let at = self.ports.clock.now();
        let result = match outcome {
            Outcome::Succeeded | Outcome::Partial if self.limit_reached.load(Ordering::Relaxed) => {
                state::Result::Neither
            }
            Outcome::Succeeded | Outcome::Partial => state::Result::Success,
            Outcome::Failed | Outcome::Aborted => state::Result::Failure,
            Outcome::Cancelled => state::Result::Neither,
        };
        let mut change = Change {
            end: Some(End { at, result }),
            ..Change::default()
        };
        if result == state::Result::Success {
            std::mem::take(&mut *lock(&self.at_end)).into_change(&mut change);
        }
        if let Err(fault) = self.ledger.commit(change).await {
            self.note(&fault, &self.spec.plan);
            outcome = Outcome::Failed;
        }
        let first = lock(&self.failures.first).take();
        let (fault, fault_step) = match (first, self.stop.reason()) {
            (first, Some(Reason::TimedOut)) => {
                let message = format!(
                    "the run took longer than {}s (run_timeout)",
                    self.plan().run_timeout.as_secs()
                );
                let step = first.map_or_else(|| self.spec.plan.clone(), |(_, step)| step);
                (Some(Fault::new(Kind::RunTimeout, message)), Some(step))
            }
            (Some((fault, step)), _) => (Some(fault), Some(step)),
            (None, _) => (None, None),
        };
        let counts = self.counters().snapshot();
        self.emit_run(record::end(self, outcome, fault.as_ref(), &counts))
            .await;
        RunReport {
            outcome,
            fault,
            fault_step,
            limit_reached,
            state: self.ledger.state(),
            counts: self.counters().snapshot(),
        }
    }

    fn outcome(&self) -> Outcome {
        let flag = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        match self.stop.reason() {
            Some(Reason::Aborted) => return Outcome::Aborted,
            Some(Reason::Cancelled) => return Outcome::Cancelled,
            Some(Reason::TimedOut | Reason::Failed) => return Outcome::Failed,
            Some(Reason::Limit) | None => {}
        }
        if flag(&self.failures.outside_items) {
            return Outcome::Failed;
        }
        if !flag(&self.failures.any) {
            return Outcome::Succeeded;
        }
        let counts = self.counters();
        if counts.emitted.get() == 0 && counts.skipped.get() == 0 {
            Outcome::Failed
        } else {
            Outcome::Partial
        }
    }
}
