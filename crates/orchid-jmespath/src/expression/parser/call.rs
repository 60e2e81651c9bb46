//! Calls of functions and `let`: what can be said of names and arguments before anything runs.

use std::ops::Range;

use smol_str::SmolStr;

use super::{Parser, Part, power, shorten};
use crate::expression::ast::{ArgumentNode, CallNode, Node, NodeKind};
use crate::expression::lexer::{Token, problem};
use crate::functions::signature::Types;
use crate::functions::{Function, find, functions};
use crate::problem::{Problem, ProblemKind};
use crate::value::{Value, json};

impl Parser<'_> {
    /// `name(…)`, where the current token is the name.
    pub(super) fn call(&mut self, name: &str) -> Result<Part, Problem> {
        let place = self.advance().span;
        self.expect("(")?;
        let (mut arguments, mut spans, mut depth) = (Vec::new(), Vec::new(), 0);
        while !self.is(")") {
            let start = self.span().start;
            let argument = if self.take("&") {
                let part = self.within(|parser| parser.expression(0))?;
                depth = depth.max(part.depth);
                ArgumentNode::Expression(part.node)
            } else {
                let part = self.expression(0)?;
                depth = depth.max(part.depth);
                ArgumentNode::Value(part.node)
            };
            arguments.push(argument);
            spans.push(start..self.end());
            if !self.take(",") {
                break;
            }
            if self.is(")") {
                return Err(self.unexpected("an argument"));
            }
        }
        self.expect(")")?;
        let kind = match self.known(name, &place) {
            Some(function) => self.checked(function, arguments, spans, &place),
            None => NodeKind::Literal(Value::NULL),
        };
        self.part(kind, place.start, depth)
    }

    fn known(&mut self, name: &str, place: &Range<usize>) -> Option<&'static Function> {
        let found = find(name);
        let (message, help) = match found {
            Some(function) if function.group != "random" || self.random => return found,
            Some(_) => (format!("`{name}` exists only where a request is built"), None),
            None => {
                let names = functions().iter().map(|function| function.name);
                let help = nearest(name, names).map(|near| format!("did you mean `{near}`?"));
                (format!("there is no function `{}`", shorten(name)), help)
            }
        };
        self.problems.push(Problem {
            kind: ProblemKind::UnknownFunction,
            span: place.clone(),
            message,
            help,
        });
        None
    }

    /// The call, its problems noted.
    fn checked(
        &mut self,
        function: &'static Function,
        arguments: Vec<ArgumentNode>,
        spans: Vec<Range<usize>>,
        place: &Range<usize>,
    ) -> NodeKind {
        if !function.arity().admits(arguments.len()) {
            let given = arguments.len();
            self.problems.push(Problem {
                kind: ProblemKind::Arity,
                span: place.start..self.end(),
                message: format!("{}() takes {}, not {given}", function.name, function.arity()),
                help: Some(format!("it is written {}", function.signature)),
            });
            return NodeKind::Literal(Value::NULL);
        }
        let mut pattern = None;
        for (index, argument) in arguments.iter().enumerate() {
            let Some(parameter) = function.parameter(index) else {
                continue;
            };
            let span = spans.get(index).cloned().unwrap_or_default();
            let expected = parameter.types;
            match argument {
                ArgumentNode::Expression(_) if !expected.has(Types::EXPRESSION) => {
                    let message = format!(
                        "{}() takes no `&expression` as `{}`",
                        function.name, parameter.name
                    );
                    self.argument(span, ProblemKind::ArgumentType, message, None);
                }
                ArgumentNode::Expression(_) => {}
                ArgumentNode::Value(_) if expected == Types::EXPRESSION => {
                    let written = shorten(&self.source[span.clone()]);
                    let message = format!(
                        "{}() takes an `&expression` as `{}`",
                        function.name, parameter.name
                    );
                    let help = format!("write `&{written}`");
                    self.argument(span, ProblemKind::ArgumentType, message, Some(&help));
                }
                ArgumentNode::Value(node) => {
                    let literal = match &node.kind {
                        NodeKind::Literal(value) if !value.is_null() => value,
                        NodeKind::Index(index) if self.source[node.span.clone()].starts_with('[') => {
                            self.warn_of_index(*index, span);
                            continue;
                        }
                        _ => continue,
                    };
                    if !expected.admits(literal) {
                        let kind = literal.kind().name();
                        let message = format!(
                            "{}() takes {expected} as `{}`, not the {kind}",
                            function.name, parameter.name
                        );
                        self.argument(span, ProblemKind::ArgumentType, message, None);
                        continue;
                    }
                    match parameter.prepare(literal) {
                        Ok(prepared) => pattern = prepared.or(pattern),
                        Err(refusal) => {
                            let shown = json::shown(literal, 60);
                            let message = format!("{}(): {shown} {}", function.name, refusal.reason);
                            self.argument(span, ProblemKind::Value, message, refusal.help);
                        }
                    }
                }
            }
        }
        lazy(CallNode {
            function,
            arguments,
            spans,
            pattern,
        })
    }

    fn argument(&mut self, span: Range<usize>, kind: ProblemKind, message: String, help: Option<&str>) {
        self.problems.push(Problem {
            kind,
            span,
            message,
            help: help.map(str::to_owned),
        });
    }

    pub(super) fn undefined(&mut self, name: &str, start: usize) {
        let help = nearest(name, self.variables.iter().map(SmolStr::as_str));
        self.problems.push(Problem {
            kind: ProblemKind::UndefinedVariable,
            span: start..self.end(),
            message: format!("`${}` is not defined here", shorten(name)),
            help: Some(help.map_or_else(
                || "`let $name = … in …` defines it".to_owned(),
                |near| format!("did you mean `${near}`?"),
            )),
        });
    }

    /// The named expression whose key follows.
    pub(super) fn named(&mut self, start: usize) -> Result<Part, Problem> {
        let Some((root, expressions)) = self.named else {
            return self.part(NodeKind::Current, start, 0);
        };
        let (key, tokens) = match (
            self.ahead(0).clone(),
            self.ahead(1).clone(),
            self.is_ahead(2, "]"),
        ) {
            (Token::Mark("."), Token::Name(key) | Token::Quoted(key), _) => (key, 2),
            (Token::Mark("["), Token::Raw(key), true) => (key, 3),
            _ => {
                let message = format!("`{root}` is not a value of its own: name one of its entries");
                let help = expressions
                    .keys()
                    .next()
                    .map(|key| format!("such as `{root}.{key}`"));
                self.problems.push(Problem {
                    kind: ProblemKind::UnknownField,
                    span: start..self.end(),
                    message,
                    help,
                });
                return self.part(NodeKind::Literal(Value::NULL), start, 0);
            }
        };
        (0..tokens).for_each(|_| drop(self.advance()));
        if let Some(expression) = expressions.get(key.as_str()) {
            return self.part(NodeKind::Named(expression.clone()), start, 0);
        }
        let help = nearest(&key, expressions.keys().map(SmolStr::as_str));
        self.problems.push(Problem {
            kind: ProblemKind::UnknownField,
            span: start..self.end(),
            message: format!("`{root}` has no entry `{}`", shorten(&key)),
            help: help.map(|near| format!("did you mean `{near}`?")),
        });
        self.part(NodeKind::Literal(Value::NULL), start, 0)
    }

    /// `let $a = x, $b = y in z`; a variable is seen by what follows it.
    pub(super) fn bindings(&mut self) -> Result<Part, Problem> {
        let start = self.advance().span.start;
        let (mut bindings, mut depth) = (Vec::new(), 0);
        let before = self.variables.len();
        let mut names = Vec::new();
        loop {
            let Token::Variable(name) = self.peek().clone() else {
                return Err(self.unexpected("a variable"));
            };
            self.advance();
            self.expect_assignment()?;
            let value = self.expression(0)?;
            depth = depth.max(value.depth);
            let name = SmolStr::from(name);
            names.push(name.clone());
            bindings.push((name, value.node));
            if !self.take(",") {
                break;
            }
        }
        if self.peek() != &Token::Name("in".to_owned()) {
            return Err(self.unexpected("`,` or `in`"));
        }
        self.advance();
        self.variables.extend(names);
        let body = self.expression(power::PIPE - 1);
        self.variables.truncate(before);
        let body = body?;
        self.part(
            NodeKind::Let(bindings, Box::new(body.node)),
            start,
            depth.max(body.depth),
        )
    }

    fn expect_assignment(&mut self) -> Result<(), Problem> {
        if self.is("==") {
            return Err(problem(
                self.span(),
                "a variable is bound with a single `=`",
                None,
            ));
        }
        self.expect("=")
    }

    /// `== "done"` compares with a field of that name.
    pub(super) fn warn_of_quotes(&mut self, node: &Node) {
        let NodeKind::Field(name) = &node.kind else { return };
        if !self.source[node.span.clone()].starts_with('"') {
            return;
        }
        let name = shorten(name);
        self.warnings.push(Problem {
            kind: ProblemKind::Suspicious,
            span: node.span.clone(),
            message: format!("\"{name}\" in double quotes is the field of that name, not text"),
            help: Some(format!("did you mean '{name}'?")),
        });
    }

    fn warn_of_index(&mut self, index: i64, span: Range<usize>) {
        self.warnings.push(Problem {
            kind: ProblemKind::Suspicious,
            span,
            message: format!("[{index}] is an element of the current value, not a list"),
            help: Some(format!("did you mean `[{index}]` between backticks?")),
        });
    }
}

/// The forms that evaluate only what they need are no calls.
fn lazy(call: CallNode) -> NodeKind {
    let values = || call.arguments.iter().map(|argument| argument.node().clone());
    match (call.function.name, call.arguments.len()) {
        ("if", 3) => match <[Node; 3]>::try_from(values().collect::<Vec<_>>()) {
            Ok(parts) => NodeKind::Choose(Box::new(parts)),
            Err(_) => NodeKind::Call(Box::new(call)),
        },
        ("default", 2) => match <[Node; 2]>::try_from(values().collect::<Vec<_>>()) {
            Ok([value, default]) => NodeKind::Default(Box::new(value), Box::new(default)),
            Err(_) => NodeKind::Call(Box::new(call)),
        },
        ("coalesce" | "not_null", _) => NodeKind::Coalesce(values().collect()),
        _ => NodeKind::Call(Box::new(call)),
    }
}

/// The name that is meant, where one is near enough.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let rated = names.map(|known| (strsim::damerau_levenshtein(name, known), known));
    let allowed = 1 + name.chars().count() / 4;
    rated
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, known)| known)
}
