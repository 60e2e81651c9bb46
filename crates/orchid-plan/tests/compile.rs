//! Documents in, diagnostics or compiled facts out.

use orchid_plan::compile::Bounds;
use orchid_plan::document::{Loaded, load, read};
use orchid_plan::source::Lines;

#[path = "compile/program.rs"]
mod program;

/// The smallest document around some fields of its plan.
fn plan(fields: &str) -> String {
    let indented: String = fields.lines().map(|line| format!("    {line}\n")).collect();
    format!("integration: t\nplans:\n  p:\n    url: https://api.test/x\n{indented}")
}

fn loaded(text: &str) -> Loaded {
    load(text.as_bytes(), Bounds::default())
}

/// The diagnostics as `line:column severity code: message (help)`, one a line.
fn told(text: &str) -> String {
    let mut document = read(text, "t.yaml");
    document.diagnostics.clear();
    document.add(loaded(text).diagnostics);
    let lines = Lines::of(text.as_bytes());
    let mut told = String::new();
    for found in &document.diagnostics {
        let at = lines.position(text.as_bytes(), found.span.start);
        let end = lines.position(text.as_bytes(), found.span.end);
        assert!(found.span.end <= text.len() && end >= at, "{found:?}");
        let code = found.code.trim_start_matches("orchid::");
        let severity = format!("{:?}", found.severity).to_lowercase();
        told.push_str(&format!(
            "{}:{} {severity} {code}: {}",
            at.line, at.column, found.message
        ));
        if let Some(help) = &found.help {
            told.push_str(&format!(" ({help})"));
        }
        told.push('\n');
    }
    told
}
