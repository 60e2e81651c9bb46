//! Conditions of the author's against responses that they do not expect.

use orchid_engine::outcome::Outcome;

use crate::answer::{html, json, wire};
use crate::case::{case, check_all};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conditions() {
    check_all(vec![
        case("an author's retry_when replaces the statuses", "retry_when: response.status_code == 418")
            .api([json(500, "")])
            .fails(0, "status", "500"),
        case("and retries its own", "retry_when: response.status_code == 418")
            .api([json(418, ""), json(200, "{}")])
            .asks(2),
        case("but not what could not be read", "retry_when: response.status_code == 418")
            .api([wire(""), json(200, "{}")])
            .asks(2),
        case("never", "retry_when: false").api([json(500, "")]).fails(0, "status", "500"),
        case("on a 200", "retry_when: response.body.busy\nmax_retries: 2")
            .api([json(200, "{\"busy\":true}")])
            .fails(0, "status", "answered 200")
            .asks(3),
        case("each entry counts for itself", "retry_when:\n- { when: response.status_code == 500, max_retries: 1 }\n- { when: response.status_code == 502, max_retries: 2 }")
            .api([json(500, ""), json(502, ""), json(502, ""), json(500, "")])
            .fails(0, "status", "500")
            .asks(4),
        case("throttled on a 200", "throttled_when: response.body.error == 'slow_down'")
            .api([json(200, "{\"error\":\"slow_down\"}").header("Retry-After", "3"), json(200, "{}")])
            .asks(2)
            .waits(&[3_000]),
        case("throttled on a 200 for ever", "throttled_when: response.body.error == 'slow_down'\nmax_retries: 1")
            .api([json(200, "{\"error\":\"slow_down\"}")])
            .fails(0, "throttled", "")
            .asks(2),
        case("an author's throttled_when replaces the default", "throttled_when: response.status_code == 403\nmax_retries: 0")
            .api([json(429, "")])
            .fails(0, "status", "429"),
        case("success is what the body says", "success_when: response.body.ok")
            .api([json(200, "{\"ok\":false,\"why\":\"no\"}")])
            .fails(0, "status", "answered 200: {\"ok\":false,\"why\":\"no\"}"),
        case("abort goes before skip", "abort_when: true\nskip_when: true").api([json(200, "{}")]).ends(
            Outcome::Aborted,
            0,
            &[("aborted", "answered 200")],
        ),
        case("skip goes before throttled", "skip_when: response.status_code == 429").api([json(429, "")]).succeeds(0),
        case("skip on an error alone", "skip_when: response.error.kind == 'reset'").api([wire("")]).succeeds(0),
        case("abort on an error alone", "abort_when: response.error.kind == 'reset'").api([wire("")]).ends(
            Outcome::Aborted,
            0,
            &[("aborted", "before an answer came")],
        ),
        case("an author may call an error a success", "success_when: response.error != null\nmax_retries: 0")
            .api([wire("")])
            .succeeds(1),
        case("retry on an error alone", "retry_when: response.error.kind == 'reset'\nmax_retries: 1").api([wire("")]).fails(0, "reset", "").asks(2),
        case("without a readable response nothing else is asked", "abort_when: not(response.body)\nmax_retries: 0")
            .api([wire("")])
            .fails(0, "reset", ""),
    ])
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn type_errors() {
    let order = "abort_when: response.body.n > 5";
    check_all(vec![
        case("text against a number on 200", order)
            .api([json(200, "{\"n\":\"7\"}")])
            .fails(0, "expression", "abort_when"),
        case("the place is named", order)
            .api([json(200, "{\"n\":\"7\"}")])
            .fails(0, "expression", "response.body.n > 5"),
        case("and a hint is given", order)
            .api([json(200, "{\"n\":\"7\"}")])
            .fails(0, "expression", "to_number"),
        case("the same on 404 is not met", order)
            .api([json(404, "{\"n\":\"7\"}")])
            .fails(0, "status", "404"),
        case(
            "the same on 500 is not met",
            "abort_when: response.body.n > 5\nmax_retries: 0",
        )
        .api([json(500, "{\"n\":\"7\"}")])
        .fails(0, "status", "500"),
        case("null has no order and is no error", order).api([json(200, "{\"n\":null}")]),
        case("nothing has no order and is no error", order).api([json(200, "{}")]),
        case(
            "a function of the standard on 200",
            "skip_when: contains(response.body.n, 'x')",
        )
        .api([json(200, "{\"n\":7}")])
        .fails(0, "expression", "skip_when"),
        case(
            "a function of the standard on 400",
            "skip_when: contains(response.body.n, 'x')",
        )
        .api([json(400, "{\"n\":7}")])
        .fails(0, "status", "400"),
        case(
            "an error page of HTML",
            "skip_when: length(response.body.errors) > 0",
        )
        .api([html(403)])
        .fails(0, "status", "403"),
        case("success_when on 200", "success_when: response.body.n < 5")
            .api([json(200, "{\"n\":[1]}")])
            .fails(0, "expression", "success_when"),
        case(
            "success_when on 400 is not met",
            "success_when: response.body.n < 5",
        )
        .api([json(400, "{\"n\":[1]}")])
        .fails(0, "status", "400"),
        case("while on 200", "while: response.body.n < 5")
            .api([json(200, "{\"n\":\"x\"}")])
            .fails(1, "expression", "while"),
        case(
            "break_when on 200",
            "while: true\nbreak_when: response.body.n < 5",
        )
        .api([json(200, "{\"n\":\"x\"}")])
        .fails(1, "expression", "break_when"),
        case("retry_when on 200", "retry_when: response.body.n < 5")
            .api([json(200, "{\"n\":\"x\"}")])
            .fails(0, "expression", "retry_when"),
        case(
            "a value in the message that is a secret",
            "abort_when: config.token > 5",
        )
        .api([json(200, "{}")])
        .fails(0, "expression", "abort_when"),
    ])
    .await;
}
