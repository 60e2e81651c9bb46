//! The functions of JMESPath (JEP 3, 3a) and of its Community extensions (JEP 13, 14, 18), under their names and
//! with their signatures.

use super::Function;

mod lists;
mod numbers;
mod objects;
mod order;
mod text;

/// The tables that are joined.
pub(super) const TABLES: [&[Function]; 5] = [
    lists::FUNCTIONS,
    numbers::FUNCTIONS,
    objects::FUNCTIONS,
    order::FUNCTIONS,
    text::FUNCTIONS,
];
