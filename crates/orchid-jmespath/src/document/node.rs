//! Nodes, and how a scan assembles them.

use bytestring::ByteString;

use super::JsonError;
use super::keys::{Follows, Guesses, KeyId, Keys, NO_KEY, Place};
use super::scan::{self, Container, Escapes, Events, Literal};
use crate::number::Number;
use crate::number::decimal::Integer;
use crate::value::Value;

/// One value of a document.
#[derive(Clone, Copy)]
pub(crate) struct Node {
    /// Its text, as received.
    start: u32,
    end: u32,
    /// Its name in the object that holds it.
    key: KeyId,
    tag: Tag,
    /// By tag: the integer, or two 32-bit halves: first child and number of children, or the span in the
    /// side buffer.
    payload: u64,
}

const _: () = assert!(size_of::<Node>() <= 24, "a node has at most 24 bytes");

/// What a node is and how its payload is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tag {
    Null,
    False,
    True,
    Int,
    Uint,
    Decimal,
    String,
    /// A string with escapes: its text is in the side buffer.
    Escaped,
    Array,
    /// An array whose text is lines.
    Lines,
    Object,
}

/// The retained text and the nodes that describe it.
pub(crate) struct Document {
    text: ByteString,
    /// The texts of strings and names that have escapes.
    aside: String,
    nodes: Vec<Node>,
    keys: Keys,
}

impl Document {
    /// The index of the outermost value.
    pub(crate) fn root(&self) -> u32 {
        narrow(self.nodes.len() - 1)
    }

    /// A node by its index.
    #[inline]
    pub(crate) fn node(&self, index: u32) -> &Node {
        &self.nodes[index as usize]
    }

    /// What a node is.
    #[inline]
    pub(crate) fn tag(&self, index: u32) -> Tag {
        self.node(index).tag
    }

    /// The text of a node as received.
    pub(crate) fn raw(&self, index: u32) -> &str {
        let node = self.node(index);
        &self.text[node.start as usize..node.end as usize]
    }

    /// The text of a string, escapes resolved; only for strings.
    pub(crate) fn string(&self, index: u32) -> &str {
        let node = self.node(index);
        if node.tag == Tag::Escaped {
            let (start, length) = halves(node.payload);
            &self.aside[start as usize..(start + length) as usize]
        } else {
            &self.text[node.start as usize + 1..node.end as usize - 1]
        }
    }

    /// The number of a node; only for numbers.
    pub(crate) fn number(&self, index: u32) -> Option<Number> {
        let node = self.node(index);
        match node.tag {
            Tag::Int => Some(Number::from(node.payload.cast_signed())),
            Tag::Uint => Some(Number::from(node.payload)),
            Tag::Decimal => Number::parse(self.raw(index)),
            _ => None,
        }
    }

    /// The children of an array or object: the index of the first, and how many.
    #[inline]
    pub(crate) fn children(&self, index: u32) -> (u32, u32) {
        let node = self.node(index);
        match node.tag {
            Tag::Array | Tag::Lines | Tag::Object => halves(node.payload),
            _ => (0, 0),
        }
    }

    /// The number of a name in this document.
    pub(crate) fn key(&self, name: &str) -> Option<KeyId> {
        self.keys
            .find(name, |place| text_at(&self.text, &self.aside, place))
    }

    /// The field of an object by the number of its name.
    #[inline]
    pub(crate) fn field(&self, index: u32, key: KeyId) -> Option<u32> {
        if self.tag(index) != Tag::Object {
            return None;
        }
        let (first, count) = self.children(index);
        let fields = &self.nodes[first as usize..(first + count) as usize];
        fields
            .iter()
            .position(|node| node.key == key)
            .map(|at| first + narrow(at))
    }

    /// The name of a node within its object.
    pub(crate) fn name(&self, index: u32) -> &str {
        let key = self.node(index).key;
        if key == NO_KEY {
            ""
        } else {
            text_at(&self.text, &self.aside, self.keys.place(key))
        }
    }
}

fn text_at<'a>(text: &'a str, aside: &'a str, place: Place) -> &'a str {
    let from = if place.aside { aside } else { text };
    &from[place.start as usize..place.end as usize]
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // halves are what is meant
fn halves(payload: u64) -> (u32, u32) {
    ((payload >> 32) as u32, payload as u32)
}

fn joined(first: u32, second: u32) -> u64 {
    u64::from(first) << 32 | u64::from(second)
}

/// An offset or count of a text that is known to be shorter than 4 GiB.
#[inline]
#[allow(clippy::cast_possible_truncation)] // Assembly::new refuses longer texts; nodes are fewer than bytes
fn narrow(value: usize) -> u32 {
    value as u32
}

/// A document in the making.
pub(crate) struct Assembly {
    aside: String,
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
        if u32::try_from(length).is_err() {
            return Err(JsonError {
                offset: length,
                message: "a text of 4 GiB or more".to_owned(),
            });
        }
        Ok(Self {
            aside: String::new(),
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
        self.nodes.append(&mut self.pending);
        self.nodes.shrink_to_fit();
        self.aside.shrink_to_fit();
        super::root(Document {
            text,
            aside: self.aside,
            nodes: self.nodes,
            keys: self.keys,
        })
    }

    fn push(&mut self, tag: Tag, start: usize, end: usize, payload: u64) {
        let key = std::mem::replace(&mut self.key, NO_KEY);
        self.pending.push(Node {
            start: narrow(start),
            end: narrow(end),
            key,
            tag,
            payload,
        });
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
        self.nodes.extend_from_slice(&self.pending[open.base..]);
        self.pending.truncate(open.base);
        self.last = open.last;
        self.follows = if open.key == NO_KEY {
            Follows::Inside
        } else {
            Follows::After
        };
        self.key = open.key;
        self.push(tag, open.start as usize, end, joined(first, count));
    }

    /// Where a name stands twice in the object that just ended, its last value takes the place of the first.
    fn keep_last_of_equal_names(&mut self, base: usize) {
        self.objects += 1;
        self.seen.resize(self.keys.len(), 0);
        let mut repeated = false;
        for node in &self.pending[base..] {
            let seen = &mut self.seen[node.key as usize];
            repeated |= *seen == self.objects;
            *seen = self.objects;
        }
        if repeated {
            let fields: indexmap::IndexMap<KeyId, Node> =
                self.pending.drain(base..).map(|node| (node.key, node)).collect();
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
        let guess = self.guesses.guess(self.follows, self.last);
        let name = text_at(text, &self.aside, place);
        let id = if let Some(id) = guess.filter(|id| text_at(text, &self.aside, self.keys.place(*id)) == name)
        {
            id
        } else {
            let at = |place| text_at(text, &self.aside, place);
            let id = self
                .keys
                .find(name, at)
                .unwrap_or_else(|| self.keys.add(name, place, at));
            self.guesses.learn(self.follows, self.last, id);
            id
        };
        if place.aside && self.keys.place(id).start != place.start {
            self.aside.truncate(place.start as usize);
        }
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
        let (tag, payload) = match integer {
            Some(Integer::Signed(value)) => (Tag::Int, value.cast_unsigned()),
            Some(Integer::Unsigned(value)) => (Tag::Uint, value),
            None => (Tag::Decimal, 0),
        };
        self.assembly.push(tag, start, end, payload);
    }

    fn string(&mut self, start: usize, end: usize, escapes: Escapes) {
        let (tag, payload) = match escapes {
            Escapes::None => (Tag::String, 0),
            Escapes::Some => {
                let (from, to) = self.assembly.set_aside(&self.text[start..end]);
                (Tag::Escaped, joined(narrow(from), narrow(to - from)))
            }
        };
        self.assembly.push(tag, start - 1, end + 1, payload);
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
