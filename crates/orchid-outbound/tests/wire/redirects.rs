//! Redirects between real servers: what is sent where.

use std::sync::Arc;

use bytes::Bytes;
use orchid_engine::ports::{Fetch, Header, Outgoing};

use crate::server::{Act, Server, answer};
use crate::{get, outbound, outcome};

/// Redirects `/3` to `/2` to `/1` to `/0`, which answers.
fn countdown(request: &str, status: &str) -> Vec<Act> {
    let path = request.split(' ').nth(1).unwrap_or_default();
    match path.trim_start_matches('/').parse::<u32>() {
        Ok(0) | Err(_) => answer("200 OK", &[], path),
        Ok(left) => answer(status, &[&format!("Location: {}", left - 1)], "moved"),
    }
}

fn with_credentials(url: &str) -> Outgoing {
    let mut request = get(url);
    let header = |name: &str, secret| Header {
        name: name.into(),
        value: "s3cret".into(),
        secret,
    };
    request.headers = vec![
        header("Authorization", false),
        header("Cookie", false),
        header("X-Api-Key", true),
        header("X-Plain", false),
    ];
    request
}

/// Names of the headers of interest in a request, and its query.
fn carried(request: &str) -> String {
    let target = request.split(' ').nth(1).unwrap_or_default();
    let names = ["authorization", "cookie", "x-api-key", "x-plain"];
    let found: Vec<&str> = names
        .into_iter()
        .filter(|name| request.contains(&format!("\r\n{name}: ")))
        .collect();
    format!("{target} {}", found.join(" "))
}

#[tokio::test]
async fn they_are_followed_so_many_times() {
    let server = Server::start(|request, _| countdown(request, "302 Found")).await;
    let too_many = "302 redirect: http://HERE redirects once more after 2 redirects: `http.redirects` allows no more; ``";
    for (redirects, expected) in [
        (10, "200 `/0`"),
        (3, "200 `/0`"),
        (2, too_many),
        (0, "302 `moved`"),
    ] {
        let mut request = get(&server.url("/3"));
        request.redirects = redirects;
        assert_eq!(outcome(&outbound(), &request).await, expected, "with {redirects}");
    }
    let reply = outbound()
        .fetch(&get(&server.url("/3")))
        .await
        .expect("an answer");
    assert_eq!(reply.url.as_str(), server.url("/0"));
    assert_eq!(
        server.connections(),
        5,
        "one for each client: redirects keep their connection"
    );
}

#[tokio::test]
async fn places_nobody_goes_to() {
    for (location, expected) in [
        (
            "/",
            "302 redirect: http://HERE redirects in a circle: back to a URL that has been asked already; ``",
        ),
        (
            "/#fragment",
            "302 redirect: http://HERE redirects in a circle: back to a URL that has been asked already; ``",
        ),
        (
            "ftp://example.com/",
            "302 redirect: http://HERE redirects to a place that is no web page (`ftp:`); ``",
        ),
        (
            "javascript:alert(1)",
            "302 redirect: http://HERE redirects to a place that is no web page (`javascript:`); ``",
        ),
        (
            "file:///etc/passwd",
            "302 redirect: http://HERE redirects to a place that is no web page (`file:`); ``",
        ),
        (
            "http://",
            "302 redirect: http://HERE redirects to a place that is no URL (empty host); ``",
        ),
        (
            "http://u:p@127.0.0.1/",
            "302 redirect: http://HERE redirects to a place that is refused because its URL holds a user or a password; ``",
        ),
        (
            "http://169.254.169.254/latest",
            "302 address: http://HERE redirects where it must not: 169.254.169.254 is a cloud metadata address: such addresses are never contacted; ``",
        ),
        (
            "http://[fe80::1]/",
            "302 address: http://HERE redirects where it must not: fe80::1 is a link-local address: such addresses are never contacted; ``",
        ),
    ] {
        let server = Server::playing(answer("302 Found", &[&format!("Location: {location}")], "moved")).await;
        assert_eq!(
            outcome(&outbound(), &get(&server.url("/"))).await,
            expected,
            "to {location}"
        );
    }
    for status in ["300 Many", "304 Not Modified", "305 Use Proxy", "302 Found"] {
        let location: &[&str] = if status.starts_with("302") {
            &[]
        } else {
            &["Location: /x"]
        };
        let server = Server::playing(answer(status, location, "")).await;
        let found = outcome(&outbound(), &get(&server.url("/"))).await;
        assert_eq!(found, format!("{} ``", &status[..3]));
    }
}

#[tokio::test]
async fn an_endless_redirect_page_holds_nobody_up() {
    let server = Server::start(|request, _| {
        if request.starts_with("GET /0") {
            return answer("200 OK", &[], "done");
        }
        let head = "HTTP/1.1 302 Found\r\nLocation: /0\r\nTransfer-Encoding: chunked\r\n\r\n";
        vec![crate::server::send(head), Act::Repeat(b"3\r\nabc\r\n".to_vec())]
    })
    .await;
    assert_eq!(outcome(&outbound(), &get(&server.url("/"))).await, "200 `done`");
}

#[tokio::test]
async fn methods_and_bodies() {
    for (method, status, expected) in [
        ("POST", "301 Moved", "GET /0 -"),
        ("POST", "302 Found", "GET /0 -"),
        ("POST", "303 See Other", "GET /0 -"),
        ("POST", "307 Temporary", "POST /0 {}"),
        ("POST", "308 Permanent", "POST /0 {}"),
        ("PUT", "301 Moved", "PUT /0 {}"),
        ("PUT", "302 Found", "PUT /0 {}"),
        ("PUT", "303 See Other", "GET /0 -"),
        ("DELETE", "303 See Other", "GET /0 -"),
        ("HEAD", "303 See Other", "HEAD /0 {}"),
        ("GET", "302 Found", "GET /0 {}"),
    ] {
        let server = Server::start(move |request, _| {
            let mut acts = countdown(request, status);
            if request.starts_with("HEAD")
                && let Act::Send(bytes) = &mut acts[0]
            {
                let end = bytes
                    .windows(4)
                    .position(|window| window == b"\r\n\r\n")
                    .expect("a head")
                    + 4;
                bytes.truncate(end);
            }
            acts
        })
        .await;
        let mut request = get(&server.url("/1"));
        request.method = method.into();
        request.body = Some(Bytes::from_static(b"{}"));
        request.headers = vec![Header {
            name: "Content-Type".into(),
            value: "application/json".into(),
            secret: false,
        }];
        outbound().fetch(&request).await.expect("an answer");
        let last = server.seen().pop().expect("a request");
        let (head, body) = last.split_once("\r\n\r\n").expect("a head");
        let sent = head.split(" HTTP").next().expect("a line");
        let body = if body.is_empty() { "-" } else { body };
        assert_eq!(format!("{sent} {body}"), expected, "{method} and {status}");
        assert_eq!(
            head.contains("content-type"),
            body == "{}",
            "{method} and {status}: {head}"
        );
    }
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    let all = "authorization cookie x-api-key x-plain";
    let far = Server::playing(answer("200 OK", &[], "far")).await;
    let far_host = far.address.to_string();
    let target = far.url("/far?key=s3cret&page=1");
    let near = Server::start(move |request, _| {
        if request.starts_with("GET /far") {
            answer("302 Found", &[&format!("Location: {target}")], "")
        } else {
            answer("302 Found", &["Location: /far"], "")
        }
    })
    .await;
    for (allowed, secret_query, expected) in [
        (vec![], false, "/far?key=s3cret&page=1 x-plain".to_owned()),
        (vec![], true, "/far?page=1 x-plain".into()),
        (
            vec![far_host.clone()],
            true,
            format!("/far?key=s3cret&page=1 {all}"),
        ),
        (vec!["127.0.0.1".to_owned()], true, "/far?page=1 x-plain".into()),
        (
            vec!["other.example".to_owned()],
            false,
            "/far?key=s3cret&page=1 x-plain".into(),
        ),
    ] {
        let mut request = with_credentials(&near.url("/start?key=s3cret"));
        request.allowed_hosts = Arc::from(allowed.clone());
        request.secret_query = secret_query;
        let found = outcome(&outbound(), &request).await;
        assert_eq!(found, "200 `far`", "{allowed:?}");
        assert_eq!(
            carried(&far.seen().pop().expect("a request")),
            expected,
            "{allowed:?}"
        );
        assert_eq!(
            carried(&near.seen().pop().expect("a request")),
            format!("/far {all}"),
            "{allowed:?}"
        );
    }
}

#[tokio::test]
async fn what_was_dropped_stays_dropped() {
    // Away and back: the other server must not choose what the credentials are used for.
    let far = Server::start(|request, _| {
        let back = request
            .split("back=")
            .nth(1)
            .and_then(|rest| rest.split(' ').next())
            .unwrap_or_default();
        answer(
            "302 Found",
            &[&format!("Location: http://{back}/delete-everything")],
            "",
        )
    })
    .await;
    let away = far.address;
    let near = Server::start(move |request, here| {
        if request.starts_with("GET /start") {
            return answer(
                "302 Found",
                &[&format!("Location: http://{away}/?back={here}")],
                "",
            );
        }
        answer("200 OK", &[], "back")
    })
    .await;
    assert_eq!(
        outcome(&outbound(), &with_credentials(&near.url("/start"))).await,
        "200 `back`"
    );
    assert_eq!(
        carried(&near.seen().pop().expect("a request")),
        "/delete-everything x-plain"
    );
}

#[tokio::test]
async fn a_body_with_a_credential_is_not_sent_elsewhere() {
    let far = Server::playing(answer("200 OK", &[], "far")).await;
    let target = far.url("/token");
    for (status, secret_body, expected) in [
        (
            "307 Temporary",
            true,
            "307 redirect: http://HERE redirects to http://FAR, and the body carries a credential, which goes to the first origin only (`http.allowed_hosts` can name others); ``",
        ),
        ("307 Temporary", false, "200 `far`"),
        ("302 Found", true, "200 `far`"),
    ] {
        let near = Server::playing(answer(status, &[&format!("Location: {target}")], "")).await;
        let mut request = get(&near.url("/token"));
        request.method = "POST".into();
        request.body = Some(Bytes::from_static(b"client_secret=s3cret"));
        request.secret_body = secret_body;
        let found = outcome(&outbound(), &request)
            .await
            .replace(&far.address.to_string(), "FAR");
        assert_eq!(found, expected, "{status}");
    }
    assert_eq!(
        far.seen()
            .iter()
            .filter(|request| request.contains("s3cret"))
            .count(),
        1
    );
}

#[tokio::test]
async fn a_host_header_is_for_the_first_host() {
    let far = Server::playing(answer("200 OK", &[], "far")).await;
    let target = far.url("/");
    let near = Server::playing(answer("302 Found", &[&format!("Location: {target}")], "")).await;
    let mut request = get(&near.url("/"));
    request.headers = vec![Header {
        name: "Host".into(),
        value: "api.example".into(),
        secret: false,
    }];
    assert_eq!(outcome(&outbound(), &request).await, "200 `far`");
    assert!(near.seen()[0].contains("host: api.example\r\n"));
    assert!(far.seen()[0].contains(&format!("host: {}\r\n", far.address)));
}
