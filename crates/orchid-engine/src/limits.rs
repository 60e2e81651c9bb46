//! Which rate limits a request needs permits of, with the figures of its config (language, section 8).

use std::time::Duration;

use orchid_plan::program::{Adapt, CountedBy, Limit, LimitId, Matching, Program, Template};
use orchid_plan::quantity;

use crate::fault::{Fault, Kind};
use crate::node::Node;
use crate::ports::{Claim, Outgoing, Scope, Turn};
use crate::run::Run;
use crate::scope::{Root, expression_fault};
use crate::text;

/// The limits of a program with the figures of one config.
#[derive(Debug, Default)]
pub(crate) struct Limits(Vec<Figures>);

#[derive(Debug)]
struct Figures {
    windows: Vec<(u64, Duration)>,
    concurrency: Option<u64>,
}

/// What a request needs, and what waits when the API says slow down.
#[derive(Debug, Clone)]
pub(crate) struct Claims {
    /// Includes the step's own concurrency.
    pub acquire: Claim,
    /// The limits that matched, or the config's implicit one.
    pub block: Claim,
    /// The matching limits themselves.
    pub matched: Vec<LimitId>,
}

impl Limits {
    /// Evaluates the figures, once per run.
    pub(crate) fn resolve(program: &Program, root: &Root) -> Result<Self, Fault> {
        let figures: Result<Vec<Figures>, Fault> =
            program.limits.iter().map(|limit| figures(limit, root)).collect();
        Ok(Self(figures?))
    }

    /// What one request needs.
    pub(crate) fn claims(
        &self,
        run: &Run,
        node: &Node,
        request: &Outgoing,
        root: &Root,
    ) -> Result<Claims, Fault> {
        let mut scopes = Vec::new();
        let mut matched = Vec::new();
        for id in &node.step.limits {
            let (Some(limit), Some(figures)) = (run.spec.program.limits.get(id.0), self.0.get(id.0)) else {
                continue;
            };
            if !matches(limit, node, request) {
                continue;
            }
            if let Some(scope) = scope(run, *id, limit, figures, root)? {
                scopes.push(scope);
                matched.push(*id);
            }
        }
        let longest = scopes
            .iter()
            .flat_map(|s| &s.windows)
            .map(|(_, per)| *per)
            .max()
            .unwrap_or_default();
        let patience = node.step.judge.throttle_timeout.max(longest).min(run.remaining());
        let claim = |scopes| Claim {
            scopes,
            priority: node.step.priority,
            patience,
            turn: Turn::Back,
        };
        // Nothing declared: one budget per config, unlimited until the API says slow down.
        let block = if scopes.is_empty() {
            vec![implicit(run)]
        } else {
            scopes.clone()
        };
        let mut acquire = block.clone();
        if node.flow.is_none() && (node.step.level > 0 || node.step.iterate_over.is_some()) {
            acquire.push(own_concurrency(run, node));
        }
        Ok(Claims {
            acquire: claim(acquire),
            block: claim(block),
            matched,
        })
    }
}

impl Claims {
    /// What the matching limits say of how long to wait, by their own expressions.
    pub(crate) fn announced(
        &self,
        run: &Run,
        root: &Root,
    ) -> Result<Option<orchid_jmespath::value::Value>, Fault> {
        for id in &self.matched {
            let limit = run.spec.program.limits.get(id.0);
            if let Some(Adapt::By {
                retry_after: Some(e), ..
            }) = limit.and_then(|limit| limit.adapt.as_ref())
            {
                let field = format!(
                    "rate_limits.{}.adapt.retry_after",
                    limit.map_or("", |limit| &limit.name)
                );
                let value = root
                    .value(e)
                    .map_err(|error| expression_fault(&field, e, &error))?;
                if !value.is_null() {
                    return Ok(Some(value));
                }
            }
        }
        Ok(None)
    }
}

fn figures(limit: &Limit, root: &Root) -> Result<Figures, Fault> {
    let place = |field: &str| format!("rate_limits.{}.{field}", limit.name);
    let windows: Result<Vec<(u64, Duration)>, Fault> = limit
        .windows
        .iter()
        .map(|window| {
            let requests = whole(&place("requests"), &window.requests, root)?;
            let per = text::text(&place("per"), &window.per, root)?
                .map(|text| text.text)
                .unwrap_or_default();
            let per = quantity::duration(&per)
                .map_err(|error| Fault::new(Kind::Definition, format!("{}: {error}", place("per"))))?;
            Ok((requests, per))
        })
        .collect();
    let concurrency = match &limit.concurrency {
        Some(template) => Some(whole(&place("concurrency"), template, root)?),
        None => None,
    };
    Ok(Figures {
        windows: windows?,
        concurrency,
    })
}

fn whole(field: &str, template: &Template, root: &Root) -> Result<u64, Fault> {
    let value = text::value(field, template, root)?;
    let number = value
        .as_i64()
        .or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
    number
        .and_then(|n| u64::try_from(n).ok())
        .filter(|n| *n > 0)
        .ok_or_else(|| Fault::new(Kind::Definition, format!("{field}: not a whole number above 0")))
}

fn matches(limit: &Limit, node: &Node, request: &Outgoing) -> bool {
    if limit.matching.is_empty() {
        return node.flow.is_none();
    }
    limit.matching.iter().any(|matching| match matching {
        Matching::Endpoint { method, path } => {
            method
                .as_ref()
                .is_none_or(|method| method.eq_ignore_ascii_case(&request.method))
                && path.is_match(request.url.path())
        }
        Matching::Step(path) => node.flow.is_none() && *path == node.step.path,
        Matching::Flow(id) => node.flow == Some(*id),
    })
}

fn scope(
    run: &Run,
    id: LimitId,
    limit: &Limit,
    figures: &Figures,
    root: &Root,
) -> Result<Option<Scope>, Fault> {
    let spec = &run.spec;
    let integration = format!("{}/{}", spec.tenant, spec.program.integration);
    let name = format!("rate_limits.{}", limit.name);
    let key = match &limit.counted_by {
        CountedBy::Config => format!("{integration}/{}/{name}", spec.config_name),
        CountedBy::Integration => format!("{integration}/{name}"),
        CountedBy::Expression(e) => {
            let value = root
                .value(e)
                .map_err(|error| expression_fault(&format!("{name}.counted_by"), e, &error))?;
            if value.is_null() {
                return Ok(None);
            }
            // A secret tells budgets apart by its hash only.
            let value = text::canonical(&value);
            let value = if run.redact(&value) == value {
                value
            } else {
                crate::event::sha256(value.as_bytes())
            };
            format!("{integration}/{}/{name}/{value}", spec.config_name)
        }
    };
    let cost = match &limit.cost {
        None => 1,
        Some(e) => {
            let value = root
                .value(e)
                .map_err(|error| expression_fault(&format!("{name}.cost"), e, &error))?;
            if value.is_null() {
                1
            } else {
                value
                    .as_i64()
                    .and_then(|n| u64::try_from(n).ok())
                    .ok_or_else(|| {
                        Fault::new(
                            Kind::Expression,
                            format!("{name}.cost: `{}` is no whole number from 0", e.source()),
                        )
                    })?
            }
        }
    };
    let Figures { windows, concurrency } = figures;
    Ok(Some(Scope {
        limit: Some(id),
        key,
        windows: windows.clone(),
        concurrency: *concurrency,
        cost,
    }))
}

fn implicit(run: &Run) -> Scope {
    let spec = &run.spec;
    let key = format!(
        "{}/{}/{}",
        spec.tenant, spec.program.integration, spec.config_name
    );
    Scope {
        limit: None,
        key,
        windows: Vec::new(),
        concurrency: None,
        cost: 1,
    }
}

/// Requests of one step in flight in one run, over all instances: a budget like any other, so that nobody
/// holds a place while waiting for a permit.
fn own_concurrency(run: &Run, node: &Node) -> Scope {
    Scope {
        limit: None,
        key: format!("runs/{}/{}", run.spec.run_id, node.step.path),
        windows: Vec::new(),
        concurrency: Some(node.step.concurrency as u64),
        cost: 1,
    }
}
