//! Expressions, templates and quantities: from a scalar of the document to its compiled form.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use orchid_jmespath::document;
use orchid_jmespath::expression::{Expression, Options};
use orchid_jmespath::problem::{Problem, ProblemKind};
use orchid_jmespath::value::Value;
use smol_str::SmolStr;

use super::Compiler;
use crate::definition::field::{DurationText, ExpressionText, Map, SizeText, TemplateText, TemplateTree};
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::program::{Part, Template, Tree};
use crate::shapes::Scope;
use crate::source::shown;
use crate::source::text::{Place, ScalarKind, Text};
use crate::template::{self, Piece};

/// Every root that exists anywhere: a literal that reads one of them was probably meant as an expression.
const ROOTS: [&str; 10] = [
    "config", "auth", "context", "response", "prev", "parent", "item", "values", "vars", "window",
];

/// After so many errors no further expression is looked at: nobody reads them, and the document is refused anyway.
const MAX_ERRORS: usize = 400;

impl Compiler<'_> {
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        place: &Place,
        message: impl Into<String>,
        help: &str,
    ) {
        self.report(Diagnostic::error(code, place, message).with_help(help));
    }

    pub(super) fn warn(&mut self, code: &'static str, place: &Place, message: impl Into<String>, help: &str) {
        self.report(Diagnostic::warning(code, place, message).with_help(help));
    }

    /// An expression field. Where it does not compile, `null` stands in.
    pub(super) fn expression(&mut self, text: &ExpressionText, scope: &Scope) -> Expression {
        match text.0.kind {
            ScalarKind::String => self.source(&text.0, 0..text.0.value.len(), scope),
            _ => Expression::literal(literal(&text.0)),
        }
    }

    pub(super) fn optional(&mut self, text: Option<&ExpressionText>, scope: &Scope) -> Option<Expression> {
        text.map(|text| self.expression(text, scope))
    }

    /// An expression field that holds or does not.
    pub(super) fn condition(&mut self, text: &ExpressionText, scope: &Scope) -> Expression {
        let expression = self.expression(text, scope);
        // `while: true` is meant; text that comes out the same whatever happens is not.
        if text.0.kind == ScalarKind::String
            && let Some(value) = expression.constant()
            && !self.has_error_in(&text.0)
        {
            let outcome = if value.is_truthy() {
                "always holds"
            } else {
                "never holds"
            };
            let help = "it reads neither the response nor anything else that changes";
            self.warn(
                codes::EXPRESSION_CONSTANT,
                &text.0.place,
                format!("this condition {outcome}"),
                help,
            );
        }
        expression
    }

    pub(super) fn optional_condition(
        &mut self,
        text: Option<&ExpressionText>,
        scope: &Scope,
    ) -> Option<Expression> {
        text.map(|text| self.condition(text, scope))
    }

    fn has_error_in(&self, text: &Text) -> bool {
        let within =
            |span: &Range<usize>| span.start >= text.place.span.start && span.end <= text.place.span.end;
        self.diagnostics.iter().any(|diagnostic| within(&diagnostic.span))
    }

    /// Compiles `range` of a text.
    pub(super) fn source(&mut self, text: &Text, range: Range<usize>, scope: &Scope) -> Expression {
        if self.errors > MAX_ERRORS {
            return Expression::literal(Value::NULL);
        }
        let source = &text.value[range.clone()];
        match self.compile_under(source, scope) {
            Ok(expression) => {
                for warning in expression.warnings() {
                    let span = text.span_of(range.start + warning.span.start..range.start + warning.span.end);
                    let mut diagnostic =
                        Diagnostic::warning(codes::EXPRESSION_SUSPICIOUS, &text.place, &warning.message)
                            .at(span);
                    diagnostic.help.clone_from(&warning.help);
                    self.report(diagnostic);
                }
                self.check_values_used(text, source, scope);
                expression
            }
            Err(problems) => {
                for problem in &problems {
                    let diagnostic = expression_problem(problem, text, &range, scope);
                    self.report(diagnostic);
                }
                Expression::literal(Value::NULL)
            }
        }
    }

    /// A template field.
    pub(super) fn template(&mut self, text: &TemplateText, scope: &Scope) -> Template {
        let text = &text.0;
        if text.kind != ScalarKind::String {
            return Template::Literal(literal(text));
        }
        let pieces = match template::split(&text.value) {
            Ok(pieces) => pieces,
            Err(problem) => {
                let diagnostic = expression_problem(&problem, text, &(0..0), scope);
                self.report(diagnostic);
                return Template::Literal(Value::NULL);
            }
        };
        match pieces.as_slice() {
            [] => Template::Literal(Value::from("")),
            [Piece::Text(literal)] => {
                self.check_literal(literal, text);
                Template::Literal(Value::from(literal.as_str()))
            }
            [Piece::Expression(range)] => Template::Whole(self.source(text, range.clone(), scope)),
            mixed => Template::Mixed(
                mixed
                    .iter()
                    .map(|piece| match piece {
                        Piece::Text(literal) => Part::Text(literal.clone()),
                        Piece::Expression(range) => Part::Expression(self.source(text, range.clone(), scope)),
                    })
                    .collect(),
            ),
        }
    }

    /// Warns of literal text that was probably meant as an expression.
    pub(super) fn check_literal(&mut self, literal: &str, text: &Text) {
        self.diagnostics.extend(literal_warning(literal, text));
    }

    pub(super) fn optional_template(
        &mut self,
        text: Option<&TemplateText>,
        scope: &Scope,
    ) -> Option<Template> {
        text.map(|text| self.template(text, scope))
    }

    pub(super) fn templates(&mut self, map: &Map<TemplateText>, scope: &Scope) -> Vec<(SmolStr, Template)> {
        map.iter()
            .map(|(name, entry)| (name.clone(), self.template(&entry.value, scope)))
            .collect()
    }

    pub(super) fn tree(&mut self, tree: &TemplateTree, scope: &Scope) -> Tree {
        match tree {
            TemplateTree::Leaf(text) => Tree::Leaf(self.template(text, scope)),
            TemplateTree::Array(items, _) => {
                Tree::Array(items.iter().map(|item| self.tree(item, scope)).collect())
            }
            TemplateTree::Object(entries, _) => Tree::Object(self.trees(entries, scope)),
        }
    }

    pub(super) fn trees(&mut self, map: &Map<TemplateTree>, scope: &Scope) -> Vec<(SmolStr, Tree)> {
        map.iter()
            .map(|(name, entry)| (name.clone(), self.tree(&entry.value, scope)))
            .collect()
    }

    /// A duration that may not be zero; `default` where there is none.
    pub(super) fn length(&mut self, text: Option<&DurationText>, default: Duration) -> Duration {
        let Some(text) = text else { return default };
        let duration = text.duration();
        if duration == Some(Duration::ZERO) {
            self.error(
                codes::FIELD_QUANTITY,
                &text.0.place,
                "this duration is zero",
                "write a longer one",
            );
        }
        duration.unwrap_or(default)
    }

    /// A size that may not be zero; `default` where there is none.
    pub(super) fn size(&mut self, text: Option<&SizeText>, default: u64) -> u64 {
        let Some(text) = text else { return default };
        let size = text.bytes();
        if size == Some(0) {
            self.error(
                codes::FIELD_QUANTITY,
                &text.0.place,
                "this size is zero",
                "write a larger one",
            );
        }
        size.unwrap_or(default)
    }
}

/// The value of a scalar that is no expression: text as it is, anything else as JSON.
pub(super) fn literal(text: &Text) -> Value {
    match text.kind {
        ScalarKind::String => Value::from(text.value.as_str()),
        ScalarKind::Null => Value::NULL,
        _ => document::parse(Bytes::copy_from_slice(text.value.as_bytes()))
            .unwrap_or_else(|_| Value::from(text.value.as_str())),
    }
}

/// The warning about literal text that was probably meant as an expression.
pub(super) fn literal_warning(literal: &str, text: &Text) -> Option<Diagnostic> {
    let help = looks_like_expression(literal).or_else(|| looks_like_other_template(literal))?;
    let message = format!(
        "`{}` is sent as this text, though it reads like an expression",
        shown(literal)
    );
    Some(Diagnostic::warning(codes::TEMPLATE_LOOKS_LIKE_EXPRESSION, &text.place, message).with_help(help))
}

/// If `text` reads like an expression on a root that exists somewhere: how to write either.
pub(super) fn looks_like_expression(text: &str) -> Option<String> {
    let trimmed = text.trim();
    if !trimmed.contains(['.', '[']) || !ROOTS.iter().any(|root| trimmed.contains(root)) {
        return None;
    }
    let expression = Expression::compile(trimmed, &Options::default()).ok()?;
    let reads = expression.reads();
    let reads_roots = reads.iter().all(|path| {
        matches!(path.0.first(),
        Some(orchid_jmespath::expression::Segment::Field(name)) if ROOTS.contains(&name.as_str()))
    });
    (reads_roots && !reads.is_empty()).then(|| {
        format!(
            "write `${{{trimmed}}}` for its value, `${{'{}'}}` for the text",
            trimmed.replace('\'', "\\'")
        )
    })
}

/// The diagnostic for a problem of an expression that stands at `range` of a text.
pub(super) fn expression_problem(
    problem: &Problem,
    text: &Text,
    range: &Range<usize>,
    scope: &Scope,
) -> Diagnostic {
    let code = codes::of_expression(problem.kind);
    let place = range.start + problem.span.start..range.start + problem.span.end;
    let written = text.value.get(place.clone()).unwrap_or_default();
    let name = written.trim_matches('"');
    let told = match problem.kind {
        ProblemKind::UnknownRoot => scope.absent(name).map(|(message, help)| (message, Some(help))),
        ProblemKind::Syntax if text.value[range.clone()].trim_start().starts_with("${") => {
            let help = "this field holds an expression: leave out `${` and `}`".to_owned();
            Some((problem.message.clone(), Some(help)))
        }
        _ => None,
    };
    let (message, mut help) = told.unwrap_or_else(|| (problem.message.clone(), problem.help.clone()));
    if problem.kind == ProblemKind::UnknownRoot && written.starts_with('"') {
        help = Some(format!("`\"{name}\"` is a name; the text is `'{name}'`"));
    }
    if problem.kind == ProblemKind::UnknownField && help.is_none() {
        help = help_for_field(name, &text.value[..place.start]);
    }
    let mut diagnostic = Diagnostic::error(code, &text.place, message).at(text.span_of(place));
    diagnostic.help = help;
    diagnostic
}

/// What to tell of a field that some objects of that kind have; `before` is the text in front of it.
fn help_for_field(name: &str, before: &str) -> Option<String> {
    let of = |object: &str| before.trim_end().trim_end_matches('.').ends_with(object);
    let help = match name {
        "item" | "index" if of("parent") => "only a step with `iterate_over` has it",
        "parent" if of("parent") => "that is the plan, which has no parent",
        "saved" | "saved_item" if of("context") => "an auth flow belongs to no poll and sees nothing saved",
        _ if of("saved") => "no step of this plan saves it: see `save`",
        _ if of("saved_item") => "this step saves it for no `key`: see `save`",
        _ => return None,
    };
    Some(help.to_owned())
}

/// If `text` holds what other tools write for a value (`{{config.x}}`, `{item.id}`): how to write it here.
pub(super) fn looks_like_other_template(text: &str) -> Option<String> {
    for (open, _) in text
        .match_indices('{')
        .filter(|(open, _)| !text[..*open].ends_with('$'))
    {
        let inside = text[open..].trim_start_matches('{').trim_start();
        let end =
            inside.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.' | '-' | '[' | ']'));
        let (expression, rest) = inside.split_at(end.unwrap_or(inside.len()));
        let root = expression.split(['.', '[']).next().unwrap_or_default();
        if rest.trim_start().starts_with('}') && root.len() < expression.len() && ROOTS.contains(&root) {
            return Some(format!("write `${{{expression}}}` for its value"));
        }
    }
    None
}
