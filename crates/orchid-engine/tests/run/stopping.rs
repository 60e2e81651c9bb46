//! Section 6: how runs end before their time.

use std::time::Duration;

use orchid_engine::event::EventKind;
use orchid_engine::outcome::Outcome;
use orchid_engine::run::{FirstTry, run};
use orchid_testkit::api::{Api, Asked, json};
use orchid_testkit::world::{World, spec};
use tokio_util::sync::CancellationToken;

use crate::{plan, ran, ran_spec, value};

const SLOW: Duration = Duration::from_secs(100);

const FAN: &str = "
url: https://api.example/list
steps:
  each: { iterate_over: \"range(0, 20)\", concurrency: 3, url: \"https://api.example/{n}\", params: { n: \"${item}\" } }";

#[tokio::test(start_paused = true)]
async fn cancelled_requests_are_cut_and_complete_ones_emitted() {
    let world = World::new(Api::new(|asked: &Asked, _| {
        let quick = asked.line.ends_with("/list") || asked.line.ends_with("/0");
        json(200, "{}").after(if quick { Duration::from_secs(1) } else { SLOW })
    }));
    let cancel = CancellationToken::new();
    let stopper = cancel.clone();
    let stop = async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        stopper.cancel();
    };
    let started = tokio::time::Instant::now();
    let running = run(spec(plan(FAN), "p", value("{}")), &world.ports, cancel);
    let (report, ()) = tokio::join!(running, stop);
    assert_eq!(report.outcome, Outcome::Cancelled);
    assert_eq!(started.elapsed(), Duration::from_secs(5));
    assert_eq!(world.sink.events(EventKind::Response).len(), 2);
    assert_eq!(world.api.in_flight(), 0);
    assert_eq!(report.state.run_count, 0);
}

#[tokio::test(start_paused = true)]
async fn an_abort_cuts_and_goes_to_the_errors() {
    let fields = FAN.replace(
        "concurrency: 3,",
        "concurrency: 3, abort_when: response.status_code == 403,",
    );
    let ran = ran(plan(&fields), |asked, _| {
        match asked.line.rsplit('/').next().unwrap() {
            "list" => json(200, "{}"),
            "1" => json(403, r#"{"no":true}"#).after(Duration::from_secs(1)),
            _ => json(200, "{}").after(SLOW),
        }
    })
    .await;
    assert_eq!(
        (ran.outcome(), ran.lines().len(), ran.responses().len()),
        (Outcome::Aborted, 4, 1)
    );
    assert_eq!(ran.errors()[0]["data"]["error"]["kind"], "aborted");
    assert_eq!(ran.errors()[0]["data"]["response"]["body"]["no"], true);
}

#[tokio::test(start_paused = true)]
async fn run_timeout() {
    let fields = format!("run_timeout: 10s\n{FAN}");
    let ran = ran(plan(&fields), |_, n| {
        json(200, "{}").after(if n == 0 { Duration::ZERO } else { SLOW })
    })
    .await;
    assert_eq!(ran.outcome(), Outcome::Failed);
    assert_eq!(
        ran.fault(),
        "run_timeout: the run took longer than 10s (run_timeout)"
    );
}

#[tokio::test(start_paused = true)]
async fn limits_of_a_first_try() {
    let mut first = spec(plan(FAN), "p", value("{}"));
    first.first_try = FirstTry {
        max_requests: Some(5),
        max_iterations: None,
    };
    let limited = ran_spec(first, |_, _| json(200, "{}")).await;
    assert_eq!(
        (
            limited.outcome(),
            limited.lines().len(),
            limited.report.limit_reached
        ),
        (Outcome::Succeeded, 5, true)
    );
    assert!(limited.report.state.last_success_at.is_none());
    let fields = "url: https://api.example/x\nparams: { n: \"${context.iteration}\" }\nwhile: true\nsave: { n: context.iteration }";
    let mut second = spec(plan(fields), "p", value("{}"));
    second.first_try = FirstTry {
        max_requests: None,
        max_iterations: Some(2),
    };
    let limited = ran_spec(second, |_, _| json(200, "{}")).await;
    assert_eq!(
        (
            limited.outcome(),
            limited.lines().len(),
            limited.report.limit_reached
        ),
        (Outcome::Succeeded, 2, true)
    );
    assert_eq!(limited.saved("n"), "absent");
}

#[tokio::test(start_paused = true)]
async fn an_unknown_plan_is_refused() {
    let world = World::new(Api::new(|_, _| json(200, "{}")));
    let spec = spec(plan("url: https://api.example/x"), "other", value("{}"));
    let report = run(spec, &world.ports, CancellationToken::new()).await;
    assert_eq!(
        report.fault.unwrap().to_string(),
        "definition: there is no plan named `other`"
    );
    assert_eq!(report.outcome, Outcome::Failed);
}

#[tokio::test(start_paused = true)]
async fn a_bound_for_a_first_try_moves_no_cursor() {
    let fields = "
window: { from: \"'2027-01-12'\", to: \"'2027-01-13'\" }
url: https://api.example/x
params: { n: \"${context.iteration}\" }
while: context.iteration < 9";
    let mut spec = spec(plan(fields), "p", value("{}"));
    spec.first_try = FirstTry {
        max_requests: None,
        max_iterations: Some(2),
    };
    let ran = ran_spec(spec, |_, _| json(200, "{}")).await;
    assert_eq!((ran.lines().len(), ran.report.limit_reached), (2, true));
    assert!(ran.report.state.window_end.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_was_done_before_a_stop_is_kept_and_what_was_cut_is_not() {
    let fields = "
url: https://api.example/list
params: { page: \"${context.iteration}\" }
while: context.iteration < 3
save: { page: { value: context.iteration, commit: page } }
steps:
  each:
    iterate_over: \"range(0, 3)\"
    url: https://api.example/{page}/{n}
    params: { page: \"${parent.iteration}\", n: \"${item}\" }
    save: { row: { value: parent.iteration, key: to_string(item), merge: max } }";
    let world = World::new(Api::new(|asked: &Asked, _| {
        // The last item of the second page never ends.
        json(200, "{}").after(if asked.line.ends_with("/1/2") {
            SLOW
        } else {
            Duration::from_secs(1)
        })
    }));
    let cancel = CancellationToken::new();
    let stopper = cancel.clone();
    let stop = async move {
        tokio::time::sleep(Duration::from_secs(50)).await;
        stopper.cancel();
    };
    let running = run(spec(plan(fields), "p", value("{}")), &world.ports, cancel);
    let (report, ()) = tokio::join!(running, stop);
    assert_eq!(report.outcome, Outcome::Cancelled);
    assert_eq!(report.state.saved["page"].0.to_json(), "0");
    let rows: Vec<String> = report.state.saved_items["row"]
        .iter()
        .map(|(key, json)| format!("{key}={}", json.0.to_json()))
        .collect();
    assert_eq!(rows, [r#""0"=3"#, r#""1"=3"#, r#""2"=3"#]);
    let sums = world.checkpoints.changes();
    assert!(
        sums.iter().flat_map(|change| &change.rows).count() >= 11,
        "{sums:?}"
    );
}
