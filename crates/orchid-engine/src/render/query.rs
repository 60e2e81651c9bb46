//! Query parameters: nulls left out, arrays as the step writes them, everything percent-encoded.

use std::collections::HashSet;

use orchid_jmespath::value::{Kind as ValueKind, Value};
use orchid_plan::program::{ArrayParams, Tree};
use percent_encoding::utf8_percent_encode;
use smol_str::SmolStr;
use url::Url;

use super::{SEGMENT, definition};
use crate::fault::Fault;
use crate::scope::Root;
use crate::text::{self, Text};

#[derive(Default)]
pub(super) struct Query {
    /// Encoded name and value, and whether it is secret.
    pairs: Vec<(String, bool)>,
    /// Name and value as expressions see them.
    pub visible: Vec<(String, String)>,
    /// Of those that are secret.
    pub secret_names: Vec<String>,
}

impl Query {
    pub(super) fn push(&mut self, name: &str, value: &str, encoded: &str, secret: bool) {
        let pair = format!("{}={encoded}", utf8_percent_encode(name, SEGMENT));
        self.pairs.push((pair, secret));
        self.visible.push((name.to_owned(), value.to_owned()));
        if secret {
            self.secret_names.push(name.to_owned());
        }
    }

    pub(super) fn drop_secrets(&mut self) -> usize {
        let before = self.pairs.len();
        self.pairs.retain(|(_, secret)| !secret);
        self.secret_names.clear();
        before - self.pairs.len()
    }

    pub(super) fn append_to(&self, url: &mut Url) {
        if self.pairs.is_empty() {
            return;
        }
        let mut query = url
            .query()
            .filter(|query| !query.is_empty())
            .map(str::to_owned)
            .unwrap_or_default();
        for (pair, _) in &self.pairs {
            if !query.is_empty() {
                query.push('&');
            }
            query.push_str(pair);
        }
        url.set_query(Some(&query));
    }
}

pub(super) fn params(
    params: &[(SmolStr, Tree)],
    style: ArrayParams,
    root: &Root,
    url: &Url,
    query: &mut Query,
) -> Result<(), Fault> {
    if params.is_empty() {
        return Ok(());
    }
    let in_url: HashSet<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    for (name, tree) in params {
        let field = format!("params.{name}");
        let value = text::tree(&field, tree, root)?;
        if value.is_null() {
            continue;
        }
        if in_url.contains(name.as_str()) {
            return Err(definition(format!(
                "{field}: the URL has a query parameter of that name already"
            )));
        }
        if value.kind() != ValueKind::Array {
            let Text { text, secret } = text::into_text(&field, "", &value)?;
            query.push(name, &text, &encode(&text), secret);
            continue;
        }
        array(name, &field, &value, style, query)?;
    }
    Ok(())
}

fn array(name: &str, field: &str, value: &Value, style: ArrayParams, query: &mut Query) -> Result<(), Fault> {
    let texts: Result<Vec<Text>, Fault> = value
        .items()
        .map(|item| text::into_text(field, "", &item))
        .collect();
    let texts = texts?;
    match style {
        ArrayParams::Comma if texts.is_empty() => {}
        ArrayParams::Comma => {
            let plain: Vec<&str> = texts.iter().map(|t| t.text.as_str()).collect();
            let encoded: Vec<String> = plain.iter().map(|text| encode(text)).collect();
            query.push(
                name,
                &plain.join(","),
                &encoded.join(","),
                texts.iter().any(|t| t.secret),
            );
        }
        ArrayParams::Repeat => {
            for Text { text, secret } in &texts {
                query.push(name, text, &encode(text), *secret);
            }
        }
        ArrayParams::Brackets => {
            let name = format!("{name}[]");
            for Text { text, secret } in &texts {
                query.push(&name, text, &encode(text), *secret);
            }
        }
    }
    Ok(())
}

pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}
