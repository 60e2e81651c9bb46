//! Limits that stand in the path: `/limited/{requests}/{per}/{answer}/…` and `/concurrent/{n}/…`.
//!
//! Each distinct text of such a prefix is one limit. It admits what a sliding window admits, counting what it
//! admitted; a refused request is a violation, and answered as `answer` says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::clock::{parse_duration, second_after};
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::state::Api;
use crate::verdicts::{LimitVerdict, Rule, Violation};

/// How a limit words its refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// 429, Retry-After in seconds, rounded up.
    Seconds,
    /// 429, Retry-After as an HTTP-date.
    Date,
    /// 429, X-RateLimit-Reset in epoch seconds.
    Reset,
    /// 429, nothing announced.
    Silent,
    /// 429, the wait only in the body, in milliseconds.
    Body,
    /// 503 with Retry-After in seconds.
    Unavailable,
    /// 403 with a message, as some large APIs do.
    Forbidden,
    /// 200 with an error in the body, as some others do.
    Success,
}

/// The answers by their names in the path.
const ANSWERS: [(&str, Answer); 8] = [
    ("seconds", Answer::Seconds),
    ("date", Answer::Date),
    ("reset", Answer::Reset),
    ("silent", Answer::Silent),
    ("body", Answer::Body),
    ("503", Answer::Unavailable),
    ("403", Answer::Forbidden),
    ("200", Answer::Success),
];

/// A refusal on the wire may cross with requests that were sent before it was read.
const CROSSING: Duration = Duration::from_millis(20);

/// Arrivals that are kept per limit.
const ARRIVALS: usize = 1_000_000;

/// All limits that were used.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    windows: BTreeMap<String, Window>,
    concurrent: BTreeMap<String, Concurrent>,
}

#[derive(Debug)]
struct Window {
    requests: usize,
    per: Duration,
    /// All arrivals, admitted or not.
    arrivals: Vec<Duration>,
    admitted: Vec<Duration>,
    refused: usize,
    early: usize,
    /// When the last refusal was given, and until when it asked to wait.
    closed: Option<(Duration, Duration)>,
}

#[derive(Debug, Default)]
struct Concurrent {
    in_flight: usize,
    peak: usize,
}

/// What a window says to one request.
struct Admission {
    remaining: usize,
    /// Until the next request would be admitted; zero where this one was.
    wait: Duration,
    refused: bool,
}

impl Window {
    fn admit(&mut self, now: Duration) -> Admission {
        if self.arrivals.len() < ARRIVALS {
            self.arrivals.push(now);
        }
        if self
            .closed
            .is_some_and(|(since, until)| now > since + CROSSING && now < until)
        {
            self.early += 1;
        }
        let live = self
            .admitted
            .partition_point(|at| now.saturating_sub(*at) >= self.per);
        self.admitted.drain(..live);
        if self.admitted.len() < self.requests {
            self.admitted.push(now);
            let remaining = self.requests - self.admitted.len();
            return Admission {
                remaining,
                wait: self.next(now),
                refused: false,
            };
        }
        self.refused += 1;
        let wait = self.next(now);
        self.closed = Some((now, now + wait));
        Admission {
            remaining: 0,
            wait,
            refused: true,
        }
    }

    fn next(&self, now: Duration) -> Duration {
        let full = self.admitted.len() >= self.requests;
        let oldest = self.admitted.first().filter(|_| full);
        oldest.map_or(Duration::ZERO, |oldest| (*oldest + self.per).saturating_sub(now))
    }

    fn verdict(&self) -> LimitVerdict {
        LimitVerdict {
            refused: self.refused,
            early: self.early,
            ..LimitVerdict::judge(self.requests, self.per, &self.arrivals)
        }
    }
}

impl Limits {
    /// The verdict on each window, and the peak of each concurrency limit.
    pub(crate) fn verdicts(&self) -> (BTreeMap<String, LimitVerdict>, BTreeMap<String, usize>) {
        let windows = self
            .windows
            .iter()
            .map(|(name, window)| (name.clone(), window.verdict()))
            .collect();
        let concurrent = self
            .concurrent
            .iter()
            .map(|(name, limit)| (name.clone(), limit.peak))
            .collect();
        (windows, concurrent)
    }
}

/// Lets a request through, or gives the refusal. The admitted answer is then completed by [`Headers::add`].
pub(crate) fn window(
    api: &Api,
    exchange: &Exchange,
    [requests, per, answer]: [&str; 3],
) -> Result<Headers, Reply> {
    let answer_kind = ANSWERS
        .iter()
        .find(|(name, _)| *name == answer)
        .map(|(_, kind)| *kind);
    let (Ok(limit), Some(length), Some(kind)) = (requests.parse(), parse_duration(per), answer_kind) else {
        let names: Vec<&str> = ANSWERS.iter().map(|(name, _)| *name).collect();
        let message = format!(
            "write /limited/REQUESTS/PER/ANSWER/…, as /limited/5/1s/seconds/users; answers: {names:?}"
        );
        return Err(Reply::error(404, "bad_limit", &message));
    };
    let name = format!("/limited/{requests}/{per}/{answer}");
    let admission = {
        let mut limits = api.limits();
        let window = limits.windows.entry(name.clone()).or_insert_with(|| Window {
            requests: limit,
            per: length,
            arrivals: Vec::new(),
            admitted: Vec::new(),
            refused: 0,
            early: 0,
            closed: None,
        });
        window.admit(exchange.arrived)
    };
    let (_, reset) = second_after(admission.wait);
    let headers = Headers {
        limit,
        remaining: admission.remaining,
        reset,
    };
    if !admission.refused {
        return Ok(headers);
    }
    api.log().violate(Violation {
        rule: Rule::RateLimit,
        request: exchange.number,
        path: exchange.path.clone(),
        detail: format!("{name}: refused, {} ms too early", admission.wait.as_millis()),
    });
    Err(headers.add(refusal(kind, admission.wait)))
}

/// What a limited answer says about its limit.
pub(crate) struct Headers {
    limit: usize,
    remaining: usize,
    /// Epoch seconds.
    reset: u64,
}

impl Headers {
    /// Adds the usual `X-RateLimit-…` headers.
    pub(crate) fn add(&self, reply: Reply) -> Reply {
        reply
            .named("x-ratelimit-limit", &self.limit.to_string())
            .named("x-ratelimit-remaining", &self.remaining.to_string())
            .named("x-ratelimit-reset", &self.reset.to_string())
    }
}

fn refusal(answer: Answer, wait: Duration) -> Reply {
    let seconds = wait.as_millis().div_ceil(1_000).to_string();
    let (date, _) = second_after(wait);
    let too_many = || Reply::error(429, "too_many_requests", "slow down");
    match answer {
        Answer::Seconds => too_many().named("retry-after", &seconds),
        Answer::Date => too_many().named("retry-after", &date),
        Answer::Reset | Answer::Silent => too_many(),
        Answer::Body => {
            let body = json!({ "error": "too_many_requests", "retry_after_ms": wait.as_millis() });
            Reply::json(body.to_string()).status(429)
        }
        Answer::Unavailable => {
            Reply::error(503, "overloaded", "come back later").named("retry-after", &seconds)
        }
        Answer::Forbidden => Reply::error(
            403,
            "rate_limit_exceeded",
            "API rate limit exceeded for this client",
        ),
        Answer::Success => {
            let body = json!({ "ok": false, "error": { "code": "TOO_MANY_REQUESTS", "retry_in": seconds } });
            Reply::json(body.to_string())
        }
    }
}

/// Counts a request among those that run under `/concurrent/{n}`, or gives the refusal where there are too many.
pub(crate) fn enter(api: &Arc<Api>, exchange: &Exchange, n: &str) -> Result<Place, Reply> {
    let Ok(allowed) = n.parse::<usize>() else {
        return Err(Reply::error(
            404,
            "bad_limit",
            "write /concurrent/N/…, as /concurrent/4/users",
        ));
    };
    let name = format!("/concurrent/{n}");
    let in_flight = {
        let mut limits = api.limits();
        let limit = limits.concurrent.entry(name.clone()).or_default();
        limit.in_flight += 1;
        limit.peak = limit.peak.max(limit.in_flight);
        limit.in_flight
    };
    let place = Place {
        api: Arc::clone(api),
        name,
    };
    if in_flight <= allowed {
        return Ok(place);
    }
    api.log().violate(Violation {
        rule: Rule::Concurrency,
        request: exchange.number,
        path: exchange.path.clone(),
        detail: format!("{}: {in_flight} at once", place.name),
    });
    Err(Reply::error(429, "too_many_at_once", "too many requests at once").named("retry-after", "1"))
}

/// A place among the requests that run at once, given back when dropped.
pub(crate) struct Place {
    api: Arc<Api>,
    name: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(limit) = self.api.limits().concurrent.get_mut(&self.name) {
            limit.in_flight = limit.in_flight.saturating_sub(1);
        }
    }
}
