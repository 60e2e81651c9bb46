//! Whether a loop gets anywhere: requests and answers that it has seen. Pure.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Requests of one loop, by fingerprint.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    times: HashMap<u64, u8>,
    before: Option<(u64, u64)>,
}

impl Seen {
    /// Takes one more request and its answer in. False if both repeat the ones before, or if the request was
    /// made twice already.
    pub(crate) fn is_progress(&mut self, request: u64, body: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        let now = (request, hasher.finish());
        let repeats = self.before.replace(now) == Some(now);
        let times = self.times.entry(request).or_default();
        *times = times.saturating_add(1);
        !repeats && *times <= 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pages: &[(u64, &str)], expected: &[bool]) {
        let mut seen = Seen::default();
        let found: Vec<bool> = pages
            .iter()
            .map(|(request, body)| seen.is_progress(*request, body.as_bytes()))
            .collect();
        assert_eq!(found, expected, "{pages:?}");
    }

    #[test]
    fn a_loop_that_repeats_itself_is_noticed() {
        check(&[(1, "a"), (2, "a"), (3, "a")], &[true, true, true]);
        check(&[(1, "a"), (1, "a")], &[true, false]);
        check(&[(1, "a"), (1, "b"), (1, "c")], &[true, true, false]);
        check(
            &[(1, "a"), (2, "b"), (1, "a"), (2, "b"), (1, "a")],
            &[true, true, true, true, false],
        );
    }
}
