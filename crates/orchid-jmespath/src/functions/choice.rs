//! Choosing between values. `if`, `default` and `coalesce` evaluate only what is needed: the evaluator knows
//! them, and the bodies here serve where their arguments are already there.

use crate::functions::Function;
use crate::functions::call::Call;
use crate::functions::signature::{Nulls, Secrets, Types, many, one};
use crate::functions::weight;
use crate::problem::EvalError;
use crate::value::Value;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "default",
        signature: "default(x, d)",
        group: "choice",
        summary: "`x`, or `d` where `x` is null or empty text. (`||` also passes over `false`, empty lists and empty objects.)",
        example: ("[default('', 'none'), default(`0`, 'none')]", r#"["none", 0]"#),
        parameters: &[one("x", Types::ANY), one("d", Types::ANY)],
        nulls: Nulls::Accept,
        secrets: Secrets::Carried,
        call: |call| Ok(call.value(usize::from(is_missing(call.value(0)))).clone()),
    },
    Function {
        name: "coalesce",
        signature: "coalesce(a, b, …)",
        group: "choice",
        summary: "The first argument that is not null.",
        example: ("coalesce(`null`, `false`, 'x')", "false"),
        parameters: &[many("a", Types::ANY)],
        nulls: Nulls::Accept,
        secrets: Secrets::Carried,
        call: |call| {
            Ok(call
                .values()
                .find(|value| !value.is_null())
                .cloned()
                .unwrap_or(Value::NULL))
        },
    },
    Function {
        name: "if",
        signature: "if(c, a, b)",
        group: "choice",
        summary: "`a` where `c` is true, else `b`; only the one that is chosen is evaluated. The same as `c ? a : b`.",
        example: ("if(`true`, 'yes', `1` / `0`)", r#""yes""#),
        parameters: &[one("c", Types::ANY), one("a", Types::ANY), one("b", Types::ANY)],
        nulls: Nulls::Accept,
        secrets: Secrets::Carried,
        call: |call| Ok(call.value(if call.value(0).is_truthy() { 1 } else { 2 }).clone()),
    },
    Function {
        name: "not",
        signature: "not(x)",
        group: "choice",
        summary: "True where `x` is false, null or empty. The same as `!x`, which YAML wants quoted.",
        example: ("not(`[]`)", "true"),
        parameters: &[one("x", Types::ANY)],
        nulls: Nulls::Accept,
        secrets: Secrets::Exempt,
        call: |call| Ok(Value::from(!call.value(0).is_truthy())),
    },
    Function {
        name: "one_of",
        signature: "one_of(x, list)",
        group: "choice",
        summary: "Whether `x` equals an element of the list.",
        example: ("one_of(`503`, `[502, 503, 504]`)", "true"),
        parameters: &[one("x", Types::ANY), one("list", Types::ARRAY)],
        nulls: Nulls::Accept,
        secrets: Secrets::Exempt,
        call: one_of,
    },
];

/// What `default` replaces.
pub(crate) fn is_missing(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}

fn one_of(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let (x, list) = (call.value(0), call.value(1));
    if x.is_null() || list.is_null() {
        return Ok(Value::NULL);
    }
    let cost = weight::of(call, x)?;
    for item in list.items() {
        call.charge(if item.kind() == x.kind() { cost / 16 + 1 } else { 1 })?;
        if *x == item {
            return Ok(Value::from(true));
        }
    }
    Ok(Value::from(false))
}
