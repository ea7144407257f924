//! How long a run may take. Time in which it waits for a person does not count, and neither does
//! time in which this server did not run itself: a stopped process or a sleeping machine.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// The clock is looked at so often. What passes beyond it in one step is time that nobody had.
const STEP: Duration = Duration::from_millis(500);
const LONGEST_STEP: Duration = Duration::from_secs(1);

/// What is left of a limit.
pub(super) struct Patience {
    limit: Duration,
    left: Duration,
}

impl Patience {
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, left: limit }
    }

    /// Returns when the limit is over. While `paused` is true nothing of it passes; it begins anew
    /// with every change of `renewed`, and with every pause that ends.
    pub(super) async fn wait(
        mut self,
        mut paused: watch::Receiver<bool>,
        mut renewed: Option<watch::Receiver<u64>>,
    ) {
        while !self.left.is_zero() {
            if paused.wait_for(|paused| !paused).await.is_err() {
                // Whoever could pause it is gone.
                sleep(self.left).await;
                return;
            }
            let begun = Instant::now();
            let step = self.left.min(STEP);
            let asks = timeout(step, paused.wait_for(|paused| *paused))
                .await
                .is_ok();
            self.spend(begun.elapsed());
            if let Some(renewed) = &mut renewed {
                let heard = renewed.has_changed().unwrap_or(false);
                if heard || asks {
                    renewed.mark_unchanged();
                    self.left = self.limit;
                }
            }
        }
    }

    fn spend(&mut self, passed: Duration) {
        self.left = self.left.saturating_sub(passed.min(LONGEST_STEP));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Patience;

    #[test]
    fn a_machine_that_slept_has_lost_no_more_than_a_second() {
        let mut patience = Patience::new(Duration::from_secs(10));
        patience.spend(Duration::from_millis(500));
        patience.spend(Duration::from_secs(3600));
        assert_eq!(patience.left, Duration::from_millis(8500));
        for _ in 0..9 {
            patience.spend(Duration::from_secs(2));
        }
        assert_eq!(patience.left, Duration::ZERO);
    }
}
