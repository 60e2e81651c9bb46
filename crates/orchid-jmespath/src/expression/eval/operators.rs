//! What operators do with values that are there.

use std::ops::Range;

use crate::expression::ast::{Operation, Sign};
use crate::expression::meter::Meter;
use crate::number::Number;
use crate::problem::{EvalError, EvalErrorKind};
use crate::value::{Kind, Looked, Value, json};

/// Equality of what is looked at; scalars need no handle for it.
pub(super) fn alike(
    left: &Looked<'_>,
    right: &Looked<'_>,
    meter: &mut Meter,
    span: &Range<usize>,
) -> Result<bool, EvalError> {
    match (left.kind(), right.kind()) {
        (a, b) if a != b => Ok(false),
        (Kind::String, _) => {
            meter.charge(left.text().len() / 16, span)?;
            Ok(left.text() == right.text())
        }
        (Kind::Number, _) => Ok(left.number() == right.number()),
        (Kind::Null, _) => Ok(true),
        (Kind::Boolean, _) => Ok(left.is_truthy() == right.is_truthy()),
        (Kind::Array | Kind::Object, _) => equal(&left.to_value(), &right.to_value(), meter, span),
    }
}

/// Equality, paid for by the node: values share parts, so a small one may stand for an endless tree.
fn equal(left: &Value, right: &Value, meter: &mut Meter, span: &Range<usize>) -> Result<bool, EvalError> {
    meter.charge(1, span)?;
    if left.kind() != right.kind() {
        return Ok(false);
    }
    match left.kind() {
        Kind::Array => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (a, b) in left.items().zip(right.items()) {
                if !equal(&a, &b, meter, span)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Kind::Object => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (name, a) in left.entries() {
                let Some(b) = right.get(name) else {
                    return Ok(false);
                };
                if !equal(&a, &b, meter, span)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Kind::String => {
            meter.charge(left.as_str().map_or(0, str::len) / 16, span)?;
            Ok(left == right)
        }
        _ => Ok(left == right),
    }
}

pub(super) fn compute(
    operation: Operation,
    left: &Value,
    right: &Value,
    span: &Range<usize>,
) -> Result<Value, EvalError> {
    if left.is_null() || right.is_null() {
        return Ok(Value::NULL);
    }
    let (a, b) = (
        operand(left, operation.sign(), span)?,
        operand(right, operation.sign(), span)?,
    );
    let result = match operation {
        Operation::Add => a.add(&b),
        Operation::Subtract => a.subtract(&b),
        Operation::Multiply => a.multiply(&b),
        Operation::Divide => a.divide(&b),
        Operation::DivideFloor => a.divide_floor(&b),
        Operation::Remainder => a.remainder(&b),
    };
    result
        .map(Value::from)
        .map_err(|error| arithmetic(&error.to_string(), span))
}

pub(super) fn signed(sign: Sign, value: &Value, span: &Range<usize>) -> Result<Value, EvalError> {
    if value.is_null() {
        return Ok(Value::NULL);
    }
    match sign {
        Sign::Plus => operand(value, "+", span).map(Value::from),
        Sign::Minus => {
            let negated = operand(value, "-", span)?.negate();
            negated
                .map(Value::from)
                .map_err(|error| arithmetic(&error.to_string(), span))
        }
    }
}

fn operand(value: &Value, sign: &str, span: &Range<usize>) -> Result<Number, EvalError> {
    value.as_number().ok_or_else(|| {
        let kind = value.kind().name();
        let found = if value.is_secret() {
            format!("a secret {kind}")
        } else {
            format!("the {kind} {}", json::shown(value, 60))
        };
        let help = match (value.kind(), sign) {
            (Kind::String, "+") => {
                Some("concat(a, b) joins texts; to_number(…) makes a number of one".to_owned())
            }
            (Kind::String, _) => Some("to_number(…) makes a number of text".to_owned()),
            _ => None,
        };
        EvalError {
            kind: EvalErrorKind::Type,
            span: span.clone(),
            message: format!("`{sign}` takes numbers, not {found}"),
            help,
        }
    })
}

fn arithmetic(message: &str, span: &Range<usize>) -> EvalError {
    EvalError {
        kind: EvalErrorKind::Arithmetic,
        span: span.clone(),
        message: message.to_owned(),
        help: None,
    }
}

pub(super) fn unordered(left: Kind, right: Kind, span: &Range<usize>) -> EvalError {
    let text = left == Kind::String || right == Kind::String;
    let number = left == Kind::Number || right == Kind::Number;
    EvalError {
        kind: EvalErrorKind::Type,
        span: span.clone(),
        message: format!("the {} and the {} have no order", left.name(), right.name()),
        help: (text && number).then(|| "to_number(…) makes a number of text".to_owned()),
    }
}
