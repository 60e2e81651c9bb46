//! The shape of `config`, read off its JSON Schema.

use std::collections::BTreeMap;
use std::sync::Arc;

use orchid_jmespath::shape::Shape;
use serde_json::Value as Json;
use smol_str::SmolStr;

use super::open;

/// References followed and levels entered before nothing more is claimed to be known.
const MAX_DEPTH: usize = 24;

/// What a JSON Schema (2020-12) says of the fields of a config.
///
/// An object with `properties` is closed unless the schema says that it takes others
/// (`additionalProperties`, `patternProperties`, `unevaluatedProperties`): for a reader of expressions a name that
/// the schema does not list is a slip. Where a schema offers alternatives nothing is claimed.
pub fn config_shape(schema: Option<&Json>) -> Shape {
    match schema {
        None => open(),
        Some(schema) => match shape(schema, schema, 0) {
            Shape::Object { fields, open } => Shape::Object { fields, open },
            _ => open(),
        },
    }
}

fn shape(schema: &Json, root: &Json, depth: usize) -> Shape {
    let Some(object) = schema.as_object().filter(|_| depth < MAX_DEPTH) else {
        return Shape::Any;
    };
    if let Some(reference) = object.get("$ref").and_then(Json::as_str) {
        let target = reference
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer));
        return target.map_or(Shape::Any, |target| shape(target, root, depth + 1));
    }
    if ["anyOf", "oneOf", "if", "dependentSchemas", "$dynamicRef"]
        .iter()
        .any(|key| object.contains_key(*key))
    {
        return Shape::Any;
    }
    let mut own = own_shape(object, root, depth);
    for part in object.get("allOf").and_then(Json::as_array).into_iter().flatten() {
        own = both(own, shape(part, root, depth + 1));
    }
    own
}

/// What the keywords of one schema object say, `allOf` aside.
fn own_shape(object: &serde_json::Map<String, Json>, root: &Json, depth: usize) -> Shape {
    let kind = object.get("type").and_then(Json::as_str);
    match kind {
        Some("string" | "number" | "integer" | "boolean" | "null") => Shape::Scalar,
        Some("array") => {
            let items = object
                .get("items")
                .map_or(Shape::Any, |items| shape(items, root, depth + 1));
            Shape::Array(Arc::new(if object.contains_key("prefixItems") {
                Shape::Any
            } else {
                items
            }))
        }
        Some("object") | None => match object.get("properties").and_then(Json::as_object) {
            Some(properties) => {
                let fields: BTreeMap<SmolStr, Shape> = properties
                    .iter()
                    .map(|(name, property)| (SmolStr::new(name), shape(property, root, depth + 1)))
                    .collect();
                let takes_others = [
                    "additionalProperties",
                    "patternProperties",
                    "unevaluatedProperties",
                ]
                .iter()
                .any(|key| object.get(*key).is_some_and(|value| value != &Json::Bool(false)));
                Shape::Object {
                    fields: Arc::new(fields),
                    open: takes_others,
                }
            }
            None if kind.is_some() => open(),
            None => Shape::Any,
        },
        Some(_) => Shape::Any,
    }
}

/// What is known of a value that has both shapes.
fn both(one: Shape, other: Shape) -> Shape {
    match (one, other) {
        (
            Shape::Object { mut fields, open: a },
            Shape::Object {
                fields: more,
                open: b,
            },
        ) => {
            Arc::make_mut(&mut fields).extend(more.iter().map(|(name, shape)| (name.clone(), shape.clone())));
            Shape::Object { fields, open: a || b }
        }
        (Shape::Any, known) | (known, _) => known,
    }
}
