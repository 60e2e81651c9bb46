//! Section 10: what is emitted.

use orchid_engine::event::EventKind;
use orchid_engine::fault::{Fault, Kind};
use orchid_engine::outcome::Outcome;
use orchid_testkit::api::{Api, json, text};
use orchid_testkit::world::{World, spec};
use tokio_util::sync::CancellationToken;

use crate::{Ran, plan, ran, value};

#[tokio::test(start_paused = true)]
async fn an_event_of_each_kind() {
    let fields = "
url: https://api.example/users
params: { page: 1 }
steps:
  detail: { iterate_over: parent.body.users, url: \"https://api.example/users/{id}\", params: { id: \"${item}\" } }";
    let ran = ran(plan(fields), |_, n| match n {
        0 => json(200, "{ \"users\":\n [7, 8] }")
            .header("set-cookie", "s=1")
            .header("x-a", "1")
            .header("x-a", "2"),
        1 => json(200, r#"{"id":7}"#),
        _ => json(404, "no"),
    })
    .await;
    assert_eq!(ran.outcome(), Outcome::Partial);
    insta::assert_snapshot!(ran.world.sink.text());
}

/// What a body becomes in its event.
async fn body(content_type: &'static str, received: &'static str, expected: &str) {
    let ran = ran(plan("url: https://api.example/x"), move |_, _| {
        text(200, content_type, received)
    })
    .await;
    let lines = ran.world.sink.text();
    let line = lines
        .lines()
        .find(|line| line.contains("orchid.response.v1"))
        .unwrap_or_else(|| panic!("{lines}"));
    assert!(line.contains(expected), "{expected} in {line}");
}

#[tokio::test(start_paused = true)]
async fn bodies_keep_every_token() {
    body(
        "application/json",
        r#"{"a":1.10,"b":18446744073709551616,"a":2}"#,
        r#""body":{"a":1.10,"b":18446744073709551616,"a":2}}"#,
    )
    .await;
    body(
        "application/json",
        "{\"a\":\r\n\t1}\n",
        "\"body\":{\"a\":  \t1} }",
    )
    .await;
    body("application/json", "\u{feff}[1]", r#""body":[1]}"#).await;
    body("application/json", "", r#""body":null}"#).await;
    body("text/plain", "a \"b\"\n", r#""body":"a \"b\"\n"}"#).await;
}

#[tokio::test(start_paused = true)]
async fn other_formats_are_strings() {
    body(
        "application/x-ndjson",
        "{\"a\":1}\n[2]\n",
        r#""body":"{\"a\":1}\n[2]\n"}"#,
    )
    .await;
    body("application/xml", "<a b='1'/>", r#""body":"<a b='1'/>"}"#).await;
    body("text/csv", "a,b\n1,2\n", r#""body":"a,b\n1,2\n"}"#).await;
    body("text/plain; charset=utf-16le", "a\0b\0", r#""body":"ab"}"#).await;
    body("text/plain; charset=utf-16le", "a\0b", r#""body_base64":"YQBi"}"#).await;
    body("image/png", "abc", r#""body_base64":"YWJj"}"#).await;
    // Of a body in another charset the hash is still that of the bytes received.
    body(
        "application/json; charset=utf-16le",
        "[\x001\0]\0",
        r#""bodysha256":"fa960847c0a01e1f9495fcd36732ae5699fa9ebc4f93f705e3089573b96a2452""#,
    )
    .await;
    body(
        "application/json; charset=utf-16le",
        "[\x001\0]\0",
        r#""body":[1]}"#,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_of_its_format() {
    let fields = "url: https://api.example/x\nmax_retries: 0";
    let refused = ran(plan(fields), |_, _| json(200, "<p>")).await;
    assert_eq!(
        refused.error_texts(),
        ["parse: the body is not JSON: expected a value, found `<` (it looks like HTML or XML) at byte 0"]
    );
    assert_eq!(refused.errors()[0]["data"]["response"]["body"], "<p>");
    let fields = "url: https://api.example/x\nsuccess_when: response.body == null && response.text == '<p>'";
    let accepted = ran(plan(fields), |_, _| json(404, "<p>")).await;
    assert_eq!(accepted.outcome(), Outcome::Succeeded, "{}", accepted.fault());
    assert_eq!(accepted.responses()[0]["data"]["response"]["body"], "<p>");
}

#[tokio::test(start_paused = true)]
async fn ids_are_a_function_of_place_and_bytes() {
    let fields = "
url: https://api.example/x
params: { page: \"${context.iteration}\" }
while: context.iteration < 2";
    let ids = |ran: &Ran| -> Vec<String> {
        ran.responses()
            .iter()
            .map(|e| e["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = ids(&ran(plan(fields), |_, _| json(200, "{}")).await);
    let again = ids(&ran(plan(fields), |_, _| json(200, "{}")).await);
    let other = ids(&ran(plan(fields), |_, n| json(200, if n == 1 { "{ }" } else { "{}" })).await);
    assert_eq!(first, again);
    assert_eq!(first.len(), 3);
    assert!(first[0] != first[1] && first[1] != first[2] && first[0] != first[2]);
    assert_eq!((&first[0], &first[2]), (&other[0], &other[2]));
    assert_ne!(first[1], other[1]);
}

#[tokio::test(start_paused = true)]
async fn what_emit_says() {
    let emitted = async |emit: &str| -> Vec<serde_json::Value> {
        let fields = format!("url: https://api.example/x\nemit: {emit}");
        let ran = ran(plan(&fields), |_, _| json(200, r#"{"a":[1,2]}"#)).await;
        ran.responses()
            .iter()
            .map(|event| event["data"]["response"]["body"].clone())
            .collect()
    };
    assert_eq!(emitted("true").await, [serde_json::json!({"a": [1, 2]})]);
    assert!(emitted("false").await.is_empty());
    assert_eq!(emitted("response.body.a").await, [serde_json::json!([1, 2])]);
    assert!(emitted("length(response.body.a) > `2`").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn topic_and_key_are_templates() {
    let world = World::new(Api::new(|_, _| json(200, r#"{"org":"x"}"#)));
    let fields = "url: https://api.example/x\ntopic: t-${response.body.org}\nkey: \"${context.plan}/${response.body.org}\"";
    let report = orchid_engine::run::run(
        spec(plan(fields), "p", value("{}")),
        &world.ports,
        CancellationToken::new(),
    )
    .await;
    assert_eq!(report.outcome, Outcome::Succeeded, "{:?}", report.fault);
    let events = world.sink.raw(EventKind::Response);
    assert_eq!(
        (events[0].topic.as_deref(), events[0].key.as_str()),
        (Some("t-x"), "p/x")
    );
    assert_eq!(world.sink.raw(EventKind::Run)[0].key, "acme/test/prod/p");
}

#[tokio::test(start_paused = true)]
async fn what_the_sink_refuses() {
    for (kind, expected) in [(Kind::TooLarge, Outcome::Failed), (Kind::Sink, Outcome::Failed)] {
        let world = World::new(Api::new(|_, _| json(200, "{}")));
        world.sink.refuse(Fault::new(kind, "no"));
        let spec = spec(plan("url: https://api.example/x"), "p", value("{}"));
        let report = orchid_engine::run::run(spec, &world.ports, CancellationToken::new()).await;
        assert_eq!(report.outcome, expected, "{kind}");
        let errors = world.sink.events(EventKind::Error).len();
        assert_eq!(errors, usize::from(kind == Kind::TooLarge), "{kind}");
    }
}
