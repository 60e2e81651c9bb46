//! The tree of an expression, as it is evaluated.

use std::ops::Range;

use regex::Regex;
use smol_str::SmolStr;

use crate::expression::Expression;
use crate::functions::Function;
use crate::value::Value;

/// A part of an expression and where it stands in the source.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) span: Range<usize>,
}

/// What a part is.
#[derive(Debug, Clone)]
pub(crate) enum NodeKind {
    /// `@`
    Current,
    /// `$`
    Root,
    /// `$name`
    Variable(SmolStr),
    /// A value that stands in the text.
    Literal(Value),
    /// `name`; as a step of a path it applies to what is on its left.
    Field(SmolStr),
    /// `a.b.c`, made of fields when the tree is simplified.
    Path(Vec<SmolStr>),
    /// `[n]` of the current value.
    Index(i64),
    /// A named expression, evaluated against the root.
    Named(Expression),
    /// `left.right`: nothing where left is null.
    Then(Box<Node>, Box<Node>),
    /// `left | right`
    Pipe(Box<Node>, Box<Node>),
    /// The elements of `left`, `right` applied to each, nulls left out.
    Project(Box<Node>, Projection, Box<Node>),
    /// `[a, b]`
    List(Vec<Node>),
    /// `{a: b}`
    Hash(Vec<(SmolStr, Node)>),
    /// `a || b`
    Or(Box<Node>, Box<Node>),
    /// `a && b`
    And(Box<Node>, Box<Node>),
    /// `!a`
    Not(Box<Node>),
    /// `c ? a : b`, `if(c, a, b)`
    Choose(Box<[Node; 3]>),
    /// `default(x, d)`
    Default(Box<Node>, Box<Node>),
    /// `coalesce(a, b, …)`
    Coalesce(Vec<Node>),
    /// `a == b`, `a < b`, …
    Compare(Comparison, Box<Node>, Box<Node>),
    /// `a + b`, …
    Compute(Operation, Box<Node>, Box<Node>),
    /// `-a`, `+a`
    Sign(Sign, Box<Node>),
    /// `let $a = x, $b = y in z`
    Let(Vec<(SmolStr, Node)>, Box<Node>),
    /// `f(a, &b)`
    Call(Box<CallNode>),
}

impl Node {
    /// The parts right below, in the order of the source.
    pub(crate) fn children(&self) -> impl Iterator<Item = &Node> {
        let children: Vec<&Node> = match &self.kind {
            NodeKind::Current
            | NodeKind::Root
            | NodeKind::Variable(_)
            | NodeKind::Literal(_)
            | NodeKind::Field(_)
            | NodeKind::Path(_)
            | NodeKind::Index(_)
            | NodeKind::Named(_) => Vec::new(),
            NodeKind::Project(left, Projection::Filter(condition), right) => vec![left, condition, right],
            NodeKind::Then(left, right)
            | NodeKind::Pipe(left, right)
            | NodeKind::Or(left, right)
            | NodeKind::And(left, right)
            | NodeKind::Default(left, right)
            | NodeKind::Compare(_, left, right)
            | NodeKind::Compute(_, left, right)
            | NodeKind::Project(left, _, right) => vec![left, right],
            NodeKind::List(items) | NodeKind::Coalesce(items) => items.iter().collect(),
            NodeKind::Hash(entries) => entries.iter().map(|(_, value)| value).collect(),
            NodeKind::Not(operand) | NodeKind::Sign(_, operand) => vec![operand],
            NodeKind::Choose(parts) => parts.iter().collect(),
            NodeKind::Let(bindings, body) => bindings
                .iter()
                .map(|(_, value)| value)
                .chain(std::iter::once(&**body))
                .collect(),
            NodeKind::Call(call) => call.arguments.iter().map(ArgumentNode::node).collect(),
        };
        children.into_iter()
    }
}

impl Node {
    /// The parts right below, to be changed.
    pub(crate) fn children_mut(&mut self) -> Vec<&mut Node> {
        match &mut self.kind {
            NodeKind::Current
            | NodeKind::Root
            | NodeKind::Variable(_)
            | NodeKind::Literal(_)
            | NodeKind::Field(_)
            | NodeKind::Path(_)
            | NodeKind::Index(_)
            | NodeKind::Named(_) => Vec::new(),
            NodeKind::Project(left, Projection::Filter(condition), right) => vec![left, condition, right],
            NodeKind::Then(left, right)
            | NodeKind::Pipe(left, right)
            | NodeKind::Or(left, right)
            | NodeKind::And(left, right)
            | NodeKind::Default(left, right)
            | NodeKind::Compare(_, left, right)
            | NodeKind::Compute(_, left, right)
            | NodeKind::Project(left, _, right) => vec![left, right],
            NodeKind::List(items) | NodeKind::Coalesce(items) => items.iter_mut().collect(),
            NodeKind::Hash(entries) => entries.iter_mut().map(|(_, value)| value).collect(),
            NodeKind::Not(operand) | NodeKind::Sign(_, operand) => vec![operand],
            NodeKind::Choose(parts) => parts.iter_mut().collect(),
            NodeKind::Let(bindings, body) => bindings
                .iter_mut()
                .map(|(_, value)| value)
                .chain(std::iter::once(&mut **body))
                .collect(),
            NodeKind::Call(call) => call.arguments.iter_mut().map(ArgumentNode::node_mut).collect(),
        }
    }
}

/// A call of a function.
#[derive(Debug, Clone)]
pub(crate) struct CallNode {
    pub(crate) function: &'static Function,
    pub(crate) arguments: Vec<ArgumentNode>,
    pub(crate) spans: Vec<Range<usize>>,
    /// The literal regular expression among the arguments.
    pub(crate) pattern: Option<Regex>,
}

/// An argument as it is written.
#[derive(Debug, Clone)]
pub(crate) enum ArgumentNode {
    Value(Node),
    /// `&expression`
    Expression(Node),
}

impl ArgumentNode {
    /// What is written, without the `&`.
    pub(crate) fn node(&self) -> &Node {
        match self {
            Self::Value(node) | Self::Expression(node) => node,
        }
    }

    fn node_mut(&mut self) -> &mut Node {
        match self {
            Self::Value(node) | Self::Expression(node) => node,
        }
    }
}

/// Which elements a projection takes.
#[derive(Debug, Clone)]
pub(crate) enum Projection {
    /// `[*]`
    Elements,
    /// `.*`
    Values,
    /// `[]`
    Flatten,
    /// `[a:b:c]`; of text, the part of it.
    Slice(Slice),
    /// `[?condition]`
    Filter(Box<Node>),
}

/// Bounds of a slice; the step is not 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    pub(crate) start: Option<i64>,
    pub(crate) stop: Option<i64>,
    pub(crate) step: i64,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What is done with two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    DivideFloor,
    Remainder,
}

/// The sign before a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    Plus,
    Minus,
}

impl Operation {
    /// As it is written.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::DivideFloor => "//",
            Self::Remainder => "%",
        }
    }
}
