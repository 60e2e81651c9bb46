//! Plans and steps (the language's sections 5, 6, 9 and 10).

use smol_str::SmolStr;

use super::field::{DurationText, ExpressionText, Map, SizeText, Spanned, TemplateText, TemplateTree};
use super::record::{choice, record};
use super::rules;
use crate::source::text::Place;

record! {
    /// A plan: a step with a schedule.
    pub struct Plan: step Step, checked by rules::plan {
        /// Pause between the end of a run and the next.
        wait: Option<DurationText>,
        /// Cron expression, with a time zone if it is not UTC.
        schedule: Option<Schedule>,
        /// Spreads the start by up to this.
        jitter: Option<DurationText>,
        /// Scheduled runs after which the poll is completed.
        repeat_count: Option<Spanned<u64>>,
        /// A run that lasts longer ends failed.
        run_timeout: Option<DurationText>,
        /// Whether it is on when first stored.
        enabled: Option<Spanned<bool>>,
        /// The time window that each run walks through.
        window: Option<Window>,
    }
}

record! {
    /// One request, repeated by a loop, for each item of a list.
    pub struct Step, checked by rules::step {
        /// HTTP method; GET, or POST where there is a body.
        method: Option<TemplateText>,
        /// The URL; `{name}` is a path parameter.
        url: Option<TemplateText>,
        /// Query parameters, and path parameters that the URL names.
        params: Map<TemplateTree>,
        /// How an array among the query parameters is written.
        array_params: Option<Spanned<ArrayParams>>,
        /// Request headers.
        headers: Map<TemplateText>,
        /// The body: an object or array is sent as JSON, text as it is.
        body: Option<TemplateTree>,
        /// The body as `application/x-www-form-urlencoded`.
        form: Option<Map<TemplateTree>>,
        /// The body as a GraphQL request.
        graphql: Option<Graphql>,
        /// The auth flow's name, a template that gives one, or `none`.
        auth: Option<TemplateText>,
        /// Request signing.
        sign: Option<Sign>,
        /// Bound on one attempt, from connect to the last byte.
        timeout: Option<DurationText>,
        /// Bound on the request's body.
        max_request_bytes: Option<SizeText>,
        /// Bound on the response's body after decoding.
        max_response_bytes: Option<SizeText>,

        /// The array that this step runs over.
        iterate_over: Option<ExpressionText>,
        /// Requests of this step in flight in one run.
        concurrency: Option<Spanned<u64>>,
        /// False: the step is not run for this item.
        when: Option<ExpressionText>,
        /// Items with an equal value are run once, within one list.
        unique_by: Option<ExpressionText>,

        /// The request is made again while this holds.
        r#while: Option<ExpressionText>,
        /// The request is made again at this URL until it is false.
        next_url: Option<ExpressionText>,
        /// Pages by number, offset or cursor.
        paginate: Option<Paginate>,
        /// True: the loop ends after this response.
        break_when: Option<ExpressionText>,
        /// Pause between iterations.
        loop_wait: Option<DurationText>,
        /// Bound on the whole loop's time.
        loop_timeout: Option<DurationText>,
        /// Bound on the loop's iterations.
        max_iterations: Option<Spanned<u64>>,
        /// Loop variables.
        vars: Map<Var>,

        /// True: the run ends and the poll is suspended.
        abort_when: Option<ExpressionText>,
        /// True: neither emitted nor an error.
        skip_when: Option<ExpressionText>,
        /// True: the token is renewed and the request sent again.
        refresh_when: Option<ExpressionText>,
        /// True: every limit that matched waits, then the request is sent again.
        throttled_when: Option<ExpressionText>,
        /// Bound on all waits of one request for being throttled.
        throttle_timeout: Option<DurationText>,
        /// True: the request is made again after a backoff; or a list of rules, of which the first that holds counts.
        retry_when: Option<RetryWhen>,
        /// Retries of one request.
        max_retries: Option<Spanned<u64>>,
        /// Pauses between retries.
        backoff: Option<Backoff>,
        /// True: the response is a success.
        success_when: Option<ExpressionText>,
        /// What a failure of this step does to the run.
        on_error: Option<Spanned<OnError>>,

        /// Decoder, or chain of decoders, that overrides the content type.
        parse: Option<Parse>,
        /// Fields kept for later runs.
        save: Map<Save>,
        /// Whether responses are emitted: true, false, or an expression over the response.
        emit: Option<ExpressionText>,
        /// Topic of the step's events.
        topic: Option<TemplateText>,
        /// Key of the step's events.
        key: Option<TemplateText>,
        /// Order among requests that wait for the same limit.
        priority: Option<Spanned<Priority>>,
        /// Steps that run for each response of this one.
        steps: Map<Step>,
    }
}

/// A plan's cron schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// The cron expression alone, in UTC.
    Cron(Spanned<SmolStr>),
    /// With its time zone.
    Zoned(ZonedCron),
}

record! {
    /// A cron expression and its time zone.
    pub struct ZonedCron {
        /// Five fields: minute, hour, day of month, month, day of week.
        cron: Spanned<SmolStr>,
        /// IANA name of the time zone; UTC if absent.
        timezone: Option<Spanned<SmolStr>>,
    }
}

record! {
    /// The time window that each run walks through, in pieces.
    pub struct Window {
        /// Where the first run starts.
        from: ExpressionText,
        /// Where it ends (exclusive); the run's start minus `lag` if absent.
        to: Option<ExpressionText>,
        /// Length of one piece.
        step: Option<DurationText>,
        /// The least distance of two points in time.
        granularity: Option<DurationText>,
        /// How far a run goes back behind what is committed.
        lookback: Option<DurationText>,
        /// How far a run stays behind now.
        lag: Option<DurationText>,
        /// True: the window is halved and starts again.
        split_when: Option<ExpressionText>,
    }
}

record! {
    /// A GraphQL request.
    pub struct Graphql {
        /// The query's text.
        query: TemplateText,
        /// Its variables.
        variables: Option<TemplateTree>,
    }
}

record! {
    /// Pages by number, offset or cursor; exactly one of them.
    pub struct Paginate, checked by rules::paginate {
        /// Pages by number.
        page: Option<PageSugar>,
        /// Pages by offset.
        offset: Option<OffsetSugar>,
        /// Pages by cursor.
        cursor: Option<CursorSugar>,
    }
}

record! {
    /// Pages by number: stops on a page with fewer than `size` items, or by `total`.
    pub struct PageSugar {
        /// The parameter that carries the page's number.
        param: Spanned<SmolStr>,
        /// The first page's number.
        start: Option<Spanned<u64>>,
        /// The parameter that carries the page's size.
        size_param: Option<Spanned<SmolStr>>,
        /// Items of a full page.
        size: Option<TemplateText>,
        /// The page's items; the body, or its only array, if absent.
        items: Option<ExpressionText>,
        /// How many items there are on all pages.
        total: Option<ExpressionText>,
    }
}

record! {
    /// Pages by offset: stops on a page with fewer than `size` items, or by `total`.
    pub struct OffsetSugar {
        /// The parameter that carries the offset.
        param: Spanned<SmolStr>,
        /// The parameter that carries the page's size.
        size_param: Option<Spanned<SmolStr>>,
        /// Items of a full page.
        size: Option<TemplateText>,
        /// The page's items; the body, or its only array, if absent.
        items: Option<ExpressionText>,
        /// How many items there are on all pages.
        total: Option<ExpressionText>,
    }
}

record! {
    /// Pages by cursor: stops when `from` is false, or `more` is.
    pub struct CursorSugar, checked by rules::cursor {
        /// Where the response holds the next cursor.
        from: ExpressionText,
        /// The parameter that carries the cursor.
        param: Option<Spanned<SmolStr>>,
        /// The header that carries it.
        header: Option<Spanned<SmolStr>>,
        /// The field of the body that carries it, a dotted path.
        body: Option<Spanned<SmolStr>>,
        /// Whether there are more pages.
        more: Option<ExpressionText>,
    }
}

record! {
    /// A loop variable.
    pub struct Var {
        /// Its value before the first request.
        init: ExpressionText,
        /// Its value after each response.
        next: Option<ExpressionText>,
    }
}

/// When a request is made again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryWhen {
    /// One condition under the step's `max_retries` and `backoff`.
    Condition(ExpressionText),
    /// Rules in order, and the list's place.
    Rules(Vec<RetryRule>, Place),
}

record! {
    /// One rule of `retry_when`.
    pub struct RetryRule, checked by rules::retry_rule {
        /// When it applies.
        when: ExpressionText,
        /// Its own bound on retries; the step's if absent.
        max_retries: Option<Spanned<u64>>,
        /// Its own pauses; the step's if absent.
        backoff: Option<Backoff>,
    }
}

record! {
    /// Pauses between retries: a Fibonacci row times `base`, at most `max`.
    pub struct Backoff {
        /// The first pause.
        base: Option<DurationText>,
        /// The longest pause.
        max: Option<DurationText>,
        /// How chance enters.
        jitter: Option<Spanned<Jitter>>,
    }
}

/// Decoders in order, outermost first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parse {
    /// The chain; one decoder where the author wrote no list.
    pub chain: Vec<Decoder>,
    /// Where it stands.
    pub place: Place,
}

/// One decoder.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "few, and only while a document is read")]
pub enum Decoder {
    /// By its name.
    Named(Spanned<DecoderName>),
    /// With options.
    Options(DecoderOptions),
}

record! {
    /// A decoder with options; exactly one of them.
    pub struct DecoderOptions, checked by rules::decoder {
        /// XML.
        xml: Option<XmlOptions>,
        /// CSV.
        csv: Option<CsvOptions>,
    }
}

record! {
    /// How XML is read.
    pub struct XmlOptions {
        /// Dotted paths of elements that are always arrays.
        arrays: Option<Vec<Spanned<SmolStr>>>,
    }
}

record! {
    /// How CSV is read.
    pub struct CsvOptions, checked by rules::csv {
        /// One character between fields.
        delimiter: Option<Spanned<SmolStr>>,
        /// One character around fields.
        quote: Option<Spanned<SmolStr>>,
        /// true: the first row names the columns; false: rows are arrays; or the names.
        header: Option<CsvHeader>,
    }
}

/// Where the names of a CSV's columns come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CsvHeader {
    /// Whether the first row holds them.
    FirstRow(Spanned<bool>),
    /// These, and the list's place.
    Names(Vec<Spanned<SmolStr>>, Place),
}

/// A field kept for later runs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "few, and only while a document is read")]
pub enum Save {
    /// Its value alone.
    Value(ExpressionText),
    /// With settings.
    Settings(SaveSettings),
}

record! {
    /// A saved field with its settings.
    pub struct SaveSettings {
        /// Its value; null is not saved.
        value: ExpressionText,
        /// How values meet.
        merge: Option<Spanned<Merge>>,
        /// Whether this response counts.
        when: Option<ExpressionText>,
        /// When it becomes durable.
        commit: Option<Spanned<Commit>>,
        /// One value per parent item.
        key: Option<ExpressionText>,
    }
}

record! {
    /// Request signing; exactly one of them.
    pub struct Sign, checked by rules::sign {
        /// AWS Signature Version 4.
        aws_sigv4: Option<AwsSigv4>,
        /// A keyed digest over text.
        hmac: Option<HmacSign>,
    }
}

record! {
    /// AWS Signature Version 4.
    pub struct AwsSigv4 {
        /// Region.
        region: TemplateText,
        /// Service.
        service: TemplateText,
        /// Access key id.
        access_key: TemplateText,
        /// Secret access key.
        secret_key: TemplateText,
        /// Session token of temporary credentials.
        session_token: Option<TemplateText>,
    }
}

record! {
    /// A keyed digest over text.
    pub struct HmacSign {
        /// Digest: md5, sha1, sha256, sha512.
        algorithm: TemplateText,
        /// The key.
        key: TemplateText,
        /// How the signature is written.
        encoding: Option<Spanned<SignatureEncoding>>,
        /// Computed once, read as `sign.x` (nonce, time).
        values: Map<ExpressionText>,
        /// What is signed.
        text: TemplateText,
        /// Headers to add; they see `signature` too.
        headers: Map<TemplateText>,
    }
}

choice! {
    /// How an array among the query parameters is written.
    pub enum ArrayParams {
        /// `a=1&a=2`
        Repeat = "repeat",
        /// `a=1,2`
        Comma = "comma",
        /// `a[]=1&a[]=2`
        Brackets = "brackets",
    }
}

choice! {
    /// What a step's failure does to the run.
    pub enum OnError {
        /// Siblings go on.
        Continue = "continue",
        /// Nothing new starts.
        Fail = "fail",
    }
}

choice! {
    /// Order among requests that wait for the same limit.
    pub enum Priority {
        /// Before others.
        High = "high",
        /// The default.
        Normal = "normal",
        /// After others, not starved.
        Low = "low",
    }
}

choice! {
    /// How chance enters a pause.
    pub enum Jitter {
        /// Half fixed, half random.
        Equal = "equal",
        /// All random.
        Full = "full",
        /// None.
        None = "none",
    }
}

choice! {
    /// How a saved field's values meet.
    pub enum Merge {
        /// The newest.
        Last = "last",
        /// The oldest.
        First = "first",
        /// The least.
        Min = "min",
        /// The greatest.
        Max = "max",
    }
}

choice! {
    /// When a saved field becomes durable.
    pub enum Commit {
        /// When the run ends succeeded or partial.
        Run = "run",
        /// When the page and its items are acknowledged.
        Page = "page",
    }
}

choice! {
    /// A decoder.
    pub enum DecoderName {
        /// JSON.
        Json = "json",
        /// Newline-delimited JSON.
        Ndjson = "ndjson",
        /// XML.
        Xml = "xml",
        /// CSV.
        Csv = "csv",
        /// Text.
        Text = "text",
        /// A base64 string.
        Binary = "binary",
        /// RFC 1952.
        Gzip = "gzip",
        /// An array of `{name, body}`.
        Zip = "zip",
    }
}

choice! {
    /// How a signature is written.
    pub enum SignatureEncoding {
        /// Lower-case hexadecimal.
        Hex = "hex",
        /// RFC 4648 base64.
        Base64 = "base64",
        /// RFC 4648 base64url without padding.
        Base64url = "base64url",
    }
}
