//! The reference pages that the code knows better: they equal what the code says.
//!
//! After a change: `UPDATE_REFERENCE=1 cargo test -p orchid --test reference`, and read the difference.

use std::fs;
use std::path::Path;

use assert_cmd::Command;

fn orchid(arguments: &[&str]) -> String {
    let output = Command::cargo_bin("orchid")
        .expect("the binary is built")
        .args(arguments)
        .env("COLUMNS", "110")
        .env_remove("ORCHID_LOG")
        .output()
        .expect("it runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

/// `page` under `docs/reference` holds exactly `text`.
fn check(page: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/reference")
        .join(page);
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::write(&path, text).expect("writable");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == text,
        "docs/reference/{page} is out of date: UPDATE_REFERENCE=1 cargo test -p orchid --test reference"
    );
}

#[test]
fn the_command_line_is_documented() {
    let commands = [
        "run",
        "validate",
        "explain",
        "eval",
        "functions",
        "schema",
        "config",
        "completions",
        "practice-api",
    ];
    let mut page = String::from(
        "# The command line\n\nGenerated from `orchid --help`. Data goes to stdout, everything said to a person to stderr.\n",
    );
    page.push_str(&format!("\n```text\n{}```\n", trimmed(&orchid(&["--help"]))));
    for command in commands {
        page.push_str(&format!(
            "\n## orchid {command}\n\n```text\n{}```\n",
            trimmed(&orchid(&[command, "--help"]))
        ));
    }
    check("cli.md", &page);
}

/// Editors read it: the examples name it in their first line.
#[test]
fn the_schema_is_there_for_editors() {
    check("integration.schema.json", &orchid(&["schema"]));
}

#[test]
fn the_settings_are_documented() {
    let page = format!(
        "# Settings\n\nGenerated from `orchid config`. A flag wins over an `ORCHID_*` variable, that over `orchid.toml` in the working directory, \
         that over the default. Unknown settings are errors.\n\n```toml\n{}```\n",
        orchid(&["config"])
    );
    check("settings.md", &page);
}

fn trimmed(text: &str) -> String {
    text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}
