//! Names against what is known of the root: unknown roots, unknown fields of closed objects, fields of scalars.

use std::collections::BTreeMap;

use smol_str::SmolStr;

use crate::expression::ast::{ArgumentNode, Node, NodeKind, Projection};
use crate::expression::parser::call::nearest;
use crate::problem::{Problem, ProblemKind};
use crate::shape::Shape;

/// All names in `node` that the shape of the root does not have.
pub(crate) fn check(node: &Node, root: &Shape) -> Vec<Problem> {
    let mut walk = Walk {
        root,
        variables: Vec::new(),
        problems: Vec::new(),
    };
    walk.node(node, root);
    walk.problems
}

struct Walk<'a> {
    root: &'a Shape,
    variables: Vec<(SmolStr, &'a Shape)>,
    problems: Vec<Problem>,
}

impl<'a> Walk<'a> {
    /// The shape of the node's value, as far as it is known.
    fn node(&mut self, node: &Node, current: &'a Shape) -> &'a Shape {
        match &node.kind {
            NodeKind::Current => current,
            NodeKind::Root => self.root,
            NodeKind::Variable(name) => self
                .variables
                .iter()
                .rev()
                .find(|(known, _)| known == name)
                .map_or(&Shape::Any, |(_, shape)| shape),
            NodeKind::Field(name) => self.field(name, node, current),
            NodeKind::Path(names) => names
                .iter()
                .fold(current, |shape, name| self.field(name, node, shape)),
            NodeKind::Index(_) => element(current),
            NodeKind::Then(left, right) | NodeKind::Pipe(left, right) => {
                let left = self.node(left, current);
                self.node(right, left)
            }
            NodeKind::Project(left, projection, right) => {
                let left = self.node(left, current);
                let item = self.item(left, projection);
                self.node(right, item);
                &Shape::Any
            }
            NodeKind::Let(bindings, body) => {
                let bound: Vec<_> = bindings
                    .iter()
                    .map(|(name, value)| (name.clone(), self.node(value, current)))
                    .collect();
                let before = self.variables.len();
                self.variables.extend(bound);
                let shape = self.node(body, current);
                self.variables.truncate(before);
                shape
            }
            NodeKind::Call(call) => {
                for argument in &call.arguments {
                    match argument {
                        ArgumentNode::Value(value) => self.node(value, current),
                        ArgumentNode::Expression(expression) => self.node(expression, &Shape::Any),
                    };
                }
                &Shape::Any
            }
            _ => {
                for child in node.children() {
                    self.node(child, current);
                }
                &Shape::Any
            }
        }
    }

    fn item(&mut self, left: &'a Shape, projection: &Projection) -> &'a Shape {
        match projection {
            Projection::Elements => element(left),
            Projection::Filter(condition) => {
                let item = element(left);
                self.node(condition, item);
                item
            }
            // An element that is a list itself gives its own elements.
            Projection::Flatten => match element(left) {
                Shape::Array(inner) => inner,
                other => other,
            },
            Projection::Slice(_) | Projection::Values => &Shape::Any,
        }
    }

    fn field(&mut self, name: &SmolStr, node: &Node, current: &'a Shape) -> &'a Shape {
        let (fields, open) = match current {
            Shape::Any | Shape::Array(_) => return &Shape::Any,
            Shape::Scalar => {
                self.unknown(
                    node,
                    format!("`{name}` is asked of a value that has no fields"),
                    None,
                );
                return &Shape::Any;
            }
            Shape::Object { fields, open } => (fields, *open),
        };
        if let Some(shape) = fields.get(name) {
            return shape;
        }
        if !open {
            let at_root = std::ptr::eq(current, self.root);
            let what = if at_root {
                "is none of the names that exist here"
            } else {
                "does not exist here"
            };
            self.unknown(node, format!("`{name}` {what}"), Some((&**fields, at_root)));
        }
        &Shape::Any
    }

    fn unknown(&mut self, node: &Node, message: String, known: Option<(&BTreeMap<SmolStr, Shape>, bool)>) {
        let name = match &node.kind {
            NodeKind::Field(name) => name.as_str(),
            _ => "",
        };
        let near = known.and_then(|(fields, _)| nearest(name, fields.keys().map(SmolStr::as_str)));
        let all = known.map(|(fields, _)| fields.keys().map(|key| format!("`{key}`")).collect::<Vec<_>>());
        let help = match (near, all) {
            (Some(near), _) => Some(format!("did you mean `{near}`?")),
            (None, Some(all)) if !all.is_empty() && all.len() <= 12 => {
                Some(format!("there are {}", all.join(", ")))
            }
            _ => None,
        };
        let kind = match known {
            Some((_, true)) => ProblemKind::UnknownRoot,
            _ => ProblemKind::UnknownField,
        };
        self.problems.push(Problem {
            kind,
            span: node.span.clone(),
            message,
            help,
        });
    }
}

fn element(shape: &Shape) -> &Shape {
    match shape {
        Shape::Array(item) => item,
        _ => &Shape::Any,
    }
}
