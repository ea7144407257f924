//! Publishing and subscribing. Numbers are given and subscriptions taken under one lock, so
//! that what a client is replayed and what it then receives meet without gap or overlap.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use axum::extract::ws::Utf8Bytes;
use serde_json::Value;
use tokio::sync::broadcast;

use super::held::Held;
use crate::domain::{Epoch, FeedPoint, LiveMessage, Seq, Topic};

/// Messages a slow client may lag behind before it is told to resync.
const LAG: usize = 4096;

/// The feed of this server.
#[derive(Clone)]
pub(crate) struct Bus {
    shared: Arc<Shared>,
}

struct Shared {
    epoch: Epoch,
    state: Mutex<State>,
    sender: broadcast::Sender<Arc<Message>>,
}

#[derive(Default)]
struct State {
    seq: Seq,
    held: Held,
}

/// One message of the feed.
pub(crate) struct Message {
    seq: Seq,
    topic: Topic,
    content: LiveMessage,
    text: OnceLock<Utf8Bytes>,
    published: Instant,
}

impl Message {
    pub(crate) fn seq(&self) -> Seq {
        self.seq
    }

    /// True for a follower of any of `topics`.
    pub(crate) fn is_for(&self, topics: &[Topic]) -> bool {
        let any_log = matches!(self.topic, Topic::LogsOf(_)) && topics.contains(&Topic::Logs);
        any_log || topics.contains(&self.topic)
    }

    /// The frame, serialised for the first reader and shared with all others. A message that
    /// nobody follows costs no serialisation.
    pub(crate) fn text(&self) -> Utf8Bytes {
        let serialise = || {
            let frame = self.content.clone().into_frame(self.seq);
            Utf8Bytes::from(serde_json::to_string(&frame).unwrap_or_default())
        };
        self.text.get_or_init(serialise).clone()
    }

    /// Seconds since it was published.
    pub(crate) fn age(&self) -> f64 {
        self.published.elapsed().as_secs_f64()
    }

    /// About how many bytes it occupies.
    pub(super) fn weight(&self) -> usize {
        let content = match &self.content {
            LiveMessage::Task(task) => 1000 + task.title.len() + 2 * task.description.len(),
            LiveMessage::Agent(_) | LiveMessage::Activity(_) => 500,
            LiveMessage::Logs(_, entries) => entries
                .iter()
                .map(|entry| 300 + 2 * entry.message.len())
                .sum(),
            LiveMessage::Event(sent) => 2 * weight(sent),
        };
        200 + content
    }
}

/// About how many bytes a JSON value occupies.
fn weight(value: &Value) -> usize {
    let inner = match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(weight).sum(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| 32 + key.len() + weight(value))
            .sum(),
        _ => 0,
    };
    32 + inner
}

/// A place on the feed: what was missed, then what comes.
pub(crate) struct Subscription {
    /// Everything after the point asked for; `None` when some of it is gone.
    pub(crate) missed: Option<Vec<Arc<Message>>>,
    /// The number of the newest message at that moment.
    pub(crate) seq: Seq,
    pub(crate) messages: broadcast::Receiver<Arc<Message>>,
}

impl Bus {
    /// A feed that begins with number 1.
    pub(crate) fn new(epoch: Epoch) -> Self {
        let (sender, _) = broadcast::channel(LAG);
        Self {
            shared: Arc::new(Shared {
                epoch,
                state: Mutex::default(),
                sender,
            }),
        }
    }

    /// Where the feed stands. Read it before the database: then everything that the reading
    /// may have missed comes after this point.
    pub(crate) fn point(&self) -> FeedPoint {
        FeedPoint {
            epoch: self.shared.epoch.clone(),
            seq: self.state().seq,
        }
    }

    /// Numbers and sends `messages`, which are stored already.
    pub(crate) fn publish(&self, messages: Vec<LiveMessage>) {
        let mut state = self.state();
        for content in messages {
            state.seq += 1;
            let (seq, topic) = (state.seq, content.topic());
            let message = Arc::new(Message {
                seq,
                topic,
                content,
                text: OnceLock::new(),
                published: Instant::now(),
            });
            state.held.push(Arc::clone(&message));
            // Nobody may be listening; the message is held all the same.
            let _listeners = self.shared.sender.send(message);
        }
    }

    /// Joins the feed now.
    pub(crate) fn join(&self) -> Subscription {
        let state = self.state();
        let messages = self.shared.sender.subscribe();
        Subscription {
            missed: Some(Vec::new()),
            seq: state.seq,
            messages,
        }
    }

    /// Joins the feed after message `since` of `epoch`.
    pub(crate) fn resume(&self, epoch: Option<&Epoch>, since: Seq) -> Subscription {
        let state = self.state();
        let same = epoch.is_none_or(|epoch| *epoch == self.shared.epoch);
        let missed = if same {
            state.held.after(since, state.seq)
        } else {
            None
        };
        let messages = self.shared.sender.subscribe();
        Subscription {
            missed,
            seq: state.seq,
            messages,
        }
    }

    /// How many sockets follow.
    pub(crate) fn followers(&self) -> usize {
        self.shared.sender.receiver_count()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
