//! Bodies as servers send them: content type, bytes and decoders to format and values.

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use orchid_plan::program::{CsvHeader, Format, Parse, Unpack};
use proptest::prelude::*;

use super::detect::Media;
use super::{Ask, Decoded, Recipe, Unread, decode};
use crate::fault::Kind;

mod archives;
mod texts;

const LIMIT: u64 = 1 << 20;

/// Reads a body within `limit`.
fn read(media: &str, parse: Option<&Parse>, body: &[u8], limit: u64, ask: Ask) -> Result<Decoded, Unread> {
    let media = Media::parse(media);
    let recipe = Recipe {
        media: &media,
        parse,
        ask,
        limit,
    };
    decode(&Bytes::copy_from_slice(body), &recipe)
}

/// Format and body, or the message; and checking says the same as reading.
fn shown(media: &str, parse: Option<&Parse>, body: &[u8]) -> String {
    let read_as = |ask| match read(media, parse, body, LIMIT, ask) {
        Ok(decoded) => Ok((decoded.format, decoded.body.to_compact_json())),
        Err(Unread { fault, .. }) => Err(fault.to_string()),
    };
    let whole = read_as(Ask::Value);
    let checked = read_as(Ask::Check);
    assert_eq!(
        whole.as_ref().map(|(format, _)| format),
        checked.as_ref().map(|(format, _)| format),
        "checking says what reading says of {body:?} as {media:?}"
    );
    match whole {
        Ok((format, body)) => format!("{format} {body}"),
        Err(message) => message,
    }
}

fn check(media: &str, body: impl AsRef<[u8]>, expect: &str) {
    let body = body.as_ref();
    assert_eq!(
        shown(media, None, body),
        expect,
        "of {:?} as {media:?}",
        String::from_utf8_lossy(body)
    );
}

fn check_as(format: Format, body: impl AsRef<[u8]>, expect: &str) {
    let body = body.as_ref();
    let parse = Parse {
        unpack: Vec::new(),
        format,
    };
    assert_eq!(
        shown("application/json", Some(&parse), body),
        expect,
        "of {:?} by {parse:?}",
        String::from_utf8_lossy(body)
    );
}

fn xml(arrays: &[&str]) -> Format {
    Format::Xml {
        arrays: arrays.iter().map(|path| (*path).into()).collect(),
    }
}

fn csv(delimiter: u8, quote: u8, header: CsvHeader) -> Format {
    Format::Csv {
        delimiter,
        quote,
        header,
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

#[test]
fn the_content_type_tells_the_format() {
    for json in [
        "application/json",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
        "text/json",
        "application/problem+json",
        "application/vnd.api+json",
        "application/scim+json;charset=UTF-8",
    ] {
        check(json, "[1]", "json [1]");
    }
    for ndjson in [
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/x-jsonlines",
        "application/stream+json",
    ] {
        check(ndjson, "1\n2\n", "ndjson [1,2]");
    }
    for text_xml in [
        "application/xml",
        "text/xml",
        "application/atom+xml",
        "image/svg+xml",
    ] {
        check(text_xml, "<a>1</a>", r#"xml {"a":"1"}"#);
    }
    check("text/csv", "a,b\n1,2\n", r#"csv [{"a":"1","b":"2"}]"#);
    check(
        "text/tab-separated-values",
        "a\tb\n1\t2\n",
        r#"csv [{"a":"1","b":"2"}]"#,
    );
    for text in [
        "text/plain",
        "text/html; charset=utf-8",
        "application/xhtml+xml",
        "application/yaml",
    ] {
        check(text, "{1}", r#"text "{1}""#);
    }
    for binary in ["application/pdf", "image/png", "application/zip", "audio/mpeg"] {
        check(binary, "abc", r#"binary "YWJj""#);
    }
    check("text/html", "<html><br></html>", r#"text "<html><br></html>""#);
}

#[test]
fn else_the_bytes_tell_it() {
    for nothing in [
        "",
        "application/octet-stream",
        "binary/octet-stream",
        "application/vnd.acme",
        "x",
        "*/*",
    ] {
        check(nothing, r#"{"a":1}"#, r#"json {"a":1}"#);
    }
    check("", " \r\n [1]", "json [1]");
    check("", "{\"a\":1}\n{\"a\":2}\n", r#"ndjson [{"a":1},{"a":2}]"#);
    check("", "{\"a\":\n1}", r#"json {"a":1}"#);
    check("", "[1]\n \n", "json [1]");
    check("", "12", "json 12");
    check("", "true", "json true");
    check("", "\"x\"", r#"json "x""#);
    check("", "true story", r#"text "true story""#);
    check("", "2026-01-01 ok", r#"text "2026-01-01 ok""#);
    check("", "name,id\na,1", r#"text "name,id\na,1""#);
    check("", "<?xml version=\"1.0\"?><a/>", r#"xml {"a":""}"#);
    check("", "<a><b/></a>", r#"xml {"a":{"b":""}}"#);
    check(
        "",
        "<!DOCTYPE html><html></html>",
        r#"text "<!DOCTYPE html><html></html>""#,
    );
    check("", "<HTML></HTML>", r#"text "<HTML></HTML>""#);
    check("", "<p>no end", r#"text "<p>no end""#);
    check("", "\u{1}ok", r#"text "\u0001ok""#);
    check("", b"\x1f\x8b\x08", r#"binary "H4sI""#);
    check("", b"%PDF-1.7", r#"binary "JVBERi0xLjc=""#);
    check("", b"\xff\x00\x01", r#"binary "/wAB""#);
    check("", b"a\0b", r#"binary "YQBi""#);
    // It began as JSON: that it does not end as such is not passed over.
    check(
        "",
        "{\"a\":",
        "parse: the body is not JSON: expected a value, but the text ends at byte 5",
    );
}

#[test]
fn an_empty_body_is_null() {
    for (media, format) in [
        ("", "text"),
        ("application/json", "json"),
        ("text/csv", "csv"),
        ("application/xml", "xml"),
        ("image/png", "binary"),
    ] {
        check(media, "", &format!("{format} null"));
    }
    check_as(Format::Ndjson, "", "ndjson null");
    let packed = Parse {
        unpack: vec![Unpack::Gzip],
        format: Format::Json,
    };
    assert_eq!(shown("", Some(&packed), &gzip(b"")), "json null", "empty inside");
}

#[test]
fn json() {
    check("application/json", "\u{feff}{\"a\":1}", r#"json {"a":1}"#);
    check("application/json", "{\"a\":1.10,\"b\":12345678901234567890}", {
        r#"json {"a":1.10,"b":12345678901234567890}"#
    });
    check(
        "application/json; charset=iso-8859-1",
        b"\"caf\xe9\"",
        r#"json "café""#,
    );
    check("application/json", b"\xff\xfe[\x001\x00]\x00", "json [1]");
    let refused = |body: &[u8], expect: &str| check("application/json", body, expect);
    refused(
        b"[1,]",
        "parse: the body is not JSON: expected a value, found `]` at byte 3",
    );
    refused(
        b"<html></html>",
        "parse: the body is not JSON: expected a value, found `<` (it looks like HTML or XML) at byte 0",
    );
    refused(
        b"[1]\n[2]\n",
        "parse: the body is not JSON: expected nothing after the end of the value, found `[` (several JSON texts: did you mean `parse: ndjson`?) at byte 4",
    );
    refused(
        b"\"\xe9\"",
        "parse: the body is not JSON: bytes that are not UTF-8 at byte 1",
    );
    // Offsets count from the first byte, a mark included.
    refused(
        b"\xef\xbb\xbf[1,]",
        "parse: the body is not JSON: expected a value, found `]` at byte 6",
    );
    refused(
        b"  ",
        "parse: the body is not JSON: expected a value, but the text ends at byte 2",
    );
    let deep = "[".repeat(129);
    assert!(
        shown("application/json", None, deep.as_bytes()).contains("128 levels"),
        "depth is bounded"
    );
}

#[test]
fn ndjson() {
    let check = |body: &str, expect: &str| check_as(Format::Ndjson, body, expect);
    check("{\"a\":1}\n[2]\n", r#"ndjson [{"a":1},[2]]"#);
    check("1", "ndjson [1]");
    check("1\r\n2\r\n", "ndjson [1,2]");
    check("\n\n1\n \n2", "ndjson [1,2]");
    check("\n", "ndjson []");
    check("\u{feff}1\n2", "ndjson [1,2]");
    check(
        "1\n[2\n3",
        "parse: the body is not newline-delimited JSON: expected `,` or `]`, but the text ends at byte 5",
    );
}

#[test]
fn csv_rows() {
    let plain = || csv(b',', b'"', CsvHeader::FirstRow);
    check_as(
        plain(),
        "a,b\n1,2\n3,4\n",
        r#"csv [{"a":"1","b":"2"},{"a":"3","b":"4"}]"#,
    );
    check_as(plain(), "a,b\r\n1,2", r#"csv [{"a":"1","b":"2"}]"#);
    check_as(plain(), "\u{feff}a\n1\n", r#"csv [{"a":"1"}]"#);
    check_as(plain(), "a,b\n", "csv []");
    check_as(plain(), "a\n\n1\n", r#"csv [{"a":"1"}]"#);
    check_as(plain(), "a,b\n,\n", r#"csv [{"a":"","b":""}]"#);
    check_as(plain(), "a\n\"x \"\"y\"\", z\"\n", r#"csv [{"a":"x \"y\", z"}]"#);
    check_as(plain(), "a\n\"x\ny\"\n", r#"csv [{"a":"x\ny"}]"#);
    check_as(plain(), "a\n 01 \n", r#"csv [{"a":" 01 "}]"#);
    check_as(
        csv(b';', b'\'', CsvHeader::FirstRow),
        "a;b\n'1;';2",
        r#"csv [{"a":"1;","b":"2"}]"#,
    );
    check_as(
        csv(b',', b'"', CsvHeader::Absent),
        "a,b\n1,2",
        r#"csv [["a","b"],["1","2"]]"#,
    );
    let names = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).into()).collect();
        csv(b',', b'"', CsvHeader::Names(names))
    };
    check_as(
        names(&["x", "y"]),
        "a,b\n1,2",
        r#"csv [{"x":"a","y":"b"},{"x":"1","y":"2"}]"#,
    );
    check_as(
        names(&["x"]),
        "a,b\n",
        "parse: the body is not CSV: a row has 2 fields, 1 were expected at byte 0",
    );
    check_as(
        plain(),
        "a,b\n1,2\n3\n",
        "parse: the body is not CSV: a row has 1 fields, 2 were expected at byte 8",
    );
    check_as(
        csv(b',', b'"', CsvHeader::Absent),
        "a,b\n1,2,3",
        "parse: the body is not CSV: a row has 3 fields, 2 were expected at byte 4",
    );
    check_as(
        plain(),
        "a,a\n1,2\n",
        "parse: the body is not CSV: two columns are named `a` (`header: [names]` or `header: false` tells them apart) at byte 0",
    );
    check_as(
        plain(),
        b"a\n\xe9\n",
        "parse: the body is not CSV: bytes that are not UTF-8 at byte 2",
    );
    check(
        "text/csv; charset=windows-1252",
        b"a\n\x80\n",
        r#"csv [{"a":"€"}]"#,
    );
}

#[test]
fn long_names_repeated_stay_bounded() {
    let mut body = "n".repeat(100_000);
    body.push('\n');
    body.push_str(&"1\n".repeat(1_000));
    let parse = Parse {
        unpack: Vec::new(),
        format: csv(b',', b'"', CsvHeader::FirstRow),
    };
    let read = read("", Some(&parse), body.as_bytes(), LIMIT, Ask::Value);
    let unread = read.expect_err("100 MB of JSON");
    assert_eq!(unread.fault.kind, Kind::TooLarge);
    assert_eq!(
        unread.fault.message,
        "the CSV becomes more than 8388608 bytes of JSON"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_comes_nothing_panics_and_all_is_bounded(
        media in prop_oneof![
            Just(String::new()), "[ -~]{0,40}",
            "(application/(json|x-ndjson|xml|octet-stream)|text/(csv|plain|html))(; charset=(utf-8|utf-16|latin1|shift_jis|gbk))?",
        ],
        parse in prop::option::of(parses()),
        body in bodies(),
        limit in 0_u64..200,
    ) {
        for ask in [Ask::Value, Ask::Check] {
            match read(&media, parse.as_ref(), &body, limit, ask) {
                Ok(decoded) => {
                    let stages = parse.as_ref().map_or(0, |parse| parse.unpack.len()) as u64;
                    let most = super::EXPANSION_FLOOR + 8 * (body.len() as u64 + stages * limit) + 64;
                    prop_assert!(decoded.body.to_json().len() as u64 <= most);
                    if ask == Ask::Check && !matches!(decoded.format, "text" | "zip") {
                        prop_assert!(decoded.body.is_null());
                    }
                    if let Some(text) = decoded.text {
                        prop_assert!(std::str::from_utf8(&text.utf8).is_ok());
                    }
                }
                Err(unread) => {
                    prop_assert!(matches!(unread.fault.kind, Kind::Parse | Kind::TooLarge));
                    prop_assert!(unread.fault.message.len() < 400, "{}", unread.fault.message);
                }
            }
        }
    }
}

fn parses() -> impl Strategy<Value = Parse> {
    let unpack = prop::collection::vec(prop_oneof![Just(Unpack::Gzip), Just(Unpack::Zip)], 0..3);
    let format = prop_oneof![
        Just(Format::Detect),
        Just(Format::Json),
        Just(Format::Ndjson),
        Just(xml(&["a.b"])),
        Just(csv(b',', b'"', CsvHeader::FirstRow)),
        Just(csv(b';', b'\'', CsvHeader::Absent)),
        Just(Format::Text),
        Just(Format::Binary),
    ];
    (unpack, format).prop_map(|(unpack, format)| Parse { unpack, format })
}

fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let plain = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "[<>a-c/=\"'&;#x ?!\\[\\]CDAT-]{0,80}".prop_map(String::into_bytes),
        "(<a>|</a>|<b c='&lt;'/>|x|&amp;| |<!--x-->|<!\\[CDATA\\[ \\]\\]>){0,12}"
            .prop_map(String::into_bytes),
        "[\\[\\]{}:,\"0-9a-z\\\\ \n]{0,80}".prop_map(String::into_bytes),
        "([a-c]*[,;\"\n]){0,40}".prop_map(String::into_bytes),
    ];
    (plain, 0..5_u8, any::<prop::sample::Index>(), any::<u8>()).prop_map(|(plain, wrap, at, byte)| {
        let mut body = match wrap {
            1 => gzip(&plain),
            2 => archives::zip(&[("a", &plain)]),
            3 => archives::zip(&[("a.json", &gzip(&plain)), ("b.csv.gz", &gzip(b"x"))]),
            4 => {
                let mut spoiled = archives::zip(&[("a", &plain)]);
                let at = at.index(spoiled.len());
                spoiled[at] = byte;
                spoiled
            }
            _ => plain,
        };
        if wrap == 1 && byte < 64 {
            body.truncate(at.index(body.len()));
        }
        body
    })
}
