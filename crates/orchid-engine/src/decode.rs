//! The bytes of a body to a document: archives taken off, the format told, text decoded, converted.
//!
//! Pure and bounded: whatever the bytes are, what is unpacked and what is made of it stays within a multiple of
//! the step's `max_response_bytes`, and nothing panics.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use orchid_jmespath::document::{self, JsonError};
use orchid_jmespath::value::Value;
use orchid_plan::program::{Format, Parse, Unpack};

use crate::fault::{Fault, Kind};
use charset::Text;
use detect::Media;

mod archive;
pub(crate) mod charset;
mod csv;
pub(crate) mod detect;
mod ndjson;
#[cfg(test)]
mod tests;
mod xml;

/// Bytes of JSON that a body of `limit` bytes may become: names are repeated, characters escaped.
const EXPANSION: u64 = 8;
/// Below this nothing is too large, whatever the limit.
const EXPANSION_FLOOR: u64 = 64 << 10;

/// Characters of a decoder's message.
const MESSAGE: usize = 200;

/// What is wanted of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    /// Its values.
    Value,
    /// Whether it is of its format; values are null.
    Check,
}

/// How a body is to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipe<'a> {
    /// What `Content-Type` says.
    pub media: &'a Media,
    /// The step's own decoders, which override that.
    pub parse: Option<&'a Parse>,
    /// What is wanted.
    pub ask: Ask,
    /// The step's `max_response_bytes`: bound on what each stage of a chain gives.
    pub limit: u64,
}

/// A body that was read.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// `json`, `ndjson`, `xml`, `csv`, `text`, `binary`, `zip`.
    pub format: &'static str,
    /// Null where it was only checked, or empty.
    pub body: Value,
    /// As text; absent where it is none.
    pub text: Option<Text>,
}

/// Why a body could not be read, and what there is of it as text.
#[derive(Debug)]
pub(crate) struct Unread {
    pub fault: Fault,
    pub text: Option<Text>,
}

/// Why bytes are not of a format.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// They are not, from this byte on.
    Malformed { offset: u64, message: String },
    /// What comes of them is beyond the bound.
    TooLarge { message: String },
}

impl Refusal {
    fn at(offset: u64, message: impl Into<String>) -> Self {
        Self::Malformed {
            offset,
            message: message.into(),
        }
    }
}

impl From<JsonError> for Refusal {
    fn from(error: JsonError) -> Self {
        Self::at(error.offset as u64, error.message)
    }
}

/// Reads a body.
pub(crate) fn decode(body: &Bytes, recipe: &Recipe<'_>) -> Result<Decoded, Unread> {
    let chain = recipe.parse.map_or(&[][..], |parse| &parse.unpack);
    let mut rooms = vec![recipe.limit; chain.len()];
    read(body, chain, &mut rooms, recipe, detect::Origin::Body)
}

/// Takes archives off, the outermost first. `rooms`: bytes that each of these stages may still give.
fn read(
    body: &Bytes,
    chain: &[Unpack],
    rooms: &mut [u64],
    recipe: &Recipe<'_>,
    origin: detect::Origin<'_>,
) -> Result<Decoded, Unread> {
    if body.is_empty() {
        return Ok(empty(recipe, origin));
    }
    let (Some((outer, chain)), Some((room, rooms))) = (chain.split_first(), rooms.split_first_mut()) else {
        return convert(body, recipe, origin);
    };
    match outer {
        Unpack::Gzip => {
            let inner = archive::gunzip(body, room).map_err(|refusal| unread("gzip", refusal, None))?;
            read(&inner, chain, rooms, recipe, origin.without_gz())
        }
        Unpack::Zip => {
            let entries = archive::unzip(body, room).map_err(|refusal| unread("zip", refusal, None))?;
            let mut items = Vec::with_capacity(entries.len());
            for entry in entries {
                let decoded = read(
                    &entry.body,
                    chain,
                    rooms,
                    recipe,
                    detect::Origin::Entry(&entry.name),
                )
                .map_err(|unread| in_entry(&entry.name, unread))?;
                items.push(Value::object([
                    ("name", Value::from(entry.name)),
                    ("body", decoded.body),
                ]));
            }
            Ok(Decoded {
                format: "zip",
                body: Value::array(items),
                text: None,
            })
        }
    }
}

/// Converts what is in no archive any more.
fn convert(body: &Bytes, recipe: &Recipe<'_>, origin: detect::Origin<'_>) -> Result<Decoded, Unread> {
    let told = match recipe.parse.map(|parse| &parse.format) {
        None | Some(Format::Detect) => detect::announced(recipe.media, origin),
        Some(format) => Some(format.clone()),
    };
    if told == Some(Format::Binary) {
        return Ok(binary(body, recipe.ask));
    }
    let charset = match origin {
        detect::Origin::Body => recipe.media.charset.as_deref(),
        detect::Origin::Entry(_) => None,
    };
    let text = charset::decode(body, charset);
    let format = match told {
        Some(format) => format,
        None => detect::by_content(body, &text),
    };
    let bound = recipe.limit.saturating_mul(EXPANSION).max(EXPANSION_FLOOR);
    let ask = recipe.ask;
    let (name, read) = match &format {
        Format::Binary | Format::Detect => return Ok(binary(body, ask)),
        Format::Text => ("text", Ok(text.to_value())),
        Format::Json => ("json", text.exact().and_then(|utf8| json(utf8, ask))),
        Format::Ndjson => ("ndjson", text.exact().and_then(|utf8| ndjson::read(utf8, ask))),
        Format::Xml { arrays } => (
            "xml",
            text.exact().and_then(|utf8| xml::read(utf8, arrays, ask, bound)),
        ),
        Format::Csv {
            delimiter,
            quote,
            header,
        } => {
            let dialect = csv::Dialect {
                delimiter: *delimiter,
                quote: *quote,
                header,
            };
            (
                "csv",
                text.exact()
                    .and_then(|utf8| csv::read(utf8, &dialect, ask, bound)),
            )
        }
    };
    match read {
        Ok(body) => Ok(Decoded {
            format: name,
            body,
            text: Some(text),
        }),
        Err(refusal) => Err(unread(name, refusal, Some(text))),
    }
}

fn json(utf8: &Bytes, ask: Ask) -> Result<Value, Refusal> {
    let read = match ask {
        Ask::Value => document::parse(utf8.clone()),
        Ask::Check => document::check(utf8).map(|()| Value::NULL),
    };
    read.map_err(|error| {
        let mut refusal = error;
        if utf8.trim_ascii_start().starts_with(b"<") {
            refusal.message.push_str(" (it looks like HTML or XML)");
        } else if detect::has_lines_of_json(utf8) {
            refusal
                .message
                .push_str(" (several JSON texts: did you mean `parse: ndjson`?)");
        }
        Refusal::from(refusal)
    })
}

fn binary(body: &Bytes, ask: Ask) -> Decoded {
    Decoded {
        format: "binary",
        body: match ask {
            Ask::Value => Value::from(STANDARD.encode(body)),
            Ask::Check => Value::NULL,
        },
        text: None,
    }
}

/// An empty body is null, whatever its format.
fn empty(recipe: &Recipe<'_>, origin: detect::Origin<'_>) -> Decoded {
    let format = match recipe.parse.map(|parse| &parse.format) {
        None | Some(Format::Detect) => detect::announced(recipe.media, origin),
        Some(format) => Some(format.clone()),
    };
    Decoded {
        format: format.map_or("text", |format| detect::name(&format)),
        body: Value::NULL,
        text: Some(Text::default()),
    }
}

/// `what` was expected; offsets count from the first byte of the body, or of its UTF-8 form where it came otherwise.
fn unread(what: &str, refusal: Refusal, text: Option<Text>) -> Unread {
    let fault = match refusal {
        Refusal::Malformed { offset, message } => {
            let mark = text.as_ref().map_or(0, |text| text.mark as u64);
            let offset = offset.saturating_add(mark);
            // Messages of decoders quote what was sent.
            let message: String = message.chars().take(MESSAGE).collect();
            Fault::new(
                Kind::Parse,
                format!("the body is not {}: {message} at byte {offset}", spelled(what)),
            )
        }
        Refusal::TooLarge { message } => Fault::new(Kind::TooLarge, message),
    };
    Unread { fault, text }
}

fn in_entry(name: &str, unread: Unread) -> Unread {
    let Fault { kind, message } = unread.fault;
    let shown: String = name.chars().take(80).collect();
    Unread {
        fault: Fault::new(kind, format!("entry `{}`: {message}", shown.escape_debug())),
        text: None,
    }
}

fn spelled(format: &str) -> &str {
    match format {
        "json" => "JSON",
        "ndjson" => "newline-delimited JSON",
        "xml" => "XML",
        "csv" => "CSV",
        "zip" => "a ZIP archive",
        other => other,
    }
}
