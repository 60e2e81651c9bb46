//! What is a duration or a size, and what an author is told where it is none.

use std::time::Duration;

use orchid_plan::quantity::{duration, format_duration, format_size, size};
use proptest::prelude::*;

fn check_duration(text: &str, expect: &str) {
    let got = match duration(text) {
        Ok(value) => format_duration(value),
        Err(error) => format!("{error}; {}", error.help.as_deref().unwrap_or_default()),
    };
    assert_eq!(got, expect, "duration {text:?}");
}

fn check_size(text: &str, expect: &str) {
    let got = match size(text) {
        Ok(value) => value.to_string(),
        Err(error) => format!("{error}; {}", error.help.as_deref().unwrap_or_default()),
    };
    assert_eq!(got, expect, "size {text:?}");
}

#[test]
fn durations() {
    for (text, expect) in [
        ("250ms", "250ms"),
        ("90s", "1m30s"),
        ("15m", "15m"),
        ("1h30m", "1h30m"),
        ("1.5h", "1h30m"),
        ("2d", "2d"),
        ("1w", "7d"),
        ("0s", "0s"),
        (" 5s ", "5s"),
        ("P1D", "1d"),
        ("PT15M", "15m"),
        ("P1DT12H", "1d12h"),
        ("P2W", "14d"),
        ("500us", "500us"),
        ("36525d", "36525d"),
    ] {
        check_duration(text, expect);
    }
}

#[test]
fn no_durations() {
    let like = "write it like `250ms`, `90s`, `15m`, `1h30m` or `P1D`";
    for text in [
        "",
        "soon",
        "1x",
        "h",
        "P",
        "1h-30m",
        "ten seconds",
        "1h30",
        "١s",
        "1e9s",
    ] {
        check_duration(text, &format!("`{text}` is not a duration; {like}"));
    }
    let calendar = "a fixed length is needed here: write days, as in `P30D`";
    for text in ["P1M", "P1Y", "1 month", "2y"] {
        check_duration(
            text,
            &format!("`{text}` has no fixed length, for it depends on the calendar; {calendar}"),
        );
    }
    check_duration("30", "the duration `30` has no unit; write `30s` for seconds");
    check_duration("1.5", "the duration `1.5` has no unit; write `1.5s` for seconds");
    check_duration("-5s", "the duration `-5s` is negative; durations are positive");
    check_duration("-P1D", "the duration `-P1D` is negative; durations are positive");
    check_duration(
        "40000d",
        "the duration `40000d` is too long; the longest is `36525d`",
    );
    check_duration(
        &"9".repeat(500),
        &format!(
            "the duration `{0}…` has no unit; write `{0}…s` for seconds",
            "9".repeat(40)
        ),
    );
}

#[test]
fn sizes() {
    for (text, expect) in [
        ("0", "0"),
        ("1000", "1000"),
        ("64KiB", "65536"),
        ("10MiB", "10485760"),
        ("10 MiB", "10485760"),
        ("10mib", "10485760"),
        ("1.5KiB", "1536"),
        ("1GiB", "1073741824"),
        ("1MB", "1000000"),
        ("5kB", "5000"),
        ("7B", "7"),
        ("1TiB", "1099511627776"),
    ] {
        check_size(text, expect);
    }
}

#[test]
fn no_sizes() {
    let like = "write it like `64KiB` or `10MiB`, or as a number of bytes";
    for text in ["", "big", "-1", "KiB", "1.KiB", "1.0001KiB", "10M", "1 2", "1e6"] {
        check_size(text, &format!("`{text}` is not a size; {like}"));
    }
    check_size("2TiB", "the size `2TiB` is too large; the largest is `1TiB`");
    check_size(
        "99999999999999999999",
        "the size `99999999999999999999` is too large; the largest is `1TiB`",
    );
}

#[test]
fn sizes_written_back() {
    for (bytes, expect) in [
        (0, "0"),
        (1, "1"),
        (1024, "1KiB"),
        (10 << 20, "10MiB"),
        (3 << 30, "3GiB"),
        (1500, "1500"),
    ] {
        assert_eq!(format_size(bytes), expect);
    }
}

proptest! {
    #[test]
    fn a_duration_survives_being_written(micros in 0_u64..4_000_000_000_000_000) {
        let value = Duration::from_micros(micros);
        prop_assume!(value <= orchid_plan::quantity::LONGEST);
        prop_assert_eq!(duration(&format_duration(value)).ok(), Some(value));
    }

    #[test]
    fn a_size_survives_being_written(bytes in 0_u64..=orchid_plan::quantity::LARGEST) {
        prop_assert_eq!(size(&format_size(bytes)).ok(), Some(bytes));
    }

    #[test]
    fn no_text_breaks_them(text in ".{0,60}") {
        let _ = duration(&text);
        let _ = size(&text);
    }
}
