//! Functions of numbers. Rounding works on the decimal text, so nothing is lost to binary floating point.

use crate::functions::Function;
use crate::functions::call::Call;
use crate::functions::decimal::Decimal;
use crate::functions::signature::{Nulls, Secrets, Types, one, optional};
use crate::number::Number;
use crate::problem::EvalError;
use crate::value::{Kind, Value};

/// The most numbers that `range` gives, and elements that `product` gives.
pub(crate) const MAX_ITEMS: usize = 1_000_000;
/// How far from the point `round` goes.
const MAX_DIGITS: i64 = 400;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "round",
        signature: "round(x, digits?)",
        group: "numbers",
        summary: "Rounds half away from zero, to a whole number or to `digits` behind the point (before it when negative), exactly on the decimal as it is written.",
        example: (
            "[round(`2.5`), round(`1.005`, `2`), round(`1250`, `-2`)]",
            "[3, 1.01, 1300]",
        ),
        parameters: &[one("x", Types::NUMBER), optional("digits", Types::NUMBER)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: round,
    },
    Function {
        name: "to_integer",
        signature: "to_integer(x)",
        group: "numbers",
        summary: "A number or the number in a text as an integer, its fraction cut off; null for anything that is no number.",
        example: (
            "[to_integer('42'), to_integer(`-1.9`), to_integer('n/a')]",
            "[42, -1, null]",
        ),
        parameters: &[one("x", Types::ANY)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: to_integer,
    },
    Function {
        name: "range",
        signature: "range(from, to, step?)",
        group: "numbers",
        summary: "The integers from `from` up to, but not including, `to`, in steps of `step` (1), which may be negative. At most 1,000,000.",
        example: ("range(`0`, `10`, `3`)", "[0, 3, 6, 9]"),
        parameters: &[
            one("from", Types::NUMBER),
            one("to", Types::NUMBER),
            optional("step", Types::NUMBER),
        ],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: range,
    },
];

fn round(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let digits = call.optional_integer(1)?.unwrap_or(0);
    let places = i32::try_from(digits)
        .ok()
        .filter(|places| (-MAX_DIGITS..=MAX_DIGITS).contains(&i64::from(*places)))
        .ok_or_else(|| {
            call.invalid(
                1,
                format!("takes from -{MAX_DIGITS} to {MAX_DIGITS} digits, not {digits}"),
            )
        })?;
    let text = call.number(0)?.to_string();
    call.reserve(text.len())?;
    let Some(decimal) = Decimal::parse(&text) else {
        return Err(call.invalid(0, format!("{} is beyond all bounds", call.shown(0))));
    };
    let rounded = decimal.rounded(places);
    if rounded == decimal {
        return Ok(call.value(0).clone());
    }
    Ok(Number::parse(&rounded.to_text()).map_or(Value::NULL, Value::from))
}

fn to_integer(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let value = call.value(0);
    let text = match value.kind() {
        Kind::Number | Kind::String => value.to_text().unwrap_or_default(),
        _ => return Ok(Value::NULL),
    };
    call.charge(text.len())?;
    let Some(decimal) = Decimal::parse(text.trim()) else {
        return Ok(Value::NULL);
    };
    let integer = decimal.truncated().integer();
    if let Some(integer) = integer.and_then(|integer| i64::try_from(integer).ok()) {
        return Ok(Value::from(integer));
    }
    match integer.and_then(|integer| u64::try_from(integer).ok()) {
        Some(integer) => Ok(Value::from(integer)),
        None => Err(call.invalid(0, format!("{} is beyond the 64-bit integers", call.shown(0)))),
    }
}

fn range(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let (from, to) = (call.integer(0)?, call.integer(1)?);
    let step = call.optional_integer(2)?.unwrap_or(1);
    if step == 0 {
        return Err(call.invalid(2, "the step must not be 0"));
    }
    let distance = if step > 0 {
        i128::from(to) - i128::from(from)
    } else {
        i128::from(from) - i128::from(to)
    };
    let count = match distance {
        ..=0 => 0,
        distance => (distance - 1) / i128::from(step).abs() + 1,
    };
    let count = usize::try_from(count)
        .ok()
        .filter(|count| *count <= MAX_ITEMS)
        .ok_or_else(|| {
            call.invalid(
                1,
                format!("gives at most {MAX_ITEMS} numbers, these would be {count}"),
            )
        })?;
    call.charge(count)?;
    call.reserve(count * 24)?;
    // Every one lies between `from` and `to`.
    let at = |index: usize| i64::try_from(i128::from(from) + i128::from(step) * index as i128).unwrap_or(to);
    Ok(Value::array((0..count).map(|index| Value::from(at(index)))))
}
