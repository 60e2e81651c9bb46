//! What is known of a value before anything runs: which names exist, which objects are closed.

use std::collections::BTreeMap;
use std::sync::Arc;

use smol_str::SmolStr;

/// The statically known form of a value. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Shape {
    /// Nothing is known: every access is allowed.
    #[default]
    Any,
    /// A string, number, boolean or null: has no fields.
    Scalar,
    /// An object whose fields are known; when `open`, others may exist too.
    Object {
        /// Known fields.
        fields: Arc<BTreeMap<SmolStr, Shape>>,
        /// Whether fields that are not listed are allowed.
        open: bool,
    },
    /// An array of elements of one shape.
    Array(Arc<Shape>),
}
