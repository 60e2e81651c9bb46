//! What a function takes, as data: the static checks and the call path read the same table.

use std::fmt;

use regex::Regex;

use super::refusal::Refusal;
use super::text;
use crate::value::{Kind, Value};

/// A set of types that an argument may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Types(u16);

impl Types {
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const BOOLEAN: Self = Self(2);
    pub(crate) const NUMBER: Self = Self(4);
    pub(crate) const STRING: Self = Self(8);
    pub(crate) const ARRAY: Self = Self(16);
    pub(crate) const OBJECT: Self = Self(32);
    /// `&expression`
    pub(crate) const EXPRESSION: Self = Self(64);
    /// An array of numbers only.
    pub(crate) const NUMBERS: Self = Self(128);
    /// An array of strings only.
    pub(crate) const STRINGS: Self = Self(256);
    /// Any value (not an expression).
    pub(crate) const ANY: Self = Self(63);

    /// Any value but null, which the function never sees.
    pub(crate) const NOT_NULL: Self = Self(62);

    /// What is in either.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in it.
    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether a value fits.
    pub(crate) fn admits(self, value: &Value) -> bool {
        match value.kind() {
            Kind::Null => self.has(Self::NULL),
            Kind::Boolean => self.has(Self::BOOLEAN),
            Kind::Number => self.has(Self::NUMBER),
            Kind::String => self.has(Self::STRING),
            Kind::Object => self.has(Self::OBJECT),
            Kind::Array => {
                self.has(Self::ARRAY)
                    || (self.has(Self::NUMBERS) && value.elements().all(|item| item.kind() == Kind::Number))
                    || (self.has(Self::STRINGS) && value.elements().all(|item| item.kind() == Kind::String))
            }
        }
    }
}

impl fmt::Display for Types {
    /// `string, number or null`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(Types, &str); 9] = [
            (Types::STRING, "string"),
            (Types::NUMBER, "number"),
            (Types::BOOLEAN, "boolean"),
            (Types::ARRAY, "array"),
            (Types::NUMBERS, "array of numbers"),
            (Types::STRINGS, "array of strings"),
            (Types::OBJECT, "object"),
            (Types::EXPRESSION, "expression (`&…`)"),
            (Types::NULL, "null"),
        ];
        let names: Vec<_> = NAMES
            .iter()
            .filter(|(types, _)| self.has(*types))
            .map(|(_, name)| *name)
            .collect();
        match names.as_slice() {
            [] => f.write_str("nothing"),
            [one] => f.write_str(one),
            [first @ .., last] => write!(f, "{} or {last}", first.join(", ")),
        }
    }
}

impl fmt::Debug for Types {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    /// As it stands in the signature.
    pub(crate) name: &'static str,
    pub(crate) types: Types,
    /// May be left out; so may all that follow.
    pub(crate) optional: bool,
    /// The last parameter: any number of further ones like it may follow.
    pub(crate) many: bool,
    /// What can be said of a text that stands literally in the expression.
    pub(crate) literal: Literal,
}

/// What can be said of a literal text before anything runs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Literal {
    /// Nothing.
    Any,
    /// It is a regular expression, compiled once, with the expression that it stands in.
    Pattern,
    /// Whether the function will take it.
    Checked(fn(&str) -> Result<(), Refusal>),
}

impl Parameter {
    /// With something to be said of literal text.
    pub(crate) const fn literal(self, literal: Literal) -> Self {
        Self { literal, ..self }
    }

    /// Checks a value that stands literally at this position; gives the regular expression if it is one.
    pub(crate) fn prepare(&self, value: &Value) -> Result<Option<Regex>, Refusal> {
        match (self.literal, value.as_str()) {
            (Literal::Any, _) | (_, None) => Ok(None),
            (Literal::Pattern, Some(text)) => text::compile(text).map(Some),
            (Literal::Checked(check), Some(text)) => check(text).map(|()| None),
        }
    }
}

/// A parameter that must be given.
pub(crate) const fn one(name: &'static str, types: Types) -> Parameter {
    Parameter {
        name,
        types,
        optional: false,
        many: false,
        literal: Literal::Any,
    }
}

/// A parameter that may be left out.
pub(crate) const fn optional(name: &'static str, types: Types) -> Parameter {
    Parameter {
        name,
        types,
        optional: true,
        many: false,
        literal: Literal::Any,
    }
}

/// The last parameter, given once or more.
pub(crate) const fn many(name: &'static str, types: Types) -> Parameter {
    Parameter {
        name,
        types,
        optional: false,
        many: true,
        literal: Literal::Any,
    }
}

/// How many arguments a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arity {
    pub(crate) least: usize,
    /// `None` for any number.
    pub(crate) most: Option<usize>,
}

impl Arity {
    pub(crate) fn of(parameters: &[Parameter]) -> Self {
        let least = parameters.iter().filter(|parameter| !parameter.optional).count();
        let open = parameters.last().is_some_and(|last| last.many);
        Self {
            least,
            most: (!open).then_some(parameters.len()),
        }
    }

    pub(crate) fn admits(self, count: usize) -> bool {
        count >= self.least && self.most.is_none_or(|most| count <= most)
    }
}

impl fmt::Display for Arity {
    /// `1 argument`, `2 to 3 arguments`, `at least 1 argument`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: usize| if count == 1 { "argument" } else { "arguments" };
        match (self.least, self.most) {
            (least, None) => write!(f, "at least {least} {}", plural(least)),
            (0, Some(0)) => f.write_str("no arguments"),
            (least, Some(most)) if least == most => write!(f, "{least} {}", plural(least)),
            (least, Some(most)) => write!(f, "{least} to {most} arguments"),
        }
    }
}

/// What a null argument does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// As JMESPath has it: a type error where the parameter does not admit null. Under
    /// [`Rules::Lenient`](crate::expression::Rules::Lenient) the call gives null instead.
    Refuse,
    /// Null in, null out: null for a parameter that must be given makes the call null, for an optional one it
    /// counts as left out.
    Yield,
    /// The body sees it. Types are not checked for a null argument.
    Accept,
}

/// What becomes of the mark of secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// Text (or anything that holds text) made from a secret argument is secret as a whole.
    Derived,
    /// The function only hands values on; each keeps its own mark.
    Carried,
    /// A digest or signature: the result does not tell its input.
    Exempt,
}
