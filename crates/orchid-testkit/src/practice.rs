//! A practice API in the test's own process, so that every test reads its own log and verdicts.

use orchid_practice::{Options, PracticeApi, Running};

/// Starts a practice API with default options.
///
/// # Panics
/// Where no port is free.
pub async fn start() -> Running {
    start_with(Options::default()).await
}

/// Starts a practice API.
///
/// # Panics
/// Where no port is free.
pub async fn start_with(options: Options) -> Running {
    PracticeApi::start(options)
        .await
        .expect("two ports of the loopback address are free")
}
