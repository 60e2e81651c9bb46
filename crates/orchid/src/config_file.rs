//! The config of `orchid run`: a file of values, `--set` on top, references to environment and files resolved.

use std::path::Path;

use orchid_jmespath::value::Value;
use orchid_plan::config;
use orchid_plan::diagnostic::Severity;
use orchid_plan::program::ConfigSchema;
use orchid_plan::source::{self, tree};
use serde_json::{Map, Value as Json};

use crate::commands;
use crate::exit::Failure;

/// A config, ready to run with.
#[derive(Debug)]
pub(crate) struct Config {
    /// The file's stem, `default` without a file.
    pub(crate) name: String,
    /// Its values.
    pub(crate) values: Value,
}

/// The text that the values came from, for excerpts.
struct Source {
    name: String,
    text: String,
    root: tree::Node,
}

/// Reads, resolves, completes and checks.
pub(crate) fn load(
    schema: &ConfigSchema,
    file: Option<&Path>,
    set: &[(String, String)],
) -> Result<Config, Failure> {
    let source = file.map(read).transpose()?;
    let mut values = source
        .as_ref()
        .map_or_else(|| Json::Object(Map::new()), |source| source.root.to_json());
    resolve(&mut values, "")?;
    for (name, value) in set {
        assign(&mut values, name, parse_value("--set", name, value)?)?;
    }
    let name = file
        .and_then(Path::file_stem)
        .map_or_else(|| "default".into(), |stem| stem.to_string_lossy());
    let name = name.strip_suffix(".config").unwrap_or(&name).to_owned();
    match config::check(schema, values) {
        Ok(values) => Ok(Config { name, values }),
        Err(violations) => Err(refusal(&violations, source)),
    }
}

/// The parameters of `--trigger` as one object; null without any.
pub(crate) fn trigger(parameters: &[(String, String)]) -> Result<Value, Failure> {
    if parameters.is_empty() {
        return Ok(Value::NULL);
    }
    let mut values = Json::Object(Map::new());
    for (name, value) in parameters {
        assign(&mut values, name, parse_value("--trigger", name, value)?)?;
    }
    config::check(&ConfigSchema::default(), values).map_err(|violations| refusal(&violations, None))
}

fn read(path: &Path) -> Result<Source, Failure> {
    let name = path.display().to_string();
    let bytes = commands::read(path)?;
    let text = match source::decode(&bytes) {
        Ok(text) => text.to_owned(),
        Err(diagnostic) => {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            return Err(Failure::Document {
                name,
                text,
                diagnostics: vec![diagnostic],
            });
        }
    };
    let parsed = source::parse(&text);
    let broken = parsed
        .diagnostics
        .iter()
        .any(|one| one.severity == Severity::Error);
    match parsed.root {
        Some(root) if !broken => Ok(Source { name, text, root }),
        None if !broken => Err(Failure::usage(
            format!("{name} is empty"),
            "write one `name: value` to a line",
        )),
        _ => Err(Failure::Document {
            name,
            text,
            diagnostics: parsed.diagnostics,
        }),
    }
}

/// A value from the command line, as YAML would read it.
fn parse_value(flag: &str, name: &str, text: &str) -> Result<Json, Failure> {
    if text.is_empty() {
        return Ok(Json::String(String::new()));
    }
    let parsed = source::parse(text);
    match parsed.root {
        Some(root) if parsed.diagnostics.is_empty() => Ok(root.to_json()),
        _ => Err(Failure::usage(
            format!("the value of {flag} {name} is not YAML"),
            format!("put text with special characters into quotes: {flag} '{name}=\"…\"'"),
        )),
    }
}

/// `name` may be a dotted path into nested objects.
fn assign(values: &mut Json, name: &str, value: Json) -> Result<(), Failure> {
    let mut place = values;
    for part in name.split('.') {
        if place.is_null() {
            *place = Json::Object(Map::new());
        }
        let Json::Object(object) = place else {
            return Err(Failure::usage(
                format!("cannot set {name}: what is above {part} is no object"),
                "a dot goes one level down",
            ));
        };
        place = object.entry(part).or_insert(Json::Null);
    }
    *place = value;
    Ok(())
}

/// Replaces `{$env: NAME}` and `{$file: PATH}`, wherever they stand.
fn resolve(value: &mut Json, pointer: &str) -> Result<(), Failure> {
    match value {
        Json::Object(object) => {
            if let Some(resolved) = reference(object, pointer)? {
                *value = resolved;
                return Ok(());
            }
            object
                .iter_mut()
                .try_for_each(|(name, value)| resolve(value, &format!("{pointer}/{name}")))
        }
        Json::Array(items) => items
            .iter_mut()
            .enumerate()
            .try_for_each(|(index, value)| resolve(value, &format!("{pointer}/{index}"))),
        _ => Ok(()),
    }
}

fn reference(object: &Map<String, Json>, pointer: &str) -> Result<Option<Json>, Failure> {
    let Some((kind, target)) = object.iter().next().filter(|(name, _)| name.starts_with('$')) else {
        return Ok(None);
    };
    let form = "write { $env: NAME } or { $file: PATH }";
    let (Json::String(target), 1) = (target, object.len()) else {
        return Err(Failure::usage(
            format!("the config's value at {pointer} is no reference"),
            form,
        ));
    };
    match kind.as_str() {
        "$env" => match environment(target) {
            Some(text) => Ok(Some(Json::String(text))),
            None => Err(Failure::usage(
                format!(
                    "the config's value at {pointer} needs the environment variable {target}, which is not set"
                ),
                format!("export {target}=…"),
            )),
        },
        "$file" => {
            let text = std::fs::read_to_string(target).map_err(|source| Failure::File {
                verb: "read",
                path: target.clone(),
                source,
            })?;
            // Editors end a file with a line break that is no part of a secret.
            let text = text.strip_suffix('\n').unwrap_or(&text);
            Ok(Some(Json::String(
                text.strip_suffix('\r').unwrap_or(text).to_owned(),
            )))
        }
        other => Err(Failure::usage(
            format!("the config's value at {pointer} has the unknown reference {other}"),
            form,
        )),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the user names the variable: it is data, not a setting"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn refusal(violations: &[config::Violation], source: Option<Source>) -> Failure {
    if let Some(Source { name, text, root }) = source {
        return Failure::Document {
            name,
            text,
            diagnostics: config::diagnose(violations, &root),
        };
    }
    let lines: Vec<_> = violations
        .iter()
        .map(|one| match one.pointer.trim_start_matches('/') {
            "" => one.message.clone(),
            name => format!("{}: {}", name.replace('/', "."), one.message),
        })
        .collect();
    Failure::Usage {
        message: format!("the config does not satisfy config_schema: {}", lines.join("; ")),
        help: Some("give the values with --config FILE or --set NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn set_assigns_along_a_path() {
        let cases = [
            (json!({}), "a", json!(1), Ok(json!({ "a": 1 }))),
            (
                json!({ "a": { "b": 1 } }),
                "a.b",
                json!(2),
                Ok(json!({ "a": { "b": 2 } })),
            ),
            (
                json!({}),
                "a.b.c",
                json!("x"),
                Ok(json!({ "a": { "b": { "c": "x" } } })),
            ),
            (
                json!({ "a": 1 }),
                "a.b",
                json!(2),
                Err("cannot set a.b: what is above b is no object"),
            ),
        ];
        for (mut values, name, value, expected) in cases {
            let result = assign(&mut values, name, value)
                .map(|()| values)
                .map_err(|failure| failure.to_string());
            assert_eq!(result, expected.map_err(ToOwned::to_owned), "{name}");
        }
    }

    #[test]
    fn references_are_resolved_or_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "s3cret\n").expect("writable");
        let secret = secret.to_str().expect("text");
        let cases = [
            (json!({ "a": { "$file": secret } }), Ok(json!({ "a": "s3cret" }))),
            (
                json!({ "a": [{ "$env": "CARGO_PKG_NAME" }] }),
                Ok(json!({ "a": ["orchid"] })),
            ),
            (
                json!({ "a": { "$env": "ORCHID_NO_SUCH" } }),
                Err(
                    "the config's value at /a needs the environment variable ORCHID_NO_SUCH, which is not set",
                ),
            ),
            (
                json!({ "a": { "$vault": "x" } }),
                Err("the config's value at /a has the unknown reference $vault"),
            ),
            (
                json!({ "a": { "$env": 1 } }),
                Err("the config's value at /a is no reference"),
            ),
            (
                json!({ "a": { "$env": "X", "b": 1 } }),
                Err("the config's value at /a is no reference"),
            ),
        ];
        for (mut values, expected) in cases {
            let result = resolve(&mut values, "")
                .map(|()| values)
                .map_err(|failure| failure.to_string());
            assert_eq!(result, expected.map_err(ToOwned::to_owned));
        }
    }

    #[test]
    fn values_on_the_command_line_are_yaml() {
        let cases = [
            ("1", json!(1)),
            ("true", json!(true)),
            ("no", json!("no")),
            ("[a, b]", json!(["a", "b"])),
            ("", json!("")),
            ("https://a.example", json!("https://a.example")),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_value("--set", "x", text).expect(text), expected, "{text}");
        }
    }
}
