//! What a flow adds to a request.

use jiff::Timestamp;
use orchid_jmespath::expression::Segment;
use orchid_jmespath::value::Value;
use orchid_plan::program::expressions::of_template;
use orchid_plan::program::{Flow, Template};
use smol_str::SmolStr;

use super::token::Token;
use super::{Credentials, scope};
use crate::fault::Fault;
use crate::ports::Header;
use crate::scope::Root;
use crate::text;

/// Fills the templates of `attach`. Entries whose whole value is null are left out.
pub(super) fn attach(
    flow: &Flow,
    token: Option<&Token>,
    root: &Value,
    now: Timestamp,
) -> Result<Credentials, Fault> {
    let auth = token.map_or(Value::NULL, |token| token.output.clone());
    let attach = &flow.attach;
    let mut credentials = Credentials::none(auth);
    if attach.headers.is_empty() && attach.params.is_empty() && attach.cookies.is_empty() {
        return Ok(credentials);
    }
    let root = Root::of(scope::with(root, &credentials.auth, None), now);
    let filled = |part: &str, templates: &[(SmolStr, Template)]| -> Result<Vec<(String, String)>, Fault> {
        let mut out = Vec::with_capacity(templates.len());
        for (name, template) in templates {
            let field = format!("auth.{}.attach.{part}.{name}", flow.name);
            if let Some(text) = text::text(&field, template, &root)? {
                out.push((name.to_string(), text.text));
            }
        }
        Ok(out)
    };
    let headers = filled("headers", &attach.headers)?;
    credentials.headers = headers
        .into_iter()
        .map(|(name, value)| Header {
            name,
            value,
            secret: true,
        })
        .collect();
    credentials.params = filled("params", &attach.params)?;
    credentials.cookies = filled("cookies", &attach.cookies)?;
    Ok(credentials)
}

/// The outputs that `attach` cannot do without: those its templates read.
pub(super) fn needs(flow: &Flow) -> Vec<SmolStr> {
    let mut expressions = Vec::new();
    for (_, template) in flow.attach.templates() {
        of_template(template, &mut |expression| expressions.push(expression));
    }
    let mut names = Vec::new();
    for expression in expressions {
        for path in expression.reads() {
            if let [Segment::Field(root), Segment::Field(name), ..] = path.0.as_slice()
                && root == "auth"
                && !names.contains(name)
            {
                names.push(name.clone());
            }
        }
    }
    names
}
