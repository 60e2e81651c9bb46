//! Redirects, decided one at a time and without touching the network (RFC 9110, 15.4).

use http::header::{HeaderMap, HeaderName, LOCATION};
use http::{Method, StatusCode};
use orchid_engine::fault::{Fault, Kind};
use orchid_engine::origin;
use orchid_engine::ports::Outgoing;
use url::Url;

/// Where the attempt stands: what the next request is made of.
#[derive(Debug)]
pub(crate) struct Hop {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) credentials: Part,
    pub(crate) body: Part,
    /// A `Host` header of the author's is for the first host only.
    pub(crate) host: Part,
    followed: Vec<(Method, Url)>,
}

/// Whether a part of the original request still goes along. What was dropped stays dropped: a server that got no
/// credentials must not be able to direct them anywhere, not even back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Kept,
    Dropped,
}

/// What becomes of one response.
#[derive(Debug)]
pub(crate) enum Decision {
    /// It is the answer.
    Answer,
    /// It sends us elsewhere.
    Follow(Hop),
    /// It sends us where we do not go.
    Refuse(Fault),
}

impl Hop {
    pub(crate) fn first(method: Method, request: &Outgoing) -> Self {
        Self {
            method,
            url: request.url.clone(),
            credentials: Part::Kept,
            body: Part::Kept,
            host: Part::Kept,
            followed: Vec::new(),
        }
    }

    /// Whether a header of the original request belongs into this hop.
    pub(crate) fn carries(&self, name: &HeaderName, secret: bool) -> bool {
        if self.credentials == Part::Dropped && (secret || CREDENTIALS.contains(name)) {
            return false;
        }
        if self.body == Part::Dropped && ABOUT_THE_BODY.contains(name) {
            return false;
        }
        self.host == Part::Kept || name != http::header::HOST
    }

    /// What becomes of a response to this hop.
    pub(crate) fn decide(&mut self, request: &Outgoing, status: StatusCode, headers: &HeaderMap) -> Decision {
        if request.redirects == 0 || !is_redirect(status) {
            return Decision::Answer;
        }
        let Some(location) = headers.get(LOCATION) else {
            return Decision::Answer;
        };
        match self.next(request, status, location.as_bytes()) {
            Ok(hop) => Decision::Follow(hop),
            Err(message) => Decision::Refuse(Fault::new(Kind::Redirect, message)),
        }
    }

    fn next(&mut self, request: &Outgoing, status: StatusCode, location: &[u8]) -> Result<Self, String> {
        let from = origin::shown(&self.url);
        if self.followed.len() >= request.redirects as usize {
            return Err(format!(
                "{from} redirects once more after {} redirects: `http.redirects` allows no more",
                request.redirects
            ));
        }
        let mut url = target(&self.url, location)
            .map_err(|why| format!("{from} redirects to a place that is {why}"))?;
        let (method, body) = rewritten(&self.method, status, self.body);
        let mut credentials = self.credentials;
        let mut host = self.host;
        if !origin::may_receive_credentials(&request.url, &url, &request.allowed_hosts) {
            if body == Part::Kept && request.secret_body && request.body.is_some() {
                let to = origin::shown(&url);
                return Err(format!(
                    "{from} redirects to {to}, and the body carries a credential, which goes to the first origin only \
                     (`http.allowed_hosts` can name others)"
                ));
            }
            credentials = Part::Dropped;
        }
        if credentials == Part::Dropped && request.secret_query {
            forget_query(&mut url, &request.url);
        }
        if !origin::is_same(&request.url, &url) {
            host = Part::Dropped;
        }
        let mut followed = std::mem::take(&mut self.followed);
        followed.push((self.method.clone(), self.url.clone()));
        if followed.contains(&(method.clone(), url.clone())) {
            return Err(format!(
                "{from} redirects in a circle: back to a URL that has been asked already"
            ));
        }
        Ok(Self {
            method,
            url,
            credentials,
            body,
            host,
            followed,
        })
    }
}

const CREDENTIALS: [HeaderName; 3] = [
    http::header::AUTHORIZATION,
    http::header::COOKIE,
    http::header::PROXY_AUTHORIZATION,
];

const ABOUT_THE_BODY: [HeaderName; 4] = [
    http::header::CONTENT_TYPE,
    http::header::CONTENT_ENCODING,
    http::header::CONTENT_LANGUAGE,
    http::header::CONTENT_LOCATION,
];

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// 307 and 308 keep method and body; 303 asks for another resource; 301 and 302 do for POST, as all clients
/// have come to read them.
fn rewritten(method: &Method, status: StatusCode, body: Part) -> (Method, Part) {
    let kept = (method.clone(), body);
    match status.as_u16() {
        303 if method != Method::HEAD => (Method::GET, Part::Dropped),
        301 | 302 if method == Method::POST => (Method::GET, Part::Dropped),
        _ => kept,
    }
}

fn target(page: &Url, location: &[u8]) -> Result<Url, String> {
    let text = std::str::from_utf8(location).map_err(|_| "not text".to_owned())?;
    let mut url = page
        .join(text.trim())
        .map_err(|error| format!("no URL ({error})"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("no web page (`{}:`)", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("refused because its URL holds a user or a password".into());
    }
    url.set_fragment(None);
    Ok(origin::upgraded(page, url))
}

/// Takes out of `url` every query parameter that `original` has with the same value: a server that copies the query
/// into its redirect must not pass a credential on.
fn forget_query(url: &mut Url, original: &Url) {
    if url.query().is_none() {
        return;
    }
    let known: Vec<_> = original.query_pairs().collect();
    if !url.query_pairs().any(|pair| known.contains(&pair)) {
        return; // and its bytes stay as they are
    }
    let kept: Vec<_> = url
        .query_pairs()
        .filter(|pair| !known.contains(pair))
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
}
