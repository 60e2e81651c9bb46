//! What a scripted server does with one request, down to the bytes.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// What a server does with one request. `{api}` and `{other}` in it stand for the origins of the two servers.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// A whole response.
    Http {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// Anything at all; the connection is closed behind it.
    Wire(Vec<Piece>),
}

/// A part of what goes over the wire.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    /// These bytes.
    Send(Vec<u8>),
    /// A reset of the connection.
    Reset,
    /// Nothing more, until the client gives up.
    Hang,
    /// These bytes again and again as fast as they are taken, until the client gives up.
    Flood(Vec<u8>),
    /// These bytes again and again with pauses, until the client gives up.
    Drip(Vec<u8>),
}

impl Answer {
    /// With one more header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Http { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

/// A response of this content type.
pub(crate) fn typed(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    Answer::Http {
        status,
        headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
        body: body.into(),
    }
}

/// A response of JSON, or of what claims to be.
pub(crate) fn json(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    typed(status, "application/json", body)
}

/// A page for people.
pub(crate) fn html(status: u16) -> Answer {
    typed(
        status,
        "text/html; charset=utf-8",
        "<!DOCTYPE html><html><body>Please log in</body></html>",
    )
}

/// A redirect.
pub(crate) fn to(status: u16, location: &str) -> Answer {
    typed(status, "text/plain", "moved").header("Location", location)
}

/// Bytes, then the connection's end.
pub(crate) fn wire(bytes: impl Into<Vec<u8>>) -> Answer {
    Answer::Wire(vec![Piece::Send(bytes.into())])
}

/// Bytes, then something else.
pub(crate) fn wire_then(bytes: impl Into<Vec<u8>>, end: Piece) -> Answer {
    Answer::Wire(vec![Piece::Send(bytes.into()), end])
}

/// The head of a JSON response, with these header lines.
pub(crate) fn head(lines: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{lines}\r\n")
}

/// A response whose body is compressed by gzip and cut by `cut` bytes at its end.
pub(crate) fn gzipped(plain: &[u8], cut: usize) -> Answer {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    let mut packed = encoder.finish().unwrap();
    packed.truncate(packed.len() - cut);
    json(200, packed).header("Content-Encoding", "gzip")
}
