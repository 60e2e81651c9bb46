//! How long to wait before a retry: Fibonacci multiples of a base, with chance. Pure but for the chance, which comes in.

use std::time::Duration;

use orchid_plan::program::{Backoff, Jitter};

/// The pause before retry `n` (from 1). `chance` is in `0.0..1.0`.
///
/// `max` bounds the pause before chance enters; `equal` gives half to all of it, `full` nothing to all of it.
pub(crate) fn pause(backoff: &Backoff, n: u32, chance: f64) -> Duration {
    let whole = backoff.base.saturating_mul(fibonacci(n)).min(backoff.max);
    let share = match backoff.jitter {
        Jitter::None => 1.0,
        Jitter::Equal => 0.5 + 0.5 * chance,
        Jitter::Full => chance,
    };
    whole.mul_f64(share.clamp(0.0, 1.0))
}

/// 1, 1, 2, 3, 5, … for 1, 2, 3, 4, 5, …; saturating.
fn fibonacci(n: u32) -> u32 {
    let (mut a, mut b) = (0u32, 1u32);
    // Beyond 48 it is saturated: no need to count on.
    for _ in 0..n.min(48) {
        (a, b) = (b, a.saturating_add(b));
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backoff(jitter: Jitter) -> Backoff {
        Backoff {
            base: Duration::from_secs(1),
            max: Duration::from_mins(1),
            jitter,
        }
    }

    #[test]
    fn pauses_follow_fibonacci_up_to_max() {
        let seconds: Vec<u64> = (1..=12)
            .map(|n| pause(&backoff(Jitter::None), n, 0.3).as_secs())
            .collect();
        assert_eq!(seconds, [1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 60, 60]);
        assert_eq!(
            pause(&backoff(Jitter::None), u32::MAX, 0.0),
            Duration::from_mins(1)
        );
    }

    #[test]
    fn chance_enters_as_jitter_says() {
        let cases = [
            (Jitter::Equal, 0.0, 2_500),
            (Jitter::Equal, 0.5, 3_750),
            (Jitter::Full, 0.0, 0),
            (Jitter::Full, 0.5, 2_500),
            (Jitter::None, 0.9, 5_000),
        ];
        for (jitter, chance, expected) in cases {
            let found = pause(&backoff(jitter), 5, chance);
            assert_eq!(found, Duration::from_millis(expected), "{jitter:?} {chance}");
        }
    }
}
