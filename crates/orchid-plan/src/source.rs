//! A document's text as a tree in which everything knows where it stands. Knows nothing of Orchid's fields.

pub mod text;
