//! Order: numbers by value, texts by code point.

use std::cmp::Ordering;

use crate::functions::Function;
use crate::functions::call::Call;
use crate::functions::signature::{Nulls, Secrets, Types, one};
use crate::number::Number;
use crate::problem::EvalError;
use crate::value::{Kind, Value};

/// What can be put in order.
const ORDERED: Types = Types::NUMBERS.or(Types::STRINGS);

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "max",
        signature: "max(elements)",
        group: "standard",
        summary: "The largest of a list of numbers, or of texts; null of an empty one.",
        example: ("max(`[1, 7, 3]`)", "7"),
        parameters: &[one("elements", ORDERED)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Carried,
        call: |call| extreme(call, Ordering::Greater),
    },
    Function {
        name: "max_by",
        signature: "max_by(elements, &expression)",
        group: "standard",
        summary: "The element for which the expression is largest.",
        example: (r#"max_by(`[{"n": 1}, {"n": 7}]`, &n)"#, r#"{"n": 7}"#),
        parameters: &[
            one("elements", Types::ARRAY),
            one("expression", Types::EXPRESSION),
        ],
        nulls: Nulls::Refuse,
        secrets: Secrets::Carried,
        call: |call| extreme(call, Ordering::Greater),
    },
    Function {
        name: "min",
        signature: "min(elements)",
        group: "standard",
        summary: "The smallest of a list of numbers, or of texts; null of an empty one.",
        example: ("min(`[4, 2, 3]`)", "2"),
        parameters: &[one("elements", ORDERED)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Carried,
        call: |call| extreme(call, Ordering::Less),
    },
    Function {
        name: "min_by",
        signature: "min_by(elements, &expression)",
        group: "standard",
        summary: "The element for which the expression is smallest.",
        example: (r#"min_by(`[{"n": 1}, {"n": 7}]`, &n)"#, r#"{"n": 1}"#),
        parameters: &[
            one("elements", Types::ARRAY),
            one("expression", Types::EXPRESSION),
        ],
        nulls: Nulls::Refuse,
        secrets: Secrets::Carried,
        call: |call| extreme(call, Ordering::Less),
    },
    Function {
        name: "sort",
        signature: "sort(elements)",
        group: "standard",
        summary: "A list of numbers, or of texts, in ascending order.",
        example: ("sort(`[3, 1, 2]`)", "[1, 2, 3]"),
        parameters: &[one("elements", ORDERED)],
        nulls: Nulls::Refuse,
        secrets: Secrets::Carried,
        call: sorted,
    },
    Function {
        name: "sort_by",
        signature: "sort_by(elements, &expression)",
        group: "standard",
        summary: "The elements in ascending order of what the expression gives for each.",
        example: (r#"sort_by(`[{"n": 2}, {"n": 1}]`, &n)[].n"#, "[1, 2]"),
        parameters: &[
            one("elements", Types::ARRAY),
            one("expression", Types::EXPRESSION),
        ],
        nulls: Nulls::Refuse,
        secrets: Secrets::Carried,
        call: sorted,
    },
];

/// What an element is ordered by.
enum Key {
    Number(Number),
    /// A value that is text.
    Text(Value),
}

impl Key {
    fn of(value: Value) -> Option<Self> {
        match value.kind() {
            Kind::Number => value.as_number().map(Self::Number),
            Kind::String => Some(Self::Text(value)),
            _ => None,
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            // UTF-8 orders as code points do.
            (Self::Text(a), Self::Text(b)) => a.as_str().cmp(&b.as_str()),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }

    /// What a comparison costs at most.
    fn steps(&self) -> usize {
        match self {
            Self::Number(_) => 1,
            Self::Text(text) => 1 + text.as_str().map_or(0, str::len) / 64,
        }
    }
}

/// What one element is ordered by: of the type of `first`, the key of those before it.
fn key(call: &mut Call<'_>, element: &Value, first: Option<&Key>) -> Result<Key, EvalError> {
    call.charge(1)?;
    let value = if call.count() > 1 {
        call.apply(1, element)?
    } else {
        element.clone()
    };
    let kind = value.kind();
    let alike =
        |key: &Key| first.is_none_or(|first| std::mem::discriminant(first) == std::mem::discriminant(key));
    Key::of(value)
        .filter(alike)
        .ok_or_else(|| unordered(call, kind, first))
}

/// Elements with their keys, which are all numbers or all texts; and what one comparison costs.
fn keyed(call: &mut Call<'_>) -> Result<(Vec<(Key, Value)>, usize), EvalError> {
    let elements = call.value(0);
    call.reserve(elements.len().saturating_mul(64))?;
    let mut keyed: Vec<(Key, Value)> = Vec::with_capacity(elements.len());
    let mut steps = 1;
    for element in elements.items() {
        let key = key(call, &element, keyed.first().map(|(key, _)| key))?;
        steps = steps.max(key.steps());
        keyed.push((key, element));
    }
    Ok((keyed, steps))
}

fn unordered(call: &Call<'_>, kind: Kind, first: Option<&Key>) -> EvalError {
    let message = match first {
        Some(Key::Number(_)) => format!("some elements give a number, one gives {}", article(kind)),
        Some(Key::Text(_)) => format!("some elements give a string, one gives {}", article(kind)),
        None => format!(
            "the expression gives {} for the first element; numbers and strings can be ordered",
            article(kind)
        ),
    };
    call.type_error(1, message)
}

fn article(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Boolean => "a boolean",
        Kind::Number => "a number",
        Kind::String => "a string",
        Kind::Array => "an array",
        Kind::Object => "an object",
    }
}

/// The first element that is `wanted` to all before it.
fn extreme(call: &mut Call<'_>, wanted: Ordering) -> Result<Value, EvalError> {
    if call
        .value(0)
        .elements()
        .next()
        .is_some_and(|first| first.kind() == Kind::String)
        && call.count() == 1
    {
        return extreme_text(call, wanted);
    }
    let mut best: Option<(Key, Value)> = None;
    let mut elements = call.value(0).elements();
    while let Some(element) = elements.next() {
        let key = key(call, element, best.as_ref().map(|(key, _)| key))?;
        call.charge(key.steps())?;
        if best.as_ref().is_none_or(|(best, _)| key.compare(best) == wanted) {
            best = Some((key, element.clone()));
        }
    }
    Ok(best.map_or(Value::NULL, |(_, element)| element))
}

/// The same of a list of texts, which are compared where they are: times of a whole body are looked through so.
fn extreme_text(call: &mut Call<'_>, wanted: Ordering) -> Result<Value, EvalError> {
    let mut best: Option<Value> = None;
    let mut elements = call.value(0).elements();
    while let Some(element) = elements.next() {
        let text = element.as_str().unwrap_or_default();
        call.charge(2 + text.len() / 64)?;
        if best
            .as_ref()
            .is_none_or(|best| Some(text).cmp(&best.as_str()) == wanted)
        {
            best = Some(element.clone());
        }
    }
    Ok(best.unwrap_or(Value::NULL))
}

/// A stable sort.
fn sorted(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let (mut keyed, steps) = keyed(call)?;
    let rounds = keyed.len().checked_ilog2().unwrap_or(0) as usize + 1;
    call.charge(keyed.len().saturating_mul(rounds).saturating_mul(steps))?;
    keyed.sort_by(|(a, _), (b, _)| a.compare(b));
    Ok(Value::array(keyed.into_iter().map(|(_, element)| element)))
}
