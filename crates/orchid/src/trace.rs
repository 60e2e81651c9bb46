//! `--trace`: what happened, step by step. Text for people on stderr, one JSON object to a line in a file.
//!
//! A thread of its own writes, since the engine's tasks must not wait for a terminal.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;

use orchid_engine::trace::{Observer, Trace, What};

/// The trace of one run.
#[derive(Debug)]
pub(crate) struct TraceWriter {
    form: Form,
    lines: Mutex<Option<Sender<String>>>,
    thread: Mutex<Option<JoinHandle<io::Result<()>>>>,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Text,
    Json,
}

impl TraceWriter {
    /// Text on stderr.
    pub(crate) fn stderr() -> io::Result<Self> {
        Self::start(Form::Text, io::stderr())
    }

    /// JSON lines in a file, which is replaced.
    pub(crate) fn file(path: &Path) -> io::Result<Self> {
        Self::start(Form::Json, File::create(path)?)
    }

    fn start(form: Form, output: impl Write + Send + 'static) -> io::Result<Self> {
        let (lines, received) = mpsc::channel::<String>();
        let thread = std::thread::Builder::new()
            .name("trace".to_owned())
            .spawn(move || {
                let mut output = BufWriter::new(output);
                while let Ok(line) = received.recv() {
                    writeln!(output, "{line}")?;
                    while let Ok(line) = received.try_recv() {
                        writeln!(output, "{line}")?;
                    }
                    output.flush()?;
                }
                Ok(())
            })?;
        Ok(Self {
            form,
            lines: Mutex::new(Some(lines)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Writes what is still waiting, and tells whether all of it could be written.
    pub(crate) fn finish(&self) -> io::Result<()> {
        take(&self.lines);
        match take(&self.thread).map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(io::Error::other("the trace's thread stopped")),
            None => Ok(()),
        }
    }
}

impl Observer for TraceWriter {
    fn traces(&self) -> bool {
        true
    }

    fn trace(&self, trace: &Trace) {
        let line = match self.form {
            Form::Text => describe(trace),
            Form::Json => serde_json::to_string(trace)
                .unwrap_or_else(|error| format!("{{\"what\":\"unwritable\",\"error\":\"{error}\"}}")),
        };
        let lines = self
            .lines
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(lines) = lines.as_ref() {
            // The thread ends early only when it cannot write; `finish` tells that.
            let _ = lines.send(line);
        }
    }
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .take()
}

/// One thing that happened, as one line (more where headers and a body are shown).
fn describe(trace: &Trace) -> String {
    let mut line = format!(
        "{:>5}.{:03}s {} {}  ",
        trace.at_ms / 1000,
        trace.at_ms % 1000,
        trace.step,
        trace.position
    );
    describe_what(&mut line, &trace.what);
    line
}

fn describe_what(line: &mut String, what: &What) {
    // Writing into a String cannot fail.
    let _ = match what {
        What::Items { count } => write!(line, "{count} items"),
        What::NotRun {
            index: Some(index),
            because,
        } => write!(line, "item {index} not run ({because})"),
        What::NotRun { index: None, because } => write!(line, "not run ({because})"),
        What::Request {
            attempt,
            method,
            url,
            headers,
            body,
            without_credentials,
        } => {
            let _ = write!(line, "→ {method} {url}");
            if *attempt > 1 {
                let _ = write!(line, "  (attempt {attempt})");
            }
            if *without_credentials {
                let _ = write!(line, "  (without credentials: the URL came out of a response)");
            }
            for (name, value) in headers {
                let _ = write!(line, "\n            {name}: {value}");
            }
            match body {
                Some(body) => write!(line, "\n            {body}"),
                None => Ok(()),
            }
        }
        What::Waited { reason, ms } => write!(line, "waited {ms} ms ({reason})"),
        What::Response {
            status_code,
            size,
            duration_ms,
            error,
            ..
        } => {
            let status = status_code.map_or_else(|| "no response".to_owned(), |status| status.to_string());
            let error = error
                .as_ref()
                .map(|error| format!("  {error}"))
                .unwrap_or_default();
            write!(line, "← {status}  {size} bytes in {duration_ms} ms{error}")
        }
        What::Verdict { verdict, because } => write!(line, "{verdict} (by {because})"),
        What::Unmet {
            condition,
            expression,
            message,
        } => {
            write!(line, "{condition} counts as not met: {message}, in {expression}")
        }
        What::Saved { name, value } => write!(line, "saved {name} = {value}"),
        What::LoopEnd { because, iterations } => write!(line, "loop ends after {iterations} (by {because})"),
        What::Failed { error } => write!(line, "failed: {error}"),
        What::Window { from, to } => write!(line, "window {from} to {to}"),
        other => write!(line, "{other:?}"),
    };
}
