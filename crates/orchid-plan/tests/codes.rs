//! Every code has a page, every page a code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use orchid_plan::diagnostic::codes::CODES;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors")
}

#[test]
fn codes_are_well_formed_and_told_once() {
    let mut seen = BTreeSet::new();
    for code in CODES {
        let parts: Vec<&str> = code.code.split("::").collect();
        let is_kebab = |part: &str| {
            part.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        assert!(
            matches!(parts.as_slice(), ["orchid", area, name] if is_kebab(area) && is_kebab(name)),
            "{}",
            code.code
        );
        assert!(
            !code.summary.is_empty() && !code.summary.ends_with('.'),
            "{}",
            code.code
        );
        assert!(seen.insert(code.code), "{} is listed twice", code.code);
    }
}

#[test]
fn every_code_has_a_page_that_says_what_to_do() {
    for code in CODES {
        let path = folder().join(code.code.trim_start_matches("orchid::").replace("::", "/") + ".md");
        let page = std::fs::read_to_string(&path).unwrap_or_default();
        for part in [code.code, "## What happened", "## What to do"] {
            assert!(page.contains(part), "{} says nothing of `{part}`", path.display());
        }
    }
}

#[test]
fn every_page_of_this_crates_areas_has_a_code() {
    let areas: BTreeSet<&str> = CODES
        .iter()
        .filter_map(|code| code.code.split("::").nth(1))
        .collect();
    for area in areas {
        for entry in std::fs::read_dir(folder().join(area)).expect("a folder for each area") {
            let path = entry.expect("a readable folder").path();
            let name = path
                .file_stem()
                .expect("a page has a name")
                .to_string_lossy()
                .into_owned();
            let code = format!("orchid::{area}::{name}");
            assert!(
                CODES.iter().any(|known| known.code == code),
                "{} is a page without a code",
                path.display()
            );
        }
    }
}
