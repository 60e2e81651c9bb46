//! The settings: one readable list. Flag, then `ORCHID_*` variable, then `orchid.toml`, then default.
//!
//! The only place that reads the environment for settings.

use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

use crate::exit::Failure;

/// The file that settings may stand in, in the working directory.
pub(crate) const FILE: &str = "orchid.toml";

/// All settings. A field here is a setting: `name` in `orchid.toml`, `ORCHID_NAME` in the environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Values {
    /// What to log to stderr, as a filter.
    pub(crate) log: String,
    /// How log lines look.
    pub(crate) log_format: LogFormat,
    /// How deep sub-steps may be nested below a plan.
    pub(crate) max_nesting: usize,
    /// MiB of response bodies that a process holds at once.
    pub(crate) memory_budget_mib: u64,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

impl Default for Values {
    fn default() -> Self {
        Self {
            log: "warn".to_owned(),
            log_format: LogFormat::Pretty,
            max_nesting: 5,
            memory_budget_mib: 256,
        }
    }
}

/// What each setting means, for `orchid config` and the reference.
pub(crate) const DOCUMENTATION: &[(&str, &str)] = &[
    (
        "log",
        "what to log to stderr, as a filter: `warn`, `info`, `orchid_engine=debug`",
    ),
    ("log_format", "how log lines look: `pretty` or `json`"),
    (
        "max_nesting",
        "how deep sub-steps may be nested below a plan (1 to 20)",
    ),
    (
        "memory_budget_mib",
        "MiB of response bodies that a process holds at once (at least 16)",
    ),
];

/// The effective settings and where each came from.
#[derive(Debug)]
pub(crate) struct Settings {
    /// The values.
    pub(crate) values: Values,
    figment: Figment,
}

impl Settings {
    /// Where a setting came from, in words.
    pub(crate) fn origin(&self, name: &str) -> String {
        let Some(metadata) = self.figment.find_metadata(name) else {
            return "default".to_owned();
        };
        match &metadata.source {
            Some(figment::Source::File(path)) => path.display().to_string(),
            _ if metadata.name == ENVIRONMENT => format!("ORCHID_{}", name.to_uppercase()),
            _ if metadata.name == FLAGS => format!("--{}", name.replace('_', "-")),
            _ => "default".to_owned(),
        }
    }
}

const ENVIRONMENT: &str = "environment";
const FLAGS: &str = "flags";

/// Reads the settings. Unknown names and values out of bounds are errors that name key and source.
pub(crate) fn load(flags: Vec<(&'static str, String)>) -> Result<Settings, Failure> {
    let mut figment = Figment::from(Serialized::defaults(Values::default()))
        .merge(Toml::file(FILE))
        .merge(Named(ENVIRONMENT, Env::prefixed("ORCHID_")));
    for (name, value) in flags {
        figment = figment.merge(Named(FLAGS, Serialized::default(name, value)));
    }
    let values: Values = figment
        .extract()
        .map_err(|error| Failure::Setting(explain(&error)))?;
    bounds(&values).map_err(Failure::Setting)?;
    Ok(Settings { values, figment })
}

fn bounds(values: &Values) -> Result<(), String> {
    if !(1..=20).contains(&values.max_nesting) {
        return Err(format!(
            "setting max_nesting is {}, but must be between 1 and 20",
            values.max_nesting
        ));
    }
    if values.memory_budget_mib < 16 {
        return Err(format!(
            "setting memory_budget_mib is {}, but must be at least 16",
            values.memory_budget_mib
        ));
    }
    Ok(())
}

fn explain(error: &figment::Error) -> String {
    let mut sentences = Vec::new();
    for one in error.clone() {
        let source = match (&one.metadata, one.path.last()) {
            (Some(metadata), _) if metadata.name == FLAGS => "on the command line".to_owned(),
            (Some(metadata), _) if metadata.name == ENVIRONMENT => "in the environment".to_owned(),
            (Some(_), _) => format!("in {FILE}"),
            (None, _) => String::new(),
        };
        sentences.push(match &one.kind {
            figment::error::Kind::UnknownField(name, known) => {
                let near = known
                    .iter()
                    .max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name)))
                    .map(|near| format!("; did you mean {near}?"))
                    .unwrap_or_default();
                format!("unknown setting {name} {source}{near} (`orchid config` lists them)")
            }
            kind => format!("setting {} {source}: {kind}", one.path.join(".")),
        });
    }
    sentences.join("\n")
}

/// A provider under a name of our own, so that a value's source can be told.
struct Named<P>(&'static str, P);

impl<P: figment::Provider> figment::Provider for Named<P> {
    fn metadata(&self) -> figment::Metadata {
        figment::Metadata::named(self.0)
    }

    fn data(&self) -> Result<figment::value::Map<figment::Profile, figment::value::Dict>, figment::Error> {
        self.1.data()
    }
}
