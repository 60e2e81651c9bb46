//! What was sent: one entry per request, in order of arrival.
//!
//! The log owns the entries, what is in flight, and the violations that were seen as requests came. An entry
//! is written when the request has been read whole, and completed with its status when the answer is given.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::HeaderMap;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::exchange::{Exchange, Origin};
use crate::verdicts::Violation;

/// One request and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Counts requests from 0; goes on after a reset.
    pub number: usize,
    /// When it had arrived whole: microseconds since the API started, on a monotonic clock.
    pub arrived_us: u64,
    /// When its answer was ready.
    pub answered_us: Option<u64>,
    /// Which socket it came to.
    pub origin: Origin,
    /// The method.
    pub method: String,
    /// The path as sent.
    pub path: String,
    /// The query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// Headers by lower-case name; repeated ones are joined with `, `.
    pub headers: BTreeMap<String, String>,
    /// Bytes of the body.
    pub body_size: usize,
    /// SHA-256 of the body in hex; none for an empty body.
    pub body_sha256: Option<String>,
    /// The status given; none while in flight, and 0 where bytes that are no response were given.
    pub status: Option<u16>,
    /// Requests in flight when it arrived, itself included, over both sockets.
    pub in_flight: usize,
}

impl Entry {
    /// The first query parameter of that name.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// The log.
#[derive(Debug)]
pub(crate) struct Log {
    capacity: usize,
    entries: Vec<Entry>,
    violations: Vec<Violation>,
    /// The number of the first entry. Numbers go on after a reset, so that a late answer finds no wrong entry.
    first: usize,
    /// The number that the next request gets.
    next: usize,
    in_flight: usize,
    peak_in_flight: usize,
}

impl Log {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            entries: Vec::new(),
            violations: Vec::new(),
            first: 0,
            next: 0,
            in_flight: 0,
            peak_in_flight: 0,
        }
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.entries.clone()
    }

    pub(crate) fn kept(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// Requests that have arrived, and the most that were in flight at once.
    pub(crate) fn totals(&self) -> (usize, usize) {
        (self.next - self.first, self.peak_in_flight)
    }

    /// Forgets all. What is in flight stays counted, so that it can end.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.violations.clear();
        self.first = self.next;
        self.peak_in_flight = self.in_flight;
    }

    /// Records a request and gives its number.
    pub(crate) fn arrive(&mut self, exchange: &Exchange) -> usize {
        let number = self.next;
        self.next += 1;
        self.in_flight += 1;
        self.peak_in_flight = self.peak_in_flight.max(self.in_flight);
        if self.entries.len() < self.capacity {
            self.entries.push(Entry {
                number,
                arrived_us: microseconds(exchange.arrived),
                answered_us: None,
                origin: exchange.origin,
                method: exchange.method.to_string(),
                path: exchange.path.clone(),
                query: exchange.query.clone(),
                headers: readable(&exchange.headers),
                body_size: exchange.body.len(),
                body_sha256: (!exchange.body.is_empty()).then(|| hex(&Sha256::digest(&exchange.body))),
                status: None,
                in_flight: self.in_flight,
            });
        }
        number
    }

    /// Completes an entry.
    pub(crate) fn answer(&mut self, number: usize, status: u16, at: Duration) {
        if let Some(entry) = number
            .checked_sub(self.first)
            .and_then(|index| self.entries.get_mut(index))
        {
            entry.status = Some(status);
            entry.answered_us = Some(microseconds(at));
        }
    }

    /// A request is over.
    pub(crate) fn leave(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Records a violation.
    pub(crate) fn violate(&mut self, violation: Violation) {
        if self.violations.len() < self.capacity {
            self.violations.push(violation);
        }
    }
}

pub(crate) fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ok = write!(text, "{byte:02x}");
            text
        })
}

fn readable(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut readable = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        readable
            .entry(name.as_str().to_owned())
            .and_modify(|text: &mut String| {
                text.push_str(", ");
                text.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    readable
}
