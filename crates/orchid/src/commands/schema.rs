//! `orchid schema`: the JSON Schema of integration documents.

use crate::exit::{Code, Failure};

/// Prints the schema.
pub(crate) fn main() -> Result<Code, Failure> {
    super::print(&format!("{:#}", orchid_plan::schema::document()))
}
