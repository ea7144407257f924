//! How long to wait before the next attempt: at a loop, at a webhook.

use std::time::Duration;

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Counts attempts that failed.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next pause: 100 ms at first; then anything from there to a bound that doubles with
    /// every failure up to 5 s, so that many who wait for the same do not come back together.
    /// `chance` is from 0 to 1.
    pub(crate) fn next(&mut self, chance: f64) -> Duration {
        let doubled = SHORTEST.saturating_mul(1 << self.failures.min(10));
        self.failures = self.failures.saturating_add(1);
        let spread = doubled.min(LONGEST).saturating_sub(SHORTEST);
        SHORTEST + spread.mul_f64(chance.clamp(0.0, 1.0))
    }

    /// It was there.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;

    #[test]
    fn pauses_grow_to_five_seconds_and_begin_again() {
        let mut backoff = Backoff::default();
        let mut next = || backoff.next(1.0).as_millis();
        let pauses: Vec<_> = (0..8).map(|_| next()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        let mut weary = Backoff { failures: u32::MAX };
        assert_eq!(weary.next(1.0).as_secs(), 5);
        assert_eq!(weary.next(0.0).as_millis(), 100);
        weary.reset();
        assert_eq!(weary.next(1.0).as_millis(), 100);
    }
}
