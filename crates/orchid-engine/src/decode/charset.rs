//! The bytes of a text to UTF-8.
//!
//! What says how: a byte-order mark (which cannot be wrong, RFC 7303, 3), then the charset of `Content-Type`,
//! then an XML declaration, else UTF-8.

use bytes::Bytes;
use encoding_rs::{DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use orchid_jmespath::value::Value;

use super::Refusal;

/// An XML declaration ends within this many bytes.
const DECLARATION: usize = 256;

/// A text as UTF-8, without its byte-order mark.
#[derive(Debug, Clone, Default)]
pub(crate) struct Text {
    /// UTF-8; shares the body's bytes where it is UTF-8 already.
    pub utf8: Bytes,
    /// Bytes of the byte-order mark that was dropped.
    pub mark: usize,
    /// The first byte that is no character of its charset: replacement characters stand for such in `utf8`.
    malformed: Option<Malformed>,
}

#[derive(Debug, Clone)]
struct Malformed {
    offset: usize,
    charset: &'static str,
}

impl Text {
    /// The text, unless bytes of it are no characters.
    pub(crate) fn exact(&self) -> Result<&Bytes, Refusal> {
        match &self.malformed {
            None => Ok(&self.utf8),
            Some(Malformed { offset, charset }) => Err(Refusal::at(
                *offset as u64,
                format!("bytes that are not {charset}"),
            )),
        }
    }

    /// As a value; replacement characters stand for what is none.
    pub(crate) fn to_value(&self) -> Value {
        // It is UTF-8 by construction.
        Value::from_utf8(self.utf8.clone()).unwrap_or(Value::NULL)
    }
}

/// Decodes a text; `charset` is what `Content-Type` says.
pub(crate) fn decode(body: &Bytes, charset: Option<&str>) -> Text {
    let (encoding, mark) = Encoding::for_bom(body)
        .or_else(|| Some((Encoding::for_label(charset?.as_bytes())?, 0)))
        .or_else(|| Some((declared(body)?, 0)))
        .unwrap_or((UTF_8, 0));
    let bytes = body.slice(mark..);
    if encoding == UTF_8 && std::str::from_utf8(&bytes).is_ok() {
        return Text {
            utf8: bytes,
            mark,
            malformed: None,
        };
    }
    let malformed = first_malformed(encoding, &bytes).map(|offset| Malformed {
        offset,
        charset: encoding.name(),
    });
    let (text, _) = encoding.decode_without_bom_handling(&bytes);
    Text {
        utf8: Bytes::from(text.into_owned()),
        mark,
        malformed,
    }
}

/// The encoding of an XML declaration (XML 1.0, appendix F).
fn declared(body: &[u8]) -> Option<&'static Encoding> {
    if body.starts_with(b"<\0?\0") {
        return Some(UTF_16LE);
    }
    if body.starts_with(b"\0<\0?") {
        return Some(UTF_16BE);
    }
    let head = &body[..body.len().min(DECLARATION)];
    let head = std::str::from_utf8(head.strip_prefix(b"<?xml")?.split(|byte| *byte == b'?').next()?).ok()?;
    let (_, rest) = head.split_once("encoding")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let label = rest[1..].split(quote).next()?;
    let encoding = Encoding::for_label(label.as_bytes())?;
    // A declaration that can be read byte by byte is not in UTF-16.
    (encoding != UTF_16LE && encoding != UTF_16BE).then_some(encoding)
}

/// Where the first byte stands that is no character.
fn first_malformed(encoding: &'static Encoding, bytes: &[u8]) -> Option<usize> {
    if encoding == UTF_8 {
        return std::str::from_utf8(bytes).err().map(|error| error.valid_up_to());
    }
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut scratch = [0_u8; 4096];
    let mut read = 0;
    loop {
        let rest = bytes.get(read..)?;
        let (result, taken, _) = decoder.decode_to_utf8_without_replacement(rest, &mut scratch, true);
        read += taken;
        match result {
            DecoderResult::InputEmpty => return None,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(length, after) => {
                let back = usize::from(length) + usize::from(after);
                return Some(read.saturating_sub(back));
            }
        }
    }
}
