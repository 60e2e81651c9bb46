//! Content encodings (RFC 9110, 8.4): taken off while the body comes in, bounded in what they unpack to.
//!
//! A wrong label is told by the magic bytes: what says gzip and is not, or is gzip under another label. A body
//! without a label is left alone: a file that is itself compressed is the author's to unpack (`parse`).

use std::fmt;

use compression_codecs::core::util::{PartialBuffer, WriteBuffer};
use compression_codecs::zstd::params::DParameter;
use compression_codecs::{BrotliDecoder, DecodeV2, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};

/// What `Accept-Encoding` says.
pub(crate) const ACCEPTED: &str = "gzip, deflate, br, zstd";

/// Encodings of one body. Nobody stacks more than two; a bound keeps the cost of a hostile label small.
const MAX_STAGES: usize = 4;
/// Unpacked in pieces of this size.
const PIECE: usize = 16 * 1024;
/// zstd may use a window of up to 8 MiB (RFC 9659).
const ZSTD_WINDOW_LOG: u32 = 23;
/// Enough to know a format by its magic bytes.
const MAGIC: usize = 6;

/// Why a body cannot be decoded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// More than `max` bytes come out.
    TooLarge,
    /// It ends in the middle.
    Truncated(&'static str),
    /// It is not what its label says.
    Corrupt(String),
}

/// Where decoded bytes are collected.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) bytes: Vec<u8>,
    max: u64,
}

impl Collected {
    pub(crate) fn new(max: u64) -> Self {
        Self {
            bytes: Vec::new(),
            max,
        }
    }

    /// Adds what still fits, and fails if not all did.
    pub(crate) fn add(&mut self, piece: &[u8]) -> Result<(), Broken> {
        let room = usize::try_from(self.max).unwrap_or(usize::MAX) - self.bytes.len();
        self.bytes.extend_from_slice(piece.get(..room).unwrap_or(piece));
        if piece.len() > room {
            Err(Broken::TooLarge)
        } else {
            Ok(())
        }
    }
}

/// The decoders of one body, outermost encoding first.
#[derive(Debug)]
pub(crate) struct Decoder {
    stages: Vec<Stage>,
}

impl Decoder {
    /// For the value (or values, joined by commas) of `Content-Encoding`. `None`: nothing to take off.
    pub(crate) fn for_label(label: &str) -> Result<Option<Self>, Broken> {
        let labels: Vec<&str> = label
            .split(',')
            .map(str::trim)
            .filter(|token| !token.is_empty() && !token.eq_ignore_ascii_case("identity"))
            .collect();
        if labels.len() > MAX_STAGES {
            return Err(Broken::Corrupt(format!(
                "it has {} content encodings on top of each other",
                labels.len()
            )));
        }
        // They are listed in the order in which they were applied.
        let stages: Vec<Stage> = labels
            .iter()
            .rev()
            .map(|label| Stage::new(Label::of(label)))
            .collect();
        Ok(if stages.is_empty() {
            None
        } else {
            Some(Self { stages })
        })
    }

    /// Decodes the next piece of the body.
    pub(crate) fn push(&mut self, piece: &[u8], out: &mut Collected) -> Result<(), Broken> {
        feed(&mut self.stages, piece, out)
    }

    /// The body has ended: everything must have come out.
    pub(crate) fn finish(&mut self, out: &mut Collected) -> Result<(), Broken> {
        let mut rest = self.stages.as_mut_slice();
        while let Some((stage, inner)) = rest.split_first_mut() {
            stage.finish(inner, out)?;
            rest = inner;
        }
        Ok(())
    }
}

fn feed(stages: &mut [Stage], piece: &[u8], out: &mut Collected) -> Result<(), Broken> {
    match stages.split_first_mut() {
        Some((stage, inner)) => stage.push(piece, inner, out),
        None => out.add(piece),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
    Unknown,
}

impl Label {
    fn of(token: &str) -> Self {
        match token.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Self::Gzip,
            "deflate" => Self::Deflate,
            "br" => Self::Brotli,
            "zstd" => Self::Zstd,
            _ => Self::Unknown,
        }
    }
}

/// One encoding on its way off.
struct Stage {
    label: Label,
    state: State,
    produced: u64,
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

enum State {
    /// Too few bytes to know what this is.
    Undecided(Vec<u8>),
    /// Not encoded after all.
    Plain,
    /// The decoder, and whether it stands at the end of a member.
    Decoding(Codec, Position),
}

struct Codec {
    name: &'static str,
    decoder: Box<dyn DecodeV2 + Send>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    Within,
    AtEnd,
}

impl Stage {
    fn new(label: Label) -> Self {
        Self {
            label,
            state: State::Undecided(Vec::new()),
            produced: 0,
        }
    }

    fn push(&mut self, piece: &[u8], inner: &mut [Stage], out: &mut Collected) -> Result<(), Broken> {
        match &mut self.state {
            State::Plain => feed(inner, piece, out),
            State::Decoding(..) => self.decode(piece, inner, out),
            State::Undecided(seen) => {
                seen.extend_from_slice(piece);
                if seen.len() < MAGIC {
                    return Ok(());
                }
                let seen = std::mem::take(seen);
                self.decide(&seen, inner, out)
            }
        }
    }

    fn decide(&mut self, start: &[u8], inner: &mut [Stage], out: &mut Collected) -> Result<(), Broken> {
        match codec(self.label, start) {
            Some(codec) => {
                self.state = State::Decoding(codec, Position::Within);
                self.decode(start, inner, out)
            }
            None => {
                self.state = State::Plain;
                feed(inner, start, out)
            }
        }
    }

    fn decode(&mut self, piece: &[u8], inner: &mut [Stage], out: &mut Collected) -> Result<(), Broken> {
        let State::Decoding(codec, position) = &mut self.state else {
            return Ok(());
        };
        let mut input = PartialBuffer::new(piece);
        let mut scratch = [0; PIECE];
        let mut full = false;
        while full || !input.unwritten().is_empty() {
            let mut output = WriteBuffer::new_initialized(&mut scratch);
            if input.unwritten().is_empty() {
                codec
                    .decoder
                    .flush(&mut output)
                    .map_err(|error| codec.corrupt(&error))?;
            } else {
                if *position == Position::AtEnd {
                    // Members may follow one another (RFC 1952, 2.2; RFC 8878, 3.1).
                    codec.decoder.reinit().map_err(|error| codec.corrupt(&error))?;
                    *position = Position::Within;
                }
                let ended = codec
                    .decoder
                    .decode(&mut input, &mut output)
                    .map_err(|error| codec.corrupt(&error))?;
                if ended {
                    *position = Position::AtEnd;
                }
            }
            full = output.has_no_spare_space() && *position == Position::Within;
            self.produced += output.written_len() as u64;
            if self.produced > out.max {
                let _ = feed(inner, output.written(), out);
                return Err(Broken::TooLarge);
            }
            feed(inner, output.written(), out)?;
        }
        Ok(())
    }

    fn finish(&mut self, inner: &mut [Stage], out: &mut Collected) -> Result<(), Broken> {
        if let State::Undecided(seen) = &mut self.state {
            let seen = std::mem::take(seen);
            if seen.is_empty() {
                return Ok(()); // an empty body has no encoding, whatever its label says
            }
            self.decide(&seen, inner, out)?;
        }
        let State::Decoding(codec, position) = &mut self.state else {
            return Ok(());
        };
        let mut scratch = [0; PIECE];
        while *position == Position::Within {
            let mut output = WriteBuffer::new_initialized(&mut scratch);
            let Ok(ended) = codec.decoder.finish(&mut output) else {
                return Err(Broken::Truncated(codec.name));
            };
            if ended {
                *position = Position::AtEnd;
            } else if output.written_len() == 0 {
                return Err(Broken::Truncated(codec.name));
            }
            feed(inner, output.written(), out)?;
        }
        Ok(())
    }
}

impl Codec {
    fn corrupt(&self, error: &std::io::Error) -> Broken {
        if error.kind() == std::io::ErrorKind::UnexpectedEof {
            return Broken::Truncated(self.name);
        }
        Broken::Corrupt(format!("it is not valid {} ({error})", self.name))
    }
}

/// The decoder that the first bytes ask for under this label; `None` if they are not encoded.
fn codec(label: Label, start: &[u8]) -> Option<Codec> {
    let codec = |name, decoder| Some(Codec { name, decoder });
    let gzip = || codec("gzip", Box::new(GzipDecoder::new()) as Box<dyn DecodeV2 + Send>);
    let zstd = || {
        let bounds = [DParameter::window_log_max(ZSTD_WINDOW_LOG)];
        codec("zstd", Box::new(ZstdDecoder::new_with_params(&bounds)))
    };
    if start.starts_with(&[0x1f, 0x8b, 8]) {
        return gzip();
    }
    if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return zstd();
    }
    match label {
        Label::Zstd if is_zstd_skippable(start) => zstd(),
        Label::Gzip | Label::Zstd | Label::Unknown => None,
        Label::Deflate if is_zlib(start) => codec("deflate", Box::new(ZlibDecoder::new())),
        // Many servers send raw deflate (RFC 1951) under this label, which means zlib (RFC 1950).
        Label::Deflate => {
            (!looks_plain(start, &mut DeflateDecoder::new())).then_some(())?;
            codec("deflate", Box::new(DeflateDecoder::new()))
        }
        Label::Brotli => {
            (!looks_plain(start, &mut BrotliDecoder::new())).then_some(())?;
            codec("br", Box::new(BrotliDecoder::new()))
        }
    }
}

fn is_zlib(start: &[u8]) -> bool {
    matches!(start, [method, flags, ..]
        if method & 0x0f == 8 && method >> 4 <= 7 && (u16::from(*method) << 8 | u16::from(*flags)).is_multiple_of(31))
}

fn is_zstd_skippable(start: &[u8]) -> bool {
    matches!(start, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// These encodings have no magic bytes. A start that looks like JSON, XML or text and does not decode is plain.
fn looks_plain(start: &[u8], decoder: &mut dyn DecodeV2) -> bool {
    let text = std::str::from_utf8(start)
        .is_ok_and(|text| !text.chars().any(|c| c.is_control() && !c.is_whitespace()));
    if !text {
        return false;
    }
    let mut input = PartialBuffer::new(start);
    let mut scratch = [0; PIECE];
    let mut output = WriteBuffer::new_initialized(&mut scratch);
    decoder.decode(&mut input, &mut output).is_err()
}

#[cfg(test)]
mod tests;
