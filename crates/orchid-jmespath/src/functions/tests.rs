//! What holds of every function: no panic whatever it is given, no secret shown, marks passed on.

use crate::document;
use crate::expression::meter::Meter;
use crate::expression::{Env, Rules};
use crate::functions::call::{Argument, Call};
use crate::functions::{Secrets, find, functions};
use crate::problem::EvalError;
use crate::value::Value;

/// Long enough that no part of it is met by chance.
const SECRET: &str = "hunter2-hunter2";

fn env() -> Env<'static> {
    Env {
        now: "2026-01-02T03:04:05Z".parse().expect("a time"),
        random: Some(&|bytes: &mut [u8]| bytes.fill(7)),
        rules: Rules::Standard,
    }
}

fn call(name: &str, values: &[Value]) -> Result<Value, EvalError> {
    let function = find(name).expect(name);
    let arguments: Vec<Argument<'_>> = values.iter().cloned().map(Argument::Value).collect();
    let spans = vec![0..1; values.len()];
    let (env, mut meter) = (env(), Meter::with_fuel(2_000_000));
    Call::new(function, &arguments, &env, &mut meter, 0..1, &spans).run()
}

fn json(text: &str) -> Value {
    document::parse(text.to_owned().into()).expect(text)
}

fn secret(text: &str) -> Value {
    Value::from(text).into_secret()
}

fn pool() -> Vec<Value> {
    let mut pool: Vec<Value> = [
        "null",
        "true",
        "0",
        "-1",
        "2.5",
        "1e400",
        "-9223372036854775808",
        "18446744073709551615",
        r#""""#,
        r#""\u0000é€😀""#,
        r#""2026-01-02""#,
        r#""P1D""#,
        r#""sha256""#,
        r#""(a|b)*""#,
        "[]",
        r#"[1, "a", null]"#,
        r#"["a", "b"]"#,
        "{}",
        r#"{"a": {"b": [1]}}"#,
        r#"{"hex": "6"}"#,
    ]
    .map(json)
    .into();
    pool.push(secret(SECRET));
    pool.push(Value::array([secret(SECRET)]));
    pool.push(Value::object([("base64", secret(SECRET))]));
    pool
}

/// Calls every function with every combination of values that its arity allows: all values where it takes up to
/// two, every other one where it takes three.
#[test]
fn no_function_panics_or_shows_a_secret() {
    let all = pool();
    let some: Vec<Value> = all.iter().step_by(2).cloned().collect();
    let mut calls = 0;
    for function in functions() {
        for count in 0..=3_usize {
            if !function.arity().admits(count) {
                continue;
            }
            let pool = if count < 3 { &all } else { &some };
            for index in 0..pool.len().pow(u32::try_from(count).expect("small")) {
                let mut rest = index;
                let mut next = || {
                    let value = pool[rest % pool.len()].clone();
                    rest /= pool.len();
                    value
                };
                let values: Vec<Value> = (0..count).map(|_| next()).collect();
                if let Err(error) = call(function.name, &values) {
                    let shown = format!("{} {}", error.message, error.help.unwrap_or_default());
                    assert!(
                        !shown.contains("hunter2"),
                        "{} shows a secret: {shown}",
                        function.name
                    );
                    assert!(shown.len() < 600, "{} says too much: {shown}", function.name);
                }
                calls += 1;
            }
        }
    }
    assert!(calls > 30_000, "only {calls} calls were made");
}

#[test]
fn what_is_made_from_a_secret_is_secret() {
    let object = Value::object([("a", secret(SECRET)), ("b", Value::from("public"))]);
    let list = Value::array([secret(SECRET), Value::from("public")]);
    for (name, values) in [
        ("concat", vec![Value::from("Bearer "), secret(SECRET)]),
        ("base64", vec![secret(SECRET)]),
        ("base64url", vec![secret(SECRET)]),
        ("hex", vec![secret(SECRET)]),
        ("unhex", vec![secret("616263")]),
        ("base64_decode", vec![secret("YWJj")]),
        ("url_encode", vec![secret(SECRET)]),
        ("path_escape", vec![secret(SECRET)]),
        ("query_string", vec![object.clone()]),
        ("query_get", vec![secret("/x?token=abc"), Value::from("token")]),
        ("url_parse", vec![secret("https://a.example/?token=abc")]),
        (
            "url_resolve",
            vec![Value::from("https://a.example"), secret("?token=abc")],
        ),
        ("to_json", vec![object.clone()]),
        ("parse_json", vec![secret(r#"{"a": 1}"#)]),
        ("regex_find", vec![secret(SECRET), Value::from("h.*")]),
        (
            "regex_replace",
            vec![Value::from("abc"), Value::from("b"), secret(SECRET)],
        ),
        ("default", vec![Value::NULL, secret(SECRET)]),
        ("coalesce", vec![Value::NULL, secret(SECRET)]),
        ("first", vec![list.clone()]),
        ("pick", vec![object.clone(), Value::from("a")]),
        ("chunk", vec![list.clone(), Value::from(1)]),
        ("unique", vec![list.clone()]),
        ("product", vec![list.clone(), list.clone()]),
        ("parse_time", vec![secret("2026-01-02")]),
        (
            "jwt_sign",
            vec![object.clone(), Value::from("key"), Value::from("HS256")],
        ),
    ] {
        assert!(
            call(name, &values).expect(name).is_secret(),
            "{name} loses the mark"
        );
    }
}

#[test]
fn what_does_not_tell_its_input_is_public() {
    let list = Value::array([secret(SECRET), Value::from("public")]);
    let object = Value::object([("a", secret(SECRET)), ("b", Value::from("public"))]);
    for (name, values) in [
        ("hash", vec![Value::from("sha256"), secret(SECRET)]),
        (
            "hmac",
            vec![Value::from("sha256"), secret(SECRET), Value::from("text")],
        ),
        (
            "jwt_sign",
            vec![json(r#"{"a": 1}"#), secret(SECRET), Value::from("HS256")],
        ),
        ("last", vec![list]),
        ("pick", vec![object.clone(), Value::from("b")]),
        ("omit", vec![object, Value::from("a")]),
        ("not", vec![secret(SECRET)]),
        ("matches", vec![secret(SECRET), Value::from("h")]),
    ] {
        assert!(
            !call(name, &values).expect(name).is_secret(),
            "{name} marks what is public"
        );
    }
}

/// A hundred times `[@, @]` is a tree without end: what would walk it runs out of budget instead of time.
#[test]
fn shared_parts_do_not_multiply() {
    let mut value = Value::from(1);
    for _ in 0..100 {
        value = Value::array([value.clone(), value]);
    }
    let list = Value::array([value.clone(), value.clone()]);
    let object = Value::object([("a", value.clone())]);
    for (name, values) in [
        ("to_json", vec![value.clone()]),
        ("unique", vec![list.clone()]),
        ("one_of", vec![value.clone(), list.clone()]),
        (
            "jwt_sign",
            vec![object.clone(), Value::from("key"), Value::from("HS256")],
        ),
    ] {
        let error = call(name, &values).expect_err(name);
        assert_eq!(
            error.kind,
            crate::problem::EvalErrorKind::Budget,
            "{name}: {error}"
        );
    }
    for (name, values) in [
        ("first", vec![list.clone()]),
        ("pick", vec![object, Value::from("a")]),
    ] {
        assert!(call(name, &values).is_ok(), "{name} does not walk");
    }
}

#[test]
fn header_objects_stay_blind_to_case() {
    let headers =
        Value::object_ignoring_case([("Content-Type", Value::from("a")), ("ETag", Value::from("b"))]);
    let kept = call("omit", &[headers.clone(), Value::from("content-type")]).expect("an object");
    assert_eq!(kept.to_json(), r#"{"ETag":"b"}"#);
    assert!(kept.get("etag").is_some());
    let picked = call("pick", &[headers, Value::from("content-type")]).expect("an object");
    assert_eq!(picked.to_json(), r#"{"content-type":"a"}"#);
}

#[test]
fn secrets_say_where_they_go() {
    // A function that builds text from its input must not be declared exempt by mistake.
    let exempt = functions()
        .iter()
        .filter(|function| function.secrets == Secrets::Exempt);
    let mut names: Vec<&str> = exempt
        .filter(|function| function.group != "standard")
        .map(|f| f.name)
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "all",
            "any",
            "hash",
            "hmac",
            "jwt_sign",
            "matches",
            "not",
            "one_of",
            "random_hex",
            "uuid"
        ]
    );
}
