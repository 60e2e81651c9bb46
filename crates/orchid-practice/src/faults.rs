//! Misbehaviour on demand: `/faults/{name}`. The tables of the submodules are the list; `GET /faults` shows it.

mod bodies;
mod encodings;
mod redirects;
mod transport;
mod values;

use std::future::pending;

use serde_json::{Value, json};

use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::state::Api;
use crate::verdicts::{Rule, Violation};

/// One kind of misbehaviour.
struct Fault {
    /// Its name in the path.
    name: &'static str,
    /// What it does, for `GET /faults`.
    says: &'static str,
    give: Give,
}

/// How a fault makes its answer.
enum Give {
    /// 200 with this JSON, which may be none.
    Json(&'static str),
    Made(fn(&Api, &Exchange) -> Reply),
}

/// A fault whose answer is made.
const fn made(name: &'static str, says: &'static str, give: fn(&Api, &Exchange) -> Reply) -> Fault {
    Fault {
        name,
        says,
        give: Give::Made(give),
    }
}

fn all() -> impl Iterator<Item = &'static Fault> {
    let tables: [&'static [Fault]; 5] = [
        transport::FAULTS,
        redirects::FAULTS,
        bodies::FAULTS,
        encodings::FAULTS,
        values::FAULTS,
    ];
    tables.into_iter().flatten()
}

/// `GET /faults`.
pub(crate) fn list() -> Reply {
    let faults = all().map(|fault| json!({ "name": fault.name, "does": fault.says }));
    let silence = json!({ "name": "silence", "does": "never answers" });
    Reply::json(faults.chain([silence]).collect::<Value>().to_string())
}

/// `/faults/{name}`.
pub(crate) async fn answer(api: &Api, exchange: &Exchange, name: &str) -> Reply {
    if name == "silence" {
        return pending().await;
    }
    by_name(api, exchange, name).unwrap_or_else(Reply::not_found)
}

fn by_name(api: &Api, exchange: &Exchange, name: &str) -> Option<Reply> {
    all()
        .find(|fault| fault.name == name)
        .map(|fault| match fault.give {
            Give::Json(body) => Reply::json(body),
            Give::Made(make) => make(api, exchange),
        })
}

/// `/large?bytes=`: a JSON body of that size, which is no fault.
pub(crate) fn large(exchange: &Exchange) -> Reply {
    bodies::sized(exchange)
}

/// `/status/{code}?retry_after=`: that status; `retry_after` is sent as it is.
pub(crate) fn status(exchange: &Exchange, code: &str) -> Reply {
    let Some(code) = code.parse().ok().filter(|code| (200..=999).contains(code)) else {
        return Reply::error(404, "bad_status", "write /status/CODE, 200 to 999");
    };
    let reply = match code {
        204 | 304 => Reply::new(code, "", ""),
        _ => Reply::error(code, "on_demand", "this status was asked for"),
    };
    match exchange.param("retry_after") {
        Some(wait) => reply.named("retry-after", wait),
        None => reply,
    }
}

/// `/flaky/{times}/{fault}/…`: the failure, for the first so many requests to the same URL; then none.
pub(crate) fn flaky(api: &Api, exchange: &Exchange, times: &str, fault: &str) -> Option<Reply> {
    let times: u32 = times.parse().unwrap_or(0);
    let key = format!("{} {} {:?}", exchange.method, exchange.path, exchange.query);
    {
        let mut flaky = api.flaky();
        let failed = flaky.entry(key).or_default();
        if *failed >= times {
            return None;
        }
        *failed += 1;
    }
    let failure = || by_name(api, exchange, fault).unwrap_or_else(Reply::not_found);
    Some(if fault.parse::<u16>().is_ok() {
        status(exchange, fault)
    } else {
        failure()
    })
}

/// `/never/…`: whoever comes here followed what must not be followed.
pub(crate) fn never(api: &Api, exchange: &Exchange) -> Reply {
    api.log().violate(Violation {
        rule: Rule::Followed,
        request: exchange.number,
        path: exchange.path.clone(),
        detail: "this URL must not be followed".to_owned(),
    });
    Reply::json(r#"{"users":[],"next":null}"#)
}
