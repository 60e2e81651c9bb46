//! Which format a body is of: by its content type, else by its bytes.

use bytes::Bytes;
use orchid_jmespath::document;
use orchid_plan::program::{CsvHeader, Format};

use super::charset::Text;
use super::{Ask, xml};

/// A content type (RFC 9110, 8.3.1), as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Media {
    /// `type/subtype` in lower case; empty where none came.
    pub essence: String,
    /// The charset as written.
    pub charset: Option<String>,
}

/// What a text was part of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Origin<'a> {
    /// The body, of which the content type speaks.
    Body,
    /// An archive's entry, of which its name speaks.
    Entry(&'a str),
}

impl Media {
    /// Reads a header's value; what cannot be read is as if it were absent.
    pub(crate) fn parse(value: &str) -> Self {
        let (essence, parameters) = value.split_once(';').unwrap_or((value, ""));
        let essence = essence.trim().to_ascii_lowercase();
        let charset = parameters.split(';').find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            let value = value.trim().trim_matches(['"', '\'']).trim();
            (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then(|| value.to_owned())
        });
        Self { essence, charset }
    }
}

impl Origin<'_> {
    /// The same, after gzip was taken off.
    pub(super) fn without_gz(self) -> Self {
        match self {
            Self::Entry(name) => Self::Entry(name.strip_suffix(".gz").unwrap_or(name)),
            Self::Body => Self::Body,
        }
    }
}

/// The format's name in `response.format`.
pub(super) fn name(format: &Format) -> &'static str {
    match format {
        Format::Json => "json",
        Format::Ndjson => "ndjson",
        Format::Xml { .. } => "xml",
        Format::Csv { .. } => "csv",
        Format::Text => "text",
        Format::Binary | Format::Detect => "binary",
    }
}

/// The format that a content type or an entry's name tells; `None`: the bytes decide.
pub(super) fn announced(media: &Media, origin: Origin<'_>) -> Option<Format> {
    match origin {
        Origin::Body => by_media(&media.essence),
        Origin::Entry(name) => by_name(name),
    }
}

fn by_media(essence: &str) -> Option<Format> {
    let (kind, subtype) = essence.split_once('/')?;
    let found = match subtype {
        "json" | "x-json" => Format::Json,
        "ndjson" | "x-ndjson" | "jsonl" | "x-jsonl" | "jsonlines" | "x-jsonlines" | "json-lines"
        | "x-json-stream" | "stream+json" | "x-ldjson" => Format::Ndjson,
        "xml" => XML,
        "csv" | "x-csv" | "comma-separated-values" => csv(b','),
        "tab-separated-values" => csv(b'\t'),
        "xhtml+xml" | "x-www-form-urlencoded" | "javascript" | "x-javascript" | "yaml" | "x-yaml" => {
            Format::Text
        }
        "pdf" | "zip" | "gzip" | "x-gzip" | "x-zip-compressed" | "zstd" | "x-tar" => Format::Binary,
        _ if subtype.ends_with("+json") => Format::Json,
        _ if subtype.ends_with("+xml") => XML,
        _ if kind == "text" => Format::Text,
        _ if matches!(kind, "image" | "audio" | "video" | "font") => Format::Binary,
        // `application/octet-stream` and types nobody knows.
        _ => return None,
    };
    Some(found)
}

fn by_name(name: &str) -> Option<Format> {
    let (_, extension) = name.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        "json" => Some(Format::Json),
        "ndjson" | "jsonl" => Some(Format::Ndjson),
        "xml" => Some(XML),
        "csv" => Some(csv(b',')),
        "tsv" => Some(csv(b'\t')),
        "txt" | "log" | "md" | "html" | "htm" => Some(Format::Text),
        _ => None,
    }
}

const XML: Format = Format::Xml { arrays: Vec::new() };

fn csv(delimiter: u8) -> Format {
    Format::Csv {
        delimiter,
        quote: b'"',
        header: CsvHeader::FirstRow,
    }
}

/// The format that the bytes tell. CSV cannot be told from text.
pub(super) fn by_content(body: &Bytes, text: &Text) -> Format {
    const MAGIC: [&[u8]; 5] = [
        b"\x1f\x8b",
        b"PK\x03\x04",
        b"%PDF-",
        b"\x28\xb5\x2f\xfd",
        b"\x89PNG",
    ];
    if MAGIC.iter().any(|magic| body.starts_with(magic)) {
        return Format::Binary;
    }
    let Ok(utf8) = text.exact() else {
        return Format::Binary;
    };
    if utf8.contains(&0) {
        return Format::Binary;
    }
    let start = utf8.trim_ascii_start();
    match start.first() {
        Some(b'{' | b'[') if has_lines_of_json(utf8) => Format::Ndjson,
        Some(b'{' | b'[') => Format::Json,
        Some(b'<') if start.starts_with(b"<?xml") => XML,
        Some(b'<') if !is_html(start) && xml::read(utf8, &[], Ask::Check, 0).is_ok() => XML,
        // A word that happens to be JSON is JSON; any other is text.
        Some(b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n') if document::check(utf8).is_ok() => Format::Json,
        _ => Format::Text,
    }
}

/// Whether the first line is one JSON text and more follows.
pub(super) fn has_lines_of_json(utf8: &[u8]) -> bool {
    let start = utf8.trim_ascii_start();
    let Some(end) = start.iter().position(|byte| *byte == b'\n') else {
        return false;
    };
    let (line, rest) = start.split_at(end);
    matches!(line.first(), Some(b'{' | b'['))
        && !rest.trim_ascii().is_empty()
        && document::check(line).is_ok()
}

fn is_html(start: &[u8]) -> bool {
    ["<!doctype html", "<html"]
        .iter()
        .any(|tag| start.len() >= tag.len() && start[..tag.len()].eq_ignore_ascii_case(tag.as_bytes()))
}
