//! From frames to stored events. What cannot be read is counted and logged once; what cannot be
//! stored now is tried again, while the loop waits: it may have no second copy.

use std::sync::Arc;
use std::time::Duration;

use super::client::Frame;
use crate::domain::{LoopEvent, decode_batch};
use crate::server::backoff::Backoff;
use crate::server::links::Link;
use crate::server::state::AppState;
use crate::server::storage::StorageError;
use crate::server::storage::sessions::TakeEvents;
use crate::server::telemetry::chain;

/// Events, and bytes of frames, that are stored together at most, unless one frame brings more.
const TOGETHER: usize = 500;
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Characters of a frame that the log shows.
const SAMPLE: usize = 200;

/// What was received and is not stored yet.
pub(super) struct Intake<'a> {
    app: &'a AppState,
    link: &'a Link,
    events: Vec<LoopEvent>,
    /// The length of the frames that they came in.
    bytes: usize,
}

impl<'a> Intake<'a> {
    pub(super) fn new(app: &'a AppState, link: &'a Link) -> Self {
        Self {
            app,
            link,
            events: Vec::new(),
            bytes: 0,
        }
    }

    /// True while more frames may join what is stored next.
    pub(super) fn has_room(&self) -> bool {
        self.events.len() < TOGETHER && self.bytes < MOST_BYTES
    }

    pub(super) fn add(&mut self, frame: Frame) {
        let text = match frame {
            Frame::Text(text) => text,
            Frame::Binary(bytes) => match String::from_utf8(bytes.into()) {
                Ok(text) => text,
                Err(_) => return self.refuse("", "a binary frame that is no text"),
            },
        };
        self.bytes += text.len();
        match serde_json::from_str(&text) {
            Ok(sent) => {
                let batch = decode_batch(sent, self.app.clock.now());
                if let Some(first) = batch.problems.first() {
                    let words = format!("{}: {}", first.field, first.message);
                    self.count(batch.problems.len(), &text, &words);
                }
                self.events.extend(batch.events);
            }
            Err(error) => self.refuse(&text, &error.to_string()),
        }
    }

    /// Counts something that cannot be read.
    pub(super) fn refuse(&self, text: &str, why: &str) {
        self.count(1, text, why);
    }

    fn count(&self, parts: usize, text: &str, why: &str) {
        let count = u64::try_from(parts).unwrap_or(0);
        metrics::counter!("convergence_malformed_total").increment(count);
        if self.link.malformed(parts) {
            let sample: String = text.chars().take(SAMPLE).collect();
            let url = self.link.url();
            tracing::warn!(
                loop.url = url,
                sample,
                "the loop at {url} sent what cannot be read ({why}); more of it is only counted"
            );
        }
    }

    /// Stores what was received; false when the server is stopping.
    pub(super) async fn store(&mut self) -> bool {
        if self.events.is_empty() {
            return true;
        }
        let sessions = self.events.iter().map(|event| event.session_id.clone());
        self.link.hears_of(sessions);
        let events: Arc<[LoopEvent]> = std::mem::take(&mut self.events).into();
        self.bytes = 0;
        let mut backoff = Backoff::default();
        loop {
            let now = self.app.clock.now();
            let take = TakeEvents {
                events: Arc::clone(&events),
                source: self.link.url(),
                now,
            };
            match self.app.db.write(take).await {
                Ok(taken) => {
                    taken.count();
                    self.link.heard(taken.accepted, taken.duplicates, now);
                    return true;
                }
                Err(StorageError::Stopping) => return false,
                Err(error) => {
                    tracing::error!(
                        error = chain(&error),
                        "events of a loop were not stored; trying again"
                    );
                    let pause: Duration = backoff.next(self.app.clock.chance());
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
}
