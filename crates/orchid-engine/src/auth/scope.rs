//! What a flow's expressions see, and their evaluation with faults that name field and expression.

use jiff::Timestamp;
use orchid_jmespath::expression::{Env, Expression, Rules};
use orchid_jmespath::value::Value;
use orchid_plan::program::{Part, Template};
use smol_str::SmolStr;

use crate::fault::{Fault, Kind};

/// `root` with `auth` and, once it came, `response`.
pub(super) fn with(root: &Value, auth: &Value, response: Option<&Value>) -> Value {
    let mut entries: Vec<(SmolStr, Value)> = root
        .entries()
        .filter(|(name, _)| *name != "auth" && *name != "response")
        .map(|(name, value)| (SmolStr::new(name), value))
        .collect();
    entries.push((SmolStr::new_static("auth"), auth.clone()));
    if let Some(response) = response {
        entries.push((SmolStr::new_static("response"), response.clone()));
    }
    Value::object(entries)
}

/// An expression's value.
pub(super) fn evaluate(
    field: &str,
    expression: &Expression,
    root: &Value,
    now: Timestamp,
) -> Result<Value, Fault> {
    let env = Env {
        now,
        random: Some(&crate::scope::random),
        rules: Rules::Lenient,
    };
    expression.evaluate(root, &env).map_err(|error| {
        let hint = error
            .help
            .as_ref()
            .map(|help| format!(" ({help})"))
            .unwrap_or_default();
        Fault::new(
            Kind::Expression,
            format!("{field}: {error} in `{}`{hint}", expression.source()),
        )
    })
}

/// A template's value: a whole `${…}` keeps its type, anything mixed is text.
pub(super) fn value(field: &str, template: &Template, root: &Value, now: Timestamp) -> Result<Value, Fault> {
    let parts = match template {
        Template::Literal(value) => return Ok(value.clone()),
        Template::Whole(expression) => return evaluate(field, expression, root, now),
        Template::Mixed(parts) => parts,
    };
    let mut text = String::new();
    let mut secret = false;
    for part in parts {
        match part {
            Part::Text(literal) => text.push_str(literal),
            Part::Expression(expression) => {
                let value = evaluate(field, expression, root, now)?;
                secret |= value.is_secret();
                text.push_str(&value.to_text().ok_or_else(|| not_text(field))?);
            }
        }
    }
    let value = Value::from(text);
    Ok(if secret { value.into_secret() } else { value })
}

/// A template's text; `None` where its whole value is null.
pub(super) fn text(
    field: &str,
    template: &Template,
    root: &Value,
    now: Timestamp,
) -> Result<Option<String>, Fault> {
    let value = value(field, template, root, now)?;
    if value.is_null() {
        return Ok(None);
    }
    value.to_text().map(Some).ok_or_else(|| not_text(field))
}

/// The expressions of a template.
pub(super) fn expressions(template: &Template) -> impl Iterator<Item = &Expression> {
    let (whole, parts) = match template {
        Template::Literal(_) => (None, &[][..]),
        Template::Whole(expression) => (Some(expression), &[][..]),
        Template::Mixed(parts) => (None, parts.as_slice()),
    };
    whole
        .into_iter()
        .chain(parts.iter().filter_map(|part| match part {
            Part::Expression(expression) => Some(expression),
            Part::Text(_) => None,
        }))
}

fn not_text(field: &str) -> Fault {
    Fault::new(
        Kind::Definition,
        format!("{field}: an array or object cannot be put into text"),
    )
}
