//! The list of paths.

use std::pin::Pin;
use std::sync::Arc;

use percent_encoding::percent_decode_str;

use crate::clock::parse_duration;
use crate::content::{feed, formats, graphql, jobs, pages, people};
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::state::Api;
use crate::{faults, limits, tokens};

/// What `GET /` says.
const INDEX: &str = include_str!("index.txt");

/// Answers a request by its path.
pub(crate) async fn answer(api: &Arc<Api>, exchange: &Exchange) -> Reply {
    let segments: Vec<String> = exchange
        .path
        .split('/')
        .skip(1)
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    route(api, exchange, &segments).await
}

type Routed<'a> = Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;

/// Prefixes change how the rest of the path behaves; the rest is content.
fn route<'a>(api: &'a Arc<Api>, exchange: &'a Exchange, segments: &'a [&'a str]) -> Routed<'a> {
    Box::pin(async move {
        match segments {
            ["limited", requests, per, answer, rest @ ..] => {
                match limits::window(api, exchange, [*requests, *per, *answer]) {
                    Ok(headers) => headers.add(route(api, exchange, rest).await),
                    Err(refusal) => refusal,
                }
            }
            ["concurrent", n, rest @ ..] => match limits::enter(api, exchange, n) {
                Ok(_place) => route(api, exchange, rest).await,
                Err(refusal) => refusal,
            },
            ["secured", how, rest @ ..] => match tokens::admit(api, exchange, how) {
                Ok(()) => route(api, exchange, rest).await,
                Err(refusal) => refusal,
            },
            ["slow", wait, rest @ ..] => {
                tokio::time::sleep(parse_duration(wait).unwrap_or_default()).await;
                route(api, exchange, rest).await
            }
            ["flaky", times, fault, rest @ ..] => match faults::flaky(api, exchange, times, fault) {
                Some(failure) => failure,
                None => route(api, exchange, rest).await,
            },
            _ => content(api, exchange, segments).await,
        }
    })
}

async fn content(api: &Arc<Api>, exchange: &Exchange, segments: &[&str]) -> Reply {
    match (exchange.method.as_str(), segments) {
        ("GET", [""]) => Reply::new(200, "text/plain; charset=utf-8", INDEX),
        ("POST", ["oauth", "token"]) => tokens::oauth(api, exchange),
        ("POST", ["login"]) => tokens::login(api, exchange),
        ("POST", ["refresh"]) => tokens::login_refresh(api, exchange),

        ("GET", ["users"]) => pages::by_page(api, exchange),
        ("GET", ["by-offset", "users"]) => pages::by_offset(api, exchange),
        ("GET", ["by-cursor", "users"]) => pages::by_cursor(api, exchange),
        ("GET", ["by-link", "users"]) => pages::by_link(api, exchange),
        ("GET", ["by-next", "users"]) => pages::by_next(api, exchange),
        ("POST", ["search", "users"]) => pages::search(api, exchange),
        ("POST", ["graphql"]) => graphql::answer(api, exchange),
        ("GET", ["feed"]) => feed::newest_first(api, exchange),
        ("GET", ["events"]) => feed::between(exchange),
        ("GET", ["sync"]) => feed::sync(api, exchange),

        ("GET", ["users", id]) => people::user(api, id),
        ("GET", ["users", id, "factors"]) => people::factors(api, id),
        ("GET", ["users", id, "groups"]) => people::groups_of(api, id),
        ("GET", ["users", id, "photo"]) => people::photo(api, id),
        ("GET", ["accounts", number]) => people::account(api, number),
        ("GET", ["groups"]) => people::groups(),
        ("GET", ["groups", id]) => people::group(id),
        ("GET", ["groups", id, "members"]) => people::members(api, exchange, id),
        ("GET", ["groups", group, "members", user, "permissions"]) => people::permissions(api, group, user),

        ("POST", ["jobs"]) => jobs::create(api, exchange),
        ("GET", ["jobs", id]) => jobs::poll(api, exchange, id),
        ("GET", ["jobs", id, "result"]) => jobs::result(api, exchange, id),

        ("GET", ["formats", name]) => formats::answer(api, exchange, name),
        ("GET", ["large"]) => faults::large(exchange),
        (_, ["echo", ..]) => people::echo(exchange),
        (_, ["status", code]) => faults::status(exchange, code),
        (_, ["faults"]) => faults::list(),
        (_, ["faults", name]) => faults::answer(api, exchange, name).await,
        (_, ["never", ..]) => faults::never(api, exchange),
        _ => Reply::not_found(),
    }
}
