//! The names of a document, each stored once.
//!
//! A table by hash, and in front of it a guess: in arrays of like objects the name behind `id` is the one
//! that stood behind `id` the last time. The hash is seeded at random for each process, because the names
//! come from outside.

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use std::hash::BuildHasher as _;

use super::node::NO_KEY;

/// The number of a name within its document.
pub(crate) type KeyId = u32;

/// Where a name's text is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// In the side buffer rather than in the text.
    pub(crate) aside: bool,
}

/// All names of one document.
#[derive(Default)]
pub(crate) struct Keys {
    places: Vec<Place>,
    table: HashTable<KeyId>,
    hasher: RandomState,
}

impl Keys {
    /// The number of a name, if the document has it.
    pub(crate) fn find<'t>(&self, name: &str, text: impl Fn(Place) -> &'t str) -> Option<KeyId> {
        let hash = self.hasher.hash_one(name.as_bytes());
        self.table
            .find(hash, |id| text(self.places[*id as usize]) == name)
            .copied()
    }

    /// Where the text of a name is.
    pub(crate) fn place(&self, id: KeyId) -> Place {
        self.places[id as usize]
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Adds a name that [`find`](Self::find) did not find.
    pub(crate) fn add<'t>(&mut self, name: &str, place: Place, text: impl Fn(Place) -> &'t str) -> KeyId {
        let id = KeyId::try_from(self.places.len()).unwrap_or(KeyId::MAX);
        self.places.push(place);
        let (places, hasher) = (&self.places, &self.hasher);
        self.table
            .insert_unique(hasher.hash_one(name.as_bytes()), id, |id| {
                hasher.hash_one(text(places[*id as usize]).as_bytes())
            });
        id
    }
}

/// No guess.
const NONE: KeyId = KeyId::MAX;

/// Guesses the next name from the one before it.
#[derive(Default)]
pub(crate) struct Guesses {
    after: Vec<KeyId>,
    inside: Vec<KeyId>,
}

/// Where a name stands towards the one it follows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follows {
    /// Behind it in the same object.
    After,
    /// First in an object that stands under it.
    Inside,
}

impl Guesses {
    fn slot(&mut self, follows: Follows, last: KeyId) -> &mut KeyId {
        let guesses = if follows == Follows::After {
            &mut self.after
        } else {
            &mut self.inside
        };
        // What has no name is 0.
        let index = if last == NO_KEY { 0 } else { last as usize + 1 };
        if guesses.len() <= index {
            guesses.resize(index + 1, NONE);
        }
        &mut guesses[index]
    }

    /// The name that stood here the last time.
    pub(crate) fn guess(&mut self, follows: Follows, last: KeyId) -> Option<KeyId> {
        Some(*self.slot(follows, last)).filter(|id| *id != NONE)
    }

    /// Remembers the name that stands here.
    pub(crate) fn learn(&mut self, follows: Follows, last: KeyId, id: KeyId) {
        *self.slot(follows, last) = id;
    }
}
