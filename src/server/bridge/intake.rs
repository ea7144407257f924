//! From frames to stored events. What cannot be read is counted and logged once; what cannot be
//! stored now is tried again, while the loop waits: it may have no second copy.

use std::time::Duration;

use super::client::Frame;
use crate::domain::{Envelope, EventOrder, LoopEvent, Timestamp};
use crate::server::backoff::Backoff;
use crate::server::links::Link;
use crate::server::state::AppState;
use crate::server::storage::StorageError;
use crate::server::storage::sessions::TakeEvents;
use crate::server::telemetry::chain;

/// Events, and bytes of frames, that are stored together at most, unless one frame brings more.
const TOGETHER: usize = 250;
const MOST_BYTES: usize = 256 * 1024;
/// Characters of a frame that the log shows.
const SAMPLE: usize = 200;

/// What was received and is not stored yet.
pub(super) struct Intake<'a> {
    app: &'a AppState,
    link: &'a Link,
    events: Vec<LoopEvent>,
    /// Sessions of which something could not be read.
    refused: Vec<String>,
    /// The order of all that comes over this socket.
    order: EventOrder,
    /// The length of the frames that they came in.
    bytes: usize,
    /// The rest of a frame that brought more than is stored at once.
    rest: Option<(Envelope, String)>,
}

impl<'a> Intake<'a> {
    pub(super) fn new(app: &'a AppState, link: &'a Link) -> Self {
        Self {
            app,
            link,
            events: Vec::new(),
            refused: Vec::new(),
            order: EventOrder::default(),
            bytes: 0,
            rest: None,
        }
    }

    /// True while more frames may join what is stored next.
    pub(super) fn has_room(&self) -> bool {
        self.rest.is_none() && self.events.len() < TOGETHER && self.bytes < MOST_BYTES
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
        let sample: String = text.chars().take(SAMPLE).collect();
        match Envelope::open(text) {
            Ok(envelope) => self.read(envelope, sample),
            Err(error) => self.refuse(&sample, &error.to_string()),
        }
    }

    /// Reads the next group of a frame.
    fn read(&mut self, mut envelope: Envelope, sample: String) {
        let Some(batch) = envelope.next(self.app.clock.now()) else {
            return;
        };
        if let Some(first) = batch.problems.first() {
            let words = format!("{}: {}", first.field, first.message);
            self.count(batch.problems.len(), &sample, &words);
        }
        let refused = batch.problems.into_iter();
        self.refused.extend(refused.filter_map(|it| it.session_id));
        self.events.extend(batch.events);
        self.rest = Some((envelope, sample)).filter(|(envelope, _)| !envelope.is_done());
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

    /// Stores what was received, and answers how many events of it were new; `None` when the
    /// server is stopping.
    pub(super) async fn store(&mut self) -> Option<usize> {
        let mut new = 0;
        loop {
            self.bytes = 0;
            let mut events = std::mem::take(&mut self.events);
            self.order.settle(&mut events);
            let refused = std::mem::take(&mut self.refused);
            if !events.is_empty() || !refused.is_empty() {
                new += self.store_group(events, &refused).await?;
            }
            let Some((envelope, sample)) = self.rest.take() else {
                return Some(new);
            };
            self.read(envelope, sample);
        }
    }

    async fn store_group(&self, events: Vec<LoopEvent>, refused: &[String]) -> Option<usize> {
        let sessions = events.iter().map(|event| event.session_id.clone());
        self.link.hears_of(sessions);
        let now: Timestamp = self.app.clock.now();
        let take = TakeEvents::new(events, self.link.url(), now);
        let take = take.refusing(refused.iter().map(String::as_str));
        let mut backoff = Backoff::default();
        loop {
            match self.app.db.write(take.clone()).await {
                Ok(taken) => {
                    taken.count();
                    self.link.heard(taken.accepted, taken.duplicates, now);
                    return Some(taken.accepted);
                }
                Err(StorageError::Stopping) => return None,
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
