//! When runs are due, above all around changes of the clocks.

use std::time::Duration;

use jiff::Timestamp;
use orchid_plan::schedule::{Cron, LastRun, Schedule};

fn time(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

/// The times of `cron` in `zone` after `from`.
fn check(cron: &str, zone: &str, from: &str, expect: &[&str]) {
    let cron = Cron::parse(cron, zone).expect("a cron expression");
    let mut at = time(from);
    let mut got = Vec::new();
    for _ in expect {
        at = cron.next_after(at).expect("there is a next time");
        got.push(at.to_string());
    }
    assert_eq!(
        got,
        expect,
        "{} in {} after {from}",
        cron.text(),
        cron.zone_name()
    );
}

#[test]
fn ordinary_days() {
    check(
        "0 * * * *",
        "UTC",
        "2026-01-01T00:00:00Z",
        &["2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"],
    );
    check(
        "0 * * * *",
        "UTC",
        "2026-01-01T00:59:59.999Z",
        &["2026-01-01T01:00:00Z"],
    );
    check(
        "0 * * * *",
        "UTC",
        "2026-01-01T00:00:00.001Z",
        &["2026-01-01T01:00:00Z"],
    );
    check(
        "*/15 8-9 * * MON-FRI",
        "UTC",
        "2026-01-02T09:40:00Z",
        &["2026-01-02T09:45:00Z", "2026-01-05T08:00:00Z"],
    );
    check(
        "0 0 L * *",
        "UTC",
        "2026-02-01T00:00:00Z",
        &["2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z"],
    );
    check(
        "0 0 29 2 *",
        "UTC",
        "2026-01-01T00:00:00Z",
        &["2028-02-29T00:00:00Z"],
    );
    check(
        "0 0 13 * FRI",
        "UTC",
        "2026-01-01T00:00:00Z",
        &[
            "2026-01-02T00:00:00Z",
            "2026-01-09T00:00:00Z",
            "2026-01-13T00:00:00Z",
        ],
    );
    check(
        "@daily",
        "Asia/Kolkata",
        "2026-01-01T00:00:00Z",
        &["2026-01-01T18:30:00Z"],
    );
    check(
        "30 9 * * *",
        "America/New_York",
        "2026-01-01T00:00:00Z",
        &["2026-01-01T14:30:00Z"],
    );
}

#[test]
fn an_hour_that_is_skipped_runs_once_after_the_gap() {
    // Berlin, 29 March 2026: 02:00 becomes 03:00 at 01:00Z.
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00:00Z",
        &["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"],
    );
    check(
        "0 2 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00:00Z",
        &["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"],
    );
    check(
        "0 * * * *",
        "Europe/Berlin",
        "2026-03-28T23:30:00Z",
        &[
            "2026-03-29T00:00:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-29T02:00:00Z",
        ],
    );
    check(
        "*/20 2 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00:00Z",
        &["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"],
    );
    check(
        "30 3 * * *",
        "Europe/Berlin",
        "2026-03-28T12:00:00Z",
        &["2026-03-29T01:30:00Z"],
    );
    // New York, 8 March 2026: 02:00 becomes 03:00 at 07:00Z.
    check(
        "15 2 * * *",
        "America/New_York",
        "2026-03-07T12:00:00Z",
        &["2026-03-08T07:00:00Z", "2026-03-09T06:15:00Z"],
    );
    // Lord Howe, 4 October 2026: 02:00 becomes 02:30 at 15:30Z of the day before.
    check(
        "15 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T00:00:00Z",
        &["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"],
    );
    check(
        "*/15 * * * *",
        "Australia/Lord_Howe",
        "2026-10-03T15:00:00Z",
        &[
            "2026-10-03T15:15:00Z",
            "2026-10-03T15:30:00Z",
            "2026-10-03T15:45:00Z",
        ],
    );
    // Apia had no 30 December 2011 at all.
    check(
        "0 12 30 12 *",
        "Pacific/Apia",
        "2011-12-01T00:00:00Z",
        &["2011-12-30T10:00:00Z", "2012-12-29T22:00:00Z"],
    );
}

#[test]
fn an_hour_that_happens_twice_runs_once() {
    // Berlin, 25 October 2026: 03:00 becomes 02:00 at 01:00Z.
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-24T12:00:00Z",
        &["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
    );
    check(
        "0 * * * *",
        "Europe/Berlin",
        "2026-10-24T23:30:00Z",
        &[
            "2026-10-25T00:00:00Z",
            "2026-10-25T02:00:00Z",
            "2026-10-25T03:00:00Z",
        ],
    );
    // Asked within the second pass, the first has happened.
    check(
        "30 2 * * *",
        "Europe/Berlin",
        "2026-10-25T01:15:00Z",
        &["2026-10-26T01:30:00Z"],
    );
    check(
        "59 2 * * *",
        "Europe/Berlin",
        "2026-10-25T00:59:30Z",
        &["2026-10-26T01:59:00Z"],
    );
    // New York, 1 November 2026: 02:00 becomes 01:00 at 06:00Z.
    check(
        "15 1 * * *",
        "America/New_York",
        "2026-10-31T12:00:00Z",
        &["2026-11-01T05:15:00Z", "2026-11-02T06:15:00Z"],
    );
    // Lord Howe, 5 April 2026: 02:00 becomes 01:30 at 15:00Z of the day before.
    check(
        "45 1 * * *",
        "Australia/Lord_Howe",
        "2026-04-04T00:00:00Z",
        &["2026-04-04T14:45:00Z", "2026-04-05T15:15:00Z"],
    );
    check(
        "*/15 * * * *",
        "Australia/Lord_Howe",
        "2026-04-04T14:30:00Z",
        &["2026-04-04T14:45:00Z", "2026-04-04T15:30:00Z"],
    );
}

#[test]
fn every_time_is_later_than_the_one_before() {
    for zone in [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "UTC",
    ] {
        let cron = Cron::parse("*/30 * * * *", zone).expect("a cron expression");
        let (mut at, end) = (time("2026-01-01T00:00:00Z"), time("2027-01-01T00:00:00Z"));
        let mut count = 0;
        while at < end {
            let next = cron.next_after(at).expect("there is a next time");
            assert!(next > at, "{zone}: {next} after {at}");
            (at, count) = (next, count + 1);
        }
        assert!(
            (17_400..=17_520).contains(&count),
            "{zone}: {count} runs in a year"
        );
    }
}

#[test]
fn refused() {
    for (cron, zone, expect) in [
        (
            "",
            "UTC",
            "`` is not a cron expression: it has 0 fields, not five (minute, hour, day of month, month, day of week)",
        ),
        (
            "* * * *",
            "UTC",
            "`* * * *` is not a cron expression: it has 4 fields, not five (minute, hour, day of month, month, day of week)",
        ),
        (
            "0 0 * * * *",
            "UTC",
            "`0 0 * * * *` is not a cron expression: it has 6 fields, not five (minute, hour, day of month, month, day of week)",
        ),
        (
            "0 0 30 2 *",
            "UTC",
            "the cron expression `0 0 30 2 *` never comes true",
        ),
        ("0 0 * * *", "Mars/Olympus", "`Mars/Olympus` is not a time zone"),
        ("0 0 * * *", "", "`` is not a time zone"),
        (
            "0 0 * * *",
            "../../etc/passwd",
            "`../../etc/passwd` is not a time zone",
        ),
    ] {
        let got = Cron::parse(cron, zone)
            .map(|_| ())
            .expect_err("refused")
            .to_string();
        assert_eq!(got, expect);
    }
    for cron in [
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "a b c d e",
        "*/0 * * * *",
        "5-1 * * * *",
        "@never",
        "ä * * * *",
    ] {
        let got = Cron::parse(cron, "UTC").map(|_| ()).expect_err(cron).to_string();
        assert!(
            got.starts_with(&format!("`{cron}` is not a cron expression: ")),
            "{got}"
        );
    }
}

#[test]
fn due() {
    let since = time("2026-01-01T00:10:00Z");
    let last = |started: &str, ended: &str| {
        Some(LastRun {
            started: time(started),
            ended: time(ended),
        })
    };
    let wait = Schedule::Wait {
        wait: Duration::from_mins(15),
        jitter: Duration::from_mins(1),
    };
    let hourly = Schedule::Cron {
        cron: Cron::parse("0 * * * *", "UTC").expect("cron"),
        jitter: Duration::from_mins(1),
    };
    for (schedule, last, spread, expect) in [
        (&Schedule::OnDemand, None, 0.0, None),
        (&wait, None, 1.0, Some("2026-01-01T00:10:00Z")),
        (
            &wait,
            last("2026-01-02T00:00:00Z", "2026-01-02T01:00:00Z"),
            0.0,
            Some("2026-01-02T01:15:00Z"),
        ),
        (
            &wait,
            last("2026-01-02T00:00:00Z", "2026-01-02T01:00:00Z"),
            0.5,
            Some("2026-01-02T01:15:30Z"),
        ),
        (
            &wait,
            last("2026-01-02T00:00:00Z", "2026-01-02T01:00:00Z"),
            f64::NAN,
            Some("2026-01-02T01:15:00Z"),
        ),
        (&hourly, None, 0.0, Some("2026-01-01T01:00:00Z")),
        (&hourly, None, 7.0, Some("2026-01-01T01:01:00Z")),
        (
            &hourly,
            last("2026-01-01T01:00:01Z", "2026-01-01T01:05:00Z"),
            0.0,
            Some("2026-01-01T02:00:00Z"),
        ),
        // It lasted over two times: one run is caught up.
        (
            &hourly,
            last("2026-01-01T01:00:01Z", "2026-01-01T03:30:00Z"),
            0.0,
            Some("2026-01-01T02:00:00Z"),
        ),
    ] {
        assert_eq!(
            schedule
                .due(last, since, spread)
                .map(|at| at.to_string())
                .as_deref(),
            expect,
            "{schedule:?} {last:?}"
        );
    }
}
