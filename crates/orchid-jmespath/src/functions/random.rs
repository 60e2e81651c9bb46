//! Functions that differ from call to call; they exist only where a request is built.

use crate::functions::Function;
use crate::functions::call::Call;
use crate::functions::encoding::Encoding;
use crate::functions::signature::{Nulls, Secrets, Types, one};
use crate::problem::{EvalError, EvalErrorKind};
use crate::value::Value;

/// The most bytes that `random_hex` gives.
const MAX_BYTES: usize = 1024;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "uuid",
        signature: "uuid()",
        group: "random",
        summary: "A new random UUID (version 4). Only where a request is built.",
        example: (
            "matches(uuid(), '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$')",
            "true",
        ),
        parameters: &[],
        nulls: Nulls::Yield,
        secrets: Secrets::Exempt,
        call: |call| {
            let mut bytes = [0; 16];
            fill(call, &mut bytes)?;
            bytes[6] = bytes[6] & 0x0f | 0x40;
            bytes[8] = bytes[8] & 0x3f | 0x80;
            let hex = Encoding::Hex.encode(&bytes);
            let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
            Ok(Value::from(parts.join("-")))
        },
    },
    Function {
        name: "random_hex",
        signature: "random_hex(n)",
        group: "random",
        summary: "`n` random bytes (1 to 1024) as 2 × `n` hexadecimal digits. Only where a request is built.",
        example: ("length(random_hex(`16`))", "32"),
        parameters: &[one("n", Types::NUMBER)],
        nulls: Nulls::Yield,
        secrets: Secrets::Exempt,
        call: |call| {
            let count = call.size(0)?;
            if !(1..=MAX_BYTES).contains(&count) {
                return Err(call.invalid(0, format!("takes from 1 to {MAX_BYTES} bytes, not {count}")));
            }
            call.reserve(count * 3)?;
            let mut bytes = vec![0; count];
            fill(call, &mut bytes)?;
            Ok(Value::from(Encoding::Hex.encode(&bytes)))
        },
    },
];

fn fill(call: &Call<'_>, bytes: &mut [u8]) -> Result<(), EvalError> {
    let Some(random) = call.env().random else {
        return Err(call.error(
            EvalErrorKind::Value,
            "randomness exists only where a request is built",
        ));
    };
    random(bytes);
    Ok(())
}
