//! Who may come in: the `OAuth2` token endpoint, the login, and `/secured/{how}/…`, which wants what they gave.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use serde_json::json;

use crate::credentials::{API_KEY, CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME};
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::state::Api;
use crate::verdicts::{Rule, Violation};

/// What was given out.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    /// Access tokens and sessions, with their end on the monotonic clock.
    access: HashMap<String, Duration>,
    /// Refresh tokens; false once used.
    refresh: HashMap<String, Unused>,
    given: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Unused(bool);

/// A fresh pair.
struct Pair {
    access: String,
    refresh: String,
    ttl: Duration,
}

impl Tokens {
    /// Ends all access tokens and sessions now.
    pub(crate) fn expire(&mut self) {
        self.access.values_mut().for_each(|end| *end = Duration::ZERO);
    }

    /// Forgets all access tokens and sessions, and all refresh tokens.
    pub(crate) fn revoke(&mut self) {
        self.access.clear();
        self.refresh.clear();
    }

    fn give(&mut self, now: Duration, ttl: Duration) -> Pair {
        self.given += 1;
        let text = |kind: &str| format!("practice-{kind}-{:04}-{:016x}", self.given, fastrand::u64(..));
        let pair = Pair {
            access: text("access"),
            refresh: text("refresh"),
            ttl,
        };
        self.access.insert(pair.access.clone(), now + ttl);
        self.refresh.insert(pair.refresh.clone(), Unused(true));
        pair
    }
}

/// `POST /oauth/token`: client credentials, password, refresh with rotation.
pub(crate) fn oauth(api: &Api, exchange: &Exchange) -> Reply {
    let form = exchange.form();
    let field = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    if !is_client(exchange, field("client_id"), field("client_secret")) {
        return Reply::error(401, "invalid_client", "client id or secret is wrong")
            .named("www-authenticate", "Basic realm=\"practice\"");
    }
    match field("grant_type") {
        Some("client_credentials") => token_reply(&give(api, exchange)),
        Some("password") if field("username") == Some(USERNAME) && field("password") == Some(PASSWORD) => {
            token_reply(&give(api, exchange))
        }
        Some("password") => Reply::error(400, "invalid_grant", "user name or password is wrong"),
        Some("refresh_token") => refresh(api, exchange, field("refresh_token").unwrap_or_default())
            .map_or_else(|refused| *refused, |pair| token_reply(&pair)),
        _ => Reply::error(
            400,
            "unsupported_grant_type",
            "client_credentials, password or refresh_token",
        ),
    }
}

/// `POST /login` with JSON: a token of this API's own kind, and a session cookie.
pub(crate) fn login(api: &Api, exchange: &Exchange) -> Reply {
    let body = exchange.json();
    if body["user"] != USERNAME || body["password"] != PASSWORD {
        return Reply::error(401, "login_failed", "user or password is wrong");
    }
    session_reply(&give(api, exchange))
}

/// `POST /refresh` with `X-Refresh`: as a login, by an earlier one's refresh token.
pub(crate) fn login_refresh(api: &Api, exchange: &Exchange) -> Reply {
    refresh(api, exchange, exchange.header("x-refresh").unwrap_or_default())
        .map_or_else(|refused| *refused, |pair| session_reply(&pair))
}

/// Lets a request to `/secured/{how}/…` through, or gives the refusal.
pub(crate) fn admit(api: &Api, exchange: &Exchange, how: &str) -> Result<(), Reply> {
    let held = match how {
        "basic" => basic(exchange).map(|held| fixed(&held, &(USERNAME.to_owned(), PASSWORD.to_owned()))),
        "api-key" => {
            let key = exchange.header("x-api-key").or_else(|| exchange.param("api_key"));
            key.map(|held| fixed(&held, &API_KEY))
        }
        "bearer" => bearer(exchange).map(|token| given(api, exchange, token)),
        "session" => cookie(exchange, "session").map(|token| given(api, exchange, token)),
        _ => {
            return Err(Reply::error(
                404,
                "not_found",
                "write /secured/HOW/…: basic, bearer, api-key or session",
            ));
        }
    };
    let (rule, reason) = match held {
        Some(Ok(())) => return Ok(()),
        Some(Err(Rule::CredentialExpired)) => (Rule::CredentialExpired, "token_expired"),
        Some(Err(rule)) => (rule, "invalid_token"),
        None => (Rule::CredentialMissing, "unauthorized"),
    };
    api.log().violate(Violation {
        rule,
        request: exchange.number,
        path: exchange.path.clone(),
        detail: format!("/secured/{how}: {reason}"),
    });
    let challenge = if how == "basic" {
        "Basic realm=\"practice\""
    } else {
        "Bearer realm=\"practice\""
    };
    Err(Reply::error(401, reason, "log in, or log in again").named("www-authenticate", challenge))
}

fn fixed<T: PartialEq>(held: &T, wanted: &T) -> Result<(), Rule> {
    if held == wanted {
        Ok(())
    } else {
        Err(Rule::CredentialUnknown)
    }
}

fn given(api: &Api, exchange: &Exchange, token: &str) -> Result<(), Rule> {
    match api.tokens().access.get(token) {
        Some(end) if exchange.arrived < *end => Ok(()),
        Some(_) => Err(Rule::CredentialExpired),
        None => Err(Rule::CredentialUnknown),
    }
}

fn give(api: &Api, exchange: &Exchange) -> Pair {
    let ttl = exchange.duration("ttl").unwrap_or(api.options.token_ttl);
    api.tokens().give(api.clock.elapsed(), ttl)
}

fn refresh(api: &Api, exchange: &Exchange, token: &str) -> Result<Pair, Box<Reply>> {
    let known = {
        let mut tokens = api.tokens();
        tokens
            .refresh
            .get_mut(token)
            .map(|unused| std::mem::replace(unused, Unused(false)))
    };
    let (code, message) = match known {
        Some(Unused(true)) => return Ok(give(api, exchange)),
        Some(Unused(false)) => {
            api.log().violate(Violation {
                rule: Rule::RefreshTokenReused,
                request: exchange.number,
                path: exchange.path.clone(),
                detail: "a refresh token is good for one use".to_owned(),
            });
            ("invalid_grant", "this refresh token was used before")
        }
        None => ("invalid_grant", "this refresh token was never given"),
    };
    Err(Box::new(Reply::error(400, code, message)))
}

/// `expires_in` is in whole seconds in `OAuth2`; a shorter life is given as a fraction, so that tests can be quick.
fn seconds(ttl: Duration) -> serde_json::Value {
    if ttl.subsec_nanos() == 0 {
        json!(ttl.as_secs())
    } else {
        json!(ttl.as_secs_f64())
    }
}

fn token_reply(pair: &Pair) -> Reply {
    let body = json!({
        "access_token": pair.access,
        "token_type": "Bearer",
        "expires_in": seconds(pair.ttl),
        "refresh_token": pair.refresh,
    });
    Reply::json(body.to_string()).named("cache-control", "no-store")
}

fn session_reply(pair: &Pair) -> Reply {
    let body = json!({ "token": pair.access, "refresh": pair.refresh, "expires_in": seconds(pair.ttl) });
    Reply::json(body.to_string()).named(
        "set-cookie",
        &format!("session={}; Path=/; HttpOnly", pair.access),
    )
}

fn is_client(exchange: &Exchange, id: Option<&str>, secret: Option<&str>) -> bool {
    let wanted = (CLIENT_ID.to_owned(), CLIENT_SECRET.to_owned());
    match basic(exchange) {
        // RFC 6749, 2.3.1: both parts are form-encoded first.
        Some((id, secret)) => (decoded(&id), decoded(&secret)) == wanted,
        None => id == Some(CLIENT_ID) && secret == Some(CLIENT_SECRET),
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn basic(exchange: &Exchange) -> Option<(String, String)> {
    let encoded = exchange.header("authorization")?.strip_prefix("Basic ")?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

fn bearer(exchange: &Exchange) -> Option<&str> {
    exchange.header("authorization")?.strip_prefix("Bearer ")
}

fn cookie<'a>(exchange: &'a Exchange, name: &str) -> Option<&'a str> {
    let cookies = exchange
        .header("cookie")?
        .split("; ")
        .filter_map(|pair| pair.split_once('='));
    cookies
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .next()
}
