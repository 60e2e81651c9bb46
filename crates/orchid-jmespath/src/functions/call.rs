//! One call of a function: its arguments with their types, its errors with their place, its costs.

use std::ops::Range;

use regex::Regex;

use super::Function;
use super::signature::{Nulls, Secrets, Types};
use crate::expression::meter::Meter;
use crate::expression::{Env, Rules};
use crate::number::{ArithmeticError, Number};
use crate::problem::{EvalError, EvalErrorKind};
use crate::value::{Kind, Value, json};

/// What was given at one position.
pub(crate) enum Argument<'a> {
    Value(Value),
    /// `&expression`, to be evaluated against one element after another.
    Expression(&'a dyn Apply),
}

/// An expression that was passed as an argument.
pub(crate) trait Apply {
    /// Its value where `current` is the current node.
    fn apply(&self, current: &Value, meter: &mut Meter) -> Result<Value, EvalError>;
}

/// One call of a function.
pub(crate) struct Call<'a> {
    function: &'static Function,
    arguments: &'a [Argument<'a>],
    env: &'a Env<'a>,
    meter: &'a mut Meter,
    /// Where the call stands, and each of its arguments.
    span: Range<usize>,
    spans: &'a [Range<usize>],
    /// The literal regular expression among the arguments.
    pattern: Option<&'a Regex>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(
        function: &'static Function,
        arguments: &'a [Argument<'a>],
        env: &'a Env<'a>,
        meter: &'a mut Meter,
        span: Range<usize>,
        spans: &'a [Range<usize>],
    ) -> Self {
        Self {
            function,
            arguments,
            env,
            meter,
            span,
            spans,
            pattern: None,
        }
    }

    /// With the regular expression that was compiled with the expression (see `Parameter::prepare`).
    pub(crate) fn with_pattern(self, pattern: Option<&'a Regex>) -> Self {
        Self { pattern, ..self }
    }

    /// The literal regular expression among the arguments, compiled.
    pub(crate) fn pattern(&self) -> Option<&'a Regex> {
        self.pattern
    }

    /// Checks the arguments, runs the body, passes on the mark of secrets.
    pub(crate) fn run(mut self) -> Result<Value, EvalError> {
        if self.check()? == Checked::Null {
            return Ok(Value::NULL);
        }
        let value = (self.function.call)(&mut self)?;
        if self.function.secrets == Secrets::Derived && !value.is_null() && self.any_secret() {
            return Ok(match value.kind() {
                Kind::String | Kind::Array | Kind::Object => value.into_secret(),
                Kind::Null | Kind::Boolean | Kind::Number => value,
            });
        }
        Ok(value)
    }

    /// What `now()` gives, and how doubtful types are taken.
    pub(crate) fn env(&self) -> &'a Env<'a> {
        self.env
    }

    /// How many arguments were given.
    pub(crate) fn count(&self) -> usize {
        self.arguments.len()
    }

    /// Whether a value that is not null was given at this position.
    pub(crate) fn has(&self, index: usize) -> bool {
        match self.arguments.get(index) {
            None => false,
            Some(Argument::Value(value)) => !value.is_null(),
            Some(Argument::Expression(_)) => true,
        }
    }

    /// The argument; null where none was given.
    pub(crate) fn value(&self, index: usize) -> &'a Value {
        match self.arguments.get(index) {
            Some(Argument::Value(value)) => value,
            _ => &Value::NULL,
        }
    }

    /// All arguments, as values.
    pub(crate) fn values(&self) -> impl Iterator<Item = &'a Value> {
        let arguments: &'a [Argument<'a>] = self.arguments;
        arguments.iter().map(|argument| match argument {
            Argument::Value(value) => value,
            Argument::Expression(_) => &Value::NULL,
        })
    }

    /// The argument as text; a type error if it is none.
    pub(crate) fn text(&self, index: usize) -> Result<&'a str, EvalError> {
        self.value(index)
            .as_str()
            .ok_or_else(|| self.wrong_type(index, Types::STRING))
    }

    /// The argument as text, if it was given.
    pub(crate) fn optional_text(&self, index: usize) -> Result<Option<&'a str>, EvalError> {
        if self.has(index) {
            self.text(index).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The argument as a number; a type error if it is none.
    pub(crate) fn number(&self, index: usize) -> Result<Number, EvalError> {
        self.value(index)
            .as_number()
            .ok_or_else(|| self.wrong_type(index, Types::NUMBER))
    }

    /// The argument as an integer; an error if it is none or does not fit.
    pub(crate) fn integer(&self, index: usize) -> Result<i64, EvalError> {
        let number = self.number(index)?;
        number.as_i64().ok_or_else(|| {
            let message = format!(
                "{}() takes a whole number here, not {}",
                self.function.name,
                self.shown(index)
            );
            self.argument_error(index, EvalErrorKind::Value, message)
        })
    }

    /// The argument as an integer, if it was given.
    pub(crate) fn optional_integer(&self, index: usize) -> Result<Option<i64>, EvalError> {
        if self.has(index) {
            self.integer(index).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The argument as an integer that is not negative.
    pub(crate) fn size(&self, index: usize) -> Result<usize, EvalError> {
        usize::try_from(self.integer(index)?).map_err(|_| {
            let message = format!(
                "{}() takes no negative number here: {}",
                self.function.name,
                self.shown(index)
            );
            self.argument_error(index, EvalErrorKind::Value, message)
        })
    }

    /// Evaluates the expression at this position against `current`.
    pub(crate) fn apply(&mut self, index: usize, current: &Value) -> Result<Value, EvalError> {
        match self.arguments.get(index) {
            Some(Argument::Expression(expression)) => expression.apply(current, self.meter),
            _ => Err(self.wrong_type(index, Types::EXPRESSION)),
        }
    }

    /// Pays for `steps` of work: elements visited, comparisons, characters looked at.
    pub(crate) fn charge(&mut self, steps: usize) -> Result<(), EvalError> {
        self.meter.charge(steps, &self.span)
    }

    /// Pays for `bytes` of text or output, before they are allocated. An element of a list is 24.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<(), EvalError> {
        self.meter.reserve(bytes, &self.span)
    }

    /// An error of the call as a whole.
    pub(crate) fn error(&self, kind: EvalErrorKind, message: impl Into<String>) -> EvalError {
        EvalError {
            kind,
            span: self.span.clone(),
            message: message.into(),
            help: None,
        }
    }

    /// A value of the right type that the function cannot use: `name(): message`.
    pub(crate) fn invalid(&self, index: usize, message: impl std::fmt::Display) -> EvalError {
        self.argument_error(
            index,
            EvalErrorKind::Value,
            format!("{}(): {message}", self.function.name),
        )
    }

    /// Something at an argument that has a wrong type: `name(): message`.
    pub(crate) fn type_error(&self, index: usize, message: impl std::fmt::Display) -> EvalError {
        self.argument_error(
            index,
            EvalErrorKind::Type,
            format!("{}(): {message}", self.function.name),
        )
    }

    /// An arithmetic failure.
    pub(crate) fn arithmetic(&self, error: ArithmeticError) -> EvalError {
        self.error(
            EvalErrorKind::Arithmetic,
            format!("{}(): {error}", self.function.name),
        )
    }

    /// An argument of a type that does not fit.
    pub(crate) fn wrong_type(&self, index: usize, expected: Types) -> EvalError {
        let found = match self.arguments.get(index) {
            Some(Argument::Expression(_)) => "an expression (`&…`)".to_owned(),
            _ => self.shown(index),
        };
        let name = self.function.name;
        let parameter = self
            .function
            .parameter(index)
            .map_or("?", |parameter| parameter.name);
        let message = format!("{name}() takes {expected} as `{parameter}`, not {found}");
        let mut error = self.argument_error(index, EvalErrorKind::Type, message);
        error.help = help(self.value(index).kind(), expected);
        error
    }

    /// An argument for a message: its type and its value, shortened, never a secret.
    pub(crate) fn shown(&self, index: usize) -> String {
        let value = self.value(index);
        match value.kind() {
            Kind::Null => "null".to_owned(),
            kind if value.is_secret() => format!("a secret {}", kind.name()),
            kind => format!("the {} {}", kind.name(), json::shown(value, 60)),
        }
    }

    fn argument_error(&self, index: usize, kind: EvalErrorKind, message: String) -> EvalError {
        let span = self.spans.get(index).unwrap_or(&self.span).clone();
        EvalError {
            kind,
            span,
            message,
            help: None,
        }
    }

    fn any_secret(&self) -> bool {
        self.values().any(Value::is_secret)
    }

    /// Nulls and types, as the entry in the table says.
    fn check(&self) -> Result<Checked, EvalError> {
        let mut null = false;
        for (index, argument) in self.arguments.iter().enumerate() {
            let Some(parameter) = self.function.parameter(index) else {
                continue;
            };
            let fits = match argument {
                Argument::Expression(_) => parameter.types.has(Types::EXPRESSION),
                Argument::Value(_) if parameter.types == Types::EXPRESSION => false,
                Argument::Value(value) if value.is_null() && !parameter.types.has(Types::NULL) => {
                    match self.function.nulls {
                        Nulls::Accept => true,
                        Nulls::Yield => {
                            null |= !parameter.optional;
                            true
                        }
                        Nulls::Refuse => {
                            null |= self.env.rules == Rules::Lenient;
                            self.env.rules == Rules::Lenient
                        }
                    }
                }
                Argument::Value(value) => parameter.types.admits(value),
            };
            if !fits {
                return Err(self.wrong_type(index, parameter.types));
            }
        }
        Ok(if null { Checked::Null } else { Checked::Run })
    }
}

/// What the arguments ask for.
#[derive(PartialEq, Eq)]
enum Checked {
    Run,
    Null,
}

/// What might turn a value into what was expected.
fn help(found: Kind, expected: Types) -> Option<String> {
    let text = match found {
        Kind::String if expected.has(Types::NUMBER) => "to_number(…) makes a number of it",
        Kind::Number | Kind::Boolean if expected.has(Types::STRING) => "to_string(…) makes text of it",
        Kind::Null => "`x || 'other'` gives a value where x is null",
        _ => return None,
    };
    Some(text.to_owned())
}
