//! The table of functions: every example is true, every function has cases, the page is up to date.

use std::fs;
use std::path::Path;

use orchid_jmespath::document;
use orchid_jmespath::expression::{Env, Expression, Options, Rules};
use orchid_jmespath::functions::functions;
use orchid_jmespath::functions::reference::reference;
use orchid_jmespath::value::Value;

fn evaluate(expression: &str) -> Result<Value, String> {
    let options = Options {
        root: None,
        named: None,
        random: true,
    };
    let env = Env {
        now: "2026-01-02T03:04:05Z".parse().expect("a time"),
        random: Some(&|bytes: &mut [u8]| bytes.fill(7)),
        rules: Rules::Standard,
    };
    let compiled = Expression::compile(expression, &options).map_err(|problems| format!("{problems:?}"))?;
    compiled
        .evaluate(&Value::NULL, &env)
        .map_err(|error| error.to_string())
}

#[test]
fn every_example_gives_what_it_says() {
    for function in functions() {
        let (expression, expected) = function.example;
        let expected_value = document::parse(expected.into()).expect(function.name);
        let found = evaluate(expression);
        assert_eq!(found, Ok(expected_value), "{}: {expression}", function.name);
        let named = format!("{}(", function.name);
        assert!(
            expression.contains(&named),
            "{}'s example does not call it",
            function.name
        );
    }
}

#[test]
fn every_signature_names_the_function_and_its_parameters() {
    for function in functions() {
        let arguments = function
            .signature
            .strip_prefix(function.name)
            .and_then(|rest| rest.strip_prefix('('));
        assert!(
            arguments.is_some_and(|rest| rest.ends_with(')')),
            "{}",
            function.signature
        );
        assert!(
            function.summary.ends_with('.') || function.summary.ends_with(')'),
            "{}",
            function.name
        );
    }
}

#[test]
fn names_are_unique_and_the_table_is_sorted() {
    let mut names: Vec<&str> = functions().iter().map(|function| function.name).collect();
    let keys: Vec<_> = functions()
        .iter()
        .map(|function| (function.group, function.name))
        .collect();
    assert!(keys.is_sorted());
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn every_function_of_our_own_has_at_least_six_cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let texts: Vec<String> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("text"))
        .collect();
    for function in functions().iter().filter(|function| function.group != "standard") {
        let call = format!("{}(", function.name);
        let cases = texts.iter().flat_map(|text| text.lines());
        let count = cases
            .filter(|line| line.contains("\"expression\"") && line.contains(&call))
            .count();
        assert!(count >= 6, "{} has {count} cases", function.name);
    }
}

#[test]
fn the_page_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/functions.md");
    let page = fs::read_to_string(path).unwrap_or_default();
    assert!(
        page == reference(),
        "docs/reference/functions.md is not what the table says; regenerate it:\n  \
         cargo run -p orchid-jmespath --example functions-reference > docs/reference/functions.md"
    );
}
