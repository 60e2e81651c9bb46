//! What the engine needs from the world, as traits cut by need.
//!
//! Each has at least two implementations: the real one, and one in memory or virtual time for tests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use orchid_plan::program::{LimitId, Priority};
use url::Url;

use crate::auth::token::{Token, TokenKey};
use crate::budget::{Budget, Charge};
use crate::event::Event;
use crate::fault::Fault;
use crate::state::Change;
use crate::trace::Observer;

/// All that one run touches.
#[derive(Clone)]
pub struct Ports {
    /// Sends requests.
    pub fetch: Arc<dyn Fetch>,
    /// Admits them.
    pub permits: Arc<dyn Permits>,
    /// Keeps what auth flows have brought.
    pub tokens: Arc<dyn Tokens>,
    /// Takes events.
    pub sink: Arc<dyn Sink>,
    /// Keeps what became durable while the run goes on.
    pub checkpoints: Arc<dyn Checkpoints>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Is told what happens.
    pub observer: Arc<dyn Observer>,
    /// Bytes that all runs of this process may hold at once.
    pub budget: Budget,
}

/// Sends one request and brings the response, bounded in size and time.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// One attempt, redirects included. `Err` when no status line came; a body that could not be read whole
    /// is in [`Reply::body`].
    async fn fetch(&self, request: &Outgoing) -> Result<Reply, Fault>;
}

/// A rendered request, ready to be sent.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// A token (RFC 9110, 5.6.2).
    pub method: String,
    /// Absolute, http or https.
    pub url: Url,
    /// In order; names as written.
    pub headers: Vec<Header>,
    /// The body, if any.
    pub body: Option<Bytes>,
    /// Origins (besides that of `url`) to which credentials may follow: `host[:port]` or `*.host`.
    pub allowed_hosts: Arc<[String]>,
    /// Whether the query carries a credential: then it is not kept on a redirect to another origin either.
    pub secret_query: bool,
    /// Whether the body carries a credential: then a redirect that would take it to another origin is refused.
    pub secret_body: bool,
    /// From connect to the last byte, redirects included.
    pub timeout: Duration,
    /// Bytes of the body after content decoding.
    pub max_response_bytes: u64,
    /// Redirects followed.
    pub redirects: u32,
    /// The memory that the body may take: call [`Charge::body`] with the total before reading more of it
    /// (once with the Content-Length where there is one). The time it waits is not the peer's.
    pub charge: Charge,
}

impl Outgoing {
    /// A request with neither headers nor body, under the language's default bounds.
    pub fn new(method: impl Into<String>, url: Url) -> Self {
        Self {
            method: method.into(),
            url,
            headers: Vec::new(),
            body: None,
            allowed_hosts: Arc::from([]),
            secret_query: false,
            secret_body: false,
            timeout: Duration::from_mins(5),
            max_response_bytes: 10 << 20,
            redirects: 10,
            charge: Charge::unbounded(),
        }
    }
}

/// One header of a request.
#[derive(Debug, Clone)]
pub struct Header {
    /// The name.
    pub name: String,
    /// The value: no control characters.
    pub value: String,
    /// A credential: dropped on a redirect to another origin, redacted wherever it is shown.
    pub secret: bool,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status code of the last response.
    pub status: u16,
    /// Names in lower case, in order; repeated names stay apart.
    pub headers: Vec<(String, Bytes)>,
    /// The URL that answered in the end.
    pub url: Url,
    /// The body after content decoding; or why it could not be read, with what came before that.
    pub body: Result<Bytes, (Fault, Bytes)>,
    /// The peer, if it is known.
    pub peer: Option<SocketAddr>,
    /// From the start of the attempt to the last byte.
    pub duration: Duration,
}

/// Admits requests under the rate limits.
#[async_trait]
pub trait Permits: Send + Sync {
    /// Waits until every limit in `claim` admits one request, all at once or none. Fails with kind
    /// `throttled` at once when a wait is known to last beyond `claim.patience`.
    async fn acquire(&self, claim: &Claim) -> Result<Box<dyn Permit>, Fault>;

    /// The API said slow down: every scope of `claim` is blocked for `wait`.
    fn block(&self, claim: &Claim, wait: Duration);
}

/// The right to send one request. Dropped when the response is complete: that frees the concurrency slot.
pub trait Permit: Send + Sync {
    /// The request is being sent now; call it as the last thing before [`Fetch::fetch`]. False: the permit was
    /// granted too long ago and may not be used any more: give it back and acquire again with [`Turn::Front`].
    fn send(&mut self) -> bool;

    /// The request was not sent: nothing is charged.
    fn give_back(self: Box<Self>);
}

/// What a request needs permits for.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The scopes, each with its figures.
    pub scopes: Vec<Scope>,
    /// Order among those who wait.
    pub priority: Priority,
    /// The longest wait that still makes sense.
    pub patience: Duration,
    /// Where it queues within its priority.
    pub turn: Turn,
}

/// Where a request queues among those of its priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Turn {
    /// Behind those who wait already.
    #[default]
    Back,
    /// At the head: it had a permit and gave it back unsent.
    Front,
}

/// One limit as it applies to one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// Which limit; `None` for the implicit one of a config.
    pub limit: Option<LimitId>,
    /// Names the budget, for machines and people (`okta/prod/rate_limits.org`): equal keys share one budget,
    /// whatever the rest of the scope says. Holds no secret.
    pub key: String,
    /// `(requests, per)`: never more in any interval of that length.
    pub windows: Vec<(u64, Duration)>,
    /// Requests in flight.
    pub concurrency: Option<u64>,
    /// What this request costs.
    pub cost: u64,
}

impl Claim {
    /// A claim that needs nothing.
    pub fn none(priority: Priority, patience: Duration) -> Self {
        Self {
            scopes: Vec::new(),
            priority,
            patience,
            turn: Turn::Back,
        }
    }
}

/// Keeps what auth flows have brought, for all who share a config.
#[async_trait]
pub trait Tokens: Send + Sync {
    /// The newest token that was stored, fresh or not.
    async fn load(&self, key: &TokenKey) -> Result<Option<Token>, Fault>;

    /// Takes the right to make the next token; waits while another has it. Dropping the lease gives it back.
    async fn lease(&self, key: &TokenKey) -> Result<Box<dyn TokenLease>, Fault>;
}

/// The right to make the next token.
#[async_trait]
pub trait TokenLease: Send {
    /// Makes `token` durable; nobody uses it before. An older one is never lost by a failure.
    async fn store(&mut self, token: &Token) -> Result<(), Fault>;
}

/// Where events go.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Hands one event over. Returns when the sink has room; the receipt resolves when the event is durable.
    async fn emit(&self, event: Event) -> Result<Receipt, Fault>;
}

/// Resolves when an event is durable.
pub type Receipt = tokio::sync::oneshot::Receiver<Result<(), Fault>>;

/// Keeps what becomes durable while a run goes on.
#[async_trait]
pub trait Checkpoints: Send + Sync {
    /// Makes one change durable. Changes of one run come one at a time, in order, and only after every event
    /// they stand for was acknowledged. An error ends the run `failed`.
    async fn commit(&self, change: &Change) -> Result<(), Fault>;
}

/// The time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now, as the ledger sees it.
    fn now(&self) -> Timestamp;
    /// Sleeps on the monotonic clock.
    async fn sleep(&self, duration: Duration);
}

/// Outbound settings of one integration under one config, for whoever makes a [`Fetch`].
#[derive(Debug, Clone, Default)]
pub struct HttpSettings {
    /// Proxy URL, with userinfo where the proxy wants it.
    pub proxy: Option<Url>,
    /// PEM of further certificate authorities.
    pub ca: Option<String>,
    /// PEM of the client's certificate chain and key.
    pub client_identity: Option<String>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
}
