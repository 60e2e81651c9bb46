//! What documents do, in tables.

use bytes::Bytes;

use super::build::Builder;
use super::{check, parse, parse_lines};
use crate::number::Number;
use crate::value::Value;

fn json(text: &str) -> Value {
    parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

#[test]
fn every_part_is_written_as_received() {
    let text = "\u{feff} { \"a\" : [ 1.50, \"\\u0041\\/\", {\"x\":  1e2} ],\n\"b\":null } ";
    let value = json(text);
    assert_eq!(value.to_json(), text.trim_matches(['\u{feff}', ' ']));
    let list = value.get("a").unwrap();
    assert_eq!(list.at(0).unwrap().to_json(), "1.50");
    assert_eq!(list.at(1).unwrap().to_json(), "\"\\u0041\\/\"");
    assert_eq!(list.at(1).unwrap().as_str(), Some("A/"));
    assert_eq!(list.at(2).unwrap().to_json(), "{\"x\":  1e2}");
    assert_eq!(list.at(2).unwrap().get("x").unwrap().as_i64(), Some(100));
    assert!(list.at(3).is_none() && value.get("c").is_none() && value.at(0).is_none());
}

#[test]
fn the_last_of_equal_names_wins_at_the_place_of_the_first() {
    let value = json(r#"{"a":1,"b":{"a":2,"a":3},"\u0061":4,"a":5}"#);
    let entries: Vec<_> = value
        .entries()
        .map(|(name, value)| (name.to_owned(), value.to_json()))
        .collect();
    assert_eq!(
        entries,
        [("a".into(), "5".into()), ("b".into(), r#"{"a":2,"a":3}"#.into())]
    );
    assert_eq!(value.get("b").unwrap().get("a").unwrap().as_i64(), Some(3));
}

#[test]
fn strings_with_escapes() {
    for (text, expected) in [
        (r#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (r#""\ud83d\ude00é""#, "😀é"),
        (r#""\ud83d""#, "\u{fffd}"),
        (r#""\ude00\ud83d!""#, "\u{fffd}\u{fffd}!"),
        (r#""\ud83d\u0041""#, "\u{fffd}A"),
        (r#""\u0000""#, "\0"),
    ] {
        assert_eq!(json(text).as_str(), Some(expected), "{text}");
    }
}

#[test]
fn what_is_not_json_is_refused_with_its_place() {
    let deep = format!("{}{}", "[".repeat(129), "]".repeat(129));
    let cases = [
        ("", 0, "expected a value, but the text ends"),
        ("[1,]", 3, "expected a value, found `]`"),
        ("[1 2]", 3, "expected `,` or `]`, found `2`"),
        ("{\"a\" 1}", 5, "expected `:`, found `1`"),
        ("{\"a\":1,}", 7, "expected a name in double quotes, found `}`"),
        ("{a:1}", 1, "expected a name in double quotes, found `a`"),
        ("[1}", 2, "expected `,` or `]`, found `}`"),
        ("nul", 0, "expected a value, found `n`"),
        ("01", 0, "a number that is not written as JSON numbers are"),
        ("1 2", 2, "expected nothing after the end of the value, found `2`"),
        ("\"a\nb\"", 2, "a control character inside a string"),
        ("\"ab", 3, "the text ends inside a string"),
        ("\"\\x\"", 1, "an unknown escape sequence"),
        ("\"\\u12G4\"", 1, "an unknown escape sequence"),
        ("<html>", 0, "expected a value, found `<`"),
        (&deep, 128, "more than 128 levels of nesting"),
    ];
    for (text, offset, message) in cases {
        let error = parse(Bytes::copy_from_slice(text.as_bytes())).unwrap_err();
        assert_eq!(
            (error.offset, error.message.as_str()),
            (offset, message),
            "{text}"
        );
        assert_eq!(check(text.as_bytes()), Err(error), "{text}");
    }
    assert_eq!(check(b"\"\xff\"").unwrap_err().offset, 1);
    assert!(json(&deep[1..257]).at(0).is_some(), "128 levels are fine");
}

#[test]
fn lines_become_an_array() {
    let value = parse_lines(Bytes::from_static(b"{\"a\":1}\r\n\n 2\n[3,\t4]")).unwrap();
    assert_eq!(value.to_json(), "[{\"a\":1},2,[3,\t4]]");
    assert_eq!(value.at(0).unwrap().get("a").unwrap().as_i64(), Some(1));
    assert_eq!(parse_lines(Bytes::new()).unwrap().to_json(), "[]");
    let error = parse_lines(Bytes::from_static(b"1\n2 3\n")).unwrap_err();
    assert_eq!(error.offset, 4);
    assert_eq!(
        parse_lines(Bytes::from_static(b"1\n{\n}\n")).unwrap_err().offset,
        4
    );
}

#[test]
fn a_builder_writes_what_it_is_told() {
    let mut builder = Builder::new();
    builder.begin_object();
    builder.key("a\"");
    builder.begin_array();
    builder.string("x\n");
    builder.number(&Number::parse("1.50").unwrap());
    builder.value(&json("{\"k\": 1}"));
    builder.end();
    builder.key("b");
    builder.null();
    builder.key("c");
    builder.boolean(true);
    builder.end();
    let value = builder.finish().unwrap();
    assert_eq!(
        value.to_json(),
        r#"{"a\"":["x\n",1.50,{"k": 1}],"b":null,"c":true}"#
    );

    let mut wrong = Builder::new();
    wrong.begin_object();
    wrong.null();
    wrong.end();
    assert!(wrong.finish().is_err());
    let mut deep = Builder::new();
    (0..1000).for_each(|_| deep.begin_array());
    (0..1001).for_each(|_| deep.end());
    assert_eq!(
        deep.finish().unwrap_err().message,
        "more than 128 levels of nesting"
    );
}

#[test]
fn many_names_are_found() {
    let text: Vec<_> = (0..1000).map(|n| format!("\"k{n}\":{n}")).collect();
    let value = json(&format!("[{{{}}},{{\"k1\":5}}]", text.join(",")));
    assert!((0..1000_i64).all(|n| value.at(0).unwrap().get(&format!("k{n}")).unwrap().as_i64() == Some(n)));
    assert_eq!(value.at(1).unwrap().get("k1").unwrap().as_i64(), Some(5));
    assert!(value.at(1).unwrap().get("k2").is_none());
}
