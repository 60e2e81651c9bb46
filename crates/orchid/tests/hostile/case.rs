//! One case: a document, what the API does, and what must come of it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use orchid_engine::budget::Budget;
use orchid_engine::event::EventKind;
use orchid_engine::local::tokens::LocalTokens;
use orchid_engine::outcome::{Outcome, RunReport};
use orchid_engine::ports::{HttpSettings, Ports};
use orchid_engine::run;
use orchid_outbound::address::Egress;
use orchid_outbound::fetch::{Outbound, Patience};
use orchid_plan::compile::Bounds;
use orchid_plan::config;
use orchid_plan::document;
use orchid_testkit::sink::{Acks, MemorySink};
use orchid_testkit::world::{MemoryCheckpoints, Traces, spec};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::answer::Answer;
use crate::ports::{Open, Still};
use crate::server::{self, Script, Server};

/// The config's secret: it reads differently in a URL.
pub(crate) const SECRET: &str = "S3CR3T/of+the=config~7";
/// What token endpoints give out.
pub(crate) const TOKEN: &str = "T0K3N-of-the-endpoint";

/// A case under construction.
pub(crate) struct Case {
    name: &'static str,
    fields: String,
    top: String,
    config: Value,
    idle: Duration,
    api: Script,
    other: Script,
    expected: Expected,
}

/// What must come of it.
struct Expected {
    outcome: Outcome,
    /// Kind and a part of the message of each error record, in order.
    errors: Vec<(&'static str, &'static str)>,
    emitted: usize,
    asked: usize,
    elsewhere: usize,
    /// In what the API was sent.
    sent: Vec<&'static str>,
    /// Not in it.
    unsent: Vec<&'static str>,
    /// In what was emitted.
    events: Vec<&'static str>,
    /// Waits that the limits were told, in milliseconds.
    waits: Option<Vec<u64>>,
    saved: Vec<(&'static str, &'static str)>,
}

/// A plan of these fields. Unless they say otherwise it asks `{api}/data` with the secret as a bearer token, a header
/// and a query parameter.
pub(crate) fn case(name: &'static str, fields: &str) -> Case {
    Case {
        name,
        fields: fields.trim_matches('\n').to_owned(),
        top: String::new(),
        config: json!({ "token": SECRET }),
        idle: Duration::from_mins(1),
        api: Script::default(),
        other: Script::default(),
        expected: Expected {
            outcome: Outcome::Succeeded,
            errors: Vec::new(),
            emitted: 1,
            asked: 1,
            elsewhere: 0,
            sent: Vec::new(),
            unsent: Vec::new(),
            events: Vec::new(),
            waits: None,
            saved: Vec::new(),
        },
    }
}

impl Case {
    /// More fields of the document; `auth` replaces the flow there is otherwise.
    pub(crate) fn top(mut self, fields: &str) -> Self {
        fields.trim_matches('\n').clone_into(&mut self.top);
        self
    }

    /// A value of the config.
    pub(crate) fn config(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.config[name] = value.into();
        self
    }

    /// How long a body may stop coming.
    pub(crate) fn idle(mut self, milliseconds: u64) -> Self {
        self.idle = Duration::from_millis(milliseconds);
        self
    }

    /// What the API answers to paths that start so; earlier ones go first.
    pub(crate) fn at(mut self, path: &str, answers: impl Into<Vec<Answer>>) -> Self {
        self.api.routes.push((path.to_owned(), answers.into()));
        self
    }

    /// What the API answers.
    pub(crate) fn api(self, answers: impl Into<Vec<Answer>>) -> Self {
        self.at("/", answers)
    }

    /// What another origin answers.
    pub(crate) fn other(mut self, answers: impl Into<Vec<Answer>>) -> Self {
        self.other.routes.push(("/".to_owned(), answers.into()));
        self
    }

    /// The run succeeds with so many events.
    pub(crate) fn succeeds(mut self, emitted: usize) -> Self {
        self.expected.emitted = emitted;
        self
    }

    /// The run fails after so many events, with one error record.
    pub(crate) fn fails(self, emitted: usize, kind: &'static str, message: &'static str) -> Self {
        self.ends(Outcome::Failed, emitted, &[(kind, message)])
    }

    /// The run ends so.
    pub(crate) fn ends(
        mut self,
        outcome: Outcome,
        emitted: usize,
        errors: &[(&'static str, &'static str)],
    ) -> Self {
        self.expected.outcome = outcome;
        self.expected.emitted = emitted;
        self.expected.errors = errors.to_vec();
        self
    }

    /// Requests that the API saw.
    pub(crate) fn asks(mut self, count: usize) -> Self {
        self.expected.asked = count;
        self
    }

    /// Requests that the other origin saw.
    pub(crate) fn asks_other(mut self, count: usize) -> Self {
        self.expected.elsewhere = count;
        self
    }

    /// This is in what the API was sent.
    pub(crate) fn sends(mut self, part: &'static str) -> Self {
        self.expected.sent.push(part);
        self
    }

    /// This is not in what the API was sent.
    pub(crate) fn never_sends(mut self, part: &'static str) -> Self {
        self.expected.unsent.push(part);
        self
    }

    /// This is in what was emitted.
    pub(crate) fn shows(mut self, part: &'static str) -> Self {
        self.expected.events.push(part);
        self
    }

    /// The waits that limits were told.
    pub(crate) fn waits(mut self, milliseconds: &[u64]) -> Self {
        self.expected.waits = Some(milliseconds.to_vec());
        self
    }

    /// This is saved, as JSON; `absent` where it is not.
    pub(crate) fn saves(mut self, name: &'static str, value: &'static str) -> Self {
        self.expected.saved.push((name, value));
        self
    }

    fn document(&self) -> String {
        let mut out = String::from(
            "integration: hostile
config_schema:
  type: object
  properties:
    base_url: { type: string }
    other_url: { type: string }
    token: { type: string, secret: true }
defaults:
  backoff: { base: 1ms, max: 5ms, jitter: none }
",
        );
        out += &self.top;
        out.push('\n');
        if !has(&self.top, "auth") {
            out += "auth:\n  main: { type: bearer, token: \"${config.token}\" }\n";
        }
        out += "plans:\n  p:\n";
        for (field, text) in [
            ("url", "\"{base_url}/data\""),
            ("params", "{ api_key: \"${config.token}\" }"),
            ("headers", "{ X-Api-Key: \"${config.token}\" }"),
        ] {
            if !has(&self.fields, field) {
                let _ = writeln!(out, "    {field}: {text}");
            }
        }
        for line in self.fields.lines() {
            let _ = writeln!(out, "    {line}");
        }
        out
    }

    async fn check(self) -> Result<(), String> {
        let yaml = self.document();
        let mut loaded = document::load(yaml.as_bytes(), Bounds::default());
        let Some(program) = loaded.program.take() else {
            return Err(format!(
                "{}: not valid: {:#?}\n{yaml}",
                self.name, loaded.diagnostics
            ));
        };
        let (api, other) = (server::bind().await, server::bind().await);
        let origins = (api.origin.clone(), other.origin.clone());
        let fill = move |bytes: &[u8]| match std::str::from_utf8(bytes) {
            Ok(text) => text
                .replace("{api}", &origins.0)
                .replace("{other}", &origins.1)
                .replace("{other_port}", origins.1.rsplit(':').next().unwrap_or_default())
                .into_bytes(),
            Err(_) => bytes.to_vec(),
        };
        let (api, other) = (api.serve(self.api, fill.clone()), other.serve(self.other, fill));
        let mut values = self.config;
        for (name, origin) in [("base_url", &api.origin), ("other_url", &other.origin)] {
            if values[name].is_null() {
                values[name] = origin.as_str().into();
            }
        }
        let values = config::check(&program.config, values)
            .map_err(|violations| format!("{}: {violations:?}", self.name))?;
        let patience = Patience {
            connect: Duration::from_secs(10),
            idle: self.idle,
        };
        let fetch = Outbound::with_patience(Egress::local(), &HttpSettings::default(), patience).unwrap();
        let sink = Arc::new(MemorySink::new(Acks::AtOnce));
        let traces = Arc::new(Traces::default());
        let checkpoints = Arc::new(MemoryCheckpoints::default());
        let permits = Arc::new(Open::default());
        let ports = Ports {
            fetch: Arc::new(fetch),
            permits: permits.clone(),
            tokens: Arc::new(LocalTokens::default()),
            sink: sink.clone(),
            checkpoints: checkpoints.clone(),
            clock: Arc::new(Still),
            observer: traces.clone(),
            budget: Budget::default(),
        };
        let report = run::run(
            spec(Arc::new(program), "p", values),
            &ports,
            CancellationToken::new(),
        )
        .await;
        let found = Found {
            report,
            api,
            other,
            sink,
            traces,
            checkpoints,
            permits,
        };
        let wrong = found.compare(&self.expected);
        if wrong.is_empty() {
            return Ok(());
        }
        let trace = found.traces.lines().join("\n    ");
        Err(format!("{}:\n  {}\n    {trace}\n", self.name, wrong.join("\n  ")))
    }
}

struct Found {
    report: RunReport,
    api: Server,
    other: Server,
    sink: Arc<MemorySink>,
    traces: Arc<Traces>,
    checkpoints: Arc<MemoryCheckpoints>,
    permits: Arc<Open>,
}

impl Found {
    /// All that is not as expected.
    fn compare(&self, expected: &Expected) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut same = |what: &str, found: String, wanted: String| {
            if found != wanted {
                wrong.push(format!("{what}: found {found}, expected {wanted}"));
            }
        };
        let (asked, elsewhere) = (self.api.asked(), self.other.asked());
        let emitted = self.sink.raw(EventKind::Response);
        same(
            "outcome",
            format!("{:?}", self.report.outcome),
            format!("{:?}", expected.outcome),
        );
        same("events", emitted.len().to_string(), expected.emitted.to_string());
        same("requests", asked.len().to_string(), expected.asked.to_string());
        same(
            "requests elsewhere",
            elsewhere.len().to_string(),
            expected.elsewhere.to_string(),
        );
        if let Some(waits) = &expected.waits {
            let found: Vec<_> = self.permits.blocks().iter().map(Duration::as_millis).collect();
            same("waits", format!("{found:?}"), format!("{waits:?}"));
        }
        for (name, value) in &expected.saved {
            let saved = self.report.state.saved.get(*name);
            same(
                name,
                saved.map_or("absent".to_owned(), |json| json.0.to_json()),
                (*value).to_owned(),
            );
        }
        let errors: Vec<_> = self.sink.events(EventKind::Error).iter().map(text_of).collect();
        let as_expected = errors.len() == expected.errors.len()
            && errors
                .iter()
                .zip(&expected.errors)
                .all(|((kind, message), wanted)| kind == wanted.0 && message.contains(wanted.1));
        if !as_expected {
            wrong.push(format!(
                "errors: found {errors:?}, expected {:?}",
                expected.errors
            ));
        }
        let (sent, events) = (asked.join("\n"), self.sink.text());
        for part in &expected.sent {
            if !sent.contains(part) {
                wrong.push(format!("the API was not sent {part:?}: {sent}"));
            }
        }
        for part in &expected.unsent {
            if sent.contains(part) {
                wrong.push(format!("the API was sent {part:?}: {sent}"));
            }
        }
        for part in &expected.events {
            if !events.contains(part) {
                wrong.push(format!(
                    "not emitted: {part:?}: {}",
                    events.chars().take(4000).collect::<String>()
                ));
            }
        }
        wrong.extend(self.leaks(&events, &elsewhere.join("\n")));
        wrong
    }

    /// Where a secret can be seen.
    fn leaks(&self, events: &str, elsewhere: &str) -> Vec<String> {
        let trace = self.traces.lines().join("\n");
        let report = format!("{:?} {:?}", self.report.fault, self.report.state);
        let changes = format!("{:?}", self.checkpoints.changes());
        let places = [
            ("events", events),
            ("trace", &trace),
            ("report", &report),
            ("checkpoints", &changes),
            ("another origin", elsewhere),
        ];
        let mut found = Vec::new();
        for (place, text) in places {
            found.extend(leaked(text).map(|secret| format!("{secret} is in {place}: {text}")));
        }
        found
    }
}

/// The secret that a text holds, plain, URL-encoded or as base64.
pub(crate) fn leaked(text: &str) -> Option<String> {
    let mut forms = vec!["S3CR3T".to_owned(), "T0K3N".to_owned()];
    for secret in [SECRET, TOKEN] {
        forms.push(STANDARD.encode(secret).trim_end_matches('=').to_owned());
    }
    forms.into_iter().find(|form| text.contains(form.as_str()))
}

fn text_of(event: &Value) -> (String, String) {
    let error = &event["data"]["error"];
    let part = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (part("kind"), part("message"))
}

fn has(fields: &str, name: &str) -> bool {
    fields
        .lines()
        .any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(':')))
}

/// Checks every case, and tells of all that are wrong.
pub(crate) async fn check_all(cases: Vec<Case>) {
    let count = cases.len();
    let wrong: Vec<String> = join_all(cases.into_iter().map(Case::check))
        .await
        .into_iter()
        .filter_map(Result::err)
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {count} cases are wrong\n\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
