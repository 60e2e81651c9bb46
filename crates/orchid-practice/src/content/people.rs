//! Users, their details, and groups. All of it follows from a user's position, counted from 0.
//!
//! JSON is written by hand here, so that numbers look as real APIs write them: `1.10`, and integers that a
//! double cannot hold.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::exchange::Exchange;
use crate::log::hex;
use crate::reply::Reply;
use crate::state::Api;

/// Groups that there are.
pub(crate) const GROUPS: usize = 20;

/// The first account number: 2^53 + 1, which a double rounds.
pub(crate) const FIRST_ACCOUNT: u64 = 9_007_199_254_740_993;

/// 2026-01-01T00:00:00Z.
pub(crate) const EPOCH: i64 = 1_767_225_600;

const FIRST_NAMES: [&str; 10] = [
    "Ada", "Ben", "Chloë", "Dmitri", "Esra", "Farid", "Grace", "Hana", "Igor", "Jürgen",
];
const LAST_NAMES: [&str; 7] = [
    "Lovelace",
    "O'Brien",
    "Smith, Jr.",
    "Ångström",
    "Ito \"Kay\"",
    "Müller & Co",
    "李",
];

/// `u00001` is the user at position 0.
pub(crate) fn user_id(position: usize) -> String {
    format!("u{:05}", position + 1)
}

/// The position of a user by id.
pub(crate) fn position(api: &Api, id: &str) -> Option<usize> {
    let position = id.strip_prefix('u')?.parse::<usize>().ok()?.checked_sub(1)?;
    (position < api.options.users && user_id(position) == id).then_some(position)
}

/// A time that many minutes after [`EPOCH`].
pub(crate) fn minutes_after_epoch(minutes: usize) -> String {
    let seconds = i64::try_from(minutes)
        .ok()
        .and_then(|minutes| minutes.checked_mul(60));
    let time = seconds.and_then(|seconds| Timestamp::from_second(EPOCH.saturating_add(seconds)).ok());
    time.unwrap_or(Timestamp::MAX).to_string()
}

/// One user as plain texts, in the order of the CSV's columns.
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) account: u64,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) status: &'static str,
    /// Always with two digits after the point, the last one 0.
    pub(crate) balance: String,
    pub(crate) updated_at: String,
    pub(crate) manager: Option<String>,
}

impl User {
    pub(crate) fn at(position: usize) -> Self {
        let first = FIRST_NAMES[position % FIRST_NAMES.len()];
        let last = LAST_NAMES[position % LAST_NAMES.len()];
        Self {
            id: user_id(position),
            account: FIRST_ACCOUNT + 2 * position as u64,
            name: format!("{first} {last}"),
            email: format!("user-{:05}@example.com", position + 1),
            status: if position % 10 == 9 { "SUSPENDED" } else { "ACTIVE" },
            balance: format!("{}.{}0", position + 1, (position + 1) % 10),
            updated_at: minutes_after_epoch(position),
            manager: (position > 0).then(|| user_id(position / 10)),
        }
    }

    /// Appends it as JSON.
    pub(crate) fn write(&self, out: &mut String) {
        let Self {
            id,
            account,
            email,
            status,
            balance,
            updated_at,
            ..
        } = self;
        let name = Value::from(self.name.as_str());
        let manager = Value::from(self.manager.as_deref());
        // Writing to a string cannot fail.
        let _ok = write!(
            out,
            r#"{{"id":"{id}","account":{account},"name":{name},"email":"{email}","status":"{status}","balance":{balance},"updated_at":"{updated_at}","manager":{manager}}}"#,
        );
    }
}

/// Users by position, as a JSON array.
pub(crate) fn users_json(positions: impl Iterator<Item = usize>) -> String {
    let mut out = String::from("[");
    for (index, position) in positions.enumerate() {
        if index > 0 {
            out.push(',');
        }
        User::at(position).write(&mut out);
    }
    out.push(']');
    out
}

pub(crate) fn user(api: &Api, id: &str) -> Reply {
    position(api, id).map_or_else(Reply::not_found, one)
}

pub(crate) fn account(api: &Api, number: &str) -> Reply {
    let number: Option<u64> = number.parse().ok();
    let position = number
        .and_then(|number| number.checked_sub(FIRST_ACCOUNT))
        .filter(|twice| twice % 2 == 0);
    let position = position.and_then(|twice| usize::try_from(twice / 2).ok());
    position
        .filter(|position| *position < api.options.users)
        .map_or_else(Reply::not_found, one)
}

fn one(position: usize) -> Reply {
    let mut out = String::new();
    User::at(position).write(&mut out);
    Reply::json(out)
}

/// None to three factors, in turn.
pub(crate) fn factors(api: &Api, id: &str) -> Reply {
    let Some(position) = position(api, id) else {
        return Reply::not_found();
    };
    let kinds = ["totp", "sms", "webauthn"];
    let factors: Vec<Value> = kinds[..position % 4]
        .iter()
        .map(|kind| json!({ "id": format!("{id}-{kind}"), "type": kind, "confirmed": position % 3 != 0 }))
        .collect();
    Reply::json(json!({ "user_id": id, "factors": factors }).to_string())
}

/// The groups a user is in: one or two.
fn group_positions(position: usize) -> impl Iterator<Item = usize> {
    let first = position % GROUPS;
    let second = (position / GROUPS) % GROUPS;
    std::iter::once(first).chain((second != first).then_some(second))
}

fn group_json(position: usize) -> Value {
    json!({ "id": format!("g{:02}", position + 1), "name": format!("Group {}", position + 1) })
}

fn group_position(id: &str) -> Option<usize> {
    let position = id.strip_prefix('g')?.parse::<usize>().ok()?.checked_sub(1)?;
    (position < GROUPS && format!("g{:02}", position + 1) == id).then_some(position)
}

pub(crate) fn groups_of(api: &Api, id: &str) -> Reply {
    let Some(position) = position(api, id) else {
        return Reply::not_found();
    };
    Reply::json(
        group_positions(position)
            .map(group_json)
            .collect::<Value>()
            .to_string(),
    )
}

pub(crate) fn groups() -> Reply {
    Reply::json((0..GROUPS).map(group_json).collect::<Value>().to_string())
}

pub(crate) fn group(id: &str) -> Reply {
    group_position(id).map_or_else(Reply::not_found, |position| {
        Reply::json(group_json(position).to_string())
    })
}

/// A group's members, by offset (`first`, `max`).
pub(crate) fn members(api: &Api, exchange: &Exchange, id: &str) -> Reply {
    let Some(group) = group_position(id) else {
        return Reply::not_found();
    };
    let bound = |name, or: usize| {
        exchange
            .number(name)
            .and_then(|n| n.try_into().ok())
            .unwrap_or(or)
    };
    let (first, max) = (bound("first", 0), bound("max", 100).min(1_000));
    let all = (0..api.options.users).filter(|position| group_positions(*position).any(|of| of == group));
    let total = all.clone().count();
    let members: Vec<Value> = all
        .skip(first)
        .take(max)
        .map(|position| json!({ "user_id": user_id(position), "role": if position < GROUPS { "owner" } else { "member" } }))
        .collect();
    Reply::json(json!({ "group_id": id, "total": total, "members": members }).to_string())
}

pub(crate) fn permissions(api: &Api, group: &str, user: &str) -> Reply {
    let (Some(of), Some(position)) = (group_position(group), position(api, user)) else {
        return Reply::not_found();
    };
    if !group_positions(position).any(|group| group == of) {
        return Reply::not_found();
    }
    let permissions = if position < GROUPS {
        json!(["read", "write"])
    } else {
        json!(["read"])
    };
    Reply::json(json!({ "group_id": group, "user_id": user, "permissions": permissions }).to_string())
}

/// Every third user has a photo: bytes that are no text.
pub(crate) fn photo(api: &Api, id: &str) -> Reply {
    match position(api, id) {
        Some(position) if position % 3 == 0 => {
            let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
            bytes.extend(0..=255_u8);
            bytes.extend_from_slice(id.as_bytes());
            Reply::new(200, "image/png", bytes)
        }
        _ => Reply::error(404, "no_photo", "this user has no photo"),
    }
}

/// What was sent, as JSON. The body is text where it is UTF-8, else hex.
pub(crate) fn echo(exchange: &Exchange) -> Reply {
    let headers: Vec<Value> = exchange
        .headers
        .iter()
        .map(|(name, value)| json!([name.as_str(), String::from_utf8_lossy(value.as_bytes())]))
        .collect();
    let body = std::str::from_utf8(&exchange.body).map_or_else(|_| hex(&exchange.body), str::to_owned);
    let echoed = json!({
        "method": exchange.method.as_str(),
        "path": exchange.path,
        "query": exchange.query,
        "headers": headers,
        "body": body,
    });
    Reply::json(echoed.to_string())
}
