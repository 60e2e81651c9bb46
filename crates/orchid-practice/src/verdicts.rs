//! The judgement of what was sent.
//!
//! Most violations are seen when the request comes, by the handler whose rule it breaks, and kept in the log.
//! Limits are judged over all arrivals, exactly: for each limit, the most requests in any interval of its length.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::log::{Entry, microseconds};
use crate::state::Api;

/// What the API says about its client.
#[derive(Debug, Clone, Serialize)]
pub struct Verdicts {
    /// Requests that arrived on both sockets, without `/_practice/` and `/bulk/`.
    pub requests: usize,
    /// The most that were in flight at once.
    pub peak_in_flight: usize,
    /// Rules that were broken, in order.
    pub violations: Vec<Violation>,
    /// Each limit that was used, as `/limited/5/1s/seconds`.
    pub limits: BTreeMap<String, LimitVerdict>,
    /// Each concurrency limit that was used, as `/concurrent/4`, and the most that were in flight.
    pub concurrency: BTreeMap<String, usize>,
    /// Requests that were answered with success more than once. Nothing forbids that, but a poll that pages
    /// properly does it only when it has to try again.
    pub repeats: Vec<Repeat>,
    /// What came to `/bulk/`.
    pub bulk: BulkVerdict,
}

impl Verdicts {
    /// How often a rule was broken.
    pub fn count(&self, rule: Rule) -> usize {
        self.violations
            .iter()
            .filter(|violation| violation.rule == rule)
            .count()
    }
}

/// A rule that was broken by one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Which rule.
    pub rule: Rule,
    /// The request's number in the log.
    pub request: usize,
    /// Its path.
    pub path: String,
    /// What was wrong.
    pub detail: String,
}

/// What a client must not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// More requests within a limit's interval than it allows.
    RateLimit,
    /// More requests at once than a limit allows.
    Concurrency,
    /// A secured path without credentials.
    CredentialMissing,
    /// A token or session after its end.
    CredentialExpired,
    /// A credential that was never given, or was taken back.
    CredentialUnknown,
    /// A refresh token that was used before.
    RefreshTokenReused,
    /// A credential on the second origin.
    CredentialLeaked,
    /// A header that begins with `x-injected`, which only a line break in a value can have made.
    HeaderInjected,
    /// A request to `/never/…`, which stands only in places that must not be followed.
    Followed,
    /// The result of a job that was not done.
    NotReady,
}

/// How a limit was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LimitVerdict {
    /// Requests allowed in any interval of `per_ms`.
    pub requests: usize,
    /// Milliseconds.
    pub per_ms: u64,
    /// Requests that arrived.
    pub arrived: usize,
    /// Requests that were refused.
    pub refused: usize,
    /// The most that arrived in any interval of `per_ms` (half open).
    pub most_in_window: usize,
    /// The shortest time from a request to the one `requests` after it; none where there were too few. Below
    /// `per_ms` the limit was broken. (On its way a request may lose a little of its distance to another.)
    pub tightest_us: Option<u64>,
    /// Requests that came more than 20 ms after a refusal and before the wait it announced was over. (What
    /// comes sooner may have been on its way already.)
    pub early: usize,
}

impl LimitVerdict {
    /// Judges arrivals. Two that came at once on two threads may stand in either order.
    pub(crate) fn judge(requests: usize, per: Duration, arrivals: &[Duration]) -> Self {
        let mut arrivals = arrivals.to_vec();
        arrivals.sort_unstable();
        let mut most = 0;
        let mut oldest = 0;
        for (newest, at) in arrivals.iter().enumerate() {
            while at.saturating_sub(arrivals[oldest]) >= per {
                oldest += 1;
            }
            most = most.max(newest + 1 - oldest);
        }
        let tightest = arrivals
            .iter()
            .zip(arrivals.iter().skip(requests))
            .map(|(first, last)| last.saturating_sub(*first))
            .min();
        Self {
            requests,
            per_ms: microseconds(per) / 1_000,
            arrived: arrivals.len(),
            refused: 0,
            most_in_window: most,
            tightest_us: tightest.map(microseconds),
            early: 0,
        }
    }
}

/// A request that was answered with success more than once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Repeat {
    /// Method, path and query.
    pub request: String,
    /// How often.
    pub times: usize,
}

/// What came to `/bulk/`, which keeps no log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct BulkVerdict {
    /// Requests.
    pub requests: u64,
    /// Different items among them (ids below 1,048,576).
    pub distinct_items: u64,
    /// Different pages among them (pages below 1,048,576).
    pub distinct_pages: u64,
    /// The most that were in flight at once.
    pub peak_in_flight: u64,
}

/// Judges all that was recorded so far.
pub(crate) fn judge(api: &Api) -> Verdicts {
    let (limits, concurrency) = api.limits().verdicts();
    let log = api.log();
    let (requests, peak_in_flight) = log.totals();
    Verdicts {
        requests,
        peak_in_flight,
        violations: log.violations().to_vec(),
        limits,
        concurrency,
        repeats: repeats(log.kept()),
        bulk: api.bulk.verdict(),
    }
}

/// What may be asked for again and again: tokens, jobs that run, and what is made to misbehave.
const REPEATABLE: [&str; 6] = ["/oauth/", "/login", "/refresh", "/jobs", "/faults/", "/echo"];

fn repeats(entries: &[Entry]) -> Vec<Repeat> {
    let mut seen: BTreeMap<(String, [Option<&str>; 2]), usize> = BTreeMap::new();
    for entry in entries {
        let success = entry.status.is_some_and(|status| (200..300).contains(&status));
        if success && !REPEATABLE.iter().any(|path| entry.path.contains(path)) {
            let query: Vec<String> = entry
                .query
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            let mark = if query.is_empty() { "" } else { "?" };
            let request = format!("{} {}{mark}{}", entry.method, entry.path, query.join("&"));
            let told_apart_by = [entry.body_sha256.as_deref(), entry.header("x-cursor")];
            *seen.entry((request, told_apart_by)).or_default() += 1;
        }
    }
    let often = seen.into_iter().filter(|(_, times)| *times > 1);
    often
        .map(|((request, _), times)| Repeat { request, times })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_exact() {
        let check = |requests, arrivals: &[u64], most: usize, tightest: Option<u64>| {
            let arrivals: Vec<Duration> = arrivals.iter().map(|ms| Duration::from_millis(*ms)).collect();
            let verdict = LimitVerdict::judge(requests, Duration::from_secs(1), &arrivals);
            assert_eq!(
                (verdict.most_in_window, verdict.tightest_us),
                (most, tightest),
                "{arrivals:?}"
            );
        };
        check(2, &[], 0, None);
        check(2, &[5], 1, None);
        check(2, &[0, 999], 2, None);
        check(2, &[0, 1, 1_000], 2, Some(1_000_000));
        check(2, &[0, 1, 999], 3, Some(999_000));
        // A fixed window would not see this burst over its border.
        check(2, &[900, 950, 1_050, 1_100, 3_000], 4, Some(150_000));
    }
}
