//! Section 5 and 6: loops, their variables and their ends.

use std::time::Duration;

use orchid_engine::outcome::Outcome;
use orchid_testkit::api::{Answer, Asked, json};

use crate::{plan, ran};

/// Runs a loop against answers in order and shows requests and fault.
async fn check(fields: &str, answers: &[Answer], expected_lines: &[&str], expected_fault: &str) {
    let script = answers.to_vec();
    let ran = ran(plan(fields), move |_, n| script[n.min(script.len() - 1)].clone()).await;
    let lines: Vec<String> = ran
        .lines()
        .iter()
        .map(|line| line.replace("GET https://api.example", ""))
        .collect();
    assert_eq!(lines, expected_lines, "{fields}\n{:#?}", ran.world.traces.lines());
    assert_eq!(ran.fault(), expected_fault, "{fields}");
    let expected = if expected_fault.is_empty() {
        Outcome::Succeeded
    } else {
        Outcome::Failed
    };
    assert_eq!(ran.outcome(), expected, "{fields}");
}

fn page(next: &str) -> Answer {
    json(200, format!(r#"{{"next":{next}}}"#))
}

#[tokio::test(start_paused = true)]
async fn next_url() {
    let fields = "
url: https://api.example/a/x
params: { q: 1 }
next_url: response.body.next";
    check(fields, &[page("null")], &["/a/x?q=1"], "").await;
    // It replaces URL and params as given; relative ones resolve against the response's URL.
    check(
        fields,
        &[page(r#""y?p=2""#), page(r#""/b""#), page(r#""""#)],
        &["/a/x?q=1", "/a/y?p=2", "/b"],
        "",
    )
    .await;
    for end in ["false", "[]", "{}", r#""""#] {
        check(fields, &[page(end)], &["/a/x?q=1"], "").await;
    }
    let elsewhere = "redirect: next_url: leads to https://evil.example, but the step's own origin is \
                     https://api.example; name the host in `http.allowed_hosts` to follow it";
    check(
        fields,
        &[page(r#""https://evil.example/x""#)],
        &["/a/x?q=1"],
        elsewhere,
    )
    .await;
    let port = elsewhere.replace("https://evil.example", "https://api.example:8443");
    check(
        fields,
        &[page(r#""https://api.example:8443/x""#)],
        &["/a/x?q=1"],
        &port,
    )
    .await;
    // A link by http to the same host is followed by https.
    check(
        fields,
        &[page(r#""http://api.example/y""#), page("null")],
        &["/a/x?q=1", "/y"],
        "",
    )
    .await;
    let scheme = "definition: next_url: its scheme is `ftp`; only http and https are sent";
    check(fields, &[page(r#""ftp://api.example/y""#)], &["/a/x?q=1"], scheme).await;
    let number = "expression: next_url: `response.body.next` gives number, not text";
    check(fields, &[page("7")], &["/a/x?q=1"], number).await;
}

#[tokio::test(start_paused = true)]
async fn while_with_prev_and_iteration() {
    let fields = "
url: https://api.example/x
params:
  page: ${context.iteration + 1}
  after: ${prev.body.next}
while: response.body.next != null";
    check(
        fields,
        &[page("7"), page("8"), page("null")],
        &["/x?page=1", "/x?page=2&after=7", "/x?page=3&after=8"],
        "",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn break_when_comes_first_and_its_page_is_emitted() {
    let fields = "
url: https://api.example/x
params: { page: \"${context.iteration}\" }
while: response.body.next != null
break_when: response.body.next == `8`";
    let ran = ran(plan(fields), |_, n| page(&(7 + n).to_string())).await;
    assert_eq!((ran.lines().len(), ran.responses().len()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn vars_are_evaluated_together_from_the_old_values() {
    let fields = "
url: https://api.example/x
params: { a: \"${vars.a}\", b: \"${vars.b}\" }
vars:
  a: { init: 0, next: vars.b }
  b: { init: 1, next: vars.a + vars.b }
while: vars.b < 8";
    let pages = [page("0")];
    // `while` sees the new values.
    check(
        fields,
        &pages,
        &[
            "/x?a=0&b=1",
            "/x?a=1&b=1",
            "/x?a=1&b=2",
            "/x?a=2&b=3",
            "/x?a=3&b=5",
        ],
        "",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn bounds_of_loops() {
    let fields = "
url: https://api.example/x
params: { page: \"${context.iteration}\" }
while: true
max_iterations: 3";
    let message = "loop_limit: the loop would go on after 3 iterations; max_iterations is reached";
    check(
        fields,
        &[page("1")],
        &["/x?page=0", "/x?page=1", "/x?page=2"],
        message,
    )
    .await;
    let fields = "
url: https://api.example/x
while: response.body.next != null
loop_wait: 10s
loop_timeout: 25s";
    let message = "loop_limit: the loop would go on after 30s; loop_timeout is reached";
    check(fields, &[page("1")], &["/x", "/x", "/x"], message).await;
}

#[tokio::test(start_paused = true)]
async fn loop_wait_spaces_requests() {
    let fields = "
url: https://api.example/x
while: response.body.next != null
loop_wait: 10s";
    let ran = ran(plan(fields), |_, n| {
        page(["1", "1", "null"][n]).after(Duration::from_millis(500))
    })
    .await;
    assert_eq!(ran.world.api.times(), [0, 10_500, 21_000]);
}

#[tokio::test(start_paused = true)]
async fn no_progress_is_an_error_and_is_not_emitted_again() {
    let message = "no_progress: the loop repeats itself: request and response are the same as before";
    let fields = "
url: https://api.example/x
params: { after: \"${prev.body.next}\" }
while: response.body.next != null";
    // The API ignores the cursor.
    check(fields, &[page("7")], &["/x", "/x?after=7", "/x?after=7"], message).await;
    let fields = "url: https://api.example/x\nnext_url: response.body.next";
    let script = |asked: &Asked, n: usize| {
        let next = if asked.line.ends_with("/x") { "/y" } else { "/x" };
        json(200, format!(r#"{{"next":"{next}","n":{n}}}"#))
    };
    let ran = ran(plan(fields), script).await;
    assert_eq!(ran.fault(), message);
    assert_eq!((ran.lines().len(), ran.responses().len()), (5, 4));
}

#[tokio::test(start_paused = true)]
async fn a_skipped_page_goes_on_without_event_or_sub_steps() {
    let fields = "
url: https://api.example/x
params: { page: \"${context.iteration}\" }
skip_when: response.body.items == `[]`
while: context.iteration < 2
save: { seen: response.body.items }
steps:
  below: { url: \"https://api.example/below\", params: { page: \"${parent.iteration}\" } }";
    let ran = ran(plan(fields), |_, n| {
        json(
            200,
            if n == 0 {
                r#"{"items":[]}"#
            } else {
                r#"{"items":[1]}"#
            },
        )
    })
    .await;
    let below = ran.lines().iter().filter(|line| line.contains("below")).count();
    assert_eq!(
        (below, ran.responses().len(), ran.report.counts.skipped),
        (2, 4, 1)
    );
    assert_eq!(ran.outcome(), Outcome::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_loop_goes_on_while_sub_steps_run() {
    let fields = "
url: https://api.example/x
params: { page: \"${context.iteration}\" }
while: context.iteration < 2
steps:
  below: { url: \"https://api.example/below\", params: { page: \"${parent.iteration}\" } }";
    let slow = |asked: &Asked, _: usize| {
        json(200, "{}").after(Duration::from_millis(if asked.line.contains("below") {
            1_000
        } else {
            10
        }))
    };
    let ran = ran(plan(fields), slow).await;
    let pages: Vec<u128> = ran
        .world
        .api
        .log()
        .iter()
        .filter(|a| !a.line.contains("below"))
        .map(|a| a.at.as_millis())
        .collect();
    assert_eq!(pages, [0, 10, 20]);
}

#[tokio::test(start_paused = true)]
async fn with_loop_wait_sub_steps_run_after_the_last_iteration() {
    let fields = "
url: https://api.example/job
while: response.body.status == 'running'
loop_wait: 10s
steps:
  download: { url: \"https://api.example/file\", when: parent.body.status == 'done' }";
    let status = |asked: &Asked, n: usize| {
        let done = n >= 2 || asked.line.contains("file");
        json(
            200,
            format!(r#"{{"status":"{}"}}"#, if done { "done" } else { "running" }),
        )
    };
    let ran = ran(plan(fields), status).await;
    let lines = ran.lines();
    assert_eq!(lines.len(), 4);
    assert!(lines[3].ends_with("/file"), "{lines:?}");
    assert_eq!(ran.responses().len(), 4);
}
