//! The repository's own rules, stated as absences and tested: who may depend on whom, what every file looks like,
//! which licences come in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which crates of this workspace a crate may use. Arrows point one way.
const EDGES: &[(&str, &[&str])] = &[
    ("orchid-jmespath", &[]),
    ("orchid-plan", &["orchid-jmespath"]),
    ("orchid-engine", &["orchid-jmespath", "orchid-plan"]),
    ("orchid-outbound", &["orchid-engine"]),
    ("orchid-practice", &[]),
    (
        "orchid-testkit",
        &[
            "orchid-jmespath",
            "orchid-plan",
            "orchid-engine",
            "orchid-practice",
        ],
    ),
    (
        "orchid",
        &[
            "orchid-jmespath",
            "orchid-plan",
            "orchid-engine",
            "orchid-outbound",
            "orchid-practice",
        ],
    ),
];

/// What a crate must never use, directly.
const NEVER: &[(&str, &[&str])] = &[
    (
        "orchid-jmespath",
        &["tokio", "reqwest", "tracing", "rand", "fastrand"],
    ),
    (
        "orchid-plan",
        &["tokio", "reqwest", "hyper", "rand", "fastrand", "tracing"],
    ),
    (
        "orchid-engine",
        &["sqlx", "redis", "rdkafka", "axum", "reqwest", "hyper"],
    ),
];

/// Crates that must not come in at all, with the reason.
const BANNED: &[(&str, &str)] = &[
    (
        "openssl-sys",
        "TLS is rustls with ring; a system library would be needed on every machine",
    ),
    ("aws-lc-sys", "builds C for a minute; ring does the same here"),
    ("serde_yaml", "archived"),
];

const LICENCES: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "BSL-1.0",
    "Unicode-3.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "Unlicense",
    "MPL-2.0",
];

/// Files that are long because they are one list.
const LISTS: &[&str] = &["crates/orchid-plan/src/program.rs"];

/// A file may grow a little over 500 lines before it must be split.
const LINES: usize = 550;

#[test]
fn arrows_between_crates_point_one_way() {
    let allowed: BTreeMap<_, BTreeSet<&str>> = EDGES
        .iter()
        .map(|(name, edges)| (*name, edges.iter().copied().collect()))
        .collect();
    let never: BTreeMap<_, &[&str]> = NEVER.iter().copied().collect();
    let mut wrong = Vec::new();
    for package in workspace_packages() {
        let name = text(&package["name"]);
        let Some(allowed) = allowed.get(name) else {
            wrong.push(format!(
                "{name} is not in the list of crates: say what it may use"
            ));
            continue;
        };
        for dependency in array(&package["dependencies"])
            .iter()
            .filter(|one| one["kind"].is_null())
        {
            let used = text(&dependency["name"]);
            if used.starts_with("orchid") && !allowed.contains(used) {
                wrong.push(format!("{name} must not use {used}"));
            }
            if never.get(name).is_some_and(|never| never.contains(&used)) {
                wrong.push(format!("{name} must never use {used}"));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn every_dependency_is_wanted() {
    let mut wrong = Vec::new();
    for package in array(&metadata()["packages"]) {
        let name = text(&package["name"]);
        if let Some((_, reason)) = BANNED.iter().find(|(banned, _)| *banned == name) {
            wrong.push(format!("{name} is banned: {reason}"));
        }
        match package["source"].as_str() {
            None => continue,
            Some("registry+https://github.com/rust-lang/crates.io-index") => {}
            Some(source) => wrong.push(format!("{name} comes from {source}, not from crates.io")),
        }
        let licence = package["license"].as_str().unwrap_or("none");
        if !acceptable(licence) {
            wrong.push(format!("{name} has licence {licence}"));
        }
    }
    assert_none(&wrong);
}

/// Whether one alternative of an SPDX expression is on the list; `AND` needs all of its parts.
fn acceptable(licence: &str) -> bool {
    let plain = licence.replace(['(', ')'], "");
    plain
        .split(" OR ")
        .flat_map(|one| one.split('/'))
        .any(|one| one.split(" AND ").all(|part| LICENCES.contains(&part.trim())))
}

#[test]
fn every_module_says_what_lives_in_it() {
    let wrong: Vec<_> = rust_files()
        .into_iter()
        .filter(|path| !fs::read_to_string(path).expect("readable").starts_with("//!"))
        .map(|path| format!("{} does not open with //!", path.display()))
        .collect();
    assert_none(&wrong);
}

#[test]
fn files_stay_small() {
    let wrong: Vec<_> = rust_files()
        .into_iter()
        .filter(|path| !LISTS.iter().any(|list| path.ends_with(list)))
        .filter_map(|path| {
            let lines = fs::read_to_string(&path).expect("readable").lines().count();
            (lines > LINES).then(|| format!("{} has {lines} lines: split it", path.display()))
        })
        .collect();
    assert_none(&wrong);
}

#[test]
fn modules_are_named_after_what_they_hold() {
    let drawers = [
        "util", "utils", "common", "helper", "helpers", "types", "manager", "core", "misc", "prelude",
    ];
    let wrong: Vec<_> = rust_files()
        .into_iter()
        .filter(|path| {
            let stem = path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .unwrap_or_default();
            drawers.contains(&stem)
        })
        .map(|path| format!("{} is a drawer: name it after what it holds", path.display()))
        .collect();
    assert_none(&wrong);
}

#[test]
fn no_test_sleeps_or_is_skipped() {
    // Spelt in two parts so that this file does not find itself.
    let forbidden = [
        concat!("#[ign", "ore"),
        concat!("thread::sl", "eep("),
        concat!("tokio::time::sl", "eep(Duration::from_sec"),
    ];
    let mut wrong = Vec::new();
    for path in rust_files() {
        let is_test = path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs");
        if !is_test {
            continue;
        }
        let source = fs::read_to_string(&path).expect("readable");
        // Where the clock is paused a sleep only says when something happens.
        let virtual_time = source.contains("start_paused");
        for word in forbidden
            .iter()
            .filter(|word| source.contains(**word) && !(virtual_time && word.starts_with("tokio")))
        {
            wrong.push(format!(
                "{}: {word}: wait for a predicate or use virtual time",
                path.display()
            ));
        }
    }
    assert_none(&wrong);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    for path in files_below(&root(), "md") {
        let source = fs::read_to_string(&path).expect("readable");
        let folder = path.parent().expect("a file has a folder");
        for target in source
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || target.contains("://") || target.starts_with('<') || target.contains(' ') {
                continue;
            }
            if !folder.join(file).exists() {
                wrong.push(format!(
                    "{} links to {target}, which is not there",
                    path.display()
                ));
            }
        }
    }
    assert_none(&wrong);
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("the workspace exists")
}

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
}

fn workspace_packages() -> Vec<Value> {
    array(&metadata()["packages"])
        .iter()
        .filter(|package| package["source"].is_null())
        .cloned()
        .collect()
}

fn rust_files() -> Vec<PathBuf> {
    let files = files_below(&root().join("crates"), "rs");
    assert!(files.len() > 20, "found only {} files", files.len());
    files
}

fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)
        .expect("readable")
        .map(|entry| entry.expect("readable").path())
    {
        let name = entry
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if entry.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" {
                found.extend(files_below(&entry, ending));
            }
        } else if name.ends_with(&format!(".{ending}")) {
            found.push(entry);
        }
    }
    found
}

fn array(value: &Value) -> &Vec<Value> {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}
