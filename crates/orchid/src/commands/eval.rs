//! `orchid eval`: tries an expression on any JSON document as the root.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;

use orchid_jmespath::document;
use orchid_jmespath::expression::{Env, Expression, Options, Rules};
use orchid_jmespath::value::Value;

use crate::arguments::Eval;
use crate::exit::{Code, Failure};
use crate::terminal::Terminal;

/// Evaluates and prints the result as JSON.
pub(crate) fn main(arguments: &Eval, terminal: &Terminal) -> Result<Code, Failure> {
    let source = &arguments.expression;
    let expression = match Expression::compile(
        source,
        &Options {
            random: true,
            ..Options::default()
        },
    ) {
        Ok(expression) => expression,
        Err(problems) => {
            terminal.problems(source, &problems);
            return Ok(Code::Error);
        }
    };
    terminal.warnings(source, expression.warnings());
    let root = root(arguments.data.as_deref())?;
    let env = Env {
        now: crate::clock::now(),
        random: Some(&fill),
        rules: if arguments.condition {
            Rules::Condition
        } else {
            Rules::Standard
        },
    };
    let value = expression
        .evaluate(&root, &env)
        .map_err(|error| Failure::Expression {
            source_text: source.clone(),
            span: error.span,
            message: error.message,
            help: error.help,
        })?;
    super::print(&value.to_json())
}

fn fill(bytes: &mut [u8]) {
    fastrand::fill(bytes);
}

/// The document named by `--data`, else what is piped in, else null.
fn root(data: Option<&Path>) -> Result<Value, Failure> {
    let (name, text) = match data {
        Some(path) if path != Path::new("-") => (path.display().to_string(), super::read(path)?),
        None if std::io::stdin().is_terminal() => return Ok(Value::NULL),
        _ => ("stdin".to_owned(), stdin()?),
    };
    if text.trim_ascii().is_empty() {
        return Ok(Value::NULL);
    }
    document::parse(text.into()).map_err(|error| Failure::Usage {
        message: format!("{name} is not JSON: {error}"),
        help: Some("orchid eval reads one JSON document".to_owned()),
    })
}

fn stdin() -> Result<Vec<u8>, Failure> {
    let mut text = Vec::new();
    std::io::stdin()
        .read_to_end(&mut text)
        .map_err(|source| Failure::System {
            what: "cannot read stdin",
            source,
        })?;
    Ok(text)
}
