//! Section 5: saved fields.

use orchid_engine::outcome::Outcome;
use orchid_engine::state::{Json, SavedState};
use orchid_testkit::api::{Api, json};
use orchid_testkit::sink::Acks;
use orchid_testkit::world::{World, spec, until};
use tokio_util::sync::CancellationToken;

use crate::{Ran, plan, ran, ran_spec, value};

/// What a loop over bodies saves under `s`.
async fn check(save: &str, bodies: &'static [&'static str], expected: &str) {
    let fields = format!(
        "
url: https://api.example/x
params: {{ page: \"${{context.iteration}}\" }}
while: context.iteration < {}
save: {{ s: {save} }}",
        bodies.len() - 1
    );
    let ran = ran(plan(&fields), |_, n| json(200, bodies[n])).await;
    let found = if ran.fault().is_empty() {
        ran.saved("s")
    } else {
        ran.fault()
    };
    assert_eq!(found, expected, "{save}");
}

#[tokio::test(start_paused = true)]
async fn merging() {
    let pages: &[&str] = &[r#"{"v":2}"#, r#"{"v":3}"#, r#"{"v":1}"#, r#"{"v":null}"#];
    check("response.body.v", pages, "1").await;
    check("{ value: response.body.v, merge: last }", pages, "1").await;
    check("{ value: response.body.v, merge: first }", pages, "2").await;
    check("{ value: response.body.v, merge: min }", pages, "1").await;
    check("{ value: response.body.v, merge: max }", pages, "3").await;
    check(
        "{ value: response.body.v, when: response.body.v == `3` }",
        pages,
        "3",
    )
    .await;
    check("response.body.none", pages, "absent").await;
    // Times compare as times: the second is the later one, though not as text.
    let times: &[&str] = &[
        r#"{"v":"2026-01-02T00:30:00+02:00"}"#,
        r#"{"v":"2026-01-01T23:00:00Z"}"#,
    ];
    check(
        "{ value: response.body.v, merge: max }",
        times,
        r#""2026-01-01T23:00:00Z""#,
    )
    .await;
    check(
        "{ value: response.body.v, merge: min }",
        times,
        r#""2026-01-02T00:30:00+02:00""#,
    )
    .await;
    let big: &[&str] = &[r#"{"v":9223372036854775807}"#, r#"{"v":18446744073709551615}"#];
    check(
        "{ value: response.body.v, merge: max }",
        big,
        "18446744073709551615",
    )
    .await;
    let mixed: &[&str] = &[r#"{"v":1}"#, r#"{"v":"a"}"#];
    check(
        "{ value: response.body.v, merge: max }",
        mixed,
        "expression: save: text and a number have no order; min and max take numbers or text",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_a_run_saves_is_seen_by_the_next_and_kept_if_null() {
    let fields = "
url: https://api.example/x
params: { since: \"${context.saved.since || 'never'}\" }
save: { since: response.body.now }";
    let mut state = SavedState::default();
    state.saved.insert("since".into(), Json(value(r#""yesterday""#)));
    let mut spec = spec(plan(fields), "p", value("{}"));
    spec.state = state;
    let ran = ran_spec(spec, |_, _| json(200, r#"{"now":null}"#)).await;
    assert_eq!(ran.lines(), ["GET https://api.example/x?since=yesterday"]);
    assert_eq!(ran.saved("since"), r#""yesterday""#);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_fails_saves_nothing_at_its_end() {
    let fields = "
url: https://api.example/x
params: { page: \"${context.iteration}\" }
while: true
save: { at_end: response.body.v, by_page: { value: response.body.v, commit: page } }";
    let ran = ran(plan(fields), |_, n| {
        if n < 2 {
            json(200, format!(r#"{{"v":{n}}}"#))
        } else {
            json(404, "")
        }
    })
    .await;
    assert_eq!(ran.outcome(), Outcome::Failed);
    assert_eq!(
        (ran.saved("at_end").as_str(), ran.saved("by_page").as_str()),
        ("absent", "1")
    );
    assert_eq!(ran.report.state.last_failure_at, ran.report.state.last_run_at);
    assert!(ran.report.state.last_success_at.is_none() && ran.report.state.run_count == 1);
}

#[tokio::test(start_paused = true)]
async fn pages_become_durable_in_order_when_they_are_acknowledged() {
    let fields = "
url: https://api.example/x
params: { page: \"${context.iteration}\" }
while: context.iteration < 2
save: { page: { value: context.iteration, commit: page } }";
    let world = World::with(
        Api::new(|_, _| json(200, "{}")),
        Acks::Held,
        orchid_engine::budget::Budget::default(),
    );
    let spec = spec(plan(fields), "p", value("{}"));
    let running = orchid_engine::run::run(spec, &world.ports, CancellationToken::new());
    let saved = || -> Vec<String> {
        let changes = world.checkpoints.changes();
        changes
            .iter()
            .flat_map(|change| &change.saved)
            .map(|(_, json)| json.0.to_json())
            .collect()
    };
    let acks = async {
        until(|| world.sink.held() == 3).await;
        world.sink.acknowledge(1);
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(saved().is_empty(), "page 1 is done before page 0");
        world.sink.acknowledge(0);
        until(|| saved() == ["1"]).await;
        world.sink.acknowledge(0);
        until(|| saved() == ["1", "2"]).await;
    };
    let (report, ()) = tokio::join!(running, acks);
    assert_eq!(report.outcome, Outcome::Succeeded);
}

const KEYED: &str = "
url: https://api.example/users
steps:
  events:
    iterate_over: parent.body
    url: https://api.example/users/{id}/events
    params: { id: \"${item}\", since: \"${context.saved_item.since}\", page: \"${context.iteration}\" }
    while: response.body.more
    save: { since: { value: response.body.last, key: item, merge: max } }";

fn rows(ran: &Ran) -> Vec<String> {
    let rows = ran
        .report
        .state
        .saved_items
        .get("since")
        .cloned()
        .unwrap_or_default();
    rows.iter()
        .map(|(key, json)| format!("{key}={}", json.0.to_json()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn keyed_rows_commit_with_their_item() {
    let mut spec = spec(plan(KEYED), "p", value("{}"));
    spec.state
        .saved_items
        .entry("since".into())
        .or_default()
        .insert("1".to_owned(), Json(value("100")));
    let ran = ran_spec(spec, |asked, _| {
        if asked.line.ends_with("/users") {
            return json(200, r#"[1,"1",2]"#);
        }
        // User 2 fails on its second page: nothing of it moves.
        if asked.line.contains("/2/") && asked.line.contains("page=1") {
            return json(404, "");
        }
        json(
            200,
            if asked.line.contains("page=0") {
                r#"{"last":200,"more":true}"#
            } else {
                r#"{"last":150}"#
            },
        )
    })
    .await;
    assert_eq!(ran.outcome(), Outcome::Partial);
    assert_eq!(rows(&ran), [r#""1"=200"#, "1=200"]);
    let first: Vec<String> = ran
        .lines()
        .into_iter()
        .filter(|line| line.contains("page=0"))
        .collect();
    assert!(
        first.contains(&"GET https://api.example/users/1/events?since=100&page=0".to_owned()),
        "{first:?}"
    );
    assert!(
        first.contains(&"GET https://api.example/users/1/events?page=0".to_owned()),
        "{first:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn bounds() {
    let fields = "url: https://api.example/x\nsave: { s: response.body }";
    let ran = ran(plan(fields), |_, _| {
        json(200, format!(r#""{}""#, "x".repeat(65_536)))
    })
    .await;
    assert_eq!(
        ran.fault(),
        "context_size: save.s: 65538 bytes; a saved field holds at most 65536"
    );
    assert_eq!((ran.outcome(), ran.responses().len()), (Outcome::Failed, 1));
}

#[tokio::test(start_paused = true)]
async fn secrets_are_not_saved() {
    let yaml = "
integration: test
config_schema: { type: object, properties: { token: { type: string, secret: true } } }
plans:
  p: { url: \"https://api.example/x\", save: { s: \"join('-', [config.token, 'x'])\" } }";
    let config = orchid_jmespath::value::Value::object([(
        "token",
        orchid_jmespath::value::Value::from("hunter2-hunter2").into_secret(),
    )]);
    let ran = ran_spec(spec(crate::program(yaml), "p", config), |_, _| json(200, "{}")).await;
    assert_eq!(
        ran.fault(),
        "definition: save.s: a value made from a secret cannot be saved"
    );
}
