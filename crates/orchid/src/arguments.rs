//! The command line, as clap reads it. What a flag means is said here, once.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum};

/// Gets data out of other people's APIs, as one YAML document says.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    arg_required_else_help = true,
    max_term_width = 110
)]
#[command(after_help = "\
Exit codes: 0 succeeded, 1 other error, 2 invalid document, config, plan or setting, 3 partial, 4 failed, 5 aborted, 130 interrupted.
Settings: flag, then ORCHID_* variable, then orchid.toml, then default; `orchid config` shows them.

Start here: `orchid practice-api` in one terminal, `orchid run examples/practice.yaml --plan users` in another.")]
pub(crate) struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Colours on stderr.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,

    /// What to log to stderr, as a filter: `warn`, `info`, `orchid_engine=debug`.
    #[arg(long, global = true, value_name = "FILTER")]
    pub(crate) log: Option<String>,
}

impl Arguments {
    /// The settings that were given as flags, by setting name.
    pub(crate) fn overrides(&self) -> Vec<(&'static str, String)> {
        self.log.iter().map(|filter| ("log", filter.clone())).collect()
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one plan once and write its events.
    Run(Run),
    /// Check documents: every error and warning at once.
    Validate(Validate),
    /// Print a plan with its sugar expanded and its defaults filled in.
    Explain(Explain),
    /// Try an expression on a JSON document.
    Eval(Eval),
    /// List the functions that expressions can use, or explain one.
    Functions(Functions),
    /// Print the JSON Schema of integration documents, for editors.
    Schema,
    /// Print the effective settings and where each came from.
    Config,
    /// Print a shell's completion script.
    Completions(Completions),
    /// Start a small API to learn and test with.
    PracticeApi(PracticeApi),
}

/// `orchid run`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  orchid run okta.yaml --plan users --config okta.config.yaml --max-requests 3
  orchid run okta.yaml --plan users --set base_url=https://example.okta.com --out users.ndjson --state users.state.json")]
pub(crate) struct Run {
    /// The integration document (YAML or JSON).
    pub(crate) file: PathBuf,

    /// The plan to run; may be left out where there is only one.
    #[arg(long, short)]
    pub(crate) plan: Option<String>,

    /// The config's values (YAML or JSON); a value may be `{$env: NAME}` or `{$file: PATH}`.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// One value of the config, over what the file says; the value is read as YAML. Repeatable.
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<(String, String)>,

    /// One parameter of this run, read as `context.trigger.NAME`; the value is read as YAML. Repeatable.
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    pub(crate) trigger: Vec<(String, String)>,

    /// Append events to this file instead of stdout; an event counts once the file is on disk.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Which events to write.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "response,error,run",
        value_name = "KINDS"
    )]
    pub(crate) events: Vec<EventChoice>,

    /// Keep saved fields in this file from run to run.
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,

    /// Write what happened, request by request, to stderr or to `--trace=FILE`.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "-")]
    pub(crate) trace: Option<PathBuf>,

    /// Stop after this many requests, for a first try.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_requests: Option<u64>,

    /// Stop each loop after this many iterations, for a first try.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_iterations: Option<u64>,
}

/// The kinds of events that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventChoice {
    /// Responses of the API.
    Response,
    /// Failures.
    Error,
    /// Starts and ends of runs.
    Run,
}

/// `orchid validate`
#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// Integration documents.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
}

/// `orchid explain`
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The integration document.
    pub(crate) file: PathBuf,

    /// The plan; may be left out where there is only one.
    #[arg(long, short)]
    pub(crate) plan: Option<String>,
}

/// `orchid eval`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  echo '{\"items\": [{\"id\": 1}, {\"id\": 2}]}' | orchid eval 'items[].id'
  orchid eval 'parse_duration(`\"1m20s\"`)'")]
pub(crate) struct Eval {
    /// The expression.
    pub(crate) expression: String,

    /// The JSON document that is the root; `-` or nothing given with a pipe reads stdin.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,

    /// Judge types as a condition does: the order of unlike types is an error.
    #[arg(long)]
    pub(crate) condition: bool,
}

/// `orchid functions`
#[derive(Debug, Args)]
pub(crate) struct Functions {
    /// Explain these; without a name, list all.
    pub(crate) names: Vec<String>,
}

/// `orchid completions`
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}

/// `orchid practice-api`
#[derive(Debug, Args)]
pub(crate) struct PracticeApi {
    /// Where to listen; loopback only, it is no server for others.
    #[arg(long, default_value = "127.0.0.1:8099", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,

    /// How many users it has.
    #[arg(long, default_value_t = 250, value_name = "N")]
    pub(crate) users: usize,

    /// How many seconds its access tokens live.
    #[arg(long = "token-ttl", default_value_t = 300, value_name = "SECONDS")]
    pub(crate) token_ttl_s: u64,

    /// How often a job answers `running` before it is done.
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub(crate) job_polls: u32,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}
