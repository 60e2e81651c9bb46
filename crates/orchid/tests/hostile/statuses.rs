//! Every status that means something, and every form of Retry-After. (It is 2027-01-15T08:00:00Z.)

use orchid_engine::outcome::Outcome;

use crate::answer::{Answer, json};
use crate::case::{Case, case, check_all};

const OK: &str = "{\"ok\":true}";

/// This status, then success.
fn then_well(status: u16, fields: &str) -> Case {
    case("then well", fields).api([json(status, ""), json(200, OK)])
}

/// Throttled once with this Retry-After, then success, after this wait in milliseconds.
fn throttled(retry_after: &str, wait: u64) -> Case {
    case("throttled", "throttle_timeout: 24h")
        .api([json(429, "").header("Retry-After", retry_after), json(200, OK)])
        .asks(2)
        .waits(&[wait])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_default() {
    let fails = |status: u16, message: &'static str| {
        case("fails", "")
            .api([json(status, "{\"no\":1}")])
            .fails(0, "status", message)
    };
    let retried = |status: u16| then_well(status, "").asks(2);
    check_all(vec![
        case("204", "").api([json(204, "")]).shows("\"body\":null"),
        case("201", "").api([json(201, OK)]),
        case("299", "").api([json(299, OK)]),
        fails(400, "answered 400: {\"no\":1}"),
        fails(401, "answered 401"),
        fails(403, "answered 403"),
        fails(404, "answered 404"),
        fails(409, "answered 409"),
        fails(410, "answered 410"),
        fails(412, "answered 412"),
        fails(422, "answered 422"),
        fails(501, "answered 501"),
        fails(599, "answered 599"),
        retried(408),
        retried(425),
        retried(500),
        retried(502),
        retried(503),
        retried(504),
        then_well(429, "").asks(2),
        case("for ever 500", "max_retries: 2").api([json(500, "")]).fails(0, "status", "answered 500").asks(3),
        case("for ever 500, by default", "").api([json(500, "")]).fails(0, "status", "answered 500").asks(6),
        case("no retries", "max_retries: 0").api([json(503, "")]).fails(0, "status", "answered 503"),
        case("no retries for resets either", "max_retries: 0").api([crate::answer::wire("")]).fails(0, "reset", ""),
        case("a message as long as a page", "max_retries: 0")
            .api([json(500, "no ".repeat(100_000))])
            .fails(0, "status", "…"),
        case("a success that is an error to nobody", "success_when: true").api([json(418, OK)]),
        case("412 brings a sync token", "success_when: response.status_code == 412 || response.status_code < 300\nsave: { t: response.body.t }")
            .api([json(412, "{\"t\":\"x\"}")])
            .saves("t", "\"x\""),
        case("404 is nothing", "skip_when: response.status_code == 404").api([json(404, "")]).succeeds(0),
        case("304 is nothing", "skip_when: response.status_code == 304").api([json(304, "")]).succeeds(0),
        case("403 aborts", "abort_when: response.status_code == 403")
            .api([json(403, "{\"no\":1}")])
            .ends(Outcome::Aborted, 0, &[("aborted", "abort_when held: the API answered 403")]),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retry_after() {
    let date = |answer: Answer, date: &str| answer.header("Date", date);
    check_all(vec![
        throttled("7", 7_000),
        throttled("0", 0),
        throttled("  7  ", 7_000),
        throttled("1.5", 1_500),
        throttled("1m20s", 80_000),
        throttled("Fri, 15 Jan 2027 08:01:00 GMT", 60_000),
        throttled("Fri, 15 Jan 2027 07:00:00 GMT", 0),
        throttled("Friday, 15-Jan-27 08:01:00 GMT", 60_000),
        throttled("2027-01-15T08:00:30Z", 30_000),
        throttled("1800000030", 30_000),
        throttled("1800000030000", 30_000),
        case("by the server's own clock", "")
            .api([
                date(json(429, ""), "Fri, 15 Jan 2027 10:00:00 GMT")
                    .header("Retry-After", "Fri, 15 Jan 2027 10:00:09 GMT"),
                json(200, OK),
            ])
            .asks(2)
            .waits(&[9_000]),
        // What cannot be read announces nothing: the backoff counts, and the retries with it.
        throttled("soon", 1),
        throttled("-5", 1),
        throttled("", 1),
        throttled("NaN", 1),
        throttled("1e308", 1),
        case("announced for ever, and wrong each time", "throttle_timeout: 10s")
            .api([json(429, "").header("Retry-After", "4")])
            .fails(0, "throttled", "throttle_timeout")
            .asks(3),
        case("beyond the step's patience", "throttle_timeout: 10s")
            .api([json(429, "").header("Retry-After", "11")])
            .fails(0, "throttled", "asks to wait 11s")
            .waits(&[11_000]),
        case("beyond the run's time", "run_timeout: 24h\nthrottle_timeout: 48h")
            .api([json(429, "").header("Retry-After", "90000")])
            .fails(0, "throttled", "asks to wait 90000s"),
        case("a year", "")
            .api([json(429, "").header("Retry-After", "31536000")])
            .fails(0, "throttled", ""),
        case("unannounced for ever", "max_retries: 2")
            .api([json(429, "")])
            .fails(0, "throttled", "retries are used up")
            .asks(3),
        case("unannounced, no retries", "max_retries: 0")
            .api([json(429, "")])
            .fails(0, "throttled", ""),
        case("an announced wait is no retry", "max_retries: 0")
            .api([json(429, "").header("Retry-After", "1"), json(200, OK)])
            .asks(2),
        case("503 with Retry-After", "max_retries: 0")
            .api([json(503, "").header("Retry-After", "2"), json(200, OK)])
            .asks(2)
            .waits(&[2_000]),
        case("500 with Retry-After is a retry", "max_retries: 1")
            .api([json(500, "").header("Retry-After", "2"), json(200, OK)])
            .asks(2)
            .waits(&[]),
        case("500 that wants a wait beyond the run", "run_timeout: 24h")
            .api([json(500, "").header("Retry-After", "100000")])
            .fails(0, "status", "answered 500"),
    ])
    .await;
}
