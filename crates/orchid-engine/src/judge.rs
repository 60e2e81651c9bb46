//! A response and a policy give a verdict, in the exact order of the language's section 6. Pure.

use orchid_jmespath::expression::Expression;
use orchid_jmespath::problem::{EvalError, EvalErrorKind};
use orchid_plan::program::Judge;

use crate::fault::Kind;

/// What a response is, as far as a policy asks.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Facts<'a> {
    /// Its status, if one came.
    pub status: Option<u16>,
    /// Why there is none, or why it could not be read.
    pub fault: Option<Kind>,
    /// Whether it says how long to wait.
    pub announces_wait: bool,
    /// Whether its flow can renew the token and has not done so for this request.
    pub refresh: Refresh,
    /// `split_when` of the window that it belongs to.
    pub split_when: Option<&'a Expression>,
}

/// Whether a token can be renewed for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Refresh {
    /// It can.
    Possible,
    /// There is nothing to renew, or it was renewed for this request already.
    #[default]
    Impossible,
}

/// What becomes of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Renew the token and send again.
    Refresh,
    /// End the run.
    Abort,
    /// Neither emit nor fail.
    Skip,
    /// Halve the window.
    Split,
    /// Wait for the limits and send again.
    Throttled,
    /// Wait and send again, under this rule of `retry_when` (`None`: the step's own figures).
    Retry(Option<usize>),
    /// Emit.
    Accept,
    /// The step fails.
    Fail,
}

/// A verdict and what decided it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judged {
    pub verdict: Verdict,
    /// The field: `abort_when`, `retry_when[1]`, `default success_when`.
    pub because: Because,
}

/// What decided a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Because {
    /// This condition held (for `success_when` under `Fail`: did not).
    Condition(&'static str),
    /// This rule of `retry_when`.
    RetryRule(usize),
    /// The language's default for this field.
    Default(&'static str),
    /// No readable response came.
    Unreadable,
}

impl std::fmt::Display for Because {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Condition(field) => f.write_str(field),
            Self::RetryRule(index) => write!(f, "retry_when[{index}]"),
            Self::Default(field) => write!(f, "default {field}"),
            Self::Unreadable => f.write_str("no readable response"),
        }
    }
}

/// Retries of one request so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Retries {
    by_rule: Vec<u32>,
    own: u32,
}

impl Retries {
    /// Counts one more under a rule and says how many that makes.
    pub(crate) fn count(&mut self, rule: Option<usize>) -> u32 {
        let Some(index) = rule else {
            self.own += 1;
            return self.own;
        };
        if self.by_rule.len() <= index {
            self.by_rule.resize(index + 1, 0);
        }
        self.by_rule[index] += 1;
        self.by_rule[index]
    }

    /// Used so far under a rule.
    pub(crate) fn used(&self, rule: Option<usize>) -> u32 {
        match rule {
            Some(index) => self.by_rule.get(index).copied().unwrap_or(0),
            None => self.own,
        }
    }
}

/// A condition that failed on a response that is no error page: the step fails.
#[derive(Debug)]
pub(crate) struct ConditionFailed {
    pub field: String,
    pub source: String,
    pub error: EvalError,
}

/// Evaluates conditions, and is told of those that count as not met because they do not fit an error page.
pub(crate) trait Conditions {
    /// Its truth.
    fn holds(&mut self, condition: &Expression) -> Result<bool, EvalError>;
    /// It failed and counts as not met.
    fn unmet(&mut self, field: &str, condition: &Expression, error: &EvalError);
}

/// The verdict on one response.
pub(crate) fn judge(
    policy: &Judge,
    facts: &Facts<'_>,
    retries: &Retries,
    conditions: &mut dyn Conditions,
) -> Result<Judged, ConditionFailed> {
    let mut ask = Ask { facts, conditions };
    if let Some(judged) = before_retry(policy, facts, &mut ask)? {
        return Ok(judged);
    }
    if let Some(judged) = retry(policy, facts, retries, &mut ask)? {
        return Ok(judged);
    }
    let accepted = ask.or_default("success_when", policy.success_when.as_ref(), |status| {
        (200..300).contains(&status)
    })?;
    let verdict = if accepted.is_some_and(|(held, _)| held) {
        Verdict::Accept
    } else {
        Verdict::Fail
    };
    let because = match accepted {
        Some((_, because)) => because,
        None => Because::Unreadable,
    };
    Ok(Judged { verdict, because })
}

fn before_retry(
    policy: &Judge,
    facts: &Facts<'_>,
    ask: &mut Ask<'_>,
) -> Result<Option<Judged>, ConditionFailed> {
    if facts.refresh == Refresh::Possible
        && let Some((true, because)) =
            ask.or_default("refresh_when", policy.refresh_when.as_ref(), |s| s == 401)?
    {
        return Ok(Some(Judged {
            verdict: Verdict::Refresh,
            because,
        }));
    }
    let plain = [
        ("abort_when", policy.abort_when.as_ref(), Verdict::Abort),
        ("skip_when", policy.skip_when.as_ref(), Verdict::Skip),
        ("split_when", facts.split_when, Verdict::Split),
    ];
    for (field, condition, verdict) in plain {
        if let Some(condition) = condition
            && ask.holds(field, condition)?
        {
            return Ok(Some(Judged {
                verdict,
                because: Because::Condition(field),
            }));
        }
    }
    let announced = facts.announces_wait;
    let throttled = ask.or_default("throttled_when", policy.throttled_when.as_ref(), |status| {
        status == 429 || (status == 503 && announced)
    })?;
    Ok(match throttled {
        Some((true, because)) => Some(Judged {
            verdict: Verdict::Throttled,
            because,
        }),
        _ => None,
    })
}

fn retry(
    policy: &Judge,
    facts: &Facts<'_>,
    retries: &Retries,
    ask: &mut Ask<'_>,
) -> Result<Option<Judged>, ConditionFailed> {
    for (index, rule) in policy.retry.iter().enumerate() {
        if !ask.holds_at(&Because::RetryRule(index).to_string(), &rule.when)? {
            continue;
        }
        let left = retries.used(Some(index)) < rule.max_retries;
        let verdict = if left {
            Verdict::Retry(Some(index))
        } else {
            Verdict::Fail
        };
        return Ok(Some(Judged {
            verdict,
            because: Because::RetryRule(index),
        }));
    }
    let because = match (facts.fault, facts.status) {
        (Some(kind), _) if kind.is_unreadable() => Because::Unreadable,
        (None, Some(408 | 425 | 500 | 502 | 503 | 504)) if policy.retry.is_empty() => {
            Because::Default("retry_when")
        }
        _ => return Ok(None),
    };
    let left = retries.used(None) < policy.max_retries;
    Ok(left.then_some(Judged {
        verdict: Verdict::Retry(None),
        because,
    }))
}

struct Ask<'a> {
    facts: &'a Facts<'a>,
    conditions: &'a mut dyn Conditions,
}

impl Ask<'_> {
    fn holds(&mut self, field: &'static str, condition: &Expression) -> Result<bool, ConditionFailed> {
        self.holds_at(field, condition)
    }

    fn holds_at(&mut self, field: &str, condition: &Expression) -> Result<bool, ConditionFailed> {
        if self.facts.fault.is_some() && !condition.reads_under(&["response", "error"]) {
            return Ok(false);
        }
        match self.conditions.holds(condition) {
            Ok(held) => Ok(held),
            Err(error) if self.is_lenient() && error.kind != EvalErrorKind::Budget => {
                self.conditions.unmet(field, condition, &error);
                Ok(false)
            }
            Err(error) => Err(ConditionFailed {
                field: field.to_owned(),
                source: condition.source().to_owned(),
                error,
            }),
        }
    }

    /// Error pages have any shape, and so has what there is of a response that could not be read.
    fn is_lenient(&self) -> bool {
        self.facts.fault.is_some() || self.facts.status.is_none_or(|status| status >= 400)
    }

    /// The author's condition, or the default on the status; `None` where there is nothing to ask.
    fn or_default(
        &mut self,
        field: &'static str,
        condition: Option<&Expression>,
        default: impl FnOnce(u16) -> bool,
    ) -> Result<Option<(bool, Because)>, ConditionFailed> {
        if let Some(condition) = condition {
            return Ok(Some((self.holds(field, condition)?, Because::Condition(field))));
        }
        if self.facts.fault.is_some() {
            return Ok(None);
        }
        Ok(self
            .facts
            .status
            .map(|status| (default(status), Because::Default(field))))
    }
}
