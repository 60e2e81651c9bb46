//! Every plan of every example runs against the practice API, brings what it should, and breaks no rule.

use std::collections::BTreeMap;
use std::fs;

use orchid_practice::verdicts::Rule;
use orchid_practice::{Options, Running};
use orchid_testkit::folder::repository;
use orchid_testkit::practice;
use serde_json::Value;
use tokio::process::Command;

/// Response events by their subject.
type Counts = BTreeMap<String, usize>;

/// Runs one plan of an example; gives its response events by subject.
async fn run(api: &Running, document: &str, plan: &str) -> Counts {
    let examples = repository().join("examples");
    let output = Command::new(env!("CARGO_BIN_EXE_orchid"))
        .arg("run")
        .arg(examples.join(document))
        .args([
            "--plan",
            plan,
            "--events",
            "response,error",
            "--set",
            &format!("base_url={}", api.base_url()),
        ])
        .arg("--config")
        .arg(examples.join("practice.config.yaml"))
        .output()
        .await
        .expect("orchid runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{document} {plan}: {}\n{stderr}",
        output.status
    );
    let mut counts = Counts::new();
    for line in output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let event: Value = serde_json::from_slice(line).expect("an event a line");
        assert_eq!(
            event["type"], "orchid.response.v1",
            "{document} {plan}: {event:#}"
        );
        *counts
            .entry(event["subject"].as_str().expect("a subject").to_owned())
            .or_default() += 1;
    }
    counts
}

/// A fresh API, one run, what came; nothing was asked twice and no rule was broken.
async fn check(document: &str, plan: &str, expected: &[(&str, usize)]) {
    let api = practice::start().await;
    let counts = run(&api, document, plan).await;
    let expected: Counts = expected
        .iter()
        .map(|(subject, count)| ((*subject).to_owned(), *count))
        .collect();
    assert_eq!(counts, expected, "{document} {plan}");
    let verdicts = api.verdicts();
    assert_eq!(
        (verdicts.violations, verdicts.repeats),
        (vec![], vec![]),
        "{document} {plan}"
    );
}

#[tokio::test]
async fn the_first_example() {
    check("practice.yaml", "users", &[("users", 6), ("users/factors", 225)]).await;
}

#[tokio::test]
async fn pages() {
    for plan in [
        "by_number",
        "by_number_with_total",
        "by_offset",
        "by_cursor",
        "by_cursor_in_header",
    ] {
        check("pages.yaml", plan, &[(plan, 5)]).await;
    }
    for plan in ["by_cursor_in_body", "by_url", "by_graphql", "by_hand"] {
        check("pages.yaml", plan, &[(plan, 5)]).await;
    }
}

#[tokio::test]
async fn feeds() {
    check("feeds.yaml", "newest_first", &[("newest_first", 6)]).await;
    check("feeds.yaml", "since", &[("since", 6)]).await;
    check("feeds.yaml", "sync_token", &[("sync_token", 4)]).await;
    check(
        "feeds.yaml",
        "sync_token_per_group",
        &[("sync_token_per_group/changes", 15)],
    )
    .await;
    // Three days of 144 events, of which an answer holds 100: each day in two halves.
    check("feeds.yaml", "windows", &[("windows", 6)]).await;
}

#[tokio::test]
async fn limits() {
    let api = practice::start().await;
    for plan in ["stated", "announced", "by_403", "by_200"] {
        let counts = run(&api, "limits.yaml", plan).await;
        assert_eq!(counts, Counts::from([(plan.to_owned(), 12)]));
    }
    let verdicts = api.verdicts();
    let other_rules = verdicts
        .violations
        .iter()
        .filter(|violation| violation.rule != Rule::RateLimit)
        .count();
    assert_eq!(other_rules, 0, "{verdicts:#?}");
    check("limits.yaml", "retries", &[("retries", 1)]).await;
}

#[tokio::test]
async fn logins() {
    for plan in ["basic", "key", "key_in_query", "client", "person", "login"] {
        check("logins.yaml", plan, &[(plan, 1)]).await;
    }
}

#[tokio::test]
async fn jobs() {
    check(
        "jobs.yaml",
        "export",
        &[("export/poll", 1), ("export/poll/download", 1)],
    )
    .await;
}

#[tokio::test]
async fn formats() {
    check("formats.yaml", "binary", &[("binary", 1)]).await;
}

#[tokio::test]
async fn nesting() {
    let expected = [
        ("permissions", 1),
        ("permissions/members", 12),
        ("permissions/members/permissions", 22),
        ("permissions/members/photo", PHOTOS),
    ];
    check("nesting.yaml", "permissions", &expected).await;
}

/// Members of the first three groups whose position is a multiple of three.
const PHOTOS: usize = 30;

#[tokio::test]
async fn a_token_that_ends_is_renewed() {
    let options = Options {
        token_ttl: std::time::Duration::from_secs(2),
        ..Options::default()
    };
    let api = practice::start_with(options).await;
    let counts = run(&api, "practice.yaml", "users").await;
    assert_eq!(counts["users/factors"], 225);
    assert_eq!(api.verdicts().violations, []);
}

#[tokio::test]
async fn every_example_is_valid() {
    let mut files = Vec::new();
    for entry in fs::read_dir(repository().join("examples")).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let name = path.to_string_lossy();
        if path.extension().is_some_and(|extension| extension == "yaml") && !name.ends_with(".config.yaml") {
            files.push(path);
        }
    }
    let count = files.len();
    assert!(count >= 9, "{files:?}");
    let output = Command::new(env!("CARGO_BIN_EXE_orchid"))
        .arg("validate")
        .args(files)
        .output()
        .await;
    let output = output.expect("orchid runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr.matches("0 errors, 0 warnings").count(), count, "{stderr}");
}
