//! Numbers, and what becomes one.

use crate::functions::Function;
use crate::functions::call::Call;
use crate::functions::signature::{Nulls, Secrets, Types, one};
use crate::number::{ArithmeticError, Number};
use crate::problem::EvalError;
use crate::value::{Kind, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "abs",
        signature: "abs(value)",
        group: "standard",
        summary: "The number without its sign.",
        example: ("abs(`-5`)", "5"),
        parameters: &[one("value", Types::NUMBER)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Derived,
        call: |call| unary(call, Number::abs),
    },
    Function {
        name: "ceil",
        signature: "ceil(value)",
        group: "standard",
        summary: "The smallest whole number that is not less.",
        example: ("ceil(`1.2`)", "2"),
        parameters: &[one("value", Types::NUMBER)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Derived,
        call: |call| unary(call, Number::ceil),
    },
    Function {
        name: "floor",
        signature: "floor(value)",
        group: "standard",
        summary: "The largest whole number that is not greater.",
        example: ("floor(`1.8`)", "1"),
        parameters: &[one("value", Types::NUMBER)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Derived,
        call: |call| unary(call, Number::floor),
    },
    Function {
        name: "sum",
        signature: "sum(elements)",
        group: "standard",
        summary: "The sum of a list of numbers.",
        example: ("sum(`[1, 2, 3]`)", "6"),
        parameters: &[one("elements", Types::NUMBERS)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Derived,
        call: |call| total(call).map(Value::from),
    },
    Function {
        name: "avg",
        signature: "avg(elements)",
        group: "standard",
        summary: "The mean of a list of numbers; null of an empty one.",
        example: ("avg(`[1, 2, 6]`)", "3"),
        parameters: &[one("elements", Types::NUMBERS)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Derived,
        call: |call| {
            let count = call.value(0).len();
            if count == 0 {
                return Ok(Value::NULL);
            }
            let mean = total(call)?.divide(&Number::from(count as u64));
            mean.map(Value::from).map_err(|error| call.arithmetic(error))
        },
    },
    Function {
        name: "to_number",
        signature: "to_number(value)",
        group: "standard",
        summary: "A number, or the number that a text holds; null for anything else.",
        example: ("to_number('1.5')", "1.5"),
        parameters: &[one("value", Types::ANY)],
        nulls: Nulls::Accept,
        secrets: Secrets::Derived,
        call: |call| {
            let value = call.value(0);
            if value.kind() == Kind::Number {
                return Ok(value.clone());
            }
            let Some(text) = value.as_str() else {
                return Ok(Value::NULL);
            };
            call.reserve(text.len())?;
            Ok(Number::parse(text).map_or(Value::NULL, Value::from))
        },
    },
];

fn unary(call: &Call<'_>, of: fn(&Number) -> Result<Number, ArithmeticError>) -> Result<Value, EvalError> {
    of(&call.number(0)?)
        .map(Value::from)
        .map_err(|error| call.arithmetic(error))
}

fn total(call: &mut Call<'_>) -> Result<Number, EvalError> {
    let elements = call.value(0);
    call.charge(elements.len())?;
    let mut numbers = elements.items().filter_map(|element| element.as_number());
    let sum = numbers.try_fold(Number::from(0_i64), |sum, number| sum.add(&number));
    sum.map_err(|error| call.arithmetic(error))
}
