//! Where names were found before in this evaluation.
//!
//! Elements of a list have the same names, and a name has one number in all of a document. What is remembered
//! is only a hint: the document compares the text.

use std::cell::Cell;

use smol_str::SmolStr;

use crate::document::{Document, KeyId};

/// A small table by the place of a name in the tree; names that meet there only forget more often.
pub(crate) struct Hints([Cell<Hint>; 16]);

/// Where a name was found.
#[derive(Clone, Copy)]
struct Hint {
    key: KeyId,
    /// Its position among the fields of the object.
    position: u32,
}

impl Hints {
    pub(crate) fn new() -> Self {
        Self([const { Cell::new(Hint { key: 0, position: 0 }) }; 16])
    }

    /// The field `name` of the node `index`, if that is an object and has it.
    #[inline]
    pub(crate) fn field(&self, document: &Document, index: u32, name: &SmolStr) -> Option<u32> {
        let slot = &self.0[std::ptr::from_ref(name).addr() / 32 % 16];
        let hint = slot.get();
        let key = document.key_near(name, hint.key)?;
        let position = document.position_near(index, key, hint.position)?;
        slot.set(Hint { key, position });
        Some(document.children(index).0 + position)
    }
}
