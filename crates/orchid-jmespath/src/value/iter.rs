//! Elements and entries, by position.

use super::{Kind, Repr, Value};

/// The elements of an array.
#[derive(Debug, Clone)]
pub struct Items<'a> {
    of: &'a Value,
    next: usize,
    end: usize,
}

impl<'a> Items<'a> {
    pub(super) fn new(of: &'a Value) -> Self {
        let end = if of.kind() == Kind::Array { of.len() } else { 0 };
        Self { of, next: 0, end }
    }
}

impl Iterator for Items<'_> {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        if self.next == self.end {
            return None;
        }
        self.next += 1;
        self.of.at(self.next - 1)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.end - self.next, Some(self.end - self.next))
    }
}

impl DoubleEndedIterator for Items<'_> {
    fn next_back(&mut self) -> Option<Value> {
        if self.next == self.end {
            return None;
        }
        self.end -= 1;
        self.of.at(self.end)
    }
}

impl ExactSizeIterator for Items<'_> {}

/// The entries of an object.
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    of: &'a Value,
    next: usize,
    end: usize,
}

impl<'a> Entries<'a> {
    pub(super) fn new(of: &'a Value) -> Self {
        let end = if of.kind() == Kind::Object { of.len() } else { 0 };
        Self { of, next: 0, end }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = (&'a str, Value);

    fn next(&mut self) -> Option<(&'a str, Value)> {
        if self.next == self.end {
            return None;
        }
        self.next += 1;
        self.of.entry(self.next - 1)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.end - self.next, Some(self.end - self.next))
    }
}

impl ExactSizeIterator for Entries<'_> {}

/// The elements of an array, each lent until the next is asked for: one handle moves over a whole document.
pub(crate) struct Elements<'a> {
    of: &'a Value,
    next: usize,
    end: usize,
    current: Value,
}

impl<'a> Elements<'a> {
    pub(super) fn new(of: &'a Value) -> Self {
        let end = if of.kind() == Kind::Array { of.len() } else { 0 };
        Self {
            of,
            next: 0,
            end,
            current: Value::NULL,
        }
    }

    pub(crate) fn next(&mut self) -> Option<&Value> {
        if self.next == self.end {
            return None;
        }
        let at = self.next;
        self.next += 1;
        match (&self.of.0, &mut self.current.0) {
            (Repr::Array(array), _) => return array.items().get(at),
            // Children stand next to one another.
            (Repr::Node(..), Repr::Node(_, index)) => *index += 1,
            _ => self.current = self.of.at(at)?,
        }
        Some(&self.current)
    }

    /// Whether all of them are so.
    pub(crate) fn all(mut self, holds: impl Fn(&Value) -> bool) -> bool {
        while let Some(element) = self.next() {
            if !holds(element) {
                return false;
            }
        }
        true
    }
}
