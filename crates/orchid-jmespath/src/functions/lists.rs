//! Functions of lists and objects.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, Hash as _, Hasher, RandomState};

use smol_str::SmolStr;

use crate::functions::Function;
use crate::functions::call::Call;
use crate::functions::numbers::MAX_ITEMS;
use crate::functions::signature::{Nulls, Secrets, Types, many, one, optional};
use crate::problem::EvalError;
use crate::value::{Kind, Names, Repr, Value};

/// What an element of a list costs, in bytes.
const ITEM: usize = 24;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "first",
        signature: "first(list)",
        group: "lists",
        summary: "The first element; null of an empty list.",
        example: ("first(`[1, 2]`)", "1"),
        parameters: &[one("list", Types::ARRAY)],
        nulls: Nulls::Yield,
        secrets: Secrets::Carried,
        call: |call| Ok(call.value(0).at(0).unwrap_or(Value::NULL)),
    },
    Function {
        name: "last",
        signature: "last(list)",
        group: "lists",
        summary: "The last element; null of an empty list.",
        example: ("last(`[1, 2]`)", "2"),
        parameters: &[one("list", Types::ARRAY)],
        nulls: Nulls::Yield,
        secrets: Secrets::Carried,
        call: |call| {
            let list = call.value(0);
            Ok(list
                .len()
                .checked_sub(1)
                .and_then(|last| list.at(last))
                .unwrap_or(Value::NULL))
        },
    },
    Function {
        name: "any",
        signature: "any(list, &expression?)",
        group: "lists",
        summary: "Whether an element is true, or the expression is for one.",
        example: ("any(`[{\"n\": 1}, {\"n\": 7}]`, &n > `5`)", "true"),
        parameters: &[
            one("list", Types::ARRAY),
            optional("expression", Types::EXPRESSION),
        ],
        nulls: Nulls::Yield,
        secrets: Secrets::Exempt,
        call: |call| Ok(Value::from(position(call, true)?.is_some())),
    },
    Function {
        name: "all",
        signature: "all(list, &expression?)",
        group: "lists",
        summary: "Whether all elements are true, or the expression is for each; true of an empty list.",
        example: ("all(`[1, 2, null]`)", "false"),
        parameters: &[
            one("list", Types::ARRAY),
            optional("expression", Types::EXPRESSION),
        ],
        nulls: Nulls::Yield,
        secrets: Secrets::Exempt,
        call: |call| Ok(Value::from(position(call, false)?.is_none())),
    },
    Function {
        name: "unique",
        signature: "unique(list, &expression?)",
        group: "lists",
        summary: "The list without repetitions, each element where it stood first; with an expression, those are one for which its values are equal.",
        example: ("unique(`[3, 1, 3.0, \"3\"]`)", r#"[3, 1, "3"]"#),
        parameters: &[
            one("list", Types::ARRAY),
            optional("expression", Types::EXPRESSION),
        ],
        nulls: Nulls::Yield,
        secrets: Secrets::Carried,
        call: unique,
    },
    Function {
        name: "chunk",
        signature: "chunk(list, n)",
        group: "lists",
        summary: "The list in pieces of `n` elements, the last one shorter where it does not come out even.",
        example: ("chunk(`[1, 2, 3]`, `2`)", "[[1, 2], [3]]"),
        parameters: &[one("list", Types::ARRAY), one("n", Types::NUMBER)],
        nulls: Nulls::Yield,
        secrets: Secrets::Carried,
        call: chunk,
    },
    Function {
        name: "product",
        signature: "product(a, b, …)",
        group: "lists",
        summary: "Every combination of one element of each list, as lists; the last list turns fastest. At most 1,000,000.",
        example: (
            "product(`[1, 2]`, `[\"a\", \"b\"]`)",
            r#"[[1, "a"], [1, "b"], [2, "a"], [2, "b"]]"#,
        ),
        parameters: &[one("a", Types::ARRAY), many("b", Types::ARRAY)],
        nulls: Nulls::Yield,
        secrets: Secrets::Carried,
        call: product,
    },
    Function {
        name: "pick",
        signature: "pick(o, keys)",
        group: "lists",
        summary: "The object with the named fields only, in the order of `keys` (a list, or one name); names that it does not have are passed over.",
        example: (
            "pick(`{\"id\": 1, \"name\": \"x\", \"age\": 3}`, ['age', 'id'])",
            r#"{"age": 3, "id": 1}"#,
        ),
        parameters: &[
            one("o", Types::OBJECT),
            one("keys", Types::STRING.or(Types::STRINGS)),
        ],
        nulls: Nulls::Yield,
        secrets: Secrets::Carried,
        call: pick,
    },
    Function {
        name: "omit",
        signature: "omit(o, keys)",
        group: "lists",
        summary: "The object without the named fields (a list, or one name).",
        example: ("omit(`{\"id\": 1, \"name\": \"x\"}`, 'name')", r#"{"id": 1}"#),
        parameters: &[
            one("o", Types::OBJECT),
            one("keys", Types::STRING.or(Types::STRINGS)),
        ],
        nulls: Nulls::Yield,
        secrets: Secrets::Carried,
        call: omit,
    },
];

/// The first element whose truth (or that of the expression for it) is `wanted`.
fn position(call: &mut Call<'_>, wanted: bool) -> Result<Option<usize>, EvalError> {
    let list = call.value(0);
    for (index, item) in list.items().enumerate() {
        call.charge(1)?;
        let value = if call.has(1) { call.apply(1, &item)? } else { item };
        if value.is_truthy() == wanted {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

fn unique(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let list = call.value(0);
    call.reserve(list.len().saturating_mul(2 * ITEM))?;
    let state = RandomState::new();
    let mut seen: HashMap<u64, Vec<Value>> = HashMap::new();
    let mut kept = Vec::new();
    for item in list.items() {
        let key = if call.has(1) {
            call.apply(1, &item)?
        } else {
            item.clone()
        };
        let mut hasher = state.build_hasher();
        fingerprint(call, &key, &mut hasher)?;
        let alike = seen.entry(hasher.finish()).or_default();
        // The fingerprint has paid for a walk through the key; a comparison costs no more.
        if !alike.contains(&key) {
            alike.push(key);
            kept.push(item);
        }
    }
    Ok(Value::array(kept))
}

/// Equal values have equal fingerprints: numbers by value, objects regardless of order.
fn fingerprint(call: &mut Call<'_>, value: &Value, hasher: &mut impl Hasher) -> Result<(), EvalError> {
    call.charge(1)?;
    match value.kind() {
        Kind::Null => 0_u8.hash(hasher),
        Kind::Boolean => value.is_truthy().hash(hasher),
        Kind::Number => {
            let near = value.as_number().map_or(0.0, |number| number.as_f64());
            // 0 and -0 are one number.
            (if near == 0.0 { 0.0_f64 } else { near }).to_bits().hash(hasher);
        }
        Kind::String => {
            let text = value.as_str().unwrap_or_default();
            call.charge(text.len() / 16)?;
            text.hash(hasher);
        }
        Kind::Array => {
            value.len().hash(hasher);
            for item in value.items() {
                fingerprint(call, &item, hasher)?;
            }
        }
        Kind::Object => {
            let mut sum = 0_u64;
            for (name, item) in value.entries() {
                let mut entry = std::hash::DefaultHasher::new();
                name.hash(&mut entry);
                fingerprint(call, &item, &mut entry)?;
                sum = sum.wrapping_add(entry.finish());
            }
            (value.len(), sum).hash(hasher);
        }
    }
    Ok(())
}

fn chunk(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let list = call.value(0);
    let size = call.size(1)?;
    if size == 0 {
        return Err(call.invalid(1, "a chunk has at least 1 element"));
    }
    call.charge(list.len())?;
    call.reserve((list.len() + list.len().div_ceil(size)).saturating_mul(ITEM))?;
    let mut items = list.items();
    let mut chunks = Vec::new();
    loop {
        let chunk: Vec<Value> = items.by_ref().take(size).collect();
        if chunk.is_empty() {
            return Ok(Value::array(chunks));
        }
        chunks.push(Value::array(chunk));
    }
}

fn product(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let lists: Vec<Vec<Value>> = {
        let total = call.values().map(Value::len).fold(0_usize, usize::saturating_add);
        call.reserve(total.saturating_mul(ITEM))?;
        call.values().map(|list| list.items().collect()).collect()
    };
    let count = lists.iter().map(Vec::len).fold(1_usize, usize::saturating_mul);
    if count > MAX_ITEMS {
        return Err(call.invalid(
            0,
            format!("gives at most {MAX_ITEMS} combinations, these would be {count}"),
        ));
    }
    let cost = count.saturating_mul(lists.len() + 1);
    call.charge(cost)?;
    call.reserve(cost.saturating_mul(ITEM))?;
    Ok(Value::array((0..count).map(|index| {
        let mut rest = index;
        let mut combination: Vec<Value> = Vec::with_capacity(lists.len());
        for list in lists.iter().rev() {
            combination.push(list[rest % list.len()].clone());
            rest /= list.len();
        }
        combination.reverse();
        Value::array(combination)
    })))
}

/// The names at a position: a list of them, or one.
fn names(call: &mut Call<'_>, index: usize) -> Result<Vec<Value>, EvalError> {
    let keys = call.value(index);
    call.charge(keys.len())?;
    call.reserve(keys.len().saturating_mul(ITEM))?;
    if keys.kind() == Kind::String {
        return Ok(vec![keys.clone()]);
    }
    Ok(keys.items().collect())
}

fn pick(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let object = call.value(0);
    let names = names(call, 1)?;
    let found = names.iter().filter_map(|name| name.as_str());
    Ok(Value::object(
        found.filter_map(|name| object.get(name).map(|value| (name, value))),
    ))
}

fn omit(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let object = call.value(0);
    let names = names(call, 1)?;
    call.charge(object.len())?;
    call.reserve(object.len().saturating_mul(2 * ITEM))?;
    let entries = |entries: &mut dyn Iterator<Item = (&str, Value)>| -> Vec<(SmolStr, Value)> {
        entries.map(|(name, value)| (SmolStr::new(name), value)).collect()
    };
    let names = names.iter().filter_map(|name| name.as_str());
    if ignores_case(object) {
        let names: HashSet<String> = names.map(str::to_ascii_lowercase).collect();
        let kept = &mut object
            .entries()
            .filter(|(name, _)| !names.contains(&name.to_ascii_lowercase()));
        return Ok(Value::object_ignoring_case(entries(kept)));
    }
    let names: HashSet<&str> = names.collect();
    Ok(Value::object(entries(
        &mut object.entries().filter(|(name, _)| !names.contains(name)),
    )))
}

/// Whether its names match regardless of case (header objects).
fn ignores_case(value: &Value) -> bool {
    match &value.0 {
        Repr::Object(object) => matches!(object.names(), Names::IgnoringCase),
        Repr::Secret(inner) => ignores_case(inner),
        _ => false,
    }
}
