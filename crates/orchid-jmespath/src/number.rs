//! Exact numbers: i64, u64, else the source text.

/// A JSON number. Comparison is exact; decimals keep their text for equality of output.
#[derive(Debug, Clone)]
pub struct Number(());
