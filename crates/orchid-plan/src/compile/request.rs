//! A step's request: method, URL, params, headers, body.

use std::collections::BTreeSet;
use std::ops::Range;

use orchid_jmespath::shape::Shape;
use orchid_jmespath::value::Value;
use smol_str::SmolStr;

use super::Compiler;
use super::text::{expression_problem, looks_like_expression};
use crate::definition::field::{Map, TemplateText, TemplateTree};
use crate::definition::step::{self as written, Step};
use crate::diagnostic::{Diagnostic, codes};
use crate::program::{ArrayParams, Body, Request, Template, UrlHole, UrlPart, UrlTemplate};
use crate::shapes::Scope;
use crate::source::text::{Place, ScalarKind, Text};
use crate::url::{self, Filler, Hole, Piece, Position};

/// Methods that authors may write in lower case: all others are sent as written, for methods are case-sensitive.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// Headers that belong to the connection or to the framing of the message (RFC 9110, 7.6.1 and 8.6).
const FRAMING: [&str; 7] = [
    "connection",
    "content-length",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

impl Compiler<'_> {
    pub(super) fn request(&mut self, step: &Step, key: &Place, scope: &Scope) -> Request {
        let body = self.body(step, scope);
        let method = self.method(step, &body, scope);
        let mut filled = BTreeSet::new();
        let url = match &step.url {
            Some(text) => self.url(text, &step.params, &mut filled, scope),
            None => {
                let help = "write the address, as in `url: \"{base_url}/users\"`";
                self.error(codes::FIELD_MISSING, key, "the step has no `url`", help);
                UrlTemplate { parts: Vec::new() }
            }
        };
        let sent = step.params.iter().filter(|(name, _)| !filled.contains(*name));
        let params = sent
            .map(|(name, entry)| (name.clone(), self.tree(&entry.value, scope)))
            .collect();
        let array_params = match step.array_params.as_ref().map(|spanned| spanned.value) {
            None | Some(written::ArrayParams::Repeat) => ArrayParams::Repeat,
            Some(written::ArrayParams::Comma) => ArrayParams::Comma,
            Some(written::ArrayParams::Brackets) => ArrayParams::Brackets,
        };
        let headers = self.headers(&step.headers, scope);
        Request {
            method,
            url,
            params,
            array_params,
            headers,
            body,
        }
    }

    fn method(&mut self, step: &Step, body: &Body, scope: &Scope) -> Template {
        let Some(text) = &step.method else {
            return Template::Literal(Value::from(if matches!(body, Body::None) {
                "GET"
            } else {
                "POST"
            }));
        };
        let template = self.template(text, scope);
        let Template::Literal(value) = &template else {
            return template;
        };
        let method = value.as_str().unwrap_or_default();
        if !is_token(method) {
            let message = format!("`{}` is not an HTTP method", text.0.value.escape_debug());
            self.error(
                codes::REQUEST_METHOD,
                &text.0.place,
                message,
                "write `GET`, `POST`, `PUT`, `PATCH` or `DELETE`",
            );
        }
        match METHODS.iter().find(|known| known.eq_ignore_ascii_case(method)) {
            Some(known) => Template::Literal(Value::from(*known)),
            None => template,
        }
    }

    fn body(&mut self, step: &Step, scope: &Scope) -> Body {
        if let Some(tree) = &step.body {
            Body::Value(self.tree(tree, scope))
        } else if let Some(form) = &step.form {
            Body::Form(self.trees(form, scope))
        } else if let Some(graphql) = &step.graphql {
            let variables = graphql.variables.as_ref().map(|tree| self.tree(tree, scope));
            Body::Graphql {
                query: self.template(&graphql.query, scope),
                variables,
            }
        } else {
            Body::None
        }
    }

    /// Header templates; names are tokens and differ in more than case.
    pub(super) fn headers(&mut self, headers: &Map<TemplateText>, scope: &Scope) -> Vec<(SmolStr, Template)> {
        let mut seen = BTreeSet::new();
        for (name, entry) in headers {
            let lower = name.to_ascii_lowercase();
            if !is_token(name) {
                let message = format!("`{}` is not the name of a header", name.escape_debug());
                let help = "a name has letters, digits and `-`";
                self.error(codes::REQUEST_HEADER, &entry.key, message, help);
            } else if FRAMING.contains(&lower.as_str()) {
                let message = format!("the header `{name}` is set by Orchid");
                self.error(codes::REQUEST_HEADER, &entry.key, message, "leave it out");
            } else if !seen.insert(lower) {
                let message = format!("the header `{name}` is there twice: names do not differ by case");
                self.error(codes::REQUEST_HEADER, &entry.key, message, "keep one of them");
            }
            let text = &entry.value.0;
            if text.kind == ScalarKind::String && text.value.chars().any(|c| c.is_control() && c != '\t') {
                let help = "write it on one line; in YAML `>-` folds lines and drops the last line break";
                self.error(
                    codes::REQUEST_HEADER,
                    &text.place,
                    format!("the header `{name}` has a line break or another control character"),
                    help,
                );
            }
        }
        self.templates(headers, scope)
    }

    /// A step's URL. The names of the params that fill path parameters are added to `filled`.
    fn url(
        &mut self,
        text: &TemplateText,
        params: &Map<TemplateTree>,
        filled: &mut BTreeSet<SmolStr>,
        scope: &Scope,
    ) -> UrlTemplate {
        let text = &text.0;
        let taken = match url::split(&text.value) {
            Ok(taken) => taken,
            Err(problems) => {
                for problem in problems {
                    let mut diagnostic = expression_problem(&problem, text, &(0..0), scope);
                    diagnostic.code = codes::URL_SYNTAX;
                    self.report(diagnostic);
                }
                return UrlTemplate { parts: Vec::new() };
            }
        };
        let mut parts = Vec::new();
        for piece in &taken.pieces {
            parts.push(match piece {
                Piece::Text(literal) => {
                    self.check_literal(literal, text);
                    UrlPart::Text(literal.clone())
                }
                Piece::Hole(hole) => {
                    let value = self.filler(hole, text, params, filled, scope);
                    let value = UrlHole {
                        label: SmolStr::new(&text.value[hole.span.clone()]),
                        value,
                    };
                    match hole.position {
                        Position::Base => UrlPart::Base(value),
                        Position::Segment => UrlPart::Segment(value),
                        Position::Path => UrlPart::Path(value),
                        Position::Query => UrlPart::Query(value),
                    }
                }
            });
        }
        for (name, entry) in params.iter().filter(|(name, _)| !filled.contains(*name)) {
            if taken.query_names.contains(name.as_str()) {
                let message = format!("`{name}` is in the query of `url` and in `params`");
                self.error(
                    codes::URL_DUPLICATE_PARAMETER,
                    &entry.key,
                    message,
                    "keep one of them",
                );
            }
        }
        UrlTemplate { parts }
    }

    /// What fills a hole: for a name, `params`, else `values`, else `config`.
    fn filler(
        &mut self,
        hole: &Hole,
        text: &Text,
        params: &Map<TemplateTree>,
        filled: &mut BTreeSet<SmolStr>,
        scope: &Scope,
    ) -> Template {
        let name = match &hole.filler {
            Filler::Expression(range) => return Template::Whole(self.source(text, range.clone(), scope)),
            Filler::Name(name) => name,
        };
        if let Some(entry) = params.get(name) {
            filled.insert(name.clone());
            return self.path_parameter(name, &entry.value, scope);
        }
        let root = if self.definition.values.contains_key(name) {
            "values"
        } else if has_field(&self.config, name) {
            "config"
        } else {
            self.unfilled(name, text, &hole.span, params);
            return Template::Literal(Value::NULL);
        };
        let source = Text::synthetic(
            format!("{root}.\"{name}\""),
            ScalarKind::String,
            place_of(text, &hole.span),
        );
        Template::Whole(self.source(&source, 0..source.value.len(), scope))
    }

    fn path_parameter(&mut self, name: &str, tree: &TemplateTree, scope: &Scope) -> Template {
        match tree {
            TemplateTree::Leaf(text) => {
                let help = match text.0.kind {
                    ScalarKind::String => looks_like_expression(&text.0.value),
                    _ => None,
                };
                let Some(help) = help else {
                    return self.template(text, scope);
                };
                let message = format!("the path parameter `{name}` would be the text `{}`", text.0.value);
                self.error(codes::URL_PARAMETER_TEXT, &text.0.place, message, &help);
            }
            TemplateTree::Array(_, place) | TemplateTree::Object(_, place) => {
                let message = format!("the path parameter `{name}` is no text");
                self.error(
                    codes::URL_PARAMETER_TEXT,
                    place,
                    message,
                    "write text, a number, or a template of one",
                );
            }
        }
        Template::Literal(Value::NULL)
    }

    fn unfilled(&mut self, name: &str, text: &Text, span: &Range<usize>, params: &Map<TemplateTree>) {
        let mut names: Vec<&str> = params
            .keys()
            .chain(self.definition.values.keys())
            .map(SmolStr::as_str)
            .collect();
        if let Shape::Object { fields, .. } = &self.config {
            names.extend(fields.keys().map(SmolStr::as_str));
        }
        let help = match nearest(name, &names) {
            Some(near) => format!("did you mean `{{{near}}}`?"),
            None => format!(
                "add `{name}` to `params` of this step, to `values`, or to the properties of `config_schema`"
            ),
        };
        let message = format!("nothing fills the path parameter `{{{name}}}`");
        let diagnostic = Diagnostic::error(codes::URL_UNFILLED, &text.place, message);
        self.report(diagnostic.with_help(help).at(text.span_of(span.clone())));
    }
}

/// The place of a part of a text.
fn place_of(text: &Text, range: &Range<usize>) -> Place {
    Place {
        span: text.span_of(range.clone()),
        pointer: text.place.pointer.clone(),
    }
}

/// Whether an object of that shape may have the field.
fn has_field(shape: &Shape, name: &str) -> bool {
    match shape {
        Shape::Any => true,
        Shape::Object { fields, open } => *open || fields.contains_key(name),
        Shape::Scalar | Shape::Array(_) => false,
    }
}

/// The name that was probably meant.
pub(super) fn nearest<'a>(name: &str, names: &[&'a str]) -> Option<&'a str> {
    let scored = names
        .iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), *candidate));
    scored
        .filter(|(score, _)| *score > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// RFC 9110, 5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
