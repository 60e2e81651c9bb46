//! Section 8 as far as the engine decides it: which limits a request needs, and what a throttled one blocks.

use std::time::Duration;

use orchid_engine::outcome::Outcome;
use orchid_testkit::api::{Answer, Asked, json};
use orchid_testkit::world::spec;

use crate::{Ran, program, ran_spec, value};

async fn limited(limits: &str, answers: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Ran {
    let yaml = format!(
        "
integration: test
rate_limits:
{}
plans:
  p:
    url: https://api.example/list
    backoff: {{ jitter: none }}
    steps:
      each:
        iterate_over: \"range(0, 4)\"
        url: https://api.example/{{kind}}/{{n}}
        params: {{ kind: \"${{if(item < `2`, 'a', 'b')}}\", n: \"${{item}}\" }}
",
        crate::indented(limits, 2)
    );
    ran_spec(spec(program(&yaml), "p", value(r#"{"n":1}"#)), answers).await
}

/// Milliseconds and last two segments of what was asked, in order.
fn asked(ran: &Ran) -> Vec<String> {
    let show = |asked: &Asked| {
        format!(
            "{} {}",
            asked.at.as_millis(),
            asked.line.replace("GET https://api.example", "")
        )
    };
    ran.world.api.log().iter().map(show).collect()
}

#[tokio::test(start_paused = true)]
async fn a_limit_holds_for_all_requests_it_matches() {
    let all = limited("all: { requests: 1, per: 1s }", |_, _| json(200, "{}")).await;
    let times = all.world.api.times();
    assert_eq!(times.len(), 5);
    assert!(
        times.windows(2).all(|pair| pair[1] - pair[0] >= 1_000),
        "{times:?}"
    );
    let some = limited(
        "some: { requests: 1, per: \"${config.n}m\", match: [{ path: /b/* }] }",
        |_, _| json(200, "{}"),
    )
    .await;
    let slow: Vec<String> = asked(&some)
        .into_iter()
        .filter(|line| !line.starts_with("0 "))
        .collect();
    assert_eq!(slow.len(), 1, "{:?}", asked(&some));
    assert!(slow[0].ends_with("/b/3"), "{slow:?}");
}

#[tokio::test(start_paused = true)]
async fn counted_by_a_value() {
    let fields = "some: { requests: 1, per: 1m, match: [{ step: p/each }], counted_by: \"if(item < `2`, 'a', null)\" }";
    let ran = limited(fields, |_, _| json(200, "{}")).await;
    let slow: Vec<String> = asked(&ran)
        .into_iter()
        .filter(|line| !line.starts_with("0 "))
        .collect();
    assert_eq!(slow.len(), 1, "{:?}", asked(&ran));
    assert!(slow[0].ends_with("/a/1"), "{slow:?}");
}

#[tokio::test(start_paused = true)]
async fn who_is_throttled_blocks_those_who_share_the_limit() {
    let fields = "
a: { requests: 100, per: 1s, match: [{ path: /a/* }] }
b: { requests: 100, per: 1s, match: [{ path: /b/* }] }";
    let ran = limited(fields, |asked, _| {
        let first = asked.line.ends_with("/a/0") && asked.at < Duration::from_secs(1);
        if first {
            json(429, "").header("retry-after", "30")
        } else {
            json(200, "{}").after(Duration::from_millis(if asked.line.contains("/a/") {
                0
            } else {
                10
            }))
        }
    })
    .await;
    assert_eq!(ran.outcome(), Outcome::Succeeded);
    let late: Vec<String> = asked(&ran)
        .into_iter()
        .filter(|line| line.starts_with("30010 "))
        .collect();
    assert!(
        late.iter().any(|line| line.ends_with("/a/0")) && !late.iter().any(|line| line.contains("/b/")),
        "{late:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_the_whole_config_waits() {
    let ran = limited(
        "none: { requests: 100, per: 1s, match: [{ path: /never }] }",
        |asked, n| {
            let first = n == 1;
            let _ = asked;
            if first {
                json(429, "").header("retry-after", "30")
            } else {
                json(200, "{}").after(Duration::from_secs(1))
            }
        },
    )
    .await;
    let times = ran.world.api.times();
    assert_eq!(times.len(), 6);
    // When the block ends one request goes first; the others follow its answer.
    assert_eq!(times[2..], [31_000, 32_000, 32_000, 32_000]);
}

#[tokio::test(start_paused = true)]
async fn an_announced_wait_by_expression() {
    let fields = "all: { requests: 100, per: 1s, adapt: { retry_after: response.body.wait } }";
    let ran = limited(fields, |_, n| {
        if n == 0 {
            json(429, r#"{"wait":17}"#)
        } else {
            json(200, "{}")
        }
    })
    .await;
    assert_eq!(ran.world.api.times()[1], 17_000);
}
