//! Waiting for what another task or process brings about.

use std::time::Duration;

use tokio::time::{sleep, timeout};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(5);

/// Waits until `holds`, at most ten seconds of tokio's time.
///
/// # Panics
/// When it does not hold by then; says `what`.
pub async fn until(what: &str, holds: impl FnMut() -> bool) {
    until_within(Duration::from_secs(10), what, holds).await;
}

/// Waits until `holds`, at most `limit`.
///
/// # Panics
/// When it does not hold by then; says `what`.
pub async fn until_within(limit: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let looking = async {
        while !holds() {
            sleep(PAUSE).await;
        }
    };
    assert!(
        timeout(limit, looking).await.is_ok(),
        "waited {limit:?} in vain: {what}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_as_long_as_needed() {
        let mut looks = 0;
        until("the third look", || {
            looks += 1;
            looks == 3
        })
        .await;
        assert_eq!(looks, 3);
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "waited 10s in vain: a miracle")]
    async fn gives_up() {
        until("a miracle", || false).await;
    }
}
