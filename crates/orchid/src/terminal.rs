//! What people see on stderr: diagnostics with excerpts, failures with advice, logs.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::ColorChoice;
use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report};
use orchid_jmespath::problem::Problem;
use orchid_plan::diagnostic::{Diagnostic, Severity, codes};
use tracing_subscriber::EnvFilter;

use crate::exit::Failure;
use crate::settings::{LogFormat, Settings};

/// stderr, with or without colours.
#[derive(Debug)]
pub(crate) struct Terminal {
    colors: bool,
    interactive: bool,
}

impl Terminal {
    /// Colours as asked for; `auto` means a terminal and no `NO_COLOR` (no-color.org).
    pub(crate) fn new(choice: ColorChoice) -> Self {
        let interactive = std::io::stderr().is_terminal();
        let colors = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                interactive && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        Self { colors, interactive }
    }

    /// Whether a person watches: a bar is drawn then, lines are written otherwise.
    pub(crate) fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// One line to the person.
    #[expect(
        clippy::print_stderr,
        clippy::unused_self,
        reason = "this is the place; only who holds the terminal may speak"
    )]
    pub(crate) fn say(&self, line: &str) {
        eprintln!("{line}");
    }

    /// Tells a failure and gives the exit code that belongs to it.
    pub(crate) fn report(&self, failure: &Failure) -> ExitCode {
        match failure {
            Failure::Document {
                name,
                text,
                diagnostics,
            } => self.diagnostics(name, text, diagnostics),
            Failure::Expression {
                source_text,
                span,
                message,
                help,
            } => {
                self.excerpt(
                    "expression",
                    source_text,
                    codes::EXPRESSION_FAILED,
                    Severity::Error,
                    message,
                    span.clone(),
                    help.as_deref(),
                );
            }
            Failure::Usage { message, help } => {
                self.say(&format!("error: {message}"));
                if let Some(help) = help {
                    self.say(&format!("  help: {help}"));
                }
            }
            other => {
                let mut line = format!("error: {other}");
                let mut cause = std::error::Error::source(other);
                while let Some(error) = cause {
                    line.push_str(&format!(": {error}"));
                    cause = error.source();
                }
                self.say(&line);
            }
        }
        failure.code().into()
    }

    /// All diagnostics of one document, each with an excerpt, then a count.
    pub(crate) fn diagnostics(&self, name: &str, text: &str, diagnostics: &[Diagnostic]) {
        for one in diagnostics {
            self.excerpt(
                name,
                text,
                one.code,
                one.severity,
                &one.message,
                one.span.clone(),
                one.help.as_deref(),
            );
        }
        let errors = diagnostics
            .iter()
            .filter(|one| one.severity == Severity::Error)
            .count();
        let warnings = diagnostics.len() - errors;
        self.say(&format!(
            "{name}: {}, {}",
            count(errors, "error"),
            count(warnings, "warning")
        ));
    }

    /// Static problems of one expression.
    pub(crate) fn problems(&self, source: &str, problems: &[Problem]) {
        self.expression(source, problems, Severity::Error);
    }

    /// Things in one expression that are legal but probably not meant.
    pub(crate) fn warnings(&self, source: &str, warnings: &[Problem]) {
        self.expression(source, warnings, Severity::Warning);
    }

    fn expression(&self, source: &str, problems: &[Problem], severity: Severity) {
        for one in problems {
            let code = codes::of_expression(one.kind);
            self.excerpt(
                "expression",
                source,
                code,
                severity,
                &one.message,
                one.span.clone(),
                one.help.as_deref(),
            );
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one excerpt")]
    fn excerpt(
        &self,
        name: &str,
        text: &str,
        code: &str,
        severity: Severity,
        message: &str,
        span: std::ops::Range<usize>,
        help: Option<&str>,
    ) {
        let mut diagnostic = MietteDiagnostic::new(message)
            .with_code(code)
            .with_severity(match severity {
                Severity::Error => miette::Severity::Error,
                Severity::Warning => miette::Severity::Warning,
            })
            .with_label(LabeledSpan::underline(span));
        diagnostic.help = help.map(ToOwned::to_owned);
        let report = Report::from(diagnostic).with_source_code(NamedSource::new(name, text.to_owned()));
        let theme = if self.colors {
            GraphicalTheme::unicode()
        } else {
            GraphicalTheme::unicode_nocolor()
        };
        let mut rendered = String::new();
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(110)
            .with_links(false);
        match handler.render_report(&mut rendered, report.as_ref()) {
            Ok(()) => self.say(rendered.trim_end()),
            Err(_) => self.say(&format!("{name}: {message}")),
        }
    }
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// Sends log lines to stderr as the settings say.
pub(crate) fn log_to_stderr(settings: &Settings) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&settings.values.log)
        .map_err(|error| Failure::Setting(format!("setting log is not a filter: {error}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match settings.values.log_format {
        LogFormat::Pretty => builder.with_target(false).init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
}
