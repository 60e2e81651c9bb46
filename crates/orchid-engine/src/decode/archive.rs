//! gzip and ZIP taken off, bounded by what they give rather than by what they say.

use std::io::{self, Cursor, Read};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use zip::ZipArchive;
use zip::result::ZipError;

use super::Refusal;

/// Bytes that a buffer begins with at most: an archive's own figures are not believed.
const FIRST: u64 = 64 << 10;

/// One file of an archive.
#[derive(Debug)]
pub(super) struct Entry {
    /// As written in the archive: nobody opens a file by it.
    pub name: String,
    pub body: Bytes,
}

/// All members of a gzip file (RFC 1952), one after another. Takes what it gives from `room`.
pub(super) fn gunzip(body: &Bytes, room: &mut u64) -> Result<Bytes, Refusal> {
    let mut source = Cursor::new(body.as_ref());
    let read = take(MultiGzDecoder::new(&mut source), body.len() as u64, room);
    read.map_err(|error| match error {
        Stopped::Full => too_large("gzip"),
        Stopped::Failed(error) => Refusal::at(source.position(), error.to_string()),
    })
}

/// The files of a ZIP archive in the order of its directory. Takes what they give from `room`.
pub(super) fn unzip(body: &Bytes, room: &mut u64) -> Result<Vec<Entry>, Refusal> {
    let mut archive = ZipArchive::new(Cursor::new(body.as_ref())).map_err(|error| refused(0, &error))?;
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|error| refused(0, &error))?;
        let at = file.header_start();
        if file.is_dir() {
            continue;
        }
        let name = file.name().map_err(|error| refused(at, &error))?.into_owned();
        let claimed = file.size();
        let body = take(file, claimed, room).map_err(|error| match error {
            Stopped::Full => too_large("zip"),
            Stopped::Failed(error) => Refusal::at(at, format!("entry `{}`: {error}", name.escape_debug())),
        })?;
        entries.push(Entry { name, body });
    }
    Ok(entries)
}

enum Stopped {
    Full,
    Failed(io::Error),
}

/// Reads to the end, but no more than there is room for.
fn take(source: impl Read, hint: u64, room: &mut u64) -> Result<Bytes, Stopped> {
    let mut out = Vec::with_capacity(usize::try_from(hint.min(*room).min(FIRST)).unwrap_or_default());
    source
        .take(room.saturating_add(1))
        .read_to_end(&mut out)
        .map_err(Stopped::Failed)?;
    *room = room.checked_sub(out.len() as u64).ok_or(Stopped::Full)?;
    Ok(Bytes::from(out))
}

fn refused(offset: u64, error: &ZipError) -> Refusal {
    Refusal::at(offset, error.to_string())
}

fn too_large(what: &str) -> Refusal {
    Refusal::TooLarge {
        message: format!("what the {what} holds is larger than max_response_bytes"),
    }
}
