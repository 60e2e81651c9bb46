//! Documents whose fields are wrong: unknown, missing, of another type, excluding each other.

use orchid_plan::document;

/// What is wrong with the fields of a plan (each line one, as flow YAML, after a URL).
const PLANS: &[&str] = &[
    "nonsense: 1",
    "foreach: config.a",
    "pagination: {}",
    "Method: GET",
    "header: {A: b}",
    "Authorization: x",
    "max_retry: 3",
    "break-when: a",
    "every: 5m",
    "url: [a]",
    "url: 1, method: [GET]",
    "wait: 15",
    "wait: 15 minutes or so",
    "wait: -5m",
    "wait: 1M",
    "wait: P1Y",
    "wait: 5m, schedule: '0 * * * *'",
    "schedule: 5",
    "schedule: {timezone: Europe/Berlin}",
    "schedule: {cron: '0 * * * *', tz: x}",
    "jitter: 1",
    "repeat_count: 0",
    "repeat_count: many",
    "run_timeout: true",
    "enabled: yes",
    "enabled: 1",
    "enabled: 'true'",
    "window: {to: context.now}",
    "window: {from: config.a, size: 1d}",
    "window: {from: config.a, step: 1}",
    "window: daily",
    "params: [a, b]",
    "params: a=b",
    "params:",
    "headers: {A: [b]}",
    "headers: {A: {b: c}}",
    "array_params: csv",
    "array_params: 1",
    "body: {a: b}, form: {c: d}",
    "body: {a: b}, graphql: {query: x}, form: {}",
    "graphql: query",
    "graphql: {variables: {}}",
    "form: x",
    "auth: {type: basic}",
    "sign: {}",
    "sign: hmac",
    "sign: {aws_sigv4: {region: a}}",
    "sign: {aws_sigv4: {region: a, service: b, access_key: c, secret_key: d}, hmac: {algorithm: sha256, key: a, text: b}}",
    "sign: {hmac: {algorithm: sha256, key: a, text: b, encoding: base32}}",
    "timeout: 5",
    "timeout: 0",
    "max_response_bytes: 10 MB or less",
    "max_response_bytes: -1",
    "max_response_bytes: 99TiB",
    "max_request_bytes: true",
    "concurrency: 0",
    "concurrency: 100000",
    "concurrency: 1.5",
    "concurrency: -1",
    "concurrency: auto",
    "concurrency: '${config.n}'",
    "iterate_over: {a: b, c: d}",
    "when: [a, b]",
    "while: a, next_url: b",
    "while: a, paginate: {page: {param: p}}",
    "paginate: {}",
    "paginate: page",
    "paginate: {page: {}}",
    "paginate: {page: {param: p}, offset: {param: o}}",
    "paginate: {page: {param: p, start: first}}",
    "paginate: {page: {param: p, size_param: s}}",
    "paginate: {cursor: {param: c}}",
    "paginate: {cursor: {from: response.body.c}}",
    "paginate: {cursor: {from: response.body.c, param: c, header: d}}",
    "paginate: {cursor: {from: response.body.c, body: a..b}}",
    "paginate: {cursor: {from: response.body.c, body: a.b}}, body: text",
    "paginate: {cursor: {from: response.body.c, body: after}}, graphql: {query: q}",
    "params: {p: 1}, paginate: {page: {param: p}}",
    "paginate: {link: {}}",
    "loop_wait: soon",
    "max_iterations: 0",
    "vars: {a: 1}",
    "vars: {a: {next: 1}}",
    "vars: {a-b: {init: 1}}",
    "vars: {1a: {init: 1}}",
    "retry_when: []",
    "retry_when: {when: a}",
    "retry_when: [{max_retries: 1}]",
    "retry_when: [{when: a, retries: 1}]",
    "retry_when: [a, b]",
    "max_retries: -1",
    "max_retries: 5000",
    "backoff: 1s",
    "backoff: {base: 1}",
    "backoff: {jitter: some}",
    "backoff: {min: 1s}",
    "on_error: stop",
    "on_error: continu",
    "parse: yaml",
    "parse: []",
    "parse: [gzip, 5]",
    "parse: {xml: {}, csv: {}}",
    "parse: {xml: {arrays: feed.entry}}",
    "parse: {csv: {delimiter: '||'}}",
    "parse: {csv: {header: first}}",
    "parse: {json: {}}",
    "save: {a: {merge: max}}",
    "save: {a: {value: b, merge: sum}}",
    "save: {a: {value: b, commit: never}}",
    "save: {a b: c}",
    "save: [a]",
    "emit: [a]",
    "priority: urgent",
    "steps: {a: {url: x, wait: 5m}}",
    "steps: {a/b: {url: x}}",
    "steps: {a: {url: x, steps: {b: {url: x, nonsense: 1}}}}",
    "steps: [{url: x}]",
    "steps: {a: 5}",
];

/// What is wrong with the rest of a document, each put before a plan that is right.
const DOCUMENTS: &[&str] = &[
    "integration: 5",
    "integration: ''",
    "integration: a b",
    "integration: [a]",
    "name: a",
    "title: [a]\nintegration: a",
    "integration: a\nrate_limit: {}",
    "integration: a\nauthentication: {}",
    "integration: a\nconfig_schema: string",
    "integration: a\nconfig_schema: {type: array}",
    "integration: a\nconfig_schema: {type: objekt}",
    "integration: a\nconfig_schema: {type: object, properties: {a: string}}",
    "integration: a\nconfig_schema: {type: object, required: a}",
    "integration: a\nconfig_schema: {properties: {a: {pattern: '(('}}}",
    "integration: a\nconfig_schema: {properties: {a: {$ref: 'https://example.com/schema.json'}}}",
    "integration: a\nconfig_schema: {properties: {a: {$ref: '#/$defs/b'}}}",
    "integration: a\nconfig_schema: {properties: {a: {minimum: low, maxLength: -1}}}",
    "integration: a\nvalues: {a-b: c}",
    "integration: a\nvalues: [a]",
    "integration: a\ndefaults: {steps: {a: {url: x}}}",
    "integration: a\ndefaults: {wait: 5m}",
    "integration: a\nhttp: {redirects: 100}",
    "integration: a\nhttp: {allowed_hosts: a}",
    "integration: a\nhttp: {timeout: 5m}",
    "integration: a\nauth: {f: {}}",
    "integration: a\nauth: {f: none}",
    "integration: a\nauth: {f: {type: oauth2}}",
    "integration: a\nauth: {f: {type: api_key}}",
    "integration: a\nauth: {f: {type: api_key, value: x}}",
    "integration: a\nauth: {f: {type: api_key, value: x, header: A, query: b}}",
    "integration: a\nauth: {f: {type: bearer}}",
    "integration: a\nauth: {f: {type: bearer, token: x, username: y}}",
    "integration: a\nauth: {f: {type: basic, password: y}}",
    "integration: a\nauth: {f: {token: x}}",
    "integration: a\nauth: {f: {client_id: x, token_url: y}}",
    "integration: a\nauth: {f: {type: oauth2_client_credentials}}",
    "integration: a\nauth: {f: {type: oauth2_client_credentials, token_url: u, client_id: i, client_auth: private_key_jwt}}",
    "integration: a\nauth: {f: {type: oauth2_client_credentials, token_url: u, client_id: i, client_secret: s, key: k}}",
    "integration: a\nauth: {f: {type: oauth2_client_credentials, token_url: u, client_id: i, client_secret: s, client_auth: none}}",
    "integration: a\nauth: {f: {type: oauth2_password, token_url: u, client_id: i, username: a}}",
    "integration: a\nauth: {f: {type: oauth2_refresh_token, token_url: u, client_id: i}}",
    "integration: a\nauth: {f: {type: oauth2_jwt_bearer, token_url: u}}",
    "integration: a\nauth: {f: {type: jwt, claims: {}}}",
    "integration: a\nauth: {f: {request: {url: u}, attach: {headers: {A: b}}, expires_in: a, expires_at: b}}",
    "integration: a\nauth: {f: {request: {url: u, steps: {}, emit: false}, attach: {headers: {A: b}}}}",
    "integration: a\nauth: {f: {refresh: {url: u, iterate_over: a}, request: {url: u}, attach: {headers: {A: b}}}}",
    "integration: a\nauth: {f: {steps: [{output: {a: b}}], attach: {headers: {A: b}}}}",
    "integration: a\nauth: {f: {output: {a: b}, attach: {header: {A: b}}}}",
    "integration: a\nauth: {f: {output: {a-b: b}, request: {url: u}, attach: {headers: {A: b}}}}",
    "integration: a\nrate_limits: {l: {}}",
    "integration: a\nrate_limits: {l: {requests: 5}}",
    "integration: a\nrate_limits: {l: {per: 5s}}",
    "integration: a\nrate_limits: {l: {requests: 5, per: 5s, windows: []}}",
    "integration: a\nrate_limits: {l: {windows: [{requests: 5}]}}",
    "integration: a\nrate_limits: {l: {concurrency: 5, match: [{}]}}",
    "integration: a\nrate_limits: {l: {concurrency: 5, match: {path: /a}}}",
    "integration: a\nrate_limits: {l: {concurrency: 5, match: [{path: /a, step: p}]}}",
    "integration: a\nrate_limits: {l: {concurrency: 5, adapt: yes}}",
    "integration: a\nrate_limits: {l: {concurrency: 5, adapt: {format: unix}}}",
    "integration: a\nrate_limits: {l: {concurrency: 5, burst: 5}}",
];

#[test]
fn wrong_fields_of_a_plan_are_told_with_place_and_help() {
    let (mut out, mut accepted) = (String::new(), Vec::new());
    for fields in PLANS {
        let text =
            format!("integration: a\nplans:\n  p: {{url: u, {fields}}}\n").replace("url: u, url:", "url:");
        let document = document::read(text.as_str(), "a.yaml");
        accepted.extend(document.is_valid().then_some(text));
        out += &format!("# {fields}\n{}\n", document.render());
    }
    assert_eq!(accepted, [""; 0]);
    insta::assert_snapshot!(out);
}

#[test]
fn wrong_fields_of_a_document_are_told_with_place_and_help() {
    let (mut out, mut accepted) = (String::new(), Vec::new());
    for fields in DOCUMENTS {
        let text = format!("{fields}\nplans: {{p: {{url: u}}}}\n");
        let document = document::read(text.as_str(), "a.yaml");
        accepted.extend(document.is_valid().then_some(text));
        out += &format!("# {}\n{}\n", fields.replace('\n', "\n# "), document.render());
    }
    for text in [
        "integration: a\n",
        "integration: a\nplans: {}\n",
        "integration: a\nplans:\n",
        "plans: {p: {url: u}}\n",
    ] {
        let document = document::read(text, "a.yaml");
        assert!(!document.is_valid(), "{text}");
        out += &format!(
            "# {}\n{}\n",
            text.trim_end().replace('\n', "\n# "),
            document.render()
        );
    }
    assert_eq!(accepted, [""; 0]);
    insta::assert_snapshot!(out);
}
