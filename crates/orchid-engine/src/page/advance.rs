//! How a loop goes on after a response: variables, saved fields, the field that ends it or the next page.

use std::sync::Arc;

use orchid_jmespath::expression::Expression;
use orchid_jmespath::value::Value;
use orchid_plan::program::Advance;
use smol_str::SmolStr;
use url::Url;

use super::{Emits, Loop, Next};
use crate::exchange::Exchange;
use crate::fault::{Fault, Kind};
use crate::origin;
use crate::progress::Page;
use crate::render;
use crate::save;
use crate::scope::{Root, Scope, Turn, expression_fault};
use crate::trace::What;

impl Loop {
    /// Everything after a response but its event: synchronous, so that a page is whole before its tail ends.
    pub(super) fn after(
        &self,
        exchange: &Exchange,
        root: &Root,
        emits: Emits,
        page: &Arc<Page>,
        root_page: Option<&Arc<Page>>,
        position: &[u64],
    ) -> Next {
        let vars = match self.next_vars(root) {
            Ok(vars) => vars,
            Err(fault) => return Next::Failed(fault),
        };
        // `while`, `break_when` and `save` see the new variables.
        let replaced = (!self.node.step.vars.is_empty()).then(|| root.with("vars", vars.clone()));
        let root = replaced.as_ref().unwrap_or(root);
        if emits == Emits::Response && !self.node.step.save.is_empty() {
            let mut place = self.place.clone();
            place.root_page = root_page.cloned();
            if let Err(fault) = save::save(&self.run, &self.node.step, &place, page, root, position) {
                return Next::Failed(fault);
            }
        }
        match self.advance(exchange, root) {
            Ok(Ok(next_url)) => self.turn_after(exchange, vars, next_url),
            Ok(Err(because)) => Next::End(because),
            Err(fault) => Next::Failed(fault),
        }
    }

    /// The next page's URL (`None`: the step's own), or the field that ends the loop.
    fn advance(&self, exchange: &Exchange, root: &Root) -> Result<Result<Option<Url>, &'static str>, Fault> {
        let step = &self.node.step;
        if let Some(e) = &step.break_when
            && self.holds("break_when", e, exchange, root)?
        {
            return Ok(Err("break_when"));
        }
        match &step.advance {
            Advance::Once => Ok(Err("once")),
            Advance::While(e) => {
                if self.holds("while", e, exchange, root)? {
                    return Ok(Ok(None));
                }
                Ok(Err("while"))
            }
            Advance::NextUrl(e) => {
                let value = root
                    .value(e)
                    .map_err(|error| expression_fault("next_url", e, &error))?;
                if !value.is_truthy() {
                    return Ok(Err("next_url"));
                }
                let Some(link) = value.as_str() else {
                    let message = format!(
                        "next_url: `{}` gives {}, not text",
                        e.source(),
                        value.kind().name()
                    );
                    return Err(Fault::new(Kind::Expression, message));
                };
                self.follow(exchange, link).map(|url| Ok(Some(url)))
            }
        }
    }

    /// A condition of the loop; on an error page (that was accepted or skipped) a type error counts as not met.
    fn holds(
        &self,
        field: &'static str,
        condition: &Expression,
        exchange: &Exchange,
        root: &Root,
    ) -> Result<bool, Fault> {
        match root.holds(condition) {
            Ok(held) => Ok(held),
            Err(error) if exchange.status().is_none_or(|status| status >= 400) => {
                self.run.counters().unmet_conditions.add(1);
                self.trace(|| What::Unmet {
                    condition: field.to_owned(),
                    expression: condition.source().to_owned(),
                    message: self.run.redact(&error.to_string()),
                });
                Ok(false)
            }
            Err(error) => Err(expression_fault(field, condition, &error)),
        }
    }

    fn follow(&self, exchange: &Exchange, link: &str) -> Result<Url, Fault> {
        let base = exchange
            .reply
            .as_ref()
            .map_or(&exchange.request.outgoing.url, |head| &head.url);
        let mut url = base
            .join(link.trim())
            .map_err(|error| Fault::new(Kind::Definition, format!("next_url: not a URL: {error}")))?;
        url.set_fragment(None);
        render::check_scheme("next_url", &url)?;
        let url = origin::upgraded(base, url);
        let own = self.own_url.as_ref().unwrap_or(&exchange.request.outgoing.url);
        if origin::may_receive_credentials(own, &url, &self.run.allowed_hosts) {
            return Ok(url);
        }
        let message = format!(
            "next_url: leads to {}, but the step's own origin is {}; name the host in `http.allowed_hosts` to follow it",
            origin::shown(&url),
            origin::shown(own)
        );
        Err(Fault::new(Kind::Redirect, message))
    }

    fn turn_after(&self, exchange: &Exchange, vars: Value, next_url: Option<Url>) -> Next {
        let step = &self.node.step;
        let iteration = self.turn.iteration + 1;
        if self
            .run
            .spec
            .first_try
            .max_iterations
            .is_some_and(|max| iteration >= max)
        {
            self.run.reached_limit();
            self.place.above.cut_short();
            return Next::End("--max-iterations");
        }
        if iteration >= step.max_iterations {
            let message =
                format!("the loop would go on after {iteration} iterations; max_iterations is reached");
            return Next::Failed(Fault::new(Kind::LoopLimit, message));
        }
        let elapsed = self
            .started
            .elapsed()
            .saturating_add(step.loop_wait.unwrap_or_default());
        if step.loop_timeout.is_some_and(|timeout| elapsed > timeout) {
            let message = format!(
                "the loop would go on after {}s; loop_timeout is reached",
                elapsed.as_secs()
            );
            return Next::Failed(Fault::new(Kind::LoopLimit, message));
        }
        if self.place.piece.stop.is_draining() {
            self.place.above.cut_short();
            return Next::End("the run stops");
        }
        Next::Again(
            Turn {
                iteration,
                vars,
                prev: exchange.value.clone(),
            },
            next_url,
        )
    }

    /// Before the first request.
    pub(super) fn first_vars(&self) -> Result<Value, Fault> {
        if self.node.step.vars.is_empty() {
            return Ok(Value::NULL);
        }
        let scope = Scope {
            run: &self.run,
            node: &self.node,
            place: &self.place,
            turn: &self.turn,
            attempt: 1,
            now: self.run.ports.clock.now(),
            last_error: &Value::NULL,
            auth: Value::NULL,
        };
        let root = scope.building();
        let mut entries: Vec<(SmolStr, Value)> = Vec::new();
        for var in &self.node.step.vars {
            let field = format!("vars.{}.init", var.name);
            let value = root
                .value(&var.init)
                .map_err(|error| expression_fault(&field, &var.init, &error))?;
            entries.push((var.name.clone(), value));
        }
        Ok(Value::object(entries))
    }

    /// All together, from the old values.
    fn next_vars(&self, root: &Root) -> Result<Value, Fault> {
        let step = &self.node.step;
        if step.vars.is_empty() {
            return Ok(Value::NULL);
        }
        let mut entries: Vec<(SmolStr, Value)> = Vec::with_capacity(step.vars.len());
        for var in &step.vars {
            let value = match &var.next {
                Some(next) => {
                    let field = format!("vars.{}.next", var.name);
                    root.value(next)
                        .map_err(|error| expression_fault(&field, next, &error))?
                }
                None => self.turn.vars.get(&var.name).unwrap_or(Value::NULL),
            };
            entries.push((var.name.clone(), value));
        }
        Ok(Value::object(entries))
    }
}
