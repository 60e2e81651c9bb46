//! A config's values against the integration's `config_schema`: defaults applied, checked, secrets marked.

use std::collections::BTreeSet;

use orchid_jmespath::document;
use orchid_jmespath::value::Value;
use serde_json::{Map, Value as Json};

use crate::diagnostic::{Diagnostic, codes};
use crate::program::ConfigSchema;
use crate::source::tree::Node;

/// How many `$ref`s are followed below one value; a schema that needs more goes in circles.
const MAX_REFERENCES: usize = 32;

/// One way in which values do not satisfy the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer (RFC 6901) to the value; empty for the config as a whole.
    pub pointer: String,
    /// What is wrong, without any value in it that may be secret.
    pub message: String,
}

/// Completes `values` with the schema's defaults, checks them, and marks what is secret.
///
/// Formats (`uri`, `date-time`, …) are checked. All violations are told.
pub fn check(schema: &ConfigSchema, values: Json) -> Result<Value, Vec<Violation>> {
    let Some(schema) = &schema.schema else {
        return match &values {
            Json::Object(_) => convert(&values, &[], &Json::Null).map_err(|violation| vec![violation]),
            _ => Err(vec![Violation::whole(
                "a config is an object of names and values",
            )]),
        };
    };
    let mut values = values;
    complete(schema, schema, &mut values, 0);
    let violations = violations(schema, &values);
    if violations.is_empty() {
        convert(&values, &[schema], schema).map_err(|violation| vec![violation])
    } else {
        Err(violations)
    }
}

/// The violations as diagnostics about the text that the values were read from.
pub fn diagnose(violations: &[Violation], root: &Node) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<_> = violations
        .iter()
        .map(|violation| {
            let mut diagnostic = Diagnostic::error(
                codes::CONFIG_VALUE,
                &root.nearest(&violation.pointer).place,
                &violation.message,
            );
            diagnostic.pointer.clone_from(&violation.pointer);
            diagnostic
        })
        .collect();
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    diagnostics
}

/// What keeps a config schema, whose tree is `root`, from being used.
pub fn check_schema(schema: &Json, root: &Node) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<_> = jsonschema::draft202012::meta::validator()
        .iter_errors(schema)
        .map(|error| {
            let message = format!("this is no JSON Schema: {error}");
            schema_error(root, &error.instance_path().to_string(), message)
        })
        .collect();
    if !diagnostics.is_empty() {
        return diagnostics;
    }
    if let Err(error) = validator_of(schema) {
        let message = format!("the schema cannot be used: {error}");
        let help = "references go into the schema itself (`#/$defs/…`), patterns have no look-around";
        diagnostics.push(schema_error(root, &error.instance_path().to_string(), message).with_help(help));
    }
    if let Some(kind) = schema.get("type").filter(|kind| *kind != "object") {
        let message = format!("a config is an object, but the schema asks for {kind}");
        diagnostics.push(schema_error(root, "/type", message).with_help("write `type: object`"));
    }
    diagnostics
}

fn schema_error(root: &Node, pointer: &str, message: String) -> Diagnostic {
    Diagnostic::error(codes::CONFIG_SCHEMA, &root.nearest(pointer).place, message)
}

impl Violation {
    fn whole(message: &str) -> Self {
        Self {
            pointer: String::new(),
            message: message.to_owned(),
        }
    }
}

fn validator(schema: &Json) -> Result<jsonschema::Validator, String> {
    validator_of(schema).map_err(|error| error.to_string())
}

fn validator_of(schema: &Json) -> Result<jsonschema::Validator, jsonschema::ValidationError<'static>> {
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .should_validate_formats(true)
        // Patterns come from authors: a linear engine bounds what they cost.
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .build(schema)
}

fn violations(schema: &Json, values: &Json) -> Vec<Violation> {
    let validator = match validator(schema) {
        Ok(validator) => validator,
        Err(error) => {
            return vec![Violation::whole(&format!(
                "the config schema cannot be used: {error}"
            ))];
        }
    };
    let mut secrets = BTreeSet::new();
    secret_pointers(&[schema], schema, values, "", &mut secrets);
    validator
        .iter_errors(values)
        .map(|error| {
            let pointer = error.instance_path().to_string();
            let holds_secret = secrets
                .iter()
                .any(|secret| secret.starts_with(&pointer) || pointer.starts_with(secret.as_str()));
            let message = if holds_secret {
                error.masked().to_string()
            } else {
                error.to_string()
            };
            Violation { pointer, message }
        })
        .collect()
}

/// Writes the defaults of absent properties into `value`, through nested objects.
fn complete(root: &Json, schema: &Json, value: &mut Json, references: usize) {
    for schema in branches(root, schema, references) {
        if let (Some(properties), Json::Object(object)) = (properties(schema), &mut *value) {
            for (name, property) in properties {
                if !object.contains_key(name)
                    && let Some(default) = default(root, property)
                {
                    object.insert(name.clone(), default);
                }
                if let Some(value) = object.get_mut(name) {
                    complete(root, property, value, references + 1);
                }
            }
        }
    }
}

/// A property's default: its own, else an object made of the defaults of its properties, if there are any.
fn default(root: &Json, property: &Json) -> Option<Json> {
    if let Some(default) = branches(root, property, 0)
        .into_iter()
        .find_map(|schema| schema.get("default"))
    {
        return Some(default.clone());
    }
    let mut value = Json::Object(Map::new());
    properties(property)?;
    complete(root, property, &mut value, 0);
    value
        .as_object()
        .filter(|object| !object.is_empty())
        .cloned()
        .map(Json::Object)
}

fn properties(schema: &Json) -> Option<&Map<String, Json>> {
    schema.get("properties")?.as_object()
}

/// The schema and those that hold together with it: its `$ref` within the document, and all of `allOf`.
fn branches<'a>(root: &'a Json, schema: &'a Json, references: usize) -> Vec<&'a Json> {
    let mut found = vec![schema];
    if references >= MAX_REFERENCES {
        return found;
    }
    let reference = schema
        .get("$ref")
        .and_then(Json::as_str)
        .and_then(|reference| reference.strip_prefix('#'));
    if let Some(target) = reference.and_then(|pointer| root.pointer(pointer)) {
        found.extend(branches(root, target, references + 1));
    }
    for part in schema.get("allOf").and_then(Json::as_array).into_iter().flatten() {
        found.extend(branches(root, part, references + 1));
    }
    found
}

/// The schemas that say something about a child of a value; alternatives count, since a mark must not be missed.
fn child_schemas<'a>(root: &'a Json, schemas: &[&'a Json], child: Child<'_>) -> Vec<&'a Json> {
    let mut found = Vec::new();
    for schema in alternatives(root, schemas) {
        match child {
            Child::Property(name) => match properties(schema).and_then(|properties| properties.get(name)) {
                Some(property) => found.push(property),
                None => found.extend(
                    schema
                        .get("additionalProperties")
                        .filter(|other| other.is_object()),
                ),
            },
            Child::Element(index) => match schema.get("prefixItems").and_then(|items| items.get(index)) {
                Some(item) => found.push(item),
                None => found.extend(schema.get("items").filter(|items| items.is_object())),
            },
        }
    }
    found
}

#[derive(Clone, Copy)]
enum Child<'a> {
    Property(&'a str),
    Element(usize),
}

fn alternatives<'a>(root: &'a Json, schemas: &[&'a Json]) -> Vec<&'a Json> {
    let mut found: Vec<&'a Json> = Vec::new();
    let mut open = schemas.to_vec();
    while let Some(schema) = open.pop() {
        if found.len() >= 256 || found.iter().any(|known| std::ptr::eq(*known, schema)) {
            continue;
        }
        found.push(schema);
        open.extend(branches(root, schema, 0).into_iter().skip(1));
        for keyword in ["anyOf", "oneOf"] {
            open.extend(schema.get(keyword).and_then(Json::as_array).into_iter().flatten());
        }
        open.extend(["then", "else"].iter().filter_map(|keyword| schema.get(keyword)));
    }
    found
}

fn is_secret(root: &Json, schemas: &[&Json]) -> bool {
    alternatives(root, schemas)
        .iter()
        .any(|schema| schema.get("secret") == Some(&Json::Bool(true)))
}

fn secret_pointers(
    schemas: &[&Json],
    root: &Json,
    value: &Json,
    pointer: &str,
    found: &mut BTreeSet<String>,
) {
    if is_secret(root, schemas) {
        found.insert(pointer.to_owned());
        return;
    }
    match value {
        Json::Object(object) => {
            for (name, value) in object {
                let below = child_schemas(root, schemas, Child::Property(name));
                let name = name.replace('~', "~0").replace('/', "~1");
                secret_pointers(&below, root, value, &format!("{pointer}/{name}"), found);
            }
        }
        Json::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                let below = child_schemas(root, schemas, Child::Element(index));
                secret_pointers(&below, root, value, &format!("{pointer}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// The values as the engine sees them, with the marks of what is secret.
fn convert(value: &Json, schemas: &[&Json], root: &Json) -> Result<Value, Violation> {
    if is_secret(root, schemas) {
        return plain(value).map(Value::into_secret);
    }
    match value {
        Json::Object(object) => {
            let entries: Result<Vec<_>, _> = object
                .iter()
                .map(|(name, value)| {
                    let below = child_schemas(root, schemas, Child::Property(name));
                    Ok((name.as_str(), convert(value, &below, root)?))
                })
                .collect();
            entries.map(Value::object)
        }
        Json::Array(items) => {
            let items: Result<Vec<_>, _> = items
                .iter()
                .enumerate()
                .map(|(index, value)| {
                    convert(value, &child_schemas(root, schemas, Child::Element(index)), root)
                })
                .collect();
            items.map(Value::array)
        }
        scalar => plain(scalar),
    }
}

fn plain(value: &Json) -> Result<Value, Violation> {
    document::parse(value.to_string().into())
        .map_err(|error| Violation::whole(&format!("a value cannot be used: {error}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> ConfigSchema {
        let schema = json!({
            "type": "object",
            "required": ["base_url", "token"],
            "additionalProperties": false,
            "properties": {
                "base_url": { "type": "string", "format": "uri" },
                "token": { "type": "string", "secret": true, "minLength": 4 },
                "page_size": { "type": "integer", "default": 200 },
                "nested": { "$ref": "#/$defs/nested" },
                "keys": { "type": "array", "items": { "type": "string", "secret": true } },
            },
            "$defs": { "nested": { "type": "object", "properties": { "depth": { "default": 3 } } } },
        });
        ConfigSchema {
            schema: Some(schema),
            secrets: BTreeSet::new(),
        }
    }

    #[test]
    fn defaults_are_applied_and_secrets_marked() {
        let config = check(
            &schema(),
            json!({ "base_url": "https://a.example", "token": "s3cret", "nested": {}, "keys": ["k"] }),
        )
        .expect("valid");
        assert_eq!(config.get("page_size").and_then(|size| size.as_i64()), Some(200));
        let nested = config.get("nested").expect("given");
        assert_eq!(nested.get("depth").and_then(|depth| depth.as_i64()), Some(3));
        assert!(config.get("token").expect("given").is_secret());
        assert!(
            config
                .get("keys")
                .and_then(|keys| keys.at(0))
                .expect("given")
                .is_secret()
        );
        assert!(!config.get("base_url").expect("given").is_secret());
    }

    #[test]
    fn violations_name_the_value_and_show_no_secret() {
        let cases = [
            (
                json!({}),
                vec![
                    ("", "\"base_url\" is a required property"),
                    ("", "\"token\" is a required property"),
                ],
            ),
            (
                json!({ "base_url": "no", "token": "s3cret" }),
                vec![("/base_url", "\"no\" is not a \"uri\"")],
            ),
            (
                json!({ "base_url": "https://a.example", "token": "abc" }),
                vec![("/token", "value is shorter than 4 characters")],
            ),
            (
                json!({ "base_url": "https://a.example", "token": 12_345_678 }),
                vec![("/token", "value is not of type \"string\"")],
            ),
            (
                json!({ "base_url": "https://a.example", "token": "s3cret", "tokn": 1 }),
                vec![(
                    "",
                    "Additional properties are not allowed ('tokn' was unexpected)",
                )],
            ),
            (json!([]), vec![("", "[] is not of type \"object\"")]),
        ];
        for (values, expected) in cases {
            let found = check(&schema(), values.clone()).expect_err("invalid");
            let found: Vec<_> = found
                .iter()
                .map(|violation| (violation.pointer.as_str(), violation.message.as_str()))
                .collect();
            assert_eq!(found, expected, "{values}");
        }
    }

    #[test]
    fn without_a_schema_any_object_will_do() {
        let any = ConfigSchema::default();
        assert_eq!(
            check(&any, json!({ "a": 1 })).expect("an object").to_json(),
            r#"{"a":1}"#
        );
        assert_eq!(
            check(&any, json!("a")).expect_err("no object")[0].message,
            "a config is an object of names and values"
        );
    }
}
