//! The latest messages, kept for clients that come back. Bounded by number and by size.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Message;
use crate::domain::Seq;

/// What is kept at most.
const MESSAGES: usize = 10_000;
const BYTES: usize = 16 * 1024 * 1024;

/// The latest messages, oldest first, without gaps.
#[derive(Default)]
pub(super) struct Held {
    messages: VecDeque<Arc<Message>>,
    bytes: usize,
}

impl Held {
    /// Keeps `message`, and drops the oldest ones beyond the bounds.
    pub(super) fn push(&mut self, message: Arc<Message>) {
        self.bytes += message.weight();
        self.messages.push_back(message);
        while self.messages.len() > MESSAGES || self.bytes > BYTES {
            let Some(oldest) = self.messages.pop_front() else {
                break;
            };
            self.bytes -= oldest.weight();
        }
    }

    /// Every message after `since`, if none of them is gone. `latest` is the newest number.
    pub(super) fn after(&self, since: Seq, latest: Seq) -> Option<Vec<Arc<Message>>> {
        if since >= latest {
            return (since == latest).then(Vec::new);
        }
        let oldest = self.messages.front()?.seq();
        if since + 1 < oldest {
            return None;
        }
        let skip = usize::try_from(since + 1 - oldest).ok()?;
        Some(self.messages.iter().skip(skip).cloned().collect())
    }
}
