//! From the YAML parser's events to the tree.

mod around;

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span};

use self::around::check_depth;
use super::scalar::{Resolved, resolve};
use super::text::{Place, ScalarKind, Style, Text};
use super::tree::{Kind, Member, Node, child, child_index};
use super::{MAX_DEPTH, shown};
use crate::diagnostic::{Diagnostic, codes};

/// Mistakes that are told besides the one that ended the reading.
const MAX_BEFORE_THE_END: usize = 20;

/// What one pass over a text found.
pub(super) struct Pass {
    pub(super) root: Option<Node>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Where the text stopped being YAML, if it did; not yet among the diagnostics.
    pub(super) syntax: Option<granit_parser::ScanError>,
}

/// Reads `text` once, up to the first place that is no YAML.
pub(super) fn parse(text: &str) -> Pass {
    let mut builder = Builder {
        text,
        parser: Parser::new_from_str_with_options(text, options()),
        anchors: HashMap::new(),
        diagnostics: Vec::new(),
        values: 0,
        pointer_bytes: 0,
    };
    let (root, syntax) = match builder.document() {
        Ok(root) => (root, None),
        Err(Stop::Syntax(error)) => (None, Some(*error)),
        Err(Stop::Refused(diagnostic)) => {
            // What ended the reading must not be lost behind all the rest.
            builder.diagnostics.truncate(MAX_BEFORE_THE_END);
            builder.diagnostics.push(diagnostic);
            (None, None)
        }
    };
    Pass {
        root,
        diagnostics: builder.diagnostics,
        syntax,
    }
}

fn options() -> Options {
    let mut options = Options::default();
    options.emit_unresolved_aliases = true;
    // Ours is the smaller bound and says more.
    options.flow_nesting_limit = MAX_DEPTH + 8;
    options.block_nesting_limit = MAX_DEPTH + 8;
    options
}

/// Why reading ended early.
enum Stop {
    Syntax(Box<granit_parser::ScanError>),
    Refused(Diagnostic),
}

struct Builder<'a> {
    text: &'a str,
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    anchors: HashMap<usize, Anchored>,
    diagnostics: Vec<Diagnostic>,
    values: usize,
    pointer_bytes: usize,
}

/// A value that aliases may stand for.
struct Anchored {
    node: Node,
    values: usize,
    depth: usize,
}

impl<'a> Builder<'a> {
    fn document(&mut self) -> Result<Option<Node>, Stop> {
        let mut root = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::DocumentStart(_, version) => {
                    if root.is_some() {
                        self.report(
                            codes::DOCUMENT_SEVERAL,
                            bytes(&span),
                            "a second document starts here",
                        )
                        .help("put each integration into a file of its own");
                        return Ok(root);
                    }
                    if version.is_some_and(|version| (version.major, version.minor) != (1, 2)) {
                        self.report(
                            codes::DOCUMENT_SYNTAX,
                            bytes(&span),
                            "the document declares a YAML version other than 1.2",
                        )
                        .help("leave the `%YAML` line out");
                    }
                }
                Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
                event => root = Some(self.node(event, &span, &Arc::from(""), 0)?),
            }
        }
        Ok(root)
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, Stop> {
        self.parser
            .next_event()
            .transpose()
            .map_err(|error| Stop::Syntax(Box::new(error)))
    }

    /// The next event inside a collection. The parser closes what it opens or reports an error.
    fn next_inside(&mut self, start: &Range<usize>) -> Result<(Event<'a>, Span), Stop> {
        if let Some(next) = self.next()? {
            return Ok(next);
        }
        let place = Place {
            span: start.clone(),
            ..Place::default()
        };
        let message = "the document ends inside a value";
        Err(Stop::Refused(Diagnostic::error(
            codes::DOCUMENT_SYNTAX,
            &place,
            message,
        )))
    }

    fn node(
        &mut self,
        event: Event<'a>,
        span: &Span,
        pointer: &Arc<str>,
        depth: usize,
    ) -> Result<Node, Stop> {
        let start = bytes(span);
        self.charge(&start, 1, pointer.len())?;
        check_depth(&start, depth)?;
        let before = self.values;
        let (node, anchor) = match event {
            Event::Scalar(value, style, anchor, tag) => {
                let eaten = self.refuse_tag(tag.as_deref(), span, pointer);
                if anchor != 0 && start.is_empty() {
                    self.refuse_empty_anchor(&start, pointer);
                }
                let node = match eaten {
                    Some(eaten) => eaten.node(pointer),
                    None => self.scalar(&value, style, tag.is_some(), span, pointer),
                };
                (node, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), span, pointer);
                (self.array(&start, pointer, depth)?, anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.as_deref(), span, pointer);
                (self.object(&start, pointer, depth)?, anchor)
            }
            Event::Alias(target) => return self.alias(target, &start, pointer, depth),
            Event::UnresolvedAlias(name) => return Ok(self.unresolved(&name, &start, pointer)),
            other => {
                let place = Place {
                    span: start,
                    pointer: pointer.clone(),
                };
                let message = format!("a value is missing here ({} found)", event_name(&other));
                return Err(Stop::Refused(Diagnostic::error(
                    codes::DOCUMENT_SYNTAX,
                    &place,
                    message,
                )));
            }
        };
        if anchor != 0 {
            let anchored = Anchored {
                node: node.clone(),
                values: self.values - before + 1,
                depth: height(&node),
            };
            self.anchors.insert(anchor, anchored);
        }
        Ok(node)
    }

    fn scalar(
        &mut self,
        value: &str,
        style: ScalarStyle,
        tagged: bool,
        span: &Span,
        pointer: &Arc<str>,
    ) -> Node {
        let place = Place {
            span: bytes(span),
            pointer: pointer.clone(),
        };
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        let resolved = match style {
            Style::Plain if !tagged => resolve(value),
            _ => Resolved::Value(ScalarKind::String, value),
        };
        let text = match resolved {
            Resolved::Value(ScalarKind::String, value) => {
                Text::written(value, ScalarKind::String, style, place.clone(), self.text)
            }
            Resolved::Value(kind, value) => Text::plain(value, kind, place.clone(), place.span.start),
            Resolved::ForeignNumber => {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::DOCUMENT_NUMBER,
                        &place,
                        format!("YAML reads `{value}` as a number that JSON cannot hold"),
                    )
                    .with_help(format!(
                        "write it in decimal, or quote it if it is text: '{value}'"
                    )),
                );
                Text::plain(value, ScalarKind::String, place.clone(), place.span.start)
            }
        };
        Node {
            place,
            kind: Kind::Scalar(text),
        }
    }

    fn array(&mut self, start: &Range<usize>, pointer: &Arc<str>, depth: usize) -> Result<Node, Stop> {
        let mut items: Vec<Node> = Vec::new();
        let end = loop {
            match self.next_inside(start)? {
                (Event::SequenceEnd, span) => break bytes(&span),
                (event, span) => {
                    let pointer = child_index(pointer, items.len());
                    items.push(self.node(event, &span, &pointer, depth + 1)?);
                }
            }
        };
        let last = items.last().map(|item| item.place.span.end);
        let span = self.collection_span(start, &end, last);
        Ok(Node {
            place: Place {
                span,
                pointer: pointer.clone(),
            },
            kind: Kind::Array(items),
        })
    }

    fn object(&mut self, start: &Range<usize>, pointer: &Arc<str>, depth: usize) -> Result<Node, Stop> {
        let mut members: Vec<Member> = Vec::new();
        let mut names = HashSet::new();
        let end = loop {
            let (event, span) = match self.next_inside(start)? {
                (Event::MappingEnd, span) => break bytes(&span),
                next => next,
            };
            let key_is_plain = matches!(event, Event::Scalar(_, ScalarStyle::Plain, ..));
            let key = self.node(event, &span, pointer, depth + 1)?;
            let name = self.key_name(&key);
            let pointer = name
                .as_ref()
                .map_or_else(|| pointer.clone(), |name| child(pointer, name));
            let (event, value_span) = self.next_inside(start)?;
            let value = self.node(event, &value_span, &pointer, depth + 1)?;
            let Some(name) = name else { continue };
            let key = Place {
                span: key.place.span,
                pointer,
            };
            if key_is_plain && name == "<<" {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::DOCUMENT_MERGE_KEY,
                        &key,
                        "`<<` is no merge key in YAML 1.2",
                    )
                    .with_help("use `defaults` for what steps share, or an alias for a whole value"),
                );
            } else if names.insert(name.clone()) {
                members.push(Member {
                    name,
                    span: key.span,
                    value,
                });
            } else {
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::DOCUMENT_DUPLICATE_KEY,
                        &key,
                        format!("`{}` occurs twice in this object", shown(&name)),
                    )
                    .with_help("keep one of them"),
                );
            }
        };
        let last = members
            .last()
            .map(|member| member.value.place.span.end.max(member.span.end));
        let span = self.collection_span(start, &end, last);
        Ok(Node {
            place: Place {
                span,
                pointer: pointer.clone(),
            },
            kind: Kind::Object(members),
        })
    }

    /// A flow collection ends at its bracket, a block collection behind its last value.
    fn collection_span(&self, start: &Range<usize>, end: &Range<usize>, last: Option<usize>) -> Range<usize> {
        let is_flow = !end.is_empty() && self.text[end.clone()].ends_with([']', '}']);
        let end = if is_flow {
            end.end
        } else {
            last.unwrap_or(start.end)
        };
        start.start..end.max(start.end)
    }

    fn key_name(&mut self, key: &Node) -> Option<smol_str::SmolStr> {
        match &key.kind {
            Kind::Scalar(text) if text.kind != ScalarKind::Null => {
                let written = self.text.get(text.place.span.clone()).unwrap_or(&text.value);
                Some(if text.kind == ScalarKind::String {
                    text.value.clone()
                } else {
                    written.into()
                })
            }
            _ => {
                let found = key.describe();
                self.diagnostics.push(
                    Diagnostic::error(
                        codes::DOCUMENT_KEY,
                        &key.place,
                        format!("a key must be text, this is {found}"),
                    )
                    .with_help("quote the key"),
                );
                None
            }
        }
    }

    fn report(&mut self, code: &'static str, span: Range<usize>, message: &str) -> Reported<'_> {
        let place = Place {
            span,
            ..Place::default()
        };
        self.diagnostics.push(Diagnostic::error(code, &place, message));
        Reported(self.diagnostics.last_mut())
    }
}

/// A diagnostic just reported, to which help may be added.
struct Reported<'a>(Option<&'a mut Diagnostic>);

impl Reported<'_> {
    fn help(self, help: &str) {
        if let Some(diagnostic) = self.0 {
            diagnostic.help = Some(help.to_owned());
        }
    }
}

fn bytes(span: &Span) -> Range<usize> {
    span.byte_range().unwrap_or_default()
}

fn null(place: Place) -> Node {
    let text = Text::synthetic("null", ScalarKind::Null, place.clone());
    Node {
        place,
        kind: Kind::Scalar(text),
    }
}

fn height(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar(_) => 0,
        Kind::Array(items) => 1 + items.iter().map(height).max().unwrap_or(0),
        Kind::Object(members) => {
            1 + members
                .iter()
                .map(|member| height(&member.value))
                .max()
                .unwrap_or(0)
        }
    }
}

fn event_name(event: &Event<'_>) -> &'static str {
    match event {
        Event::DocumentEnd | Event::StreamEnd => "the document's end",
        Event::SequenceEnd => "the list's end",
        Event::MappingEnd => "the object's end",
        _ => "something else",
    }
}
