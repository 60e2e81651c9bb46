//! Tokens to a tree: operator precedence, projections, and the bounds on size and depth.
//!
//! Syntax stops at the first mistake; what is wrong with names and arguments is collected (see `call`).

use std::collections::BTreeMap;
use std::ops::Range;

use smol_str::SmolStr;

use crate::expression::ast::{Comparison, Node, NodeKind, Operation, Projection, Sign};
use crate::expression::lexer::{Lexeme, Lexer, Token, problem};
use crate::expression::{Expression, Options};
use crate::problem::{Problem, ProblemKind};
use crate::value::Value;

pub(crate) mod call;
mod steps;

/// The longest source, in bytes.
const MAX_SOURCE: usize = 64 * 1024;
/// How deep a tree may be; a chain of operators is as deep as it is long.
const MAX_DEPTH: u32 = 100;

/// How strongly what stands behind an expression binds to it.
mod power {
    pub(super) const PIPE: u8 = 1;
    pub(super) const CHOICE: u8 = 2;
    pub(super) const OR: u8 = 3;
    pub(super) const AND: u8 = 4;
    pub(super) const COMPARISON: u8 = 5;
    pub(super) const SUM: u8 = 6;
    pub(super) const PRODUCT: u8 = 7;
    pub(super) const PREFIX: u8 = 8;
    pub(super) const FLATTEN: u8 = 9;
    /// What binds weaker ends a projection.
    pub(super) const PROJECTION: u8 = 10;
    pub(super) const STAR: u8 = 20;
    pub(super) const FILTER: u8 = 21;
    pub(super) const DOT: u8 = 40;
    pub(super) const BRACKET: u8 = 55;
}

/// A tree and its depth.
pub(super) struct Part {
    pub(super) node: Node,
    pub(super) depth: u32,
}

/// What was parsed.
pub(crate) struct Parsed {
    pub(crate) node: Node,
    /// What makes it wrong, besides its syntax.
    pub(crate) problems: Vec<Problem>,
    /// What is legal, but probably not meant.
    pub(crate) warnings: Vec<Problem>,
}

pub(super) struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Lexeme>,
    at: usize,
    /// How deep the calls of the parser are nested.
    nesting: u32,
    /// Above 0 where the current value is not the root.
    inside: u32,
    variables: Vec<SmolStr>,
    named: Option<(&'a str, &'a BTreeMap<SmolStr, Expression>)>,
    random: bool,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

/// Parses a whole source.
pub(crate) fn parse(source: &str, options: &Options<'_>) -> Result<Parsed, Problem> {
    if source.len() > MAX_SOURCE {
        return Err(too_large(
            0..0,
            format!("the expression is longer than {MAX_SOURCE} bytes"),
        ));
    }
    let mut lexer = Lexer::new(source, 0);
    let mut tokens = Vec::new();
    loop {
        let lexeme = lexer.next()?;
        let end = lexeme.token == Token::End;
        tokens.push(lexeme);
        if end {
            break;
        }
    }
    let mut parser = Parser {
        source,
        tokens,
        at: 0,
        nesting: 0,
        inside: 0,
        variables: Vec::new(),
        named: options.named,
        random: options.random,
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    let part = parser.expression(0)?;
    if parser.peek() != &Token::End {
        return Err(parser.unexpected("an operator or the end"));
    }
    Ok(Parsed {
        node: part.node,
        problems: parser.problems,
        warnings: parser.warnings,
    })
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.ahead(0)
    }

    /// A token further on; the last one is the end.
    fn ahead(&self, distance: usize) -> &Token {
        &self.tokens[(self.at + distance).min(self.tokens.len() - 1)].token
    }

    fn span(&self) -> Range<usize> {
        self.tokens[self.at].span.clone()
    }

    /// Where the token before the current one ends.
    fn end(&self) -> usize {
        self.at
            .checked_sub(1)
            .map_or(0, |before| self.tokens[before].span.end)
    }

    fn advance(&mut self) -> Lexeme {
        let lexeme = self.tokens[self.at].clone();
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        lexeme
    }

    fn is(&self, mark: &str) -> bool {
        self.is_ahead(0, mark)
    }

    fn is_ahead(&self, distance: usize, mark: &str) -> bool {
        matches!(self.ahead(distance), Token::Mark(found) if *found == mark)
    }

    fn take(&mut self, mark: &str) -> bool {
        let found = self.is(mark);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, mark: &str) -> Result<(), Problem> {
        if self.take(mark) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{mark}`")))
        }
    }

    fn unexpected(&self, expected: &str) -> Problem {
        let span = self.span();
        let found = match self.peek() {
            Token::End => "the end of the expression".to_owned(),
            _ => format!("`{}`", shorten(&self.source[span.clone()])),
        };
        let help = self.is("=").then_some("two values are compared with `==`");
        problem(span, format!("expected {expected}, found {found}"), help)
    }

    fn part(&self, kind: NodeKind, start: usize, below: u32) -> Result<Part, Problem> {
        let span = start..self.end();
        if below >= MAX_DEPTH {
            return Err(too_large(
                span,
                format!("the expression is nested or chained more than {MAX_DEPTH} deep"),
            ));
        }
        Ok(Part {
            node: Node { kind, span },
            depth: below + 1,
        })
    }

    /// Where the current value is no longer the root.
    fn within(&mut self, parse: impl FnOnce(&mut Self) -> Result<Part, Problem>) -> Result<Part, Problem> {
        self.inside += 1;
        let parsed = self.nested(parse);
        self.inside -= 1;
        parsed
    }

    /// One level deeper: every way in which the parser calls itself leads through here.
    fn nested(&mut self, parse: impl FnOnce(&mut Self) -> Result<Part, Problem>) -> Result<Part, Problem> {
        if self.nesting >= MAX_DEPTH {
            let message = format!("the expression is nested or chained more than {MAX_DEPTH} deep");
            return Err(too_large(self.span(), message));
        }
        self.nesting += 1;
        let part = parse(self);
        self.nesting -= 1;
        part
    }

    /// An expression up to what binds no stronger than `power`.
    pub(super) fn expression(&mut self, power: u8) -> Result<Part, Problem> {
        self.nested(|parser| {
            let left = parser.prefix()?;
            parser.infix(left, power)
        })
    }

    fn prefix(&mut self) -> Result<Part, Problem> {
        let start = self.span().start;
        match self.peek().clone() {
            Token::Name(name) if name == "let" && matches!(self.ahead(1), Token::Variable(_)) => {
                self.bindings()
            }
            Token::Name(name) => self.name(name),
            Token::Quoted(name) => {
                self.advance();
                if self.is("(") {
                    return Err(problem(
                        self.span(),
                        "the name of a function stands without quotes",
                        None,
                    ));
                }
                self.part(NodeKind::Field(name.into()), start, 0)
            }
            Token::Variable(name) => {
                self.advance();
                let name = SmolStr::from(name);
                if !self.variables.contains(&name) {
                    self.undefined(&name, start);
                }
                self.part(NodeKind::Variable(name), start, 0)
            }
            Token::Raw(text) => self.literal(Value::from(text)),
            Token::Literal(value) => self.literal(value),
            Token::Number(number) => self.literal(Value::from(number)),
            Token::Mark(mark) => self.prefix_mark(mark),
            Token::End => Err(self.unexpected("an expression")),
        }
    }

    fn literal(&mut self, value: Value) -> Result<Part, Problem> {
        let start = self.advance().span.start;
        self.part(NodeKind::Literal(value), start, 0)
    }

    fn name(&mut self, name: String) -> Result<Part, Problem> {
        if self.is_ahead(1, "(") {
            return self.call(&name);
        }
        match name.as_str() {
            "true" => return self.literal(Value::from(true)),
            "false" => return self.literal(Value::from(false)),
            "null" => return self.literal(Value::NULL),
            _ => {}
        }
        let start = self.advance().span.start;
        if self.inside == 0 && self.named.is_some_and(|(root, _)| root == name) {
            return self.named(start);
        }
        self.part(NodeKind::Field(name.into()), start, 0)
    }

    fn prefix_mark(&mut self, mark: &'static str) -> Result<Part, Problem> {
        let start = self.span().start;
        match mark {
            "@" => {
                self.advance();
                self.part(NodeKind::Current, start, 0)
            }
            "$" => {
                self.advance();
                let named = matches!((self.named, self.ahead(1)), (Some((root, _)), Token::Name(name)) if root == name);
                if named && self.is(".") {
                    self.advance();
                    self.advance();
                    return self.named(start);
                }
                self.part(NodeKind::Root, start, 0)
            }
            "(" => {
                self.advance();
                let part = self.expression(0)?;
                self.expect(")")?;
                Ok(part)
            }
            "!" => {
                self.advance();
                let operand = self.expression(power::PREFIX)?;
                self.part(NodeKind::Not(Box::new(operand.node)), start, operand.depth)
            }
            "-" | "+" => {
                self.advance();
                let sign = if mark == "-" { Sign::Minus } else { Sign::Plus };
                let operand = self.expression(power::PREFIX)?;
                self.signed(sign, operand, start)
            }
            "*" => {
                self.advance();
                let current = self.current(start)?;
                self.project(current, Projection::Values, power::STAR, start)
            }
            "[]" => {
                self.advance();
                let current = self.current(start)?;
                self.project(current, Projection::Flatten, power::FLATTEN, start)
            }
            "[?" => {
                let current = self.current(start)?;
                self.filter(current, start)
            }
            "[" if self.is_bracket_specifier() => {
                let current = self.current(start)?;
                self.bracket(current, start)
            }
            "[" => self.list(),
            "{" => self.hash(),
            "&" => Err(problem(
                self.span(),
                "`&` stands only before an argument of a function",
                None,
            )),
            _ => Err(self.unexpected("an expression")),
        }
    }

    /// A sign before a number is part of it.
    fn signed(&mut self, sign: Sign, operand: Part, start: usize) -> Result<Part, Problem> {
        if let NodeKind::Literal(value) = &operand.node.kind
            && let Some(number) = value.as_number()
        {
            let signed = if sign == Sign::Minus {
                number.negate().ok()
            } else {
                Some(number)
            };
            if let Some(signed) = signed {
                return self.part(NodeKind::Literal(Value::from(signed)), start, 0);
            }
        }
        self.part(NodeKind::Sign(sign, Box::new(operand.node)), start, operand.depth)
    }

    fn current(&self, start: usize) -> Result<Part, Problem> {
        let mut part = self.part(NodeKind::Current, start, 0)?;
        part.node.span = start..start;
        Ok(part)
    }

    /// What stands behind `left`, as far as it binds stronger than `power`.
    fn infix(&mut self, mut left: Part, power: u8) -> Result<Part, Problem> {
        loop {
            let Token::Mark(mark) = *self.peek() else {
                return Ok(left);
            };
            let binding = binding(mark);
            if binding <= power {
                return Ok(left);
            }
            let start = left.node.span.start;
            left = match mark {
                "." => self.dot(left, start)?,
                "[" => self.bracket(left, start)?,
                "[?" => self.filter(left, start)?,
                "[]" => {
                    self.advance();
                    self.project(left, Projection::Flatten, power::FLATTEN, start)?
                }
                "?" => self.choice(left, start)?,
                _ => self.operator(mark, binding, left, start)?,
            };
        }
    }

    fn operator(&mut self, mark: &str, binding: u8, left: Part, start: usize) -> Result<Part, Problem> {
        self.advance();
        let right = match mark {
            "|" => self.within(|parser| parser.expression(binding))?,
            _ => self.expression(binding)?,
        };
        let depth = left.depth.max(right.depth);
        if binding == power::COMPARISON {
            self.warn_of_quotes(&left.node);
            self.warn_of_quotes(&right.node);
        }
        let (left, right) = (Box::new(left.node), Box::new(right.node));
        let compare = |comparison, left, right| NodeKind::Compare(comparison, left, right);
        let compute = |operation, left, right| NodeKind::Compute(operation, left, right);
        let kind = match mark {
            "|" => NodeKind::Pipe(left, right),
            "||" => NodeKind::Or(left, right),
            "&&" => NodeKind::And(left, right),
            "==" => compare(Comparison::Equal, left, right),
            "!=" => compare(Comparison::Unequal, left, right),
            "<" => compare(Comparison::Less, left, right),
            "<=" => compare(Comparison::LessOrEqual, left, right),
            ">" => compare(Comparison::Greater, left, right),
            ">=" => compare(Comparison::GreaterOrEqual, left, right),
            "+" => compute(Operation::Add, left, right),
            "-" => compute(Operation::Subtract, left, right),
            "*" => compute(Operation::Multiply, left, right),
            "/" => compute(Operation::Divide, left, right),
            "//" => compute(Operation::DivideFloor, left, right),
            _ => compute(Operation::Remainder, left, right),
        };
        self.part(kind, start, depth)
    }

    fn choice(&mut self, condition: Part, start: usize) -> Result<Part, Problem> {
        self.expect("?")?;
        let yes = self.expression(0)?;
        self.expect(":")?;
        let no = self.expression(power::CHOICE - 1)?;
        let depth = condition.depth.max(yes.depth).max(no.depth);
        self.part(
            NodeKind::Choose(Box::new([condition.node, yes.node, no.node])),
            start,
            depth,
        )
    }

    fn list(&mut self) -> Result<Part, Problem> {
        let start = self.span().start;
        self.expect("[")?;
        let (mut items, mut depth) = (Vec::new(), 0);
        loop {
            let item = self.expression(0)?;
            depth = depth.max(item.depth);
            items.push(item.node);
            if !self.take(",") {
                break;
            }
        }
        self.expect("]")?;
        self.part(NodeKind::List(items), start, depth)
    }

    fn hash(&mut self) -> Result<Part, Problem> {
        let start = self.span().start;
        self.expect("{")?;
        let (mut entries, mut depth) = (Vec::new(), 0);
        loop {
            let (Token::Name(name) | Token::Quoted(name)) = self.peek().clone() else {
                return Err(self.unexpected("a name"));
            };
            self.advance();
            self.expect(":")?;
            let value = self.expression(0)?;
            depth = depth.max(value.depth);
            entries.push((name.into(), value.node));
            if !self.take(",") {
                break;
            }
        }
        self.expect("}")?;
        self.part(NodeKind::Hash(entries), start, depth)
    }
}

fn binding(mark: &str) -> u8 {
    match mark {
        "|" => power::PIPE,
        "?" => power::CHOICE,
        "||" => power::OR,
        "&&" => power::AND,
        "==" | "!=" | "<" | "<=" | ">" | ">=" => power::COMPARISON,
        "+" | "-" => power::SUM,
        "*" | "/" | "//" | "%" => power::PRODUCT,
        "[]" => power::FLATTEN,
        "[?" => power::FILTER,
        "." => power::DOT,
        "[" => power::BRACKET,
        _ => 0,
    }
}

fn too_large(span: Range<usize>, message: String) -> Problem {
    let help = Some("split it: name parts of it with `let`, or as values of their own".to_owned());
    Problem {
        kind: ProblemKind::TooLarge,
        span,
        message,
        help,
    }
}

/// The beginning of a text for a message.
fn shorten(text: &str) -> String {
    let short: String = text.chars().take(30).collect();
    if short.len() < text.len() {
        format!("{short}…")
    } else {
        short
    }
}
