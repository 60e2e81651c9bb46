//! Evaluation: a walk over the tree. Every node, element and comparison is paid for.

use std::cmp::Ordering;
use std::ops::Range;

use smol_str::SmolStr;

use crate::expression::ast::{ArgumentNode, CallNode, Comparison, Node, NodeKind};
use crate::expression::eval::operators::{alike, compute, signed, unordered};
use crate::expression::hints::Hints;
use crate::expression::meter::{DEPTH, Meter, exhausted};
use crate::expression::{Env, Rules};
use crate::functions::call::{Apply, Argument, Call};
use crate::functions::choice::is_missing;
use crate::problem::EvalError;
use crate::value::{Kind, Looked, Value};

mod operators;
mod project;

/// What an element of a list costs, in bytes.
const ITEM: usize = 24;

/// What does not change during an evaluation.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) root: &'a Value,
    pub(crate) env: &'a Env<'a>,
    pub(crate) hints: &'a Hints,
}

/// The variables in force: the innermost first.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    variable: Option<(&'a SmolStr, &'a Value)>,
    outer: Option<&'a Scope<'a>>,
}

impl<'a> Scope<'a> {
    /// No variables.
    pub(crate) const EMPTY: Scope<'static> = Scope {
        variable: None,
        outer: None,
    };

    fn get(&self, name: &str) -> Option<&'a Value> {
        match self.variable {
            Some((found, value)) if found == name => Some(value),
            _ => self.outer.and_then(|outer| outer.get(name)),
        }
    }
}

/// `&expression` on its way to a function.
struct Bound<'a> {
    node: &'a Node,
    context: Context<'a>,
    scope: &'a Scope<'a>,
}

impl Apply for Bound<'_> {
    fn apply(&self, current: &Value, meter: &mut Meter) -> Result<Value, EvalError> {
        Eval {
            context: self.context,
            meter,
        }
        .node(self.node, current, self.scope)
    }
}

/// One walk.
pub(crate) struct Eval<'a, 'm> {
    pub(crate) context: Context<'a>,
    pub(crate) meter: &'m mut Meter,
}

impl<'a> Eval<'a, '_> {
    /// The value of `node` where `current` is the current value.
    pub(crate) fn node(
        &mut self,
        node: &'a Node,
        current: &Value,
        scope: &Scope<'_>,
    ) -> Result<Value, EvalError> {
        self.meter.charge(1, &node.span)?;
        self.meter.enter(&node.span)?;
        let value = self.kind(node, current, scope);
        self.meter.leave();
        value
    }

    fn kind(&mut self, node: &'a Node, current: &Value, scope: &Scope<'_>) -> Result<Value, EvalError> {
        match &node.kind {
            NodeKind::Current => Ok(current.clone()),
            NodeKind::Root => Ok(self.context.root.clone()),
            NodeKind::Variable(name) => Ok(scope.get(name).cloned().unwrap_or(Value::NULL)),
            NodeKind::Literal(value) => Ok(value.clone()),
            NodeKind::Field(name) => Ok(current
                .follow(std::slice::from_ref(name), self.context.hints)
                .into_value()),
            NodeKind::Path(names) => {
                self.meter.charge(names.len(), &node.span)?;
                Ok(current.follow(names, self.context.hints).into_value())
            }
            NodeKind::Index(index) => Ok(element(current, *index)),
            NodeKind::Named(expression) => match expression.constant() {
                Some(constant) => Ok(constant.clone()),
                None => self.node(expression.root(), self.context.root, &Scope::EMPTY),
            },
            NodeKind::Then(left, right) => {
                let left = self.node(left, current, scope)?;
                if left.is_null() {
                    Ok(Value::NULL)
                } else {
                    self.node(right, &left, scope)
                }
            }
            NodeKind::Pipe(left, right) => {
                let left = self.node(left, current, scope)?;
                self.node(right, &left, scope)
            }
            NodeKind::Project(left, projection, right) => {
                let left = self.node(left, current, scope)?;
                self.project(&left, projection, right, scope, &node.span)
            }
            NodeKind::List(items) => self.list(items, current, scope, &node.span),
            NodeKind::Hash(entries) => self.hash(entries, current, scope, &node.span),
            NodeKind::Or(left, right) => {
                let left = self.node(left, current, scope)?;
                if left.is_truthy() {
                    Ok(left)
                } else {
                    self.node(right, current, scope)
                }
            }
            NodeKind::And(left, right) => {
                let left = self.node(left, current, scope)?;
                if left.is_truthy() {
                    self.node(right, current, scope)
                } else {
                    Ok(left)
                }
            }
            NodeKind::Not(operand) => Ok(Value::from(!self.holds(operand, current, scope)?)),
            NodeKind::Choose(parts) => {
                let [condition, yes, no] = &**parts;
                let chosen = if self.holds(condition, current, scope)? {
                    yes
                } else {
                    no
                };
                self.node(chosen, current, scope)
            }
            NodeKind::Default(value, default) => {
                let value = self.node(value, current, scope)?;
                if is_missing(&value) {
                    self.node(default, current, scope)
                } else {
                    Ok(value)
                }
            }
            NodeKind::Coalesce(candidates) => self.coalesce(candidates, current, scope),
            NodeKind::Compare(comparison, left, right) => {
                let left = self.look(left, current, scope)?;
                let right = self.look(right, current, scope)?;
                let holds = self.compare(*comparison, &left, &right, &node.span)?;
                Ok(holds.map_or(Value::NULL, Value::from))
            }
            NodeKind::Compute(operation, left, right) => {
                let left = self.node(left, current, scope)?;
                let right = self.node(right, current, scope)?;
                compute(*operation, &left, &right, &node.span)
            }
            NodeKind::Sign(sign, operand) => {
                let operand = self.node(operand, current, scope)?;
                signed(*sign, &operand, &node.span)
            }
            NodeKind::Let(bindings, body) => self.bind(bindings, body, current, scope),
            NodeKind::Call(call) => self.call(call, current, scope, &node.span),
        }
    }

    /// A value that is only looked at: fields and literals need no handle for it.
    #[inline]
    fn look<'v>(
        &mut self,
        node: &'a Node,
        current: &'v Value,
        scope: &Scope<'_>,
    ) -> Result<Looked<'v>, EvalError>
    where
        'a: 'v,
    {
        let names = match &node.kind {
            NodeKind::Literal(value) => return Ok(Looked::At(value)),
            NodeKind::Current => return Ok(Looked::At(current)),
            NodeKind::Field(name) => std::slice::from_ref(name),
            NodeKind::Path(names) => names,
            _ => return self.node(node, current, scope).map(Looked::Made),
        };
        self.meter.charge(names.len(), &node.span)?;
        Ok(current.follow(names, self.context.hints))
    }

    /// Whether a condition holds.
    fn holds(&mut self, node: &'a Node, current: &Value, scope: &Scope<'_>) -> Result<bool, EvalError> {
        self.meter.charge(1, &node.span)?;
        self.meter.enter(&node.span)?;
        let holds = match &node.kind {
            NodeKind::And(left, right) => {
                self.holds(left, current, scope)? && self.holds(right, current, scope)?
            }
            NodeKind::Or(left, right) => {
                self.holds(left, current, scope)? || self.holds(right, current, scope)?
            }
            NodeKind::Not(operand) => !self.holds(operand, current, scope)?,
            NodeKind::Compare(comparison, left, right) => {
                let left = self.look(left, current, scope)?;
                let right = self.look(right, current, scope)?;
                self.compare(*comparison, &left, &right, &node.span)?
                    .is_some_and(|holds| holds)
            }
            _ => self.look(node, current, scope)?.is_truthy(),
        };
        self.meter.leave();
        Ok(holds)
    }

    fn coalesce(
        &mut self,
        candidates: &'a [Node],
        current: &Value,
        scope: &Scope<'_>,
    ) -> Result<Value, EvalError> {
        for candidate in candidates {
            let value = self.node(candidate, current, scope)?;
            if !value.is_null() {
                return Ok(value);
            }
        }
        Ok(Value::NULL)
    }

    fn list(
        &mut self,
        nodes: &'a [Node],
        current: &Value,
        scope: &Scope<'_>,
        span: &Range<usize>,
    ) -> Result<Value, EvalError> {
        self.meter.reserve(nodes.len() * ITEM, span)?;
        let mut items = Vec::with_capacity(nodes.len());
        for node in nodes {
            items.push(self.node(node, current, scope)?);
        }
        shallow(Value::array(items), span)
    }

    fn hash(
        &mut self,
        nodes: &'a [(SmolStr, Node)],
        current: &Value,
        scope: &Scope<'_>,
        span: &Range<usize>,
    ) -> Result<Value, EvalError> {
        self.meter.reserve(nodes.len() * 2 * ITEM, span)?;
        let mut entries = Vec::with_capacity(nodes.len());
        for (name, node) in nodes {
            entries.push((name.clone(), self.node(node, current, scope)?));
        }
        shallow(Value::object(entries), span)
    }

    /// All bindings see the variables outside, the body sees them all.
    fn bind(
        &mut self,
        bindings: &'a [(SmolStr, Node)],
        body: &'a Node,
        current: &Value,
        scope: &Scope<'_>,
    ) -> Result<Value, EvalError> {
        let values: Result<Vec<_>, _> = bindings
            .iter()
            .map(|(name, node)| Ok((name, self.node(node, current, scope)?)))
            .collect();
        self.bound(&values?, body, current, scope)
    }

    fn bound(
        &mut self,
        values: &[(&SmolStr, Value)],
        body: &'a Node,
        current: &Value,
        scope: &Scope<'_>,
    ) -> Result<Value, EvalError> {
        match values {
            [] => self.node(body, current, scope),
            [(name, value), rest @ ..] => {
                let inner = Scope {
                    variable: Some((name, value)),
                    outer: Some(scope),
                };
                // As many levels as one `let` has names: the meter counts them, as it counts nodes.
                self.meter.enter(&body.span)?;
                let result = self.bound(rest, body, current, &inner);
                self.meter.leave();
                result
            }
        }
    }

    fn call(
        &mut self,
        call: &'a CallNode,
        current: &Value,
        scope: &Scope<'_>,
        span: &Range<usize>,
    ) -> Result<Value, EvalError> {
        let context = self.context;
        let mut values = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            values.push(match argument {
                ArgumentNode::Value(node) => Some(self.node(node, current, scope)?),
                ArgumentNode::Expression(_) => None,
            });
        }
        let bound: Vec<Bound<'_>> = call
            .arguments
            .iter()
            .map(|argument| Bound {
                node: argument.node(),
                context,
                scope,
            })
            .collect();
        let arguments: Vec<Argument<'_>> = values
            .into_iter()
            .zip(&bound)
            .map(|(value, bound)| value.map_or(Argument::Expression(bound), Argument::Value))
            .collect();
        let running = Call::new(
            call.function,
            &arguments,
            context.env,
            self.meter,
            span.clone(),
            &call.spans,
        );
        shallow(running.with_pattern(call.pattern.as_ref()).run()?, span)
    }

    /// `None` where the two have no order.
    fn compare(
        &mut self,
        comparison: Comparison,
        left: &Looked<'_>,
        right: &Looked<'_>,
        span: &Range<usize>,
    ) -> Result<Option<bool>, EvalError> {
        match comparison {
            Comparison::Equal => return alike(left, right, self.meter, span).map(Some),
            Comparison::Unequal => return Ok(Some(!alike(left, right, self.meter, span)?)),
            _ => {}
        }
        let order = match (left.kind(), right.kind()) {
            (Kind::Null, _) | (_, Kind::Null) => return Ok(None),
            (Kind::Number, Kind::Number) => left.number().cmp(&right.number()),
            (Kind::String, Kind::String) => {
                self.meter.charge(left.text().len() / 16, span)?;
                left.text().cmp(right.text())
            }
            (a, b) if self.context.env.rules == Rules::Condition => return Err(unordered(a, b, span)),
            _ => return Ok(None),
        };
        Ok(Some(match comparison {
            Comparison::Less => order == Ordering::Less,
            Comparison::LessOrEqual => order != Ordering::Greater,
            Comparison::Greater => order == Ordering::Greater,
            _ => order != Ordering::Less,
        }))
    }
}

/// An element, counted from the end where the index is negative.
fn element(list: &Value, index: i64) -> Value {
    let distance = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    let place = if index < 0 {
        list.len().checked_sub(distance)
    } else {
        Some(distance)
    };
    place.and_then(|place| list.at(place)).unwrap_or(Value::NULL)
}

/// Refuses a result that is nested too deep to be walked.
fn shallow(value: Value, span: &Range<usize>) -> Result<Value, EvalError> {
    if value.depth() > DEPTH {
        return Err(exhausted(
            span,
            &format!("a result nested more than {DEPTH} deep"),
        ));
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
