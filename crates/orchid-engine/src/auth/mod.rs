//! Credentials: runs auth flows, keeps their tokens, renews them, attaches them (language, section 7).
//!
//! For each flow and each value of its `cached_by` there is one [`Entry`]: the token in force, and at most one
//! *flight* that gets a new one. A flight runs in a task of its own: whoever started it may go away, a token
//! that the API has given out is still kept. All who need a token meanwhile wait for the same flight, and
//! fail together with it. Tokens are kept behind the [`Tokens`] port, whose lease makes
//! flights single over all who share it.
//!
//! Requests are made by whoever implements [`Perform`]. No clock, no HTTP here; no secret leaves in a message.

mod attach;
mod entry;
mod expiry;
mod flight;
mod scope;
pub mod token;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use orchid_jmespath::value::Value;
use orchid_plan::program::{Auth, Flow, FlowId, Program, Step};
use smol_str::SmolStr;
use tokio_util::task::TaskTracker;

use crate::fault::{Fault, Kind};
use crate::ports::{Clock, Header, Tokens};
use crate::redact::Redactor;
use crate::scope::Root;
use crate::text;
use entry::{Entry, Standing};
use flight::Flight;
use token::{Token, TokenKey};

/// Makes the requests of a flow: a step with its retries and conditions, but without event, trace or saved
/// fields. What it needs to know of the place where the credentials are wanted it brings itself.
#[async_trait]
pub trait Perform: Send + Sync {
    /// Runs `step` of `flow` with `auth` as the root of that name, and gives the response (language, section 4).
    async fn perform(&self, flow: FlowId, step: &Arc<Step>, auth: &Value) -> Result<Value, Box<Failed>>;
}

/// Why a flow's request brought no response that succeeds.
#[derive(Debug, Clone)]
pub struct Failed {
    /// The reason.
    pub fault: Fault,
    /// The response that was refused; null when none came.
    pub response: Value,
}

/// Whose credentials they are: names for the cache and for messages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The tenant.
    pub tenant: SmolStr,
    /// The config's name.
    pub config_name: SmolStr,
}

/// What one request gets of a flow.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The root `auth`: the flow's output.
    pub auth: Value,
    /// Headers to attach, all of them secret.
    pub headers: Vec<Header>,
    /// Query parameters to attach, all of them secret.
    pub params: Vec<(String, String)>,
    /// Cookies to attach, all of them secret.
    pub cookies: Vec<(String, String)>,
    /// Where they came from; `None` where there is nothing to renew.
    source: Option<Source>,
}

impl Credentials {
    /// None, with this root `auth`.
    pub fn none(auth: Value) -> Self {
        Self {
            auth,
            headers: Vec::new(),
            params: Vec::new(),
            cookies: Vec::new(),
            source: None,
        }
    }

    /// Whether nothing is attached.
    pub fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.params.is_empty() && self.cookies.is_empty()
    }
}

#[derive(Debug, Clone)]
struct Source {
    flow: FlowId,
    entry: Arc<Entry>,
    token: Arc<Token>,
}

/// What became of a wish to renew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// There is a newer token: ask for the credentials again and send the request once more.
    Newer,
    /// There will be none for now: the response is judged as it is.
    Held,
}

/// The credentials of one config. Shared (`Arc`) by all its runs in this process.
pub struct Authenticator {
    program: Arc<Program>,
    owner: Owner,
    tokens: Arc<dyn Tokens>,
    clock: Arc<dyn Clock>,
    redactor: Redactor,
    entries: Mutex<HashMap<(FlowId, String), Arc<Entry>>>,
    flights: TaskTracker,
}

impl Authenticator {
    /// Without any token yet. What flows bring is added to `redactor` before anybody can use it.
    pub fn new(
        program: Arc<Program>,
        owner: Owner,
        tokens: Arc<dyn Tokens>,
        clock: Arc<dyn Clock>,
        redactor: Redactor,
    ) -> Arc<Self> {
        let (entries, flights) = (Mutex::default(), TaskTracker::new());
        Arc::new(Self {
            program,
            owner,
            tokens,
            clock,
            redactor,
            entries,
            flights,
        })
    }

    /// The flow that `auth` names, as the expressions of `root` decide; `None`: no credentials.
    pub fn flow(&self, auth: &Auth, root: &Value) -> Result<Option<FlowId>, Fault> {
        let template = match auth {
            Auth::None => return Ok(None),
            Auth::Flow(id) => return Ok(Some(*id)),
            Auth::Select(template) => template,
        };
        let root = Root::of(root.clone(), self.clock.now());
        let name = text::value("auth", template, &root)?;
        if name.is_null() {
            return Ok(None);
        }
        let text = name.as_str().unwrap_or_default();
        let found = self.program.flows.iter().position(|flow| flow.name == text);
        found.map(|index| Some(FlowId(index))).ok_or_else(|| {
            let known: Vec<&str> = self.program.flows.iter().map(|flow| flow.name.as_str()).collect();
            let what = if name.is_secret() {
                "its value".to_owned()
            } else {
                format!("`{}`", shortened(&name))
            };
            Fault::new(
                Kind::Definition,
                format!(
                    "auth: {what} is none of the auth flows ({}), and not null",
                    known.join(", ")
                ),
            )
        })
    }

    /// The credentials of `flow` for a request whose expressions see `root`. Gets a token if there is none
    /// that is fresh, with the requests that `perform` makes.
    pub async fn credentials(
        self: &Arc<Self>,
        flow: FlowId,
        root: &Value,
        perform: impl FnOnce() -> Arc<dyn Perform>,
    ) -> Result<Credentials, Fault> {
        let definition = self.definition(flow)?;
        if !makes_tokens(definition) {
            return attach::attach(definition, None, root, self.clock.now());
        }
        let entry = self.entry(flow, definition, root)?;
        let landed = match entry.standing(self.clock.now()) {
            Standing::Fresh(token) => Ok(token),
            Standing::InFlight(landing) => landing.await,
            Standing::Failed(fault) => Err(fault),
            Standing::Due => {
                let flight = Flight::new(self, flow, &entry, root.clone(), perform());
                entry.take_off(&self.flights, flight, self.clock.now()).await
            }
        };
        let token = match (landed, entry.standing(self.clock.now())) {
            // What was to be renewed ahead of time and could not be is still good.
            (Ok(token), _) | (Err(_), Standing::Fresh(token)) => token,
            (Err(fault), _) => return Err(fault),
        };
        let mut credentials = attach::attach(definition, Some(&token), root, self.clock.now())?;
        credentials.source = Some(Source { flow, entry, token });
        Ok(credentials)
    }

    /// Whether these credentials are still those in force, and not about to expire. Cheap.
    pub fn is_fresh(&self, credentials: &Credentials) -> bool {
        credentials
            .source
            .as_ref()
            .is_none_or(|source| source.entry.is_fresh(&source.token, self.clock.now()))
    }

    /// Whether a refusal of these credentials can be answered by [`Self::renew`].
    pub fn can_renew(&self, credentials: &Credentials) -> bool {
        credentials.source.as_ref().is_some_and(|source| {
            let flow = self.program.flows.get(source.flow.0);
            flow.is_some_and(|flow| flow.request.is_some() || flow.refresh.is_some())
        })
    }

    /// The API refused these credentials. One renewal for all who wait, one per token: who was refused with
    /// an older token just takes the newer.
    pub async fn renew(
        self: &Arc<Self>,
        refused: &Credentials,
        root: &Value,
        perform: impl FnOnce() -> Arc<dyn Perform>,
    ) -> Result<Renewal, Fault> {
        let Some(Source { flow, entry, token }) = &refused.source else {
            return Ok(Renewal::Held);
        };
        match entry.refused(token, self.clock.now()) {
            Standing::Fresh(newer) if newer.version == token.version => Ok(Renewal::Held),
            Standing::Fresh(_) => Ok(Renewal::Newer),
            Standing::InFlight(landing) => landing.await.map(|_| Renewal::Newer),
            Standing::Failed(fault) => Err(fault),
            Standing::Due => {
                let flight = Flight::new(self, *flow, entry, root.clone(), perform());
                entry
                    .take_off(&self.flights, flight.refused(token), self.clock.now())
                    .await?;
                Ok(Renewal::Newer)
            }
        }
    }

    /// The request that was sent again with a renewed token was refused as well: renewing does not help, so a
    /// refusal renews nothing for the next 60 s.
    pub fn refused_again(&self, credentials: &Credentials) {
        if let Some(source) = &credentials.source {
            source.entry.hold(&source.token, self.clock.now());
        }
    }

    /// Waits for flights that are still under way, so that no token that the API gives out is lost.
    pub async fn settled(&self) {
        self.flights.close();
        self.flights.wait().await;
        self.flights.reopen();
    }

    fn definition(&self, flow: FlowId) -> Result<&Flow, Fault> {
        let found = self.program.flows.get(flow.0);
        found.ok_or_else(|| Fault::new(Kind::Internal, "an auth flow that does not exist"))
    }

    fn entry(&self, id: FlowId, flow: &Flow, root: &Value) -> Result<Arc<Entry>, Fault> {
        let by = match &flow.cached_by {
            None => String::new(),
            Some(expression) => {
                let field = format!("auth.{}.cached_by", flow.name);
                scope::evaluate(&field, expression, root, self.clock.now())?.to_json()
            }
        };
        let now = self.clock.now();
        let mut entries = self.lock();
        if let Some(entry) = entries.get(&(id, by.clone())) {
            return Ok(Arc::clone(entry));
        }
        if entries.len() >= ENTRIES {
            entries.retain(|_, entry| Arc::strong_count(entry) > 1 || entry.is_usable(now));
        }
        let entry = Arc::new(Entry::new(TokenKey {
            tenant: self.owner.tenant.clone(),
            integration: self.program.integration.clone(),
            config_name: self.owner.config_name.clone(),
            flow: flow.name.clone(),
            by: by.clone(),
        }));
        entries.insert((id, by), Arc::clone(&entry));
        Ok(entry)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(FlowId, String), Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Entries that are kept before those without a usable token are dropped.
const ENTRIES: usize = 10_000;

/// Whether a flow has anything to keep: a request's outcome, or values computed once.
fn makes_tokens(flow: &Flow) -> bool {
    flow.request.is_some() || !flow.steps.is_empty() || !flow.output.is_empty()
}

/// A value for a message.
fn shortened(value: &Value) -> String {
    let text = value.to_text().unwrap_or_else(|| value.to_json());
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
