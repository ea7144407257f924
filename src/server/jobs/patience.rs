//! How long a run may take. Time in which it waits for a person does not count, and neither does
//! time that the lease clock leaves out: a stopped process or a sleeping machine.

use tokio::sync::watch;

use crate::domain::Timestamp;
use crate::server::clock::Clock;

/// What is left of a limit.
pub(super) struct Patience {
    clock: Clock,
    /// In microseconds.
    limit: i64,
}

impl Patience {
    pub(super) fn new(clock: Clock, seconds: i64) -> Self {
        let limit = seconds.saturating_mul(1_000_000);
        Self { clock, limit }
    }

    /// Returns when the limit is over. While `paused` is true nothing of it passes; it begins anew
    /// with every change of `renewed`, and then with every pause that ends.
    pub(super) async fn wait(
        self,
        mut paused: watch::Receiver<bool>,
        mut renewed: Option<watch::Receiver<u64>>,
    ) {
        let mut left = self.limit;
        let renews = renewed.is_some();
        loop {
            // Whoever could pause it is gone with the run.
            let _gone = paused.wait_for(|paused| !paused).await.is_err();
            let begun = self.clock.about();
            let deadline = Timestamp(begun.0.saturating_add(left));
            let again = async {
                match &mut renewed {
                    Some(renewed) => renewed.changed().await.is_ok(),
                    None => std::future::pending().await,
                }
            };
            let pause = async { paused.wait_for(|paused| *paused).await.is_ok() };
            let anew = tokio::select! {
                () = self.clock.until(deadline) => return,
                true = again => true,
                true = pause => renews,
                else => return self.clock.until(deadline).await,
            };
            left = if anew {
                self.limit
            } else {
                left - (self.clock.about().0 - begun.0).max(0)
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::Patience;
    use crate::domain::Timestamp;
    use crate::server::clock::Clock;

    #[tokio::test]
    async fn time_in_which_a_person_is_asked_is_not_spent() {
        let clock = Clock::manual(Timestamp(0));
        let asking = watch::Sender::new(false);
        let mut waits = tokio::task::JoinSet::new();
        waits.spawn(Patience::new(clock, 10).wait(asking.subscribe(), None));
        tokio::task::yield_now().await;
        clock.run_on(9);
        asking.send_replace(true);
        tokio::task::yield_now().await;
        clock.run_on(3600);
        tokio::task::yield_now().await;
        asking.send_replace(false);
        tokio::task::yield_now().await;
        assert!(waits.try_join_next().is_none());
        clock.run_on(2);
        waits.join_next().await.unwrap().unwrap();
    }
}
