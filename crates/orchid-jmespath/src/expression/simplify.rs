//! What can be done once instead of each time: constant parts become their values, chains of fields one path.

use crate::expression::ast::{ArgumentNode, CallNode, Node, NodeKind, Projection};
use crate::expression::eval::{Context, Eval, Scope};
use crate::expression::hints::Hints;
use crate::expression::meter::Meter;
use crate::expression::{Env, Rules};
use crate::value::Value;

/// Folds constants and flattens chains of fields, everywhere in the tree.
pub(super) fn simplify(node: &mut Node) {
    for child in node.children_mut() {
        simplify(child);
    }
    if let Some(kind) = chain(node) {
        node.kind = kind;
    } else if folds(node)
        && let Some(value) = value(node)
    {
        node.kind = NodeKind::Literal(value);
    }
}

/// `a.b` of fields, as one path.
fn chain(node: &Node) -> Option<NodeKind> {
    let NodeKind::Then(left, right) = &node.kind else {
        return None;
    };
    let NodeKind::Field(last) = &right.kind else {
        return None;
    };
    let mut names = match &left.kind {
        NodeKind::Field(first) => vec![first.clone()],
        NodeKind::Path(names) => names.clone(),
        _ => return None,
    };
    names.push(last.clone());
    Some(NodeKind::Path(names))
}

/// Whether a part makes a value of literals alone.
fn folds(node: &Node) -> bool {
    let literal = |node: &Node| matches!(node.kind, NodeKind::Literal(_));
    match &node.kind {
        NodeKind::Call(call) => {
            let literals =
                |argument: &ArgumentNode| matches!(argument, ArgumentNode::Value(node) if literal(node));
            !varies(call) && call.arguments.iter().all(literals)
        }
        NodeKind::List(_)
        | NodeKind::Hash(_)
        | NodeKind::Or(..)
        | NodeKind::And(..)
        | NodeKind::Not(_)
        | NodeKind::Choose(_)
        | NodeKind::Default(..)
        | NodeKind::Coalesce(_)
        | NodeKind::Compare(..)
        | NodeKind::Compute(..)
        | NodeKind::Sign(..) => node.children().all(literal),
        _ => false,
    }
}

/// Whether equal arguments may give different results.
fn varies(call: &CallNode) -> bool {
    call.function.name == "now" || call.function.group == "random"
}

/// The value of a tree that does not depend on anything; `None` where it fails, which then shows when it runs,
/// or takes more than a compilation should.
///
/// The rules are those of conditions: what they admit has the same value under all rules.
pub(super) fn value(node: &Node) -> Option<Value> {
    let env = Env {
        now: jiff::Timestamp::UNIX_EPOCH,
        random: None,
        rules: Rules::Condition,
    };
    let hints = Hints::new();
    let context = Context {
        root: &Value::NULL,
        env: &env,
        hints: &hints,
    };
    let mut meter = Meter::of_compilation();
    Eval {
        context,
        meter: &mut meter,
    }
    .node(node, &Value::NULL, &Scope::EMPTY)
    .ok()
}

/// What the current value is, at one place of a tree.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The root, or a part of it.
    Root,
    /// Part of a value that does not depend on anything.
    Constant,
}

/// Whether the value may differ from one evaluation to the next.
pub(super) fn depends(node: &Node, current: Standing) -> bool {
    let behind = |left: &Node| {
        if depends(left, current) {
            Standing::Root
        } else {
            Standing::Constant
        }
    };
    match &node.kind {
        NodeKind::Literal(_) | NodeKind::Variable(_) => false,
        NodeKind::Root => true,
        NodeKind::Current | NodeKind::Field(_) | NodeKind::Path(_) | NodeKind::Index(_) => {
            current == Standing::Root
        }
        NodeKind::Named(expression) => expression.constant().is_none(),
        NodeKind::Then(left, right) | NodeKind::Pipe(left, right) => {
            let standing = behind(left);
            standing == Standing::Root || depends(right, standing)
        }
        NodeKind::Project(left, projection, right) => {
            let standing = behind(left);
            let filtered = matches!(projection, Projection::Filter(filter) if depends(filter, standing));
            standing == Standing::Root || filtered || depends(right, standing)
        }
        NodeKind::Call(call) if varies(call) => true,
        NodeKind::Call(call) => {
            let values = call.arguments.iter().any(|argument| match argument {
                ArgumentNode::Value(value) => depends(value, current),
                ArgumentNode::Expression(_) => false,
            });
            values
                || call.arguments.iter().any(|argument| match argument {
                    ArgumentNode::Value(_) => false,
                    ArgumentNode::Expression(expression) => depends(expression, Standing::Constant),
                })
        }
        _ => node.children().any(|child| depends(child, current)),
    }
}
