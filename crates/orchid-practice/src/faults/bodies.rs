//! Bodies that are too large, too deep, or not what their type says.

use bytes::Bytes;

use super::{Fault, made};
use crate::exchange::Exchange;
use crate::reply::Reply;

/// 10 MiB: what Orchid takes unless told otherwise.
const DEFAULT_LIMIT: usize = 10 << 20;

/// The most that `?bytes=` gives.
const MOST: u64 = 1 << 30;

pub(super) const FAULTS: &[Fault] = &[
    made("html", "200 with an HTML page", |_, _| {
        Reply::new(200, "text/html", HTML)
    }),
    made("html-as-json", "200 with HTML that calls itself JSON", |_, _| {
        Reply::json(HTML)
    }),
    made("json-as-html", "200 with JSON that calls itself HTML", |_, _| {
        Reply::new(200, "text/html", USERS)
    }),
    made("json-untyped", "200 with JSON and no Content-Type", |_, _| {
        Reply::new(200, "", USERS)
    }),
    made(
        "json-bad-type",
        "200 with JSON and a Content-Type that is none",
        |_, _| Reply::new(200, ";;;", USERS),
    ),
    made("problem", "400 with application/problem+json", |_, _| {
        Reply::new(
            400,
            "application/problem+json",
            r#"{"type":"about:blank","title":"Bad"}"#,
        )
    }),
    made("error-html", "500 with an HTML page", |_, _| {
        Reply::new(500, "text/html", HTML)
    }),
    made(
        "error-broken-json",
        "400 with JSON that does not parse",
        |_, _| Reply::json(r#"{"error":"#).status(400),
    ),
    made("empty", "200 with no bytes that call themselves JSON", |_, _| {
        Reply::json("")
    }),
    made("no-content", "204", |_, _| Reply::new(204, "", "")),
    made(
        "whitespace",
        "200 with blanks that call themselves JSON",
        |_, _| Reply::json(" \n "),
    ),
    made("broken-json", "JSON that ends in the middle", |_, _| {
        Reply::json(r#"{"users":[{"id":"u1"},{"id":"#)
    }),
    made("trailing-garbage", "JSON with something after it", |_, _| {
        Reply::json(r#"{"users":[]} <!-- cached -->"#)
    }),
    made("two-documents", "two JSON documents in a row", |_, _| {
        Reply::json(r#"{"users":[]}{"users":[]}"#)
    }),
    made("single-quotes", "JSON with single quotes", |_, _| {
        Reply::json("{'users':[]}")
    }),
    made("comments", "JSON with a comment", |_, _| {
        Reply::json("{\"users\":[] // none\n}")
    }),
    made("nan", "JSON with NaN", |_, _| {
        Reply::json(r#"{"users":[{"id":NaN}]}"#)
    }),
    made(
        "control-character",
        "JSON with a raw line break in a string",
        |_, _| Reply::json("{\"users\":[{\"id\":\"a\nb\"}]}"),
    ),
    made("max", "exactly 10 MiB of JSON", |_, _| {
        Reply::json(text_of(DEFAULT_LIMIT))
    }),
    made("too-large", "10 MiB and one byte of JSON", |_, _| {
        Reply::json(text_of(DEFAULT_LIMIT + 1))
    }),
    made("size", "JSON of exactly ?bytes=", |_, exchange| sized(exchange)),
    made("deep", "arrays within arrays, ?depth=100000", |_, exchange| {
        let depth = exchange.number("depth").unwrap_or(100_000).min(10_000_000);
        let depth = usize::try_from(depth).unwrap_or(0);
        Reply::json(format!("{}{}", "[".repeat(depth), "]".repeat(depth)))
    }),
    made(
        "deep-objects",
        "objects within objects, ?depth=1000",
        |_, exchange| {
            let depth =
                usize::try_from(exchange.number("depth").unwrap_or(1_000).min(1_000_000)).unwrap_or(0);
            Reply::json(format!("{}null{}", r#"{"a":"#.repeat(depth), "}".repeat(depth)))
        },
    ),
    made("wide", "an object with ?keys=100000", |_, exchange| {
        let keys = exchange.number("keys").unwrap_or(100_000).min(1_000_000);
        let members: Vec<String> = (0..keys)
            .map(|number| format!("\"key{number}\":{number}"))
            .collect();
        Reply::json(format!("{{{}}}", members.join(",")))
    }),
    made("long-key", "an object whose key has 1 MiB", |_, _| {
        Reply::json(format!("{{\"{}\":1}}", "k".repeat(1 << 20)))
    }),
    made(
        "ndjson-broken",
        "NDJSON whose second line does not parse",
        |_, _| Reply::new(200, "application/x-ndjson", "{\"id\":1}\n{\"id\":\n{\"id\":3}\n"),
    ),
    made("csv-ragged", "CSV whose second row is short", |_, _| {
        Reply::new(200, "text/csv", "id,name\n1,Ada\n2\n3,Ben\n")
    }),
    made(
        "csv-open-quote",
        "CSV with a quote that is never closed",
        |_, _| Reply::new(200, "text/csv", "id,name\n1,\"Ada\n2,Ben\n"),
    ),
    made("xml-broken", "XML with an end tag missing", |_, _| {
        Reply::new(200, "application/xml", "<users><user></users>")
    }),
    made("xml-dtd", "XML with a DTD that reads a file", |_, _| {
        Reply::new(200, "application/xml", XXE)
    }),
    made("xml-bomb", "XML whose entities expand a billion times", |_, _| {
        Reply::new(200, "application/xml", LAUGHS)
    }),
    made("xml-deep", "100,000 elements within each other", |_, _| {
        Reply::new(
            200,
            "application/xml",
            format!("{}{}", "<a>".repeat(100_000), "</a>".repeat(100_000)),
        )
    }),
];

const HTML: &str =
    "<!doctype html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n";

const USERS: &str = r#"{"users":[{"id":"u00001"}]}"#;

const XXE: &str = r#"<?xml version="1.0"?>
<!DOCTYPE users [<!ENTITY file SYSTEM "file:///etc/passwd">]>
<users><user>&file;</user></users>
"#;

const LAUGHS: &str = r#"<?xml version="1.0"?>
<!DOCTYPE lolz [
<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;">
<!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;"><!ENTITY g "&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;">
]>
<lolz>&g;</lolz>
"#;

/// JSON of exactly `?bytes=` (1,024), as far as the smallest object allows.
pub(super) fn sized(exchange: &Exchange) -> Reply {
    let bytes = exchange.number("bytes").unwrap_or(1_024).min(MOST);
    Reply::json(text_of(usize::try_from(bytes).unwrap_or(usize::MAX)))
}

/// A JSON object of so many bytes, at least 11.
fn text_of(bytes: usize) -> Bytes {
    let (head, tail) = (r#"{"text":""#, r#""}"#);
    let fill = bytes.saturating_sub(head.len() + tail.len());
    let mut text = Vec::with_capacity(bytes);
    text.extend_from_slice(head.as_bytes());
    text.resize(head.len() + fill, b'x');
    text.extend_from_slice(tail.as_bytes());
    text.into()
}
