//! Pauses between attempts, never equal, so that many who lost a server do not come back at one moment.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

/// The pause after the first failure; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(15);

/// How long to wait before the next attempt.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    failures: u32,
}

impl Pauses {
    /// After one more failure.
    pub(super) fn next(&mut self) -> Duration {
        let full = FIRST.saturating_mul(1_u32.checked_shl(self.failures).unwrap_or(u32::MAX));
        self.failures = self.failures.saturating_add(1);
        jittered(full.min(LONGEST))
    }

    /// After a success.
    pub(super) const fn reset(&mut self) {
        self.failures = 0;
    }
}

/// Between three and five quarters of `pause`.
pub(super) fn jittered(pause: Duration) -> Duration {
    // Every hasher of this kind starts at another random place.
    let random = RandomState::new().hash_one(());
    let part = f64::from(u32::try_from(random >> 32).unwrap_or(0)) / f64::from(u32::MAX);
    pause.mul_f64(0.75 + part / 2.0)
}

#[cfg(test)]
mod tests {
    use super::{FIRST, LONGEST, Pauses};

    #[test]
    fn pauses_grow_to_a_limit() {
        let mut pauses = Pauses::default();
        let all: Vec<_> = (0..100).map(|_| pauses.next()).collect();
        assert!(all[0] <= FIRST.mul_f64(1.25), "{:?}", all[0]);
        assert!(all[99] >= LONGEST.mul_f64(0.75) && all.iter().all(|pause| *pause <= LONGEST.mul_f64(1.25)));
        pauses.reset();
        assert!(pauses.next() <= FIRST.mul_f64(1.25));
    }
}
