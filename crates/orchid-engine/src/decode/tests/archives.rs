//! gzip and ZIP: chains, members, entries, bombs, what is broken.

use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

/// An archive of these files.
pub(super) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, body) in files {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .expect("memory takes it");
        writer.write_all(body).expect("memory takes it");
    }
    writer.finish().expect("memory takes it").into_inner()
}

fn parse(unpack: &[Unpack], format: Format) -> Parse {
    Parse {
        unpack: unpack.to_vec(),
        format,
    }
}

fn check(parse: &Parse, body: &[u8], expect: &str) {
    assert_eq!(
        shown("application/octet-stream", Some(parse), body),
        expect,
        "by {parse:?}"
    );
}

const GZIP: &[Unpack] = &[Unpack::Gzip];
const ZIP: &[Unpack] = &[Unpack::Zip];

#[test]
fn chains() {
    check(&parse(GZIP, Format::Json), &gzip(b"[1]"), "json [1]");
    check(&parse(GZIP, Format::Detect), &gzip(b"[1]"), "json [1]");
    check(&parse(GZIP, Format::Ndjson), &gzip(b"1\n2"), "ndjson [1,2]");
    check(&parse(GZIP, Format::Text), &gzip(b"x"), r#"text "x""#);
    check(&parse(GZIP, Format::Binary), &gzip(b"x"), r#"binary "eA==""#);
    check(
        &parse(GZIP, Format::Json),
        &[gzip(b"[1,"), gzip(b"2]")].concat(),
        "json [1,2]",
    );
    check(
        &parse(&[Unpack::Gzip, Unpack::Gzip], Format::Json),
        &gzip(&gzip(b"[1]")),
        "json [1]",
    );
    let two = zip(&[("a.json", b"[1]"), ("b.csv", b"x\n1\n")]);
    // Archives hold values even where they are only checked by format: names and null.
    let whole = |parse: &Parse, body: &[u8]| {
        let read = read("", Some(parse), body, LIMIT, Ask::Value);
        read.map(|decoded| decoded.body.to_compact_json())
            .map_err(|unread| unread.fault.to_string())
    };
    assert_eq!(
        whole(&parse(ZIP, Format::Detect), &two).as_deref(),
        Ok(r#"[{"name":"a.json","body":[1]},{"name":"b.csv","body":[{"x":"1"}]}]"#),
        "names tell formats"
    );
    assert_eq!(
        whole(&parse(ZIP, Format::Text), &two).as_deref(),
        Ok(r#"[{"name":"a.json","body":"[1]"},{"name":"b.csv","body":"x\n1\n"}]"#),
        "one format for all"
    );
    let packed = zip(&[("x/a.ndjson.gz", &gzip(b"1\n2"))]);
    let chain = [Unpack::Zip, Unpack::Gzip];
    for format in [Format::Ndjson, Format::Detect] {
        assert_eq!(
            whole(&parse(&chain, format), &packed).as_deref(),
            Ok(r#"[{"name":"x/a.ndjson.gz","body":[1,2]}]"#),
            "an archive of compressed files"
        );
    }
    assert_eq!(
        whole(&parse(ZIP, Format::Json), &zip(&[])).as_deref(),
        Ok("[]"),
        "none"
    );
    let hostile = zip(&[("../../etc/passwd", b"1"), ("empty", b"")]);
    assert_eq!(
        whole(&parse(ZIP, Format::Json), &hostile).as_deref(),
        Ok(r#"[{"name":"../../etc/passwd","body":1},{"name":"empty","body":null}]"#),
        "names are data"
    );
}

#[test]
fn what_is_broken_says_where() {
    let check = |parse: &Parse, body: &[u8], expect: &str| {
        let message = shown("", Some(parse), body);
        assert!(
            message.starts_with("parse: ") && message.contains(expect),
            "{message:?} has {expect:?}"
        );
    };
    let packed = gzip(b"[1, 2, 3, 4, 5, 6]");
    check(&parse(GZIP, Format::Json), b"[1]", "the body is not gzip");
    check(
        &parse(GZIP, Format::Json),
        &packed[..packed.len() - 9],
        "the body is not gzip",
    );
    check(&parse(GZIP, Format::Json), &gzip(b"[1"), "the body is not JSON");
    check(&parse(ZIP, Format::Json), b"PK", "the body is not a ZIP archive");
    check(
        &parse(ZIP, Format::Json),
        &packed,
        "the body is not a ZIP archive",
    );
    let whole = zip(&[("a", b"[1]")]);
    check(
        &parse(ZIP, Format::Json),
        &whole[..whole.len() / 2],
        "the body is not a ZIP archive",
    );
    check(
        &parse(ZIP, Format::Json),
        &zip(&[("a", b"[1")]),
        "entry `a`: the body is not JSON",
    );
    let mut spoiled = zip(&[("a", b"[1, 2, 3, 4, 5, 6, 7, 8, 9]")]);
    spoiled[33] ^= 0x5a;
    check(&parse(ZIP, Format::Json), &spoiled, "");
}

#[test]
fn bombs_stop_early() {
    let check = |unpack: &[Unpack], body: &[u8], expect: Option<&str>| {
        let parse = parse(unpack, Format::Text);
        let read = read("", Some(&parse), body, 1000, Ask::Value);
        let found = read.err().map(|unread| {
            assert_eq!(unread.fault.kind, Kind::TooLarge);
            unread.fault.message
        });
        assert_eq!(found.as_deref(), expect, "by {unpack:?}");
    };
    let (fits, over) = (vec![b'x'; 1000], vec![b'x'; 1001]);
    let gzip_full = Some("what the gzip holds is larger than max_response_bytes");
    let zip_full = Some("what the zip holds is larger than max_response_bytes");
    check(GZIP, &gzip(&fits), None);
    check(GZIP, &gzip(&over), gzip_full);
    check(GZIP, &[gzip(&fits), gzip(b"x")].concat(), gzip_full);
    check(ZIP, &zip(&[("a", &fits)]), None);
    check(ZIP, &zip(&[("a", &over)]), zip_full);
    check(ZIP, &zip(&[("a", &fits), ("b", b"x")]), zip_full);
    check(GZIP, &gzip(&vec![0; 50 << 20]), gzip_full);
    // All entries of one stage together.
    let halves = zip(&[("a", &gzip(&fits[..500])), ("b", &gzip(&fits[..501]))]);
    let entry = Some("entry `b`: what the gzip holds is larger than max_response_bytes");
    check(&[Unpack::Zip, Unpack::Gzip], &halves, entry);
}
