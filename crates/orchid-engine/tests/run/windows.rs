//! Section 5: the time window of a plan.

use orchid_engine::outcome::Outcome;
use orchid_testkit::api::{Asked, json};
use orchid_testkit::world::spec;

use crate::{plan, ran, ran_spec, value};

const DAYS: &str = "
window: { from: \"'2027-01-12'\", to: \"'2027-01-15'\", step: 1d }
url: https://api.example/x
params: { from: \"${window.from}\", to: \"${window.to}\", last: \"${window.last}\" }";

fn spans(lines: &[String]) -> Vec<String> {
    let cut = |line: &String| {
        line.split('?')
            .nth(1)
            .unwrap_or_default()
            .replace("2027-01-", "")
            .replace("%3A", ":")
            .replace(":00:00Z", "")
    };
    lines.iter().map(cut).collect()
}

#[tokio::test(start_paused = true)]
async fn pieces_run_in_order_and_are_committed() {
    let ran = ran(plan(DAYS), |_, _| json(200, "{}")).await;
    assert_eq!(
        spans(&ran.lines()),
        [
            "from=12T00&to=13T00&last=12T23:59:59Z",
            "from=13T00&to=14T00&last=13T23:59:59Z",
            "from=14T00&to=15T00&last=14T23:59:59Z",
        ]
    );
    assert_eq!(
        ran.report.state.window_end.unwrap().to_string(),
        "2027-01-15T00:00:00Z"
    );
}

#[tokio::test(start_paused = true)]
async fn the_next_run_goes_on_behind_what_is_committed() {
    let fields = DAYS.replace("step: 1d", "step: 1d, lookback: 1h");
    let mut spec = spec(plan(&fields), "p", value("{}"));
    spec.state.window_end = Some("2027-01-14T00:00:00Z".parse().unwrap());
    let ran = ran_spec(spec, |_, _| json(200, "{}")).await;
    assert_eq!(
        spans(&ran.lines()),
        [
            "from=13T23&to=14T23&last=14T22:59:59Z",
            "from=14T23&to=15T00&last=14T23:59:59Z"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn by_default_it_ends_at_the_start_of_the_run_minus_lag() {
    let fields = "
window: { from: \"'2027-01-15T00:00:00Z'\", lag: 10m }
url: https://api.example/x
params: { from: \"${window.from}\", to: \"${window.to}\" }";
    let ran = ran(plan(fields), |_, _| json(200, "{}")).await;
    assert_eq!(spans(&ran.lines()), ["from=15T00&to=15T07:50:00Z"]);
}

#[tokio::test(start_paused = true)]
async fn a_piece_that_fails_is_not_committed() {
    let ran = ran(plan(DAYS), |_, n| json(if n == 1 { 404 } else { 200 }, "")).await;
    assert_eq!((ran.outcome(), ran.lines().len()), (Outcome::Failed, 2));
    assert_eq!(
        ran.report.state.window_end.unwrap().to_string(),
        "2027-01-13T00:00:00Z"
    );
}

#[tokio::test(start_paused = true)]
async fn halved_where_it_holds_too_much() {
    let fields = "
window: { from: \"'2027-01-12'\", to: \"'2027-01-13'\", granularity: 1h, split_when: response.body.full }
url: https://api.example/x
params: { from: \"${window.from}\", to: \"${window.to}\" }";
    let full_before = |hours: usize| {
        move |asked: &Asked, n: usize| {
            let _ = asked;
            json(200, format!(r#"{{"full":{}}}"#, n < hours))
        }
    };
    let halved = ran(plan(fields), full_before(2)).await;
    assert_eq!(
        spans(&halved.lines()),
        [
            "from=12T00&to=13T00",
            "from=12T00&to=12T12",
            "from=12T00&to=12T06",
            "from=12T06&to=13T00",
        ]
    );
    assert_eq!(
        (halved.outcome(), halved.responses().len()),
        (Outcome::Succeeded, 2)
    );
    let never = ran(plan(fields), full_before(99)).await;
    assert_eq!(never.outcome(), Outcome::Failed);
    assert_eq!(
        never.fault(),
        "status: window 2027-01-12T00:00:00Z/2027-01-12T01:00:00Z: holds too much and cannot be halved: it is one granule"
    );
}
