//! Where one page stands in the feed: its snapshot may be older or newer than the socket.

use super::feed::Message;
use crate::domain::{Epoch, FeedPoint, LiveMessage, Seq};

/// Decides which messages a page applies, and which again once a fresh snapshot is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place {
    epoch: Epoch,
    seen: Seq,
    loading: u32,
    held: Vec<Message>,
}

impl Place {
    /// A snapshot is being fetched.
    pub(crate) fn begin(&mut self) {
        self.loading += 1;
    }

    /// The snapshot could not be fetched.
    pub(crate) fn failed(&mut self) {
        self.loading = self.loading.saturating_sub(1);
        if self.loading == 0 {
            self.held.clear();
        }
    }

    /// The page shows a snapshot read at `point`; answers the messages that came meanwhile and
    /// are newer.
    pub(crate) fn loaded(&mut self, point: &FeedPoint) -> Vec<Message> {
        self.loading = self.loading.saturating_sub(1);
        self.epoch.clone_from(&point.epoch);
        self.seen = point.seq;
        let mut newer = self.held.clone();
        if self.loading == 0 {
            self.held.clear();
        }
        newer.retain(|message| self.is_news(message));
        newer
    }

    /// Rows read at `point` were added to what is shown; answers the messages that came meanwhile
    /// and are newer than those rows.
    pub(crate) fn appended(&mut self, point: &FeedPoint) -> Vec<Message> {
        self.loading = self.loading.saturating_sub(1);
        let mut newer = self.held.clone();
        if self.loading == 0 {
            self.held.clear();
        }
        newer.retain(|message| message.seq > point.seq);
        newer
    }

    /// True when a message is to be applied now.
    pub(crate) fn accepts(&mut self, message: &Message) -> bool {
        if self.loading > 0 {
            self.held.push(message.clone());
        }
        self.is_news(message)
    }

    /// Log entries carry ids of their own, by which pages drop repetitions.
    fn is_news(&self, message: &Message) -> bool {
        message.seq > self.seen || matches!(message.change, LiveMessage::Logs(..))
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, Place};
    use crate::domain::{FeedPoint, LiveMessage, TaskId};

    fn message(seq: u64) -> Message {
        let change = LiveMessage::Logs(TaskId(uuid::Uuid::nil()), Vec::new());
        Message { seq, change }
    }

    fn task(seq: u64) -> Message {
        let agent = serde_json::from_value(serde_json::json!({
            "name": "shell", "title": "Shell", "kind": "process", "status": "idle",
            "running": [], "concurrency": 1, "capabilities": [], "last_seen": null,
            "started_at": null, "error": null,
            "metrics": {"completed": 0, "failed": 0, "median_seconds": null, "busy_ratio": null},
        }));
        Message {
            seq,
            change: LiveMessage::Agent(agent.unwrap()),
        }
    }

    fn point(epoch: &str, seq: u64) -> FeedPoint {
        FeedPoint {
            epoch: epoch.into(),
            seq,
        }
    }

    #[test]
    fn a_message_older_than_the_snapshot_changes_nothing_but_logs_pass() {
        let mut place = Place::default();
        assert_eq!(place.loaded(&point("a", 5)), []);
        assert!(!place.accepts(&task(5)));
        assert!(place.accepts(&task(6)));
        assert!(place.accepts(&message(4)));
    }

    #[test]
    fn what_came_while_a_snapshot_was_fetched_is_applied_again() {
        let mut place = Place::default();
        place.loaded(&point("a", 5));
        place.begin();
        place.accepts(&task(8));
        place.accepts(&task(10));
        assert_eq!(place.loaded(&point("a", 9)), [task(10)]);
        place.begin();
        // Another life of the feed counts from the beginning.
        assert!(!place.accepts(&task(2)));
        assert_eq!(place.loaded(&point("b", 1)), [task(2)]);
    }
}
