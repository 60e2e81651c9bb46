//! Lists, and what may be one thing or another.

use crate::functions::Function;
use crate::functions::call::Call;
use crate::functions::signature::{Nulls, Secrets, Types, many, one};
use crate::functions::weight;
use crate::problem::EvalError;
use crate::value::{Kind, Value};

/// What an element of a list costs, in bytes.
const ITEM: usize = 24;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "contains",
        signature: "contains(subject, search)",
        group: "standard",
        summary: "Whether a text contains another, or a list an element.",
        example: (
            "[contains('foobar', 'oba'), contains(`[1, 2]`, `3`)]",
            "[true, false]",
        ),
        parameters: &[
            one("subject", Types::ARRAY.or(Types::STRING)),
            one("search", Types::ANY),
        ],
        nulls: Nulls::Refuse,
        secrets: Secrets::Exempt,
        call: contains,
    },
    Function {
        name: "length",
        signature: "length(subject)",
        group: "standard",
        summary: "Characters of a text, elements of a list, entries of an object.",
        example: ("[length('été'), length(`[1, 2]`)]", "[3, 2]"),
        parameters: &[one("subject", Types::STRING.or(Types::ARRAY).or(Types::OBJECT))],
        nulls: Nulls::Refuse,
        secrets: Secrets::Exempt,
        call: |call| {
            let subject = call.value(0);
            let Some(text) = subject.as_str() else {
                return Ok(Value::from(subject.len()));
            };
            call.charge(text.len() / 16)?;
            Ok(Value::from(text.chars().count()))
        },
    },
    Function {
        name: "map",
        signature: "map(&expression, elements)",
        group: "standard",
        summary: "What the expression gives for each element, nulls kept.",
        example: (r#"map(&id, `[{"id": 1}, {}]`)"#, "[1, null]"),
        parameters: &[
            one("expression", Types::EXPRESSION),
            one("elements", Types::ARRAY),
        ],
        nulls: Nulls::Refuse,
        secrets: Secrets::Carried,
        call: |call| {
            let elements = call.value(1);
            call.reserve(elements.len().saturating_mul(ITEM))?;
            let mut mapped = Vec::with_capacity(elements.len());
            for element in elements.items() {
                call.charge(1)?;
                mapped.push(call.apply(0, &element)?);
            }
            Ok(Value::array(mapped))
        },
    },
    Function {
        name: "not_null",
        signature: "not_null(value, …)",
        group: "standard",
        summary: "The first argument that is not null.",
        example: ("not_null(`null`, `1`, `2`)", "1"),
        parameters: &[many("value", Types::ANY)],
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
        name: "reverse",
        signature: "reverse(subject)",
        group: "standard",
        summary: "A list or a text from its end to its start.",
        example: ("reverse(`[1, 2, 3]`)", "[3, 2, 1]"),
        parameters: &[one("subject", Types::STRING.or(Types::ARRAY))],
        nulls: Nulls::Refuse,
        secrets: Secrets::Carried,
        call: reverse,
    },
    Function {
        name: "to_array",
        signature: "to_array(value)",
        group: "standard",
        summary: "The value itself if it is a list, else a list of it.",
        example: ("to_array('a')", r#"["a"]"#),
        parameters: &[one("value", Types::ANY)],
        nulls: Nulls::Accept,
        secrets: Secrets::Carried,
        call: |call| {
            let value = call.value(0).clone();
            Ok(if value.kind() == Kind::Array {
                value
            } else {
                Value::array([value])
            })
        },
    },
    Function {
        name: "to_string",
        signature: "to_string(value)",
        group: "standard",
        summary: "A text as it is, anything else as JSON.",
        example: ("to_string(`[1, 2]`)", r#""[1,2]""#),
        parameters: &[one("value", Types::ANY)],
        nulls: Nulls::Accept,
        secrets: Secrets::Derived,
        call: |call| {
            let value = call.value(0);
            if value.kind() == Kind::String {
                return Ok(value.clone());
            }
            Ok(Value::from(weight::json(call, value)?))
        },
    },
    Function {
        name: "type",
        signature: "type(value)",
        group: "standard",
        summary: "The type of a value: `string`, `number`, `boolean`, `array`, `object` or `null`.",
        example: ("type(`1`)", r#""number""#),
        parameters: &[one("value", Types::ANY)],
        nulls: Nulls::Accept,
        secrets: Secrets::Exempt,
        call: |call| Ok(Value::from(call.value(0).kind().name())),
    },
    Function {
        name: "zip",
        signature: "zip(list, …)",
        group: "standard",
        summary: "A list of lists: the first elements of all, the second, and so on, up to the shortest.",
        example: (r#"zip(`[1, 2]`, `["a", "b", "c"]`)"#, r#"[[1, "a"], [2, "b"]]"#),
        parameters: &[many("list", Types::ARRAY)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Carried,
        call: zip,
    },
];

fn contains(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let (subject, search) = (call.value(0), call.value(1));
    if let Some(text) = subject.as_str() {
        call.charge(text.len() / 16)?;
        return Ok(Value::from(
            search.as_str().is_some_and(|search| text.contains(search)),
        ));
    }
    let cost = weight::of(call, search)?;
    for item in subject.items() {
        call.charge(if item.kind() == search.kind() {
            cost / 16 + 1
        } else {
            1
        })?;
        if item == *search {
            return Ok(Value::from(true));
        }
    }
    Ok(Value::from(false))
}

fn reverse(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let subject = call.value(0);
    if let Some(text) = subject.as_str() {
        call.reserve(text.len())?;
        call.charge(text.len())?;
        let reversed = Value::from(text.chars().rev().collect::<String>());
        return Ok(if subject.is_secret() {
            reversed.into_secret()
        } else {
            reversed
        });
    }
    call.charge(subject.len())?;
    call.reserve(subject.len().saturating_mul(ITEM))?;
    let mut items: Vec<Value> = subject.items().collect();
    items.reverse();
    Ok(Value::array(items))
}

fn zip(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let count = call.count();
    let length = call.values().map(Value::len).min().unwrap_or(0);
    call.charge(length.saturating_mul(count))?;
    call.reserve(length.saturating_mul(count + 1).saturating_mul(ITEM))?;
    let mut lists: Vec<_> = call.values().map(Value::items).collect();
    let rows =
        (0..length).map(|_| Value::array(lists.iter_mut().filter_map(Iterator::next).collect::<Vec<_>>()));
    Ok(Value::array(rows.collect::<Vec<_>>()))
}
