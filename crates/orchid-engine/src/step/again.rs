//! What follows a verdict that is not final: renew, wait for the limits, or back off; then the request is sent again.

use std::time::Duration;

use super::{At, Sent, Tries, milliseconds};
use crate::auth::{Credentials, Renewal};
use crate::backoff;
use crate::exchange::Exchange;
use crate::fault::{Fault, Kind};
use crate::flow;
use crate::headers;
use crate::limits::Claims;
use crate::ports;
use crate::run::Run;
use crate::scope::Root;
use crate::trace::What;

/// Every function here returns `Ok` when the request is to be sent again.
pub(super) type Again = Result<(), Sent>;

/// Renews the token; where there will be no newer one for now, the response is judged as it is.
pub(super) async fn renew(
    at: &At<'_>,
    tries: &mut Tries,
    exchange: Box<Exchange>,
    refused: &Credentials,
    root: Root,
) -> Result<Option<(Box<Exchange>, Root)>, Sent> {
    tries.last_error = exchange.as_last_error(&exchange.as_fault());
    let building = at.scope(tries, refused.auth.clone()).building();
    match at
        .place
        .piece
        .stop
        .unless_draining(flow::renew(at, &building, refused))
        .await
    {
        None => Err(Sent::Stopped),
        Some(Ok(Renewal::Newer)) => {
            tries.renewed = true;
            Ok(None)
        }
        Some(Ok(Renewal::Held)) => Ok(Some((exchange, root))),
        Some(Err(fault)) => Err(Sent::Failed(fault, Some(exchange))),
    }
}

pub(super) fn throttle(
    at: &At<'_>,
    tries: &mut Tries,
    exchange: Box<Exchange>,
    claims: &Claims,
    root: &Root,
) -> Again {
    let run = at.run;
    let policy = &at.node.step.judge;
    let announced = match announced_wait(run, &exchange, claims, root) {
        Ok(announced) => announced,
        Err(fault) => return Err(Sent::Failed(fault, Some(exchange))),
    };
    tries.throttled.in_a_row += 1;
    let in_a_row = tries.throttled.in_a_row;
    let wait = match announced {
        Some(wait) if in_a_row == 1 => wait,
        // The API was wrong before: what it says now, and a backoff on top.
        Some(wait) => wait.saturating_add(backoff::pause(&policy.backoff, in_a_row - 1, fastrand::f64())),
        None if tries.retries.used(None) >= policy.max_retries => {
            run.ports.permits.block(
                &claims.block,
                backoff::pause(&policy.backoff, in_a_row, fastrand::f64()),
            );
            let message = format!(
                "throttled {in_a_row} times without being told how long to wait; retries are used up"
            );
            return Err(Sent::Failed(Fault::new(Kind::Throttled, message), Some(exchange)));
        }
        None => {
            let n = tries.retries.count(None);
            backoff::pause(&policy.backoff, n.max(in_a_row), fastrand::f64())
        }
    };
    run.ports.permits.block(&claims.block, wait);
    let total = tries.throttled.waited.saturating_add(wait);
    let bound = policy.throttle_timeout.min(run.remaining());
    if total > bound {
        let message = format!(
            "the API asks to wait {}s; with what was waited before that is beyond {}s (throttle_timeout, run_timeout)",
            wait.as_secs(),
            bound.as_secs()
        );
        return Err(Sent::Failed(Fault::new(Kind::Throttled, message), Some(exchange)));
    }
    tries.throttled.waited = total;
    tries.last_error = exchange.as_last_error(&exchange.as_fault());
    tries.queue = ports::Turn::Front;
    run.counters().retries.add(1);
    drop(exchange);
    // The block is on the limits: the request waits there, with everybody else.
    at.trace(|| What::Waited {
        reason: "throttled",
        ms: milliseconds(wait),
    });
    Ok(())
}

fn announced_wait(
    run: &Run,
    exchange: &Exchange,
    claims: &Claims,
    root: &Root,
) -> Result<Option<Duration>, Fault> {
    let Some(head) = &exchange.reply else {
        return Ok(None);
    };
    if let Some(value) = claims.announced(run, root)? {
        return Ok(headers::wait_of(&value, &head.headers, exchange.at));
    }
    Ok(headers::retry_after(&head.headers, exchange.at))
}

pub(super) async fn retry(
    at: &At<'_>,
    tries: &mut Tries,
    exchange: Box<Exchange>,
    rule: Option<usize>,
) -> Again {
    let policy = &at.node.step.judge;
    let backoff = rule
        .and_then(|index| policy.retry.get(index))
        .map_or(&policy.backoff, |rule| &rule.backoff);
    let n = tries.retries.count(rule);
    let announced = exchange
        .reply
        .as_ref()
        .and_then(|head| headers::retry_after(&head.headers, exchange.at))
        .unwrap_or_default();
    let wait = backoff::pause(backoff, n, fastrand::f64()).max(announced);
    if wait > at.run.remaining() {
        return Err(Sent::Failed(exchange.as_fault(), Some(exchange)));
    }
    tries.throttled.in_a_row = 0;
    tries.last_error = exchange.as_last_error(&exchange.as_fault());
    tries.queue = ports::Turn::Back;
    at.run.counters().retries.add(1);
    drop(exchange);
    at.wait("backoff", wait).await
}
