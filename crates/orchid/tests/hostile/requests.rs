//! Data that tries to become more than a value: in headers, paths and queries.

use orchid_engine::outcome::Outcome;

use crate::answer::json;
use crate::case::{Case, case, check_all};

/// A list of one item with this `id`, and a step that uses it.
fn using(id: &str, fields: &str) -> Case {
    let steps = format!("steps:\n  one:\n    iterate_over: parent.body\n    max_retries: 0\n    {fields}");
    case("using", &steps)
        .at("/data", [json(200, format!("[{{\"id\":{id}}}]"))])
        .at("/", [json(200, "{}")])
}

fn refused(case: Case, message: &'static str) -> Case {
    case.ends(Outcome::Partial, 1, &[("definition", message)])
}

fn header(id: &str) -> Case {
    using(
        id,
        "url: \"{base_url}/one\"\n    headers: { X-Id: \"${item.id}\" }",
    )
}

fn segment(id: &str) -> Case {
    using(
        id,
        "url: \"{base_url}/u/{id}/x\"\n    params: { id: \"${item.id}\" }",
    )
}

fn kept(id: &str) -> Case {
    using(
        id,
        "url: \"{base_url}/u/{+id}\"\n    params: { id: \"${item.id}\" }",
    )
}

fn query(id: &str) -> Case {
    using(id, "url: \"{base_url}/u\"\n    params: { id: \"${item.id}\" }")
}

fn sent(case: Case, line: &'static str) -> Case {
    case.succeeds(2).asks(2).sends(line)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers() {
    let control = "headers.X-Id: the value has a control character";
    check_all(vec![
        refused(header("\"a\\r\\nX-Evil: 1\""), control),
        refused(header("\"a\\nX-Evil: 1\""), control),
        refused(header("\"a\\rX-Evil: 1\""), control),
        refused(header("\"a\\u0000\""), control),
        refused(header("\"a\\u007f\""), control),
        refused(header("\"a\\u0085b\""), control),
        refused(header("{}"), "headers.X-Id"),
        refused(header("[1]"), "headers.X-Id"),
        header("null").succeeds(2).asks(2).never_sends("x-id"),
        sent(header("7"), "x-id: 7\r\n"),
        sent(header("1.10"), "x-id: 1.10\r\n"),
        sent(header("true"), "x-id: true\r\n"),
        sent(header("\"ä\""), "x-id: ä\r\n"),
        sent(header("\"a, b; c=\\\"d\\\"\""), "x-id: a, b; c=\"d\"\r\n"),
        refused(
            using(
                "\"GET /evil HTTP/1.1\"",
                "url: \"{base_url}/one\"\n    method: ${item.id}",
            ),
            "method: not a token",
        ),
        refused(
            using("\"\"", "url: \"{base_url}/one\"\n    method: ${item.id}"),
            "method",
        ),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths() {
    check_all(vec![
        refused(segment("\"\""), "empty"),
        refused(segment("null"), "empty"),
        refused(segment("\".\""), "would change the path"),
        refused(segment("\"..\""), "would change the path"),
        refused(segment("[]"), "id"),
        refused(segment("{}"), "id"),
        sent(segment("\"a/b\""), "GET /u/a%2Fb/x "),
        sent(segment("\"../../admin\""), "GET /u/..%2F..%2Fadmin/x "),
        sent(segment("\"%2e%2e\""), "GET /u/%252e%252e/x "),
        sent(segment("\"%2F\""), "GET /u/%252F/x "),
        sent(segment("\"a?b=c#d\""), "GET /u/a%3Fb%3Dc%23d/x "),
        sent(
            segment("\"a\\r\\nHost: evil\""),
            "GET /u/a%0D%0AHost%3A%20evil/x ",
        ),
        sent(segment("\"\\u0000\""), "GET /u/%00/x "),
        sent(segment("\"a\\\\b\""), "GET /u/a%5Cb/x "),
        sent(segment("\"a@b:c\""), "GET /u/a%40b%3Ac/x "),
        sent(segment("\"ä€😀\""), "GET /u/%C3%A4%E2%82%AC%F0%9F%98%80/x "),
        sent(segment("\"...\""), "GET /u/.../x "),
        sent(segment("\" \""), "GET /u/%20/x "),
        sent(segment("false"), "GET /u/false/x "),
        sent(segment("0"), "GET /u/0/x "),
        sent(kept("\"a/b c\""), "GET /u/a/b%20c "),
        refused(kept("\"a/../../b\""), "`.` or `..` in a path"),
        refused(kept("\"..\""), "`.` or `..` in a path"),
        refused(kept("\"\""), "empty"),
        sent(kept("\"%2e%2e/b\""), "GET /u/%252e%252e/b "),
        sent(kept("\"//evil.example\""), "GET /u/evil.example "),
        refused(kept("\"a/./b\""), "`.` or `..` in a path"),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries() {
    check_all(vec![
        sent(query("\"a&b=c\""), "GET /u?id=a%26b%3Dc "),
        sent(query("\"a#b\""), "GET /u?id=a%23b "),
        sent(query("\"a+b c\""), "GET /u?id=a%2Bb%20c "),
        sent(query("\"\\r\\n\""), "GET /u?id=%0D%0A "),
        sent(query("\"\""), "GET /u?id= "),
        sent(query("null"), "GET /u HTTP"),
        sent(query("[1,2]"), "GET /u?id=1&id=2 "),
        sent(query("[]"), "GET /u HTTP"),
        refused(query("{\"a\":1}"), "params.id"),
        refused(query("[[1]]"), "params.id"),
        sent(
            using("\"a&b=c\"", "url: \"{base_url}/u?q=${item.id}\""),
            "GET /u?q=a%26b%3Dc ",
        ),
        refused(
            using(
                "\"0123456789\"",
                "url: \"{base_url}/u\"\n    max_request_bytes: 10B\n    body: { a: \"${item.id}\" }",
            ),
            "max_request_bytes is 10",
        ),
    ])
    .await;
}
