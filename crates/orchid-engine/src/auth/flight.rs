//! Getting one token: by refreshing the one before, else by the flow's requests in order.

use std::sync::Arc;

use jiff::Timestamp;
use orchid_jmespath::expression::Expression;
use orchid_jmespath::value::Value;
use orchid_plan::program::{Flow, FlowId, Step};
use smol_str::SmolStr;

use super::entry::Entry;
use super::token::Token;
use super::{Authenticator, Failed, Perform, attach, expiry, scope, shortened};
use crate::fault::{Fault, Kind};

/// One flight: everything it needs, so that it can go on by itself.
pub(super) struct Flight {
    authenticator: Arc<Authenticator>,
    flow: FlowId,
    entry: Arc<Entry>,
    /// What the flow's expressions see besides `auth` and `response`.
    root: Value,
    perform: Arc<dyn Perform>,
    /// The version that the API refused.
    refused: Option<u64>,
}

/// What a flow's requests have brought so far.
struct Made {
    output: Vec<(SmolStr, Value)>,
    asked: Timestamp,
    expires: Option<Timestamp>,
}

/// Why there is no new token.
enum Trouble {
    /// The API refused.
    Refused(Fault),
    /// Anything else.
    Other(Fault),
}

impl Flight {
    pub(super) fn new(
        authenticator: &Arc<Authenticator>,
        flow: FlowId,
        entry: &Arc<Entry>,
        root: Value,
        perform: Arc<dyn Perform>,
    ) -> Self {
        let (authenticator, entry) = (Arc::clone(authenticator), Arc::clone(entry));
        Self {
            authenticator,
            flow,
            entry,
            root,
            perform,
            refused: None,
        }
    }

    /// The flight that replaces a token which the API refused.
    pub(super) fn refused(mut self, token: &Token) -> Self {
        self.refused = Some(token.version);
        self
    }

    /// The new token, and when it came; a failure is of kind `auth` and says why, without any secret.
    pub(super) async fn fly(self) -> (Timestamp, Result<Arc<Token>, Fault>) {
        let outcome = self.token().await.map_err(|fault| self.readable(&fault));
        (self.authenticator.clock.now(), outcome)
    }

    async fn token(&self) -> Result<Arc<Token>, Fault> {
        let tokens = &self.authenticator.tokens;
        let mut lease = tokens.lease(&self.entry.key).await?;
        let stored = tokens.load(&self.entry.key).await?.map(Arc::new);
        let known = self.entry.token();
        if let Some(stored) = stored
            .as_ref()
            .filter(|stored| self.takes(stored, known.as_ref()))
        {
            self.authenticator.redactor.add_value(&stored.output);
            return Ok(Arc::clone(stored));
        }
        let before = [stored, known]
            .into_iter()
            .flatten()
            .max_by_key(|token| token.version);
        let token = self.make(before.as_deref()).await?;
        self.authenticator.redactor.add_value(&token.output);
        lease.store(&token).await?;
        Ok(Arc::new(token))
    }

    /// Whether somebody else has renewed it already.
    fn takes(&self, stored: &Arc<Token>, known: Option<&Arc<Token>>) -> bool {
        let newer = known.is_none_or(|known| stored.version > known.version);
        newer
            && self.refused.is_none_or(|refused| stored.version > refused)
            && stored.is_fresh(self.authenticator.clock.now())
    }

    async fn make(&self, before: Option<&Token>) -> Result<Token, Fault> {
        let flow = self.authenticator.definition(self.flow)?;
        let made = match (&flow.refresh, before) {
            (Some(refresh), Some(before)) => match self.refresh(flow, refresh, before).await {
                Err(Trouble::Refused(_)) if flow.request.is_some() => self.request(flow).await?,
                made => made?,
            },
            _ => self.request(flow).await?,
        };
        missing(flow, &made)?;
        let now = self.authenticator.clock.now();
        let fresh_until = made
            .expires
            .map(|expires| expiry::fresh_until(flow.skew, made.asked, now, expires));
        Ok(Token {
            version: before.map_or(1, |before| before.version + 1),
            output: Value::object(made.output),
            made_at: made.asked,
            expires_at: made.expires,
            fresh_until,
        })
    }

    /// The flow's requests in order, each seeing the earlier outputs.
    async fn request(&self, flow: &Flow) -> Result<Made, Trouble> {
        let mut made = Made {
            output: Vec::new(),
            asked: self.authenticator.clock.now(),
            expires: None,
        };
        let mut response = None;
        if let Some(request) = &flow.request {
            response = Some(self.perform(request, &mut made).await?);
        }
        self.keep(flow, &flow.output, &mut made, response.as_ref())?;
        for step in &flow.steps {
            response = Some(self.perform(&step.request, &mut made).await?);
            self.keep(flow, &step.output, &mut made, response.as_ref())?;
        }
        if !flow.steps.is_empty() {
            // What only the last response has.
            let empty: Vec<_> = flow
                .output
                .iter()
                .filter(|(name, _)| get(&made.output, name).is_null())
                .cloned()
                .collect();
            self.keep(flow, &empty, &mut made, response.as_ref())?;
        }
        Ok(made)
    }

    async fn refresh(&self, flow: &Flow, refresh: &Arc<Step>, before: &Token) -> Result<Made, Trouble> {
        let output = before
            .output
            .entries()
            .map(|(name, value)| (SmolStr::new(name), value))
            .collect();
        let mut made = Made {
            output,
            asked: self.authenticator.clock.now(),
            expires: None,
        };
        let response = self.perform(refresh, &mut made).await?;
        let before = made.output.clone();
        self.keep(flow, &flow.output, &mut made, Some(&response))?;
        let nothing_new = flow.output.iter().all(|(name, expression)| {
            get(&made.output, name) == get(&before, name) && expression.reads_under(&["response"])
        });
        if nothing_new && !flow.output.is_empty() {
            let message = format!("the refresh of auth flow `{}` brought nothing new", flow.name);
            return Err(Trouble::Refused(Fault::new(Kind::Auth, message)));
        }
        Ok(made)
    }

    async fn perform(&self, step: &Arc<Step>, made: &mut Made) -> Result<Value, Trouble> {
        made.asked = self.authenticator.clock.now();
        let auth = Value::object(made.output.iter().cloned());
        let outcome = self.perform.perform(self.flow, step, &auth).await;
        outcome.map_err(|failed| {
            let fault = explained(&failed);
            if failed.response.is_null() {
                Trouble::Other(fault)
            } else {
                Trouble::Refused(fault)
            }
        })
    }

    /// Adds `outputs` of a response; a null keeps what there was.
    fn keep(
        &self,
        flow: &Flow,
        outputs: &[(SmolStr, Expression)],
        made: &mut Made,
        response: Option<&Value>,
    ) -> Result<(), Fault> {
        let auth = Value::object(made.output.iter().cloned());
        let root = scope::with(&self.root, &auth, response);
        for (name, expression) in outputs {
            let field = format!("auth.{}.output.{name}", flow.name);
            let value = scope::evaluate(&field, expression, &root, self.authenticator.clock.now())?;
            let value = if flow.public.contains(name) {
                value.into_public()
            } else {
                value.into_secret()
            };
            match made.output.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) if !value.is_null() => *known = value,
                Some(_) => {}
                None => made.output.push((name.clone(), value)),
            }
        }
        if let Some(expires) = expiry::expires_at(flow, &root, made.asked)? {
            made.expires = Some(expires);
        }
        Ok(())
    }

    fn readable(&self, fault: &Fault) -> Fault {
        let name = self
            .authenticator
            .definition(self.flow)
            .map_or("", |flow| &flow.name);
        let message = match fault.kind {
            Kind::Auth => fault.message.clone(),
            kind => format!("auth flow `{name}` failed: {kind}: {}", fault.message),
        };
        Fault::new(Kind::Auth, self.authenticator.redactor.redact(&message))
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Other(fault)
    }
}

impl From<Trouble> for Fault {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused(fault) | Trouble::Other(fault) => fault,
        }
    }
}

fn get(output: &[(SmolStr, Value)], name: &str) -> Value {
    output
        .iter()
        .find(|(known, _)| known == name)
        .map_or(Value::NULL, |(_, value)| value.clone())
}

/// A token without what `attach` needs is none: the API said something else than the author expects.
fn missing(flow: &Flow, made: &Made) -> Result<(), Fault> {
    let missing = attach::needs(flow).into_iter().find(|name| {
        let value = get(&made.output, name);
        value.is_null() || value.as_str() == Some("")
    });
    let Some(name) = missing else {
        return Ok(());
    };
    let outputs = flow
        .steps
        .iter()
        .flat_map(|step| &step.output)
        .chain(&flow.output);
    let source = outputs
        .into_iter()
        .find(|(output, _)| *output == name)
        .map(|(_, e)| format!(" (`{}`)", e.source()));
    let message = format!(
        "auth flow `{}`: the response gives no {name}{}",
        flow.name,
        source.unwrap_or_default()
    );
    Err(Fault::new(Kind::Auth, message))
}

/// The fault with what the API says of it: `error` and `error_description` (RFC 6749, section 5.2).
fn explained(failed: &Failed) -> Fault {
    let body = failed.response.get("body").unwrap_or(Value::NULL);
    let field = |name| {
        body.get(name)
            .filter(|value| value.as_str().is_some())
            .map(|value| shortened(&value))
    };
    let said: Vec<String> = ["error", "error_description"]
        .into_iter()
        .filter_map(field)
        .collect();
    if said.is_empty() {
        return failed.fault.clone();
    }
    Fault::new(
        failed.fault.kind,
        format!("{} ({})", failed.fault.message, said.join(": ")),
    )
}
