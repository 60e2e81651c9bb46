//! Hostile documents: no panic, no unbounded work, an error that says where.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use orchid_plan::compile::Bounds;
use orchid_plan::{document, explain};
use proptest::prelude::*;

/// Far more than any of these needs, far less than work without a bound would take.
const LONG: Duration = Duration::from_mins(1);

/// Reads, renders and explains; gives the codes of what was found.
fn codes(text: impl Into<Vec<u8>>) -> Vec<&'static str> {
    let start = Instant::now();
    let text = text.into();
    let loaded = document::load(&text, Bounds::default());
    let document = document::read(text, "a.yaml");
    assert!(loaded.program.is_none() || document.is_valid());
    let _ = document.render();
    for found in &document.diagnostics {
        assert!(
            found.span.start <= found.span.end && found.span.end <= document.text.len(),
            "{found:?}"
        );
    }
    if let Some(definition) = &document.definition {
        for plan in definition.plans.keys().take(3) {
            let _ = explain::explain(definition, plan);
        }
    }
    assert!(start.elapsed() < LONG, "took {:?}", start.elapsed());
    document.diagnostics.iter().map(|found| found.code).collect()
}

fn check(text: impl Into<Vec<u8>>, expected: &str) {
    let found = codes(text);
    assert!(
        found.contains(&expected),
        "expected {expected}, found {:?}",
        &found[..found.len().min(5)]
    );
}

#[test]
fn alias_bombs_are_refused() {
    let mut bomb = String::from("integration: a\nvalues:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        let _ = writeln!(bomb, "  a{level}: &a{level} [{aliases}]");
    }
    check(bomb, "orchid::document::too-many-values");
    // Names of a kilobyte, nested and repeated: few values, long pointers.
    let name = "n".repeat(1000);
    let mut long = format!("integration: a\nvalues: &v0 {{{name}: {{{name}: {{{name}: 1}}}}}}\n");
    for level in 1..200 {
        let _ = writeln!(
            long,
            "x{level}: {{a: *v0, b: *v0, c: *v0, d: *v0, e: *v0, f: *v0, g: *v0, h: *v0}}"
        );
    }
    let _ = codes(long);
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        for depth in [70, 1000, 200_000] {
            let text = format!(
                "integration: a\nvalues: {}1{}",
                open.repeat(depth),
                close.repeat(depth)
            );
            check(text, "orchid::document::too-deep");
        }
        check(
            format!("integration: {}", open.repeat(100_000)),
            "orchid::document::too-deep",
        );
    }
    let mut block = String::from("integration: a\n");
    for depth in 0..300 {
        let _ = writeln!(block, "{}a:", " ".repeat(depth));
    }
    check(block, "orchid::document::too-deep");
    // By aliases: each level holds the one before, four deep.
    let mut levels = String::from("integration: a\nx0: &x0 [[[[1]]]]\n");
    for level in 1..20 {
        let _ = writeln!(levels, "x{level}: &x{level} [[[[*x{}]]]]", level - 1);
    }
    check(levels, "orchid::document::too-deep");
}

#[test]
fn large_documents_are_refused_or_read_in_time() {
    check(vec![b' '; 50 << 20], "orchid::document::too-large");
    check(vec![0xff; 50 << 20], "orchid::document::too-large");
    check("a".repeat(4 << 20), "orchid::field::type");
    check("- ".repeat(2 << 20), "orchid::document::too-deep");
    check("a\n".repeat(2 << 20), "orchid::field::type");
    check("*a ".repeat(1 << 20), "orchid::document::syntax");
    check(
        format!("[{}", "*a, ".repeat(1 << 19)),
        "orchid::document::too-many-values",
    );
    check(
        format!("[{}", "!a b, ".repeat(1 << 19)),
        "orchid::document::too-many-values",
    );
    check("!".repeat(4 << 20), "orchid::document::syntax");
    check("\"".repeat(4 << 20), "orchid::document::syntax");
    check(
        format!("integration: '{}'", "''".repeat(2 << 20)[..3 << 20].to_owned()),
        "orchid::field::name",
    );
    check("#".repeat(4 << 20), "orchid::document::empty");
    check("{".repeat(4 << 20), "orchid::document::too-deep");
    check("? ".repeat(2 << 20), "orchid::document::too-deep");
    let many: String = (0..90_000).fold(String::from("integration: a\n"), |mut out, at| {
        let _ = writeln!(out, "unknown{at}: 1");
        out
    });
    check(many, "orchid::document::too-many-values");
    let many: String = (0..40_000).fold(String::from("integration: a\n"), |mut out, at| {
        let _ = writeln!(out, "unknown{at}: 1");
        out
    });
    check(many, "orchid::field::unknown");
    let plans: String = (0..2_000).fold(String::from("integration: a\nplans:\n"), |mut out, at| {
        let _ = writeln!(out, "  p{at}: {{url: 'https://a.test/', nonsense: 1}}");
        out
    });
    check(plans, "orchid::field::unknown");
}

#[test]
fn encodings_are_told_with_their_place() {
    check(*b"integration: \xff\n", "orchid::document::encoding");
    check(*b"\xff\xfei\0n\0", "orchid::document::encoding");
    check(*b"integration: a\xe2\x82", "orchid::document::encoding");
    let document = document::read(*b"integration: a\nplans: {p: {url: \xc3\x28}}\n", "a.yaml");
    assert!(
        document
            .render()
            .starts_with("a.yaml:2:18: error[orchid::document::encoding]"),
        "{}",
        document.render()
    );
    let marked = document::read(
        "\u{feff}integration: a\nplans: {p: {url: 'https://a.test/'}}\n",
        "a.yaml",
    );
    assert!(marked.is_valid(), "{}", marked.render());
}

/// A document that uses most of the language.
const WHOLE: &str = include_str!("whole.yaml");

#[test]
fn the_whole_language_reads_without_a_complaint() {
    let document = document::read(WHOLE, "whole.yaml");
    assert_eq!(document.render(), "");
    let loaded = document::load(WHOLE.as_bytes(), Bounds::default());
    let found: Vec<_> = loaded
        .diagnostics
        .iter()
        .map(|found| (&found.pointer, &found.message))
        .collect();
    assert!(loaded.program.is_some(), "{found:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = codes(bytes);
    }

    #[test]
    fn any_text_of_yaml_characters(text in r#"[ \n:\-?\[\]{},&*!|>'"%@`#$a-c0-9.<~\t\u{e9}]{0,200}"#) {
        let _ = codes(text);
    }

    #[test]
    fn a_right_document_with_a_piece_replaced(
        at in 0..WHOLE.len(),
        length in 0..20_usize,
        with in r#"[ \n:\-?\[\]{},&*!|>'"%@`#$a-c0-9.<~]{0,6}"#,
    ) {
        let mut bytes = WHOLE.as_bytes().to_vec();
        let end = (at + length).min(bytes.len());
        bytes.splice(at..end, with.bytes());
        let _ = codes(bytes);
    }

    #[test]
    fn a_right_document_with_lines_swapped(a in 0..400_usize, b in 0..400_usize) {
        let mut lines: Vec<&str> = WHOLE.lines().collect();
        let count = lines.len();
        lines.swap(a % count, b % count);
        let _ = codes(lines.join("\n"));
    }
}
