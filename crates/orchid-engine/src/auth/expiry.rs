//! How long a token is used.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use orchid_jmespath::value::Value;
use orchid_plan::program::{Expiry, Flow, Skew};

use super::{scope, shortened};
use crate::fault::{Fault, Kind};

/// A new token is used for at least this long, so that one that comes expired is still used once.
const LEAST: Duration = Duration::from_secs(1);

/// Numbers above are milliseconds since 1970.
const MILLISECONDS_ABOVE: f64 = 1e11;

/// When a token expires that was asked for at `asked`: what the response says, else `ttl`.
pub(super) fn expires_at(flow: &Flow, root: &Value, asked: Timestamp) -> Result<Option<Timestamp>, Fault> {
    let (said, ttl) = match &flow.expiry {
        Expiry::Unknown => return Ok(None),
        Expiry::After(ttl) => (None, Some(*ttl)),
        Expiry::In(expression, ttl) => {
            let field = format!("auth.{}.expires_in", flow.name);
            let value = scope::evaluate(&field, expression, root, asked)?;
            let expires = seconds(&value).map(|seconds| after(asked, seconds));
            (said(&field, &value, expires, "a number of seconds")?, *ttl)
        }
        Expiry::At(expression, ttl) => {
            let field = format!("auth.{}.expires_at", flow.name);
            let value = scope::evaluate(&field, expression, root, asked)?;
            (said(&field, &value, moment(&value), "a time")?, *ttl)
        }
    };
    Ok(said.or_else(|| ttl.map(|ttl| after(asked, ttl.as_secs_f64()))))
}

/// Until when a token is used without being renewed.
pub(super) fn fresh_until(skew: Skew, asked: Timestamp, made: Timestamp, expires: Timestamp) -> Timestamp {
    let lifetime = Duration::try_from(expires.duration_since(asked)).unwrap_or_default();
    let skew = match skew {
        Skew::Time(time) => time,
        Skew::Share(share) => lifetime.mul_f64(share.clamp(0.0, 1.0)),
    };
    let early = skew.min(lifetime / 2);
    let until = expires.checked_sub(early).unwrap_or(expires);
    made.checked_add(LEAST).map_or(until, |least| until.max(least))
}

/// What a response says, or why that cannot be.
fn said(
    field: &str,
    value: &Value,
    expires: Option<Timestamp>,
    wanted: &str,
) -> Result<Option<Timestamp>, Fault> {
    if expires.is_none() && !value.is_null() {
        let what = if value.is_secret() {
            "its value".to_owned()
        } else {
            format!("`{}`", shortened(value))
        };
        return Err(Fault::new(
            Kind::Expression,
            format!("{field}: {what} is not {wanted}"),
        ));
    }
    Ok(expires)
}

fn after(from: Timestamp, seconds: f64) -> Timestamp {
    let length = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX);
    from.checked_add(length).unwrap_or(Timestamp::MAX)
}

/// A number, or text that is one.
fn seconds(value: &Value) -> Option<f64> {
    let number: f64 = value.to_text()?.trim().parse().ok()?;
    number.is_finite().then_some(number)
}

/// A time in any usual form: seconds or milliseconds since 1970, RFC 3339 (without an offset: UTC), HTTP-date.
fn moment(value: &Value) -> Option<Timestamp> {
    if let Some(number) = seconds(value) {
        let seconds = if number.abs() > MILLISECONDS_ABOVE {
            number / 1000.0
        } else {
            number
        };
        return (seconds >= 0.0).then(|| after(Timestamp::UNIX_EPOCH, seconds));
    }
    let text = value.as_str()?.trim();
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return TimeZone::UTC.to_timestamp(time).ok();
    }
    Timestamp::try_from(httpdate::parse_http_date(text).ok()?).ok()
}
