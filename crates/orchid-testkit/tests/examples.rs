//! The example documents read without a complaint.

use std::fs;

use orchid_plan::definition::Definition;
use orchid_plan::source;
use orchid_testkit::folder::repository;

#[test]
fn every_example_reads() {
    let mut complaints = Vec::new();
    let mut read = 0;
    for entry in fs::read_dir(repository().join("examples")).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name")
            .to_owned();
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml");
        if !is_yaml || name.ends_with(".config.yaml") {
            continue;
        }
        read += 1;
        let text = fs::read_to_string(&path).expect("text");
        let parsed = source::parse(&text);
        complaints.extend(
            parsed
                .diagnostics
                .iter()
                .map(|diagnostic| format!("{name}: {diagnostic:?}")),
        );
        if let Some(root) = &parsed.root {
            let definition = Definition::read(&text, root);
            complaints.extend(
                definition
                    .diagnostics
                    .iter()
                    .map(|diagnostic| format!("{name}: {diagnostic:?}")),
            );
        }
    }
    assert_eq!(complaints, Vec::<String>::new());
    assert!(read >= 9, "only {read} documents");
}
