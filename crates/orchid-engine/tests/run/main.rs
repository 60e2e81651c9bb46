//! One run of a plan, from its document to its report: the rules of the language's sections 2, 5, 6 and 10 against
//! an API in memory, in virtual time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]
#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "the text of a test is short"
)]

mod emission;
mod fanout;
mod judging;
mod limits;
mod logins;
mod loops;
mod memory;
mod requests;
mod saving;
mod stopping;
mod windows;

use std::sync::Arc;

use bytes::Bytes;
use orchid_engine::event::EventKind;
use orchid_engine::outcome::{Outcome, RunReport};
use orchid_engine::run::{RunSpec, run};
use orchid_jmespath::document;
use orchid_jmespath::value::Value;
use orchid_plan::compile::Bounds;
use orchid_plan::diagnostic::Severity;
use orchid_plan::program::Program;
use orchid_testkit::api::{Answer, Api, Asked};
use orchid_testkit::world::{World, spec};
use tokio_util::sync::CancellationToken;

/// A document to a program; panics with the diagnostics.
fn program(yaml: &str) -> Arc<Program> {
    let loaded = orchid_plan::document::load(yaml.as_bytes(), Bounds::default());
    let errors = loaded
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error);
    let found: String = errors
        .map(|d| format!("{} {}: {}\n", d.code, d.pointer, d.message))
        .collect();
    Arc::new(loaded.program.unwrap_or_else(|| panic!("{found}{yaml}")))
}

/// A document with one plan `p` of these fields (indented by four), for the API at `https://api.example`.
fn plan(fields: &str) -> Arc<Program> {
    program(&format!(
        "integration: test\nplans:\n  p:\n{}\n",
        indented(fields, 4)
    ))
}

fn indented(text: &str, by: usize) -> String {
    let lines = text
        .trim_matches('\n')
        .lines()
        .map(|line| format!("{:by$}{line}", ""));
    lines.collect::<Vec<_>>().join("\n")
}

fn value(json: &str) -> Value {
    document::parse(Bytes::from(json.to_owned())).unwrap()
}

/// What a run left behind.
struct Ran {
    report: RunReport,
    world: World,
}

impl Ran {
    fn outcome(&self) -> Outcome {
        self.report.outcome
    }

    fn fault(&self) -> String {
        self.report
            .fault
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    fn lines(&self) -> Vec<String> {
        self.world.api.lines()
    }

    fn responses(&self) -> Vec<serde_json::Value> {
        self.world.sink.events(EventKind::Response)
    }

    fn errors(&self) -> Vec<serde_json::Value> {
        self.world.sink.events(EventKind::Error)
    }

    /// `kind: message` of each error record.
    fn error_texts(&self) -> Vec<String> {
        let text = |event: &serde_json::Value| {
            let error = &event["data"]["error"];
            format!(
                "{}: {}",
                error["kind"].as_str().unwrap(),
                error["message"].as_str().unwrap()
            )
        };
        self.errors().iter().map(text).collect()
    }

    fn saved(&self, name: &str) -> String {
        self.report
            .state
            .saved
            .get(name)
            .map_or_else(|| "absent".to_owned(), |json| json.0.to_json())
    }
}

async fn ran(
    program: Arc<Program>,
    answers: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static,
) -> Ran {
    ran_spec(spec(program, "p", value("{}")), answers).await
}

async fn ran_spec(spec: RunSpec, answers: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Ran {
    let world = World::new(Api::new(answers));
    let report = run(spec, &world.ports, CancellationToken::new()).await;
    Ran { report, world }
}
