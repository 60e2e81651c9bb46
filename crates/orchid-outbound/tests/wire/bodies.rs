//! Bodies: too long, too short, endless, dripping, and in every encoding.

use std::io::Write;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::server::{Act, Server, answer, send};
use crate::{get, outbound, outcome, patient};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).expect("into memory");
    encoder.finish().expect("into memory")
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).expect("into memory");
    encoder.finish().expect("into memory")
}

fn deflate(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text).expect("into memory");
    encoder.finish().expect("into memory")
}

async fn encoded(text: &[u8], encoding: &str) -> Vec<u8> {
    use async_compression::tokio::write::{BrotliEncoder, ZstdEncoder};
    use tokio::io::AsyncWriteExt;
    match encoding {
        "br" => {
            let mut encoder = BrotliEncoder::new(Vec::new());
            encoder.write_all(text).await.expect("into memory");
            encoder.shutdown().await.expect("into memory");
            encoder.into_inner()
        }
        _ => {
            let mut encoder = ZstdEncoder::new(Vec::new());
            encoder.write_all(text).await.expect("into memory");
            encoder.shutdown().await.expect("into memory");
            encoder.into_inner()
        }
    }
}

/// The server's acts, and what comes of a GET that takes up to 1000 bytes.
async fn check(acts: Vec<Act>, expected: &str) {
    let server = Server::playing(acts.clone()).await;
    let found = outcome(&outbound(), &get(&server.url("/"))).await;
    let shown = format!("{acts:?}");
    assert_eq!(found, expected, "after {}", &shown[..shown.len().min(300)]);
}

#[tokio::test]
async fn lengths() {
    let head = |headers: &str| send(format!("HTTP/1.1 200 OK\r\n{headers}\r\n"));
    let chunk = |text: &str| send(format!("{:x}\r\n{text}\r\n", text.len()));
    let thousand = "x".repeat(1000);
    let closed = "200 truncated: http://HERE: the connection was closed before the body was whole; `abc`";
    let too_large = "200 too_large: http://HERE: the body has more than 1000 bytes (`max_response_bytes`)";
    for (acts, expected) in [
        (answer("200 OK", &[], "abc"), "200 `abc`".to_owned()),
        (answer("200 OK", &[], ""), "200 ``".into()),
        (answer("500 Oh", &[], "abc"), "500 `abc`".into()),
        (answer("200 OK", &[], &thousand), "200 1000 bytes".into()),
        (answer("200 OK", &[], thousand.clone() + "x"), format!("{too_large}; ``")),
        (vec![head("Content-Length: 999999999999\r\n"), Act::Hang], format!("{too_large}; ``")),
        (vec![head("Content-Length: 4\r\n"), send("abc"), Act::Close], closed.into()),
        (vec![head("Content-Length: 4\r\n"), Act::Close], closed.replace("abc", "")),
        (vec![head("Transfer-Encoding: chunked\r\n"), chunk("abc"), chunk("")], "200 `abc`".into()),
        (vec![head("Transfer-Encoding: chunked\r\n"), chunk("abc"), Act::Close], closed.into()),
        (vec![head("Transfer-Encoding: chunked\r\n"), send("9\r\nabc"), Act::Close], closed.into()),
        (
            vec![head("Transfer-Encoding: chunked\r\n"), chunk("abc"), send("zz\r\n"), Act::Hang],
            "200 reset: http://HERE: what came is not HTTP: Invalid chunk size line: missing size digit; `abc`".into(),
        ),
        (vec![head("Transfer-Encoding: chunked\r\n"), chunk(&thousand), chunk("x"), Act::Hang], format!("{too_large}; 1000 bytes")),
        (vec![head("Transfer-Encoding: chunked\r\n"), Act::Repeat(b"3\r\nabc\r\n".to_vec())], format!("{too_large}; 1000 bytes")),
        (vec![head("Connection: close\r\n"), send("abc"), Act::Close], "200 `abc`".into()),
        (vec![head("Connection: close\r\n"), Act::Repeat(vec![b'x'; 4096])], format!("{too_large}; 1000 bytes")),
        (vec![send("HTTP/1.0 200 OK\r\n\r\nabc"), Act::Close], "200 `abc`".into()),
        (vec![send("HTTP/1.1 204 No Content\r\n\r\n")], "204 ``".into()),
        (vec![send("HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n")], "304 ``".into()),
        (vec![send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"), answer("200 OK", &[], "abc").remove(0)], "200 `abc`".into()),
    ] {
        check(acts, &expected).await;
    }
}

#[tokio::test]
async fn a_reset_in_the_middle_keeps_what_came() {
    // One byte first: what follows is sent when the client has certainly read the head.
    let server = Server::playing(vec![
        send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"),
        Act::Reset,
    ])
    .await;
    let found = outcome(&outbound(), &get(&server.url("/"))).await;
    let either = [
        "200 reset: http://HERE: the connection was reset in the middle of the body; ``",
        "reset: http://HERE: the connection was reset before an answer came",
    ];
    assert!(either.contains(&found.as_str()), "{found}");
}

#[tokio::test]
async fn an_answer_to_head_has_a_length_and_no_body() {
    let server = Server::playing(vec![send(
        "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nContent-Encoding: gzip\r\n\r\n",
    )])
    .await;
    let mut request = get(&server.url("/"));
    request.method = "HEAD".into();
    assert_eq!(outcome(&outbound(), &request).await, "200 ``");
}

#[tokio::test]
async fn time_is_bounded_between_pieces_and_as_a_whole() {
    let head = || send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n");
    let (short, long) = (Duration::from_millis(40), Duration::from_secs(20));
    for (acts, idle, timeout, expected) in [
        (
            vec![head(), send("abc"), Act::Hang],
            short,
            long,
            "200 timeout: http://HERE: the body stopped coming for 40ms; `abc`",
        ),
        (
            vec![head(), Act::Hang],
            short,
            long,
            "200 timeout: http://HERE: the body stopped coming for 40ms; ``",
        ),
        (
            vec![head(), send("abc"), Act::Hang],
            long,
            short,
            "200 timeout: http://HERE: the body was not whole within the step's `timeout` of 40ms; `abc`",
        ),
        (
            vec![Act::Hang],
            long,
            short,
            "timeout: http://HERE: no answer within the step's `timeout` of 40ms",
        ),
        (
            vec![send("HTTP/1.1 20"), Act::Hang],
            long,
            short,
            "timeout: http://HERE: no answer within the step's `timeout` of 40ms",
        ),
    ] {
        let server = Server::playing(acts.clone()).await;
        let mut request = get(&server.url("/"));
        request.timeout = timeout;
        assert_eq!(
            outcome(&patient(idle), &request).await,
            expected,
            "after {acts:?}"
        );
    }
    // Never silent for long, and never done.
    let server = Server::playing(vec![head(), Act::Drip(Duration::from_millis(5))]).await;
    let mut request = get(&server.url("/"));
    request.timeout = Duration::from_millis(120);
    let found = outcome(&patient(Duration::from_secs(20)), &request).await;
    assert!(
        found.starts_with(
            "200 timeout: http://HERE: the body was not whole within the step's `timeout` of 120ms; `."
        ),
        "{found}"
    );
}

#[tokio::test]
async fn encodings() {
    let text = br#"{"name": "orchid", "list": [1, 2, 3]}"#;
    let plain = format!("200 `{}`", String::from_utf8_lossy(text));
    let twice = gzip(&gzip(text));
    let members = [gzip(&text[..9]), gzip(&text[9..])].concat();
    let (br, zstd) = (encoded(text, "br").await, encoded(text, "zstd").await);
    for (label, body, expected) in [
        ("gzip", gzip(text), plain.as_str()),
        ("x-gzip", gzip(text), &plain),
        ("GZIP", gzip(text), &plain),
        ("deflate", zlib(text), &plain),
        ("deflate", deflate(text), &plain),
        ("br", br.clone(), &plain),
        ("zstd", zstd.clone(), &plain),
        ("gzip, gzip", twice.clone(), &plain),
        ("br, gzip", gzip(&br), &plain),
        ("identity", text.to_vec(), &plain),
        ("", text.to_vec(), &plain),
        ("gzip", members, &plain),
        // Labels that are wrong.
        ("gzip", text.to_vec(), &plain),
        ("zstd", text.to_vec(), &plain),
        ("br", text.to_vec(), &plain),
        ("deflate", text.to_vec(), &plain),
        ("utf-8", text.to_vec(), &plain),
        ("utf-8", gzip(text), &plain),
        ("br", gzip(text), &plain),
        ("gzip", zstd.clone(), &plain),
        // Empty bodies have no encoding.
        ("gzip", Vec::new(), "200 ``"),
        ("br", Vec::new(), "200 ``"),
        // Broken ones.
        (
            "gzip",
            gzip(text)[..30].to_vec(),
            "200 truncated: http://HERE: the body ends in the middle of its gzip encoding; ",
        ),
        (
            "deflate",
            zlib(text)[..20].to_vec(),
            "200 truncated: http://HERE: the body ends in the middle of its deflate encoding; ",
        ),
        (
            "br",
            br[..br.len() - 4].to_vec(),
            "200 truncated: http://HERE: the body ends in the middle of its br encoding; ",
        ),
        (
            "zstd",
            zstd[..zstd.len() - 4].to_vec(),
            "200 truncated: http://HERE: the body ends in the middle of its zstd encoding; ",
        ),
        (
            "gzip",
            vec![0x1f, 0x8b, 8],
            "200 truncated: http://HERE: the body ends in the middle of its gzip encoding; ``",
        ),
        (
            "gzip",
            [&gzip(text)[..10], &[0x07; 30]].concat(),
            "200 decode: http://HERE: the body cannot be decoded: it is not valid gzip (",
        ),
        (
            "gzip,gzip,gzip,gzip,gzip",
            text.to_vec(),
            "200 decode: http://HERE: the body cannot be decoded: it has 5 content encodings on top of each other; ``",
        ),
    ] {
        let server = Server::playing(answer("200 OK", &[&format!("Content-Encoding: {label}")], &body)).await;
        let found = outcome(&outbound(), &get(&server.url("/"))).await;
        let matches = if expected.ends_with('`') {
            found == expected
        } else {
            found.starts_with(expected)
        };
        assert!(
            matches,
            "{label} with {body:02x?}\n  found    {found}\n  expected {expected}"
        );
    }
}

#[tokio::test]
async fn a_file_that_is_compressed_itself_is_left_alone() {
    let file = gzip(b"text");
    let server = Server::playing(answer("200 OK", &["Content-Type: application/gzip"], &file)).await;
    let reply = orchid_engine::ports::Fetch::fetch(&outbound(), &get(&server.url("/")))
        .await
        .expect("an answer");
    assert_eq!(reply.body.expect("a body"), file);
}

#[tokio::test]
async fn bombs_stop_early() {
    let zeros = vec![0; 4 << 20];
    let limit =
        "200 too_large: http://HERE: the body has more than 1000 bytes (`max_response_bytes`); 1000 bytes";
    let head = |label: &str| {
        send(format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: {label}\r\nConnection: close\r\n\r\n"
        ))
    };
    let cases = [
        ("gzip", gzip(&zeros)),
        ("deflate", zlib(&zeros)),
        ("br", encoded(&zeros, "br").await),
        ("zstd", encoded(&zeros, "zstd").await),
    ];
    for (label, bomb) in cases {
        // It goes on for ever; whoever reads it to its end never returns.
        check(vec![head(label), send(bomb), Act::Repeat(vec![0; 4096])], limit).await;
    }
    let nested = gzip(&gzip(&vec![0; 4 << 20]));
    check(vec![head("gzip, gzip"), send(nested), Act::Hang], limit).await;
}
