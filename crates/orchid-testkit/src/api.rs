//! An API in memory: answers by a function, keeps a log of what it was asked and when.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use orchid_engine::fault::{Fault, Kind};
use orchid_engine::ports::{Fetch, Outgoing, Reply};
use tokio::time::{Instant, sleep};

/// What an API answers to one request.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
    fault: Option<(Kind, bool)>,
    after: Duration,
}

/// JSON under a status.
pub fn json(status: u16, body: impl Into<String>) -> Answer {
    text(status, "application/json", body)
}

/// Text under a status.
pub fn text(status: u16, content_type: &str, body: impl Into<String>) -> Answer {
    Answer {
        status,
        headers: vec![("content-type".to_owned(), content_type.to_owned())],
        body: Bytes::from(body.into()),
        fault: None,
        after: Duration::ZERO,
    }
}

/// No response at all.
pub fn unreachable(kind: Kind) -> Answer {
    Answer {
        fault: Some((kind, false)),
        ..json(0, "")
    }
}

impl Answer {
    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// So long after it was asked.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        self.after = wait;
        self
    }

    /// The body ends early.
    #[must_use]
    pub fn broken(mut self, kind: Kind) -> Self {
        self.fault = Some((kind, true));
        self
    }
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Since the API was made.
    pub at: Duration,
    /// `GET https://api.example/users?page=2`
    pub line: String,
    /// Names as sent.
    pub headers: Vec<(String, String)>,
    /// As text.
    pub body: String,
}

impl Asked {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

type Answers = dyn Fn(&Asked, usize) -> Answer + Send + Sync;

/// An API in memory.
pub struct Api {
    started: Instant,
    answers: Box<Answers>,
    log: Mutex<Vec<Asked>>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
}

impl Api {
    /// Answers by a function of the request and of how many came before it.
    pub fn new(answers: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            started: Instant::now(),
            answers: Box::new(answers),
            log: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
        }
    }

    /// What it was asked, in order.
    pub fn log(&self) -> Vec<Asked> {
        self.log.lock().unwrap().clone()
    }

    /// Request lines, in order.
    pub fn lines(&self) -> Vec<String> {
        self.log().into_iter().map(|asked| asked.line).collect()
    }

    /// Milliseconds at which requests came.
    pub fn times(&self) -> Vec<u128> {
        self.log().into_iter().map(|asked| asked.at.as_millis()).collect()
    }

    /// Most requests in flight at once.
    pub fn most_in_flight(&self) -> usize {
        self.most_in_flight.load(Ordering::SeqCst)
    }

    /// Requests in flight now.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }
}

struct Flight<'a>(&'a Api);

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Fetch for Api {
    async fn fetch(&self, request: &Outgoing) -> Result<Reply, Fault> {
        let flight = Flight(self);
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_in_flight.fetch_max(now, Ordering::SeqCst);
        let asked = Asked {
            at: self.started.elapsed(),
            line: format!("{} {}", request.method, request.url),
            headers: request
                .headers
                .iter()
                .map(|h| (h.name.clone(), h.value.clone()))
                .collect(),
            body: String::from_utf8_lossy(request.body.as_deref().unwrap_or_default()).into_owned(),
        };
        let before = {
            let mut log = self.log.lock().unwrap();
            log.push(asked.clone());
            log.len() - 1
        };
        let answer = (self.answers)(&asked, before);
        sleep(answer.after).await;
        drop(flight);
        let failed = |kind: Kind| Fault::new(kind, format!("scripted: {kind}"));
        let body = match answer.fault {
            Some((kind, false)) => return Err(failed(kind)),
            Some((kind, true)) => Err((failed(kind), answer.body)),
            None => Ok(answer.body),
        };
        if let Ok(body) = &body {
            request.charge.body(body.len() as u64).await;
        }
        Ok(Reply {
            status: answer.status,
            headers: answer
                .headers
                .into_iter()
                .map(|(name, value)| (name, Bytes::from(value)))
                .collect(),
            url: request.url.clone(),
            body,
            peer: None,
            duration: answer.after,
        })
    }
}
