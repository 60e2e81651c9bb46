//! Kinds of auth flows as the general flow that they stand for.

use indexmap::IndexMap;
use smol_str::SmolStr;

use super::defaults;
use super::expression;
use super::made::At;
use crate::definition::auth::{Attach, ClientAuth, Flow, FlowType, Scopes};
use crate::definition::field::{Map, TemplateText, TemplateTree};
use crate::definition::step::Step;
use crate::source::text::{Place, ScalarKind};

/// How long a signed token lives where nothing says so, in seconds (RFC 7523 asks for a short time).
const TOKEN_SECONDS: u64 = 300;

/// Expands a flow's `type`, and fills in what its requests leave out.
pub(super) fn expand<T>(flow: &mut Flow, values: &Map<T>) {
    if let Some(kind) = flow.r#type.take() {
        expand_kind(flow, kind.value, values);
        clear_kind_fields(flow);
    }
    let steps = flow.steps.iter_mut().flatten().map(|step| &mut step.request);
    for request in flow.request.iter_mut().chain(&mut flow.refresh).chain(steps) {
        defaults::fill_request(request);
    }
    if flow.request.is_some() && flow.skew.is_none() {
        flow.skew = Some(At(&flow.place).template("60s"));
    }
}

fn expand_kind<T>(flow: &mut Flow, kind: FlowType, values: &Map<T>) {
    let place = flow.place.clone();
    let at = At(&place);
    match kind {
        FlowType::ApiKey => attach_key(flow),
        FlowType::Bearer => {
            if let Some(token) = flow.token.clone() {
                attach_header(
                    flow,
                    "Authorization",
                    TemplateText(token.0.with_prefix("Bearer ")),
                );
            }
        }
        FlowType::Basic => {
            let user = flow
                .username
                .as_ref()
                .map_or_else(|| "''".to_owned(), expression::of_template);
            let password = flow
                .password
                .as_ref()
                .map_or_else(|| "''".to_owned(), expression::of_template);
            let value = format!("Basic ${{base64(concat({user}, ':', default({password}, '')))}}");
            attach_header(flow, "Authorization", at.template(value));
        }
        FlowType::Oauth2ClientCredentials => {
            let form = [("grant_type", Some(at.template("client_credentials")))];
            let form = client_form(flow, &form, values);
            request_token(flow, form);
        }
        FlowType::Oauth2Password => {
            let form = [
                ("grant_type", Some(at.template("password"))),
                ("username", flow.username.clone()),
                ("password", flow.password.clone()),
            ];
            let form = client_form(flow, &form, values);
            request_token(flow, form);
        }
        FlowType::Oauth2RefreshToken => {
            let form = [
                ("grant_type", Some(at.template("refresh_token"))),
                ("refresh_token", flow.refresh_token.clone()),
            ];
            let form = client_form(flow, &form, values);
            flow.rotates = flow.rotates.take().or_else(|| rotated_secret(flow));
            add_output(flow, "refresh_token", "response.body.refresh_token");
            request_token(flow, form);
        }
        FlowType::Oauth2JwtBearer => {
            let assertion = signed_token(flow, TOKEN_SECONDS);
            let form = [
                (
                    "grant_type",
                    Some(at.template("urn:ietf:params:oauth:grant-type:jwt-bearer")),
                ),
                ("assertion", Some(at.template(format!("${{{assertion}}}")))),
                ("scope", flow.scopes.as_ref().map(scope)),
            ];
            let form = form_of(at, &form, &flow.extra);
            request_token(flow, form);
        }
        FlowType::Jwt => {
            let seconds = flow
                .ttl
                .take()
                .and_then(|ttl| ttl.duration())
                .map_or(TOKEN_SECONDS, |ttl| ttl.as_secs());
            let token = signed_token(flow, seconds);
            attach_header(flow, "Authorization", at.template(format!("Bearer ${{{token}}}")));
        }
    }
}

fn attach_key(flow: &mut Flow) {
    let Some(value) = flow.value.clone() else { return };
    if let Some(header) = flow.header.clone() {
        attach_header(flow, &header.value, value);
    } else if let Some(query) = flow.query.clone() {
        let entry = At(&query.place).entry(value);
        attach(flow).params.entry(query.value).or_insert(entry);
    } else if let Some(cookie) = flow.cookie.clone() {
        let entry = At(&cookie.place).entry(value);
        attach(flow).cookies.entry(cookie.value).or_insert(entry);
    }
}

/// Adds a header unless the author attaches one of that name.
fn attach_header(flow: &mut Flow, name: &str, value: TemplateText) {
    let entry = At(&value.0.place.clone()).entry(value);
    let headers = &mut attach(flow).headers;
    if !headers.keys().any(|own| own.eq_ignore_ascii_case(name)) {
        headers.insert(SmolStr::from(name), entry);
    }
}

fn attach(flow: &mut Flow) -> &mut Attach {
    let place = flow.place.clone();
    flow.attach.get_or_insert_with(|| Attach {
        headers: IndexMap::new(),
        params: IndexMap::new(),
        cookies: IndexMap::new(),
        place,
    })
}

fn add_output(flow: &mut Flow, name: &str, source: &str) {
    let place = flow.place.clone();
    let at = At(&place);
    flow.output
        .entry(SmolStr::from(name))
        .or_insert_with(|| at.entry(at.expression(source)));
}

/// The request that sends `form` to the token endpoint, and what is kept of its answer (RFC 6749, section 5.1).
fn request_token(flow: &mut Flow, form: Map<TemplateTree>) {
    let place = flow.place.clone();
    let at = At(&place);
    let mut made = at.step();
    made.method = Some(at.template("POST"));
    made.url.clone_from(&flow.token_url);
    made.form = Some(form);
    made.headers
        .insert(SmolStr::from("Accept"), at.entry(at.template("application/json")));
    if let Some(credentials) = basic_credentials(flow) {
        made.headers
            .insert(SmolStr::from("Authorization"), at.entry(at.template(credentials)));
    }
    // Some servers answer 200 to a refusal; where the author says what the token is, that is theirs to judge.
    if !flow.output.contains_key("token") {
        let success = "response.status_code < 300 && response.body.access_token != null";
        made.success_when = Some(at.expression(success));
    }
    flow.request = Some(match flow.request.take() {
        Some(own) => merge_request(own, &made),
        None => made,
    });
    add_output(flow, "token", "response.body.access_token");
    if flow.expires_in.is_none() && flow.expires_at.is_none() {
        flow.expires_in = Some(at.expression("response.body.expires_in"));
    }
    attach_header(flow, "Authorization", at.template("Bearer ${auth.token}"));
}

/// The author's own request fields over the made ones; the form merges by name.
fn merge_request(mut own: Step, made: &Step) -> Step {
    if let (Some(own), Some(made)) = (&mut own.form, &made.form) {
        let mut merged = made.clone();
        merged.extend(own.drain(..));
        *own = merged;
    }
    defaults::inherit_one(&mut own, made);
    own
}

/// Id and secret as basic credentials, each form-encoded first (RFC 6749, section 2.3.1).
fn basic_credentials(flow: &Flow) -> Option<String> {
    if client_auth(flow) != ClientAuth::Basic {
        return None;
    }
    let id = expression::of_template(flow.client_id.as_ref()?);
    let secret = expression::of_template(flow.client_secret.as_ref()?);
    Some(format!(
        "Basic ${{base64(concat(url_encode({id}), ':', url_encode({secret})))}}"
    ))
}

fn client_auth(flow: &Flow) -> ClientAuth {
    flow.client_auth
        .as_ref()
        .map_or(ClientAuth::Basic, |auth| auth.value)
}

/// A grant's form with what says who the client is.
fn client_form<T>(flow: &Flow, grant: &[(&str, Option<TemplateText>)], values: &Map<T>) -> Map<TemplateTree> {
    let at = At(&flow.place);
    let mut fields: Vec<(&str, Option<TemplateText>)> = grant.to_vec();
    match client_auth(flow) {
        // A public client has no secret and only says its name (RFC 6749, section 3.2.1).
        ClientAuth::Basic if flow.client_secret.is_some() => {}
        ClientAuth::Basic | ClientAuth::Post => {
            fields.push(("client_id", flow.client_id.clone()));
            fields.push(("client_secret", flow.client_secret.clone()));
        }
        ClientAuth::PrivateKeyJwt => {
            let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            fields.push(("client_id", flow.client_id.clone()));
            fields.push(("client_assertion_type", Some(at.template(kind))));
            fields.push((
                "client_assertion",
                Some(at.template(format!("${{{}}}", client_assertion(flow, values)))),
            ));
        }
    }
    fields.push(("scope", flow.scopes.as_ref().map(scope)));
    fields.push(("audience", flow.audience.clone()));
    form_of(at, &fields, &flow.extra)
}

fn form_of(
    at: At<'_>,
    fields: &[(&str, Option<TemplateText>)],
    extra: &Map<TemplateText>,
) -> Map<TemplateTree> {
    let fields = fields
        .iter()
        .filter_map(|(name, value)| Some((SmolStr::from(*name), TemplateTree::Leaf(value.clone()?))));
    let mut form = at.map(fields);
    for (name, entry) in extra {
        form.insert(
            name.clone(),
            At(&entry.key).entry(TemplateTree::Leaf(entry.value.clone())),
        );
    }
    form
}

/// Scopes as one text with spaces between (RFC 6749, section 3.3).
fn scope(scopes: &Scopes) -> TemplateText {
    match scopes {
        Scopes::Text(text) => text.clone(),
        Scopes::List(list, place) => {
            let joined: Vec<&str> = list.iter().map(|scope| scope.0.value.as_str()).collect();
            At(place).template(joined.join(" "))
        }
    }
}

/// The token by which a client says who it is (RFC 7523, sections 2.2 and 3).
fn client_assertion<T>(flow: &Flow, values: &Map<T>) -> String {
    let or_null = |template: &Option<TemplateText>| {
        template
            .as_ref()
            .map_or_else(|| "null".to_owned(), expression::of_template)
    };
    let id = or_null(&flow.client_id);
    let audience = flow
        .token_url
        .as_ref()
        .map_or_else(|| "null".to_owned(), |url| expression::of_url(url, values));
    let claims = [
        ("iss", id.clone()),
        ("sub", id),
        ("aud", audience),
        ("iat", ISSUED.to_owned()),
        ("exp", format!("{ISSUED} + {TOKEN_SECONDS}")),
        ("jti", "uuid()".to_owned()),
    ];
    let claims = expression::of_entries(claims.map(|(name, value)| (SmolStr::from(name), value)));
    let (key, algorithm) = (or_null(&flow.key), or_null(&flow.algorithm));
    match &flow.key_id {
        Some(kid) => format!(
            "jwt_sign({claims}, {key}, {algorithm}, {{\"kid\": {}}})",
            expression::of_template(kid)
        ),
        None => format!("jwt_sign({claims}, {key}, {algorithm})"),
    }
}

/// Now, in seconds since 1970.
const ISSUED: &str = "format_time(now(), 'epoch')";

/// The token that a flow signs itself: its claims, and `iat`, `exp`, `jti` unless they are given.
fn signed_token(flow: &Flow, seconds: u64) -> String {
    let added = [
        ("iat", ISSUED.to_owned()),
        ("exp", format!("{ISSUED} + {seconds}")),
        ("jti", "uuid()".to_owned()),
    ];
    let claims = match &flow.claims {
        Some(TemplateTree::Object(given, _)) => {
            let added = added
                .into_iter()
                .map(|(name, value)| (SmolStr::from(name), value));
            let added = added.filter(|(name, _)| !given.contains_key(name));
            let given = given
                .iter()
                .map(|(name, entry)| (name.clone(), expression::of_tree(&entry.value)));
            expression::of_entries(given.chain(added))
        }
        other => {
            let added = expression::of_entries(
                added
                    .into_iter()
                    .map(|(name, value)| (SmolStr::from(name), value)),
            );
            match other {
                Some(whole) => format!("merge({added}, {})", expression::of_tree(whole)),
                None => added,
            }
        }
    };
    let or_null = |template: &Option<TemplateText>| {
        template
            .as_ref()
            .map_or_else(|| "null".to_owned(), expression::of_template)
    };
    let (key, algorithm) = (or_null(&flow.key), or_null(&flow.algorithm));
    if flow.headers.is_empty() {
        return format!("jwt_sign({claims}, {key}, {algorithm})");
    }
    let headers = flow
        .headers
        .iter()
        .map(|(name, entry)| (name.clone(), expression::of_template(&entry.value)));
    format!(
        "jwt_sign({claims}, {key}, {algorithm}, {})",
        expression::of_entries(headers)
    )
}

/// The config secret that a rotated refresh token is stored in: that of `${config.NAME}`.
fn rotated_secret(flow: &Flow) -> Option<crate::definition::field::Spanned<SmolStr>> {
    let text = &flow.refresh_token.as_ref()?.0;
    let name = text
        .value
        .trim()
        .strip_prefix("${")?
        .strip_suffix('}')?
        .trim()
        .strip_prefix("config.")?;
    let is_name = text.kind == ScalarKind::String && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| At(&text.place).spanned(SmolStr::from(name)))
}

/// Takes away the fields of a kind, which the general flow does not have.
fn clear_kind_fields(flow: &mut Flow) {
    let place = std::mem::take(&mut flow.place);
    *flow = Flow {
        request: flow.request.take(),
        steps: flow.steps.take(),
        output: std::mem::take(&mut flow.output),
        refresh: flow.refresh.take(),
        expires_in: flow.expires_in.take(),
        expires_at: flow.expires_at.take(),
        ttl: flow.ttl.take(),
        skew: flow.skew.take(),
        cached_by: flow.cached_by.take(),
        public: flow.public.take(),
        attach: flow.attach.take(),
        rotates: flow.rotates.take(),
        ..empty_flow(place)
    };
}

fn empty_flow(place: Place) -> Flow {
    Flow {
        r#type: None,
        header: None,
        query: None,
        cookie: None,
        value: None,
        token: None,
        username: None,
        password: None,
        token_url: None,
        client_id: None,
        client_secret: None,
        client_auth: None,
        scopes: None,
        audience: None,
        extra: IndexMap::new(),
        refresh_token: None,
        claims: None,
        key: None,
        algorithm: None,
        key_id: None,
        headers: IndexMap::new(),
        request: None,
        steps: None,
        output: IndexMap::new(),
        refresh: None,
        expires_in: None,
        expires_at: None,
        ttl: None,
        skew: None,
        cached_by: None,
        public: None,
        attach: None,
        rotates: None,
        place,
    }
}
