//! The official JMESPath compliance suite, as the published crate `jpx-core` ships it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use orchid_jmespath::document;
use orchid_jmespath::expression::{Env, Expression, Options, Rules};
use orchid_jmespath::problem::{EvalErrorKind, ProblemKind};
use orchid_jmespath::value::Value;

/// Cases that hold otherwise here, each with the reason.
const OTHERWISE: &[(&str, &str)] = &[(
    r"'\\'",
    "JEP 12a: in raw text a backslash before a backslash escapes it, so that a text can end with one",
)];

fn suite() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--offline",
            "--manifest-path",
        ])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .output()
        .expect("cargo metadata runs");
    let metadata = document::parse(output.stdout.into()).expect("cargo metadata gives JSON");
    let find = "packages[?name == 'jpx-core'].manifest_path | [0]";
    let manifest = evaluate(find, &metadata).expect("an expression");
    let manifest = manifest
        .as_str()
        .expect("jpx-core is a dependency of the tests")
        .to_owned();
    Path::new(&manifest)
        .parent()
        .expect("a folder")
        .join("tests/compliance")
}

fn evaluate(expression: &str, given: &Value) -> Result<Value, &'static str> {
    let compiled =
        Expression::compile(expression, &Options::default()).map_err(|problems| match problems[0].kind {
            ProblemKind::UnknownFunction => "unknown-function",
            ProblemKind::Arity => "invalid-arity",
            ProblemKind::ArgumentType => "invalid-type",
            ProblemKind::Value => "invalid-value",
            ProblemKind::UndefinedVariable => "undefined-variable",
            _ => "syntax",
        })?;
    let env = Env {
        now: jiff::Timestamp::UNIX_EPOCH,
        random: None,
        rules: Rules::Standard,
    };
    compiled.evaluate(given, &env).map_err(|error| match error.kind {
        EvalErrorKind::Type => "invalid-type",
        EvalErrorKind::Value => "invalid-value",
        EvalErrorKind::Arithmetic => "not-a-number",
        EvalErrorKind::Budget => "budget",
    })
}

#[test]
fn the_official_suite_holds() {
    let mut files: Vec<PathBuf> = fs::read_dir(suite())
        .expect("the suite")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let (mut count, mut failures, mut excused) = (0, Vec::new(), 0);
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|extension| extension == "json"))
    {
        let suites = document::parse(fs::read(file).expect("readable").into()).expect("JSON");
        for suite in suites.items() {
            let given = suite.get("given").expect("`given`");
            for case in suite.get("cases").expect("`cases`").items() {
                // What is only there to be timed has no result.
                if case.get("bench").is_some() {
                    continue;
                }
                count += 1;
                let expression = case.get("expression").expect("`expression`");
                let expression = expression.as_str().expect("text");
                let found = evaluate(expression, &given);
                let expected = case.get("result").filter(|_| case.get("error").is_none());
                let holds = match (&found, &expected) {
                    (Ok(found), Some(expected)) => found == expected,
                    (Err(found), None) => case
                        .get("error")
                        .is_some_and(|error| error.as_str() == Some(found)),
                    _ => false,
                };
                if OTHERWISE.iter().any(|(known, _)| *known == expression) {
                    excused += usize::from(!holds);
                } else if !holds {
                    let name = file.file_name().unwrap_or_default().to_string_lossy();
                    failures.push(format!(
                        "{name}: {expression}\n  {}\n  found {found:?}",
                        case.to_json()
                    ));
                }
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {count} cases fail:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert_eq!(excused, OTHERWISE.len(), "an excuse is no longer needed");
    assert_eq!(count, 892, "the suite has changed");
}
