//! What a flow's expressions see, and their evaluation with faults that name field and expression.

use jiff::Timestamp;
use orchid_jmespath::expression::Expression;
use orchid_jmespath::value::Value;
use smol_str::SmolStr;

use crate::fault::Fault;
use crate::scope::{Root, expression_fault};

/// `root` with `auth` and, once it came, `response`.
pub(super) fn with(root: &Value, auth: &Value, response: Option<&Value>) -> Value {
    let mut entries: Vec<(SmolStr, Value)> = root
        .entries()
        .filter(|(name, _)| *name != "auth" && *name != "response")
        .map(|(name, value)| (SmolStr::new(name), value))
        .collect();
    entries.push((SmolStr::new_static("auth"), auth.clone()));
    if let Some(response) = response {
        entries.push((SmolStr::new_static("response"), response.clone()));
    }
    Value::object(entries)
}

/// An expression's value.
pub(super) fn evaluate(
    field: &str,
    expression: &Expression,
    root: &Value,
    now: Timestamp,
) -> Result<Value, Fault> {
    Root::of(root.clone(), now)
        .value(expression)
        .map_err(|error| expression_fault(field, expression, &error))
}
