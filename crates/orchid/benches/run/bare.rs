//! The bare loop: reqwest and the same sink, no parsing. Runs in a process of its own.

use std::path::PathBuf;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use orchid_engine::event::{Event, EventKind};
use orchid_engine::ports::{Receipt, Sink as _};

use crate::CONCURRENCY;
use crate::sink::Lines;

/// What the process is asked to do, on its command line.
pub(crate) struct Work {
    base: String,
    shape: String,
    count: u32,
    latency: String,
    out: PathBuf,
}

impl Work {
    /// `bare BASE SHAPE COUNT LATENCY OUT`
    pub(crate) fn parse(arguments: &[String]) -> Option<Self> {
        let [word, base, shape, count, latency, out] = arguments else {
            return None;
        };
        (word == "bare").then(|| Self {
            base: base.clone(),
            shape: shape.clone(),
            count: count.parse().expect("a number"),
            latency: latency.clone(),
            out: out.into(),
        })
    }
}

/// Fetches everything, writes every body, and ends when all of it is on disk.
pub(crate) fn run(work: &Work) {
    // The provider may have been installed already; either way there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(fetch_all(work));
}

#[expect(
    clippy::disallowed_methods,
    reason = "the bare loop is what a person would write without Orchid"
)]
async fn fetch_all(work: &Work) {
    let client = reqwest::Client::new();
    let sink = Lines::file(vec![EventKind::Response], &work.out).expect("the output opens");
    let concurrency = if work.shape == "items" {
        CONCURRENCY as usize
    } else {
        1
    };
    let mut bodies = stream::iter(0..work.count)
        .map(|number| {
            let url = url(work, number);
            let client = &client;
            async move {
                let response = client.get(url).send().await.expect("the API answers");
                response.bytes().await.expect("a whole body")
            }
        })
        .buffer_unordered(concurrency);
    let mut receipts: Vec<Receipt> = Vec::new();
    while let Some(body) = bodies.next().await {
        receipts.push(sink.emit(event(body)).await.expect("the sink takes it"));
    }
    for receipt in receipts {
        receipt
            .await
            .expect("the sink answers")
            .expect("the event is on disk");
    }
}

fn url(work: &Work, number: u32) -> String {
    let Work { base, count, .. } = work;
    let latency = if work.latency.is_empty() {
        String::new()
    } else {
        format!("latency={}", work.latency)
    };
    match work.shape.as_str() {
        "items" => format!("{base}/bulk/items/{number}?{latency}"),
        _ => format!("{base}/bulk/pages?page={}&of={count}&{latency}", number + 1),
    }
}

fn event(body: Bytes) -> Event {
    Event {
        kind: EventKind::Response,
        id: String::new(),
        topic: None,
        key: String::new(),
        json: body,
    }
}
