//! What a value weighs before anything is made of it.
//!
//! Values share their parts, so a small one can stand for a tree without end: `[@, @]` a hundred times over.
//! The walk pays for every node it meets, and stops when the budget does.

use crate::functions::call::Call;
use crate::problem::EvalError;
use crate::value::{Kind, Value};

/// About the bytes of its JSON text: an upper bound but for text that needs escapes.
pub(crate) fn of(call: &mut Call<'_>, value: &Value) -> Result<usize, EvalError> {
    call.charge(1)?;
    match value.kind() {
        Kind::Null | Kind::Boolean => Ok(5),
        Kind::Number => Ok(value.to_text().map_or(0, |text| text.len())),
        Kind::String => Ok(value.as_str().map_or(0, str::len) + 2),
        Kind::Array => {
            let mut sum = 2;
            for item in value.items() {
                sum += of(call, &item)? + 1;
            }
            Ok(sum)
        }
        Kind::Object => {
            let mut sum = 2;
            for (name, item) in value.entries() {
                sum += name.len() + 4 + of(call, &item)?;
            }
            Ok(sum)
        }
    }
}

/// Its JSON text without insignificant space, paid for before it is built.
pub(crate) fn json(call: &mut Call<'_>, value: &Value) -> Result<String, EvalError> {
    let bytes = of(call, value)?;
    call.reserve(bytes)?;
    Ok(value.to_compact_json())
}
