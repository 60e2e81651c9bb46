//! The functions of JMESPath and of its Community extensions.

use super::Function;
use super::signature::{Nulls, Secrets, Types, one};
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[Function {
    name: "type",
    signature: "type(value)",
    group: "standard",
    summary: "The type of a value: `string`, `number`, `boolean`, `array`, `object` or `null`.",
    example: ("type(`1`)", r#""number""#),
    parameters: &[one("value", Types::ANY)],
    nulls: Nulls::Refuse,
    secrets: Secrets::Exempt,
    call: |call| Ok(Value::from(call.value(0).kind().name())),
}];
