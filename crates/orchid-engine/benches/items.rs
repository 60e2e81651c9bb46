//! What the engine itself costs per request: an API and a sink that do nothing, so that all else is left out.
//!
//! `cargo bench -p orchid-engine --bench items` prints microseconds of wall time on one thread: a fan-out of
//! 10,000 items of 1 KB that nobody reads, the same where a condition reads them, and 1,000 pages of 22 KB
//! with a `while` and a saved field.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on says so by panicking"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use orchid_engine::budget::Budget;
use orchid_engine::event::Event;
use orchid_engine::fault::Fault;
use orchid_engine::local::permits::LocalPermits;
use orchid_engine::local::tokens::LocalTokens;
use orchid_engine::outcome::Outcome;
use orchid_engine::ports::{Fetch, Outgoing, Ports, Receipt, Reply, Sink};
use orchid_engine::run::run;
use orchid_engine::trace::Silent;
use orchid_jmespath::value::Value;
use orchid_plan::compile::Bounds;
use orchid_plan::document;
use orchid_testkit::world::{MemoryCheckpoints, VirtualClock, spec};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

struct Canned {
    list: Bytes,
    item: Bytes,
    headers: Vec<(String, Bytes)>,
}

#[async_trait]
impl Fetch for Canned {
    async fn fetch(&self, request: &Outgoing) -> Result<Reply, Fault> {
        let body = if request.url.path() == "/list" {
            self.list.clone()
        } else {
            self.item.clone()
        };
        request.charge.body(body.len() as u64).await;
        Ok(Reply {
            status: 200,
            headers: self.headers.clone(),
            url: request.url.clone(),
            body: Ok(body),
            peer: None,
            duration: Duration::from_millis(1),
        })
    }
}

struct Nowhere;

#[async_trait]
impl Sink for Nowhere {
    async fn emit(&self, _: Event) -> Result<Receipt, Fault> {
        let (answer, receipt) = oneshot::channel();
        drop(answer.send(Ok(())));
        Ok(receipt)
    }
}

fn measure(name: &str, yaml: &str, requests: u32, item: usize) {
    let loaded = document::load(yaml.as_bytes(), Bounds::default());
    let program = Arc::new(
        loaded
            .program
            .unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)),
    );
    let users: Vec<String> = (0..10_000).map(|id| format!(r#"{{"id":{id}}}"#)).collect();
    let record = |n: usize| {
        format!(
            r#"{{"id":"{n}","name":"user {n}","email":"user{n}@example.com","status":"ACTIVE","tags":["a","b"],"updated_at":"2026-01-01T00:00:00Z","score":{n}.5}}"#
        )
    };
    let mut left = item;
    let records: Vec<String> = (0..1_000_000)
        .map(record)
        .take_while(|record| {
            left = left.saturating_sub(record.len());
            left > 0
        })
        .collect();
    let api = Canned {
        list: Bytes::from(format!("[{}]", users.join(","))),
        item: Bytes::from(format!("{{\"users\":[{}]}}", records.join(","))),
        headers: [
            "content-type:application/json",
            "date:Thu, 01 Jan 2026 00:00:00 GMT",
            "content-length:1000",
            "server:bench",
            "x-request-id:7",
        ]
        .iter()
        .map(|h| h.split_once(':').unwrap())
        .map(|(n, v)| (n.to_owned(), Bytes::from_static(v.as_bytes())))
        .collect(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (elapsed, report) = runtime.block_on(async {
        let ports = Ports {
            fetch: Arc::new(api),
            permits: Arc::new(LocalPermits::default()),
            tokens: Arc::new(LocalTokens::default()),
            sink: Arc::new(Nowhere),
            checkpoints: Arc::new(MemoryCheckpoints::default()),
            clock: Arc::new(VirtualClock::new()),
            observer: Arc::new(Silent),
            budget: Budget::default(),
        };
        let secret = Value::from("a-secret-of-the-config").into_secret();
        let spec = spec(program, "p", Value::object([("token", secret)]));
        let started = Instant::now();
        let report = run(spec, &ports, CancellationToken::new()).await;
        (started.elapsed(), report)
    });
    assert_eq!(report.outcome, Outcome::Succeeded, "{:?}", report.fault);
    assert_eq!(report.counts.requests, u64::from(requests));
    println!(
        "{name:<40} {:>8.2} µs a request",
        elapsed.as_secs_f64() * 1e6 / f64::from(requests)
    );
}

fn main() {
    let fan_out = "
integration: bench
config_schema: { type: object, properties: { token: { type: string, secret: true } } }
auth: { key: { type: bearer, token: \"${config.token}\" } }
plans:
  p:
    url: http://api.example/list
    steps:
      item: { iterate_over: parent.body, url: \"http://api.example/items/{id}\", params: { id: \"${item.id}\" } }
";
    measure("10,000 items of 1 KB", fan_out, 10_001, 1_000);
    let read = fan_out.replace(
        "params: { id",
        "skip_when: \"response.body.users[0].name == 'x'\", params: { id",
    );
    measure("10,000 items of 1 KB, read", &read, 10_001, 1_000);
    let pages = "
integration: bench
config_schema: { type: object, properties: { token: { type: string, secret: true } } }
auth: { key: { type: bearer, token: \"${config.token}\" } }
plans:
  p:
    url: http://api.example/page
    params: { page: \"${context.iteration}\" }
    while: length(response.body.users) > `0` && context.iteration < 999
    save: { newest: { value: \"max(response.body.users[].updated_at)\", merge: max } }
";
    measure("1,000 pages of 22 KB", pages, 1_000, 22_000);
}
