//! Well-formed answers whose values surprise.

use super::{Fault, Give, made};
use crate::exchange::Exchange;
use crate::reply::Reply;

pub(super) const FAULTS: &[Fault] = &[
    json("users-empty", "an empty list", r#"{"users":[]}"#),
    json("users-null", "null in place of the list", r#"{"users":null}"#),
    json("users-missing", "no list", "{}"),
    json(
        "users-object",
        "an object in place of the list",
        r#"{"users":{"u1":{"id":"u00001"}}}"#,
    ),
    json("users-text", "a text in place of the list", r#"{"users":"none"}"#),
    json("users-number", "a number in place of the list", r#"{"users":3}"#),
    json("users-nulls", "a list of nulls", r#"{"users":[null,null]}"#),
    json(
        "users-odd-ids",
        "ids that are null, empty, of other types, or that mean something in a path",
        r#"{"users":[{"id":null},{"id":""},{"id":"."},{"id":".."},{"id":"a/b"},{"id":"a?b#c"},{"id":"a%2Fb"},{"id":" "},{"id":"ü"},{"id":7},{"id":1.50},{"id":true},{"id":[1]},{"id":{"a":1}}]}"#,
    ),
    json(
        "users-repeated",
        "the same id twice",
        r#"{"users":[{"id":"u00001"},{"id":"u00002"},{"id":"u00001"}]}"#,
    ),
    json(
        "header-injection",
        "ids with line breaks, to be put into a header",
        r#"{"users":[{"id":"a\r\nX-Injected: 1"},{"id":"b\nX-Injected: 1"},{"id":"c\r\n\r\nGET /never/smuggled HTTP/1.1\r\n"},{"id":"d\u0000e"}]}"#,
    ),
    json(
        "path-injection",
        "ids that try to leave their place in the path",
        r#"{"users":[{"id":"../../never/path"},{"id":"u00001/../../never/path"},{"id":"u00001?admin=true"},{"id":"u00001#x"},{"id":"\\..\\never"}]}"#,
    ),
    json(
        "template-injection",
        "texts that look like templates",
        r#"{"users":[{"id":"${config.token}"},{"id":"{base_url}"}]}"#,
    ),
    json(
        "big-ids",
        "integers at and beyond the border of 53 and of 64 bits",
        r#"{"users":[{"id":9007199254740993},{"id":9223372036854775807},{"id":-9223372036854775808},{"id":18446744073709551615},{"id":18446744073709551616},{"id":123456789012345678901234567890}]}"#,
    ),
    json(
        "decimals",
        "decimals whose text counts",
        r#"{"users":[{"price":1.10},{"price":1.1},{"price":0.1000000000000000055511151231257827},{"price":1e2},{"price":1E+2},{"price":-0},{"price":-0.0}]}"#,
    ),
    json(
        "huge-numbers",
        "numbers that no double holds",
        r#"{"users":[{"id":1e999},{"id":-1e999},{"id":1e-999}]}"#,
    ),
    json(
        "duplicate-keys",
        "keys that come twice",
        r#"{"users":[{"id":"first","id":"last"}],"users":[{"id":"a","id":"b"}]}"#,
    ),
    json(
        "lone-surrogate",
        "half of a surrogate pair",
        r#"{"users":[{"id":"\ud800"}]}"#,
    ),
    json("nul", "NUL in a text", r#"{"users":[{"id":"a\u0000b"}]}"#),
    json("array", "a list as the body", r#"[{"id":"u00001"}]"#),
    json("text", "a text as the body", r#""none""#),
    json("number", "a number as the body", "42"),
    json("null", "null as the body", "null"),
    json(
        "error-in-200",
        "200 that says it failed",
        r#"{"ok":false,"error":{"code":"INTERNAL","message":"try again"}}"#,
    ),
    made("cookies", "sets several cookies", |_, _| {
        Reply::json("{}")
            .named("set-cookie", "a=1; Path=/")
            .named("set-cookie", "b=2; HttpOnly, c")
            .named("set-cookie", "a=3")
    }),
    made("repeated-headers", "headers that come twice", |_, _| {
        Reply::json("{}")
            .named("x-part", "one")
            .named("x-part", "two")
            .named("link", "</users?page=2>; rel=next")
            .named("link", "</users?page=9>; rel=last")
    }),
    made("retry-after-past", "503, Retry-After in the past", |_, _| {
        late("Wed, 21 Oct 2015 07:28:00 GMT")
    }),
    made("retry-after-negative", "503, Retry-After below zero", |_, _| {
        late("-5")
    }),
    made("retry-after-huge", "503, Retry-After in 300 years", |_, _| {
        late("9999999999")
    }),
    made(
        "retry-after-garbage",
        "503, Retry-After that is no time",
        |_, _| late("soon"),
    ),
    made(
        "retry-after-fraction",
        "503, Retry-After with a fraction",
        |_, _| late("0.5"),
    ),
    made(
        "leak",
        "500 that repeats the request's Authorization",
        |_, exchange| leak(exchange),
    ),
];

/// A fault that is nothing but a JSON body.
const fn json(name: &'static str, says: &'static str, body: &'static str) -> Fault {
    Fault {
        name,
        says,
        give: Give::Json(body),
    }
}

fn late(retry_after: &str) -> Reply {
    Reply::error(503, "overloaded", "come back later").named("retry-after", retry_after)
}

/// What a debug page of a careless API does with credentials.
fn leak(exchange: &Exchange) -> Reply {
    let seen = exchange
        .header("authorization")
        .or_else(|| exchange.header("x-api-key"))
        .unwrap_or("none");
    Reply::error(500, "debug", &format!("request failed; Authorization was {seen}")).named("x-debug", seen)
}
