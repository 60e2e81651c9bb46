//! How a scan assembles a document.
//!
//! Finished values wait in `pending` until the array or object around them ends; then they move to `nodes`
//! together, so that children stand next to one another.

use bytestring::ByteString;

use super::JsonError;
use super::keys::{Follows, Guesses, KeyId, Keys, Place};
use super::node::{Document, Extent, NO_KEY, Node, Tag, bytes_at, narrow, text_at};
use super::scan::{self, Container, Escapes, Events, Literal};
use crate::number::decimal::Integer;
use crate::value::Value;

/// The longest text, in bytes: what offsets and numbers of names have room for.
const MAX_TEXT: usize = 1 << 30;

/// A document in the making.
pub(crate) struct Assembly {
    aside: String,
    resolved: Vec<Extent>,
    extents: Vec<Extent>,
    nodes: Vec<Node>,
    keys: Keys,
    guesses: Guesses,
    /// Finished values whose container is still open.
    pending: Vec<Node>,
    open: Vec<Open>,
    /// The name of the value that comes next.
    key: KeyId,
    /// The name before it, and how the next one follows it.
    last: KeyId,
    follows: Follows,
    /// By name: the last object in which it was seen; finds names that stand twice.
    seen: Vec<u32>,
    objects: u32,
    /// Bytes of the whole text.
    length: usize,
}

/// An array or object that has not ended.
struct Open {
    start: u32,
    key: KeyId,
    /// Where its children start in `pending`.
    base: usize,
    /// Restored when it ends.
    last: KeyId,
}

/// The scanner's listener: an assembly and the text that is scanned.
struct Reader<'a> {
    text: &'a str,
    assembly: &'a mut Assembly,
}

impl Assembly {
    /// For a text of this length.
    pub(crate) fn new(length: usize) -> Result<Self, JsonError> {
        if length >= MAX_TEXT {
            return Err(JsonError {
                offset: length,
                message: "a text of 1 GiB or more".to_owned(),
            });
        }
        Ok(Self {
            aside: String::new(),
            resolved: Vec::new(),
            extents: Vec::new(),
            nodes: Vec::new(),
            keys: Keys::default(),
            guesses: Guesses::default(),
            pending: Vec::new(),
            open: Vec::new(),
            key: NO_KEY,
            last: NO_KEY,
            follows: Follows::Inside,
            seen: Vec::new(),
            objects: 0,
            length,
        })
    }

    /// Reads the JSON text that is all of `text[start..end]`.
    pub(crate) fn read(&mut self, text: &str, start: usize, end: usize) -> Result<(), JsonError> {
        let text = &text[..end];
        scan::scan(text, start, &mut Reader { text, assembly: self })
    }

    /// The array of lines begins.
    pub(crate) fn open_lines(&mut self, start: usize) {
        self.begin(start);
    }

    /// The array of lines ends.
    pub(crate) fn close_lines(&mut self, end: usize) {
        self.end(Tag::Lines, end);
    }

    /// The document, and the handle of its root.
    pub(crate) fn finish(mut self, text: ByteString) -> Value {
        self.make_room(text.len(), text.len(), self.pending.len());
        self.nodes.append(&mut self.pending);
        // Giving back a little is not worth the copy.
        if self.nodes.len() < self.nodes.capacity() / 4 * 3 {
            self.nodes.shrink_to_fit();
        }
        self.aside.shrink_to_fit();
        super::root(Document {
            text,
            aside: self.aside,
            resolved: self.resolved,
            extents: self.extents,
            nodes: self.nodes,
            keys: self.keys,
        })
    }

    fn push(&mut self, tag: Tag, start: usize, end: usize, detail: u32) {
        let key = std::mem::replace(&mut self.key, NO_KEY);
        self.pending
            .push(Node::scalar(tag, key, narrow(start), narrow(end), detail));
    }

    fn begin(&mut self, start: usize) {
        let key = std::mem::replace(&mut self.key, NO_KEY);
        self.open.push(Open {
            start: narrow(start),
            key,
            base: self.pending.len(),
            last: self.last,
        });
        self.follows = Follows::Inside;
    }

    fn end(&mut self, tag: Tag, end: usize) {
        let Some(open) = self.open.pop() else { return };
        if tag == Tag::Object {
            self.keep_last_of_equal_names(open.base);
        }
        let first = narrow(self.nodes.len());
        let count = narrow(self.pending.len() - open.base);
        self.make_room(end, self.length, count as usize);
        self.nodes.extend_from_slice(&self.pending[open.base..]);
        self.pending.truncate(open.base);
        self.last = open.last;
        self.follows = if open.key == NO_KEY {
            Follows::Inside
        } else {
            Follows::After
        };
        let extent = narrow(self.extents.len());
        self.extents.push(Extent {
            start: open.start,
            end: narrow(end),
        });
        self.pending
            .push(Node::container(tag, open.key, extent, first, count));
    }

    /// Makes room for `more` nodes: as much as all of the text will need if it goes on as it began up to `at`,
    /// so that a large body is not copied from one allocation to the next.
    fn make_room(&mut self, at: usize, length: usize, more: usize) {
        let used = self.nodes.len() + more;
        if used <= self.nodes.capacity() {
            return;
        }
        let all = (used + self.pending.len()) as u128 * length as u128 / at.max(1) as u128;
        let all = usize::try_from(all).unwrap_or(usize::MAX);
        let room = (all + all / 32).clamp(used, used.saturating_mul(4));
        self.nodes.reserve_exact(room - self.nodes.len());
    }

    /// Where a name stands twice in the object that just ended, its last value takes the place of the first.
    fn keep_last_of_equal_names(&mut self, base: usize) {
        // A new name gets the next number, so most objects name their fields in ascending order.
        if self.pending[base..].is_sorted_by(|a, b| a.key() < b.key()) {
            return;
        }
        self.objects += 1;
        self.seen.resize(self.keys.len(), 0);
        let mut repeated = false;
        for node in &self.pending[base..] {
            let seen = &mut self.seen[node.key() as usize];
            repeated |= *seen == self.objects;
            *seen = self.objects;
        }
        if repeated {
            let fields: indexmap::IndexMap<KeyId, Node> = self
                .pending
                .drain(base..)
                .map(|node| (node.key(), node))
                .collect();
            self.pending.extend(fields.into_values());
        }
    }

    /// Resolves escapes into the side buffer.
    fn set_aside(&mut self, raw: &str) -> (usize, usize) {
        let start = self.aside.len();
        scan::unescape(raw, &mut self.aside);
        (start, self.aside.len())
    }

    /// The number of the name that `place` gives, which is added if it is new.
    fn intern(&mut self, text: &str, place: Place) {
        let at = |place| text_at(text, &self.aside, place);
        let found = self.keys.find(at(place), at);
        let id = found.unwrap_or_else(|| self.keys.add(at(place), place, at));
        self.guesses.learn(self.follows, self.last, id);
        if place.aside && self.keys.place(id).start != place.start {
            self.aside.truncate(place.start as usize);
        }
        self.set_key(id);
    }

    /// The name that is guessed to come next, if `rest` starts with it and a quote. It needs no second scan: it
    /// was found to be a name when it was met first.
    fn guessed(&mut self, text: &str, rest: &[u8]) -> Option<usize> {
        let id = self.guesses.guess(self.follows, self.last)?;
        let place = self.keys.place(id);
        let name = bytes_at(text, &self.aside, place);
        if place.aside || rest.get(name.len()) != Some(&b'"') || !rest.starts_with(name) {
            return None;
        }
        let length = name.len();
        self.set_key(id);
        Some(length)
    }

    fn set_key(&mut self, id: KeyId) {
        self.key = id;
        self.last = id;
        self.follows = Follows::After;
    }
}

impl Events for Reader<'_> {
    fn literal(&mut self, literal: Literal, start: usize, end: usize) {
        let tag = match literal {
            Literal::Null => Tag::Null,
            Literal::True => Tag::True,
            Literal::False => Tag::False,
        };
        self.assembly.push(tag, start, end, 0);
    }

    fn number(&mut self, integer: Option<Integer>, start: usize, end: usize) {
        let small = match integer {
            // `-0` keeps its text.
            Some(Integer::Signed(value)) if value != 0 || end - start == 1 => i32::try_from(value).ok(),
            _ => None,
        };
        match small {
            Some(value) => self.assembly.push(Tag::Small, start, end, value.cast_unsigned()),
            None => self.assembly.push(Tag::Number, start, end, 0),
        }
    }

    fn string(&mut self, start: usize, end: usize, escapes: Escapes) {
        let (tag, detail) = match escapes {
            Escapes::None => (Tag::String, 0),
            Escapes::Some => {
                let (from, to) = self.assembly.set_aside(&self.text[start..end]);
                let resolved = &mut self.assembly.resolved;
                resolved.push(Extent {
                    start: narrow(from),
                    end: narrow(to),
                });
                (Tag::Escaped, narrow(resolved.len() - 1))
            }
        };
        self.assembly.push(tag, start - 1, end + 1, detail);
    }

    fn key(&mut self, start: usize, end: usize, escapes: Escapes) {
        let place = match escapes {
            Escapes::None => Place {
                start: narrow(start),
                end: narrow(end),
                aside: false,
            },
            Escapes::Some => {
                let (from, to) = self.assembly.set_aside(&self.text[start..end]);
                Place {
                    start: narrow(from),
                    end: narrow(to),
                    aside: true,
                }
            }
        };
        self.assembly.intern(self.text, place);
    }

    #[inline]
    fn known_key(&mut self, rest: &[u8]) -> Option<usize> {
        self.assembly.guessed(self.text, rest)
    }

    fn open(&mut self, start: usize) {
        self.assembly.begin(start);
    }

    fn close(&mut self, container: Container, end: usize) {
        let tag = match container {
            Container::Array => Tag::Array,
            Container::Object => Tag::Object,
        };
        self.assembly.end(tag, end);
    }
}
