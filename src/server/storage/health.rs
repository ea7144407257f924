//! Whether storage takes writes, as the writer last found it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::trouble::Trouble;

/// A cheap handle to what the writer knows. Every clone sees the same.
#[derive(Clone, Debug)]
pub(crate) struct Health {
    trouble: Arc<watch::Sender<Option<Trouble>>>,
    born: Instant,
    /// Milliseconds from `born` to the last commit.
    committed: Arc<AtomicU64>,
}

impl Health {
    pub(super) fn new() -> Self {
        Self {
            trouble: Arc::new(watch::Sender::new(None)),
            born: Instant::now(),
            committed: Arc::default(),
        }
    }

    /// Why writes are refused at the moment; `None` when they are taken.
    pub(crate) fn trouble(&self) -> Option<Trouble> {
        *self.trouble.borrow()
    }

    /// Returns when writes are taken, at once when they are.
    pub(crate) async fn writable(&self) {
        let mut trouble = self.trouble.subscribe();
        // The sender is ours, so this ends with the trouble only.
        let _well = trouble.wait_for(Option::is_none).await;
    }

    pub(super) fn set(&self, trouble: Option<Trouble>) {
        metrics::gauge!("storage_writable").set(if trouble.is_none() { 1.0 } else { 0.0 });
        self.trouble.send_replace(trouble);
    }

    pub(super) fn note_commit(&self) {
        let now = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.committed.store(now, Ordering::Relaxed);
    }

    /// True when a commit succeeded within `span`.
    pub(super) fn committed_within(&self, span: Duration) -> bool {
        let last = Duration::from_millis(self.committed.load(Ordering::Relaxed));
        self.born.elapsed().saturating_sub(last) < span
    }
}
