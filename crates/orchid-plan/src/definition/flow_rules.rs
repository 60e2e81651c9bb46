//! Which fields each kind of auth flow takes and needs, and what a flow's requests cannot have.

use super::auth::{ClientAuth, Flow, FlowStep, FlowType};
use super::read::{Reader, listed};
use super::record::Choice;
use super::rules::{Names, exclusive, missing, names, one_of};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::tree::{Kind, Node};

/// Fields of the general flow, which every kind takes too.
const GENERAL: [&str; 12] = [
    "request",
    "steps",
    "output",
    "refresh",
    "expires_in",
    "expires_at",
    "ttl",
    "skew",
    "cached_by",
    "public",
    "attach",
    "rotates",
];

/// Fields of an OAuth client.
const CLIENT: [&str; 10] = [
    "token_url",
    "client_id",
    "client_secret",
    "client_auth",
    "scopes",
    "audience",
    "extra",
    "key",
    "algorithm",
    "key_id",
];

/// Step fields that the request of a flow cannot have: it is made once, by itself, and gives nothing but a token.
const NOT_IN_REQUESTS: [&str; 22] = [
    "auth",
    "iterate_over",
    "concurrency",
    "when",
    "unique_by",
    "while",
    "next_url",
    "paginate",
    "break_when",
    "loop_wait",
    "loop_timeout",
    "max_iterations",
    "vars",
    "skip_when",
    "refresh_when",
    "on_error",
    "save",
    "emit",
    "topic",
    "key",
    "priority",
    "steps",
];

/// The fields that a kind takes besides the general ones, and those of them that it needs.
fn fields_of(kind: FlowType) -> (Vec<&'static str>, &'static [&'static str]) {
    let client = |more: &[&'static str]| [&CLIENT, more].concat();
    match kind {
        FlowType::ApiKey => (vec!["header", "query", "cookie", "value"], &["value"]),
        FlowType::Bearer => (vec!["token"], &["token"]),
        FlowType::Basic => (vec!["username", "password"], &["username"]),
        FlowType::Oauth2ClientCredentials => (client(&[]), &["token_url", "client_id"]),
        FlowType::Oauth2Password => (
            client(&["username", "password"]),
            &["token_url", "client_id", "username", "password"],
        ),
        FlowType::Oauth2RefreshToken => (
            client(&["refresh_token"]),
            &["token_url", "client_id", "refresh_token"],
        ),
        FlowType::Oauth2JwtBearer => (
            vec![
                "token_url",
                "claims",
                "key",
                "algorithm",
                "headers",
                "scopes",
                "extra",
            ],
            &["token_url", "claims", "key", "algorithm"],
        ),
        FlowType::Jwt => (
            vec!["claims", "key", "algorithm", "headers"],
            &["claims", "key", "algorithm"],
        ),
    }
}

pub(super) fn flow(flow: &Flow, node: &Node, reader: &mut Reader<'_>) {
    let Kind::Object(members) = &node.kind else { return };
    match &flow.r#type {
        Some(kind) => {
            let (takes, needs) = fields_of(kind.value);
            let kind_name = kind.value.as_str();
            let foreign = members.iter().filter(|member| {
                let name = member.name.as_str();
                is_flow_field(name) && !takes.contains(&name) && !GENERAL.contains(&name)
            });
            for member in foreign {
                let message = format!("a flow of type `{kind_name}` has no field `{}`", member.name);
                let help = format!("its own fields are {}", listed(&takes, "and"));
                reader.report(
                    Diagnostic::error(codes::FIELD_UNKNOWN, &member.key_place(), message).with_help(help),
                );
            }
            for name in needs.iter().filter(|name| node.get(name).is_none()) {
                missing(
                    node,
                    name,
                    &format!("a flow of type `{kind_name}` needs it"),
                    reader,
                );
            }
            check_kind(flow, kind.value, node, reader);
        }
        // A `type` that could not be read has been reported.
        None if node.get("type").is_some() => {}
        None => check_general(node, reader),
    }
    exclusive(node, &["expires_in", "expires_at"], reader);
    names(node, "output", "an output", Names::Field, reader);
    check_request(node, "request", reader);
    check_request(node, "refresh", reader);
}

pub(super) fn flow_step(_: &FlowStep, node: &Node, reader: &mut Reader<'_>) {
    names(node, "output", "an output", Names::Field, reader);
    check_request(node, "request", reader);
}

fn check_general(node: &Node, reader: &mut Reader<'_>) {
    let Kind::Object(members) = &node.kind else { return };
    let mut is_of_a_kind = false;
    for member in members.iter().filter(|member| is_flow_field(&member.name)) {
        let kinds: Vec<&str> = FlowType::WORDS
            .iter()
            .filter(|(.., kind)| fields_of(*kind).0.contains(&member.name.as_str()))
            .map(|(word, ..)| *word)
            .collect();
        if kinds.is_empty() {
            continue;
        }
        is_of_a_kind = true;
        let message = format!("a flow without `type` has no field `{}`", member.name);
        let help = format!("add `type`: {}", listed(&kinds, "or"));
        reader.report(Diagnostic::error(codes::FIELD_UNKNOWN, &member.key_place(), message).with_help(help));
    }
    if node.get("attach").is_none() && !is_of_a_kind {
        missing(
            node,
            "attach",
            "say what a request gets, as `attach: { headers: … }`, or give a `type`",
            reader,
        );
    }
    if node.get("output").is_some() && node.get("request").is_none() && node.get("steps").is_none() {
        missing(node, "request", "`output` is taken from its response", reader);
    }
}

fn check_kind(flow: &Flow, kind: FlowType, node: &Node, reader: &mut Reader<'_>) {
    if kind == FlowType::ApiKey {
        one_of(node, &["header", "query", "cookie"], reader);
    }
    let is_client = matches!(
        kind,
        FlowType::Oauth2ClientCredentials | FlowType::Oauth2Password | FlowType::Oauth2RefreshToken
    );
    if !is_client {
        return;
    }
    if flow
        .client_auth
        .as_ref()
        .is_some_and(|auth| auth.value == ClientAuth::PrivateKeyJwt)
    {
        for name in ["key", "algorithm"]
            .iter()
            .filter(|name| node.get(name).is_none())
        {
            missing(node, name, "`client_auth: private_key_jwt` needs it", reader);
        }
        exclusive(node, &["key", "client_secret"], reader);
        return;
    }
    if kind == FlowType::Oauth2ClientCredentials && node.get("client_secret").is_none() {
        missing(
            node,
            "client_secret",
            "the client proves with it who it is",
            reader,
        );
    }
    for member in ["key", "algorithm", "key_id"]
        .iter()
        .filter_map(|name| node.get(name))
    {
        let message = format!(
            "`{}` is only read with `client_auth: private_key_jwt`",
            member.name
        );
        reader.report(Diagnostic::error(
            codes::FIELD_EXCLUSIVE,
            &member.key_place(),
            message,
        ));
    }
}

/// Checks the request of a flow, which is a step with fewer fields.
fn check_request(node: &Node, field: &str, reader: &mut Reader<'_>) {
    let Some(Kind::Object(members)) = node.get(field).map(|member| &member.value.kind) else {
        return;
    };
    for member in members
        .iter()
        .filter(|member| NOT_IN_REQUESTS.contains(&member.name.as_str()))
    {
        let message = format!("the request of an auth flow cannot have `{}`", member.name);
        reader.report(
            Diagnostic::error(codes::FIELD_VALUE, &member.key_place(), message)
                .with_help("it is made once, by itself, and gives nothing but the flow's output"),
        );
    }
}

/// Whether some kind of flow has that field; what no flow has is reported as unknown already.
fn is_flow_field(name: &str) -> bool {
    FlowType::WORDS
        .iter()
        .any(|(.., kind)| fields_of(*kind).0.contains(&name))
}
