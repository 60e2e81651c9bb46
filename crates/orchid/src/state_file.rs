//! The file behind `--state`: what a plan saved, from run to run.
//!
//! Written whole to a new file that replaces the old one, so that a crash leaves either; locked while a run uses
//! it, so that two runs never overwrite each other's fields.

use std::fs::{File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::exit::Failure;

/// The version of the file's form.
const VERSION: u32 = 1;

/// An open state file. The lock is held until it is dropped.
#[derive(Debug)]
pub(crate) struct StateFile {
    path: PathBuf,
    _lock: File,
}

/// What the file holds: to whom the state belongs, and the state.
#[derive(Debug, Serialize, Deserialize)]
struct Contents<S> {
    version: u32,
    poll: String,
    state: S,
}

impl StateFile {
    /// Opens and locks the file, and reads the state of `poll` (`integration/config/plan`); a file that does not
    /// exist yet is an empty state.
    pub(crate) fn open<S>(path: &Path, poll: &str) -> Result<(Self, S), Failure>
    where
        S: Default + for<'a> Deserialize<'a>,
    {
        let lock = lock(path)?;
        let state = match std::fs::read(path) {
            Ok(text) => contents(path, &text, poll)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => S::default(),
            Err(source) => return Err(failure("read", path, source)),
        };
        Ok((
            Self {
                path: path.to_owned(),
                _lock: lock,
            },
            state,
        ))
    }

    /// Replaces the file's state. Durable when this returns.
    pub(crate) fn save<S: Serialize>(&self, poll: &str, state: &S) -> Result<(), Failure> {
        let contents = Contents {
            version: VERSION,
            poll: poll.to_owned(),
            state,
        };
        replace(&self.path, &contents).map_err(|source| failure("write", &self.path, source))
    }
}

fn contents<S: for<'a> Deserialize<'a>>(path: &Path, text: &[u8], poll: &str) -> Result<S, Failure> {
    let advice = "give another file to --state, or remove this one to start from nothing";
    let contents: Contents<S> = serde_json::from_slice(text).map_err(|error| {
        Failure::usage(format!("{} is not a state file: {error}", path.display()), advice)
    })?;
    if contents.version != VERSION {
        let message = format!(
            "{} has version {}, this Orchid reads version {VERSION}",
            path.display(),
            contents.version
        );
        return Err(Failure::usage(message, advice));
    }
    if contents.poll != poll {
        let message = format!("{} belongs to {}, not to {poll}", path.display(), contents.poll);
        return Err(Failure::usage(message, advice));
    }
    Ok(contents.state)
}

/// The lock is a file of its own: the state file itself is replaced at each save.
fn lock(path: &Path) -> Result<File, Failure> {
    let beside = with_suffix(path, ".lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&beside)
        .map_err(|source| failure("write", &beside, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::usage(
            format!("another run uses {}", path.display()),
            "wait until it ends: two runs with one state would overwrite each other's fields",
        )),
        Err(TryLockError::Error(source)) => Err(failure("lock", &beside, source)),
    }
}

fn replace<T: Serialize>(path: &Path, contents: &T) -> io::Result<()> {
    let beside = with_suffix(path, ".new");
    let mut file = File::create(&beside)?;
    serde_json::to_writer_pretty(&mut file, contents)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    // The rename itself is durable only once the folder is.
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn failure(verb: &'static str, path: &Path, source: io::Error) -> Failure {
    Failure::File {
        verb,
        path: path.display().to_string(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_survives_and_is_locked_while_in_use() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("users.state.json");
        let (file, state) = StateFile::open::<Vec<u64>>(&path, "i/c/p").expect("a new file");
        assert_eq!(state, Vec::<u64>::new());
        file.save("i/c/p", &vec![1, 2]).expect("writable");
        let second = StateFile::open::<Vec<u64>>(&path, "i/c/p").expect_err("locked");
        assert!(second.to_string().starts_with("another run uses "), "{second}");
        drop(file);
        let (_file, state) = StateFile::open::<Vec<u64>>(&path, "i/c/p").expect("unlocked");
        assert_eq!(state, [1, 2]);
    }

    #[test]
    fn what_is_no_state_of_this_poll_is_refused() {
        let cases = [
            ("{", "is not a state file"),
            ("", "is not a state file"),
            (r#"{"version":2,"poll":"i/c/p","state":[]}"#, "has version 2"),
            (
                r#"{"version":1,"poll":"i/c/other","state":[]}"#,
                "belongs to i/c/other, not to i/c/p",
            ),
        ];
        for (text, expected) in cases {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("state.json");
            std::fs::write(&path, text).expect("writable");
            let failure = StateFile::open::<Vec<u64>>(&path, "i/c/p").expect_err(text);
            assert!(failure.to_string().contains(expected), "{text}: {failure}");
        }
    }
}
