//! Objects, their entries, and groups.

use indexmap::IndexMap;

use crate::functions::Function;
use crate::functions::call::Call;
use crate::functions::signature::{Nulls, Secrets, Types, many, one};
use crate::problem::EvalError;
use crate::value::{Kind, Value};

/// What an element of a list costs, in bytes.
const ITEM: usize = 24;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "from_items",
        signature: "from_items(pairs)",
        group: "standard",
        summary: "An object from a list of `[name, value]` pairs; of equal names the last wins.",
        example: (r#"from_items(`[["a", 1], ["b", 2]]`)"#, r#"{"a": 1, "b": 2}"#),
        parameters: &[one("pairs", Types::ARRAY)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Carried,
        call: from_items,
    },
    Function {
        name: "group_by",
        signature: "group_by(elements, &expression)",
        group: "standard",
        summary: "An object of lists: the elements by the text that the expression gives for each; those with null are left out.",
        example: (
            r#"group_by(`[{"k": "a", "n": 1}, {"k": "b", "n": 2}, {"k": "a", "n": 3}]`, &k).a[].n"#,
            "[1, 3]",
        ),
        parameters: &[
            one("elements", Types::ARRAY),
            one("expression", Types::EXPRESSION),
        ],
        nulls: Nulls::Refuse,
        secrets: Secrets::Carried,
        call: group_by,
    },
    Function {
        name: "items",
        signature: "items(object)",
        group: "standard",
        summary: "The entries of an object as `[name, value]` pairs.",
        example: (r#"items(`{"a": 1, "b": 2}`)"#, r#"[["a", 1], ["b", 2]]"#),
        parameters: &[one("object", Types::OBJECT)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Carried,
        call: |call| {
            let object = call.value(0);
            call.charge(object.len())?;
            call.reserve(object.len().saturating_mul(4 * ITEM))?;
            Ok(Value::array(
                object
                    .entries()
                    .map(|(name, value)| Value::array([Value::from(name), value])),
            ))
        },
    },
    Function {
        name: "keys",
        signature: "keys(object)",
        group: "standard",
        summary: "The names of an object.",
        example: (r#"keys(`{"a": 1, "b": 2}`)"#, r#"["a", "b"]"#),
        parameters: &[one("object", Types::OBJECT)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Exempt,
        call: |call| {
            let object = call.value(0);
            call.charge(object.len())?;
            call.reserve(object.len().saturating_mul(2 * ITEM))?;
            Ok(Value::array(object.entries().map(|(name, _)| Value::from(name))))
        },
    },
    Function {
        name: "merge",
        signature: "merge(object, …)",
        group: "standard",
        summary: "One object of all; of equal names the later wins.",
        example: (r#"merge(`{"a": 1, "b": 1}`, `{"b": 2}`)"#, r#"{"a": 1, "b": 2}"#),
        parameters: &[many("object", Types::OBJECT)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Carried,
        call: |call| {
            let count = call.values().map(Value::len).fold(0_usize, usize::saturating_add);
            call.charge(count)?;
            call.reserve(count.saturating_mul(2 * ITEM))?;
            Ok(Value::object(call.values().flat_map(Value::entries)))
        },
    },
    Function {
        name: "values",
        signature: "values(object)",
        group: "standard",
        summary: "The values of an object.",
        example: (r#"values(`{"a": 1, "b": 2}`)"#, "[1, 2]"),
        parameters: &[one("object", Types::OBJECT)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Carried,
        call: |call| {
            let object = call.value(0);
            call.charge(object.len())?;
            call.reserve(object.len().saturating_mul(ITEM))?;
            Ok(Value::array(object.entries().map(|(_, value)| value)))
        },
    },
];

fn from_items(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let pairs = call.value(0);
    call.charge(pairs.len())?;
    call.reserve(pairs.len().saturating_mul(2 * ITEM))?;
    let mut entries = Vec::with_capacity(pairs.len());
    for (index, pair) in pairs.items().enumerate() {
        if pair.kind() != Kind::Array {
            return Err(call.type_error(0, format!("element {index} is no `[name, value]` pair")));
        }
        let (2, Some(name), Some(value)) = (pair.len(), pair.at(0), pair.at(1)) else {
            return Err(call.invalid(0, format!("element {index} is no `[name, value]` pair")));
        };
        let Some(name) = name.as_str() else {
            return Err(call.invalid(0, format!("the name in pair {index} is no string")));
        };
        call.reserve(name.len())?;
        entries.push((name.to_owned(), value));
    }
    Ok(Value::object(entries))
}

fn group_by(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let elements = call.value(0);
    call.reserve(elements.len().saturating_mul(2 * ITEM))?;
    let mut groups: IndexMap<String, Vec<Value>> = IndexMap::new();
    for element in elements.items() {
        call.charge(1)?;
        let key = call.apply(1, &element)?;
        if key.is_null() {
            continue;
        }
        let Some(name) = key.as_str() else {
            return Err(call.type_error(
                1,
                format!(
                    "the expression gives the type {}; groups are named by strings",
                    key.kind().name()
                ),
            ));
        };
        if let Some(group) = groups.get_mut(name) {
            group.push(element);
        } else {
            call.reserve(name.len() + 4 * ITEM)?;
            groups.insert(name.to_owned(), vec![element]);
        }
    }
    Ok(Value::object(
        groups
            .into_iter()
            .map(|(name, group)| (name, Value::array(group))),
    ))
}
