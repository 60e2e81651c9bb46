//! Faults of the connection and of HTTP itself.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;

use super::{Fault, made};
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::wire::{Ending, Script};

pub(super) const FAULTS: &[Fault] = &[
    made("close", "closes without an answer", |_, to| {
        script(to, "", Ending::Close)
    }),
    made("reset", "resets without an answer", |_, to| {
        script(to, "", Ending::Reset)
    }),
    made("reset-mid-body", "resets after half of the body", |_, to| {
        script(to, &with_length(1_000, &"x".repeat(500)), Ending::Reset)
    }),
    made(
        "truncated",
        "closes after half of the announced length",
        |_, to| {
            script(
                to,
                &with_length(42, r#"{"users":[{"id":"u00001"}"#),
                Ending::Close,
            )
        },
    ),
    made(
        "truncated-valid",
        "closes too early, though what came is valid JSON",
        |_, to| {
            script(
                to,
                &with_length(1_000, r#"{"users":[{"id":"u00001"}]}"#),
                Ending::Close,
            )
        },
    ),
    made("truncated-chunked", "closes without the last chunk", |_, to| {
        script(
            to,
            &chunked("1b\r\n{\"users\":[{\"id\":\"u00001\"}]}\r\n"),
            Ending::Close,
        )
    }),
    made("truncated-head", "closes within the headers", |_, to| {
        script(to, "HTTP/1.1 200 OK\r\nContent-Ty", Ending::Close)
    }),
    made("bad-chunk", "a chunk whose size is no number", |_, to| {
        script(to, &chunked("zz\r\n{}\r\n0\r\n\r\n"), Ending::Close)
    }),
    made("length-short", "sends more than Content-Length says", |_, to| {
        script(
            to,
            &with_length(12, r#"{"users":[]}{"surplus":true}"#),
            Ending::Close,
        )
    }),
    made("length-no-number", "Content-Length is no number", |_, to| {
        script(
            to,
            "HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n0123456789",
            Ending::Close,
        )
    }),
    made("length-negative", "Content-Length is negative", |_, to| {
        script(
            to,
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
            Ending::Close,
        )
    }),
    made("length-twice", "two lengths that differ", |_, to| {
        script(
            to,
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\n{}  ",
            Ending::Close,
        )
    }),
    made("length-huge", "announces 8 EiB, sends two bytes", |_, to| {
        script(
            to,
            "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n{}",
            Ending::Close,
        )
    }),
    made(
        "no-length",
        "a body that ends with the connection (good HTTP/1.0)",
        |_, to| {
            script(
                to,
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"users\":[]}",
                Ending::Close,
            )
        },
    ),
    made("garbage", "bytes that are no HTTP", |_, to| {
        script(to, "SSH-2.0-OpenSSH_9.2\r\n", Ending::Close)
    }),
    made("huge-header", "a header of 4 MiB", |_, to| {
        let head = format!(
            "HTTP/1.1 200 OK\r\nX-Huge: {}\r\nContent-Length: 2\r\n\r\n{{}}",
            "h".repeat(4 << 20)
        );
        script(to, &head, Ending::Close)
    }),
    made("many-headers", "10,000 headers", |_, to| {
        let headers: String = (0..10_000)
            .flat_map(|number| ["X-H".to_owned(), number.to_string(), ": v\r\n".to_owned()])
            .collect();
        script(
            to,
            &format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 2\r\n\r\n{{}}"),
            Ending::Close,
        )
    }),
    made("early-hints", "103 before the 200", |_, to| {
        let hints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n";
        script(
            to,
            &format!("{hints}{}", with_length(12, r#"{"users":[]}"#)),
            Ending::Close,
        )
    }),
    made(
        "header-not-text",
        "a header value with bytes above 127",
        |_, to| {
            let head = b"HTTP/1.1 200 OK\r\nX-Name: J\xfcrgen\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
            raw(to, Bytes::from_static(head), Ending::Close)
        },
    ),
    made("endless", "a JSON array that never ends", |_, _| {
        let parts = std::iter::once("[0")
            .chain(std::iter::repeat(ENDLESS))
            .map(|part| Ok(part.into()));
        Reply::parts("application/json", stream::iter(parts))
    }),
    made(
        "drip",
        "a byte now and then, for ever (?every=1s)",
        |_, exchange| {
            let every = exchange.duration("every").unwrap_or(Duration::from_secs(1));
            Reply::parts(
                "application/json",
                stream::unfold(b'[', move |byte| drip(byte, every)),
            )
        },
    ),
    made("hang", "half of a body, then nothing", |_, _| {
        let first = stream::iter([Ok(Bytes::from_static(br#"{"users":["#))]);
        Reply::parts(
            "application/json",
            stream::StreamExt::chain(first, stream::pending()),
        )
    }),
];

/// 4 KiB of zeros in an array.
const ENDLESS: &str = {
    const BYTES: [u8; 4_096] = {
        let mut bytes = [b','; 4_096];
        let mut at = 1;
        while at < bytes.len() {
            bytes[at] = b'0';
            at += 2;
        }
        bytes
    };
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => "",
    }
};

async fn drip(byte: u8, every: Duration) -> Option<(io::Result<Bytes>, u8)> {
    tokio::time::sleep(every).await;
    Some((Ok(Bytes::copy_from_slice(&[byte])), b' '))
}

fn with_length(length: usize, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
}

fn chunked(chunks: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")
}

fn script(exchange: &Exchange, bytes: &str, ending: Ending) -> Reply {
    raw(exchange, Bytes::copy_from_slice(bytes.as_bytes()), ending)
}

/// The reply stands in the log with status 0; the script goes out instead.
fn raw(exchange: &Exchange, bytes: Bytes, ending: Ending) -> Reply {
    exchange.take_over(Script { bytes, ending });
    Reply::new(0, "", "")
}
