//! The bodies and expressions that the benchmarks share.

use std::fmt::Write as _;

use bytes::Bytes;
use orchid_jmespath::document;
use orchid_jmespath::expression::{Env, Expression, Options, Rules};
use orchid_jmespath::value::Value;

/// What a poll asks of a page of users.
pub(crate) const EXPRESSIONS: [&str; 5] = [
    "response.status_code == 200",
    "response.body.users[?active && role == 'admin'].{id: id, mail: email}",
    "response.body.next_cursor != null",
    "length(response.body.users)",
    "max(response.body.users[].updated_at)",
];

/// They, compiled.
pub(crate) fn expressions() -> [Expression; 5] {
    EXPRESSIONS.map(|source| {
        Expression::compile(source, &Options::default()).expect("the expressions of the benchmark compile")
    })
}

/// From bytes to the answers of all expressions.
pub(crate) fn run(body: &Bytes, expressions: &[Expression]) -> (Value, Vec<Value>) {
    let root = root(document::parse(body.clone()).expect("JSON"));
    let answers = expressions
        .iter()
        .map(|expression| evaluate(expression, &root))
        .collect();
    (root, answers)
}

pub(crate) fn evaluate(expression: &Expression, root: &Value) -> Value {
    let env = Env {
        now: jiff::Timestamp::UNIX_EPOCH,
        random: None,
        rules: Rules::Condition,
    };
    expression
        .evaluate(root, &env)
        .expect("the expressions of the benchmark have values")
}

pub(crate) fn root(body: Value) -> Value {
    Value::object([(
        "response",
        Value::object([("status_code", Value::from(200)), ("body", body)]),
    )])
}

/// A page of users as such APIs answer, about 220 bytes each.
pub(crate) fn users(count: usize) -> Bytes {
    let mut text = String::from("{\"users\":[");
    for n in 0..count {
        let comma = if n == 0 { "" } else { "," };
        let (active, role) = (n % 3 != 0, if n % 4 == 0 { "admin" } else { "member" });
        write!(
            text,
            "{comma}{{\"id\":{},\"email\":\"user{n}@example.com\",\"name\":\"User N\\u00ba {n}\",\"active\":{active},\
             \"role\":\"{role}\",\"score\":{n}.25,\"updated_at\":\"2026-01-{:02}T03:04:05Z\",\
             \"manager\":null,\"tags\":[\"a{}\",\"b\"],\"address\":{{\"city\":\"Bern\",\"zip\":\"{:05}\"}}}}",
            9_007_199_254_740_993 + n,
            n % 28 + 1,
            n % 7,
            n % 100_000,
        )
        .expect("writing to a String does not fail");
    }
    text.push_str("],\"next_cursor\":\"eyJpZCI6MTAwfQ\"}");
    Bytes::from(text)
}
