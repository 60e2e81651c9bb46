//! Elements and entries, by position.

use super::{Kind, Value};

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
