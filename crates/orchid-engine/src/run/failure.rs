//! What a run does with failures and with events: who answers for the one, and who waits for the other.

use std::sync::atomic::Ordering;
use std::time::Duration;

use orchid_plan::program::OnError;
use smol_str::SmolStr;

use super::{Run, lock, position_text};
use crate::event::Event;
use crate::exchange::Exchange;
use crate::fault::{Fault, Kind};
use crate::node::Node;
use crate::ports::Receipt;
use crate::record::{self, Site};
use crate::scope::Place;
use crate::stop::Reason;
use crate::trace::What;

/// How long events that were handed over may take to be acknowledged after a run was cut.
const GRACE: Duration = Duration::from_secs(10);

impl Run {
    /// A step failed: the record goes to the errors topic, and the failure to who answers for it.
    pub(crate) async fn fail(
        &self,
        node: &Node,
        place: &Place,
        iteration: u64,
        fault: Fault,
        exchange: Option<&Exchange>,
    ) {
        let mut position = place.position.clone();
        position.push(iteration);
        let shown = position_text(&position);
        self.trace(
            &node.step.path,
            || position,
            || What::Failed {
                error: self.redact(&fault.to_string()),
            },
        );
        self.note(&fault, &node.step.path);
        self.counters().errors.add(1);
        place.above.fail();
        if place.above.item.is_none() {
            self.failures.outside_items.store(true, Ordering::Relaxed);
            place.piece.fail();
        }
        let stops = node.step.judge.on_error == OnError::Fail && fault.kind != Kind::Aborted;
        if stops {
            self.stop.stop(Reason::Failed);
        }
        let site = Site {
            run: self,
            step: &node.step,
            place,
            iteration,
            position: &shown,
        };
        if let Err(fault) = self.keep(record::error(&site, &fault, exchange)).await {
            self.fail_sink(&fault, &node.step.path);
        }
    }

    /// The run fails as a whole.
    pub(crate) fn fail_whole(&self, fault: &Fault) {
        let path = self.spec.plan.clone();
        self.trace(&path, Vec::new, || What::Failed {
            error: self.redact(&fault.to_string()),
        });
        self.note(fault, &path);
        self.failures.outside_items.store(true, Ordering::Relaxed);
        self.stop.stop(Reason::Failed);
    }

    /// An event cannot be kept: too large for the sink is a failure of this response, anything else of the run.
    pub(crate) async fn cannot_keep(&self, node: &Node, place: &Place, iteration: u64, fault: Fault) {
        if fault.kind != Kind::TooLarge {
            place.above.cut_short();
            self.fail_sink(&fault, &node.step.path);
            return;
        }
        self.note(&fault, &node.step.path);
        self.counters().errors.add(1);
        let mut position = place.position.clone();
        position.push(iteration);
        let shown = position_text(&position);
        let site = Site {
            run: self,
            step: &node.step,
            place,
            iteration,
            position: &shown,
        };
        if let Err(fault) = self.keep(record::error(&site, &fault, None)).await {
            place.above.cut_short();
            self.fail_sink(&fault, &node.step.path);
        }
    }

    pub(super) fn fail_sink(&self, fault: &Fault, path: &SmolStr) {
        self.note(fault, path);
        self.failures.outside_items.store(true, Ordering::Relaxed);
        self.stop.stop(Reason::Failed);
    }

    pub(super) fn note(&self, fault: &Fault, path: &SmolStr) {
        self.failures.any.store(true, Ordering::Relaxed);
        lock(&self.failures.first)
            .get_or_insert_with(|| (Fault::new(fault.kind, self.redact(&fault.message)), path.clone()));
    }

    /// Hands an event to the sink; returns when it has room.
    pub(crate) async fn hand_over(&self, event: Event) -> Result<Receipt, Fault> {
        match self.within_grace(self.ports.sink.emit(event)).await {
            Some(result) => result,
            None => Err(given_up()),
        }
    }

    /// Hands an event to the sink and waits until it is durable.
    async fn keep(&self, event: Event) -> Result<(), Fault> {
        let receipt = self.hand_over(event).await?;
        self.await_receipt(receipt).await
    }

    /// Waits until a response's event is durable, and counts it.
    pub(crate) async fn acknowledged(&self, receipt: Receipt) -> Result<(), Fault> {
        self.await_receipt(receipt).await?;
        self.counters().emitted.add(1);
        Ok(())
    }

    async fn await_receipt(&self, receipt: Receipt) -> Result<(), Fault> {
        match self.within_grace(receipt).await {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(Fault::new(Kind::Sink, "the sink forgot an event")),
            None => Err(given_up()),
        }
    }

    /// After a cut, a sink that does not answer is waited for no longer than [`GRACE`].
    async fn within_grace<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            done = work => Some(done),
            () = async {
                self.stop.tokens.cut.cancelled().await;
                self.ports.clock.sleep(GRACE).await;
            } => None,
        }
    }

    pub(super) async fn emit_run(&self, event: Event) {
        let kept = match self.hand_over(event).await {
            Ok(receipt) => self.await_receipt(receipt).await,
            Err(fault) => Err(fault),
        };
        if let Err(fault) = kept {
            self.fail_sink(&fault, &self.spec.plan);
        }
    }
}

fn given_up() -> Fault {
    Fault::new(Kind::Sink, "the sink did not answer after the run was stopped")
}
