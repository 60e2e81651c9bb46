//! Answers for benchmarks: as little work as possible for each, no log, only counters.
//!
//! An answer is a template made once, copied, with a few digits set.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;

use crate::clock::parse_duration;
use crate::reply::Reply;
use crate::verdicts::BulkVerdict;

/// Users of a page.
const PER_PAGE: u64 = 100;

/// Ids and pages below this are told apart.
const SEEN: u64 = 1 << 20;

/// The state and the templates.
#[derive(Debug)]
pub(crate) struct Bulk {
    latency: Duration,
    pages: u64,
    item: Template,
    page: Template,
    requests: AtomicU64,
    in_flight: AtomicU64,
    peak: AtomicU64,
    items_seen: Seen,
    pages_seen: Seen,
}

impl Bulk {
    pub(crate) fn new(latency: Duration, pages: u64) -> Self {
        Self {
            latency,
            pages,
            item: item_template(),
            page: page_template(),
            requests: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            items_seen: Seen::new(),
            pages_seen: Seen::new(),
        }
    }

    pub(crate) fn reset(&self) {
        self.requests.store(0, Ordering::Relaxed);
        self.peak.store(0, Ordering::Relaxed);
        self.items_seen.clear();
        self.pages_seen.clear();
    }

    pub(crate) fn verdict(&self) -> BulkVerdict {
        BulkVerdict {
            requests: self.requests.load(Ordering::Relaxed),
            distinct_items: self.items_seen.count(),
            distinct_pages: self.pages_seen.count(),
            peak_in_flight: self.peak.load(Ordering::Relaxed),
        }
    }

    fn item(&self, id: u64) -> Bytes {
        self.items_seen.mark(id);
        let mut body = self.item.bytes.clone();
        set_digits(&mut body, self.item.ids[0].clone(), id);
        body.into()
    }

    /// Page `number`, counted from 1. Its users are numbered on from the page before.
    fn page(&self, number: u64, of: u64) -> Bytes {
        self.pages_seen.mark(number);
        let mut body = self.page.bytes.clone();
        let (head, users) = self.page.ids.split_at(2);
        set_digits(&mut body, head[0].clone(), number);
        body[head[1].clone()].copy_from_slice(if number < of { b" true" } else { b"false" });
        for (index, id) in users.iter().enumerate() {
            set_digits(
                &mut body,
                id.clone(),
                number
                    .saturating_sub(1)
                    .wrapping_mul(PER_PAGE)
                    .wrapping_add(index as u64),
            );
        }
        body.into()
    }
}

/// Answers `/bulk/{rest}`: `items/{id}`, `pages?page=`, `ids?count=`. `latency=20ms` delays.
pub(crate) async fn answer(api: &crate::state::Api, rest: &str, query: Option<&str>) -> Reply {
    let bulk = &api.bulk;
    let _flight = Flight::new(bulk);
    let param = |name: &str| {
        let pairs = query
            .unwrap_or_default()
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        pairs
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value)
            .next()
    };
    let latency = param("latency").and_then(parse_duration).unwrap_or(bulk.latency);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    match rest.split_once('/') {
        Some(("items", id)) => id
            .parse()
            .map_or_else(|_| Reply::not_found(), |id| Reply::json(bulk.item(id))),
        None if rest == "pages" => {
            let number = |name: &str| param(name).and_then(|text| text.parse().ok());
            Reply::json(bulk.page(number("page").unwrap_or(1), number("of").unwrap_or(bulk.pages)))
        }
        None if rest == "ids" => {
            let count: u64 = param("count")
                .and_then(|text| text.parse().ok())
                .unwrap_or(10_000)
                .min(SEEN);
            let ids: Vec<String> = (0..count).map(|id| id.to_string()).collect();
            Reply::json(format!("{{\"ids\":[{}]}}", ids.join(",")))
        }
        _ => Reply::not_found(),
    }
}

/// Counts what is in flight, however the answer ends.
struct Flight<'a>(&'a Bulk);

impl<'a> Flight<'a> {
    fn new(bulk: &'a Bulk) -> Self {
        bulk.requests.fetch_add(1, Ordering::Relaxed);
        let now = bulk.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        bulk.peak.fetch_max(now, Ordering::Relaxed);
        Self(bulk)
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Which numbers were asked for.
#[derive(Debug)]
struct Seen(Box<[AtomicU64]>);

impl Seen {
    fn new() -> Self {
        Self((0..SEEN / 64).map(|_| AtomicU64::new(0)).collect())
    }

    fn mark(&self, number: u64) {
        if let Some(word) = usize::try_from(number / 64)
            .ok()
            .and_then(|index| self.0.get(index))
        {
            word.fetch_or(1 << (number % 64), Ordering::Relaxed);
        }
    }

    fn count(&self) -> u64 {
        self.0
            .iter()
            .map(|word| u64::from(word.load(Ordering::Relaxed).count_ones()))
            .sum()
    }

    fn clear(&self) {
        self.0.iter().for_each(|word| word.store(0, Ordering::Relaxed));
    }
}

/// A body and the places of the digits in it.
#[derive(Debug)]
struct Template {
    bytes: Vec<u8>,
    ids: Vec<Range<usize>>,
}

/// The mark for ten digits. Numbers are padded with spaces in front, which JSON allows.
const MARK: &str = "##########";

impl Template {
    fn new(text: &str) -> Self {
        let ids = text
            .match_indices(MARK)
            .map(|(at, _)| at..at + MARK.len())
            .collect();
        Self {
            bytes: text.as_bytes().to_vec(),
            ids,
        }
    }
}

/// 1,024 bytes.
fn item_template() -> Template {
    let head = format!(r#"{{"id":{MARK},"name":"An item","tags":["a","b","c"],"price":1.10,"text":""#);
    let fill = "x".repeat(1_024 - head.len() - 2);
    Template::new(&format!("{head}{fill}\"}}"))
}

fn page_template() -> Template {
    let users: Vec<String> = (0..PER_PAGE)
        .map(|index| {
            format!(
                r#"{{"id":{MARK},"name":"User of a page","email":"user@example.com","status":"ACTIVE","balance":12.10,"updated_at":"2026-01-01T00:{:02}:{:02}Z","groups":["engineering","on-call","everybody"],"profile":{{"city":"Zürich","zip":"8001"}}}}"#,
                index / 60,
                index % 60
            )
        })
        .collect();
    let text = format!(
        r#"{{"page":{MARK},"has_more":@@@@@,"users":[{}]}}"#,
        users.join(",")
    );
    let mut template = Template::new(&text);
    if let Some(at) = text.find("@@@@@") {
        template.ids.insert(1, at..at + 5);
    }
    template
}

fn set_digits(body: &mut [u8], place: Range<usize>, mut number: u64) {
    let mut digits = body[place].iter_mut().rev();
    for digit in digits.by_ref() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    digits.for_each(|digit| *digit = b' ');
}
