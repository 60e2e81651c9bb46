//! Our own cases in the format of the JMESPath compliance suite: `tests/cases/*.json`.
//!
//! Besides the suite's error names there are `arithmetic` and `budget`.

use std::fs;
use std::path::{Path, PathBuf};

use orchid_jmespath::document;
use orchid_jmespath::expression::{Env, Expression, Options, Rules};
use orchid_jmespath::problem::{EvalErrorKind, ProblemKind};
use orchid_jmespath::value::Value;

fn env() -> Env<'static> {
    static DRAWN: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);
    Env {
        now: "2026-01-02T03:04:05Z".parse().expect("a time"),
        random: Some(&|bytes: &mut [u8]| {
            bytes.fill_with(|| {
                DRAWN
                    .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
                    .wrapping_mul(167)
            });
        }),
        rules: Rules::Standard,
    }
}

/// A result as JSON text, or the suite's name of the error.
fn outcome(expression: &str, given: &Value) -> Result<Value, &'static str> {
    let options = Options {
        root: None,
        named: None,
        random: true,
    };
    let compiled = Expression::compile(expression, &options).map_err(|problems| match problems[0].kind {
        ProblemKind::UnknownFunction => "unknown-function",
        ProblemKind::Arity => "invalid-arity",
        ProblemKind::ArgumentType => "invalid-type",
        ProblemKind::Value => "invalid-value",
        ProblemKind::UndefinedVariable => "undefined-variable",
        _ => "syntax",
    })?;
    compiled
        .evaluate(given, &env())
        .map_err(|error| match error.kind {
            EvalErrorKind::Type => "invalid-type",
            EvalErrorKind::Value => "invalid-value",
            EvalErrorKind::Arithmetic => "arithmetic",
            EvalErrorKind::Budget => "budget",
        })
}

fn check_file(path: &Path, failures: &mut Vec<String>) -> usize {
    let text = fs::read(path).expect("a readable file");
    let suites = document::parse(text.into()).expect("JSON");
    let mut count = 0;
    for suite in suites.items() {
        let given = suite.get("given").expect("`given`");
        for case in suite.get("cases").expect("`cases`").items() {
            let expression = case.get("expression").expect("`expression`");
            let expression = expression.as_str().expect("text");
            let expected = match case.get("error") {
                Some(error) => Err(error.as_str().expect("text").to_owned()),
                None => Ok(case.get("result").expect("`result` or `error`")),
            };
            let found = outcome(expression, &given).map_err(str::to_owned);
            if found != expected {
                let say = |outcome: &Result<Value, String>| match outcome {
                    Ok(value) => value.to_json(),
                    Err(error) => format!("error {error}"),
                };
                failures.push(format!(
                    "{expression}\n  expected {}\n  found    {}",
                    say(&expected),
                    say(&found)
                ));
            }
            count += 1;
        }
    }
    count
}

#[test]
fn every_case_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let mut failures = Vec::new();
    let count: usize = files.iter().map(|file| check_file(file, &mut failures)).sum();
    assert!(
        failures.is_empty(),
        "{} of {count} cases fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(count > 500, "only {count} cases were found");
}
