//! The JSON Schema of integration documents, for editors. It comes from the tables that documents are read by.

use serde_json::{Value as Json, json};

use crate::definition::Definition;
use crate::definition::record::Schemas;

/// JSON Schema 2020-12 of an integration document.
///
/// What the loader refuses because of several fields together, or of an expression's text, it does not know.
pub fn document() -> Json {
    let mut schemas = Schemas::default();
    let mut document = schemas.object::<Definition>();
    document["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    document["title"] = json!("Orchid integration");
    document["$defs"] = Json::Object(schemas.definitions);
    document
}
