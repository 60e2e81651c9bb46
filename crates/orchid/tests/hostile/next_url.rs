//! `next_url` from a hostile response.

use orchid_engine::outcome::Outcome;

use crate::answer::{json, to};
use crate::case::{Case, case, check_all};

const NEXT: &str = "next_url: response.body.next";

/// A first page whose next link is this JSON.
fn page(next: &str) -> Case {
    case("next", NEXT).at("/data", [json(200, format!("{{\"next\":{next}}}"))])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links() {
    let last = || [json(200, r#"{"next":null,"last":true}"#)];
    check_all(vec![
        page("null").succeeds(1),
        page("\"\"").succeeds(1),
        page("false").succeeds(1),
        page("[]").succeeds(1),
        page("{}").succeeds(1),
        page("7").fails(1, "expression", "gives number, not text"),
        page("true").fails(1, "expression", "not text"),
        page("[\"/b\"]").fails(1, "expression", "gives array, not text"),
        page("{\"href\":\"/b\"}").fails(1, "expression", "gives object, not text"),
        page("\"/b?page=2\"")
            .at("/b", last())
            .succeeds(2)
            .asks(2)
            .sends("GET /b?page=2 "),
        page("\"b\"")
            .at("/b", last())
            .succeeds(2)
            .asks(2)
            .sends("GET /b "),
        page("\"?page=2\"")
            .succeeds(2)
            .at("/b", last())
            .fails(2, "no_progress", "")
            .asks(3),
        page("\"  /b  \"").at("/b", last()).succeeds(2).asks(2),
        page("\"/b#fragment\"")
            .at("/b", last())
            .succeeds(2)
            .asks(2)
            .sends("GET /b HTTP"),
        page("\"{api}/b\"")
            .at("/b", last())
            .succeeds(2)
            .asks(2)
            .sends("authorization: Bearer S3CR3T"),
        page("\"{other}/b\"").fails(1, "redirect", "http.allowed_hosts"),
        page("\"//169.254.169.254/b\"").fails(1, "redirect", "169.254.169.254"),
        page("\"//evil.example/b\"").fails(1, "redirect", "evil.example"),
        page("\"http://user:pass@evil.example/\"").fails(1, "redirect", "evil.example"),
        page("\"file:///etc/passwd\"").fails(1, "definition", "`file`"),
        page("\"javascript:alert(1)\"").fails(1, "definition", "`javascript`"),
        page("\"http://[::1\"").fails(1, "definition", "not a URL"),
        page("\"http://\"").fails(1, "definition", "not a URL"),
        page("\"/b\\r\\nX-Evil: 1\"")
            .at("/b", last())
            .succeeds(2)
            .asks(2)
            .never_sends("\r\nx-evil"),
        page("\"/b?a=\\u0000x\"")
            .at("/b", last())
            .succeeds(2)
            .asks(2)
            .sends("GET /b?a=%00x "),
        page("\"/b?ä=ö\"")
            .at("/b", last())
            .succeeds(2)
            .asks(2)
            .sends("GET /b?%C3%A4=%C3%B6 "),
        page("\"/../../b\"")
            .at("/b", last())
            .succeeds(2)
            .asks(2)
            .sends("GET /b "),
        page("\"\\\\\\\\evil.example\\\\b\"").fails(1, "redirect", "evil.example"),
        case("userinfo at the own origin", NEXT)
            .at(
                "/data",
                [json(200, r#"{"next":"http://user:pass@127.0.0.1:1/"}"#)],
            )
            .fails(1, "redirect", ""),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_progress_and_more() {
    check_all(vec![
        case("the same page for ever", NEXT)
            .api([json(200, r#"{"next":"/b"}"#)])
            .fails(2, "no_progress", "repeats itself")
            .asks(3),
        case("two pages that name each other", NEXT)
            .at("/a", [json(200, r#"{"next":"/b"}"#)])
            .at("/b", [json(200, r#"{"next":"/a"}"#)])
            .at("/data", [json(200, r#"{"next":"/a"}"#)])
            .fails(5, "no_progress", "")
            .asks(6),
        case(
            "ever another page",
            "next_url: response.body.next\nmax_iterations: 3",
        )
        .api([
            json(200, r#"{"next":"/1"}"#),
            json(200, r#"{"next":"/2"}"#),
            json(200, r#"{"next":"/3"}"#),
            json(200, r#"{"next":"/4"}"#),
        ])
        .fails(3, "loop_limit", "max_iterations")
        .asks(3),
        case("a page that comes by a redirect to elsewhere", NEXT)
            .at("/data", [json(200, r#"{"next":"/b"}"#)])
            .at("/b", [to(302, "{other}/c")])
            .other([json(200, r#"{"next":"/d"}"#)])
            .fails(2, "redirect", "leads to")
            .asks(2)
            .asks_other(1),
        case(
            "an error page in the middle",
            "next_url: response.body.next\nmax_retries: 0",
        )
        .at("/data", [json(200, r#"{"next":"/b"}"#)])
        .at("/b", [json(500, r#"{"next":"/c"}"#)])
        .fails(1, "status", "500")
        .asks(2),
        case(
            "a skipped page goes on",
            "next_url: response.body.next\nskip_when: response.status_code == 404",
        )
        .at("/data", [json(200, r#"{"next":"/b"}"#)])
        .at("/b", [json(404, r#"{"next":"/c"}"#)])
        .at("/c", [json(200, "{}")])
        .succeeds(2)
        .asks(3),
        case(
            "a page that aborts",
            "next_url: response.body.next\nabort_when: response.status_code == 401\nrefresh_when: false",
        )
        .at("/data", [json(200, r#"{"next":"/b"}"#)])
        .at("/b", [json(401, "{}")])
        .ends(Outcome::Aborted, 1, &[("aborted", "401")])
        .asks(2),
        case("a link header that is broken", "next_url: response.links.next")
            .api([json(200, "{}").header("Link", "<<<>;;; rel=,")])
            .succeeds(1),
        case(
            "a function refuses what the page holds",
            "next_url: to_number(response.body.next)",
        )
        .api([json(200, r#"{"next":"x"}"#)])
        .succeeds(1),
    ])
    .await;
}
