//! No secret is shown, however it is written.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use orchid_engine::ports::Header;
use orchid_engine::redact::{REDACTED, Redactor};
use orchid_jmespath::value::Value;
use proptest::prelude::*;

fn knowing(secrets: &[&str]) -> Redactor {
    let redactor = Redactor::default();
    for secret in secrets {
        redactor.add(secret);
    }
    redactor
}

#[test]
fn secrets_are_replaced_in_every_encoding() {
    let check = |secrets: &[&str], text: &str, expected: &str| {
        assert_eq!(knowing(secrets).redact(text), expected, "in {text}");
    };
    check(&["s3cr3t-token"], "Bearer s3cr3t-token.", "Bearer [redacted].");
    check(&["s3cr3t-token"], "nothing here", "nothing here");
    check(&["short"], "a short one", "a short one");
    check(&["  padded-secret\n"], "x=padded-secret", "x=[redacted]");
    check(&["abcdef", "defghijk"], "abcdefghijk", "[redacted]");
    check(&["abcdef", "ghijkl"], "abcdefghijkl", "[redacted][redacted]");
    check(&["aaaaaa"], "aaaaaaaaa", "[redacted]");
    // Percent-encoding: each way to write it.
    check(&["p&ss w/rd"], "?x=p%26ss%20w%2Frd&y", "?x=[redacted]&y");
    check(&["p&ss w/rd"], "?x=p%26ss%20w%2frd&y", "?x=[redacted]&y");
    check(&["p&ss w/rd"], "?x=p%26ss+w/rd&y", "?x=[redacted]&y");
    check(&["p&ss w/rd"], "?x=%70%26ss%20w%2Frd&y", "?x=[redacted]&y");
    check(&["pässwörd"], "?x=p%C3%A4ssw%C3%B6rd", "?x=[redacted]");
    check(
        &["p&ss w/rd"],
        "?next=%3Fx%3Dp%2526ss%2520w%252Frd%26y",
        "?next=%3Fx%3D[redacted]%26y",
    );
    check(&["secret"], "100%secret%zz%", "100%[redacted]%zz%");
    // JSON.
    check(
        &["say \"hi\"\\"],
        r#"{"a":"say \"hi\"\\"}"#,
        r#"{"a":"[redacted]"}"#,
    );
    check(&["line1\nline2"], r#""line1\nline2""#, r#""[redacted]""#);
    check(&["pässwörd"], r#""p\u00e4ssw\u00F6rd""#, r#""[redacted]""#);
    check(&["smile 😀!"], r#""smile \ud83d\ude00!""#, r#""[redacted]""#);
    check(
        &["a/b/c/d"],
        r#""a\/b\/c\/d" \u00 \q \"#,
        r#""[redacted]" \u00 \q \"#,
    );
    // JSON inside a URL.
    check(
        &["say \"hi\""],
        "?q=%22say%20%5C%22hi%5C%22%22",
        "?q=%22[redacted]%22",
    );
}

#[test]
fn base64_is_found_at_every_alignment() {
    let secret = "Pa55w\u{f6}rd>?~";
    let redactor = knowing(&[secret]);
    for before in ["", "u", "us", "use", "user:", "user1:"] {
        for after in ["", "x", "xy", "xyz"] {
            for engine in [&STANDARD, &URL_SAFE] {
                let text = engine.encode(format!("{before}{secret}{after}"));
                let shown = redactor.redact(&text).into_owned();
                assert!(shown.contains(REDACTED), "{before}…{after}: {text}");
                // What is left decides no character of the secret but those it shares with its neighbours.
                let left = shown.replace(REDACTED, "");
                let rest = left.trim_end_matches('=').len();
                assert!(
                    rest <= (before.len() * 8).div_ceil(6) + (after.len() * 8).div_ceil(6),
                    "{shown}"
                );
            }
        }
    }
    let header = format!("Basic {}", URL_SAFE_NO_PAD.encode(format!("me:{secret}")));
    assert!(
        redactor.redact(&header).starts_with("Basic bWU"),
        "the user is no secret: {header}"
    );
}

#[test]
fn text_without_secrets_is_not_copied() {
    let redactor = knowing(&["s3cr3t-token", "another-one"]);
    for text in ["plain", "with 100% and a \\ in it", "ünïcödé %C3%A4"] {
        assert!(matches!(redactor.redact(text), Cow::Borrowed(same) if same == text));
    }
}

#[test]
fn secrets_of_values_are_learned() {
    let redactor = Redactor::default();
    let list = Value::array([Value::from("in-a-list"), Value::from(123_456_789_i64)]);
    let secret = Value::object([("list", list), ("flag", Value::from(true))]).into_secret();
    redactor.add_value(&Value::object([
        ("open", Value::from("not-secret")),
        ("hidden", secret),
    ]));
    let shown = redactor.redact("not-secret in-a-list 123456789 true");
    assert_eq!(shown, "not-secret [redacted] [redacted] true");
}

#[test]
fn headers_and_urls_are_redacted_by_position() {
    let redactor = knowing(&["s3cr3t-token"]);
    let header = |name: &str, value: &str, secret| {
        let header = Header {
            name: name.into(),
            value: value.into(),
            secret,
        };
        redactor.header(&header).into_owned()
    };
    assert_eq!(header("X-Mine", "abc", true), REDACTED);
    assert_eq!(header("authorization", "abc", false), REDACTED);
    assert_eq!(header("X-Mine", "abc s3cr3t-token", false), "abc [redacted]");
    assert_eq!(header("X-Mine", "abc", false), "abc");

    let url = |text: &str| redactor.url(&text.parse().unwrap(), |name| name == "key" || name == "a b");
    assert_eq!(
        url("https://u:p@x.io/a?q=1&key=abc&key="),
        "https://redacted@x.io/a?q=1&key=[redacted]&key=[redacted]"
    );
    assert_eq!(
        url("https://x.io/s3cr3t-token?a+b=1&a%20b=2"),
        "https://x.io/[redacted]?a+b=[redacted]&a%20b=[redacted]"
    );
    assert_eq!(url("https://x.io/?keys=1"), "https://x.io/?keys=1");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Any secret in any surroundings, with many others known, is gone; and nothing ever panics.
    #[test]
    fn nothing_is_left(
        secret in "\\PC{6,40}",
        others in prop::collection::vec("\\PC{6,20}", 0..20),
        before in "\\PC{0,20}",
        after in "\\PC{0,20}",
        bytes in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let redactor = Redactor::default();
        for other in &others {
            redactor.add(other);
        }
        redactor.add(&secret);
        for other in &others {
            redactor.add(&format!("{other}{other}"));
        }
        let secret = secret.trim();
        prop_assume!(secret.chars().count() >= 6 && !REDACTED.contains(secret) && !secret.contains("redacted"));
        let json = serde_json::to_string(&format!("{before}{secret}{after}")).unwrap();
        let url = percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string();
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for text in [format!("{before}{secret}{after}"), json, format!("a={url}&b={form}")] {
            let shown = redactor.redact(&text);
            prop_assert!(shown.contains(REDACTED));
            prop_assert!(!shown.contains(secret), "{shown}");
        }
        redactor.redact(&String::from_utf8_lossy(&bytes));
    }
}
