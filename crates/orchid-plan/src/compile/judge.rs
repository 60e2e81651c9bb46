//! What becomes of a response: conditions, retries, backoff.

use std::time::Duration;

use super::Compiler;
use crate::definition::field::Spanned;
use crate::definition::step::{self as written, RetryWhen, Step};
use crate::diagnostic::codes;
use crate::program::{Backoff, Jitter, Judge, OnError, Retry};
use crate::shapes::Scope;

/// The language's defaults (sections 5 and 6).
const THROTTLE_TIMEOUT: Duration = Duration::from_hours(1);
const MAX_RETRIES: u32 = 5;
const BACKOFF: Backoff = Backoff {
    base: Duration::from_secs(1),
    max: Duration::from_mins(1),
    jitter: Jitter::Equal,
};

impl Compiler<'_> {
    pub(super) fn judge(&mut self, step: &Step, scope: &Scope, default: OnError) -> Judge {
        let backoff = self.backoff(step.backoff.as_ref(), BACKOFF);
        let max_retries = retries(step.max_retries.as_ref(), MAX_RETRIES);
        Judge {
            abort_when: self.optional_condition(step.abort_when.as_ref(), scope),
            skip_when: self.optional_condition(step.skip_when.as_ref(), scope),
            refresh_when: self.optional_condition(step.refresh_when.as_ref(), scope),
            throttled_when: self.optional_condition(step.throttled_when.as_ref(), scope),
            throttle_timeout: self.length(step.throttle_timeout.as_ref(), THROTTLE_TIMEOUT),
            retry: self.retry(step.retry_when.as_ref(), max_retries, backoff, scope),
            max_retries,
            backoff,
            success_when: self.optional_condition(step.success_when.as_ref(), scope),
            on_error: match step.on_error.as_ref().map(|spanned| spanned.value) {
                None => default,
                Some(written::OnError::Continue) => OnError::Continue,
                Some(written::OnError::Fail) => OnError::Fail,
            },
        }
    }

    fn retry(
        &mut self,
        retry: Option<&RetryWhen>,
        max_retries: u32,
        backoff: Backoff,
        scope: &Scope,
    ) -> Vec<Retry> {
        match retry {
            None => Vec::new(),
            Some(RetryWhen::Condition(text)) => {
                // `retry_when: false` replaces the default statuses by none.
                vec![Retry {
                    when: self.condition(text, scope),
                    max_retries,
                    backoff,
                }]
            }
            Some(RetryWhen::Rules(rules, _)) => rules
                .iter()
                .map(|rule| Retry {
                    when: self.condition(&rule.when, scope),
                    max_retries: retries(rule.max_retries.as_ref(), max_retries),
                    backoff: self.backoff(rule.backoff.as_ref(), backoff),
                })
                .collect(),
        }
    }

    fn backoff(&mut self, written: Option<&written::Backoff>, default: Backoff) -> Backoff {
        let Some(written) = written else { return default };
        let base = self.length(written.base.as_ref(), default.base);
        let max = self.length(written.max.as_ref(), default.max.max(base));
        if max < base {
            let place = written.max.as_ref().map_or(&written.place, |max| &max.0.place);
            self.error(
                codes::FIELD_VALUE,
                place,
                "`max` is shorter than `base`",
                "make it as long as `base` or longer",
            );
        }
        let jitter = match written.jitter.as_ref().map(|spanned| spanned.value) {
            None => default.jitter,
            Some(written::Jitter::Equal) => Jitter::Equal,
            Some(written::Jitter::Full) => Jitter::Full,
            Some(written::Jitter::None) => Jitter::None,
        };
        Backoff { base, max, jitter }
    }
}

fn retries(written: Option<&Spanned<u64>>, default: u32) -> u32 {
    written
        .and_then(|written| u32::try_from(written.value).ok())
        .unwrap_or(default)
}
