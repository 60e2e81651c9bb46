//! The tree of a document's values, each with its place.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use smol_str::SmolStr;

use crate::source::text::{Place, ScalarKind, Text};

/// A value of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it stands; where an alias stands for it, the alias's place.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text, a number, a boolean or null.
    Scalar(Text),
    /// A list.
    Array(Vec<Node>),
    /// Names and values, in the document's order.
    Object(Vec<Member>),
}

/// One name and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The name.
    pub name: SmolStr,
    /// Where the name stands.
    pub span: Range<usize>,
    /// The value.
    pub value: Node,
}

impl Member {
    /// The place of the name, with the pointer of the value.
    pub fn key_place(&self) -> Place {
        Place {
            span: self.span.clone(),
            pointer: self.value.place.pointer.clone(),
        }
    }
}

impl Node {
    /// What it is, for messages: `a list`, `text`.
    pub fn describe(&self) -> &'static str {
        match &self.kind {
            Kind::Array(_) => "a list",
            Kind::Object(_) => "an object",
            Kind::Scalar(text) => match text.kind {
                ScalarKind::String => "text",
                ScalarKind::Number => "a number",
                ScalarKind::Boolean => "a boolean",
                ScalarKind::Null => "null",
            },
        }
    }

    /// The member of that name, if this is an object that has it.
    pub fn get(&self, name: &str) -> Option<&Member> {
        match &self.kind {
            Kind::Object(members) => members.iter().find(|member| member.name == name),
            _ => None,
        }
    }

    /// The value at a JSON pointer (RFC 6901), and as far as the tree goes along it if it ends early.
    pub fn nearest(&self, pointer: &str) -> &Node {
        let mut node = self;
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let next = match &node.kind {
                Kind::Array(items) => token.parse().ok().and_then(|index: usize| items.get(index)),
                Kind::Object(_) => node.get(&token).map(|member| &member.value),
                Kind::Scalar(_) => None,
            };
            let Some(next) = next else { return node };
            node = next;
        }
        node
    }

    /// The value as plain JSON. A number that no JSON number type holds exactly becomes the nearest float; one
    /// beyond the floats becomes text.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.kind {
            Kind::Array(items) => items.iter().map(Node::to_json).collect(),
            Kind::Object(members) => serde_json::Value::Object(
                members
                    .iter()
                    .map(|member| (member.name.to_string(), member.value.to_json()))
                    .collect(),
            ),
            Kind::Scalar(text) => match text.kind {
                ScalarKind::String => text.value.as_str().into(),
                ScalarKind::Number | ScalarKind::Boolean | ScalarKind::Null => {
                    serde_json::from_str(&text.value).unwrap_or_else(|_| text.value.as_str().into())
                }
            },
        }
    }

    /// The same tree standing at another pointer.
    pub(super) fn moved_to(&self, pointer: &Arc<str>) -> Node {
        let place = |place: &Place| Place {
            span: place.span.clone(),
            pointer: pointer.clone(),
        };
        let kind = match &self.kind {
            Kind::Scalar(text) => {
                let mut text = text.clone();
                text.place.pointer = pointer.clone();
                Kind::Scalar(text)
            }
            Kind::Array(items) => Kind::Array(
                items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| item.moved_to(&child_index(pointer, at)))
                    .collect(),
            ),
            Kind::Object(members) => Kind::Object(
                members
                    .iter()
                    .map(|member| Member {
                        value: member.value.moved_to(&child(pointer, &member.name)),
                        ..member.clone_name()
                    })
                    .collect(),
            ),
        };
        Node {
            place: place(&self.place),
            kind,
        }
    }
}

impl Member {
    /// The name with an empty value, for callers that fill in another.
    fn clone_name(&self) -> Member {
        let value = Node {
            place: Place::default(),
            kind: Kind::Array(Vec::new()),
        };
        Member {
            name: self.name.clone(),
            span: self.span.clone(),
            value,
        }
    }
}

/// `pointer` and a further name, escaped (RFC 6901).
pub fn child(pointer: &str, name: &str) -> Arc<str> {
    let mut out = String::with_capacity(pointer.len() + name.len() + 1);
    out.push_str(pointer);
    out.push('/');
    for c in name.chars() {
        match c {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            c => out.push(c),
        }
    }
    out.into()
}

/// `pointer` and a further index.
pub fn child_index(pointer: &str, index: usize) -> Arc<str> {
    let mut out = String::with_capacity(pointer.len() + 4);
    out.push_str(pointer);
    // Writing to a string cannot fail.
    let _ = write!(out, "/{index}");
    out.into()
}

impl Node {
    /// A value that stands in no document.
    pub fn made(kind: Kind) -> Self {
        Self {
            place: Place::default(),
            kind,
        }
    }

    /// A text that stands in no document.
    pub fn text(value: impl Into<SmolStr>) -> Self {
        Self::made(Kind::Scalar(Text::synthetic(
            value,
            ScalarKind::String,
            Place::default(),
        )))
    }

    /// A number, boolean or null that stands in no document; `value` is its JSON.
    pub fn literal(kind: ScalarKind, value: impl Into<SmolStr>) -> Self {
        Self::made(Kind::Scalar(Text::synthetic(value, kind, Place::default())))
    }
}

impl Member {
    /// A name and its value that stand in no document.
    pub fn made(name: impl Into<SmolStr>, value: Node) -> Self {
        Self {
            name: name.into(),
            span: 0..0,
            value,
        }
    }
}
