//! Content encodings and character sets that are mislabelled, broken or hostile.

use std::io::{Cursor, Write as _};
use std::iter;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::write::DeflateEncoder;
use flate2::{Compression, FlushCompress};
use futures_util::stream;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{Fault, made};
use crate::content::formats::gzip;
use crate::reply::Reply;

pub(super) const FAULTS: &[Fault] = &[
    made("gzip", "properly encoded", |_, _| encoded("gzip", gzip(USERS))),
    made("gzip-twice", "encoded twice, and says so", |_, _| {
        encoded("gzip, gzip", gzip(&gzip(USERS)))
    }),
    made("gzip-plain", "says gzip, is plain", |_, _| encoded("gzip", USERS)),
    made("gzip-unlabelled", "is gzip, does not say so", |_, _| {
        Reply::json(gzip(USERS))
    }),
    made("gzip-as-br", "is gzip, says br", |_, _| {
        encoded("br", gzip(USERS))
    }),
    made("gzip-as-deflate", "is gzip, says deflate", |_, _| {
        encoded("deflate", gzip(USERS))
    }),
    made("deflate-raw", "says deflate, has no zlib header", |_, _| {
        encoded("deflate", deflate(USERS))
    }),
    made("encoding-unknown", "an encoding that nobody knows", |_, _| {
        encoded("snappy", USERS)
    }),
    made(
        "gzip-truncated",
        "gzip that ends in the middle, with the right Content-Length",
        |_, _| {
            let whole = gzip(USERS);
            encoded("gzip", whole[..whole.len() - 12].to_vec())
        },
    ),
    made("gzip-corrupt", "gzip whose checksum is wrong", |_, _| {
        let mut whole = gzip(USERS);
        let checksum = whole.len() - 8;
        whole[checksum] ^= 0xff;
        encoded("gzip", whole)
    }),
    made("gzip-bomb", "gzip, 1 MiB that becomes 1 GiB", |_, _| gzip_bomb()),
    made("zip-bomb", "a zip file whose entry becomes 64 MiB", |_, _| {
        zip_bomb()
    }),
    made("zip-slip", "a zip file with names that climb out", |_, _| {
        zip_of(&["../../etc/passwd", "/etc/shadow", "users.json"])
    }),
    made("zip-broken", "bytes that begin as a zip file", |_, _| {
        Reply::new(200, "application/zip", &b"PK\x03\x04and no more"[..])
    }),
    made("utf8-invalid", "JSON with bytes that are no UTF-8", |_, _| {
        Reply::json(&b"{\"users\":[{\"id\":\"u\xff\xfe1\"}]}"[..])
    }),
    made("utf8-bom", "JSON after a byte order mark", |_, _| {
        Reply::json("\u{feff}{\"users\":[]}")
    }),
    made("utf16", "JSON in UTF-16 with a byte order mark", |_, _| {
        Reply::json(utf16("\u{feff}{\"users\":[{\"id\":\"ü\"}]}"))
    }),
    made("latin1", "text in ISO-8859-1, and says so", |_, _| {
        Reply::new(200, "text/plain; charset=iso-8859-1", &b"J\xfcrgen"[..])
    }),
    made(
        "latin1-unlabelled",
        "text in ISO-8859-1 that does not say so",
        |_, _| Reply::new(200, "text/plain", &b"J\xfcrgen"[..]),
    ),
    made("latin1-json", "JSON in ISO-8859-1, and says so", |_, _| {
        Reply::new(
            200,
            "application/json; charset=iso-8859-1",
            &b"{\"name\":\"J\xfcrgen\"}"[..],
        )
    }),
    made("latin1-xml", "XML in ISO-8859-1 by its declaration", |_, _| {
        Reply::new(
            200,
            "application/xml",
            &b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><name>J\xfcrgen</name>"[..],
        )
    }),
    made(
        "charset-unknown",
        "text in a charset that nobody knows",
        |_, _| Reply::new(200, "text/plain; charset=klingon", "Qapla'"),
    ),
];

const USERS: &[u8] = br#"{"users":[{"id":"u00001","name":"J\u00fcrgen"}]}"#;

fn encoded(encoding: &str, body: impl Into<Bytes>) -> Reply {
    Reply::json(body).named("content-encoding", encoding)
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    debug_assert!(written.is_ok(), "a vector takes all bytes");
    written.unwrap_or_default()
}

/// Blanks that one [`bomb_block`] becomes.
const BLOCK: usize = 1 << 20;

/// A piece of a deflate stream that becomes 1 MiB of blanks, ends on a byte, and may be repeated.
fn bomb_block() -> Bytes {
    static MADE: OnceLock<Bytes> = OnceLock::new();
    let make = || {
        let mut compress = flate2::Compress::new(Compression::best(), false);
        let mut out = Vec::with_capacity(8 << 10);
        let flushed = compress.compress_vec(&vec![b' '; BLOCK], &mut out, FlushCompress::Full);
        debug_assert!(
            flushed.is_ok() && compress.total_in() == BLOCK as u64,
            "8 KiB hold 1 MiB of blanks"
        );
        Bytes::from(out)
    };
    MADE.get_or_init(make).clone()
}

/// `[`, and then 1 GiB of blanks. It has no end that is worth waiting for.
fn gzip_bomb() -> Reply {
    const HEAD: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff";
    // A stored block of one byte, and the empty last block with a checksum that is wrong.
    const OPEN: &[u8] = b"\x00\x01\x00\xfe\xff[";
    const END: &[u8] = b"\x03\x00\x00\x00\x00\x00\x01\x00\x00\x40";
    let blocks = iter::repeat_n(bomb_block(), 1_024);
    let parts = [HEAD, OPEN]
        .map(Bytes::from_static)
        .into_iter()
        .chain(blocks)
        .chain([Bytes::from_static(END)]);
    Reply::parts("application/json", stream::iter(parts.map(Ok))).named("content-encoding", "gzip")
}

fn zip_bomb() -> Reply {
    static MADE: OnceLock<Bytes> = OnceLock::new();
    let make = || {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let blanks = vec![b' '; BLOCK];
        let written = archive
            .start_file("bomb.json", SimpleFileOptions::default())
            .and_then(|()| {
                for _ in 0..64 {
                    archive.write_all(&blanks)?;
                }
                Ok(())
            });
        debug_assert!(written.is_ok(), "a vector takes all bytes");
        archive
            .finish()
            .map(|file| Bytes::from(file.into_inner()))
            .unwrap_or_default()
    };
    Reply::new(200, "application/zip", MADE.get_or_init(make).clone())
}

fn zip_of(names: &[&str]) -> Reply {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for name in names {
        let written = archive
            .start_file(*name, SimpleFileOptions::default())
            .and_then(|()| Ok(archive.write_all(br#"{"id":1}"#)?));
        debug_assert!(written.is_ok(), "a vector takes all bytes");
    }
    let file = archive.finish().map(Cursor::into_inner).unwrap_or_default();
    Reply::new(200, "application/zip", file)
}
