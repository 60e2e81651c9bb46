//! Documents in, diagnostics or compiled facts out.
//!
//! Cases are in `compile/cases/*.txt`: a title after `==`, then a document, or only the fields of its plan. What an
//! author is told of each is a snapshot.

use std::fmt::Write as _;

use orchid_plan::compile::Bounds;
use orchid_plan::document::{Loaded, load};
use orchid_plan::source::Lines;

#[path = "compile/program.rs"]
mod program;

/// A document around some fields of its plan, or the document itself.
fn document(case: &str) -> String {
    if case.contains("integration:") {
        return case.to_owned();
    }
    let indented = case
        .lines()
        .fold(String::new(), |fields, line| fields + "    " + line + "\n");
    let url = if case.lines().any(|line| line.starts_with("url:")) {
        ""
    } else {
        "    url: https://api.test/x\n"
    };
    format!("integration: t\nplans:\n  p:\n{indented}{url}")
}

fn loaded(text: &str) -> Loaded {
    load(text.as_bytes(), Bounds::default())
}

/// The diagnostics, one a line: place, the text at it, what is told.
fn told(text: &str) -> String {
    let lines = Lines::of(text.as_bytes());
    let loaded = loaded(text);
    let mut told = String::new();
    for found in &loaded.diagnostics {
        let at = lines.position(text.as_bytes(), found.span.start);
        let excerpt = text
            .get(found.span.clone())
            .expect("a span within the text")
            .lines()
            .next()
            .unwrap_or_default();
        let excerpt: String = excerpt.chars().take(60).collect();
        let severity = format!("{:?}", found.severity).to_lowercase();
        let code = found.code.trim_start_matches("orchid::");
        let _ = writeln!(told, "{}:{} `{excerpt}` {severity} {code}", at.line, at.column);
        let _ = writeln!(told, "    {}", found.message);
        if let Some(help) = &found.help {
            let _ = writeln!(told, "    → {help}");
        }
    }
    assert_eq!(loaded.program.is_none(), told.contains("` error "), "{told}");
    told
}

/// All cases of a file, each with what is told of it.
fn check(name: &str, cases: &str) {
    let mut report = String::new();
    for case in format!("\n{cases}").split("\n== ").skip(1) {
        let (title, case) = case.split_once('\n').expect("a title and a document");
        let told = told(&document(case));
        let told = if told.is_empty() { "valid\n" } else { &told };
        let _ = writeln!(report, "== {title}\n{told}");
    }
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, report);
    });
}

macro_rules! cases {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            check(stringify!($name), include_str!(concat!("compile/cases/", stringify!($name), ".txt")));
        }
    )*};
}

cases!(expressions places templates urls requests loops saved values schedules auth limits formats);
