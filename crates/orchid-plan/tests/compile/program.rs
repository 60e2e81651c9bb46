//! What a document compiles to.

use std::time::Duration;

use orchid_jmespath::expression::{Path, Segment};
use orchid_plan::program::{
    Advance, Auth, Backoff, Body, CountedBy, Emit, Expiry, FlowId, Format, Jitter, LimitId, Matching,
    OnError, Program, Skew, Step, Template, Tree, Unpack, UrlPart,
};
use orchid_plan::schedule::Schedule;

use super::{document, loaded, told};

fn program(case: &str) -> Program {
    let text = document(case);
    loaded(&text).program.unwrap_or_else(|| panic!("{}", told(&text)))
}

/// A path as dotted text, `*` for each element.
fn dotted(path: &Path) -> String {
    let name = |segment: &Segment| match segment {
        Segment::Field(name) => name.to_string(),
        Segment::Each => "*".to_owned(),
    };
    path.0.iter().map(name).collect::<Vec<_>>().join(".")
}

fn handed_down(step: &Step) -> Vec<String> {
    step.handed_down.iter().map(dotted).collect()
}

/// A URL's parts in short.
fn parts(step: &Step) -> Vec<String> {
    let value = |template: &Template| match template {
        Template::Literal(value) => value.to_text().unwrap_or_default(),
        Template::Whole(expression) => expression.source().to_owned(),
        Template::Mixed(parts) => format!("{} parts", parts.len()),
    };
    let part = |part: &UrlPart| match part {
        UrlPart::Text(text) => text.to_string(),
        UrlPart::Base(hole) => format!("base {} = {}", hole.label, value(&hole.value)),
        UrlPart::Segment(hole) => format!("segment {} = {}", hole.label, value(&hole.value)),
        UrlPart::Path(hole) => format!("path {} = {}", hole.label, value(&hole.value)),
        UrlPart::Query(hole) => format!("query {} = {}", hole.label, value(&hole.value)),
    };
    step.request.url.parts.iter().map(part).collect()
}

#[test]
fn the_languages_own_example() {
    let text = include_str!("okta.yaml");
    assert_eq!(told(text), "");
    let program = loaded(text).program.expect("a program");
    let plan = &program.plans["users"];
    let step = &plan.step;
    assert!(matches!(plan.schedule, Schedule::Wait { wait, .. } if wait == Duration::from_mins(15)));
    assert_eq!(program.config.secrets.iter().collect::<Vec<_>>(), ["/api_token"]);
    assert!(matches!(step.auth, Auth::Flow(FlowId(0))));
    assert_eq!(
        parts(step),
        [r#"base {base_url} = config."base_url""#, "/api/v1/users"]
    );
    assert!(matches!(&step.request.method, Template::Literal(method) if method.as_str() == Some("GET")));
    assert!(matches!(step.advance, Advance::NextUrl(_)));
    assert!(step.checks_progress && step.reads_body);
    assert_eq!(handed_down(step), ["body.*"], "every user may be an item");
    let factors = &step.steps[0];
    assert_eq!(
        (factors.path.as_str(), factors.level, factors.concurrency),
        ("users/factors", 1, 10)
    );
    assert!(
        factors.request.params.is_empty(),
        "`user_id` fills the path parameter"
    );
    assert!(!factors.reads_body);
    assert_eq!(
        (&step.limits, &factors.limits),
        (&vec![LimitId(0)], &vec![LimitId(0)])
    );
    let learned = ["limit", "remaining", "reset"]
        .map(|field| format!("`rate_limits.org.adapt.{field}` is run by a later version"));
    assert_eq!(program.not_yet, learned);
}

#[test]
fn the_languages_defaults() {
    let program = program("");
    let plan = &program.plans["p"];
    let step = &plan.step;
    assert!(matches!(plan.schedule, Schedule::OnDemand));
    assert_eq!(
        (plan.run_timeout, plan.enabled, plan.repeat_count),
        (Duration::from_hours(24), true, None)
    );
    assert_eq!(step.timeout, Duration::from_mins(5));
    assert_eq!(
        (step.max_request_bytes, step.max_response_bytes),
        (5 << 20, 10 << 20)
    );
    assert_eq!((step.concurrency, step.max_iterations), (50, 10_000));
    assert!(matches!(step.auth, Auth::None));
    assert!(matches!(step.advance, Advance::Once) && matches!(step.emit, Emit::Response));
    assert!(step.loop_wait.is_none() && step.loop_timeout.is_none() && step.parse.is_none());
    let judge = &step.judge;
    assert!(judge.retry.is_empty() && judge.success_when.is_none() && judge.throttled_when.is_none());
    assert_eq!(
        (judge.max_retries, judge.throttle_timeout),
        (5, Duration::from_hours(1))
    );
    let backoff = Backoff {
        base: Duration::from_secs(1),
        max: Duration::from_mins(1),
        jitter: Jitter::Equal,
    };
    assert_eq!((judge.backoff, judge.on_error), (backoff, OnError::Fail));
    assert_eq!(program.http.redirects, 10);
}

#[test]
fn methods_and_bodies() {
    for (fields, method, body) in [
        ("", "GET", "none"),
        ("method: put", "PUT", "none"),
        ("method: Purge", "Purge", "none"),
        ("body: { a: 1 }", "POST", "object"),
        ("body: [1]", "POST", "array"),
        ("body: text", "POST", "leaf"),
        ("method: GET\nbody: { a: 1 }", "GET", "object"),
        ("form: { a: 1 }", "POST", "form"),
        ("graphql: { query: \"{ a }\" }", "POST", "graphql"),
    ] {
        let program = program(fields);
        let request = &program.plans["p"].step.request;
        let Template::Literal(got) = &request.method else {
            panic!("{fields}: a literal method")
        };
        assert_eq!(got.as_str(), Some(method), "{fields}");
        let got = match &request.body {
            Body::None => "none",
            Body::Value(Tree::Object(_)) => "object",
            Body::Value(Tree::Array(_)) => "array",
            Body::Value(Tree::Leaf(_)) => "leaf",
            Body::Form(_) => "form",
            Body::Graphql { .. } => "graphql",
        };
        assert_eq!(got, body, "{fields}");
    }
}

#[test]
fn urls() {
    for (fields, expect) in [
        ("url: https://a.test/x", vec!["https://a.test/x"]),
        ("url: \"{base}/x\"", vec!["base {base} = config.\"base\"", "/x"]),
        (
            "url: \"${config.base}x${config.y}\"",
            vec![
                "base ${config.base} = config.base",
                "x",
                "segment ${config.y} = config.y",
            ],
        ),
        (
            "url: \"https://{h}.test/{a}/{+b}?q={c}&r=${config.d}\"\nparams: { h: x, a: 5, b: a/b, c: \"${config.c}\", z: 1 }",
            vec![
                "https://",
                "segment {h} = x",
                ".test/",
                "segment {a} = 5",
                "/",
                "path {+b} = a/b",
                "?q=",
                "query {c} = config.c",
                "&r=",
                "query ${config.d} = config.d",
            ],
        ),
        (
            "url: \"https://a.test/{{x}}/$${y}\"",
            vec!["https://a.test/{x}/${y}"],
        ),
        (
            "url: \"https://a.test/${ {\\\"a\\\": '}'}.a }/z\"",
            vec![
                "https://a.test/",
                "segment ${ {\"a\": '}'}.a } =  {\"a\": '}'}.a ",
                "/z",
            ],
        ),
    ] {
        assert_eq!(parts(&program(fields).plans["p"].step), expect, "{fields}");
    }
}

#[test]
fn templates() {
    let program = program(
        "params: { a: \"${config.a}\", b: \"x${config.a}y\", c: 5, d: ~, e: \"$${x}\", f: [1, \"${config.f}\"] }",
    );
    let params = &program.plans["p"].step.request.params;
    let kinds: Vec<String> = params
        .iter()
        .map(|(name, tree)| match tree {
            Tree::Leaf(Template::Literal(value)) => format!("{name} literal {}", value.to_json()),
            Tree::Leaf(Template::Whole(expression)) => format!("{name} whole {}", expression.source()),
            Tree::Leaf(Template::Mixed(parts)) => format!("{name} mixed {}", parts.len()),
            Tree::Array(items) => format!("{name} array {}", items.len()),
            Tree::Object(_) => format!("{name} object"),
        })
        .collect();
    let expect = [
        "a whole config.a",
        "b mixed 3",
        "c literal 5",
        "d literal null",
        "e literal \"${x}\"",
        "f array 2",
    ];
    assert_eq!(kinds, expect);
}

#[test]
fn failures_belong_to_items() {
    let program = program(
        "steps:\n  a:\n    iterate_over: parent.body\n    url: https://a.test/\n    steps:\n      b: { url: https://a.test/ }\n      c: { url: https://a.test/, on_error: fail }\n  d: { url: https://a.test/ }",
    );
    let step = &program.plans["p"].step;
    let (a, d) = (&step.steps[0], &step.steps[1]);
    let on_error = [step, a, &a.steps[0], &a.steps[1], d].map(|step| step.judge.on_error);
    assert_eq!(
        on_error,
        [
            OnError::Fail,
            OnError::Continue,
            OnError::Continue,
            OnError::Fail,
            OnError::Fail
        ]
    );
    assert_eq!((a.steps[1].path.as_str(), a.steps[1].level), ("p/a/c", 2));
}

#[test]
fn progress_is_checked_where_only_the_response_decides() {
    for (fields, expect) in [
        ("while: response.body.more", true),
        ("next_url: response.links.next", true),
        ("while: prev.body.x", true),
        ("while: response.body.more\nloop_wait: 1s", false),
        ("while: response.body.more\nloop_wait: 0s", true),
        ("while: response.body.more && context.iteration < 5", false),
        (
            "while: vars.n < 5 && response.body.more\nvars: { n: { init: 0, next: vars.n + 1 } }",
            false,
        ),
        ("while: true\nbreak_when: response.body.done", false),
        ("", false),
    ] {
        assert_eq!(
            program(fields).plans["p"].step.checks_progress,
            expect,
            "{fields}"
        );
    }
}

#[test]
fn bodies_are_built_where_something_reads_them() {
    let sub =
        |expression: &str| format!("steps: {{ s: {{ url: https://a.test/, when: \"{expression}\" }} }}");
    for (fields, expect) in [
        ("", false),
        ("abort_when: response.status_code == 500", false),
        ("save: { a: \"response.headers['X']\" }", false),
        ("next_url: response.links.next", false),
        ("success_when: response.text == 'ok'", false),
        ("abort_when: response.body.x", true),
        ("abort_when: response == null", true),
        ("emit: response.body.items", true),
        ("key: \"${response.body.id}\"", true),
        (
            "while: true\nbreak_when: response.status_code == 1\nparams: { a: \"${prev.body.next}\" }",
            true,
        ),
        ("save: { a: \"max(response.body[].at)\" }", true),
        ("vars: { n: { init: 0, next: length(response.body) } }", true),
        ("retry_when: [ { when: response.body.again } ]", true),
        (
            "window: { from: \"'2026-01-01'\", split_when: response.body.more }",
            true,
        ),
        (&sub("parent.body.x"), true),
        (&sub("parent.headers.x"), false),
        (&sub("parent == null"), true),
        (
            "integration: t\nvalues: { v: response.body.x }\nplans: { p: { url: https://a.test/, abort_when: values.v } }",
            true,
        ),
        (
            "integration: t\nrate_limits: { l: { requests: 1, per: 1s, adapt: { retry_after: response.body.wait } } }\nplans: { p: { url: https://a.test/ } }",
            true,
        ),
    ] {
        assert_eq!(program(fields).plans["p"].step.reads_body, expect, "{fields}");
    }
}

#[test]
fn what_sub_steps_read_is_handed_down() {
    let program = program(
        "steps:\n  a:\n    iterate_over: parent.body.users\n    url: \"https://a.test/${item.id}\"\n    params: { t: \"${parent.headers['X-T']}\" }\n    steps:\n      b:\n        url: \"https://a.test/${parent.parent.body.org.id}/${parent.item.id}/${parent.body.users[0].name}\"",
    );
    let step = &program.plans["p"].step;
    assert_eq!(handed_down(step), ["body.org.id", "body.users", "headers.X-T"]);
    let a = handed_down(&step.steps[0]);
    assert!(a.len() == 1 && a[0].starts_with("body.users"), "{a:?}");
    assert!(handed_down(&step.steps[0].steps[0]).is_empty());
}

#[test]
fn flows() {
    let program = program(
        "integration: t
auth:
  login:
    request: { method: POST, url: https://a.test/login }
    output: { token: response.body.token, site: response.body.site }
    refresh: { url: https://a.test/refresh }
    expires_in: response.body.expires_in
    ttl: 1h
    skew: 20%
    public: [site]
    attach: { headers: { Authorization: \"Bearer ${auth.token}\" } }
  basic: { type: basic, username: \"${config.user}\", password: \"${config.pass}\" }
  query: { type: api_key, query: key, value: \"${config.key}\" }
  cookie: { type: api_key, cookie: sid, value: \"${config.key}\" }
rate_limits:
  all: { requests: 1, per: 1s }
  logins: { requests: 1, per: 1s, match: [ { auth: login } ] }
  path: { requests: 1, per: 1s, match: [ { method: get, path: /v1/* } ] }
  step: { requests: 1, per: 1s, match: [ { step: p/s } ], counted_by: integration }
plans:
  p: { url: https://a.test/, auth: login, steps: { s: { url: https://a.test/ }, n: { url: https://a.test/, auth: none } } }
  q: { url: https://a.test/, auth: \"${config.mode}\" }",
    );
    let login = &program.flows[0];
    assert!(matches!(login.expiry, Expiry::In(_, Some(ttl)) if ttl == Duration::from_hours(1)));
    assert!(matches!(login.skew, Skew::Share(share) if (share - 0.2).abs() < 1e-9));
    let request = login.request.as_ref().expect("a request");
    assert_eq!(
        (request.path.as_str(), &request.limits),
        ("auth:login", &vec![LimitId(1), LimitId(2)])
    );
    assert_eq!(
        login.refresh.as_ref().map(|step| step.path.as_str()),
        Some("auth:login/refresh")
    );
    assert_eq!(login.attach.headers.len(), 1);
    assert!(program.flows[1].request.is_none() && program.flows[1].attach.headers[0].0 == "Authorization");
    assert!(matches!(program.flows[1].expiry, Expiry::Unknown));
    assert_eq!(
        (
            program.flows[2].attach.params.len(),
            program.flows[3].attach.cookies.len()
        ),
        (1, 1)
    );
    let step = &program.plans["p"].step;
    assert!(
        matches!(step.auth, Auth::Flow(FlowId(0))) && matches!(step.steps[0].auth, Auth::Flow(FlowId(0)))
    );
    assert!(matches!(step.steps[1].auth, Auth::None));
    assert!(matches!(program.plans["q"].step.auth, Auth::Select(_)));
    assert_eq!(step.limits, [LimitId(0), LimitId(2)]);
    assert_eq!(step.steps[0].limits, [LimitId(0), LimitId(2), LimitId(3)]);
    assert!(matches!(&program.limits[3].counted_by, CountedBy::Integration));
    assert!(
        matches!(&program.limits[2].matching[..], [Matching::Endpoint { method: Some(method), path }]
        if method == "GET" && path.is_match("/v1/users") && !path.is_match("/v1/users/5"))
    );
}

#[test]
fn decoders() {
    let program = program("parse: [zip, gzip, { csv: { delimiter: \";\" } }]");
    let parse = program.plans["p"].step.parse.as_ref().expect("a chain");
    assert_eq!(parse.unpack, [Unpack::Zip, Unpack::Gzip]);
    assert!(matches!(
        parse.format,
        Format::Csv {
            delimiter: b';',
            quote: b'"',
            ..
        }
    ));
}

#[test]
fn what_a_later_version_runs() {
    let program = program(
        "integration: t
auth: { o: { type: oauth2_refresh_token, token_url: https://a.test/token, client_id: x, client_secret: y, refresh_token: \"${config.refresh}\" } }
rate_limits: { a: { concurrency: auto }, b: { requests: 1, per: 1s, adapt: auto }, c: { requests: 1, per: 1s, adapt: { retry_after: response.body.x } } }
plans:
  p:
    url: https://a.test/
    sign: { hmac: { algorithm: sha256, key: k, text: \"${request.method}\", headers: { X: \"${signature}\" } } }",
    );
    assert_eq!(
        program.not_yet,
        [
            "`rate_limits.a.concurrency: auto` is run by a later version",
            "`rate_limits.b.adapt: auto` is run by a later version",
            "`auth.o` keeps the config secret `refresh` up to date, which needs the service; a later version has it",
            "`sign` of `p` is run by a later version",
        ]
    );
}
