//! Nodes: what a document is made of.

use bytestring::ByteString;

use super::keys::{KeyId, Keys, Place};
use crate::number::Number;
use crate::value::Kind;

/// One value of a document, in 16 bytes: four nodes share a cache line, and a body has millions of them.
#[derive(Clone, Copy)]
pub(super) struct Node {
    /// Where its text starts; of an array or object, the number of its [`Extent`].
    start: u32,
    /// The tag in the lowest bits, above them the number of its name in the object that holds it.
    meta: u32,
    /// Where its text ends; of an array or object, the index of its first child.
    a: u32,
    /// Of an array or object, how many children it has; of a small integer, its value; of a string with escapes,
    /// the number of its text in `resolved`.
    b: u32,
}

const _: () = assert!(size_of::<Node>() == 16, "a node has 16 bytes");

/// Bits of [`Node::meta`] that the tag takes.
const TAG_BITS: u32 = 4;

/// The key of a node that has none. There are fewer names than this in any text that is short enough.
pub(super) const NO_KEY: KeyId = KeyId::MAX >> TAG_BITS;

/// What a node is and how it is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Tag {
    Null,
    False,
    True,
    /// An integer of 32 bits.
    Small,
    /// Any other number: its value is read from the text.
    Number,
    String,
    /// A string with escapes: its text is in the side buffer.
    Escaped,
    Array,
    /// An array whose text is lines.
    Lines,
    Object,
}

/// Where the text of an array or object stands.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Node {
    /// A value that holds no others; `detail` as its tag has it.
    pub(super) fn scalar(tag: Tag, key: KeyId, start: u32, end: u32, detail: u32) -> Self {
        Self {
            start,
            meta: key << TAG_BITS | tag as u32,
            a: end,
            b: detail,
        }
    }

    /// An array or object.
    pub(super) fn container(tag: Tag, key: KeyId, extent: u32, first: u32, count: u32) -> Self {
        Self {
            start: extent,
            meta: key << TAG_BITS | tag as u32,
            a: first,
            b: count,
        }
    }

    /// The number of its name.
    #[inline]
    pub(super) fn key(self) -> KeyId {
        self.meta >> TAG_BITS
    }

    #[inline]
    fn tag(self) -> Tag {
        const TAGS: [Tag; 16] = {
            let mut tags = [Tag::Null; 16];
            let all = [
                Tag::Null,
                Tag::False,
                Tag::True,
                Tag::Small,
                Tag::Number,
                Tag::String,
                Tag::Escaped,
                Tag::Array,
                Tag::Lines,
                Tag::Object,
            ];
            let mut at = 0;
            while at < all.len() {
                tags[all[at] as usize] = all[at];
                at += 1;
            }
            tags
        };
        TAGS[(self.meta & 0xf) as usize]
    }
}

/// The retained text and the nodes that describe it.
pub(crate) struct Document {
    pub(super) text: ByteString,
    /// The texts of strings and names that have escapes.
    pub(super) aside: String,
    /// By number, the text of a string with escapes: its span in `aside`.
    pub(super) resolved: Vec<Extent>,
    pub(super) extents: Vec<Extent>,
    pub(super) nodes: Vec<Node>,
    pub(super) keys: Keys,
}

impl Document {
    /// The index of the outermost value.
    pub(crate) fn root(&self) -> u32 {
        narrow(self.nodes.len() - 1)
    }

    #[inline]
    fn node(&self, index: u32) -> Node {
        self.nodes[index as usize]
    }

    /// What a node is.
    #[inline]
    pub(crate) fn tag(&self, index: u32) -> Tag {
        self.node(index).tag()
    }

    /// The JSON type of a node.
    #[inline]
    pub(crate) fn kind(&self, index: u32) -> Kind {
        match self.tag(index) {
            Tag::Null => Kind::Null,
            Tag::True | Tag::False => Kind::Boolean,
            Tag::Small | Tag::Number => Kind::Number,
            Tag::String | Tag::Escaped => Kind::String,
            Tag::Array | Tag::Lines => Kind::Array,
            Tag::Object => Kind::Object,
        }
    }

    /// JMESPath truth of a node.
    #[inline]
    pub(crate) fn is_truthy(&self, index: u32) -> bool {
        match self.tag(index) {
            Tag::Null | Tag::False => false,
            Tag::True | Tag::Small | Tag::Number => true,
            Tag::String | Tag::Escaped => !self.string_bytes(index).is_empty(),
            Tag::Array | Tag::Lines | Tag::Object => self.children(index).1 > 0,
        }
    }

    /// The text of a node as received.
    pub(crate) fn raw(&self, index: u32) -> &str {
        let node = self.node(index);
        let (start, end) = match node.tag() {
            Tag::Array | Tag::Lines | Tag::Object => {
                let extent = self.extents[node.start as usize];
                (extent.start, extent.end)
            }
            _ => (node.start, node.a),
        };
        &self.text[start as usize..end as usize]
    }

    /// The text of a string, escapes resolved; only for strings.
    #[inline]
    pub(crate) fn string(&self, index: u32) -> &str {
        let node = self.node(index);
        if node.tag() == Tag::Escaped {
            let span = self.resolved[node.b as usize];
            &self.aside[span.start as usize..span.end as usize]
        } else {
            &self.text[node.start as usize + 1..node.a as usize - 1]
        }
    }

    /// As [`string`](Self::string), to be measured or compared: the text itself is not looked at.
    #[inline]
    pub(crate) fn string_bytes(&self, index: u32) -> &[u8] {
        let node = self.node(index);
        if node.tag() == Tag::Escaped {
            let span = self.resolved[node.b as usize];
            &self.aside.as_bytes()[span.start as usize..span.end as usize]
        } else {
            &self.text.as_bytes()[node.start as usize + 1..node.a as usize - 1]
        }
    }

    /// The number of a node; only for numbers.
    pub(crate) fn number(&self, index: u32) -> Option<Number> {
        let node = self.node(index);
        match node.tag() {
            Tag::Small => Some(Number::from(i64::from(node.b.cast_signed()))),
            Tag::Number => Number::parse(self.raw(index)),
            _ => None,
        }
    }

    /// The children of an array or object: the index of the first, and how many.
    #[inline]
    pub(crate) fn children(&self, index: u32) -> (u32, u32) {
        let node = self.node(index);
        match node.tag() {
            Tag::Array | Tag::Lines | Tag::Object => (node.a, node.b),
            _ => (0, 0),
        }
    }

    /// The number of a name in this document.
    pub(crate) fn key(&self, name: &str) -> Option<KeyId> {
        self.keys
            .find(name, |place| text_at(&self.text, &self.aside, place))
    }

    /// The number of a name, first tried as `hint`, the number that it had in the document before.
    #[inline]
    pub(crate) fn key_near(&self, name: &str, hint: KeyId) -> Option<KeyId> {
        if (hint as usize) < self.keys.len() {
            let found = bytes_at(&self.text, &self.aside, self.keys.place(hint));
            if found == name.as_bytes() {
                return Some(hint);
            }
        }
        self.key(name)
    }

    /// The field of an object by the number of its name.
    #[inline]
    pub(crate) fn field(&self, index: u32, key: KeyId) -> Option<u32> {
        self.position_near(index, key, 0)
            .map(|position| self.children(index).0 + position)
    }

    /// The position of a field among those of an object, looked for at `hint` first.
    #[inline]
    pub(crate) fn position_near(&self, index: u32, key: KeyId, hint: u32) -> Option<u32> {
        let object = self.node(index);
        if object.tag() != Tag::Object {
            return None;
        }
        let (first, count) = (object.a, object.b);
        let fields = &self.nodes[first as usize..(first + count) as usize];
        if fields.get(hint as usize).is_some_and(|field| field.key() == key) {
            return Some(hint);
        }
        fields.iter().position(|field| field.key() == key).map(narrow)
    }

    /// The name of a node within its object.
    pub(crate) fn name(&self, index: u32) -> &str {
        let key = self.node(index).key();
        if key == NO_KEY {
            ""
        } else {
            text_at(&self.text, &self.aside, self.keys.place(key))
        }
    }
}

pub(super) fn text_at<'a>(text: &'a str, aside: &'a str, place: Place) -> &'a str {
    let from = if place.aside { aside } else { text };
    &from[place.start as usize..place.end as usize]
}

/// As [`text_at`], to be compared: without the checks that it starts and ends between characters.
#[inline]
pub(super) fn bytes_at<'a>(text: &'a str, aside: &'a str, place: Place) -> &'a [u8] {
    let from = if place.aside { aside } else { text };
    &from.as_bytes()[place.start as usize..place.end as usize]
}

/// An offset or count of a text that is known to be shorter than 1 GiB.
#[inline]
#[allow(clippy::cast_possible_truncation)] // Assembly::new refuses longer texts; nodes are fewer than bytes
pub(super) fn narrow(value: usize) -> u32 {
    value as u32
}
