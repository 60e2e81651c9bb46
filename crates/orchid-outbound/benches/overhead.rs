//! What this client costs per request beyond a bare reqwest loop.
//!
//! `cargo bench -p orchid-outbound` starts a server in a process of its own, sends it 20,000 requests at concurrency 50
//! in turns with either client, and prints CPU per request as the kernel counts it. Budget: 1.15 times the bare loop.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on says so by panicking"
)]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use orchid_engine::ports::{Fetch, Header, HttpSettings, Outgoing};
use orchid_outbound::address::Egress;
use orchid_outbound::fetch::Outbound;
use url::Url;

const REQUESTS: usize = 20_000;
const CONCURRENCY: usize = 50;
const ROUNDS: usize = 7;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return serve();
    }
    let (mut server, url) = start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(compare(&url));
    server.kill().unwrap();
}

async fn compare(url: &Url) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let bare = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .build()
        .unwrap();
    let outbound = Outbound::new(Egress::local(), &HttpSettings::default()).unwrap();
    let mut request = Outgoing::new("GET", url.clone());
    request.headers = vec![Header {
        name: "Authorization".into(),
        value: "Bearer abc".into(),
        secret: true,
    }];

    let (mut bare_best, mut own_best) = (f64::MAX, f64::MAX);
    for round in 0..ROUNDS {
        let before = cpu();
        each(|| ask_bare(&bare, url)).await;
        let between = cpu();
        each(|| ask_own(&outbound, &request)).await;
        let after = cpu();
        // The first round connects and warms up.
        if round > 0 {
            bare_best = bare_best.min(between - before);
            own_best = own_best.min(after - between);
        }
    }
    let per_request = |nanoseconds: f64| nanoseconds / 1000.0 / f64::from(u32::try_from(REQUESTS).unwrap());
    println!("bare reqwest  {:6.2} µs of CPU a request", per_request(bare_best));
    println!("outbound      {:6.2} µs of CPU a request", per_request(own_best));
    println!("ratio         {:6.3}", own_best / bare_best);
}

async fn each<F: Future<Output = usize>>(ask: impl Fn() -> F) {
    let total: usize = futures_util::stream::iter(0..REQUESTS)
        .map(|_| ask())
        .buffer_unordered(CONCURRENCY)
        .fold(0, |sum, length| async move { sum + length })
        .await;
    assert_eq!(total, REQUESTS * BODY);
}

async fn ask_bare(client: &reqwest::Client, url: &Url) -> usize {
    let response = client
        .get(url.clone())
        .header("Authorization", "Bearer abc")
        .send()
        .await
        .unwrap();
    response.bytes().await.unwrap().len()
}

async fn ask_own(outbound: &Outbound, request: &Outgoing) -> usize {
    let body: Bytes = outbound.fetch(request).await.unwrap().body.unwrap();
    body.len()
}

/// Nanoseconds that all threads of this process have run.
fn cpu() -> f64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let run = |task: std::io::Result<std::fs::DirEntry>| -> Option<f64> {
        let text = std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok()
    };
    tasks.filter_map(run).sum()
}

const BODY: usize = 1024;

/// A server that answers with 1 KB and the headers that an API usually sends.
fn serve() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {BODY}\r\nDate: Mon, 24 Nov 2025 12:00:00 GMT\r\n\
         Server: bench\r\nCache-Control: no-store\r\nX-RateLimit-Limit: 600\r\nX-RateLimit-Remaining: 599\r\n\
         X-Request-Id: 0a1b2c3d\r\n\r\n{}",
        "x".repeat(BODY)
    );
    let answer: Arc<[u8]> = Arc::from(answer.into_bytes());
    for stream in listener.incoming() {
        let answer = Arc::clone(&answer);
        std::thread::spawn(move || converse(stream.unwrap(), &answer));
    }
}

fn converse(mut stream: TcpStream, answer: &[u8]) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
        if line == "\r\n" && stream.write_all(answer).is_err() {
            return;
        }
        line.clear();
    }
}

fn start() -> (Child, Url) {
    let own = std::env::current_exe().unwrap();
    let mut server = Command::new(own)
        .arg("serve")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    (
        server,
        Url::parse(&format!("http://{}/users/1?page=2", line.trim())).unwrap(),
    )
}
