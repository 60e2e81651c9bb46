//! An HTTP client that shows what came over the wire, good or not. Each test file uses a part of it.
#![allow(dead_code, unreachable_pub)]

use std::io;

use orchid_practice::{Options, PracticeApi, Running};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back, up to the end of the connection.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
    pub ended: io::Result<()>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }
}

pub async fn send(base: &str, method: &str, target: &str, headers: &str, body: &str) -> Answer {
    let host = base.trim_start_matches("http://");
    let target = target.trim_start_matches(base);
    let mut stream = TcpStream::connect(host).await.expect("connects");
    let length = body.len();
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.expect("is sent");
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes).await.map(|_| ());
    let split = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .map_or(bytes.len(), |at| at + 4);
    let body = bytes.split_off(split);
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    Answer {
        status,
        head,
        body,
        ended,
    }
}

pub async fn get(api: &Running, target: &str) -> Answer {
    send(api.base_url(), "GET", target, "", "").await
}

pub async fn start() -> Running {
    PracticeApi::start(Options::default()).await.expect("starts")
}

pub fn ids(users: &Value) -> Vec<String> {
    let users = users.as_array().expect("a list");
    users
        .iter()
        .map(|user| user["id"].as_str().expect("an id").to_owned())
        .collect()
}
