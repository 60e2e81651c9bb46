//! A small API to learn with and to test against, which logs and judges what it is sent.
//!
//! Everything it serves is made up and always the same, so that a test can say what must come out.
//! `GET /` lists its paths (`route` in the code). Some paths are prefixes that change how the rest behaves and that can be
//! combined: `/limited/5/1s/seconds/secured/bearer/users?page=2` is page 2 of the users, behind a bearer token
//! and a limit of five requests in any second. What arrives is recorded in [`log`] and judged in [`verdicts`].
//!
//! It touches nothing but its two sockets: the API itself, and a second origin that no credential may reach.

mod clock;
mod content;
mod control;
pub mod credentials;
mod exchange;
mod faults;
mod limits;
mod listen;
pub mod log;
mod reply;
mod route;
mod state;
mod tokens;
pub mod verdicts;
mod wire;

use std::future::pending;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::exchange::Origin;
use crate::log::Entry;
use crate::state::Api;
use crate::verdicts::Verdicts;

/// What the API holds and how it behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Users that there are.
    pub users: usize,
    /// Entries of the newest-first feed and of the sync API, before any are added.
    pub feed: usize,
    /// How long an access token lives, unless the token request says `?ttl=`.
    pub token_ttl: Duration,
    /// How often a job answers `running` before it is done, unless its creation says `polls`.
    pub job_polls: u32,
    /// Requests that the log keeps; later ones are counted and judged, but not kept.
    pub log_capacity: usize,
    /// How long each `/bulk/` answer waits.
    pub bulk_latency: Duration,
    /// Pages that `/bulk/pages` has.
    pub bulk_pages: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            users: 250,
            feed: 250,
            token_ttl: Duration::from_mins(5),
            job_polls: 3,
            log_capacity: 100_000,
            bulk_latency: Duration::ZERO,
            bulk_pages: 1_000,
        }
    }
}

/// The practice API, to be started.
#[derive(Debug)]
pub struct PracticeApi;

impl PracticeApi {
    /// Starts it on free ports of the loopback address.
    pub async fn start(options: Options) -> io::Result<Running> {
        Self::start_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?, options).await
    }

    /// Starts it on `listener`; the second origin gets a free port of the same address.
    pub async fn start_on(listener: TcpListener, options: Options) -> io::Result<Running> {
        let address = listener.local_addr()?;
        let other = TcpListener::bind((address.ip(), 0)).await?;
        let base_url = format!("http://{address}");
        let other_url = format!("http://{}", other.local_addr()?);
        let api = Arc::new(Api::new(options, base_url, other_url));
        let mut listeners = JoinSet::new();
        listeners.spawn(listen::accept(listener, Arc::clone(&api), Origin::Main));
        listeners.spawn(listen::accept(other, Arc::clone(&api), Origin::Other));
        Ok(Running { api, listeners })
    }
}

/// A practice API that runs. Dropping it closes its sockets and cuts its connections.
#[derive(Debug)]
pub struct Running {
    api: Arc<Api>,
    listeners: JoinSet<()>,
}

impl Running {
    /// Where it answers, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.api.base_url
    }

    /// The second origin, which must never see a credential.
    pub fn other_url(&self) -> &str {
        &self.api.other_url
    }

    /// The absolute URL of a path that begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.api.base_url)
    }

    /// What it was sent, in order of arrival.
    pub fn log(&self) -> Vec<Entry> {
        self.api.log().entries()
    }

    /// Its judgement of what it was sent.
    pub fn verdicts(&self) -> Verdicts {
        verdicts::judge(&self.api)
    }

    /// Forgets log, tokens, limits, jobs and additions, as if it had just started.
    pub fn reset(&self) {
        self.api.reset();
    }

    /// Adds entries at the top of the feed, which are also new changes of the sync API.
    pub fn add_to_feed(&self, count: usize) {
        self.api.add_to_feed(count);
    }

    /// Makes all access tokens and sessions given so far expire now.
    pub fn expire_tokens(&self) {
        self.api.tokens().expire();
    }

    /// Stops accepting, cuts what is in flight, and returns when all is gone.
    pub async fn shutdown(mut self) {
        self.listeners.shutdown().await;
    }
}

/// Serves on `listener` until the future is dropped.
pub async fn serve(listener: TcpListener, options: Options) -> io::Result<()> {
    let _running = PracticeApi::start_on(listener, options).await?;
    pending().await
}
