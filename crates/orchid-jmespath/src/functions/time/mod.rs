//! Functions of time. Pure: `now()` is what the caller says, zones are compiled in.

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::functions::Function;
use crate::functions::call::Call;
use crate::functions::decimal::Decimal;
use crate::functions::refusal::Refusal;
use crate::functions::signature::{Literal, Nulls, Secrets, Types, one, optional};
use crate::number::Number;
use crate::problem::EvalError;
use crate::value::{Kind, Value};

pub(crate) mod calendar;
pub(crate) mod duration;
pub(crate) mod format;
pub(crate) mod parse;

/// Where a time is taken: text, or an epoch figure.
const TIME: Types = Types::STRING.or(Types::NUMBER);
/// Where a duration is taken: text, or seconds.
const DURATION: Types = Types::STRING.or(Types::NUMBER);
/// A literal time zone.
const ZONE: Literal = Literal::Checked(|name| parse::zone(name).map(|_| ()));
/// A literal duration.
const LENGTH: Literal = Literal::Checked(|text| duration::parse(text).map(|_| ()));
/// A literal format to write times in.
const FORMAT: Literal =
    Literal::Checked(|text| format::format(Timestamp::UNIX_EPOCH, text, None).map(|_| ()));
/// A literal unit to truncate to.
const UNIT: Literal =
    Literal::Checked(|unit| calendar::truncate(Timestamp::UNIX_EPOCH, unit, &TimeZone::UTC).map(|_| ()));
/// What a text of a time takes at most, for the budget.
const TIME_BYTES: usize = 64;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "now",
        signature: "now()",
        group: "time",
        summary: "The time, fixed for one request: however often it is asked for, it is the same.",
        example: ("now() == now()", "true"),
        parameters: &[],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| Ok(Value::from(format::rfc3339(call.env().now))),
    },
    Function {
        name: "parse_time",
        signature: "parse_time(value, formats?, tz?)",
        group: "time",
        summary: "Reads a time: RFC 3339 and its relatives, dates, HTTP and mail dates, epoch seconds, milliseconds, microseconds or nanoseconds (told apart by size), or only the given strftime formats, tried in turn (`epoch` and `epoch_ms` fix the unit). Without an offset it is in `tz`, else UTC. Empty text is null.",
        example: (
            "parse_time('02.01.2026 03:04', '%d.%m.%Y %H:%M')",
            r#""2026-01-02T03:04:00Z""#,
        ),
        parameters: &[
            one("value", TIME),
            optional("formats", Types::STRING.or(Types::STRINGS)),
            optional("tz", Types::STRING).literal(ZONE),
        ],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: parse_time,
    },
    Function {
        name: "format_time",
        signature: "format_time(t, format, tz?)",
        group: "time",
        summary: "Writes a time by a strftime format or a name: `iso`, `date`, `http`, `basic` (`20260102T030405Z`), or `epoch` and `epoch_ms`, which give integers. Without `tz` it is UTC.",
        example: (
            "format_time('2026-01-02T03:04:05Z', '%d/%m/%Y %H:%M', 'Asia/Kolkata')",
            r#""02/01/2026 08:34""#,
        ),
        parameters: &[
            one("t", TIME),
            one("format", Types::STRING).literal(FORMAT),
            optional("tz", Types::STRING).literal(ZONE),
        ],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: format_time,
    },
    Function {
        name: "add_time",
        signature: "add_time(t, duration)",
        group: "time",
        summary: "A time and a duration added: `'15m'`, `'-P1D'`, or a number of seconds. Months and years go by the calendar.",
        example: (
            "add_time('2026-01-31T00:00:00Z', 'P1M')",
            r#""2026-02-28T00:00:00Z""#,
        ),
        parameters: &[one("t", TIME), one("duration", DURATION).literal(LENGTH)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| {
            let Some(time) = time(call, 0, &TimeZone::UTC)? else {
                return Ok(Value::NULL);
            };
            let span = span(call, 1)?;
            let moved = calendar::add(time, span).map_err(|refusal| refusal.at(call, 1))?;
            Ok(Value::from(format::rfc3339(moved)))
        },
    },
    Function {
        name: "diff_time",
        signature: "diff_time(a, b)",
        group: "time",
        summary: "The seconds from `a` to `b`, negative if `b` is earlier.",
        example: ("diff_time('2026-01-01', '2026-01-02T00:00:01.5Z')", "86401.5"),
        parameters: &[one("a", TIME), one("b", TIME)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| {
            let (Some(a), Some(b)) = (time(call, 0, &TimeZone::UTC)?, time(call, 1, &TimeZone::UTC)?) else {
                return Ok(Value::NULL);
            };
            Ok(number(&duration::from_nanoseconds(
                b.as_nanosecond() - a.as_nanosecond(),
            )))
        },
    },
    Function {
        name: "trunc_time",
        signature: "trunc_time(t, unit, tz?)",
        group: "time",
        summary: "The start of the second, minute, hour, day, week (from Monday), month, quarter or year that a time lies in, by the clocks of `tz`, else UTC.",
        example: (
            "trunc_time('2026-08-19T13:14:15Z', 'month')",
            r#""2026-08-01T00:00:00Z""#,
        ),
        parameters: &[
            one("t", TIME),
            one("unit", Types::STRING).literal(UNIT),
            optional("tz", Types::STRING).literal(ZONE),
        ],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| {
            let zone = zone(call, 2)?;
            let Some(time) = time(call, 0, zone.as_ref().unwrap_or(&TimeZone::UTC))? else {
                return Ok(Value::NULL);
            };
            let start = calendar::truncate(time, call.text(1)?, zone.as_ref().unwrap_or(&TimeZone::UTC));
            Ok(Value::from(format::rfc3339(
                start.map_err(|refusal| refusal.at(call, 1))?,
            )))
        },
    },
    Function {
        name: "min_time",
        signature: "min_time(list)",
        group: "time",
        summary: "The earliest of a list of times in any form; nulls are passed over, of none it is null.",
        example: (
            "min_time(['2026-01-02T00:00:00Z', '2026-01-02T00:30:00+01:00'])",
            r#""2026-01-01T23:30:00Z""#,
        ),
        parameters: &[one("list", Types::ARRAY)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| extreme(call, Timestamp::min),
    },
    Function {
        name: "max_time",
        signature: "max_time(list)",
        group: "time",
        summary: "The latest of a list of times in any form; nulls are passed over, of none it is null.",
        example: (
            "max_time([`1700000000`, '2026-01-02T00:00:00Z', `null`])",
            r#""2026-01-02T00:00:00Z""#,
        ),
        parameters: &[one("list", Types::ARRAY)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| extreme(call, Timestamp::max),
    },
    Function {
        name: "time_windows",
        signature: "time_windows(from, to, step, granularity?)",
        group: "time",
        summary: "Splits the time from `from` up to `to` into windows of `step`, `to` exclusive; with a granularity each has a `last` instant too, `to` minus the granularity. At most 10,000.",
        example: (
            "time_windows('2026-01-01', '2026-01-02T12:00:00Z', 'P1D')",
            r#"[{"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}, {"from": "2026-01-02T00:00:00Z", "to": "2026-01-02T12:00:00Z"}]"#,
        ),
        parameters: &[
            one("from", TIME),
            one("to", TIME),
            one("step", DURATION).literal(LENGTH),
            optional("granularity", DURATION).literal(LENGTH),
        ],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: time_windows,
    },
    Function {
        name: "parse_duration",
        signature: "parse_duration(value)",
        group: "time",
        summary: "A duration in seconds: `1m20s`, `250ms`, `1h30m`, `P1D`, `01:02:03`, or a number of seconds. A day has 24 hours; months and years have no fixed length.",
        example: ("parse_duration('1m20s')", "80"),
        parameters: &[one("value", DURATION).literal(LENGTH)],
        nulls: Nulls::Yield,
        secrets: Secrets::Derived,
        call: |call| {
            let seconds = duration::seconds(&span(call, 0)?).map_err(|refusal| refusal.at(call, 0))?;
            Ok(number(&seconds))
        },
    },
];

/// The time at a position; `None` for empty text, which is how many an API says that there is none.
fn time(call: &Call<'_>, index: usize, zone: &TimeZone) -> Result<Option<Timestamp>, EvalError> {
    time_of(call.value(index), zone).map_err(|refusal| refusal.at(call, index))
}

fn time_of(value: &Value, zone: &TimeZone) -> Result<Option<Timestamp>, Refusal> {
    match value.kind() {
        Kind::Number => {
            let text = value.to_text().unwrap_or_default();
            let time = Decimal::parse(&text).as_ref().and_then(parse::epoch);
            time.map(Some)
                .ok_or_else(|| Refusal::new("is no epoch time within the years -9999 to 9999"))
        }
        _ => match value.as_str().map(str::trim) {
            Some("") => Ok(None),
            Some(text) => parse::lenient(text, zone).map(Some),
            None => Err(Refusal::new("is not a time")),
        },
    }
}

fn zone(call: &Call<'_>, index: usize) -> Result<Option<TimeZone>, EvalError> {
    let name = call.optional_text(index)?;
    name.map(|name| parse::zone(name).map_err(|refusal| refusal.at(call, index)))
        .transpose()
}

fn span(call: &Call<'_>, index: usize) -> Result<Span, EvalError> {
    let text = call.value(index).to_text().unwrap_or_default();
    duration::parse(&text).map_err(|refusal| refusal.at(call, index))
}

fn number(decimal: &Decimal) -> Value {
    Number::parse(&decimal.to_text()).map_or(Value::NULL, Value::from)
}

fn parse_time(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let zone = zone(call, 2)?.unwrap_or(TimeZone::UTC);
    call.reserve(TIME_BYTES)?;
    if !call.has(1) {
        let time = time(call, 0, &zone)?;
        return Ok(time.map_or(Value::NULL, |time| Value::from(format::rfc3339(time))));
    }
    let text = call.value(0).to_text().unwrap_or_default();
    if text.trim().is_empty() {
        return Ok(Value::NULL);
    }
    let formats = call.value(1);
    call.charge(formats.len())?;
    let mut refusal = Refusal::new("is not a time: no format was given");
    let single = formats.as_str().map(|_| formats.clone());
    for format in single.into_iter().chain(formats.items()) {
        match parse::formatted(&text, format.as_str().unwrap_or_default(), &zone) {
            Ok(time) => return Ok(Value::from(format::rfc3339(time))),
            Err(found) => refusal = found,
        }
    }
    Err(refusal.at(call, 0))
}

fn format_time(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let zone = zone(call, 2)?;
    call.reserve(TIME_BYTES)?;
    let Some(time) = time(call, 0, &TimeZone::UTC)? else {
        return Ok(Value::NULL);
    };
    match format::format(time, call.text(1)?, zone.as_ref()) {
        Ok(format::Written::Text(text)) => Ok(Value::from(text)),
        Ok(format::Written::Integer(integer)) => Ok(Value::from(integer)),
        Err(refusal) => Err(refusal.at(call, 1)),
    }
}

fn extreme(call: &mut Call<'_>, better: fn(Timestamp, Timestamp) -> Timestamp) -> Result<Value, EvalError> {
    let list = call.value(0);
    call.charge(list.len().saturating_mul(8))?;
    let mut best: Option<Timestamp> = None;
    for item in list.items().filter(|item| !item.is_null()) {
        let found = time_of(&item, &TimeZone::UTC).map_err(|refusal| {
            let mut error = call.invalid(0, format!("an element {}", refusal.reason));
            error.help = refusal.help.map(str::to_owned);
            error
        })?;
        best = found
            .map(|time| best.map_or(time, |best| better(best, time)))
            .or(best);
    }
    Ok(best.map_or(Value::NULL, |time| Value::from(format::rfc3339(time))))
}

fn time_windows(call: &mut Call<'_>) -> Result<Value, EvalError> {
    let (Some(from), Some(to)) = (time(call, 0, &TimeZone::UTC)?, time(call, 1, &TimeZone::UTC)?) else {
        return Ok(Value::NULL);
    };
    let step = span(call, 2)?;
    let granularity = if call.has(3) { Some(span(call, 3)?) } else { None };
    let culprit = if granularity.is_some_and(|granularity| !granularity.is_positive()) {
        3
    } else {
        2
    };
    let windows =
        calendar::windows(from, to, step, granularity).map_err(|refusal| refusal.at(call, culprit))?;
    call.charge(windows.len() * 8)?;
    call.reserve(windows.len() * (24 + 3 * TIME_BYTES))?;
    Ok(Value::array(windows.iter().map(|window| {
        let last = window
            .last
            .map(|last| ("last", Value::from(format::rfc3339(last))));
        Value::object(
            [
                ("from", Value::from(format::rfc3339(window.from))),
                ("to", Value::from(format::rfc3339(window.to))),
            ]
            .into_iter()
            .chain(last),
        )
    })))
}
