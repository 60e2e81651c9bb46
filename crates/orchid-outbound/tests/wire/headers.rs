//! What goes out and what comes back besides the body.

use bytes::Bytes;
use orchid_engine::ports::{Fetch, Header, HttpSettings};
use orchid_outbound::address::Egress;
use orchid_outbound::fetch::Outbound;
use url::Url;

use crate::server::{Server, answer, send};
use crate::{get, outbound, outcome};

fn header(name: &str, value: &str) -> Header {
    Header {
        name: name.into(),
        value: value.into(),
        secret: false,
    }
}

#[tokio::test]
async fn a_request_as_it_is_sent() {
    let server = Server::playing(answer("200 OK", &[], "")).await;
    let mut request = get(&server.url("/a%20b?x=1&x=2&y=%C3%A9"));
    request.method = "POST".into();
    request.body = Some(Bytes::from_static(b"{}"));
    request.headers = vec![
        header("X-One", "1"),
        header("X-One", "é"),
        header("Content-Type", "application/json"),
        // The client's own business: these would break the message.
        header("Content-Length", "999"),
        header("Transfer-Encoding", "chunked"),
        header("Connection", "upgrade"),
    ];
    outbound().fetch(&request).await.expect("an answer");
    let seen = server
        .seen()
        .remove(0)
        .replace(&server.address.to_string(), "HERE");
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        "POST /a%20b?x=1&x=2&y=%C3%A9 HTTP/1.1\r\nx-one: 1\r\nx-one: é\r\ncontent-type: application/json\r\n\
         accept-encoding: gzip, deflate, br, zstd\r\naccept: */*\r\nuser-agent: orchid/{version}\r\nhost: HERE\r\n\
         content-length: 2\r\n\r\n{{}}"
    );
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines[1..].sort();
        lines
    };
    assert_eq!(sorted(&seen), sorted(&expected));
}

#[tokio::test]
async fn an_authors_headers_win() {
    let server = Server::playing(answer("200 OK", &[], "")).await;
    let settings = HttpSettings {
        user_agent: Some("acme/1".into()),
        ..HttpSettings::default()
    };
    let outbound = Outbound::new(Egress::local(), &settings).expect("a client");
    let mut request = get(&server.url("/"));
    request.headers = vec![
        header("Accept", "text/csv"),
        header("Accept-Encoding", "identity"),
        header("Host", "api.example"),
    ];
    outbound.fetch(&request).await.expect("an answer");
    let seen = server.seen().remove(0);
    for line in [
        "user-agent: acme/1",
        "accept: text/csv",
        "accept-encoding: identity",
        "host: api.example",
    ] {
        let name = line.split(':').next().expect("a name");
        let found: Vec<&str> = seen
            .lines()
            .filter(|found| found.starts_with(&format!("{name}:")))
            .collect();
        assert_eq!(found, [line], "in {seen}");
    }
}

#[tokio::test]
async fn headers_come_back_as_they_were() {
    let head = b"HTTP/1.1 200 OK\r\nX-B: 1\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-A:  \r\nX-Latin: caf\xe9\r\nContent-Length: 0\r\n\r\n";
    let server = Server::playing(vec![send(*head)]).await;
    let reply = outbound().fetch(&get(&server.url("/"))).await.expect("an answer");
    let found: Vec<(&str, &[u8])> = reply
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), &value[..]))
        .collect();
    let expected: [(&str, &[u8]); 6] = [
        ("x-b", b"1"),
        ("set-cookie", b"a=1"),
        ("set-cookie", b"b=2"),
        ("x-a", b""),
        ("x-latin", b"caf\xe9"),
        ("content-length", b"0"),
    ];
    assert_eq!(found, expected);
    assert_eq!(reply.peer, Some(server.address));
    assert_eq!(reply.url.as_str(), server.url("/"));
}

#[tokio::test]
async fn a_proxy_is_asked_instead() {
    let proxy = Server::playing(answer("200 OK", &[], "from the proxy")).await;
    let url = format!("http://user:pa%20ss@{}/", proxy.address);
    let settings = HttpSettings {
        proxy: Some(Url::parse(&url).expect("a URL")),
        ..HttpSettings::default()
    };
    let outbound = Outbound::new(Egress::local(), &settings).expect("a client");
    assert_eq!(
        outcome(&outbound, &get("http://far.example/x?y")).await,
        "200 `from the proxy`"
    );
    let seen = proxy.seen().remove(0);
    assert!(
        seen.starts_with("GET http://far.example/x?y HTTP/1.1\r\n"),
        "{seen}"
    );
    assert!(
        seen.contains("proxy-authorization: Basic dXNlcjpwYSBzcw==\r\n"),
        "{seen}"
    );
}

#[tokio::test]
async fn settings_that_are_wrong_say_which() {
    let with = |edit: &dyn Fn(&mut HttpSettings)| {
        let mut settings = HttpSettings::default();
        edit(&mut settings);
        settings
    };
    let proxy = |url: &str| Some(Url::parse(url).expect("a URL"));
    for (settings, expected) in [
        (
            with(&|s| s.ca = Some("s3cret".into())),
            "definition: `http.ca`: there is no certificate in this PEM (`-----BEGIN CERTIFICATE-----`)",
        ),
        (
            with(&|s| s.ca = Some("-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----".into())),
            "definition: `http.ca`: this is not valid PEM",
        ),
        (
            with(&|s| s.ca = Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----".into())),
            "definition: `http.ca`: ",
        ),
        (
            with(&|s| s.client_identity = Some("s3cret".into())),
            "definition: `http.client_cert`: there is no certificate in this PEM (`-----BEGIN CERTIFICATE-----`)",
        ),
        (
            with(&|s| {
                s.client_identity =
                    Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----".into());
            }),
            "definition: `http.client_key`: this is no private key in PEM (PKCS #8, PKCS #1 or SEC 1)",
        ),
        (
            with(&|s| s.proxy = proxy("socks5://u:s3cret@example.com/")),
            "definition: `http.proxy`: a proxy is an http or https URL, not `socks5:`",
        ),
        (
            with(&|s| s.proxy = proxy("http://u:s3cret@10.0.0.1/")),
            "address: `http.proxy`: 10.0.0.1 is a private address: the operator of this service has to allow it (ORCHID_EGRESS_ALLOW)",
        ),
        (
            with(&|s| s.user_agent = Some("s3cret\r\nX: y".into())),
            "definition: `http`: the client cannot be made with these settings: ",
        ),
    ] {
        let Err(fault) = Outbound::new(Egress::public(), &settings) else {
            panic!("no error: {expected}")
        };
        let found = fault.to_string();
        assert!(
            found.starts_with(expected) && !found.contains("s3cret"),
            "found {found}\nexpected {expected}"
        );
    }
}
