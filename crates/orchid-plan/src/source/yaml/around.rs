//! What stands around values: aliases, anchors and tags; and the bounds of it all.

use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Span, Tag};

use super::{Builder, Stop, bytes, null};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::eaten::{self, Eaten};
use crate::source::text::Place;
use crate::source::tree::Node;
use crate::source::{MAX_DEPTH, MAX_VALUES, problem, shown};

/// All JSON pointers of a document together, in bytes: bounds long names that are nested deeply.
const MAX_POINTER_BYTES: usize = 32 * 1024 * 1024;

impl Builder<'_> {
    pub(super) fn alias(
        &mut self,
        target: usize,
        span: &Range<usize>,
        pointer: &Arc<str>,
        depth: usize,
    ) -> Result<Node, Stop> {
        let place = Place {
            span: span.clone(),
            pointer: pointer.clone(),
        };
        let Some(anchored) = self.anchors.get(&target) else {
            let message = format!(
                "`{}` stands inside the value that it stands for",
                &self.text[span.clone()]
            );
            self.diagnostics
                .push(Diagnostic::error(codes::DOCUMENT_ALIAS, &place, message));
            return Ok(null(place));
        };
        let (values, height) = (anchored.values, anchored.depth);
        check_depth(span, depth + height)?;
        self.charge(span, values, values.saturating_mul(pointer.len()))?;
        let Some(anchored) = self.anchors.get(&target) else {
            return Ok(null(place));
        };
        Ok(Node {
            place,
            ..anchored.node.moved_to(pointer)
        })
    }

    pub(super) fn unresolved(&mut self, name: &str, span: &Range<usize>, pointer: &Arc<str>) -> Node {
        if self.is_hopeless() {
            return null(Place {
                span: span.clone(),
                pointer: pointer.clone(),
            });
        }
        if let Some(eaten) = eaten::at(self.text, span.start) {
            self.diagnostics.push(eaten.diagnostic(pointer));
            return eaten.node(pointer);
        }
        let place = Place {
            span: span.clone(),
            pointer: pointer.clone(),
        };
        let message = format!("there is no anchor `&{}` before this alias", shown(name));
        self.diagnostics
            .push(Diagnostic::error(codes::DOCUMENT_ALIAS, &place, message));
        null(place)
    }

    /// Refuses a tag; gives the text that YAML took for one.
    pub(super) fn refuse_tag(&mut self, tag: Option<&Tag>, span: &Span, pointer: &Arc<str>) -> Option<Eaten> {
        let tag = tag.filter(|_| !self.is_hopeless())?;
        let at = span.tag_span().map_or_else(|| bytes(span), |span| bytes(&span));
        let eaten = eaten::at(self.text, at.start).filter(|_| !tag.is_yaml_core_schema());
        let diagnostic = eaten.as_ref().map_or_else(
            || {
                let place = Place {
                    span: at,
                    pointer: pointer.clone(),
                };
                let message = format!("the YAML tag `{}` means nothing here", shown(&tag.original()));
                Diagnostic::error(codes::DOCUMENT_TAG, &place, message)
                    .with_help("leave the tag out; quote the value if it is text that starts with `!`")
            },
            |eaten| eaten.diagnostic(pointer),
        );
        self.diagnostics.push(diagnostic);
        eaten
    }

    /// Whether there are so many mistakes that no more are told.
    fn is_hopeless(&self) -> bool {
        self.diagnostics.len() >= 500
    }

    /// `&a` before nothing: more likely an expression than an anchor of null.
    pub(super) fn refuse_empty_anchor(&mut self, span: &Range<usize>, pointer: &Arc<str>) {
        let diagnostic = eaten::at(self.text, span.start).map_or_else(
            || {
                let place = Place {
                    span: span.clone(),
                    pointer: pointer.clone(),
                };
                Diagnostic::error(codes::DOCUMENT_ALIAS, &place, "an anchor without a value")
                    .with_help("put the value behind it, or quote the text if `&` is part of it")
            },
            |eaten| eaten.diagnostic(pointer),
        );
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn charge(
        &mut self,
        span: &Range<usize>,
        values: usize,
        pointer_bytes: usize,
    ) -> Result<(), Stop> {
        self.values = self.values.saturating_add(values);
        self.pointer_bytes = self.pointer_bytes.saturating_add(pointer_bytes);
        if self.values <= MAX_VALUES && self.pointer_bytes <= MAX_POINTER_BYTES {
            return Ok(());
        }
        let place = Place {
            span: span.clone(),
            ..Place::default()
        };
        Err(Stop::Refused(
            Diagnostic::error(
                codes::DOCUMENT_TOO_MANY_VALUES,
                &place,
                format!("the document has more than {MAX_VALUES} values by here, aliases expanded"),
            )
            .with_help("split the document, and use fewer aliases"),
        ))
    }
}

pub(super) fn check_depth(span: &Range<usize>, depth: usize) -> Result<(), Stop> {
    if depth <= MAX_DEPTH {
        return Ok(());
    }
    let place = Place {
        span: span.clone(),
        ..Place::default()
    };
    Err(Stop::Refused(problem::too_deep(&place)))
}
