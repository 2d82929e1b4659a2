//! A limit on how often something is done: a bucket of tokens that fills by itself.

use std::time::Duration;

use tokio::time::Instant;

/// Tokens, one for each thing that is done.
#[derive(Debug)]
pub(super) struct Bucket {
    tokens: u32,
    most: u32,
    /// A new token comes in this time.
    every: Duration,
    /// When the last token came.
    filled: Instant,
}

impl Bucket {
    /// A full bucket of `most` tokens, into which a new one comes `every` so often.
    pub(super) const fn new(most: u32, every: Duration, now: Instant) -> Self {
        Self {
            tokens: most,
            most,
            every,
            filled: now,
        }
    }

    /// Takes a token, where there is one.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let came = now.saturating_duration_since(self.filled).as_nanos() / self.every.as_nanos().max(1);
        let came = u32::try_from(came).unwrap_or(u32::MAX).min(self.most);
        if came > 0 {
            self.tokens = self.tokens.saturating_add(came).min(self.most);
            self.filled = if self.tokens == self.most {
                now
            } else {
                self.filled + self.every * came
            };
        }
        let taken = self.tokens > 0;
        self.tokens = self.tokens.saturating_sub(1);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_what_it_has_and_fills_again() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut bucket = Bucket::new(2, Duration::from_secs(10), start);
        let mut took = |seconds| bucket.take(at(seconds));
        assert_eq!([took(0), took(0), took(0), took(9)], [true, true, false, false]);
        assert_eq!([took(10), took(10), took(20)], [true, false, true]);
        assert_eq!([took(10_000), took(10_000), took(10_000)], [true, true, false]);
    }
}
