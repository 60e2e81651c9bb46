//! What an expression can see (language, section 4): the roots, put together from shared handles.
//!
//! A [`Place`] is one item of one step and lasts as long as its loop; a [`Turn`] is one iteration; a [`Scope`]
//! is one attempt. Nothing of a response is copied: values are handles.

use std::sync::Arc;

use jiff::Timestamp;
use orchid_jmespath::expression::{Env, Expression, Rules};
use orchid_jmespath::problem::EvalError;
use orchid_jmespath::value::Value;
use smol_str::SmolStr;

use crate::fault::Fault;
use crate::node::Node;
use crate::progress::{Above, Page};
use crate::run::Run;
use crate::window::Piece;

/// One item of one step (or the step itself, where it runs over no list).
#[derive(Clone)]
pub(crate) struct Place {
    /// The `parent` root; null for the plan.
    pub parent: Value,
    /// The element, and where it stands; absent where the step runs over no list.
    pub item: Option<(Value, usize)>,
    /// `context.saved_item`.
    pub saved_item: Value,
    /// What earlier requests of an auth flow gave; null for steps of a plan.
    pub auth: Value,
    /// Iterations and indexes from the root, this step's own index included.
    pub position: Vec<u64>,
    /// The event id of the parent's response.
    pub parent_id: Option<Arc<str>>,
    /// Who answers for a failure here.
    pub above: Above,
    /// The page of the plan's loop that all this belongs to, where the plan runs over no list.
    pub root_page: Option<Arc<Page>>,
    /// The window piece, or the whole run where there is no window.
    pub piece: Arc<Piece>,
}

/// One iteration of a loop.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    /// From 0.
    pub iteration: u64,
    /// The loop's variables.
    pub vars: Value,
    /// The response before.
    pub prev: Value,
}

/// One attempt: everything but the response.
pub(crate) struct Scope<'a> {
    pub run: &'a Run,
    pub node: &'a Node,
    pub place: &'a Place,
    pub turn: &'a Turn,
    /// From 1.
    pub attempt: u64,
    pub now: Timestamp,
    /// `context.last_error`.
    pub last_error: &'a Value,
    /// The output of the auth flow in force.
    pub auth: Value,
}

/// A root to evaluate against.
pub(crate) struct Root {
    value: Value,
    now: Timestamp,
}

impl Scope<'_> {
    /// While a request is built there is no `response`.
    pub(crate) fn building(&self) -> Root {
        self.root(None)
    }

    /// With the response that came.
    pub(crate) fn judging(&self, response: &Value) -> Root {
        self.root(Some(response))
    }

    fn root(&self, response: Option<&Value>) -> Root {
        let mut entries: Vec<(SmolStr, Value)> = Vec::with_capacity(10);
        let mut put = |name: &'static str, value: &dyn Fn() -> Value| {
            if self.node.roots.has(name) {
                entries.push((SmolStr::new_static(name), value()));
            }
        };
        let item = self.place.item.as_ref();
        put("config", &|| self.run.spec.config.clone());
        put("auth", &|| self.auth.clone());
        put("context", &|| self.context());
        put("prev", &|| self.turn.prev.clone());
        put("parent", &|| self.place.parent.clone());
        put("item", &|| item.map_or(Value::NULL, |(item, _)| item.clone()));
        put("index", &|| {
            item.map_or(Value::NULL, |(_, index)| Value::from(*index))
        });
        put("vars", &|| self.turn.vars.clone());
        put("window", &|| self.place.piece.window.clone());
        if let Some(response) = response {
            put("response", &|| response.clone());
        }
        Root {
            value: Value::object(entries),
            now: self.now,
        }
    }

    fn context(&self) -> Value {
        let run = self.run;
        let step = &self.node.step;
        let mut entries = run.context.clone();
        let mut put = |name: &'static str, value: Value| entries.push((SmolStr::new_static(name), value));
        put("now", Value::from(time_text(self.now)));
        put("iteration", number(self.turn.iteration));
        put("attempt", number(self.attempt));
        put("step", Value::from(step.path.as_str()));
        put("last_error", self.last_error.clone());
        put("saved_item", self.place.saved_item.clone());
        Value::object(entries)
    }
}

impl Root {
    /// A root made of these entries only.
    pub(crate) fn of(value: Value, now: Timestamp) -> Self {
        Self { value, now }
    }

    /// The truth of a condition.
    pub(crate) fn holds(&self, condition: &Expression) -> Result<bool, EvalError> {
        Ok(self.evaluate(condition, Rules::Condition)?.is_truthy())
    }

    /// The value of an expression outside conditions.
    pub(crate) fn value(&self, expression: &Expression) -> Result<Value, EvalError> {
        self.evaluate(expression, Rules::Lenient)
    }

    fn evaluate(&self, expression: &Expression, rules: Rules) -> Result<Value, EvalError> {
        expression.evaluate(
            &self.value,
            &Env {
                now: self.now,
                random: Some(&random),
                rules,
            },
        )
    }

    /// The same root with another value under one name.
    pub(crate) fn with(&self, name: &'static str, value: Value) -> Self {
        let mut entries: Vec<(SmolStr, Value)> = self
            .value
            .entries()
            .map(|(name, value)| (SmolStr::from(name), value))
            .collect();
        entries.push((SmolStr::new_static(name), value));
        Self {
            value: Value::object(entries),
            now: self.now,
        }
    }

    /// The value as a JSON object, for whoever evaluates against the same root.
    pub(crate) fn as_value(&self) -> &Value {
        &self.value
    }
}

/// A counter as a value.
pub(crate) fn number(n: u64) -> Value {
    i64::try_from(n).map_or_else(|_| Value::from(i64::MAX), Value::from)
}

/// RFC 3339 in UTC.
pub(crate) fn time_text(time: Timestamp) -> String {
    time.to_string()
}

/// A time that may be unknown.
pub(crate) fn time_value(time: Option<Timestamp>) -> Value {
    time.map_or(Value::NULL, |time| Value::from(time_text(time)))
}

/// An expression that failed, as a fault that names field and expression.
pub(crate) fn expression_fault(field: &str, expression: &Expression, error: &EvalError) -> Fault {
    failed(field, expression.source(), error)
}

/// As [`expression_fault`], where only the text is at hand.
pub(crate) fn failed(field: &str, source: &str, error: &EvalError) -> Fault {
    let hint = error
        .help
        .as_ref()
        .map(|help| format!(" ({help})"))
        .unwrap_or_default();
    Fault::new(
        crate::fault::Kind::Expression,
        format!("{field}: {error} in `{source}`{hint}"),
    )
}

/// `uuid()` and `random_hex()`: unpredictable, as nonces must be.
pub(crate) fn random(buffer: &mut [u8]) {
    let mut rest = buffer;
    while !rest.is_empty() {
        // The first six bytes of a UUIDv4 are random throughout, from the system's generator.
        let id = uuid::Uuid::new_v4();
        let bytes = id.as_bytes();
        let take = rest.len().min(6);
        let (now, later) = rest.split_at_mut(take);
        now.copy_from_slice(&bytes[..take]);
        rest = later;
    }
}
