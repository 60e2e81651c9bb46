//! The JSON Schema of documents agrees with the loader.

use std::path::PathBuf;

use orchid_plan::{document, schema, source};

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::new(&schema::document()).expect("the schema is a schema")
}

fn json(text: &str) -> serde_json::Value {
    source::parse(text)
        .root
        .expect("the text has a structure")
        .to_json()
}

#[test]
fn the_schema_is_a_json_schema() {
    assert!(jsonschema::draft202012::meta::is_valid(&schema::document()));
}

#[test]
fn the_schema_accepts_every_example() {
    let validator = validator();
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("the examples are there") {
        let path = entry.expect("a readable folder").path();
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        if path.extension().is_none_or(|extension| extension != "yaml") || !text.contains("\nintegration:") {
            continue;
        }
        let found: Vec<String> = validator
            .iter_errors(&json(&text))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(found, [""; 0], "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 2, "there are examples");
}

/// Fields of a plan that both refuse.
const REFUSED: &[&str] = &[
    "nonsense: 1",
    "url: [a]",
    "wait: 15",
    "wait: 15 minutes or so",
    "schedule: 5",
    "schedule: {timezone: Europe/Berlin}",
    "enabled: yes",
    "window: {to: context.now}",
    "window: daily",
    "params: [a, b]",
    "headers: {A: [b]}",
    "array_params: csv",
    "graphql: {variables: {}}",
    "form: x",
    "auth: {type: basic}",
    "sign: hmac",
    "sign: {aws_sigv4: {region: a}}",
    "timeout: 5",
    "max_response_bytes: true",
    "concurrency: -1",
    "concurrency: 1.5",
    "iterate_over: {a: b, c: d}",
    "when: [a, b]",
    "paginate: page",
    "paginate: {page: {}}",
    "paginate: {cursor: {param: c}}",
    "vars: {a: 1}",
    "vars: {a: {next: 1}}",
    "retry_when: {when: a}",
    "retry_when: [{max_retries: 1}]",
    "backoff: {jitter: some}",
    "on_error: stop",
    "parse: yaml",
    "parse: []",
    "save: {a: {merge: max}}",
    "save: {a: {value: b, merge: sum}}",
    "emit: [a]",
    "priority: urgent",
    "steps: {a: {url: x, wait: 5m}}",
    "steps: [{url: x}]",
];

/// Fields of a plan that both accept.
const ACCEPTED: &[&str] = &[
    "wait: 1h30m",
    "wait: P1D",
    "wait: 250ms",
    "max_response_bytes: 64KiB",
    "max_response_bytes: 1000",
    "schedule: {cron: '0 * * * *', timezone: Europe/Berlin}",
    "params: {a: [1, '${config.a}'], b: null}",
    "body: [1, {a: null}]",
    "emit: false",
    "emit: response.body",
    "retry_when: [{when: response.status_code == 404, max_retries: 0}]",
    "parse: [zip, {csv: {header: [a, b]}}]",
    "save: {a: response.body.a, b: {value: response.body.b, merge: max}}",
    "vars: {a: {init: 0, next: vars.a + 1}}, while: vars.a < 3",
    "paginate: {cursor: {from: response.body.next, body: a.b}}",
    "steps: {a: {url: u, steps: {b: {url: u}}}}",
];

#[test]
fn the_schema_agrees_with_the_loader() {
    let validator = validator();
    let cases = REFUSED
        .iter()
        .map(|fields| (fields, false))
        .chain(ACCEPTED.iter().map(|fields| (fields, true)));
    for (fields, is_right) in cases {
        let text =
            format!("integration: a\nplans:\n  p: {{url: u, {fields}}}\n").replace("url: u, url:", "url:");
        assert_eq!(
            document::read(text.as_str(), "a.yaml").is_valid(),
            is_right,
            "the loader: {fields}"
        );
        assert_eq!(validator.is_valid(&json(&text)), is_right, "the schema: {fields}");
    }
}

#[test]
fn every_field_is_described() {
    let schema = schema::document();
    let records = schema["$defs"]
        .as_object()
        .expect("records")
        .iter()
        .map(|(name, record)| (name.as_str(), record));
    for (name, record) in records.chain([("the document", &schema)]) {
        for (field, schema) in record["properties"].as_object().expect("fields") {
            let description = schema["description"].as_str().unwrap_or("");
            assert!(description.len() > 3, "{name}.{field}");
        }
    }
}
