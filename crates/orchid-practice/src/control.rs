//! `/_practice/…`: log, verdicts, and what a test or a person may set while the API runs. Not logged itself.

use serde_json::json;

use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::state::Api;
use crate::verdicts;

/// Answers a path below `/_practice/`.
pub(crate) fn answer(api: &Api, exchange: &Exchange, rest: &str) -> Reply {
    match (exchange.method.as_str(), rest) {
        ("GET", "log") => {
            let since = exchange.number("since").unwrap_or(0);
            let entries = api.log().entries();
            let wanted: Vec<_> = entries
                .iter()
                .filter(|entry| entry.number as u64 >= since)
                .collect();
            json_reply(&wanted)
        }
        ("GET", "verdicts") => json_reply(&verdicts::judge(api)),
        ("POST", "reset") => {
            api.reset();
            done()
        }
        ("POST", "tokens/expire") => {
            api.tokens().expire();
            done()
        }
        ("POST", "tokens/revoke") => {
            api.tokens().revoke();
            done()
        }
        ("POST", "feed/add") => {
            api.add_to_feed(
                exchange
                    .number("count")
                    .and_then(|count| count.try_into().ok())
                    .unwrap_or(1),
            );
            json_reply(&json!({ "feed": api.feed_length() }))
        }
        _ => Reply::error(
            404,
            "not_found",
            "GET /_practice/log?since=N, GET /_practice/verdicts, \
             POST /_practice/{reset, tokens/expire, tokens/revoke, feed/add?count=N}",
        ),
    }
}

fn done() -> Reply {
    Reply::new(204, "", "")
}

fn json_reply<T: serde::Serialize>(value: &T) -> Reply {
    serde_json::to_vec_pretty(value).map_or_else(
        |error| Reply::error(500, "internal", &error.to_string()),
        Reply::json,
    )
}
