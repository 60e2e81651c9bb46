//! Servers that do not answer, or not in HTTP; and requests that cannot be sent.

use std::time::Duration;

use orchid_engine::ports::{Header, HttpSettings};
use orchid_outbound::address::Egress;
use orchid_outbound::fetch::{Outbound, Patience};
use tokio::net::TcpListener;

use crate::server::{Act, Server, answer, send};
use crate::{get, outbound, outcome, shown};

#[tokio::test]
async fn what_is_not_an_answer() {
    let fields = |count: usize| "X-Field: v\r\n".repeat(count);
    let too_large =
        "too_large: http://HERE: the response's header is too large (more than 100 fields or 400 KiB)";
    for (acts, expected) in [
        (
            vec![Act::Close],
            "reset: http://HERE: the connection was closed before an answer came",
        ),
        (
            vec![Act::Reset],
            "reset: http://HERE: the connection was reset before an answer came",
        ),
        (
            vec![send("HTTP/1.1 200 OK\r\nContent-"), Act::Close],
            "reset: http://HERE: the connection was closed before an answer came",
        ),
        (
            vec![send("SSH-2.0-OpenSSH_9.6\r\n"), Act::Hang],
            "reset: http://HERE: what came is not HTTP: invalid HTTP version parsed",
        ),
        (
            vec![send(vec![0x15, 3, 1, 0, 2, 2, 70]), Act::Close],
            "reset: http://HERE: what came is not HTTP: invalid HTTP version parsed",
        ),
        (
            vec![send("<!doctype html>\r\n\r\n"), Act::Close],
            "reset: http://HERE: what came is not HTTP: invalid HTTP version parsed",
        ),
        (
            vec![send("HTTP/1.1 OK\r\n\r\n"), Act::Hang],
            "reset: http://HERE: what came is not HTTP: invalid HTTP status-code parsed",
        ),
        (
            vec![
                send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
                Act::Hang,
            ],
            "reset: http://HERE: what came is not HTTP: invalid content-length parsed",
        ),
        (
            vec![send("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), Act::Hang],
            "reset: http://HERE: what came is not HTTP: invalid content-length parsed",
        ),
        (
            vec![send("HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n"), Act::Hang],
            "reset: http://HERE: what came is not HTTP: invalid HTTP header parsed",
        ),
        (
            vec![send(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{}\r\n",
                fields(99)
            ))],
            "200 ``",
        ),
        (
            vec![
                send(format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n{}\r\n",
                    fields(100)
                )),
                Act::Hang,
            ],
            too_large,
        ),
        (
            vec![send("HTTP/1.1 200 OK\r\nX: "), Act::Repeat(vec![b'x'; 4096])],
            too_large,
        ),
        (
            vec![send("HTTP/1.1 200 OK\r\n"), Act::Repeat(b"X: y\r\n".to_vec())],
            too_large,
        ),
        (
            vec![Act::Repeat(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec())],
            "timeout: http://HERE: no answer within the step's `timeout` of 300ms",
        ),
    ] {
        let shown = format!("{acts:?}");
        let server = Server::playing(acts).await;
        let mut request = get(&server.url("/?token=s3cret"));
        if expected.starts_with("timeout") {
            request.timeout = Duration::from_millis(300);
        }
        assert_eq!(
            outcome(&outbound(), &request).await,
            expected,
            "after {}",
            &shown[..shown.len().min(200)]
        );
    }
}

#[tokio::test]
async fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!(
        "http://{}/secret-path?token=s3cret",
        listener.local_addr().expect("an address")
    );
    drop(listener);
    assert_eq!(
        outcome(&outbound(), &get(&url)).await,
        "connect: http://HERE: the connection was refused: nothing listens there"
    );

    let found = outcome(&outbound(), &get("http://no-such-name.invalid/p?token=s3cret")).await;
    assert!(
        found.starts_with("dns: http://HERE: the name HERE does not resolve ("),
        "{found}"
    );
}

#[tokio::test]
async fn connecting_is_bounded() {
    // Takes the connection and never says a word of TLS.
    let server = Server::playing(vec![Act::Hang]).await;
    let patience = Patience {
        connect: Duration::from_millis(40),
        idle: Duration::from_secs(20),
    };
    let outbound =
        Outbound::with_patience(Egress::local(), &HttpSettings::default(), patience).expect("a client");
    let request = get(&format!("https://{}/", server.address));
    assert_eq!(
        outcome(&outbound, &request).await,
        "timeout: https://HERE: no connection within 40ms"
    );
}

#[tokio::test]
async fn requests_that_are_not_sent() {
    let server = Server::playing(answer("200 OK", &[], "sent")).await;
    let header = |name: &str, value: &str| Header {
        name: name.into(),
        value: value.into(),
        secret: true,
    };
    let good = get(&server.url("/"));
    let with = |edit: &dyn Fn(&mut orchid_engine::ports::Outgoing)| {
        let mut request = good.clone();
        edit(&mut request);
        request
    };
    for (request, expected) in [
        (
            with(&|r| r.method = "GE T".into()),
            "definition: `GE T` is not an HTTP method",
        ),
        (
            with(&|r| r.method = String::new()),
            "definition: `` is not an HTTP method",
        ),
        (
            with(&|r| r.method = "GET / HTTP/1.1\r\nX: y".into()),
            "definition: `GET / HTTP/1.1\\r\\nX: y` is not an HTTP method",
        ),
        (
            with(&|r| r.headers.push(header("X Y", "s3cret"))),
            "definition: `X Y` is not the name of a header",
        ),
        (
            with(&|r| r.headers.push(header("X", "s3cret\r\nY: z"))),
            "definition: the value of the header `x` has a control character in it",
        ),
        (
            with(&|r| r.headers.push(header("X", "s3cret\0"))),
            "definition: the value of the header `x` has a control character in it",
        ),
        (
            get("ftp://example.com/"),
            "definition: `ftp:` URLs cannot be fetched: only http and https can",
        ),
        (
            get("file:///etc/passwd"),
            "definition: `file:` URLs cannot be fetched: only http and https can",
        ),
        (
            get("http://169.254.169.254/latest/meta-data"),
            "address: 169.254.169.254 is a cloud metadata address: such addresses are never contacted",
        ),
        (
            get("http://[::ffff:169.254.169.254]/"),
            "address: ::ffff:169.254.169.254 is a cloud metadata address: such addresses are never contacted",
        ),
    ] {
        assert_eq!(
            shown(&orchid_engine::ports::Fetch::fetch(&outbound(), &request).await),
            expected
        );
    }
    assert_eq!(server.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn a_shared_service_does_not_reach_its_own_machine() {
    let server = Server::playing(answer("200 OK", &[], "inside")).await;
    let outbound = Outbound::new(Egress::public(), &HttpSettings::default()).expect("a client");
    let port = server.address.port();
    for host in [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0x7f000001",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
    ] {
        let found = outcome(&outbound, &get(&format!("http://{host}:{port}/"))).await;
        assert!(found.starts_with("address: "), "{host}: {found}");
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn connections_are_used_again() {
    let server = Server::playing(answer("200 OK", &[], "abc")).await;
    let outbound = outbound();
    for _ in 0..5 {
        assert_eq!(outcome(&outbound, &get(&server.url("/"))).await, "200 `abc`");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_request_is_sent_once() {
    let server = Server::start(|_, _| vec![Act::Close]).await;
    let outbound = outbound();
    for sent in 1..=3 {
        let found = outcome(&outbound, &get(&server.url("/"))).await;
        assert_eq!(
            found,
            "reset: http://HERE: the connection was closed before an answer came"
        );
        assert_eq!(server.seen().len(), sent);
    }
}
