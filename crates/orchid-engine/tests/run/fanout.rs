//! Sections 5 and 6: lists, nesting, and whose a failure is.

use std::time::Duration;

use orchid_engine::outcome::Outcome;
use orchid_testkit::api::{Asked, json};
use orchid_testkit::sink::Acks;
use orchid_testkit::world::{World, spec, until};
use tokio_util::sync::CancellationToken;

use crate::{plan, ran, value};

const USERS: &str = "
url: https://api.example/users
steps:
  detail:
    iterate_over: parent.body
    url: https://api.example/users/{id}
    params: { id: \"${item.id}\" }
";

fn users(n: usize) -> String {
    let users: Vec<String> = (0..n).map(|id| format!(r#"{{"id":{id}}}"#)).collect();
    format!("[{}]", users.join(","))
}

#[tokio::test(start_paused = true)]
async fn each_item_is_requested_once() {
    let ran = ran(plan(USERS), |asked, _| {
        json(
            200,
            if asked.line.ends_with("/users") {
                users(100)
            } else {
                "{}".to_owned()
            },
        )
    })
    .await;
    let mut lines = ran.lines();
    lines.sort();
    lines.dedup();
    assert_eq!(
        (lines.len(), ran.responses().len(), ran.outcome()),
        (101, 101, Outcome::Succeeded)
    );
    assert_eq!(
        (ran.report.counts.items, ran.report.counts.items_done),
        (100, 100)
    );
}

/// Runs sub-steps over what `list` gives and shows what was asked for each item.
async fn items(list: &str, more: &str, body: &str, expected: &[&str], expected_fault: &str) {
    let fields = format!(
        "
url: https://api.example/list
steps:
  each:
    iterate_over: \"{list}\"
    concurrency: 1
    url: https://api.example/each
    params: {{ item: \"${{to_string(item)}}\", index: \"${{index}}\" }}
{}",
        crate::indented(more, 4)
    );
    let body = body.to_owned();
    let ran = ran(plan(&fields), move |_, n| {
        json(200, if n == 0 { body.clone() } else { "{}".to_owned() })
    })
    .await;
    let lines: Vec<String> = ran
        .lines()
        .iter()
        .skip(1)
        .map(|line| line.replace("GET https://api.example/each?", ""))
        .collect();
    assert_eq!(lines, expected, "{fields}\n{:#?}", ran.world.traces.lines());
    assert_eq!(ran.fault(), expected_fault, "{fields}");
}

#[tokio::test(start_paused = true)]
async fn lists() {
    items(
        "parent.body",
        "",
        "[7,8]",
        &["item=7&index=0", "item=8&index=1"],
        "",
    )
    .await;
    items("parent.body", "", "[]", &[], "").await;
    items("parent.body", "", "null", &[], "").await;
    items("parent.body.none", "", "{}", &[], "").await;
    items("parent.body", "", "[null]", &["item=null&index=0"], "").await;
    let text = "expression: iterate_over: `parent.body` gives string, not an array";
    items("parent.body", "", r#""x""#, &[], text).await;
    items("range(0, 2)", "", "{}", &["item=0&index=0", "item=1&index=1"], "").await;
    items("parent.body", "when: item > 7", "[7,8]", &["item=8&index=1"], "").await;
    items(
        "parent.body",
        "unique_by: item",
        "[7,7,8,7]",
        &["item=7&index=0", "item=8&index=2"],
        "",
    )
    .await;
    // An item that `when` leaves out does not stand in the way of an equal one.
    items(
        "parent.body",
        "unique_by: item\nwhen: index > 0",
        "[7,7]",
        &["item=7&index=1"],
        "",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_may_iterate() {
    let fields = "
iterate_over: \"['eu', 'us']\"
url: https://{region}.api.example/x
params: { region: \"${item}\" }";
    let fields = fields.replace("https://{region}.api.example/x", "https://api.example/{region}");
    let ran = ran(plan(&fields), |_, _| json(200, "{}")).await;
    assert_eq!(
        ran.lines(),
        ["GET https://api.example/eu", "GET https://api.example/us"]
    );
}

#[tokio::test(start_paused = true)]
async fn five_levels_see_their_ancestors() {
    let mut yaml = String::from("url: https://api.example/l0\n");
    let mut indent = String::new();
    for level in 1..=5 {
        let up = "parent.".repeat(level);
        yaml.push_str(&format!(
            "{indent}steps:\n{indent}  s{level}:\n{indent}    iterate_over: parent.body\n{indent}    url: https://api.example/l{level}\n{indent}    params: {{ item: \"${{item}}\", root: \"${{{up}status_code}}\" }}\n"
        ));
        indent.push_str("    ");
    }
    let ran = ran(plan(&yaml), |_, _| json(200, "[1,2]")).await;
    assert_eq!(ran.lines().len(), 1 + 2 + 4 + 8 + 16 + 32);
    assert!(
        ran.lines().iter().skip(1).all(|line| line.ends_with("root=200")),
        "{:?}",
        ran.lines()
    );
    let deepest = ran
        .responses()
        .iter()
        .filter(|e| e["subject"].as_str().unwrap().ends_with("s5"))
        .count();
    assert_eq!(deepest, 32);
    let mut positions: Vec<String> = ran
        .responses()
        .iter()
        .map(|e| format!("{} {}", e["subject"], e["position"]))
        .collect();
    positions.sort();
    positions.dedup();
    assert_eq!(positions.len(), 63);
}

#[tokio::test(start_paused = true)]
async fn concurrency_bounds_what_is_in_flight_and_is_used_up() {
    let fields = USERS.replace(
        "    url: https://api.example/users/{id}",
        "    concurrency: 7\n    url: https://api.example/users/{id}",
    );
    let ran = ran(plan(&fields), |asked, _| {
        json(
            200,
            if asked.line.ends_with("/users") {
                users(70)
            } else {
                "{}".to_owned()
            },
        )
        .after(Duration::from_millis(100))
    })
    .await;
    assert_eq!(ran.world.api.most_in_flight(), 7);
    assert_eq!(ran.world.api.times().last(), Some(&1_000));
}

#[tokio::test(start_paused = true)]
async fn backoff_holds_no_place() {
    let fields = USERS.replace("    url: https://api.example/users/{id}", "    concurrency: 1\n    backoff: { base: 60s, jitter: none }\n    url: https://api.example/users/{id}");
    let ran = ran(plan(&fields), |asked, n| {
        if asked.line.ends_with("/users") {
            json(200, users(5))
        } else {
            json(if n == 1 { 500 } else { 200 }, "{}")
        }
    })
    .await;
    assert_eq!(ran.world.api.times(), [0, 0, 0, 0, 0, 0, 60_000]);
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_hold_no_place() {
    let fields = USERS.replace(
        "    url: https://api.example/users/{id}",
        "    concurrency: 1\n    url: https://api.example/users/{id}",
    );
    let api = orchid_testkit::api::Api::new(|asked: &Asked, _| {
        json(
            200,
            if asked.line.ends_with("/users") {
                users(1_000)
            } else {
                "{}".to_owned()
            },
        )
    });
    let world = World::with(api, Acks::Held, orchid_engine::budget::Budget::default());
    let spec = spec(plan(&fields), "p", value("{}"));
    let running = orchid_engine::run::run(spec, &world.ports, CancellationToken::new());
    tokio::pin!(running);
    let done = async {
        until_held(&world, 1_001).await;
        while world.sink.held() > 0 {
            world.sink.acknowledge(0);
        }
    };
    let (report, ()) = tokio::join!(running, done);
    assert_eq!(
        (report.outcome, report.counts.emitted),
        (Outcome::Succeeded, 1_001)
    );
}

async fn until_held(world: &World, n: usize) {
    for _ in 0..100 {
        if world.sink.held() >= n {
            return;
        }
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
    }
    until(|| world.sink.held() >= n).await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_item_is_dead_lettered_and_the_run_partial() {
    let ran = ran(plan(USERS), |asked, _| {
        match asked.line.rsplit('/').next().unwrap() {
            "users" => json(200, users(3)),
            "1" => json(404, r#"{"gone":true}"#),
            _ => json(200, "{}"),
        }
    })
    .await;
    assert_eq!(ran.outcome(), Outcome::Partial);
    assert_eq!(
        ran.error_texts(),
        [r#"status: the API answered 404: {"gone":true}"#]
    );
    let error = &ran.errors()[0];
    assert_eq!(error["data"]["dead_letter"], true);
    assert_eq!(error["data"]["item"]["id"], 1);
    assert_eq!(error["data"]["response"]["body"]["gone"], true);
    assert_eq!(
        (ran.report.counts.dead_letters, ran.report.counts.emitted),
        (1, 3)
    );
}

#[tokio::test(start_paused = true)]
async fn if_everything_fails_the_run_failed() {
    let fields = USERS.replace(
        "url: https://api.example/users\n",
        "url: https://api.example/users\nemit: false\n",
    );
    let ran = ran(plan(&fields), |asked, _| {
        if asked.line.ends_with("/users") {
            json(200, users(3))
        } else {
            json(404, "")
        }
    })
    .await;
    assert_eq!((ran.outcome(), ran.errors().len()), (Outcome::Failed, 3));
}

#[tokio::test(start_paused = true)]
async fn on_error_fail_starts_nothing_new_and_lets_finish_what_is_in_flight() {
    let fields = USERS.replace(
        "    url: https://api.example/users/{id}",
        "    concurrency: 2\n    on_error: fail\n    url: https://api.example/users/{id}",
    );
    let ran = ran(plan(&fields), |asked, _| {
        match asked.line.rsplit('/').next().unwrap() {
            "users" => json(200, users(50)),
            "0" => json(404, "").after(Duration::from_millis(10)),
            _ => json(200, "{}").after(Duration::from_millis(20)),
        }
    })
    .await;
    assert_eq!(
        (ran.outcome(), ran.lines().len(), ran.responses().len()),
        (Outcome::Failed, 3, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_belongs_to_the_nearest_item_above() {
    let fields = "
url: https://api.example/users
steps:
  user:
    iterate_over: parent.body
    url: https://api.example/user/{id}
    params: { id: \"${item.id}\" }
    steps:
      roles:
        url: https://api.example/roles/{id}
        params: { id: \"${parent.item.id}\" }
        on_error: continue
";
    let ran = ran(plan(fields), |asked, _| match asked.line.as_str() {
        "GET https://api.example/users" => json(200, users(3)),
        "GET https://api.example/roles/1" => json(404, ""),
        _ => json(200, "{}"),
    })
    .await;
    assert_eq!(
        (ran.outcome(), ran.report.counts.dead_letters, ran.lines().len()),
        (Outcome::Partial, 1, 7)
    );
    assert_eq!(ran.errors()[0]["subject"], "p/user/roles");
    assert_eq!(ran.errors()[0]["data"]["dead_letter"], true);
}
