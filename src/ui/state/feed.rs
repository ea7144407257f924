//! The browser's end of the live feed, without the socket: which frames to send, which
//! messages are new, in which order, and when too many are missing.

use std::collections::VecDeque;

use crate::domain::{ClientFrame, Epoch, FeedPoint, LiveMessage, Seq, ServerFrame, Topic};

/// More waiting messages than this cost more than fetching the page again.
const MOST_WAITING: usize = 5000;

/// One numbered message of the feed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    pub(crate) seq: Seq,
    pub(crate) change: LiveMessage,
}

/// Follows the feed over any number of connections.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    epoch: Option<Epoch>,
    /// Every message up to here was handed on.
    last: Option<Seq>,
    connected: bool,
    /// A server answers in order, so the pong to a ping sent right after `subscribe` says that
    /// everything missed has arrived. Counts pings sent and pongs heard on this connection.
    pings: u64,
    pongs: u64,
    /// Catching up lasts until this many pongs were heard; meanwhile messages are held, since
    /// old and new ones arrive mixed.
    caught_up_at: u64,
    /// By number; a tree would be quicker only with more than are ever held.
    held: Vec<Message>,
    ready: VecDeque<Message>,
    resync: bool,
    /// Followed beyond what every client gets, once for each follower.
    extra: Vec<Topic>,
}

impl Feed {
    /// A part of the page was read at this point: nothing after it may be missed.
    pub(crate) fn start_at(&mut self, point: &FeedPoint) {
        if self.epoch.is_none() {
            self.epoch = Some(point.epoch.clone());
            self.last = Some(point.seq);
        } else if !self.connected && self.epoch.as_ref() == Some(&point.epoch) {
            self.last = self.last.map(|last| last.min(point.seq));
        }
    }

    /// True while messages are handed on as they arrive.
    pub(crate) fn is_caught_up(&self) -> bool {
        self.connected && self.pongs >= self.caught_up_at
    }

    /// The connection is gone.
    pub(crate) fn closed(&mut self) {
        self.connected = false;
        self.held.clear();
        (self.pings, self.pongs, self.caught_up_at) = (0, 0, 0);
    }

    /// A frame to show that the connection lives.
    pub(crate) fn ping(&mut self) -> ClientFrame {
        self.pings += 1;
        ClientFrame::Ping
    }

    /// Follows a topic from `point` on.
    pub(crate) fn follow(&mut self, topic: Topic, point: &FeedPoint) -> Vec<ClientFrame> {
        self.start_at(point);
        let is_followed = self.extra.contains(&topic);
        self.extra.push(topic);
        if is_followed {
            return Vec::new();
        }
        if self.connected {
            let known = self.epoch.as_ref() == Some(&point.epoch);
            // What the page missed between its life of the feed and this one, nobody can tell.
            self.resync |= !known;
            return self.subscribe(vec![topic], known.then_some(point.seq));
        }
        // The subscription on connecting then covers this topic too.
        self.last = self.last.map(|last| last.min(point.seq));
        Vec::new()
    }

    /// Ends what `follow` began.
    pub(crate) fn unfollow(&mut self, topic: Topic) -> Vec<ClientFrame> {
        let Some(at) = self.extra.iter().position(|other| *other == topic) else {
            return Vec::new();
        };
        self.extra.remove(at);
        if self.extra.contains(&topic) {
            return Vec::new();
        }
        let frame = ClientFrame::Unsubscribe {
            topics: vec![topic],
        };
        self.connected.then_some(frame).into_iter().collect()
    }

    /// Takes in a frame; answers what to send.
    pub(crate) fn receive(&mut self, frame: ServerFrame) -> Vec<ClientFrame> {
        match frame {
            ServerFrame::Hello { epoch, seq } => return self.hello(epoch, seq),
            ServerFrame::Message { seq, message } => self.accept(seq, message),
            ServerFrame::Resync { seq } => {
                self.give_up();
                self.last = Some(seq);
            }
            ServerFrame::Pong => {
                self.pongs += 1;
                if self.is_caught_up() {
                    self.release();
                }
            }
            ServerFrame::State { .. }
            | ServerFrame::Ack
            | ServerFrame::Error { .. }
            | ServerFrame::Unknown => {}
        }
        Vec::new()
    }

    /// A frame that cannot be read may have told of anything.
    pub(crate) fn misread(&mut self) -> Vec<ClientFrame> {
        self.resync = true;
        Vec::new()
    }

    /// What is to be applied now, oldest first, and whether pages must be fetched again before.
    pub(crate) fn drain(&mut self) -> (bool, Vec<Message>) {
        let resync = std::mem::take(&mut self.resync);
        (resync, self.ready.drain(..).collect())
    }

    fn hello(&mut self, epoch: Epoch, seq: Seq) -> Vec<ClientFrame> {
        self.closed();
        self.connected = true;
        if self.epoch.as_ref() != Some(&epoch) {
            // Numbers of another life of the feed mean nothing.
            if self.epoch.is_some() {
                self.give_up();
            }
            self.epoch = Some(epoch);
            self.last = Some(seq);
        }
        let mut topics = vec![Topic::Tasks, Topic::Agents, Topic::Activity];
        topics.extend(&self.extra);
        topics.sort_unstable();
        topics.dedup();
        // Only the pages of loops need them; those follow the topic.
        let unused = ClientFrame::Unsubscribe {
            topics: vec![Topic::Sessions],
        };
        let mut frames = vec![unused];
        frames.extend(self.subscribe(topics, self.last));
        frames
    }

    fn subscribe(&mut self, topics: Vec<Topic>, since: Option<Seq>) -> Vec<ClientFrame> {
        let epoch = since.and_then(|_| self.epoch.clone());
        let subscribe = ClientFrame::Subscribe {
            topics,
            project: None,
            epoch,
            since,
        };
        let ping = self.ping();
        self.caught_up_at = self.pings;
        vec![subscribe, ping]
    }

    fn accept(&mut self, seq: Seq, change: LiveMessage) {
        if self.is_caught_up() {
            self.hand_on(seq, change);
        } else {
            let message = Message { seq, change };
            let at = self.held.partition_point(|other| other.seq <= seq);
            let same = self.held[..at].iter().rev().take_while(|it| it.seq == seq);
            if same.into_iter().all(|other| *other != message) {
                self.held.insert(at, message);
            }
        }
        if self.ready.len() + self.held.len() > MOST_WAITING {
            let newest = self.held.last().map(|message| message.seq).max(self.last);
            self.give_up();
            self.last = newest;
        }
    }

    fn release(&mut self) {
        for Message { seq, change } in std::mem::take(&mut self.held) {
            self.hand_on(seq, change);
        }
    }

    /// A log may be followed from an older point than the rest; its entries carry ids, by which
    /// pages drop repetitions. Everything else is handed on once.
    fn hand_on(&mut self, seq: Seq, change: LiveMessage) {
        let is_new = self.last.is_none_or(|last| seq > last);
        if is_new || matches!(change, LiveMessage::Logs(..)) {
            self.ready.push_back(Message { seq, change });
            self.last = self.last.max(Some(seq));
        }
    }

    fn give_up(&mut self) {
        self.held.clear();
        self.ready.clear();
        self.resync = true;
    }
}

/// How long to wait before the next attempt to connect: 250 ms doubled up to 10 s, of which
/// the second half is chance, so that clients of a restarted server do not come all at once.
pub(crate) fn pause_before(attempt: u32, chance: f64) -> u64 {
    const PAUSES: [u32; 7] = [250, 500, 1000, 2000, 4000, 8000, 10_000];
    let index = usize::try_from(attempt).unwrap_or(usize::MAX);
    let longest = PAUSES[index.min(PAUSES.len() - 1)];
    let half = longest / 2;
    // Whole thousandths keep this in integers.
    let thousandths = (0..1000).take_while(|n| f64::from(*n) < chance * 1000.0);
    let share = u64::try_from(thousandths.count()).unwrap_or(1000);
    u64::from(half) + u64::from(half) * share / 1000
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
