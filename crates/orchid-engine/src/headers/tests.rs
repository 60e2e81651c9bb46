//! Headers as servers write them.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use orchid_jmespath::value::Value;
use proptest::prelude::*;
use url::Url;

use super::{announces_wait, cookies, links, media, retry_after, value, wait_of};

fn headers(lines: &[(&str, &str)]) -> Vec<(String, Bytes)> {
    lines
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Bytes::copy_from_slice(value.as_bytes())))
        .collect()
}

fn base() -> Url {
    Url::parse("https://api.example.com/v1/users?page=1").expect("a URL")
}

/// 2026-01-01T00:00:00Z
fn now() -> Timestamp {
    Timestamp::from_second(1_767_225_600).expect("a time")
}

#[test]
fn links_by_relation() {
    let check = |lines: &[&str], expect: &str| {
        let lines: Vec<_> = lines.iter().map(|line| ("link", *line)).collect();
        assert_eq!(links(&headers(&lines), &base()).to_json(), expect, "of {lines:?}");
    };
    let next = r#"{"next":"https://x.org/2"}"#;
    check(&[], "{}");
    check(&[""], "{}");
    check(&["<https://x.org/2>; rel=\"next\""], next);
    check(&["<https://x.org/2>; rel=next"], next);
    check(&["<https://x.org/2>;rel=next"], next);
    check(&["<https://x.org/2> ; REL = \"NEXT\""], next);
    check(&["<https://x.org/2>; rel='next'"], next);
    check(&["< https://x.org/2 >; rel=next"], next);
    check(&["<https://x.org/2>; title=\"a, b; c\"; rel=next"], next);
    check(&["<https://x.org/2>; title=\"a \\\" , <x>\"; rel=next"], next);
    check(&["<https://x.org/2>; rel=next; rel=last"], next);
    check(&["<https://x.org/2>; crossorigin; rel=next"], next);
    check(&["<https://x.org/2>; rel=next;"], next);
    check(&[", ,<https://x.org/2>; rel=next, ,"], next);
    check(
        &["<https://x.org/2>; rel=next, <https://x.org/3>; rel=next"],
        next,
    );
    check(
        &["<https://x.org/2>; rel=\"next last\""],
        r#"{"next":"https://x.org/2","last":"https://x.org/2"}"#,
    );
    check(
        &["<https://x.org/2>; rel=next, <https://x.org/1>; rel=prev"],
        r#"{"next":"https://x.org/2","prev":"https://x.org/1"}"#,
    );
    check(
        &[
            "<https://x.org/1>; rel=\"self\"",
            "<https://x.org/2>; rel=\"next\"",
        ],
        r#"{"self":"https://x.org/1","next":"https://x.org/2"}"#,
    );
    check(
        &["<https://x.org/a,b;c>; rel=next"],
        r#"{"next":"https://x.org/a,b;c"}"#,
    );
    check(
        &["</v2?page=2>; rel=next"],
        r#"{"next":"https://api.example.com/v2?page=2"}"#,
    );
    check(
        &["<?page=2>; rel=next"],
        r#"{"next":"https://api.example.com/v1/users?page=2"}"#,
    );
    check(&["<//x.org/2>; rel=next"], next);
    check(
        &["<more>; rel=next"],
        r#"{"next":"https://api.example.com/v1/more"}"#,
    );
    check(
        &["<https://x.org/2>; rel=\"https://x.org/rel/Other\""],
        r#"{"https://x.org/rel/other":"https://x.org/2"}"#,
    );
    // Of another resource than this one.
    check(&["<https://x.org/2>; rel=next; anchor=\"/v1/groups\""], "{}");
    check(
        &["<https://x.org/2>; rel=next; anchor=\"https://api.example.com/v1/users?page=1\""],
        next,
    );
    // What is no link, or has no relation.
    check(&["https://x.org/2; rel=next"], "{}");
    check(&["<https://x.org/2"], "{}");
    check(&["<https://x.org/2>"], "{}");
    check(&["<https://x.org/2>; rev=next"], "{}");
    check(&["<https://[broken>; rel=next"], "{}");
    check(&["<https://x.org/2>; rel=\"next"], next);
    check(
        &["<https://x.org/1>; rel=\"prev\" junk, <https://x.org/2>; rel=next"],
        r#"{"prev":"https://x.org/1","next":"https://x.org/2"}"#,
    );
}

#[test]
fn waits() {
    let seconds = |s: f64| Some(Duration::from_secs_f64(s));
    let check = |text: &str, expect: Option<Duration>| {
        let lines = headers(&[("retry-after", text)]);
        assert_eq!(retry_after(&lines, now()), expect, "of {text:?}");
        let value = Value::from(text);
        assert_eq!(wait_of(&value, &[], now()), expect, "of the text {text:?}");
    };
    check("0", seconds(0.0));
    check("120", seconds(120.0));
    check(" 120 ", seconds(120.0));
    check("1.5", seconds(1.5));
    check("0.25", seconds(0.25));
    check("86400", seconds(86_400.0));
    check("999999999", seconds(999_999_999.0));
    // Seconds and milliseconds since 1970.
    check("1767225660", seconds(60.0));
    check("1767225660.5", seconds(60.5));
    check("1767225660000", seconds(60.0));
    check("1767225000", seconds(0.0));
    // Dates.
    check("Thu, 01 Jan 2026 00:01:00 GMT", seconds(60.0));
    check("Thursday, 01-Jan-26 00:01:00 GMT", seconds(60.0));
    check("Thu Jan  1 00:01:00 2026", seconds(60.0));
    check("Wed, 31 Dec 2025 00:00:00 GMT", seconds(0.0));
    check("2026-01-01T00:01:00Z", seconds(60.0));
    check("2026-01-01T01:01:00+01:00", seconds(60.0));
    check("2026-01-01T00:00:00.250Z", seconds(0.25));
    check("2025-01-01T00:00:00Z", seconds(0.0));
    // Lengths.
    check("1m20s", seconds(80.0));
    check("1h30m", seconds(5400.0));
    check("6m0s", seconds(360.0));
    check("500ms", seconds(0.5));
    check("20ms", seconds(0.02));
    check("1.5s", seconds(1.5));
    check("1d", seconds(86_400.0));
    check("PT1M", seconds(60.0));
    check("30 seconds", seconds(30.0));
    // What says nothing.
    for text in [
        "", " ", "soon", "-1", "-1s", "NaN", "inf", "-inf", "1e999", "1e300", "true", "12 12", "0x10",
    ] {
        check(text, None);
    }
}

#[test]
fn a_date_is_relative_to_the_clock_that_named_it() {
    let check = |date: &str, retry: &str, expect: u64| {
        let lines = headers(&[("Date", date), ("Retry-After", retry)]);
        let wait = retry_after(&lines, now());
        assert_eq!(wait, Some(Duration::from_secs(expect)), "of {date:?}, {retry:?}");
    };
    // The server's clock is ten minutes ahead of ours, or behind.
    check(
        "Thu, 01 Jan 2026 00:10:00 GMT",
        "Thu, 01 Jan 2026 00:10:30 GMT",
        30,
    );
    check(
        "Wed, 31 Dec 2025 23:50:00 GMT",
        "Wed, 31 Dec 2025 23:50:30 GMT",
        30,
    );
    check("Thu, 01 Jan 2026 00:10:00 GMT", "1767226230", 30);
    check("Thu, 01 Jan 2026 00:10:00 GMT", "30", 30);
    check("yesterday", "Thu, 01 Jan 2026 00:00:30 GMT", 30);
}

#[test]
fn waits_as_values() {
    let check = |value: Value, expect: Option<u64>| {
        let shown = value.to_json();
        let expect = expect.map(Duration::from_millis);
        assert_eq!(wait_of(&value, &[], now()), expect, "of {shown}");
    };
    check(Value::from(5), Some(5_000));
    check(Value::from(2.5), Some(2_500));
    check(Value::from(1_767_225_660_000_i64), Some(60_000));
    check(Value::from("5"), Some(5_000));
    check(Value::from(-5), None);
    check(Value::from(u64::MAX), None);
    check(Value::NULL, None);
    check(Value::from(true), None);
    check(Value::array([Value::from(5)]), None);
}

#[test]
fn the_first_wait_that_can_be_read_counts() {
    let lines = headers(&[
        ("retry-after", "soon"),
        ("Retry-After", "7"),
        ("retry-after", "9"),
    ]);
    assert_eq!(retry_after(&lines, now()), Some(Duration::from_secs(7)));
    assert!(announces_wait(&lines), "the name matches whatever its case");
    assert!(
        !announces_wait(&headers(&[("x-retry-after", "1")])),
        "another header"
    );
}

#[test]
fn set_cookies() {
    let check = |lines: &[&str], expect: &str| {
        let lines: Vec<_> = lines.iter().map(|line| ("set-cookie", *line)).collect();
        assert_eq!(cookies(&headers(&lines)).to_json(), expect, "of {lines:?}");
    };
    check(&[], "{}");
    check(&["sid=abc"], r#"{"sid":"abc"}"#);
    check(&["sid=abc; Path=/; HttpOnly"], r#"{"sid":"abc"}"#);
    check(&["sid=a=b=="], r#"{"sid":"a=b=="}"#);
    check(&[" sid = abc ;Secure"], r#"{"sid":"abc"}"#);
    check(&["sid="], r#"{"sid":""}"#);
    check(&["a=1", "b=2"], r#"{"a":"1","b":"2"}"#);
    check(&["a=1", "a=2"], r#"{"a":"2"}"#);
    check(&["a=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT"], r#"{"a":"1"}"#);
    check(&["=x", "novalue", ""], "{}");
}

#[test]
fn headers_as_an_object() {
    let lines = headers(&[
        ("content-type", "text/plain"),
        ("x-a", "1"),
        ("Set-Cookie", "a=1"),
        ("X-A", "2"),
        ("set-cookie", "b=2"),
    ]);
    let object = value(&lines);
    let check = |name: &str, expect: &str| {
        let found = object.get(name).unwrap_or(Value::NULL).to_json();
        assert_eq!(found, expect, "of {name}");
    };
    check("Content-Type", r#""text/plain""#);
    check("x-a", r#""1, 2""#);
    check("X-A", r#""1, 2""#);
    check("Set-Cookie", r#"["a=1","b=2"]"#);
    check("x-b", "null");
    let latin = [("x".to_owned(), Bytes::from_static(b"caf\xe9"))];
    assert_eq!(
        value(&latin).to_json(),
        r#"{"x":"café"}"#,
        "ISO-8859-1 where it is no UTF-8"
    );
}

#[test]
fn content_types() {
    let check = |text: &str, essence: &str, charset: Option<&str>| {
        let media = media(&headers(&[("Content-Type", text)]));
        assert_eq!(
            (media.essence.as_str(), media.charset.as_deref()),
            (essence, charset),
            "of {text:?}"
        );
    };
    check("application/json", "application/json", None);
    check(
        " Application/JSON ; Charset=\"UTF-8\"",
        "application/json",
        Some("UTF-8"),
    );
    check("text/html;charset=latin1", "text/html", Some("latin1"));
    check("text/html; a=b; charset='x'", "text/html", Some("x"));
    check("text/html; charset=", "text/html", None);
    check("text/html; charset", "text/html", None);
    check("", "", None);
    check(";;;", "", None);
}

proptest! {
    #[test]
    fn nothing_panics(name in "(?i)link|retry-after|set-cookie|date|content-type", bytes: Vec<u8>, text in "[<>;,=\"'\\\\ a-z0-9/.:-]{0,80}") {
        for value_of in [Bytes::from(bytes), Bytes::from(text)] {
            let lines = [(name.clone(), value_of)];
            let all = links(&lines, &base()).len() + cookies(&lines).len() + value(&lines).len();
            prop_assert!(all <= lines[0].1.len() + 2);
            retry_after(&lines, now());
            media(&lines);
        }
    }
}
