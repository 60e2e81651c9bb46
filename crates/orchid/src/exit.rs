//! How the process ends: exit codes, and failures that end a command.

use std::process::ExitCode;

use orchid_plan::diagnostic::Diagnostic;

/// Exit codes; documented in `docs/reference/cli.md` and in `orchid --help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// Done; also when a limit that was asked for was reached.
    Success,
    /// The command failed for a reason that has no code of its own.
    Error,
    /// An invalid document, config, plan name or setting; wrong usage.
    Invalid,
    /// Some items failed; all of them are among the errors.
    Partial,
    /// The run failed.
    Failed,
    /// `abort_when` ended the run.
    Aborted,
    /// Ctrl-C or a termination signal.
    Interrupted,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> Self {
        Self::from(match code {
            Code::Success => 0,
            Code::Error => 1,
            Code::Invalid => 2,
            Code::Partial => 3,
            Code::Failed => 4,
            Code::Aborted => 5,
            Code::Interrupted => 130,
        })
    }
}

/// Why a command ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// A document is wrong; every mistake is told.
    #[error("{name} has errors")]
    Document {
        /// The file's name as given.
        name: String,
        /// Its text, for excerpts.
        text: String,
        /// What is wrong with it.
        diagnostics: Vec<Diagnostic>,
    },
    /// What the user asked for makes no sense; `help` says what to do.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// A setting is wrong or unknown.
    #[error("{0}")]
    Setting(String),
    /// A file could not be read or written.
    #[error("cannot {verb} {path}")]
    File {
        /// `read`, `write`.
        verb: &'static str,
        /// The path as given.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// An expression failed while it was evaluated.
    #[error("{message}")]
    Expression {
        /// The expression's text.
        source_text: String,
        /// Where in it.
        span: std::ops::Range<usize>,
        /// What happened.
        message: String,
        /// What to write instead.
        help: Option<String>,
    },
    /// The machine failed us.
    #[error("{what}")]
    System {
        /// What could not be done.
        what: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Failure {
    /// A usage failure with advice.
    pub(crate) fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            help: Some(help.into()),
        }
    }

    /// The exit code that tells scripts what class of failure this is.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Document { .. } | Self::Usage { .. } | Self::Setting(_) => Code::Invalid,
            Self::File { verb: "read", .. } => Code::Invalid,
            Self::File { .. } | Self::Expression { .. } | Self::System { .. } => Code::Error,
        }
    }
}
