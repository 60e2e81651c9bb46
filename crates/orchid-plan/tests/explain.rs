//! Sugar: what it stands for, and that what `explain` prints is a document that means the same.

use std::fmt::Write as _;
use std::path::PathBuf;

use orchid_plan::compile::Bounds;
use orchid_plan::{document, explain};

/// The example documents of the repository.
fn examples() -> Vec<(PathBuf, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut found: Vec<(PathBuf, String)> = std::fs::read_dir(folder)
        .expect("the examples are there")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| {
            (
                path.clone(),
                std::fs::read_to_string(path).expect("an example is text"),
            )
        })
        .filter(|(_, text)| text.contains("\nintegration:"))
        .collect();
    found.sort();
    found
}

/// Sugar of one plan, each with what it is about.
const SUGAR: &[(&str, &str)] = &[
    ("page", "paginate: {page: {param: page}}"),
    (
        "page with everything",
        "paginate: {page: {param: page, start: 0, size_param: n, size: 100, items: response.body.a, total: response.body.t}}",
    ),
    (
        "page by total",
        "paginate: {page: {param: page, items: response.body.a, total: response.body.t}}",
    ),
    (
        "page of a configured size",
        "paginate: {page: {param: page, size_param: n, size: '${config.size}', items: response.body.a}}",
    ),
    (
        "offset",
        "paginate: {offset: {param: skip, items: response.body.a}}",
    ),
    (
        "offset with size",
        "paginate: {offset: {param: skip, size_param: top, size: 50, total: response.body.t}}",
    ),
    (
        "cursor",
        "paginate: {cursor: {from: response.body.next, param: cursor}}",
    ),
    (
        "cursor with more",
        "paginate: {cursor: {from: response.body.next, param: cursor, more: response.body.more}}",
    ),
    (
        "cursor that starts somewhere",
        "params: {cursor: '${context.saved.cursor}', n: 5}, save: {cursor: response.body.next}, paginate: {cursor: {from: response.body.next, param: cursor}}",
    ),
    (
        "cursor in a header",
        "headers: {x-cursor: start}, paginate: {cursor: {from: response.body.next, header: X-Cursor}}",
    ),
    (
        "cursor in a body",
        "body: {query: {n: 5}}, paginate: {cursor: {from: response.body.next, body: query.after.id}}",
    ),
    (
        "cursor in no body",
        "paginate: {cursor: {from: response.body.next, body: after}}",
    ),
    (
        "cursor in graphql",
        "graphql: {query: q}, paginate: {cursor: {from: response.body.next, body: variables.after}}",
    ),
    (
        "cursor in a form",
        "form: {a: 1}, paginate: {cursor: {from: response.body.next, body: after}}",
    ),
    (
        "a variable of the same name",
        "vars: {cursor: {init: 0, next: vars.cursor + 1}}, paginate: {cursor: {from: response.body.next, param: c}}",
    ),
    (
        "per item",
        "iterate_over: config.ids, steps: {a: {url: \"https://a.test/b\"}}",
    ),
    (
        "schedule, window, save",
        "schedule: '0 * * * *', window: {from: config.since}, save: {a: response.body.a, b: {value: response.body.b, merge: max}, c: {value: response.body.c, key: item.id}}",
    ),
];

/// Auth flows by kind.
const FLOWS: &[(&str, &str)] = &[
    (
        "key in a header",
        "{type: api_key, header: X-Key, value: 'K ${config.key}'}",
    ),
    (
        "key in the query",
        "{type: api_key, query: key, value: '${config.key}'}",
    ),
    (
        "key in a cookie",
        "{type: api_key, cookie: sid, value: '${config.key}'}",
    ),
    ("bearer", "{type: bearer, token: '${config.token}'}"),
    (
        "basic",
        "{type: basic, username: '${config.user}', password: '${config.pass}'}",
    ),
    (
        "basic without password",
        "{type: basic, username: \"it's ${config.key}\"}",
    ),
    (
        "client credentials",
        "{type: oauth2_client_credentials, token_url: '{base_url}/t', client_id: id, client_secret: '${config.secret}', scopes: [a, b], audience: c, extra: {d: e}}",
    ),
    (
        "client credentials in the body",
        "{type: oauth2_client_credentials, token_url: '{base_url}/t', client_id: id, client_secret: '${config.secret}', client_auth: post, ttl: 5m}",
    ),
    (
        "client credentials by key",
        "{type: oauth2_client_credentials, token_url: '{base_url}/t', client_id: id, client_auth: private_key_jwt, key: '${config.pem}', algorithm: RS256, key_id: k1}",
    ),
    (
        "client credentials, own request",
        "{type: oauth2_client_credentials, token_url: '{base_url}/t', client_id: id, client_secret: s, request: {timeout: 10s, form: {more: 1}}, output: {token: response.body.t, scope: response.body.scope}}",
    ),
    (
        "password",
        "{type: oauth2_password, token_url: '{base_url}/t', client_id: id, username: u, password: '${config.pass}'}",
    ),
    (
        "refresh token",
        "{type: oauth2_refresh_token, token_url: '{base_url}/t', client_id: id, client_secret: s, refresh_token: '${config.refresh}'}",
    ),
    (
        "jwt bearer",
        "{type: oauth2_jwt_bearer, token_url: '{base_url}/t', claims: {iss: '${config.iss}', aud: '{base_url}/t'}, key: '${config.pem}', algorithm: RS256}",
    ),
    (
        "jwt",
        "{type: jwt, claims: {iss: me, exp: 5, list: [1, a], empty: {}}, key: '${config.pem}', algorithm: ES256, headers: {kid: k}, ttl: 10m}",
    ),
    (
        "general",
        "{request: {url: '{base_url}/login', body: {a: b}}, output: {token: response.body.token}, ttl: 1h, attach: {headers: {Authorization: 'Bearer ${auth.token}'}}}",
    ),
];

/// The plan explained; the explanation explained again must be the same.
fn explained(text: &str, plan: &str, title: &str) -> String {
    let document = document::read(text, "a.yaml");
    assert_eq!(document.render(), "", "{title}");
    let definition = document.definition.expect("a valid document has a definition");
    let first = explain::explain(&definition, plan).expect("the plan is there");
    let document = document::read(first.as_str(), "explained.yaml");
    assert_eq!(document.render(), "", "{title}: {first}");
    let definition = document.definition.expect("a valid document has a definition");
    let second = explain::explain(&definition, plan).expect("the plan is there");
    assert_eq!(first, second, "{title}");
    first
}

/// The lines of a document below its comments that say something of their own.
fn essence(document: &str) -> String {
    const SAME_EVERYWHERE: [&str; 13] = [
        "array_params",
        "timeout",
        "max_request_bytes",
        "max_response_bytes",
        "throttle_timeout",
        "max_retries",
        "concurrency",
        "emit",
        "priority",
        "run_timeout",
        "enabled",
        "backoff",
        "skew",
    ];
    let mut out = String::new();
    let lines = document
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    for line in lines {
        let name = line.trim_start().split(':').next().unwrap_or("");
        if !SAME_EVERYWHERE.contains(&name) && !["base", "max", "jitter"].contains(&name) {
            let _ = writeln!(out, "{line}");
        }
    }
    out
}

#[test]
fn sugar_stands_for_what_it_stands_for() {
    let mut out = String::new();
    for (title, fields) in SUGAR {
        let text = format!("integration: a\nplans:\n  p: {{url: \"https://a.test/\", {fields}}}\n");
        let _ = write!(
            out,
            "# {title}: {fields}\n{}\n",
            essence(&explained(&text, "p", title))
        );
    }
    for (title, flow) in FLOWS {
        let text = format!("integration: a\nauth:\n  f: {flow}\nplans:\n  p: {{url: \"https://a.test/\"}}\n");
        let _ = write!(
            out,
            "# {title}: {flow}\n{}\n",
            essence(&explained(&text, "p", title))
        );
    }
    insta::assert_snapshot!(out);
}

#[test]
fn defaults_go_to_every_step() {
    let text = "integration: a
auth: {one: {type: bearer, token: x}, two: {type: bearer, token: y}}
defaults: {auth: two, timeout: 10s, headers: {Accept: a, X-B: b}, form: {x: 1}, next_url: response.links.next, steps: null}
plans:
  p:
    url: https://a.test/
    headers: {accept: own}
    body: {y: 2}
    while: 'false'
    steps:
      q: {url: https://a.test/q, auth: one, steps: {r: {url: https://a.test/r}}}
"
    .replace(", steps: null", "");
    insta::assert_snapshot!(explained(&text, "p", "defaults"));
}

#[test]
fn explained_examples_are_documents_that_mean_the_same() {
    let examples = examples();
    assert!(examples.len() >= 2, "there are examples");
    for (path, text) in examples {
        let title = path.display().to_string();
        let document = document::read(text.as_str(), "a.yaml");
        let definition = document
            .definition
            .unwrap_or_else(|| panic!("{title} can be read"));
        for plan in definition.plans.keys() {
            explained(&text, plan, &title);
        }
    }
}

/// Compiles a document and its explained plan, which must give the same plan to the engine.
fn same_program(text: &str, plan: &str, title: &str) {
    let written = document::load(text.as_bytes(), Bounds::default());
    let Some(program) = &written.program else {
        panic!("{title}: {:#?}", written.diagnostics)
    };
    let explained = written.explain(plan).expect("the plan is there");
    let again = document::load(explained.as_bytes(), Bounds::default());
    let Some(explained_program) = &again.program else {
        panic!("{title}: {explained}\n{:#?}", again.diagnostics)
    };
    assert_eq!(
        format!("{:#?}", program.plans[plan].step),
        format!("{:#?}", explained_program.plans[plan].step),
        "{title}: {explained}"
    );
    assert_eq!(
        format!("{:#?}", program.flows),
        format!("{:#?}", explained_program.flows),
        "{title}: {explained}"
    );
    assert_eq!(
        format!("{:#?}", program.http),
        format!("{:#?}", explained_program.http),
        "{title}: {explained}"
    );
}

/// A config schema with all that the tables read.
const CONFIG: &str = "config_schema: {type: object, properties: {base_url: {type: string}, size: {type: integer}, \
     ids: {type: array}, since: {type: string}, key: {type: string}, token: {type: string}, user: {type: string}, \
     pass: {type: string}, secret: {type: string, secret: true}, pem: {type: string, secret: true}, \
     iss: {type: string}, refresh: {type: string, secret: true}}}";

#[test]
fn explained_sugar_compiles_to_the_same_program() {
    for (title, fields) in SUGAR {
        let fields = fields.replace(", key: item.id}}", ", merge: last}}");
        let text = format!("integration: a\n{CONFIG}\nplans:\n  p: {{url: \"https://a.test/\", {fields}}}\n");
        same_program(&text, "p", title);
    }
    for (title, flow) in FLOWS {
        let text = format!(
            "integration: a\n{CONFIG}\nauth:\n  f: {flow}\nplans:\n  p: {{url: \"https://a.test/\"}}\n"
        );
        same_program(&text, "p", title);
    }
}

#[test]
fn explained_examples_compile_to_the_same_program() {
    for (path, text) in examples() {
        let title = path.display().to_string();
        let definition = document::read(text.as_str(), "a.yaml")
            .definition
            .unwrap_or_else(|| panic!("{title}"));
        for plan in definition.plans.keys() {
            same_program(&text, plan, &title);
        }
    }
}
