//! Folders of a test's own.

use std::path::PathBuf;

use tempfile::TempDir;

/// A folder that vanishes with its handle.
///
/// # Panics
/// Where the machine gives no temporary folder.
pub fn temporary() -> TempDir {
    tempfile::Builder::new()
        .prefix("orchid-test-")
        .tempdir()
        .expect("a temporary folder can be made")
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
