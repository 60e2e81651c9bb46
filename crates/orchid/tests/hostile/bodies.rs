//! Bodies that are cut, stalled, endless, too large, or wrongly compressed; connections that end too early.

use crate::answer::{Piece, gzipped, head, json, wire, wire_then};
use crate::case::{Case, case, check_all};

const ONCE: &str = "max_retries: 0";
const TWICE: &str = "max_retries: 1";
const USERS: &str = r#"{"users":[{"id":1}]}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut() {
    check_all(vec![
        case("shorter than its length", TWICE)
            .api([wire(head("Content-Length: 100\r\n") + USERS)])
            .fails(0, "truncated", "before the body was whole")
            .asks(2),
        case(
            "shorter than its length, then whole",
            ONCE.replace('0', "5").as_str(),
        )
        .api([wire(head("Content-Length: 100\r\n") + USERS), json(200, USERS)])
        .succeeds(1)
        .asks(2),
        case("without the last chunk", TWICE)
            .api([wire(
                head("Transfer-Encoding: chunked\r\n") + "14\r\n" + USERS + "\r\n",
            )])
            .fails(0, "truncated", "before the body was whole")
            .asks(2),
        case("within a chunk", ONCE)
            .api([wire(head("Transfer-Encoding: chunked\r\n") + "ff\r\n" + USERS)])
            .fails(0, "truncated", "before the body was whole"),
        case("a chunk whose size is no number", ONCE)
            .api([wire(
                head("Transfer-Encoding: chunked\r\n") + "zz\r\n{}\r\n0\r\n\r\n",
            )])
            .fails(0, "reset", "not HTTP"),
        case("gzip without its end", TWICE)
            .api([gzipped(USERS.as_bytes(), 9)])
            .fails(0, "truncated", "in the middle of its gzip encoding")
            .asks(2),
        case("gzip without its checksum", ONCE)
            .api([gzipped(USERS.as_bytes(), 8)])
            .fails(0, "truncated", "gzip"),
        case("gzip of nothing", ONCE)
            .api([json(200, "").header("Content-Encoding", "gzip")])
            .succeeds(1),
        case("an error page that is cut is retried too", TWICE)
            .api([wire("HTTP/1.1 404 No\r\nContent-Length: 100\r\n\r\nno")])
            .fails(0, "truncated", "")
            .asks(2),
        case(
            "what is cut may still be skipped by its error",
            "skip_when: response.error.kind == 'truncated'",
        )
        .api([wire(head("Content-Length: 100\r\n") + USERS)])
        .succeeds(0),
        case(
            "a condition on the status does not see what is cut",
            "max_retries: 0\nabort_when: response.status_code == 200",
        )
        .api([wire(head("Content-Length: 100\r\n") + USERS)])
        .fails(0, "truncated", ""),
        case("a body that ends with its connection is whole", ONCE)
            .api([wire(head("") + USERS)])
            .succeeds(1),
        case("more than its length", ONCE)
            .api([wire(
                head("Connection: close\r\nContent-Length: 20\r\n") + USERS + "surplus",
            )])
            .succeeds(1)
            .shows(USERS),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_connections() {
    let reset = |bytes: String| wire_then(bytes, Piece::Reset);
    check_all(vec![
        case("closed without an answer", TWICE)
            .api([wire("")])
            .fails(0, "reset", "before an answer came")
            .asks(2),
        case("closed without an answer, then whole", "")
            .api([wire(""), wire(""), json(200, "{}")])
            .succeeds(1)
            .asks(3),
        case("reset before an answer", TWICE)
            .api([reset(String::new())])
            .fails(0, "reset", "before an answer came")
            .asks(2),
        case("reset in the headers", ONCE)
            .api([reset("HTTP/1.1 200 OK\r\nContent-Ty".to_owned())])
            .fails(0, "reset", ""),
        case("closed in the headers", ONCE)
            .api([wire("HTTP/1.1 200 OK\r\nContent-Ty")])
            .fails(0, "reset", ""),
        case("reset in the body", TWICE)
            .api([reset(head("Content-Length: 1000\r\n") + USERS)])
            .fails(0, "reset", "")
            .asks(2),
        case("not HTTP at all", ONCE)
            .api([wire("220 mail.example ESMTP\r\n")])
            .fails(0, "reset", "not HTTP"),
        case("TLS where HTTP is expected", ONCE)
            .api([wire(&b"\x15\x03\x01\x00\x02\x02\x16"[..])])
            .fails(0, "reset", "not HTTP"),
        case("a length that is no number", ONCE)
            .api([wire("HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n0123456789")])
            .fails(0, "reset", "not HTTP"),
        case("a length below nothing", ONCE)
            .api([wire("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}")])
            .fails(0, "reset", "not HTTP"),
        case("two lengths that differ", ONCE)
            .api([wire(
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
            )])
            .fails(0, "reset", "not HTTP"),
        case("a thousand headers", ONCE)
            .api([wire(head(&"X-A: b\r\n".repeat(1_000)) + "{}")])
            .fails(0, "too_large", "header is too large"),
        case("a header of a megabyte", ONCE)
            .api([wire(head(&format!("X-A: {}\r\n", "b".repeat(1 << 20))) + "{}")])
            .fails(0, "too_large", "header is too large"),
        case(
            "a name that does not resolve",
            "max_retries: 1\nurl: http://nowhere.invalid/data",
        )
        .fails(0, "dns", "nowhere.invalid")
        .asks(0),
        case(
            "a port where nothing listens",
            "max_retries: 1\nurl: http://127.0.0.1:9/data",
        )
        .fails(0, "connect", "refused")
        .asks(0),
        case("https where plain HTTP is spoken", "max_retries: 0")
            .config("base_url", "https://127.0.0.1:9")
            .fails(0, "connect", "")
            .asks(0),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_end() {
    check_all(vec![
        case("silent before an answer", "max_retries: 0\ntimeout: 1500ms")
            .api([wire_then("", Piece::Hang)])
            .fails(0, "timeout", "no answer within the step's `timeout` of 1.5s"),
        case("silent within the headers", "max_retries: 0\ntimeout: 1500ms")
            .api([wire_then("HTTP/1.1 200 OK\r\nX-", Piece::Hang)])
            .fails(0, "timeout", "no answer within"),
        case("headers that never end", "max_retries: 0\ntimeout: 20s")
            .api([wire_then(
                "HTTP/1.1 200 OK\r\n",
                Piece::Flood(b"X-Again: and again\r\n".repeat(50)),
            )])
            .fails(0, "too_large", "header is too large"),
        case("silent within the body", ONCE)
            .idle(700)
            .api([wire_then(head("Content-Length: 1000\r\n") + USERS, Piece::Hang)])
            .fails(0, "timeout", "the body stopped coming for 700ms"),
        case("silent within a chunk", TWICE)
            .idle(700)
            .api([wire_then(
                head("Transfer-Encoding: chunked\r\n") + "ff\r\n{",
                Piece::Hang,
            )])
            .fails(0, "timeout", "the body stopped coming")
            .asks(2),
        case("silent, then whole", "")
            .idle(700)
            .api([
                wire_then(head("Content-Length: 9\r\n") + "{", Piece::Hang),
                json(200, "{}"),
            ])
            .succeeds(1)
            .asks(2),
        case("dripping", "max_retries: 0\ntimeout: 1500ms")
            .api([wire_then(
                head("Content-Length: 100000\r\n"),
                Piece::Drip(b" ".to_vec()),
            )])
            .fails(0, "timeout", "not whole within the step's `timeout` of 1.5s"),
        case("dripping without a length", "max_retries: 0\ntimeout: 1500ms")
            .api([wire_then(head(""), Piece::Drip(b" ".to_vec()))])
            .fails(0, "timeout", "not whole within"),
        case("endless", "max_response_bytes: 64KiB")
            .api([wire_then(head(""), Piece::Flood(b"[1,2,3]".repeat(1_000)))])
            .fails(0, "too_large", "more than 65536 bytes"),
        case("endless in chunks", "max_response_bytes: 64KiB")
            .api([wire_then(
                head("Transfer-Encoding: chunked\r\n"),
                Piece::Flood(b"4\r\n[[[[\r\n".repeat(100)),
            )])
            .fails(0, "too_large", "more than 65536 bytes"),
        case("an endless error page", "max_response_bytes: 64KiB")
            .api([wire_then(
                "HTTP/1.1 500 No\r\n\r\n",
                Piece::Flood(b"no ".repeat(1_000)),
            )])
            .fails(0, "too_large", "more than 65536 bytes"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large() {
    let limit = 10 << 20;
    let text = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    let bomb = vec![b' '; 11 << 20];
    check_all(vec![
        case("ten mebibytes", "emit: false")
            .api([json(200, text(limit))])
            .succeeds(0),
        case("ten mebibytes and one byte", "")
            .api([json(200, text(limit + 1))])
            .fails(0, "too_large", "more than 10485760 bytes (`max_response_bytes`)"),
        case("just what is allowed", "max_response_bytes: 20B")
            .api([json(200, USERS)])
            .succeeds(1),
        case("one byte more than is allowed", "max_response_bytes: 19B")
            .api([json(200, USERS)])
            .fails(0, "too_large", "more than 19 bytes"),
        case(
            "too large is not retried",
            "max_response_bytes: 19B\nmax_retries: 5",
        )
        .api([json(200, USERS), json(200, "{}")])
        .fails(0, "too_large", ""),
        case("a length without such a body", "max_response_bytes: 1KiB")
            .api([wire(head("Content-Length: 9223372036854775000\r\n") + USERS)])
            .fails(0, "too_large", "more than 1024 bytes"),
        case("a gzip bomb", "")
            .api([gzipped(&bomb, 0)])
            .fails(0, "too_large", "more than 10485760 bytes"),
        case("a small bomb", "max_response_bytes: 1KiB")
            .api([gzipped(&bomb[..2048], 0)])
            .fails(0, "too_large", "more than 1024 bytes"),
        case("decoded bytes count", "max_response_bytes: 2KiB\nmax_retries: 0")
            .api([gzipped(&bomb[..2048], 0)])
            .fails(0, "parse", ""),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encoded() {
    let labelled = |label: &str| json(200, USERS).header("Content-Encoding", label);
    let garbled = |label: &str| {
        json(200, &b"\x1f\x8b\x08\x00garbage that is none"[..]).header("Content-Encoding", label)
    };
    let twice = |case: Case| case.asks(2);
    check_all(vec![
        case("gzip in the label only", ONCE)
            .api([labelled("gzip")])
            .succeeds(1)
            .shows(USERS),
        twice(case("gzip that is garbage", TWICE).api([garbled("gzip")]).fails(
            0,
            "decode",
            "cannot be decoded",
        )),
        case("a label nobody knows, on a plain body", ONCE)
            .api([labelled("rot13")])
            .succeeds(1)
            .shows(USERS),
        case("an encoding nobody knows", ONCE)
            .api([json(200, "{hfref").header("Content-Encoding", "rot13")])
            .fails(0, "parse", ""),
        case("identity", ONCE).api([labelled("identity")]).succeeds(1),
        case("br in the label only", ONCE)
            .api([labelled("br")])
            .succeeds(1)
            .shows(USERS),
        case("br that is garbage", ONCE)
            .api([json(200, &b"\xff\xff\xff\xff"[..]).header("Content-Encoding", "br")])
            .fails(0, "decode", "br"),
        case("garbage, then whole", "")
            .api([garbled("gzip"), json(200, "{}")])
            .succeeds(1)
            .asks(2),
    ])
    .await;
}
