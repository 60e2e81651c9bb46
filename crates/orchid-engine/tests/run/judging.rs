//! Section 6: what becomes of one response.

use std::time::Duration;

use orchid_engine::fault::Kind;
use orchid_engine::outcome::Outcome;
use orchid_testkit::api::{Answer, json, text, unreachable};

use crate::{plan, ran};

/// Runs a one-request plan of these fields against answers in order (the last one for ever) and shows what came of
/// it: outcome, requests, fault.
async fn check(fields: &str, answers: &[Answer], expected: (Outcome, usize, &str)) {
    let program = plan(&format!(
        "url: https://api.example/x\nbackoff: {{ jitter: none }}\n{fields}"
    ));
    let script = answers.to_vec();
    let ran = ran(program, move |_, n| script[n.min(script.len() - 1)].clone()).await;
    let found = (ran.outcome(), ran.lines().len(), ran.fault());
    assert_eq!(
        (found.0, found.1, found.2.as_str()),
        expected,
        "{fields}\n{:#?}",
        ran.world.traces.lines()
    );
}

const OK: Outcome = Outcome::Succeeded;
const FAILED: Outcome = Outcome::Failed;

#[tokio::test(start_paused = true)]
async fn success_and_failure() {
    check("", &[json(200, "{}")], (OK, 1, "")).await;
    check("", &[json(204, "")], (OK, 1, "")).await;
    check(
        "",
        &[json(404, r#"{"no":1}"#)],
        (FAILED, 1, r#"status: the API answered 404: {"no":1}"#),
    )
    .await;
    check(
        "success_when: response.status_code == 404",
        &[json(404, "{}")],
        (OK, 1, ""),
    )
    .await;
    check(
        "success_when: response.body.ok",
        &[json(200, r#"{"ok":false}"#)],
        (FAILED, 1, r#"status: the API answered 200: {"ok":false}"#),
    )
    .await;
    check(
        "skip_when: response.status_code == 404",
        &[json(404, "{}")],
        (OK, 1, ""),
    )
    .await;
    check(
        "abort_when: response.status_code == 401",
        &[json(401, "{}")],
        (
            Outcome::Aborted,
            1,
            "aborted: abort_when held: the API answered 401: {}",
        ),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn retries_by_default() {
    for status in [408, 425, 500, 502, 503, 504] {
        check("", &[json(status, ""), json(200, "{}")], (OK, 2, "")).await;
    }
    check("", &[json(500, "")], (FAILED, 6, "status: the API answered 500")).await;
    check(
        "max_retries: 0",
        &[json(500, "")],
        (FAILED, 1, "status: the API answered 500"),
    )
    .await;
    check(
        "max_retries: 2",
        &[json(500, "")],
        (FAILED, 3, "status: the API answered 500"),
    )
    .await;
    for kind in [Kind::Connect, Kind::Dns, Kind::Tls, Kind::Reset, Kind::Timeout] {
        check("", &[unreachable(kind), json(200, "{}")], (OK, 2, "")).await;
    }
    check(
        "",
        &[unreachable(Kind::Connect)],
        (FAILED, 6, "connect: scripted: connect"),
    )
    .await;
    check(
        "",
        &[json(200, "{").broken(Kind::Truncated), json(200, "{}")],
        (OK, 2, ""),
    )
    .await;
    check(
        "",
        &[json(200, "{}").broken(Kind::TooLarge)],
        (FAILED, 1, "too_large: scripted: too_large"),
    )
    .await;
    check(
        "",
        &[unreachable(Kind::Address)],
        (FAILED, 1, "address: scripted: address"),
    )
    .await;
    check("", &[json(501, "")], (FAILED, 1, "status: the API answered 501")).await;
}

#[tokio::test(start_paused = true)]
async fn a_body_of_another_format_is_retried_below_300_only() {
    let html = || text(200, "application/json", "<html>");
    check(
        "break_when: response.body.done",
        &[html(), json(200, "{}")],
        (OK, 2, ""),
    )
    .await;
    check(
        "skip_when: response.status_code == 404 && response.body == null",
        &[text(404, "application/json", "<html>")],
        (OK, 1, ""),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn retry_rules() {
    let pending = || json(200, r#"{"state":"pending"}"#);
    check(
        "retry_when: response.body.state == 'pending'",
        &[pending(), pending(), json(200, "{}")],
        (OK, 3, ""),
    )
    .await;
    // An author's rule replaces the default statuses, but not what could not be read.
    check(
        "retry_when: response.body.state == 'pending'",
        &[json(500, "{}")],
        (FAILED, 1, "status: the API answered 500: {}"),
    )
    .await;
    check(
        "retry_when: response.body.state == 'pending'",
        &[unreachable(Kind::Reset), json(200, "{}")],
        (OK, 2, ""),
    )
    .await;
    let rules = "
max_retries: 1
retry_when:
  - { when: response.status_code == 500, max_retries: 3 }
  - { when: response.status_code == 404 }";
    check(
        rules,
        &[json(500, "")],
        (FAILED, 4, "status: the API answered 500"),
    )
    .await;
    check(
        rules,
        &[json(404, "")],
        (FAILED, 2, "status: the API answered 404"),
    )
    .await;
    check(
        rules,
        &[json(500, ""), json(404, ""), json(500, ""), json(200, "{}")],
        (OK, 4, ""),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn type_errors_of_conditions() {
    let condition = "skip_when: response.body.n > 1";
    check(condition, &[json(200, r#"{"n":2}"#)], (OK, 1, "")).await;
    check(
        condition,
        &[json(404, r#"{"n":"two"}"#)],
        (FAILED, 1, r#"status: the API answered 404: {"n":"two"}"#),
    )
    .await;
    let ran = ran(
        plan(&format!("url: https://api.example/x\n{condition}")),
        |_, _| json(200, r#"{"n":"two"}"#),
    )
    .await;
    assert!(
        ran.fault().starts_with("expression: skip_when: "),
        "{}",
        ran.fault()
    );
    assert_eq!(ran.outcome(), FAILED);
}

#[tokio::test(start_paused = true)]
async fn without_a_readable_response_only_conditions_on_the_error_count() {
    check(
        "skip_when: length('x') == `1`",
        &[unreachable(Kind::Address)],
        (FAILED, 1, "address: scripted: address"),
    )
    .await;
    check(
        "skip_when: response.error.kind == 'address'",
        &[unreachable(Kind::Address)],
        (OK, 1, ""),
    )
    .await;
    check(
        "abort_when: response.error.kind == 'dns'",
        &[unreachable(Kind::Dns)],
        (Outcome::Aborted, 1, "aborted: abort_when held: scripted: dns"),
    )
    .await;
}

/// Milliseconds at which requests come.
async fn times(fields: &str, answers: &[Answer], expected: &[u128]) {
    let program = plan(&format!(
        "url: https://api.example/x\nbackoff: {{ jitter: none }}\n{fields}"
    ));
    let script = answers.to_vec();
    let ran = ran(program, move |_, n| script[n.min(script.len() - 1)].clone()).await;
    assert_eq!(
        ran.world.api.times(),
        expected,
        "{fields}\n{:#?}",
        ran.world.traces.lines()
    );
}

#[tokio::test(start_paused = true)]
async fn pauses_between_attempts() {
    times("", &[json(500, "")], &[0, 1_000, 2_000, 4_000, 7_000, 12_000]).await;
    let wait = |seconds: &str| json(503, "").header("retry-after", seconds);
    // 503 with Retry-After is throttling: the announced wait, and from the second in a row a backoff on top.
    times("", &[wait("7"), wait("7"), json(200, "")], &[0, 7_000, 15_000]).await;
    let rule = "throttled_when: response.status_code == 429\nretry_when: response.status_code == 503";
    times(rule, &[wait("7"), json(200, "")], &[0, 7_000]).await;
    times(rule, &[wait("0"), json(200, "")], &[0, 1_000]).await;
}

#[tokio::test(start_paused = true)]
async fn throttling() {
    let announced = |seconds: u64| json(429, "").header("retry-after", &seconds.to_string());
    times("", &[announced(30), json(200, "")], &[0, 30_000]).await;
    // Announced waits are no retries.
    let many: Vec<Answer> = (0..9).map(|_| announced(1)).chain([json(200, "{}")]).collect();
    check("", &many, (OK, 10, "")).await;
    // Unannounced ones are.
    check(
        "max_retries: 2",
        &[json(429, "")],
        (
            FAILED,
            3,
            "throttled: throttled 3 times without being told how long to wait; retries are used up",
        ),
    )
    .await;
    check("throttle_timeout: 1m", &[announced(90)], (
        FAILED,
        1,
        "throttled: the API asks to wait 90s; with what was waited before that is beyond 60s (throttle_timeout, run_timeout)",
    ))
    .await;
    check(
        "throttled_when: response.body.slow",
        &[json(200, r#"{"slow":true}"#), json(200, "{}")],
        (OK, 2, ""),
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_order_of_conditions() {
    let all = "
abort_when: response.body.abort
skip_when: response.body.skip
throttled_when: response.body.slow
retry_when: response.body.again";
    let body = |fields: &str| json(200, fields);
    check(all, &[body(r#"{"abort":true,"skip":true,"slow":true,"again":true}"#)], (
        Outcome::Aborted,
        1,
        r#"aborted: abort_when held: the API answered 200: {"abort":true,"skip":true,"slow":true,"again":true}"#,
    ))
    .await;
    check(
        all,
        &[body(r#"{"skip":true,"slow":true,"again":true}"#)],
        (OK, 1, ""),
    )
    .await;
    times(
        all,
        &[body(r#"{"slow":true,"again":true}"#), body("{}")],
        &[0, 1_000],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_the_next_attempt_knows_of_the_last() {
    let program = plan(
        "url: https://api.example/x
params:
  attempt: ${context.attempt}
  kind: ${context.last_error.kind}
  status: ${context.last_error.status_code}
  now: ${context.now}
backoff: { jitter: none }",
    );
    let ran = ran(program, |_, n| {
        if n == 0 {
            json(500, "")
        } else {
            json(200, "").after(Duration::from_secs(1))
        }
    })
    .await;
    assert_eq!(
        ran.lines(),
        [
            "GET https://api.example/x?attempt=1&now=2027-01-15T08%3A00%3A00Z",
            "GET https://api.example/x?attempt=2&kind=status&status=500&now=2027-01-15T08%3A00%3A01Z",
        ]
    );
}
