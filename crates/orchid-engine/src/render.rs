//! A step's templates to one request (language, section 2). Pure.
//!
//! Whatever is missing, malformed or too large is a fault of kind `definition` that names the field. What came
//! from a secret, and what a flow attaches, is marked as a credential: it goes to the step's own origin only.

use std::sync::Arc;

use bytes::Bytes;
use orchid_jmespath::value::{Kind as ValueKind, Value};
use orchid_plan::program::{Body, Step, Tree, UrlHole, UrlPart};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use smol_str::SmolStr;
use url::Url;

use crate::auth::Credentials;
use crate::fault::{Fault, Kind};
use crate::ports::{Header, Outgoing};
use crate::scope::Root;
use crate::text::{self, Text};

mod query;

use query::{Query, encode, params};

/// All but the unreserved characters of RFC 3986, 2.3.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const PATH: &AsciiSet = &SEGMENT.remove(b'/');

/// A request and what expressions may see of it.
#[derive(Debug)]
pub(crate) struct Rendered {
    pub outgoing: Outgoing,
    /// `response.request.params`: what was appended to the URL, without a flow's.
    pub params: Vec<(String, String)>,
    /// Query parameters whose values are credentials.
    pub secret_params: Vec<String>,
    /// Whether credentials were left away.
    pub without_credentials: bool,
    /// What the request is, without its credentials: two that are equal ask the same.
    pub fingerprint: u64,
}

/// What a request is built from, besides the step.
pub(crate) struct Ingredients<'a> {
    pub root: &'a Root,
    /// The URL of the next page, in place of the step's URL and params.
    pub next_url: Option<&'a Url>,
    pub credentials: &'a Credentials,
    pub allowed_hosts: &'a Arc<[String]>,
    pub redirects: u32,
    /// Whether credentials may go to this URL.
    pub trusts: &'a dyn Fn(&Url) -> bool,
}

/// Builds one request.
pub(crate) fn render(step: &Step, with: &Ingredients<'_>) -> Result<Rendered, Fault> {
    let root = with.root;
    let request = &step.request;
    let mut secret_query = false;
    let mut query = Query::default();
    let mut url = if let Some(url) = with.next_url {
        url.clone()
    } else {
        let (url, secret) = url(&request.url.parts, root)?;
        secret_query |= secret;
        params(&request.params, request.array_params, root, &url, &mut query)?;
        url
    };
    let trusted = (with.trusts)(&url);
    let mut headers = headers(step, root)?;
    let (mut body, secret_body) = body(&request.body, root, &mut headers)?;
    let mut fingerprint = Fingerprint::default();
    let left_out = if trusted {
        0
    } else {
        query.drop_secrets() + drop_secrets(&mut headers)
    };
    secret_query |= !query.secret_names.is_empty();
    query.append_to(&mut url);
    let method = method(step, root, body.is_some())?;
    fingerprint.add(&method, &url, &headers, body.as_ref());
    let mut without_credentials = left_out > 0;
    if trusted {
        secret_query |= attach(with.credentials, &mut url, &mut headers)?;
    } else {
        without_credentials |= !with.credentials.is_empty();
    }
    if secret_body && !trusted {
        let message =
            "body: holds a secret, but the URL's origin came out of a response and is not the plan's";
        return Err(definition(message));
    }
    if let Some(bytes) = &body
        && bytes.len() as u64 > step.max_request_bytes
    {
        let message = format!(
            "body: {} bytes; max_request_bytes is {}",
            bytes.len(),
            step.max_request_bytes
        );
        return Err(definition(message));
    }
    let mut outgoing = Outgoing::new(method, url);
    outgoing.headers = headers;
    outgoing.body = body.take();
    outgoing.allowed_hosts = with.allowed_hosts.clone();
    outgoing.secret_query = secret_query;
    outgoing.secret_body = secret_body;
    outgoing.timeout = step.timeout;
    outgoing.max_response_bytes = step.max_response_bytes;
    outgoing.redirects = with.redirects;
    let attached = if trusted {
        with.credentials.params.as_slice()
    } else {
        &[]
    };
    let mut secret_params = query.secret_names;
    secret_params.extend(attached.iter().map(|(name, _)| name.clone()));
    Ok(Rendered {
        outgoing,
        params: query.visible,
        secret_params,
        without_credentials,
        fingerprint: fingerprint.0,
    })
}

fn definition(message: impl Into<String>) -> Fault {
    Fault::new(Kind::Definition, message)
}

fn method(step: &Step, root: &Root, has_body: bool) -> Result<String, Fault> {
    let method = match text::text("method", &step.request.method, root)? {
        Some(text) => text.text,
        None if has_body => "POST".to_owned(),
        None => "GET".to_owned(),
    };
    if is_token(&method) {
        return Ok(method);
    }
    Err(definition("method: not a token (RFC 9110, 5.6.2)"))
}

/// A token of RFC 9110, 5.6.2.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

// --- the URL ---

fn url(parts: &[UrlPart], root: &Root) -> Result<(Url, bool), Fault> {
    let mut out = String::new();
    let mut secret_query = false;
    for (index, part) in parts.iter().enumerate() {
        match part {
            UrlPart::Text(text) => {
                let follows_base = index == 1 && matches!(parts[0], UrlPart::Base(_));
                let doubled = follows_base && out.ends_with('/') && text.starts_with('/');
                out.push_str(if doubled { &text[1..] } else { text });
            }
            UrlPart::Base(hole) => {
                let value = filled(hole, root)?;
                secret_query |= value.secret;
                out.push_str(value.text.trim());
            }
            UrlPart::Segment(hole) => {
                let value = segment(hole, root)?;
                out.extend(utf8_percent_encode(&value, SEGMENT));
            }
            UrlPart::Path(hole) => {
                let value = filled(hole, root)?.text;
                if value.split('/').any(|segment| segment == "." || segment == "..") {
                    return Err(definition(format!(
                        "url: {} is `.` or `..` in a path",
                        hole.label
                    )));
                }
                // One slash where two would meet, as at a base URL.
                let value = if out.ends_with('/') {
                    value.trim_start_matches('/')
                } else {
                    &value
                };
                out.extend(utf8_percent_encode(value, PATH));
            }
            UrlPart::Query(hole) => {
                let value = text::text("url", &hole.value, root)?;
                if let Some(value) = value {
                    secret_query |= value.secret;
                    out.extend(utf8_percent_encode(&value.text, SEGMENT));
                }
            }
        }
    }
    Ok((parse_url("url", &out)?, secret_query))
}

/// An absolute http or https URL without its fragment.
pub(crate) fn parse_url(field: &str, text: &str) -> Result<Url, Fault> {
    let mut url = Url::parse(text).map_err(|error| definition(format!("{field}: not a URL: {error}")))?;
    check_scheme(field, &url)?;
    url.set_fragment(None);
    Ok(url)
}

/// Only http and https are sent.
pub(crate) fn check_scheme(field: &str, url: &Url) -> Result<(), Fault> {
    if matches!(url.scheme(), "http" | "https") && url.has_host() {
        return Ok(());
    }
    Err(definition(format!(
        "{field}: its scheme is `{}`; only http and https are sent",
        url.scheme()
    )))
}

fn filled(hole: &UrlHole, root: &Root) -> Result<Text, Fault> {
    match text::text("url", &hole.value, root)? {
        Some(text) if !text.text.is_empty() => Ok(text),
        _ => Err(definition(format!("url: {} is empty", hole.label))),
    }
}

fn segment(hole: &UrlHole, root: &Root) -> Result<String, Fault> {
    let value = filled(hole, root)?.text;
    if value == "." || value == ".." {
        return Err(definition(format!(
            "url: {} is `{value}`, which would change the path",
            hole.label
        )));
    }
    Ok(value)
}

// --- headers ---

fn headers(step: &Step, root: &Root) -> Result<Vec<Header>, Fault> {
    let mut headers = Vec::with_capacity(step.request.headers.len() + 2);
    for (name, template) in &step.request.headers {
        let field = format!("headers.{name}");
        if let Some(text) = text::text(&field, template, root)? {
            headers.push(header(&field, name, text)?);
        }
    }
    Ok(headers)
}

/// One header, checked. `Authorization` and `Cookie` are credentials wherever they come from.
pub(crate) fn header(field: &str, name: &str, value: Text) -> Result<Header, Fault> {
    if !is_token(name) {
        return Err(definition(format!(
            "{field}: the name is not a token (RFC 9110, 5.6.2)"
        )));
    }
    if value.text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(definition(format!("{field}: the value has a control character")));
    }
    let credential = ["authorization", "cookie", "proxy-authorization"]
        .iter()
        .any(|n| name.eq_ignore_ascii_case(n));
    Ok(Header {
        name: name.to_owned(),
        value: value.text,
        secret: value.secret || credential,
    })
}

fn drop_secrets(headers: &mut Vec<Header>) -> usize {
    let before = headers.len();
    headers.retain(|header| !header.secret);
    before - headers.len()
}

fn default_header(headers: &mut Vec<Header>, name: &str, value: &str) {
    if !headers
        .iter()
        .any(|header| header.name.eq_ignore_ascii_case(name))
    {
        headers.push(Header {
            name: name.to_owned(),
            value: value.to_owned(),
            secret: false,
        });
    }
}

/// Adds what a flow attaches; says whether that put a credential into the query.
fn attach(credentials: &Credentials, url: &mut Url, headers: &mut Vec<Header>) -> Result<bool, Fault> {
    for attached in &credentials.headers {
        headers.retain(|header| !header.name.eq_ignore_ascii_case(&attached.name));
        headers.push(attached.clone());
    }
    if !credentials.cookies.is_empty() {
        let pairs: Vec<String> = credentials
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut cookie = pairs.join("; ");
        if let Some(at) = headers
            .iter()
            .position(|header| header.name.eq_ignore_ascii_case("cookie"))
        {
            cookie = format!("{}; {cookie}", headers.remove(at).value);
        }
        headers.push(header(
            "attach.cookies",
            "Cookie",
            Text {
                text: cookie,
                secret: true,
            },
        )?);
    }
    if credentials.params.is_empty() {
        return Ok(false);
    }
    let replaced = |name: &str| credentials.params.iter().any(|(attached, _)| attached == name);
    if url.query_pairs().any(|(name, _)| replaced(&name)) {
        // A next link may carry the old credential.
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .into_owned()
            .filter(|(name, _)| !replaced(name))
            .collect();
        let kept: Vec<String> = kept
            .iter()
            .map(|(n, v)| format!("{}={}", encode(n), encode(v)))
            .collect();
        url.set_query((!kept.is_empty()).then(|| kept.join("&")).as_deref());
    }
    let mut query = Query::default();
    for (name, value) in &credentials.params {
        query.push(name, value, &encode(value), true);
    }
    query.append_to(url);
    Ok(true)
}

// --- the body ---

fn body(body: &Body, root: &Root, headers: &mut Vec<Header>) -> Result<(Option<Bytes>, bool), Fault> {
    match body {
        Body::None => Ok((None, false)),
        Body::Value(tree) => Ok(by_value(&text::tree("body", tree, root)?, headers)),
        Body::Form(fields) => {
            let (text, secret) = form(fields, root)?;
            default_header(headers, "Content-Type", "application/x-www-form-urlencoded");
            Ok((Some(Bytes::from(text)), secret))
        }
        Body::Graphql { query, variables } => {
            let mut entries = vec![("query", text::value("graphql.query", query, root)?)];
            if let Some(variables) = variables {
                entries.push(("variables", text::tree("graphql.variables", variables, root)?));
            }
            Ok(by_value(&Value::object(entries), headers))
        }
    }
}

fn by_value(value: &Value, headers: &mut Vec<Header>) -> (Option<Bytes>, bool) {
    let secret = value.is_secret();
    if value.is_null() {
        return (None, false);
    }
    if let Some(text) = value.as_str() {
        default_header(headers, "Content-Type", "text/plain; charset=utf-8");
        return (Some(Bytes::from(text.to_owned())), secret);
    }
    default_header(headers, "Content-Type", "application/json");
    (Some(Bytes::from(value.to_json())), secret)
}

fn form(fields: &[(SmolStr, Tree)], root: &Root) -> Result<(String, bool), Fault> {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    let mut secret = false;
    for (name, tree) in fields {
        let field = format!("form.{name}");
        let value = text::tree(&field, tree, root)?;
        if value.is_null() {
            continue;
        }
        let values = if value.kind() == ValueKind::Array {
            value.items().collect()
        } else {
            vec![value]
        };
        for value in values {
            let Text {
                text,
                secret: tainted,
            } = text::into_text(&field, "", &value)?;
            secret |= tainted;
            out.append_pair(name, &text);
        }
    }
    Ok((out.finish(), secret))
}

/// Says of two requests whether they ask the same, credentials apart.
#[derive(Default)]
struct Fingerprint(u64);

impl Fingerprint {
    fn add(&mut self, method: &str, url: &Url, headers: &[Header], body: Option<&Bytes>) {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        (method, url.as_str()).hash(&mut hasher);
        for header in headers.iter().filter(|header| !header.secret) {
            (&header.name, &header.value).hash(&mut hasher);
        }
        body.map(|body| &body[..]).hash(&mut hasher);
        self.0 = hasher.finish();
    }
}
