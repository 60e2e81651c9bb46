//! A document pushed together value by value, for decoders of other formats (XML, CSV).
//!
//! The builder writes JSON text, which [`finish`](Builder::finish) parses: whatever the format, a document is
//! the same thing, and any part of it can be written as the text that stands for it.

use bytes::Bytes;

use super::JsonError;
use super::scan::MAX_DEPTH;
use crate::number::Number;
use crate::value::{Value, json};

/// Assembles a document; calls follow the order of the JSON text.
///
/// A call that does not fit where it stands (a value in an object without a name, an end without a beginning)
/// makes [`finish`](Self::finish) fail; nothing panics.
#[derive(Debug, Default)]
pub struct Builder {
    text: String,
    ends: Vec<char>,
    /// Whether the next value needs a comma before it.
    separate: bool,
    too_deep: bool,
}

impl Builder {
    /// An empty builder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes written so far: what the document will keep as its text.
    pub fn size(&self) -> usize {
        self.text.len()
    }

    /// An array begins.
    pub fn begin_array(&mut self) {
        self.begin('[', ']');
    }

    /// An object begins.
    pub fn begin_object(&mut self) {
        self.begin('{', '}');
    }

    /// The innermost array or object ends.
    pub fn end(&mut self) {
        match self.ends.pop() {
            Some(end) => self.text.push(end),
            None => self.text.push(']'),
        }
        self.separate = true;
    }

    /// The name of the value that comes next.
    pub fn key(&mut self, name: &str) {
        self.comma();
        json::write_string(name, &mut self.text);
        self.text.push(':');
        self.separate = false;
    }

    /// A string.
    pub fn string(&mut self, text: &str) {
        self.comma();
        json::write_string(text, &mut self.text);
    }

    /// A number.
    pub fn number(&mut self, number: &Number) {
        self.scalar(&number.to_string());
    }

    /// A boolean.
    pub fn boolean(&mut self, value: bool) {
        self.scalar(if value { "true" } else { "false" });
    }

    /// `null`.
    pub fn null(&mut self) {
        self.scalar("null");
    }

    /// A value with everything in it; marks of secrets are lost.
    pub fn value(&mut self, value: &Value) {
        self.comma();
        value.write_json(&mut self.text);
    }

    /// The document's root. Fails on more than 128 levels, or on calls that did not fit together.
    pub fn finish(self) -> Result<Value, JsonError> {
        if self.too_deep {
            let message = format!("more than {MAX_DEPTH} levels of nesting");
            return Err(JsonError {
                offset: self.text.len(),
                message,
            });
        }
        super::parse(Bytes::from(self.text))
    }

    fn begin(&mut self, open: char, end: char) {
        self.comma();
        self.text.push(open);
        self.ends.push(end);
        self.separate = false;
        self.too_deep |= self.ends.len() > MAX_DEPTH as usize;
    }

    fn scalar(&mut self, text: &str) {
        self.comma();
        self.text.push_str(text);
    }

    fn comma(&mut self) {
        if self.separate {
            self.text.push(',');
        }
        self.separate = true;
    }
}
