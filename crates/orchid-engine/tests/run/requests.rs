//! Section 2: how a request is built.

use orchid_engine::outcome::Outcome;
use orchid_testkit::api::json;
use orchid_testkit::world::spec;

use crate::{Ran, indented, program, ran_spec, value};

const CONFIG: &str = r#"{
  "base": "https://api.example/v1/", "id": "a/b c", "dots": "..", "none": null, "empty": "", "list": [1, "x y", null],
  "object": {"a": 1, "n": null}, "big": 18446744073709551615, "exact": 1.10, "line": "a\r\nb", "flag": false,
  "query": "https://api.example/x?a=1"
}"#;

async fn sent(fields: &str) -> Ran {
    let yaml = format!("integration: test\nplans:\n  p:\n{}\n", indented(fields, 4));
    ran_spec(spec(program(&yaml), "p", value(CONFIG)), |_, _| json(200, "{}")).await
}

/// The request line of a plan of these fields, or its fault.
async fn line(fields: &str, expected: &str) {
    let ran = sent(fields).await;
    let found = ran.lines().first().cloned().unwrap_or_else(|| ran.fault());
    assert_eq!(found, expected, "{fields}");
}

#[tokio::test(start_paused = true)]
async fn urls() {
    line("url: https://api.example/x", "GET https://api.example/x").await;
    line("url: \"{base}/users\"", "GET https://api.example/v1/users").await;
    line("url: \"${config.base}users\"", "GET https://api.example/v1/users").await;
    line(
        "url: https://api.example/{id}/x",
        "GET https://api.example/a%2Fb%20c/x",
    )
    .await;
    line(
        "url: https://api.example/${config.id}/x",
        "GET https://api.example/a%2Fb%20c/x",
    )
    .await;
    line(
        "url: https://api.example/{+id}/x",
        "GET https://api.example/a/b%20c/x",
    )
    .await;
    line(
        "url: https://api.example/x?q=${config.id}",
        "GET https://api.example/x?q=a%2Fb%20c",
    )
    .await;
    line(
        "url: https://api.example/{big}",
        "GET https://api.example/18446744073709551615",
    )
    .await;
    line("url: https://api.example/{exact}", "GET https://api.example/1.10").await;
    line(
        "url: https://api.example/{dots}",
        "definition: url: {dots} is `..`, which would change the path",
    )
    .await;
    line(
        "url: https://api.example/{empty}/x",
        "definition: url: {empty} is empty",
    )
    .await;
    line(
        "url: https://api.example/{none}/x",
        "definition: url: {none} is empty",
    )
    .await;
    line(
        "url: https://api.example/${config.object}",
        "definition: url: `config.object` is an object, which cannot be put into text",
    )
    .await;
    line(
        "url: https://api.example/{id}\nparams: { id: 7, x: 8 }",
        "GET https://api.example/7?x=8",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn params() {
    let with = |params: &str| format!("url: https://api.example/x\nparams: {{ {params} }}");
    line(
        &with("a: 1, b: \"x y&z\""),
        "GET https://api.example/x?a=1&b=x%20y%26z",
    )
    .await;
    line(
        &with("a: \"${config.none}\", b: \"${config.flag}\""),
        "GET https://api.example/x?b=false",
    )
    .await;
    line(&with("a: \"-${config.none}-\""), "GET https://api.example/x?a=--").await;
    line(
        &with("a: \"${config.list}\""),
        "GET https://api.example/x?a=1&a=x%20y&a=",
    )
    .await;
    line(
        &format!("{}\narray_params: comma", with("a: \"${config.list}\"")),
        "GET https://api.example/x?a=1,x%20y,",
    )
    .await;
    line(
        &format!("{}\narray_params: brackets", with("a: \"${config.list}\"")),
        "GET https://api.example/x?a%5B%5D=1&a%5B%5D=x%20y&a%5B%5D=",
    )
    .await;
    line(
        &with("a: \"${config.object}\""),
        "definition: params.a: an object, which cannot be put into text",
    )
    .await;
    line(
        "url: \"${config.query}\"\nparams: { a: 2 }",
        "definition: params.a: the URL has a query parameter of that name already",
    )
    .await;
}

/// Content type and body.
async fn body(fields: &str, expected: (&str, &str, &str)) {
    let ran = sent(&format!("url: https://api.example/x\n{fields}")).await;
    assert_eq!(ran.fault(), "", "{fields}");
    let asked = &ran.world.api.log()[0];
    let method = asked.line.split(' ').next().unwrap();
    let found = (
        method,
        asked.header("content-type").unwrap_or("none"),
        asked.body.as_str(),
    );
    assert_eq!(found, expected, "{fields}");
}

#[tokio::test(start_paused = true)]
async fn bodies() {
    body("method: GET", ("GET", "none", "")).await;
    body(
        "body: { a: 1, n: null, o: \"${config.object}\" }",
        ("POST", "application/json", r#"{"a":1,"o":{"a": 1, "n": null}}"#),
    )
    .await;
    body("body: [1, null]", ("POST", "application/json", "[1,null]")).await;
    body(
        "body: \"a ${config.exact}\"",
        ("POST", "text/plain; charset=utf-8", "a 1.10"),
    )
    .await;
    body(
        "body: \"<x/>\"\nheaders: { content-type: text/xml }",
        ("POST", "text/xml", "<x/>"),
    )
    .await;
    body(
        "form: { a: \"x y\", n: \"${config.none}\", l: \"${config.list}\" }",
        ("POST", "application/x-www-form-urlencoded", "a=x+y&l=1&l=x+y&l="),
    )
    .await;
    body(
        "graphql: { query: \"{ me }\", variables: { a: 1 } }",
        (
            "POST",
            "application/json",
            r#"{"query":"{ me }","variables":{"a":1}}"#,
        ),
    )
    .await;
    line(
        "url: https://api.example/x\nmax_request_bytes: 4\nbody: \"12345\"",
        "definition: body: 5 bytes; max_request_bytes is 4",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn headers() {
    let ran =
        sent("url: https://api.example/x\nheaders: { X-A: \"${config.id}\", X-N: \"${config.none}\" }").await;
    let asked = &ran.world.api.log()[0];
    assert_eq!((asked.header("x-a"), asked.header("x-n")), (Some("a/b c"), None));
    line(
        "url: https://api.example/x\nheaders: { X-A: \"${config.line}\" }",
        "definition: headers.X-A: the value has a control character",
    )
    .await;
    line(
        "url: https://api.example/x\nmethod: \"${config.id}\"",
        "definition: method: not a token (RFC 9110, 5.6.2)",
    )
    .await;
}

const SECRET: &str = "hunter2-hunter2";

fn secret_config() -> orchid_jmespath::value::Value {
    use orchid_jmespath::value::Value;
    Value::object([
        ("token", Value::from(SECRET).into_secret()),
        ("base", Value::from("https://api.example")),
    ])
}

#[tokio::test(start_paused = true)]
async fn secrets_are_sent_and_never_shown() {
    let yaml = "
integration: test
config_schema: { type: object, properties: { token: { type: string, secret: true }, base: { type: string } } }
auth:
  key: { type: bearer, token: \"${config.token}\" }
plans:
  p:
    url: \"{base}/x\"
    params: { key: \"${config.token}\" }
    headers: { X-Key: \"${config.token}\" }
    body: { secret: \"${config.token}\" }
    steps:
      next: { url: \"{base}/fails\", params: { echo: \"${parent.body.echo}\" }, on_error: continue }
";
    let ran = ran_spec(spec(program(yaml), "p", secret_config()), |_, n| {
        if n == 0 {
            json(200, format!(r#"{{"echo":"{SECRET}"}}"#))
        } else {
            json(404, SECRET)
        }
    })
    .await;
    let asked = &ran.world.api.log()[0];
    assert_eq!(asked.header("authorization"), Some("Bearer hunter2-hunter2"));
    assert_eq!(asked.header("x-key"), Some(SECRET));
    assert!(asked.line.ends_with("?key=hunter2-hunter2") && asked.body.contains(SECRET));
    let mut shown = ran.world.traces.lines().join("\n");
    for event in ran.responses().iter().chain(&ran.errors()) {
        let mut event = event.clone();
        // What the API sent is the data.
        event["data"]["response"]["body"] = serde_json::Value::Null;
        shown.push_str(&event.to_string());
    }
    shown.push_str(&format!("{:?}", ran.report.fault));
    assert!(!shown.contains(SECRET), "{shown}");
    assert!(ran.responses()[0]["data"]["response"]["body"]["echo"] == SECRET);
}

#[tokio::test(start_paused = true)]
async fn credentials_do_not_go_where_a_response_points() {
    let yaml = "
integration: test
config_schema: { type: object, properties: { token: { type: string, secret: true }, base: { type: string } } }
auth:
  key: { type: bearer, token: \"${config.token}\" }
plans:
  p:
    url: \"{base}/x\"
    steps:
      each: { iterate_over: parent.body, url: \"${item}\" }
";
    let ran = ran_spec(spec(program(yaml), "p", secret_config()), |_, n| {
        json(
            200,
            if n == 0 {
                r#"["https://api.example/own", "https://evil.example/y"]"#
            } else {
                "{}"
            },
        )
    })
    .await;
    let mut found: Vec<(String, bool)> = ran
        .world
        .api
        .log()
        .iter()
        .map(|a| (a.line.clone(), a.header("authorization").is_some()))
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            ("GET https://api.example/own".to_owned(), true),
            ("GET https://api.example/x".to_owned(), true),
            ("GET https://evil.example/y".to_owned(), false),
        ]
    );
    assert_eq!(ran.outcome(), Outcome::Succeeded);
}
