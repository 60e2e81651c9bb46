//! What a record's fields may be together: exclusions, ranges, names. Called when a record has been read,
//! with the object it was read from.

use super::field::Spanned;
use super::limit::{Matching, RateLimit};
use super::read::{Reader, head, listed, shown};
use super::step::{CsvOptions, CursorSugar, DecoderOptions, Paginate, Plan, RetryRule, Sign, Step};
use super::{Definition, Http};
use crate::config;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::text::Place;
use crate::source::tree::{Kind, Node};

pub(super) fn definition(definition: &Definition, node: &Node, reader: &mut Reader<'_>) {
    path_name(&definition.integration, reader);
    for (field, what) in [
        ("auth", "an auth flow"),
        ("rate_limits", "a rate limit"),
        ("plans", "a plan"),
    ] {
        names(node, field, what, Names::Path, reader);
    }
    names(node, "values", "a value", Names::Field, reader);
    if node
        .get("plans")
        .is_none_or(|plans| matches!(&plans.value.kind, Kind::Object(plans) if plans.is_empty()))
    {
        let place = node.get("plans").map_or_else(
            || head_place(node, reader),
            super::super::source::tree::Member::key_place,
        );
        reader.report(
            Diagnostic::error(codes::FIELD_MISSING, &place, "the document has no plan")
                .with_help("add `plans:` with at least one plan, which says what is polled"),
        );
    }
    if let Some(schema) = &definition.config_schema {
        config::check_schema(&schema.value, &schema.node)
            .into_iter()
            .for_each(|found| reader.report(found));
    }
    if let Some(steps) = node
        .get("defaults")
        .and_then(|defaults| defaults.value.get("steps"))
    {
        reader.report(
            Diagnostic::error(
                codes::FIELD_VALUE,
                &steps.key_place(),
                "`defaults` cannot hold `steps`",
            )
            .with_help("put the steps under each plan that has them"),
        );
    }
}

pub(super) fn http(http: &Http, _: &Node, reader: &mut Reader<'_>) {
    range(http.redirects.as_ref(), 0, 50, reader);
}

pub(super) fn plan(plan: &Plan, node: &Node, reader: &mut Reader<'_>) {
    exclusive(node, &["wait", "schedule"], reader);
    range(plan.repeat_count.as_ref(), 1, u64::MAX, reader);
}

pub(super) fn step(step: &Step, node: &Node, reader: &mut Reader<'_>) {
    exclusive(node, &["body", "form", "graphql"], reader);
    exclusive(node, &["while", "next_url", "paginate"], reader);
    range(step.concurrency.as_ref(), 1, 10_000, reader);
    range(step.max_iterations.as_ref(), 1, u64::MAX, reader);
    range(step.max_retries.as_ref(), 0, MAX_RETRIES, reader);
    names(node, "vars", "a variable", Names::Field, reader);
    names(node, "save", "a saved field", Names::Field, reader);
    names(node, "steps", "a step", Names::Path, reader);
    if let Some(rules) = node.get("retry_when").map(|member| &member.value)
        && matches!(&rules.kind, Kind::Array(rules) if rules.is_empty())
    {
        reader.report(
            Diagnostic::error(codes::FIELD_VALUE, &rules.place, "the list of rules is empty")
                .with_help("add a rule, `- when: …`, or leave `retry_when` out"),
        );
    }
}

/// The most retries of one request.
const MAX_RETRIES: u64 = 1000;

pub(super) fn retry_rule(rule: &RetryRule, _: &Node, reader: &mut Reader<'_>) {
    range(rule.max_retries.as_ref(), 0, MAX_RETRIES, reader);
}

pub(super) fn paginate(_: &Paginate, node: &Node, reader: &mut Reader<'_>) {
    one_of(node, &["page", "offset", "cursor"], reader);
}

pub(super) fn cursor(cursor: &CursorSugar, node: &Node, reader: &mut Reader<'_>) {
    one_of(node, &["param", "header", "body"], reader);
    if let Some(path) = &cursor.body
        && path.value.split('.').any(str::is_empty)
    {
        let message = format!("`{}` is not a dotted path", shown(&path.value));
        let help = "name a field of the body, as `query.cursor`";
        reader.report(Diagnostic::error(codes::FIELD_VALUE, &path.place, message).with_help(help));
    }
}

pub(super) fn sign(_: &Sign, node: &Node, reader: &mut Reader<'_>) {
    one_of(node, &["aws_sigv4", "hmac"], reader);
}

pub(super) fn decoder(_: &DecoderOptions, node: &Node, reader: &mut Reader<'_>) {
    one_of(node, &["xml", "csv"], reader);
}

pub(super) fn csv(csv: &CsvOptions, _: &Node, reader: &mut Reader<'_>) {
    for text in csv.delimiter.iter().chain(&csv.quote) {
        if text.value.len() != 1 {
            let message = format!("`{}` is not one ASCII character", shown(&text.value));
            reader.report(Diagnostic::error(codes::FIELD_VALUE, &text.place, message));
        }
    }
}

pub(super) fn rate_limit(_: &RateLimit, node: &Node, reader: &mut Reader<'_>) {
    let has = |name| node.get(name).is_some();
    let window = if has("requests") { "requests" } else { "per" };
    exclusive(node, &[window, "windows"], reader);
    if has("windows") {
        return;
    }
    match (has("requests"), has("per")) {
        (true, false) => missing(
            node,
            "per",
            "say how long the interval is that `requests` counts in",
            reader,
        ),
        (false, true) => missing(
            node,
            "requests",
            "say how many requests go into that interval",
            reader,
        ),
        (false, false) if !has("concurrency") => {
            let place = head_place(node, reader);
            reader.report(
                Diagnostic::error(codes::FIELD_MISSING, &place, "the rate limit limits nothing")
                    .with_help("add `requests` and `per`, `windows`, or `concurrency`"),
            );
        }
        _ => {}
    }
}

pub(super) fn matching(_: &Matching, node: &Node, reader: &mut Reader<'_>) {
    let endpoint = if node.get("path").is_some() {
        "path"
    } else {
        "method"
    };
    one_of(node, &[endpoint, "step", "auth"], reader);
}

/// At most one of the fields may be there.
pub(super) fn exclusive(node: &Node, names: &[&str], reader: &mut Reader<'_>) {
    let mut present = names.iter().filter_map(|name| node.get(name));
    let Some(first) = present.next() else { return };
    for member in present {
        let message = format!("`{}` and `{}` exclude each other", member.name, first.name);
        let diagnostic = Diagnostic::error(codes::FIELD_EXCLUSIVE, &member.key_place(), message);
        reader.report(diagnostic.with_help("keep one of them"));
    }
}

/// Exactly one of the fields must be there.
pub(super) fn one_of(node: &Node, names: &[&str], reader: &mut Reader<'_>) {
    exclusive(node, names, reader);
    if names.iter().all(|name| node.get(name).is_none()) {
        let place = head_place(node, reader);
        let message = format!("one of {} is missing here", listed(names, "and"));
        reader.report(Diagnostic::error(codes::FIELD_MISSING, &place, message));
    }
}

/// Reports a field that another one calls for.
pub(super) fn missing(node: &Node, name: &str, help: &str, reader: &mut Reader<'_>) {
    let place = head_place(node, reader);
    let message = format!("the field `{name}` is missing here");
    reader.report(Diagnostic::error(codes::FIELD_MISSING, &place, message).with_help(help));
}

/// The first line of an object.
fn head_place(node: &Node, reader: &Reader<'_>) -> Place {
    Place {
        span: head(node, reader.text),
        pointer: node.place.pointer.clone(),
    }
}

fn range(figure: Option<&Spanned<u64>>, least: u64, most: u64, reader: &mut Reader<'_>) {
    let Some(figure) = figure else { return };
    let message = if figure.value < least {
        format!("{} is too small: at least {least}", figure.value)
    } else if figure.value > most {
        format!("{} is too large: at most {most}", figure.value)
    } else {
        return;
    };
    reader.report(Diagnostic::error(codes::FIELD_VALUE, &figure.place, message));
}

/// Where names stand, which says what they are made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    /// In paths and addresses: `plan/step`.
    Path,
    /// In expressions: `vars.name`.
    Field,
}

/// Checks the names of a map.
pub(super) fn names(node: &Node, field: &str, what: &str, kind: Names, reader: &mut Reader<'_>) {
    let Some(Kind::Object(members)) = node.get(field).map(|member| &member.value.kind) else {
        return;
    };
    for member in members.iter().filter(|member| !is_name(&member.name, kind)) {
        bad_name(&member.name, &member.key_place(), what, kind, reader);
    }
}

fn path_name(name: &Spanned<smol_str::SmolStr>, reader: &mut Reader<'_>) {
    if !is_name(&name.value, Names::Path) {
        bad_name(&name.value, &name.place, "an integration", Names::Path, reader);
    }
}

fn is_name(name: &str, kind: Names) -> bool {
    let is_start =
        |c: char| c.is_ascii_alphabetic() || c == '_' || (kind == Names::Path && c.is_ascii_digit());
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || (kind == Names::Path && c == '-');
    name.len() <= 64 && name.starts_with(is_start) && name.chars().all(is_part)
}

fn bad_name(name: &str, place: &Place, what: &str, kind: Names, reader: &mut Reader<'_>) {
    let message = format!("`{}` cannot be the name of {what}", shown(name));
    let rule = match kind {
        Names::Path => "letters, digits, `_` and `-`, a letter, digit or `_` first",
        Names::Field => "letters, digits and `_`, no digit first",
    };
    let help = format!("use {rule}; at most 64 characters");
    reader.report(Diagnostic::error(codes::FIELD_NAME, place, message).with_help(help));
}
