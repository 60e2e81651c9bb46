//! The immutable, checked form of an integration that the engine runs.
//!
//! Everything that can be decided without a config or a response has been decided: sugar is expanded,
//! defaults are filled in, names are resolved to indexes, expressions are compiled. A program is shared
//! (`Arc`) by all runs of one revision; nobody changes it.

pub mod expressions;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use orchid_jmespath::expression::{Expression, Path};
use orchid_jmespath::value::Value;
use smol_str::SmolStr;

use crate::schedule::Schedule;

/// One integration, ready to run.
#[derive(Debug)]
pub struct Program {
    /// The integration's name.
    pub integration: SmolStr,
    /// JSON Schema of a config, with its defaults and which values are secret.
    pub config: ConfigSchema,
    /// Outbound settings.
    pub http: Http,
    /// Auth flows in the document's order; [`FlowId`] indexes them.
    pub flows: Vec<Flow>,
    /// Rate limits in the document's order; [`LimitId`] indexes them.
    pub limits: Vec<Limit>,
    /// Plans by name.
    pub plans: IndexMap<SmolStr, Plan>,
    /// What is valid but cannot be run by this version, as sentences that name the place.
    pub not_yet: Vec<String>,
}

/// Index into [`Program::flows`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId(pub usize);

/// Index into [`Program::limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LimitId(pub usize);

/// The config schema.
#[derive(Debug, Clone, Default)]
pub struct ConfigSchema {
    /// JSON Schema 2020-12 as written (`secret: true` is an annotation to it); `None` accepts any object.
    pub schema: Option<serde_json::Value>,
    /// JSON pointers into a config of the values that are secret.
    pub secrets: BTreeSet<String>,
}

/// `http:` of an integration. Templates see `config` only.
#[derive(Debug, Default)]
pub struct Http {
    /// `host[:port]` or `*.host`: where credentials may follow.
    pub allowed_hosts: Vec<Template>,
    /// Proxy URL.
    pub proxy: Option<Template>,
    /// PEM of further certificate authorities.
    pub ca: Option<Template>,
    /// PEM of the client's certificate chain.
    pub client_cert: Option<Template>,
    /// PEM of the client's key.
    pub client_key: Option<Template>,
    /// `User-Agent`; Orchid's own if absent.
    pub user_agent: Option<Template>,
    /// Redirects followed per request; 0: the 3xx is judged as it is.
    pub redirects: u32,
}

/// A plan: a step with a schedule.
#[derive(Debug)]
pub struct Plan {
    /// Its name.
    pub name: SmolStr,
    /// When it runs.
    pub schedule: Schedule,
    /// Scheduled runs after which the poll is completed.
    pub repeat_count: Option<u64>,
    /// A run that lasts longer ends `failed`.
    pub run_timeout: Duration,
    /// Whether it is on when first stored.
    pub enabled: bool,
    /// The time window that each run walks through.
    pub window: Option<Window>,
    /// Level 0.
    pub step: Arc<Step>,
}

/// One request, repeated by a loop, for each item of a list.
#[derive(Debug)]
pub struct Step {
    /// The last segment of `path`.
    pub name: SmolStr,
    /// `plan/step/step`.
    pub path: SmolStr,
    /// 0 for the plan.
    pub level: usize,
    /// What is sent.
    pub request: Request,
    /// Which credentials it carries.
    pub auth: Auth,
    /// Request signing (run by a later version).
    pub sign: Option<Sign>,
    /// One attempt, from connect to the last byte, redirects included.
    pub timeout: Duration,
    /// Bytes of a request's body.
    pub max_request_bytes: u64,
    /// Bytes of a response's body after content decoding.
    pub max_response_bytes: u64,
    /// The list that it runs over; `None` runs once per parent response.
    pub iterate_over: Option<Expression>,
    /// Requests of this step in flight in one run.
    pub concurrency: usize,
    /// False: not run for this item.
    pub when: Option<Expression>,
    /// Items with an equal value are run once, within one list.
    pub unique_by: Option<Expression>,
    /// How it goes on after a response.
    pub advance: Advance,
    /// True: the loop ends after this response.
    pub break_when: Option<Expression>,
    /// Pause between iterations. With one, sub-steps run after the last iteration only.
    pub loop_wait: Option<Duration>,
    /// Bound on the whole loop's time.
    pub loop_timeout: Option<Duration>,
    /// Bound on its iterations.
    pub max_iterations: u64,
    /// Loop variables, in the document's order.
    pub vars: Vec<Var>,
    /// What becomes of a response.
    pub judge: Judge,
    /// Decoder chain that overrides the content type.
    pub parse: Option<Parse>,
    /// Saved fields.
    pub save: Vec<Save>,
    /// What of a response is emitted.
    pub emit: Emit,
    /// Topic of its events; the sink's default if absent.
    pub topic: Option<Template>,
    /// Key of its events; the sink's default if absent.
    pub key: Option<Template>,
    /// Order among requests that wait for the same limit.
    pub priority: Priority,
    /// Limits that can match its requests, statically narrowed; [`Limit::matching`] decides per request.
    pub limits: Vec<LimitId>,
    /// Run for each response that was emitted or would be.
    pub steps: Vec<Arc<Step>>,
    /// Whether the body is read by any expression here or in a sub-step (else it is only checked).
    pub reads_body: bool,
    /// Whether `no progress` is checked: `while` or `next_url` read `response` or `prev`, neither reads
    /// `context` nor `vars`, and there is no `loop_wait`.
    pub checks_progress: bool,
    /// What sub-steps read of this step's response, as paths below it (`body.users`, `headers`; the empty path is all
    /// of it), none contained in another: no more needs to be kept or handed to another instance.
    pub handed_down: Vec<Path>,
}

/// A request's templates.
#[derive(Debug)]
pub struct Request {
    /// A literal token, or a template of one.
    pub method: Template,
    /// The URL.
    pub url: UrlTemplate,
    /// Query parameters in order (those that fill path parameters are in `url`). One whose whole value is null
    /// is left out; an array repeats the name as `array_params` says; an object is an error.
    pub params: Vec<(SmolStr, Tree)>,
    /// How an array in `params` is written.
    pub array_params: ArrayParams,
    /// Headers in order. One whose value is null is left out.
    pub headers: Vec<(SmolStr, Template)>,
    /// The body.
    pub body: Body,
}

/// How an array among the query parameters is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ArrayParams {
    /// `a=1&a=2`
    #[default]
    Repeat,
    /// `a=1,2`
    Comma,
    /// `a[]=1&a[]=2`
    Brackets,
}

/// A URL with its holes.
#[derive(Debug)]
pub struct UrlTemplate {
    /// The parts in order.
    pub parts: Vec<UrlPart>,
}

/// One part of a URL.
#[derive(Debug)]
pub enum UrlPart {
    /// Literal text.
    Text(SmolStr),
    /// At the very start: a base URL, kept as it is (one slash where two would meet).
    Base(UrlHole),
    /// In the path: percent-encoded as one segment, an error if empty, `.` or `..`.
    Segment(UrlHole),
    /// In the path with `+`: percent-encoded, slashes kept.
    Path(UrlHole),
    /// After `?`: percent-encoded as a query value.
    Query(UrlHole),
}

/// What fills a hole of a URL.
#[derive(Debug)]
pub struct UrlHole {
    /// For messages: `{user_id}` or `${item.id}`.
    pub label: SmolStr,
    /// The value.
    pub value: Template,
}

/// A request's body.
#[derive(Debug)]
pub enum Body {
    /// None.
    None,
    /// By its value: an object or array is JSON, text is sent as it is.
    Value(Tree),
    /// `application/x-www-form-urlencoded`. A field whose whole value is null is left out, an array repeats the name.
    Form(Vec<(SmolStr, Tree)>),
    /// A GraphQL query as JSON.
    Graphql {
        /// The query text.
        query: Template,
        /// The variables.
        variables: Option<Tree>,
    },
}

/// Structured data with templates at its leaves.
#[derive(Debug)]
pub enum Tree {
    /// A leaf.
    Leaf(Template),
    /// A list.
    Array(Vec<Tree>),
    /// An object; an entry whose whole value is null is left out.
    Object(Vec<(SmolStr, Tree)>),
}

/// Text in which `${ expression }` is replaced.
#[derive(Debug, Clone)]
pub enum Template {
    /// No expression in it: text, or a YAML number, boolean or null.
    Literal(Value),
    /// One whole `${…}`: keeps the value's type.
    Whole(Expression),
    /// Text with expressions in it: becomes text.
    Mixed(Vec<Part>),
}

/// One part of a mixed template.
#[derive(Debug, Clone)]
pub enum Part {
    /// Literal text.
    Text(SmolStr),
    /// An expression.
    Expression(Expression),
}

/// Which credentials a step carries.
#[derive(Debug, Clone)]
pub enum Auth {
    /// None.
    None,
    /// One flow.
    Flow(FlowId),
    /// A template that gives a flow's name (or null for none).
    Select(Template),
}

/// How a step goes on after a response.
#[derive(Debug)]
pub enum Advance {
    /// One request.
    Once,
    /// Again while this holds.
    While(Expression),
    /// Again at this URL until it is false.
    NextUrl(Expression),
}

/// A loop variable.
#[derive(Debug)]
pub struct Var {
    /// Its name under `vars`.
    pub name: SmolStr,
    /// Its value before the first request.
    pub init: Expression,
    /// Its value after each response.
    pub next: Option<Expression>,
}

/// What becomes of a response, in the order of the language's section 6.
#[derive(Debug)]
pub struct Judge {
    /// Ends the run.
    pub abort_when: Option<Expression>,
    /// Neither emitted nor an error.
    pub skip_when: Option<Expression>,
    /// The token is renewed and the request sent again. `None`: status 401.
    pub refresh_when: Option<Expression>,
    /// The API says slow down. `None`: 429, or 503 with Retry-After.
    pub throttled_when: Option<Expression>,
    /// Bound on all waits of one request for being throttled.
    pub throttle_timeout: Duration,
    /// The first rule that holds counts. Empty: the default statuses under `max_retries` and `backoff`.
    pub retry: Vec<Retry>,
    /// Retries where no rule says otherwise (no readable response, default statuses).
    pub max_retries: u32,
    /// Pauses between those.
    pub backoff: Backoff,
    /// `None`: status 2xx.
    pub success_when: Option<Expression>,
    /// What a failure of this step does.
    pub on_error: OnError,
}

/// One rule of `retry_when`.
#[derive(Debug)]
pub struct Retry {
    /// When it applies.
    pub when: Expression,
    /// Its own bound.
    pub max_retries: u32,
    /// Its own pauses.
    pub backoff: Backoff,
}

/// Pauses between retries: Fibonacci multiples of `base`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause.
    pub base: Duration,
    /// The longest pause (an announced one may be longer).
    pub max: Duration,
    /// How chance enters.
    pub jitter: Jitter,
}

/// How chance enters a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jitter {
    /// Half fixed, half random.
    Equal,
    /// All random.
    Full,
    /// None.
    None,
}

/// What a step's failure does to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// Siblings go on.
    Continue,
    /// Nothing new starts; what is in flight finishes and is emitted.
    Fail,
}

/// A saved field.
#[derive(Debug)]
pub struct Save {
    /// Its name under `context.saved` (or `context.saved_item` if keyed).
    pub name: SmolStr,
    /// Its value; null is not saved.
    pub value: Expression,
    /// How values meet.
    pub merge: Merge,
    /// Whether this response counts.
    pub when: Option<Expression>,
    /// When it becomes durable.
    pub commit: Commit,
    /// One value per parent item.
    pub key: Option<Expression>,
}

/// How a saved field's values meet. Times compare as times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// The newest.
    Last,
    /// The oldest.
    First,
    /// The least.
    Min,
    /// The greatest.
    Max,
}

/// When a saved field becomes durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commit {
    /// When the run ends succeeded or partial.
    Run,
    /// When the page and its items are acknowledged or dead-lettered, in page order.
    Page,
}

/// What of a response is emitted.
#[derive(Debug)]
pub enum Emit {
    /// All of it, as received.
    Response,
    /// Nothing.
    Nothing,
    /// This expression's value in place of the body.
    Expression(Expression),
}

/// Order among waiting requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Before others.
    High,
    /// The default.
    Normal,
    /// After others, not starved.
    Low,
}

/// The time window that a run walks through.
#[derive(Debug)]
pub struct Window {
    /// Where the first run starts.
    pub from: Expression,
    /// Where it ends (exclusive). `None`: the run's start minus `lag`.
    pub to: Option<Expression>,
    /// Length of one piece. `None`: one piece.
    pub step: Option<Duration>,
    /// The least distance of two points in time.
    pub granularity: Duration,
    /// How far a run goes back behind what is committed.
    pub lookback: Duration,
    /// How far a run stays behind now.
    pub lag: Duration,
    /// True: the window is halved and starts again.
    pub split_when: Option<Expression>,
}

/// A decoder chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parse {
    /// Archives around it, outermost first.
    pub unpack: Vec<Unpack>,
    /// The format inside.
    pub format: Format,
}

/// An archive or compression that is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpack {
    /// RFC 1952.
    Gzip,
    /// An array of `{name, body}`.
    Zip,
}

/// A body's format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// From the content type, else from the bytes.
    Detect,
    /// JSON.
    Json,
    /// Newline-delimited JSON.
    Ndjson,
    /// XML; the paths in `arrays` are always arrays (`feed.entry`).
    Xml {
        /// Dotted paths.
        arrays: Vec<SmolStr>,
    },
    /// CSV.
    Csv {
        /// One character.
        delimiter: u8,
        /// One character.
        quote: u8,
        /// Where the names come from.
        header: CsvHeader,
    },
    /// Text.
    Text,
    /// A base64 string.
    Binary,
}

/// Where the names of a CSV's columns come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CsvHeader {
    /// The first row.
    FirstRow,
    /// There are none: rows are arrays.
    Absent,
    /// These.
    Names(Vec<SmolStr>),
}

/// An auth flow. The sugar kinds have been expanded to it.
#[derive(Debug)]
pub struct Flow {
    /// Its name.
    pub name: SmolStr,
    /// The request that gets a token; `None` where credentials are only attached.
    pub request: Option<Arc<Step>>,
    /// Further requests in order, each seeing the earlier outputs as `auth`.
    pub steps: Vec<FlowStep>,
    /// What is kept of the last response.
    pub output: Vec<(SmolStr, Expression)>,
    /// Renews a token; without it `request` is made again.
    pub refresh: Option<Arc<Step>>,
    /// When the token expires.
    pub expiry: Expiry,
    /// Renewed this long before it expires.
    pub skew: Skew,
    /// One token per value, besides per config.
    pub cached_by: Option<Expression>,
    /// Outputs that are not secret.
    pub public: BTreeSet<SmolStr>,
    /// What a request gets.
    pub attach: Attach,
    /// A config secret that the flow keeps up to date (a rotating refresh token): its name in the config.
    pub rotates: Option<SmolStr>,
}

/// A further request of a flow.
#[derive(Debug)]
pub struct FlowStep {
    /// The request.
    pub request: Arc<Step>,
    /// What is kept of its response.
    pub output: Vec<(SmolStr, Expression)>,
}

/// When a token expires.
#[derive(Debug)]
pub enum Expiry {
    /// Seconds from now, by expression; else `ttl`.
    In(Expression, Option<Duration>),
    /// A time, by expression; else `ttl`.
    At(Expression, Option<Duration>),
    /// A fixed time after it was made.
    After(Duration),
    /// It does not, or nobody says.
    Unknown,
}

/// How long before its expiry a token is renewed (at most half its lifetime).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Skew {
    /// A time.
    Time(Duration),
    /// A share of the lifetime, 0 to 1.
    Share(f64),
}

/// What a flow adds to a request.
#[derive(Debug, Default)]
pub struct Attach {
    /// Headers.
    pub headers: Vec<(SmolStr, Template)>,
    /// Query parameters.
    pub params: Vec<(SmolStr, Template)>,
    /// Cookies.
    pub cookies: Vec<(SmolStr, Template)>,
}

impl Attach {
    /// All templates by name: those of headers, then of parameters, then of cookies.
    pub fn templates(&self) -> impl Iterator<Item = &(SmolStr, Template)> {
        self.headers.iter().chain(&self.params).chain(&self.cookies)
    }
}

/// Request signing, validated and explained; run by a later version.
#[derive(Debug)]
pub struct Sign {
    /// `aws_sigv4` or `hmac`.
    pub kind: SmolStr,
    /// Its templates by field name.
    pub fields: Vec<(SmolStr, Template)>,
    /// Expressions computed once (`values` of `hmac`).
    pub values: Vec<(SmolStr, Expression)>,
    /// Header templates (`headers` of `hmac`).
    pub headers: Vec<(SmolStr, Template)>,
}

/// A rate limit.
#[derive(Debug)]
pub struct Limit {
    /// Its name.
    pub name: SmolStr,
    /// Never more than that in any interval of that length; all of them hold.
    pub windows: Vec<LimitWindow>,
    /// Requests in flight; a template of `config`.
    pub concurrency: Option<Template>,
    /// `concurrency: auto` (run by a later version).
    pub adaptive: bool,
    /// Which requests it applies to; empty: every request of a plan.
    pub matching: Vec<Matching>,
    /// What it is counted by.
    pub counted_by: CountedBy,
    /// What one request costs; default 1.
    pub cost: Option<Expression>,
    /// What is learned from responses (run by a later version, `retry_after` excepted).
    pub adapt: Option<Adapt>,
}

/// One window of a limit. Figures may be templates of `config`.
#[derive(Debug)]
pub struct LimitWindow {
    /// How many.
    pub requests: Template,
    /// In any interval of this length; a duration.
    pub per: Template,
}

/// What a limit applies to.
#[derive(Debug, Clone)]
pub enum Matching {
    /// Method (any if absent) and a glob over the request's path (`*` within a segment, `**` across).
    Endpoint {
        /// Upper case.
        method: Option<SmolStr>,
        /// The glob.
        path: globset::GlobMatcher,
    },
    /// Requests of one step: `plan/step/step`.
    Step(SmolStr),
    /// Requests of one auth flow.
    Flow(FlowId),
}

/// What a limit is counted by.
#[derive(Debug)]
pub enum CountedBy {
    /// Each config by itself.
    Config,
    /// All configs together.
    Integration,
    /// This value, within a config; null: the limit does not apply.
    Expression(Expression),
}

/// What a limit learns from responses.
#[derive(Debug)]
pub enum Adapt {
    /// The usual header families.
    Auto,
    /// By expression.
    By {
        /// Replaces `requests` until the reset.
        limit: Option<Expression>,
        /// Caps what is left.
        remaining: Option<Expression>,
        /// When the window starts anew.
        reset: Option<Expression>,
        /// How long to wait when throttled.
        retry_after: Option<Expression>,
        /// Settles a time format that cannot be told.
        format: Option<SmolStr>,
    },
}
