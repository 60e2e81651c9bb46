//! A sink in memory: keeps events, acknowledges them at once or when the test says so.

use std::sync::Mutex;

use async_trait::async_trait;
use orchid_engine::event::{Event, EventKind};
use orchid_engine::fault::Fault;
use orchid_engine::ports::{Receipt, Sink};
use serde_json::Value;
use tokio::sync::oneshot;

/// When events are acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acks {
    /// At once.
    AtOnce,
    /// Responses only when [`MemorySink::acknowledge`] is called.
    Held,
}

/// A sink in memory.
pub struct MemorySink {
    acks: Acks,
    state: Mutex<State>,
}

type Answer = oneshot::Sender<Result<(), Fault>>;

#[derive(Default)]
struct State {
    events: Vec<Event>,
    held: Vec<Answer>,
    refuse: Option<Fault>,
}

impl MemorySink {
    /// An empty one.
    pub fn new(acks: Acks) -> Self {
        Self {
            acks,
            state: Mutex::default(),
        }
    }

    /// From now on every response is refused.
    pub fn refuse(&self, fault: Fault) {
        self.state.lock().unwrap().refuse = Some(fault);
    }

    /// Events of one kind, in order of arrival.
    pub fn raw(&self, kind: EventKind) -> Vec<Event> {
        self.state
            .lock()
            .unwrap()
            .events
            .iter()
            .filter(|event| event.kind == kind)
            .cloned()
            .collect()
    }

    /// Events of one kind as JSON, in order of arrival.
    pub fn events(&self, kind: EventKind) -> Vec<Value> {
        let state = self.state.lock().unwrap();
        let chosen = state.events.iter().filter(|event| event.kind == kind);
        chosen
            .map(|event| serde_json::from_slice(&event.json).unwrap())
            .collect()
    }

    /// Everything that was handed over, as text.
    pub fn text(&self) -> String {
        let state = self.state.lock().unwrap();
        let lines: Vec<_> = state
            .events
            .iter()
            .map(|event| String::from_utf8_lossy(&event.json))
            .collect();
        lines.join(
            "
",
        )
    }

    /// Events whose acknowledgement is held.
    pub fn held(&self) -> usize {
        self.state.lock().unwrap().held.len()
    }

    /// Acknowledges the held event at `index`.
    pub fn acknowledge(&self, index: usize) {
        let answer = self.state.lock().unwrap().held.remove(index);
        // Whoever waits no longer needs no answer.
        let _ = answer.send(Ok(()));
    }
}

#[async_trait]
impl Sink for MemorySink {
    async fn emit(&self, event: Event) -> Result<Receipt, Fault> {
        let (answer, receipt) = oneshot::channel();
        let mut state = self.state.lock().unwrap();
        let response = event.kind == EventKind::Response;
        let refused = state.refuse.clone().filter(|_| response);
        state.events.push(event);
        match (refused, self.acks) {
            (Some(fault), _) => drop(answer.send(Err(fault))),
            (None, Acks::Held) if response => state.held.push(answer),
            (None, _) => drop(answer.send(Ok(()))),
        }
        Ok(receipt)
    }
}
