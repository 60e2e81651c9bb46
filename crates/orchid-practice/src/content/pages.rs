//! The users, by every common way to page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::content::people::users_json;
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::state::Api;

/// Entries of a page where nothing is said, and at most.
const DEFAULT_SIZE: usize = 100;
const MOST: usize = 1_000;

/// A page by its number, counted from 1.
struct Numbered {
    page: usize,
    size: usize,
    /// Positions of its entries.
    span: std::ops::Range<usize>,
    last: usize,
}

impl Numbered {
    fn new(exchange: &Exchange, total: usize) -> Result<Self, Reply> {
        let page = number(exchange, "page", 1)?;
        let size = number(exchange, "per_page", DEFAULT_SIZE)?;
        if page == 0 || size == 0 || size > MOST {
            return Err(Reply::error(
                400,
                "bad_page",
                "page counts from 1, per_page is 1 to 1000",
            ));
        }
        let start = (page - 1).saturating_mul(size).min(total);
        Ok(Self {
            page,
            size,
            span: start..start.saturating_add(size).min(total),
            last: total.div_ceil(size).max(1),
        })
    }

    /// The link to another page.
    fn link(&self, exchange: &Exchange, page: usize) -> String {
        exchange.link(&[("page", &page.to_string()), ("per_page", &self.size.to_string())])
    }
}

/// A query parameter; an error where it is there and no number.
pub(crate) fn number(exchange: &Exchange, name: &str, or: usize) -> Result<usize, Reply> {
    exchange.param(name).map_or(Ok(or), |text| {
        text.parse()
            .map_err(|_| Reply::error(400, "bad_number", &format!("{name} is to be a number")))
    })
}

pub(crate) fn by_page(api: &Api, exchange: &Exchange) -> Reply {
    let total = api.options.users;
    Numbered::new(exchange, total).map_or_else(
        |refused| refused,
        |Numbered { page, size, span, .. }| {
            let users = users_json(span);
            Reply::json(format!(
                r#"{{"page":{page},"per_page":{size},"total":{total},"users":{users}}}"#
            ))
        },
    )
}

/// The body is the list itself; `Link` names the neighbours.
pub(crate) fn by_link(api: &Api, exchange: &Exchange) -> Reply {
    let numbered = match Numbered::new(exchange, api.options.users) {
        Ok(numbered) => numbered,
        Err(refused) => return refused,
    };
    let neighbours = [
        ("first", Some(1)),
        ("prev", numbered.page.checked_sub(1).filter(|page| *page > 0)),
        (
            "next",
            Some(numbered.page + 1).filter(|page| *page <= numbered.last),
        ),
        ("last", Some(numbered.last)),
    ];
    let links: Vec<String> = neighbours
        .iter()
        .filter_map(|(rel, page)| Some(format!("<{}>; rel=\"{rel}\"", numbered.link(exchange, (*page)?))))
        .collect();
    Reply::json(users_json(numbered.span)).named("link", &links.join(", "))
}

/// The body names the next page's URL; the last one says null.
pub(crate) fn by_next(api: &Api, exchange: &Exchange) -> Reply {
    let numbered = match Numbered::new(exchange, api.options.users) {
        Ok(numbered) => numbered,
        Err(refused) => return refused,
    };
    let next = (numbered.page < numbered.last).then(|| numbered.link(exchange, numbered.page + 1));
    let next = Value::from(next);
    let users = users_json(numbered.span);
    Reply::json(format!(r#"{{"value":{users},"next":{next}}}"#))
}

pub(crate) fn by_offset(api: &Api, exchange: &Exchange) -> Reply {
    let (offset, limit) = match (
        number(exchange, "offset", 0),
        number(exchange, "limit", DEFAULT_SIZE),
    ) {
        (Ok(offset), Ok(limit)) if (1..=MOST).contains(&limit) => (offset, limit),
        (Ok(_), Ok(_)) => return Reply::error(400, "bad_limit", "limit is 1 to 1000"),
        (Err(refused), _) | (_, Err(refused)) => return refused,
    };
    let total = api.options.users;
    let users = users_json(offset.min(total)..offset.saturating_add(limit).min(total));
    Reply::json(format!(
        r#"{{"offset":{offset},"limit":{limit},"total":{total},"items":{users}}}"#
    ))
}

/// The cursor is opaque; it comes back as a parameter or in `X-Cursor`.
pub(crate) fn by_cursor(api: &Api, exchange: &Exchange) -> Reply {
    let cursor = exchange.param("cursor").or_else(|| exchange.header("x-cursor"));
    match number(exchange, "limit", DEFAULT_SIZE).and_then(|limit| After::new(api, cursor, limit)) {
        Err(refused) => refused,
        Ok(After { users, next, more }) => Reply::json(format!(
            r#"{{"data":{users},"next_cursor":{next},"has_more":{more}}}"#
        )),
    }
}

/// As [`by_cursor`], asked with a JSON body.
pub(crate) fn search(api: &Api, exchange: &Exchange) -> Reply {
    let body = exchange.json();
    if !body.is_object() {
        return Reply::error(400, "bad_body", "the body is to be a JSON object");
    }
    let size = body["page"]["size"]
        .as_u64()
        .and_then(|size| size.try_into().ok())
        .unwrap_or(DEFAULT_SIZE);
    match After::new(api, body["page"]["cursor"].as_str(), size) {
        Err(refused) => refused,
        Ok(After { users, next, more }) => Reply::json(format!(
            r#"{{"results":{users},"page":{{"next":{next},"more":{more}}}}}"#
        )),
    }
}

/// A page after a cursor.
pub(crate) struct After {
    /// A JSON array.
    pub(crate) users: String,
    /// JSON text or null.
    pub(crate) next: Value,
    pub(crate) more: bool,
}

impl After {
    pub(crate) fn new(api: &Api, cursor: Option<&str>, limit: usize) -> Result<Self, Reply> {
        let start = match cursor.filter(|cursor| !cursor.is_empty()) {
            None => 0,
            Some(cursor) => read_cursor(cursor)
                .ok_or_else(|| Reply::error(400, "bad_cursor", "this cursor was not given by this API"))?,
        };
        if !(1..=MOST).contains(&limit) {
            return Err(Reply::error(400, "bad_limit", "the size of a page is 1 to 1000"));
        }
        let total = api.options.users;
        let end = start.saturating_add(limit).min(total);
        let more = end < total;
        let next = if more { json!(cursor_at(end)) } else { Value::Null };
        Ok(Self {
            users: users_json(start.min(total)..end),
            next,
            more,
        })
    }
}

fn cursor_at(position: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("after:{position}"))
}

fn read_cursor(cursor: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    text.strip_prefix("after:")?.parse().ok()
}
