//! Rate limits (the language's section 8).

use smol_str::SmolStr;

use super::field::{ExpressionText, Spanned, TemplateText};
use super::record::{choice, record};
use super::rules;

record! {
    /// A rate limit: never more than so many requests in any interval of a length.
    pub struct RateLimit, checked by rules::rate_limit {
        /// How many requests; a template of `config`.
        requests: Option<TemplateText>,
        /// In any interval of this length: a duration, or a template of `config` that gives one.
        per: Option<TemplateText>,
        /// Several windows at once, all of which hold.
        windows: Option<Vec<LimitWindow>>,
        /// Requests in flight: a number, a template of `config`, or `auto`.
        concurrency: Option<TemplateText>,
        /// Which requests it applies to; every request if absent.
        r#match: Option<Vec<Matching>>,
        /// `config`, `integration`, or an expression: what it is counted by.
        counted_by: Option<ExpressionText>,
        /// What one request costs.
        cost: Option<ExpressionText>,
        /// What is learned from responses.
        adapt: Option<Adapt>,
    }
}

record! {
    /// One window of a limit.
    pub struct LimitWindow {
        /// How many requests.
        requests: TemplateText,
        /// In any interval of this length.
        per: TemplateText,
    }
}

record! {
    /// What a limit applies to: an endpoint, a step, or an auth flow.
    pub struct Matching, checked by rules::matching {
        /// HTTP method; any if absent.
        method: Option<Spanned<SmolStr>>,
        /// Glob over the request's path: `*` within a segment, `**` across.
        path: Option<Spanned<SmolStr>>,
        /// A step, as `plan/step/step`.
        step: Option<Spanned<SmolStr>>,
        /// An auth flow's name: the requests that get its tokens.
        auth: Option<Spanned<SmolStr>>,
    }
}

/// What a limit learns from responses.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "few, and only while a document is read")]
pub enum Adapt {
    /// `auto`: the usual header families.
    Auto(Spanned<AdaptAuto>),
    /// By expression.
    By(AdaptBy),
}

record! {
    /// What a limit learns from responses, by expression.
    pub struct AdaptBy {
        /// Replaces `requests` until the reset.
        limit: Option<ExpressionText>,
        /// Caps what is left.
        remaining: Option<ExpressionText>,
        /// When the window starts anew.
        reset: Option<ExpressionText>,
        /// How long to wait when throttled; the Retry-After header if absent.
        retry_after: Option<ExpressionText>,
        /// Settles a time format that cannot be told apart.
        format: Option<Spanned<TimeFormat>>,
    }
}

choice! {
    /// The word for learning from the usual headers.
    pub enum AdaptAuto {
        /// The usual header families.
        Auto = "auto",
    }
}

choice! {
    /// How a learned time is written.
    pub enum TimeFormat {
        /// Seconds from now.
        Seconds = "seconds",
        /// Seconds since 1970.
        Epoch = "epoch",
        /// Milliseconds since 1970.
        EpochMs = "epoch_ms",
        /// RFC 3339.
        Rfc3339 = "rfc3339",
        /// RFC 9110 HTTP-date.
        HttpDate = "http_date",
        /// As `1m20s`.
        Duration = "duration",
    }
}
