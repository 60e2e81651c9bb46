//! What happened when: a feed that shows the newest first, events between two times, and changes by sync token.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::content::pages::number;
use crate::content::people::{EPOCH, minutes_after_epoch, user_id};
use crate::exchange::Exchange;
use crate::reply::Reply;
use crate::state::Api;

/// Seconds between two events.
const EVENT_SPACING: i64 = 600;

/// Entry `number` of the feed, from 0; a minute apart.
fn entry(number: usize) -> Value {
    let kinds = ["login", "update", "logout"];
    json!({
        "id": format!("e{:06}", number + 1),
        "kind": kinds[number % kinds.len()],
        "user_id": user_id(number % 100),
        "updatedAt": minutes_after_epoch(number),
    })
}

/// The feed, newest first, by page number; `since` leaves out what is not later. Entries that are added shift
/// the pages, as they do in life.
pub(crate) fn newest_first(api: &Api, exchange: &Exchange) -> Reply {
    let (page, size) = match (number(exchange, "page", 1), number(exchange, "per_page", 50)) {
        (Ok(page), Ok(size)) if page > 0 && (1..=1_000).contains(&size) => (page, size),
        (Ok(_), Ok(_)) => return Reply::error(400, "bad_page", "page counts from 1, per_page is 1 to 1000"),
        (Err(refused), _) | (_, Err(refused)) => return refused,
    };
    let length = api.feed_length();
    let first = match exchange.param("since").map(str::parse::<Timestamp>) {
        None => 0,
        Some(Ok(since)) => {
            let minutes = (since.as_second() - EPOCH).div_euclid(60) + 1;
            usize::try_from(minutes.max(0)).unwrap_or(usize::MAX).min(length)
        }
        Some(Err(_)) => return Reply::error(400, "bad_time", "since is to be an RFC 3339 time"),
    };
    let skipped = (page - 1).saturating_mul(size);
    let entries = (first..length).rev().skip(skipped).take(size).map(entry);
    let body = json!({ "page": page, "entries": entries.collect::<Value>(), "total": length - first });
    Reply::json(body.to_string())
}

/// Events from `from` up to `to`, one every ten minutes. At most `limit` (100) are given, `truncated` tells
/// when there were more: the span is then to be halved.
pub(crate) fn between(exchange: &Exchange) -> Reply {
    let time = |name| {
        exchange
            .param(name)
            .and_then(|text| text.parse::<Timestamp>().ok())
    };
    let (Some(from), Some(to)) = (time("from"), time("to")) else {
        return Reply::error(400, "bad_time", "from and to are to be RFC 3339 times");
    };
    let limit = exchange.number("limit").unwrap_or(100).clamp(1, 1_000);
    // The first event that is not before `from`, and the first that is not before `to`.
    let at = |time: Timestamp| {
        let seconds = time.as_second() - EPOCH + i64::from(time.subsec_nanosecond() > 0);
        seconds.div_euclid(EVENT_SPACING) + i64::from(seconds.rem_euclid(EVENT_SPACING) > 0)
    };
    let (first, end) = (at(from).max(0), at(to).max(0));
    let count = u64::try_from(end - first).unwrap_or(0);
    let given = i64::try_from(count.min(limit)).unwrap_or(0);
    let events = (first..first + given).map(|number| {
        let at = Timestamp::from_second(EPOCH + number * EVENT_SPACING).unwrap_or(Timestamp::MAX);
        json!({ "id": number, "at": at.to_string() })
    });
    let body = json!({
        "from": from.to_string(),
        "to": to.to_string(),
        "truncated": count > limit,
        "events": events.collect::<Value>(),
    });
    Reply::json(body.to_string())
}

/// Changes since a sync token, 100 at a time. Without a token, or with one that is not known, 412 brings the
/// token to begin with.
pub(crate) fn sync(api: &Api, exchange: &Exchange) -> Reply {
    let length = api.feed_length();
    let token = exchange
        .param("sync_token")
        .and_then(|token| token.strip_prefix("s-")?.parse::<usize>().ok());
    let Some(start) = token.filter(|start| *start <= length) else {
        let body = json!({ "error": "full_sync_required", "sync_token": "s-0" });
        return Reply::json(body.to_string()).status(412);
    };
    let end = (start + 100).min(length);
    let body = json!({
        "changes": (start..end).map(entry).collect::<Value>(),
        "sync_token": format!("s-{end}"),
        "has_more": end < length,
    });
    Reply::json(body.to_string())
}
