//! Arrays and objects that are not part of a document.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use smol_str::SmolStr;

use super::Value;

/// A computed array.
pub(crate) struct Array {
    items: Vec<Value>,
    secret: bool,
    depth: u32,
}

impl Array {
    pub(crate) fn new(items: Vec<Value>) -> Self {
        let secret = items.iter().any(Value::is_secret);
        let depth = 1 + items.iter().map(Value::depth).max().unwrap_or(0);
        Self { items, secret, depth }
    }

    pub(crate) fn items(&self) -> &[Value] {
        &self.items
    }

    /// Whether anything in it is secret.
    pub(crate) fn holds_secret(&self) -> bool {
        self.secret
    }

    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }
}

/// How names of an object are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    Exact,
    IgnoringCase,
}

impl Names {
    fn equal(self, a: &str, b: &str) -> bool {
        match self {
            Self::Exact => a == b,
            Self::IgnoringCase => a.eq_ignore_ascii_case(b),
        }
    }

    fn hash(self, hasher: &RandomState, name: &str) -> u64 {
        match self {
            Self::Exact => hasher.hash_one(name.as_bytes()),
            Self::IgnoringCase => hasher.hash_one(name.to_ascii_lowercase().as_bytes()),
        }
    }
}

/// A computed object: entries in order, found one by one while they are few, else by hash.
pub(crate) struct Object {
    entries: Vec<(SmolStr, Value)>,
    names: Names,
    table: Option<Box<Table>>,
    secret: bool,
    depth: u32,
}

struct Table {
    positions: HashTable<usize>,
    hasher: RandomState,
}

/// Up to so many entries are searched one by one.
const FEW: usize = 8;

impl Object {
    pub(crate) fn new(entries: Vec<(SmolStr, Value)>, names: Names) -> Self {
        let mut object = Self {
            entries: Vec::new(),
            names,
            table: None,
            secret: false,
            depth: 1,
        };
        if object.are_few_and_distinct(&entries) {
            object.entries = entries;
        } else {
            object.entries.reserve_exact(entries.len());
            for (name, value) in entries {
                object.insert(name, value);
            }
        }
        for (_, value) in &object.entries {
            object.secret |= value.is_secret();
            object.depth = object.depth.max(1 + value.depth());
        }
        object
    }

    fn are_few_and_distinct(&self, entries: &[(SmolStr, Value)]) -> bool {
        let distinct = |(at, (name, _)): (usize, &(SmolStr, Value))| {
            entries[..at]
                .iter()
                .all(|(other, _)| !self.names.equal(name, other))
        };
        entries.len() <= FEW && entries.iter().enumerate().all(distinct)
    }

    /// The last of equal names wins, at the place of the first.
    fn insert(&mut self, name: SmolStr, value: Value) {
        if let Some(position) = self.position(&name) {
            self.entries[position].1 = value;
            return;
        }
        self.entries.push((name, value));
        let added = self.entries.len() - 1;
        if added == FEW {
            let mut table = Table {
                positions: HashTable::new(),
                hasher: RandomState::default(),
            };
            for position in 0..added {
                table.add(&self.entries, self.names, position);
            }
            self.table = Some(Box::new(table));
        }
        if let Some(table) = &mut self.table {
            table.add(&self.entries, self.names, added);
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        let equal = |position: usize| self.names.equal(&self.entries[position].0, name);
        match &self.table {
            None => (0..self.entries.len()).find(|position| equal(*position)),
            Some(table) => {
                let hash = self.names.hash(&table.hasher, name);
                table.positions.find(hash, |position| equal(*position)).copied()
            }
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.position(name).map(|position| &self.entries[position].1)
    }

    pub(crate) fn entries(&self) -> &[(SmolStr, Value)] {
        &self.entries
    }

    pub(crate) fn names(&self) -> Names {
        self.names
    }

    /// Whether anything in it is secret.
    pub(crate) fn holds_secret(&self) -> bool {
        self.secret
    }

    pub(crate) fn depth(&self) -> u32 {
        self.depth
    }
}

impl Table {
    fn add(&mut self, entries: &[(SmolStr, Value)], names: Names, position: usize) {
        let hasher = &self.hasher;
        let hash = |position: &usize| names.hash(hasher, &entries[*position].0);
        self.positions.insert_unique(hash(&position), position, hash);
    }
}
