//! Reading records from the tree; every mistake becomes a diagnostic, and reading goes on.

use std::collections::HashSet;

use super::field::Spanned;
use super::record::{Choice, Field, Record, Row};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::text::{Place, ScalarKind, Text};
use crate::source::tree::{Kind, Member, Node};

/// Names that people bring from other tools, and what they are called here.
const OTHER_WORDS: [(&str, &str); 37] = [
    ("name", "integration"),
    ("config", "config_schema"),
    ("authentication", "auth"),
    ("rate_limit", "rate_limits"),
    ("limits", "rate_limits"),
    ("polls", "plans"),
    ("every", "wait"),
    ("interval", "wait"),
    ("cron", "schedule"),
    ("query", "params"),
    ("query_params", "params"),
    ("query_parameters", "params"),
    ("parameters", "params"),
    ("json", "body"),
    ("data", "body"),
    ("payload", "body"),
    ("verb", "method"),
    ("uri", "url"),
    ("path", "url"),
    ("endpoint", "url"),
    ("foreach", "iterate_over"),
    ("for_each", "iterate_over"),
    ("items", "iterate_over"),
    ("loop", "while"),
    ("if", "when"),
    ("condition", "when"),
    ("filter", "when"),
    ("until", "break_when"),
    ("stop_when", "break_when"),
    ("pagination", "paginate"),
    ("next", "next_url"),
    ("retries", "max_retries"),
    ("retry", "retry_when"),
    ("parallel", "concurrency"),
    ("variables", "vars"),
    ("state", "save"),
    ("children", "steps"),
];

/// Fields that only a plan has.
const PLAN_FIELDS: [&str; 7] = [
    "wait",
    "schedule",
    "jitter",
    "repeat_count",
    "run_timeout",
    "enabled",
    "window",
];

/// Mistakes that are reported of one document.
const MAX_DIAGNOSTICS: usize = 500;

/// Collects diagnostics while a definition is read.
pub(crate) struct Reader<'a> {
    /// The document's text, for help that shows it.
    pub(crate) text: &'a str,
    /// What is wrong so far.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Reader<'_> {
    /// Reads one field of an object.
    pub(crate) fn field<T: Field>(&mut self, node: &Node, name: &'static str) -> Option<T> {
        match node.get(name) {
            Some(member) => T::read(&member.value, self).or_else(T::absent),
            None => T::absent().or_else(|| {
                let place = Place {
                    span: head(node, self.text),
                    pointer: node.place.pointer.clone(),
                };
                self.report(Diagnostic::error(
                    codes::FIELD_MISSING,
                    &place,
                    format!("the field `{name}` is missing here"),
                ));
                None
            }),
        }
    }

    /// Reads an object with a closed list of fields.
    pub(crate) fn record<R: Record>(&mut self, node: &Node) -> Option<R> {
        let Kind::Object(members) = &node.kind else {
            let names: Vec<&str> = R::rows().iter().map(|row| row.name).collect();
            let help = (names.len() <= 8).then(|| format!("its fields are {}", listed(&names, "and")));
            self.wrong_type(node, "an object", help);
            return None;
        };
        let rows = R::rows();
        let known: HashSet<&str> = rows.iter().map(|row| row.name).collect();
        for member in members
            .iter()
            .filter(|member| !known.contains(member.name.as_str()))
        {
            self.unknown_field(member, R::NAME, &rows);
        }
        let record = R::read_fields(node, self)?;
        record.check(node, self);
        Some(record)
    }

    /// Reads one of a closed list of words.
    pub(crate) fn choice<C: Choice>(&mut self, node: &Node) -> Option<Spanned<C>> {
        let words: Vec<&str> = C::WORDS.iter().map(|(word, ..)| *word).collect();
        let Some(text) = as_text(node) else {
            self.wrong_type(node, &listed(&words, "or"), None);
            return None;
        };
        let found = C::WORDS.iter().find(|(word, ..)| *word == text.value);
        let Some((.., value)) = found else {
            let is_none_of = if words.len() > 1 { "none of" } else { "not" };
            let message = format!(
                "`{}` is {is_none_of} {}",
                shown(&text.value),
                listed(&words, "and")
            );
            let help = nearest(&text.value, &words).map(|word| format!("did you mean `{word}`?"));
            self.report(with_help(
                Diagnostic::error(codes::FIELD_VALUE, &text.place, message),
                help,
            ));
            return None;
        };
        Some(Spanned {
            value: *value,
            place: node.place.clone(),
        })
    }

    /// Says what was expected and what was found.
    pub(crate) fn wrong_type(&mut self, node: &Node, expected: &str, help: Option<String>) {
        let place = Place {
            span: head(node, self.text),
            pointer: node.place.pointer.clone(),
        };
        let message = format!("expected {expected}, found {}", node.describe());
        self.report(with_help(
            Diagnostic::error(codes::FIELD_TYPE, &place, message),
            help,
        ));
    }

    /// Adds a diagnostic, unless there are very many already.
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        }
    }

    fn unknown_field(&mut self, member: &Member, record: &str, rows: &[Row]) {
        if self.diagnostics.len() >= MAX_DIAGNOSTICS {
            return;
        }
        let name = member.name.as_str();
        let known: Vec<&str> = rows.iter().map(|row| row.name).collect();
        let message = format!("unknown field `{}`", shown(name));
        let help = if record == "Step" && PLAN_FIELDS.contains(&name) {
            format!("only a plan has `{name}`; move it to the plan")
        } else if let Some(near) = nearest(name, &known) {
            format!("did you mean `{near}`?")
        } else if let Some(word) = other_word(name, &known) {
            format!("it is called `{word}` here")
        } else if let Some(header) = known
            .contains(&"headers")
            .then_some(name)
            .filter(|name| is_header_like(name))
        {
            format!("a header belongs under `headers`: `headers: {{ {header}: … }}`")
        } else if known.len() <= 12 {
            format!("the fields here are {}", listed(&known, "and"))
        } else {
            "see the reference for the fields of this object".to_owned()
        };
        let diagnostic = Diagnostic::error(codes::FIELD_UNKNOWN, &member.key_place(), message);
        self.report(diagnostic.with_help(help));
    }
}

/// The text of a scalar that is text.
pub(crate) fn as_text(node: &Node) -> Option<&Text> {
    match &node.kind {
        Kind::Scalar(text) if text.kind == ScalarKind::String => Some(text),
        _ => None,
    }
}

/// Where a value starts: all of a scalar, the first line of anything longer.
pub(crate) fn head(node: &Node, text: &str) -> std::ops::Range<usize> {
    let span = node.place.span.clone();
    let first_line = text.get(span.clone()).and_then(|text| text.find('\n'));
    span.start..first_line.map_or(span.end, |length| span.start + length)
}

/// The known name that is nearest to `name`, if one is near.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    if name.len() > 64 {
        return None;
    }
    let plain = name.to_ascii_lowercase().replace(['-', ' '], "_");
    let most = (plain.chars().count() / 3).clamp(1, 3);
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&plain, known), *known))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// `a, b or c`.
pub(crate) fn listed(words: &[&str], last: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
    }
}

/// A piece of the document for a message, shortened.
pub(crate) fn shown(text: &str) -> String {
    crate::source::shown(text)
}

pub(crate) fn with_help(diagnostic: Diagnostic, help: Option<String>) -> Diagnostic {
    match help {
        Some(help) => diagnostic.with_help(help),
        None => diagnostic,
    }
}

fn other_word(name: &str, known: &[&str]) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    OTHER_WORDS
        .iter()
        .find(|(other, word)| *other == name && known.contains(word))
        .map(|(_, word)| *word)
}

fn is_header_like(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "authorization" | "accept" | "content-type" | "cookie"
    ) || name.to_ascii_lowercase().starts_with("x-")
}
