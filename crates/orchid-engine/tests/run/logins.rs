//! Section 7 within a run: tokens are made by a flow's own requests, renewed on refusal and before they expire.

use std::time::Duration;

use orchid_engine::event::EventKind;
use orchid_engine::outcome::Outcome;
use orchid_testkit::api::{Answer, Asked, json};
use orchid_testkit::world::spec;

use crate::{Ran, program, ran_spec, value};

async fn with_login(
    flow: &str,
    fields: &str,
    answers: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static,
) -> Ran {
    let yaml = format!(
        "
integration: test
auth:
  login:
    request: {{ method: POST, url: \"https://api.example/login\", body: {{ user: \"${{config.user}}\" }} }}
    output: {{ token: response.body.token }}
    attach: {{ headers: {{ Authorization: \"Bearer ${{auth.token}}\" }} }}
{}
plans:
  p:
{}
",
        crate::indented(flow, 4),
        crate::indented(fields, 4)
    );
    ran_spec(spec(program(&yaml), "p", value(r#"{"user":"me"}"#)), answers).await
}

const FAN: &str = "
url: https://api.example/list
steps:
  each: { iterate_over: \"range(0, 10)\", url: \"https://api.example/{n}\", params: { n: \"${item}\" } }";

fn login(n: usize) -> Answer {
    json(200, format!(r#"{{"token":"token-number-{n}","expires":60}}"#)).after(Duration::from_millis(100))
}

fn logins(ran: &Ran) -> usize {
    ran.lines().iter().filter(|line| line.ends_with("/login")).count()
}

#[tokio::test(start_paused = true)]
async fn one_login_for_all_requests_and_no_event_of_it() {
    let ran = with_login("", FAN, |asked, n| {
        if asked.line.ends_with("/login") {
            login(n)
        } else {
            json(200, "{}")
        }
    })
    .await;
    assert_eq!(
        (ran.outcome(), logins(&ran), ran.responses().len()),
        (Outcome::Succeeded, 1, 11)
    );
    let sent = ran.world.api.log();
    assert!(
        sent.iter()
            .skip(1)
            .all(|asked| asked.header("authorization") == Some("Bearer token-number-0"))
    );
    assert_eq!(ran.report.counts.requests, 11);
    let shown = format!("{}{}", ran.world.sink.text(), ran.world.traces.lines().join("\n"));
    assert!(
        !shown.contains("token-number-0") && !shown.contains("/login"),
        "{shown}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_for_all() {
    let ran = with_login("", FAN, |asked, n| {
        if asked.line.ends_with("/login") {
            return login(n);
        }
        let old = asked.header("authorization") == Some("Bearer token-number-0");
        let revoked = old && !asked.line.ends_with("/list");
        json(if revoked { 401 } else { 200 }, "{}").after(Duration::from_millis(10))
    })
    .await;
    assert_eq!(
        (ran.outcome(), logins(&ran), ran.responses().len()),
        (Outcome::Succeeded, 2, 11)
    );
    assert_eq!(ran.lines().len(), 2 + 1 + 10 + 10);
    assert!(ran.responses().iter().skip(1).all(|event| event["attempt"] == 2));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_the_new_token_too_is_judged_as_it_is() {
    let ran = with_login("", FAN, |asked, n| {
        if asked.line.ends_with("/login") {
            login(n)
        } else {
            json(401, "")
        }
    })
    .await;
    assert_eq!(
        (ran.outcome(), ran.fault().as_str()),
        (Outcome::Failed, "status: the API answered 401")
    );
    assert_eq!((logins(&ran), ran.lines().len()), (2, 4));
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_before_it_expires() {
    let flow = "expires_in: response.body.expires\nskew: 10s";
    let fields = "url: https://api.example/x\nparams: { n: \"${context.iteration}\" }\nwhile: context.iteration < 5\nloop_wait: 15s";
    let ran = with_login(flow, fields, |asked, n| {
        if asked.line.ends_with("/login") {
            login(n)
        } else {
            json(200, "{}")
        }
    })
    .await;
    assert_eq!(
        (ran.outcome(), logins(&ran), ran.lines().len()),
        (Outcome::Succeeded, 2, 8)
    );
}

#[tokio::test(start_paused = true)]
async fn a_login_that_fails_fails_the_step() {
    let ran = with_login("", FAN, |_, _| json(403, r#"{"error":"me"}"#)).await;
    assert_eq!(
        (ran.outcome(), ran.lines().len(), ran.responses().len()),
        (Outcome::Failed, 1, 0)
    );
    assert!(ran.fault().starts_with("auth: "), "{}", ran.fault());
    assert_eq!(ran.world.sink.events(EventKind::Error).len(), 1);
}
