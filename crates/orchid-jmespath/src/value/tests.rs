//! What values do, in tables.

use bytes::Bytes;

use super::{Kind, Value};
use crate::document;

fn json(text: &str) -> Value {
    document::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

#[test]
fn computed_values_and_documents_are_equal_by_content() {
    let computed = Value::object([
        ("n", Value::from(9_007_199_254_740_993_i64)),
        ("s", Value::from("é")),
        (
            "a",
            Value::array([Value::NULL, Value::from(true), Value::from(1.5)]),
        ),
    ]);
    assert_eq!(
        computed,
        json(r#"{"a":[null,true,1.50],"s":"\u00e9","n":9007199254740993}"#)
    );
    assert_ne!(
        computed,
        json(r#"{"a":[null,true,1.5],"s":"é","n":9007199254740992}"#)
    );
    assert_eq!(
        computed.to_json(),
        r#"{"n":9007199254740993,"s":"é","a":[null,true,1.5]}"#
    );
}

#[test]
fn truth() {
    for (text, truth) in [
        ("null", false),
        ("false", false),
        ("\"\"", false),
        ("[]", false),
        ("{}", false),
        ("0", true),
        ("true", true),
        ("\" \"", true),
        ("[null]", true),
        (r#"{"":0}"#, true),
    ] {
        assert_eq!(json(text).is_truthy(), truth, "{text}");
    }
}

#[test]
fn names_may_ignore_case() {
    let many = (0..20).map(|n| (format!("X-Name-{n}"), Value::from(n)));
    let headers = Value::object_ignoring_case(many.chain([("x-name-3".to_owned(), Value::from(33))]));
    assert_eq!(headers.get("x-NAME-19").unwrap().as_i64(), Some(19));
    assert_eq!(headers.get("X-Name-3").unwrap().as_i64(), Some(33));
    assert_eq!(headers.len(), 20);
    assert!(headers.get("x-name").is_none());
    assert!(json(r#"{"A":1}"#).get("a").is_none());
}

#[test]
fn what_comes_out_of_a_secret_is_secret() {
    let secret = json(r#"{"a":["x",1,null]}"#).into_secret();
    let list = secret.get("a").unwrap();
    assert!(list.is_secret());
    let marks: Vec<_> = list.items().map(|item| item.is_secret()).collect();
    assert_eq!(marks, [true, true, false], "null has nothing to hide");
    let holder = Value::object([("open", Value::from(1)), ("hidden", list.at(0).unwrap())]);
    assert!(holder.is_secret());
    assert!(!holder.get("open").unwrap().is_secret());
    assert!(holder.get("hidden").unwrap().is_secret());
    let public = holder.clone().into_public();
    assert!(!public.is_secret() && public == holder);
    assert_eq!(format!("{holder:?}"), "(a secret object)");
    assert_eq!(secret.to_json(), r#"{"a":["x",1,null]}"#, "only messages hide it");
}

#[test]
fn text_of_a_value() {
    let cases = [
        ("null", Some("")),
        ("\"a\\nb\"", Some("a\nb")),
        ("1.50", Some("1.50")),
        ("true", Some("true")),
    ];
    for (text, expected) in cases.into_iter().chain([("[]", None), ("{}", None)]) {
        assert_eq!(json(text).to_text().as_deref(), expected, "{text}");
    }
    assert_eq!(
        json("{ \"a b\" : [ 1 , \"\\\" \" ] }").to_compact_json(),
        r#"{"a b":[1,"\" "]}"#
    );
}

#[test]
fn shared_bytes_must_be_utf8() {
    assert_eq!(
        Value::from_utf8(Bytes::from_static("é".as_bytes()))
            .unwrap()
            .as_str(),
        Some("é")
    );
    assert!(Value::from_utf8(Bytes::from_static(b"\xff")).is_err());
    assert_eq!(Value::from(u64::MAX).to_json(), "18446744073709551615");
    assert_eq!(Value::from(f64::NAN).kind(), Kind::Null);
}

#[test]
fn shown_values_are_short() {
    let long = "é".repeat(500);
    assert!(format!("{:?}", Value::from(long.as_str())).len() < 220);
    assert!(format!("{:?}", json(&format!("[\"{long}\"]"))).len() < 220);
    assert!(format!("{:?}", Value::array((0..500).map(Value::from))).len() < 220);
}
