//! `orchid validate` tells all that the language's own checks know, whichever step of reading finds it.

use std::fs;

use assert_cmd::Command;

/// What `validate` says of a document, and how it ends.
fn validate(text: &str) -> (String, Option<i32>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.yaml");
    fs::write(&path, text).expect("writable");
    let output = Command::cargo_bin("orchid")
        .expect("the binary is built")
        .arg("validate")
        .arg(&path)
        .output()
        .expect("it runs");
    (
        String::from_utf8_lossy(&output.stderr).into_owned(),
        output.status.code(),
    )
}

#[test]
fn every_stage_is_heard() {
    let cases = [
        (
            "text",
            "integration: a\nintegration: b\n",
            "orchid::document::duplicate-key",
            2,
        ),
        (
            "fields",
            "integration: a\nplans: { p: { ulr: https://x.example/ } }\n",
            "orchid::field::unknown",
            2,
        ),
        (
            "expressions",
            "integration: a\nplans: { p: { url: https://x.example/, while: respnse.body } }\n",
            "orchid::expression::unknown-name",
            2,
        ),
        (
            "what sugar would hide",
            "integration: a\nauth: { f: { type: bearer, token: config.token } }\nplans: { p: { url: https://x.example/ } }\n",
            "orchid::template::looks-like-expression",
            0,
        ),
    ];
    for (stage, text, code, exit) in cases {
        let (told, ended) = validate(text);
        assert!(told.contains(code), "{stage}: {told}");
        assert_eq!(ended, Some(exit), "{stage}: {told}");
    }
}
