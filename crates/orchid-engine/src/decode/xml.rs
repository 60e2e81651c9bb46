//! XML to a document, by the rules of the language (section 9).
//!
//! Elements are first noted in one flat list, because equal names become an array wherever among their siblings
//! they stand; then they are written in one pass. No DTD is read: no entity is known but the predefined five.

use bytes::Bytes;
use indexmap::IndexMap;
use orchid_jmespath::document::build::Builder;
use orchid_jmespath::value::Value;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;
use smol_str::SmolStr;

use super::{Ask, Refusal};

/// Elements within elements.
const MAX_DEPTH: usize = 128;

/// Converts a text that is UTF-8. `arrays`: dotted paths that are arrays even where there is one; `bound`: bytes
/// that it may take as JSON.
pub(super) fn read(utf8: &Bytes, arrays: &[SmolStr], ask: Ask, bound: u64) -> Result<Value, Refusal> {
    let text =
        std::str::from_utf8(utf8).map_err(|error| Refusal::at(error.valid_up_to() as u64, "not UTF-8"))?;
    let mut reader = Reader::from_str(text);
    let mut noting = Noting::default();
    loop {
        let before = reader.buffer_position();
        let event = reader
            .read_event()
            .map_err(|error| Refusal::at(reader.error_position(), error.to_string()))?;
        if matches!(event, Event::Eof) {
            break;
        }
        noting
            .event(event)
            .map_err(|message| Refusal::at(before, message))?;
    }
    let elements = noting
        .finish()
        .map_err(|message| Refusal::at(text.len() as u64, message))?;
    if ask == Ask::Check {
        return Ok(Value::NULL);
    }
    let mut writing = Writing {
        elements: &elements,
        arrays,
        bound,
        path: String::new(),
        out: Builder::new(),
    };
    writing.out.begin_object();
    writing.group(elements[0].name.as_str(), &[0])?;
    writing.out.end();
    Ok(writing.out.finish()?)
}

#[derive(Debug)]
struct Element {
    name: SmolStr,
    attributes: Vec<(SmolStr, Box<str>)>,
    text: String,
    first_child: Option<usize>,
    last_child: Option<usize>,
    next: Option<usize>,
}

// --- noting ---

#[derive(Debug, Default)]
struct Noting {
    elements: Vec<Element>,
    /// Indexes of the elements that are open.
    open: Vec<usize>,
    run: Run,
}

/// Text between two tags.
#[derive(Debug, Default)]
struct Run {
    text: String,
    /// Whether part of it was written by reference or as CDATA: then white space is meant.
    deliberate: bool,
}

impl Noting {
    fn event(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Start(tag) => self.begin(&tag),
            Event::Empty(tag) => {
                self.begin(&tag)?;
                self.end();
                Ok(())
            }
            Event::End(_) => {
                self.end();
                Ok(())
            }
            Event::Text(text) => self.text(&text.xml10_content(), Written::Plainly),
            Event::CData(text) => self.text(&text.xml10_content(), Written::Deliberately),
            Event::GeneralRef(reference) => {
                let mut buffer = [0; 4];
                let text = resolve(&reference, &mut buffer)?;
                self.text(text, Written::Deliberately)
            }
            Event::DocType(_) => Err("a document type declaration (DTD), which is not accepted".to_owned()),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::Eof => Ok(()),
        }
    }

    fn begin(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        self.end_run();
        if self.open.is_empty() && !self.elements.is_empty() {
            return Err("a second root element".to_owned());
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} levels of elements"));
        }
        let index = self.elements.len();
        let name = checked_name(tag.name().0)?;
        let attributes = tag
            .attributes()
            .map(|attribute| {
                let attribute = attribute.map_err(|error| error.to_string())?;
                let name = checked_name(attribute.key.0)?;
                let value = attribute
                    .normalized_value(XmlVersion::Implicit1_0)
                    .map_err(|error| error.to_string())?;
                Ok((name, Box::from(value)))
            })
            .collect::<Result<Vec<_>, String>>()?;
        self.elements.push(Element {
            name,
            attributes,
            text: String::new(),
            first_child: None,
            last_child: None,
            next: None,
        });
        if let Some(parent) = self.open.last().copied() {
            let before = self.elements[parent].last_child.replace(index);
            match before {
                Some(before) => self.elements[before].next = Some(index),
                None => self.elements[parent].first_child = Some(index),
            }
        }
        self.open.push(index);
        Ok(())
    }

    fn end(&mut self) {
        self.end_run();
        self.open.pop();
    }

    fn text(&mut self, text: &str, written: Written) -> Result<(), String> {
        if self.open.is_empty() {
            return if is_blank(text) && matches!(written, Written::Plainly) {
                Ok(())
            } else {
                Err("text outside of the root element".to_owned())
            };
        }
        self.run.text.push_str(text);
        self.run.deliberate |= matches!(written, Written::Deliberately);
        Ok(())
    }

    fn end_run(&mut self) {
        let Some(element) = self.open.last() else { return };
        if self.run.deliberate || !is_blank(&self.run.text) {
            self.elements[*element].text.push_str(&self.run.text);
        }
        self.run.text.clear();
        self.run.deliberate = false;
    }

    fn finish(self) -> Result<Vec<Element>, String> {
        match self.open.last() {
            Some(open) => Err(format!("`{}` is not closed", self.elements[*open].name)),
            None if self.elements.is_empty() => Err("no element".to_owned()),
            None => Ok(self.elements),
        }
    }
}

/// How a piece of text stands in the document.
#[derive(Clone, Copy)]
enum Written {
    Plainly,
    Deliberately,
}

fn resolve<'a>(reference: &BytesRef<'_>, buffer: &'a mut [u8; 4]) -> Result<&'a str, String> {
    let name: &str = reference;
    if reference.is_char_ref() {
        let found = reference.resolve_char_ref().map_err(|error| error.to_string())?;
        return found
            .filter(|c| is_char(*c))
            .map(|c| &*c.encode_utf8(buffer))
            .ok_or_else(|| format!("`&{}` is no character of XML", name.escape_debug()));
    }
    resolve_predefined_entity(name).ok_or_else(|| {
        let shown: String = name.chars().take(40).collect();
        format!("`&{}` is not defined", shown.escape_debug())
    })
}

/// XML 1.0, 2.2.
fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// White space of XML only: a non-breaking space is text.
fn is_blank(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

/// XML 1.0, 2.3, without the finer points beyond ASCII: `@` and `#` stay free for what is no element.
fn checked_name(name: &str) -> Result<SmolStr, String> {
    let begins = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | ':') || !c.is_ascii();
    let goes_on = |c: char| begins(c) || c.is_ascii_digit() || matches!(c, '-' | '.');
    if name.starts_with(begins) && name.chars().all(goes_on) {
        return Ok(SmolStr::from(name));
    }
    let shown: String = name.chars().take(40).collect();
    Err(format!("`{}` is not a name", shown.escape_debug()))
}

// --- writing ---

struct Writing<'a> {
    elements: &'a [Element],
    arrays: &'a [SmolStr],
    bound: u64,
    /// Names from the root to here, with dots between them.
    path: String,
    out: Builder,
}

impl<'a> Writing<'a> {
    /// Siblings of one name, under that name.
    fn group(&mut self, name: &str, members: &[usize]) -> Result<(), Refusal> {
        let before = self.path.len();
        if before > 0 {
            self.path.push('.');
        }
        self.path.push_str(name);
        self.out.key(name);
        let is_array = members.len() > 1 || self.arrays.iter().any(|path| *path == self.path);
        if is_array {
            self.out.begin_array();
        }
        for member in members {
            self.element(*member)?;
        }
        if is_array {
            self.out.end();
        }
        self.path.truncate(before);
        Ok(())
    }

    /// One element; the depth of this recursion is bounded by [`MAX_DEPTH`].
    fn element(&mut self, index: usize) -> Result<(), Refusal> {
        let elements = self.elements;
        let element = &elements[index];
        if self.out.size() as u64 > self.bound {
            return Err(Refusal::TooLarge {
                message: format!("the XML becomes more than {} bytes of JSON", self.bound),
            });
        }
        if element.attributes.is_empty() && element.first_child.is_none() {
            self.out.string(&element.text);
            return Ok(());
        }
        self.out.begin_object();
        let mut name = String::new();
        for (attribute, value) in &element.attributes {
            name.clear();
            name.push('@');
            name.push_str(attribute);
            self.out.key(&name);
            self.out.string(value);
        }
        let mut groups: IndexMap<&'a str, Vec<usize>> = IndexMap::new();
        let mut child = element.first_child;
        while let Some(index) = child {
            groups
                .entry(elements[index].name.as_str())
                .or_default()
                .push(index);
            child = elements[index].next;
        }
        for (name, members) in groups {
            self.group(name, &members)?;
        }
        if !element.text.is_empty() {
            self.out.key("#text");
            self.out.string(&element.text);
        }
        self.out.end();
        Ok(())
    }
}
