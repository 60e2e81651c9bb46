//! What stands behind an expression and takes something out of it: dots, brackets, projections.

use super::{Parser, Part, binding, power, shorten};
use crate::expression::ast::{Node, NodeKind, Projection, Slice};
use crate::expression::lexer::{Token, problem};
use crate::problem::{Problem, ProblemKind};

impl Parser<'_> {
    pub(super) fn dot(&mut self, left: Part, start: usize) -> Result<Part, Problem> {
        self.expect(".")?;
        if self.take("*") {
            return self.project(left, Projection::Values, power::STAR, start);
        }
        let right = self.within(|parser| parser.step(power::DOT))?;
        let depth = left.depth.max(right.depth);
        self.part(
            NodeKind::Then(Box::new(left.node), Box::new(right.node)),
            start,
            depth,
        )
    }

    /// What may stand behind a dot: a name (of a field, whatever it is), a function, a list, an object, `*`.
    fn step(&mut self, power: u8) -> Result<Part, Problem> {
        let start = self.span().start;
        let left = match self.peek().clone() {
            Token::Name(name) if self.is_ahead(1, "(") => self.call(&name)?,
            Token::Name(name) => {
                self.advance();
                self.part(NodeKind::Field(name.into()), start, 0)?
            }
            Token::Mark("[") => {
                let list = self.list()?;
                self.refuse_numbers(&list.node)?;
                list
            }
            Token::Quoted(_) | Token::Mark("{" | "*") => self.prefix()?,
            _ => return Err(self.unexpected("a name, `*`, `[` or `{` behind the dot")),
        };
        self.infix(left, power)
    }

    /// `x.[0]` is an error in the standard, and meant as `x[0]`.
    fn refuse_numbers(&self, list: &Node) -> Result<(), Problem> {
        let NodeKind::List(items) = &list.kind else {
            return Ok(());
        };
        match items
            .iter()
            .find(|item| self.source[item.span.clone()].starts_with(|c: char| c.is_ascii_digit()))
        {
            Some(item) => {
                let help = Some("an element is `x[0]`; a number in a list stands between backticks here");
                Err(problem(
                    item.span.clone(),
                    "a list behind a dot holds no bare numbers",
                    help,
                ))
            }
            None => Ok(()),
        }
    }

    /// A projection and what is applied to each element.
    pub(super) fn project(
        &mut self,
        left: Part,
        projection: Projection,
        power: u8,
        start: usize,
    ) -> Result<Part, Problem> {
        let here = self.end();
        let filter = match &projection {
            Projection::Filter(_) => 1,
            _ => 0,
        };
        let right = match self.peek() {
            Token::Mark(".") => {
                self.advance();
                self.within(|parser| parser.step(power))?
            }
            Token::Mark("[") => {
                let current = self.current(here)?;
                self.within(|parser| {
                    let left = parser.bracket(current, here)?;
                    parser.infix(left, power)
                })?
            }
            Token::Mark("[?") => {
                let current = self.current(here)?;
                self.within(|parser| {
                    let left = parser.filter(current, here)?;
                    parser.infix(left, power)
                })?
            }
            Token::Mark(mark) if binding(mark) >= power::PROJECTION => {
                return Err(self.unexpected("an operator"));
            }
            _ => self.current(here)?,
        };
        let depth = left.depth.max(right.depth) + filter;
        self.part(
            NodeKind::Project(Box::new(left.node), projection, Box::new(right.node)),
            start,
            depth,
        )
    }

    pub(super) fn filter(&mut self, left: Part, start: usize) -> Result<Part, Problem> {
        self.expect("[?")?;
        let condition = self.within(|parser| parser.expression(0))?;
        self.expect("]")?;
        let left = Part {
            depth: left.depth.max(condition.depth),
            ..left
        };
        self.project(
            left,
            Projection::Filter(Box::new(condition.node)),
            power::FILTER,
            start,
        )
    }

    /// Whether the bracket that follows holds an index, a slice or a star, and not the elements of a list.
    pub(super) fn is_bracket_specifier(&self) -> bool {
        let sign = usize::from(self.is_ahead(1, "-") && matches!(self.ahead(2), Token::Number(_)));
        match self.ahead(1 + sign) {
            Token::Number(_) => self.is_ahead(2 + sign, "]") || self.is_ahead(2 + sign, ":"),
            Token::Mark(":") => true,
            Token::Mark("*") => self.is_ahead(2, "]"),
            _ => false,
        }
    }

    /// `[n]`, `[a:b]`, `[*]`, `['name']` behind `left`.
    pub(super) fn bracket(&mut self, left: Part, start: usize) -> Result<Part, Problem> {
        if let (Token::Raw(name), true) = (self.ahead(1).clone(), self.is_ahead(2, "]")) {
            (0..3).for_each(|_| drop(self.advance()));
            let field = self.part(NodeKind::Field(name.into()), start, 0)?;
            return self.join(left, field, start);
        }
        if let Token::Quoted(name) = self.ahead(1) {
            let help = format!("write ['{}'] or .\"{}\"", shorten(name), shorten(name));
            return Err(problem(
                self.span(),
                "brackets hold an index, a slice, `*` or 'name'",
                Some(&help),
            ));
        }
        if !self.is_bracket_specifier() {
            self.advance();
            return Err(self.unexpected("an index, a slice, `*` or 'name' between the brackets"));
        }
        self.advance();
        if self.take("*") {
            self.expect("]")?;
            return self.project(left, Projection::Elements, power::STAR, start);
        }
        let first = self.integer()?;
        if !self.is(":") {
            self.expect("]")?;
            let index = self.part(NodeKind::Index(first.unwrap_or(0)), start, 0)?;
            return self.join(left, index, start);
        }
        let slice = self.slice(first)?;
        self.project(left, Projection::Slice(slice), power::STAR, start)
    }

    /// Applies a step; nothing need be applied to the current value.
    fn join(&self, left: Part, step: Part, start: usize) -> Result<Part, Problem> {
        if matches!(left.node.kind, NodeKind::Current) && left.node.span.is_empty() {
            return Ok(step);
        }
        let depth = left.depth.max(step.depth);
        self.part(
            NodeKind::Then(Box::new(left.node), Box::new(step.node)),
            start,
            depth,
        )
    }

    fn slice(&mut self, start: Option<i64>) -> Result<Slice, Problem> {
        self.expect(":")?;
        let stop = self.integer()?;
        let mut stride = None;
        let place = self.span();
        if self.take(":") {
            stride = self.integer()?;
        }
        self.expect("]")?;
        if stride == Some(0) {
            self.problems.push(Problem {
                kind: ProblemKind::Value,
                span: place,
                message: "the step of a slice must not be 0".to_owned(),
                help: None,
            });
        }
        Ok(Slice {
            start,
            stop,
            step: stride.filter(|stride| *stride != 0).unwrap_or(1),
        })
    }

    fn integer(&mut self) -> Result<Option<i64>, Problem> {
        let negative = self.is("-") && matches!(self.ahead(1), Token::Number(_));
        if negative {
            self.advance();
        }
        let Token::Number(number) = self.peek().clone() else {
            return Ok(None);
        };
        let span = self.advance().span;
        let written = self.source[span.clone()]
            .bytes()
            .all(|byte| byte.is_ascii_digit());
        let value = if negative {
            number.negate().ok()
        } else {
            Some(number)
        };
        value
            .and_then(|value| value.as_i64())
            .filter(|_| written)
            .map(Some)
            .ok_or_else(|| problem(span, "an index is a whole number of at most 64 bits", None))
    }
}
