//! `orchid functions`: lists the functions of expressions, or explains some.

use orchid_jmespath::functions::{self, Function};

use crate::arguments::Functions;
use crate::exit::{Code, Failure};

/// Prints the list or the explanations.
pub(crate) fn main(arguments: &Functions) -> Result<Code, Failure> {
    if arguments.names.is_empty() {
        return super::print(&list(functions::functions()));
    }
    let mut text = String::new();
    for name in &arguments.names {
        let known = functions::functions();
        let Some(function) = known.iter().find(|function| function.name == *name) else {
            let help = super::nearest(name, known.iter().map(|function| function.name)).map_or_else(
                || "`orchid functions` lists them".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            return Err(Failure::usage(format!("there is no function {name}"), help));
        };
        text.push_str(&explain(function));
    }
    super::print(&text)
}

fn list(all: &[Function]) -> String {
    let width = all
        .iter()
        .map(|function| function.signature.len())
        .max()
        .unwrap_or(0)
        .min(48);
    let mut text = String::new();
    let mut group = "";
    for function in all {
        if function.group != group {
            group = function.group;
            text.push_str(&format!("{}{group}\n", if text.is_empty() { "" } else { "\n" }));
        }
        text.push_str(&format!(
            "  {:width$}  {}\n",
            function.signature, function.summary
        ));
    }
    text
}

fn explain(function: &Function) -> String {
    let (expression, result) = function.example;
    format!(
        "{}\n  {}\n  {expression}\n  → {result}\n",
        function.signature, function.summary
    )
}
