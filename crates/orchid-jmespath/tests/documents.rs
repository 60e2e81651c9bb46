//! Documents against another parser: mutated texts are JSON for both or for neither, and say the same.

use bytes::Bytes;
use orchid_jmespath::document;
use orchid_jmespath::value::{Kind, Value};

const SEEDS: &[&str] = &[
    r#"{"a": [1, -2.50, 3e2, 0, true, false, null], "b": {"c": "x\u0041\n\\\"\/", "": []}, "a": {}}"#,
    r#"[[[]], {}, {"k": {"k": {"k": [0.1, 1E-5, -0, 18446744073709551615, -9223372036854775808]}}}]"#,
    r#""\ud83d\ude00 é€😀 \b\f\r\t""#,
    "  [ 1 ,\r\n\t2 ] ",
    r#"{"one":1,"two":2,"three":3,"four":4,"five":5,"six":6,"seven":7,"eight":8,"nine":9,"one":10}"#,
];

/// Pieces that break or bend a text.
const PIECES: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"0",
    b"-",
    b".",
    b"e",
    b"E+",
    b"1",
    b"null",
    b"tru",
    b" ",
    b"\n",
    b"\x00",
    b"\x1f",
    b"\x7f",
    b"\xc3",
    b"\xa9",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\\u",
    b"\\u00",
    b"\\ud800",
    b"//",
    b"'",
    b"01",
    b"{\"a\":1}",
    b"[1]",
    b"\"x\":",
    b"9999999999999999999999",
];

/// A small generator with a fixed start: the same texts on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("below the limit")
    }
}

fn mutated(random: &mut Random) -> Vec<u8> {
    let mut text = SEEDS[random.below(SEEDS.len())].as_bytes().to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(text.len() + 1);
        match random.below(4) {
            0 => text.truncate(at),
            1 if at < text.len() => {
                text.remove(at);
            }
            2 if at < text.len() => text[at] = u8::try_from(random.below(256)).expect("a byte"),
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                text.splice(at..at, piece.iter().copied());
            }
        }
    }
    text
}

/// The same value to both. Numbers by their nearest float: exactness has its own tests.
fn alike(ours: &Value, theirs: &serde_json::Value) -> bool {
    match (ours.kind(), theirs) {
        (Kind::Null, serde_json::Value::Null) => true,
        (Kind::Boolean, serde_json::Value::Bool(value)) => ours.as_bool() == Some(*value),
        (Kind::Number, serde_json::Value::Number(number)) => {
            // `+ 0.0` makes one zero of the two.
            let bits = |number: f64| (number + 0.0).to_bits();
            let ours = ours.as_number().map(|number| bits(number.as_f64()));
            ours.is_some() && ours == number.as_f64().map(bits)
        }
        (Kind::String, serde_json::Value::String(text)) => ours.as_str() == Some(text),
        (Kind::Array, serde_json::Value::Array(items)) => {
            ours.len() == items.len() && ours.items().zip(items).all(|(a, b)| alike(&a, b))
        }
        (Kind::Object, serde_json::Value::Object(entries)) => {
            ours.len() == entries.len()
                && entries
                    .iter()
                    .all(|(name, value)| ours.get(name).is_some_and(|found| alike(&found, value)))
        }
        _ => false,
    }
}

#[test]
fn mutated_texts_are_json_for_both_or_for_neither() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut accepted = 0;
    for _ in 0..60_000 {
        let text = mutated(&mut random);
        let shown = String::from_utf8_lossy(&text).into_owned();
        let ours = document::parse(Bytes::copy_from_slice(&text));
        assert_eq!(
            ours.is_ok(),
            document::check(&text).is_ok(),
            "parse and check differ on {shown:?}"
        );
        let bare = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text);
        match serde_json::from_slice::<serde_json::Value>(bare) {
            Ok(theirs) => {
                let ours = ours.unwrap_or_else(|error| panic!("{shown:?} is JSON, but: {error}"));
                assert!(alike(&ours, &theirs), "{shown:?} was read as {}", ours.to_json());
                let again = document::parse(ours.to_json().into()).expect("what we write is JSON");
                assert_eq!(again, ours, "{shown:?}");
                let compact = document::parse(ours.to_compact_json().into()).expect("what we write is JSON");
                assert_eq!(compact, ours, "{shown:?}");
                accepted += 1;
            }
            // What the other refuses though the grammar has it: lone surrogates, numbers beyond f64.
            Err(error)
                if error.to_string().contains("surrogate") || error.to_string().contains("hex escape") => {}
            Err(error) if error.to_string().contains("out of range") => {}
            Err(error) => {
                if let Ok(ours) = ours {
                    panic!(
                        "{shown:?} is not JSON ({error}), but was read as {}",
                        ours.to_json()
                    );
                }
            }
        }
    }
    assert!(accepted > 3_000, "only {accepted} mutated texts were JSON");
}

#[test]
fn lines_are_what_their_lines_are() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for _ in 0..5_000 {
        let texts: Vec<Vec<u8>> = (0..random.below(4)).map(|_| mutated(&mut random)).collect();
        // A line break inside a text would make two lines of it.
        if texts
            .iter()
            .any(|text| text.iter().any(|byte| matches!(byte, b'\n' | b'\r')))
        {
            continue;
        }
        let all = texts
            .iter()
            .all(|text| text.is_empty() || document::check(text).is_ok());
        let lines = document::parse_lines(texts.join(&b'\n').into());
        let blank = |text: &Vec<u8>| text.iter().all(|byte| matches!(byte, b' ' | b'\t'));
        if all && !texts.iter().any(|text| text.starts_with(b"\xef\xbb\xbf")) {
            let lines = lines.expect("each line is JSON");
            assert_eq!(lines.len(), texts.iter().filter(|text| !blank(text)).count());
        }
    }
}
