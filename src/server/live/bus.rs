//! Publishing and subscribing. Numbers are given and subscriptions taken under one lock, so
//! that what a client is replayed and what it then receives meet without gap or overlap.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::broadcast;

use super::history::History;
use super::message::{Message, Outgoing};
use crate::domain::{Epoch, FeedPoint, Seq};

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
    /// Who follows is not given the messages, only the way to them: the history alone keeps them,
    /// so that its bound in bytes is the bound of everything, however slow a reader is.
    sender: broadcast::Sender<Weak<Message>>,
}

struct State {
    seq: Seq,
    history: History,
}

/// A place on the feed: what was missed, then what comes.
pub(crate) struct Subscription {
    /// Everything after the point asked for; `None` when some of it is gone.
    pub(crate) missed: Option<Vec<Arc<Message>>>,
    /// The number of the newest message at that moment.
    pub(crate) seq: Seq,
    pub(crate) messages: Messages,
}

/// What comes on the feed.
pub(crate) struct Messages(broadcast::Receiver<Weak<Message>>);

/// Why there is no next message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoMessage {
    /// None has come.
    Yet,
    /// Some are gone: the reader was too slow.
    Lagged,
    /// The server stops.
    Closed,
}

impl Bus {
    /// A feed that begins with number 1 and keeps at most `bytes` of messages.
    pub(crate) fn new(epoch: Epoch, bytes: usize) -> Self {
        let (sender, _) = broadcast::channel(LAG);
        let state = State {
            seq: 0,
            history: History::new(bytes),
        };
        Self {
            shared: Arc::new(Shared {
                epoch,
                state: Mutex::new(state),
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
    pub(crate) fn publish(&self, messages: Vec<Outgoing>) {
        let mut state = self.state();
        for outgoing in messages {
            state.seq += 1;
            let message = Arc::new(Message::new(state.seq, outgoing));
            let way = Arc::downgrade(&message);
            state.history.push(message);
            // Nobody may be listening; the message is held all the same.
            let _listeners = self.shared.sender.send(way);
        }
        let bytes = u32::try_from(state.history.bytes()).unwrap_or(u32::MAX);
        metrics::gauge!("feed_history_bytes").set(f64::from(bytes));
    }

    /// Joins the feed now.
    pub(crate) fn join(&self) -> Subscription {
        let state = self.state();
        self.subscription(&state, Some(Vec::new()))
    }

    /// Joins the feed after message `since` of `epoch`.
    pub(crate) fn resume(&self, epoch: Option<&Epoch>, since: Seq) -> Subscription {
        let state = self.state();
        let same = epoch.is_none_or(|epoch| *epoch == self.shared.epoch);
        let missed = if same {
            state.history.after(since, state.seq)
        } else {
            None
        };
        self.subscription(&state, missed)
    }

    fn subscription(&self, state: &State, missed: Option<Vec<Arc<Message>>>) -> Subscription {
        Subscription {
            missed,
            seq: state.seq,
            messages: Messages(self.shared.sender.subscribe()),
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

impl Messages {
    /// The next message, once there is one.
    pub(crate) async fn next(&mut self) -> Result<Arc<Message>, NoMessage> {
        use broadcast::error::RecvError;
        match self.0.recv().await {
            Ok(way) => way.upgrade().ok_or(NoMessage::Lagged),
            Err(RecvError::Lagged(_)) => Err(NoMessage::Lagged),
            Err(RecvError::Closed) => Err(NoMessage::Closed),
        }
    }

    /// The next message, if there is one already.
    pub(crate) fn next_now(&mut self) -> Result<Arc<Message>, NoMessage> {
        use broadcast::error::TryRecvError;
        match self.0.try_recv() {
            Ok(way) => way.upgrade().ok_or(NoMessage::Lagged),
            Err(TryRecvError::Lagged(_)) => Err(NoMessage::Lagged),
            Err(TryRecvError::Empty) => Err(NoMessage::Yet),
            Err(TryRecvError::Closed) => Err(NoMessage::Closed),
        }
    }
}
