//! The latest messages, kept for clients that come back. Bounded by number and by size, whatever
//! the messages carry.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Message;
use crate::domain::Seq;

/// What is kept at most, beside the bound in bytes.
const MESSAGES: usize = 10_000;

/// The latest messages, oldest first, without gaps.
pub(super) struct History {
    messages: VecDeque<Arc<Message>>,
    bytes: usize,
    most_bytes: usize,
}

impl History {
    pub(super) fn new(most_bytes: usize) -> Self {
        Self {
            messages: VecDeque::new(),
            bytes: 0,
            most_bytes,
        }
    }

    /// Keeps `message`, and drops the oldest ones beyond the bounds.
    pub(super) fn push(&mut self, message: Arc<Message>) {
        self.bytes += message.weight();
        self.messages.push_back(message);
        // The newest stays, however large: who reads now may still have it.
        while self.messages.len() > 1
            && (self.messages.len() > MESSAGES || self.bytes > self.most_bytes)
        {
            let Some(oldest) = self.messages.pop_front() else {
                break;
            };
            self.bytes -= oldest.weight();
        }
    }

    /// About how much is kept.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
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
