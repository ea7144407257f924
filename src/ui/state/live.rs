//! One socket for all pages: keeps it open, and tells pages what changed once a frame.

use std::sync::Arc;

use leptos::prelude::*;

use super::clock::Clock;
use super::feed::{Feed, Message, pause_before};
use crate::domain::{ClientFrame, FeedPoint, ServerFrame, Topic};
use crate::ui::{browser, paths};

/// A server that was silent for so long is asked whether it is still there, in microseconds.
const PING: i64 = 20_000_000;
/// One that does not answer for so long is gone. Counted from the question, since the timers
/// of a hidden tab may sleep for a minute.
const PATIENCE: i64 = 25_000_000;

/// How the socket stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Connection {
    /// What is shown is what is.
    Live,
    /// Not connected since this moment of the browser's clock, in microseconds.
    Lost(i64),
}

/// What a page hears.
pub(crate) enum News<'a> {
    /// These messages, oldest first.
    Messages(&'a [Message]),
    /// Messages are missing: fetch again.
    Resync,
}

type Listener = Arc<dyn Fn(&News<'_>) + Send + Sync>;

/// The live feed.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    connection: RwSignal<Connection>,
    /// Whether what is shown holds what was told.
    reading: RwSignal<Connection>,
    clock: Clock,
    inner: StoredValue<Inner>,
}

#[derive(Default)]
struct Inner {
    feed: Feed,
    /// Followers that hold less than was told, and since when, in microseconds.
    behind: Vec<(u64, i64)>,
    listeners: Vec<(u64, Listener)>,
    next: u64,
    attempt: u32,
    /// Tells a retry that was planned from one that was overtaken.
    plan: u64,
    heard_at: i64,
    pinged_at: i64,
    frame_planned: bool,
}

impl Inner {
    fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

impl Live {
    pub(crate) fn provide(clock: Clock) -> Self {
        let live = Self {
            // Nothing was ever live: not old until the program has had time to connect.
            connection: RwSignal::new(Connection::Lost(i64::MAX)),
            reading: RwSignal::new(Connection::Live),
            clock,
            inner: StoredValue::new(Inner::default()),
        };
        provide_context(live);
        live
    }

    pub(crate) fn get() -> Self {
        expect_context()
    }

    /// For how many seconds what is shown may be old; `None` while it is live.
    pub(crate) fn stale_seconds(&self) -> Option<u64> {
        let states = [self.connection.get(), self.reading.get()];
        let lost = states.into_iter().filter_map(|state| match state {
            Connection::Live => None,
            Connection::Lost(since) => Some(since),
        });
        let since = lost.min()?;
        // Asked again every second.
        self.clock.now();
        let seconds = browser::now().saturating_sub(since).max(0) / 1_000_000;
        Some(seconds.unsigned_abs())
    }

    /// True when the server answers, so that what is old could not be read.
    pub(crate) fn is_connected(&self) -> bool {
        self.connection.get() == Connection::Live
    }

    /// A follower that is not behind, until the present page is left.
    pub(crate) fn follower(self) -> u64 {
        let id = self.with(Inner::next).unwrap_or_default();
        on_cleanup(move || self.reached(id));
        id
    }

    /// What a follower should know by now could not be read.
    pub(crate) fn missed(self, follower: u64) {
        self.note(follower, Some(browser::now()));
    }

    /// A follower knows what it should.
    pub(crate) fn reached(self, follower: u64) {
        self.note(follower, None);
    }

    fn note(self, follower: u64, missed: Option<i64>) {
        let since = self.with(|inner| {
            let behind = &mut inner.behind;
            let known = behind.iter().position(|(id, _)| *id == follower);
            match (known, missed) {
                (None, Some(now)) => behind.push((follower, now)),
                (Some(at), None) => _ = behind.remove(at),
                _ => {}
            }
            behind.iter().map(|(_, since)| *since).min()
        });
        let Some(since) = since else { return };
        let reading = since.map_or(Connection::Live, Connection::Lost);
        if self.reading.get_untracked() != reading {
            self.reading.set(reading);
        }
    }

    /// A page was read at this point; the socket goes on from there.
    pub(crate) fn start_at(&self, point: &FeedPoint) {
        self.with(|inner| inner.feed.start_at(point));
    }

    /// Calls `listener` with everything new until the present page is left.
    pub(crate) fn listen(self, listener: impl Fn(&News<'_>) + Send + Sync + 'static) {
        let id = self.with(|inner| {
            let id = inner.next();
            inner.listeners.push((id, Arc::new(listener)));
            id
        });
        on_cleanup(move || {
            self.inner.try_update_value(|inner| {
                inner.listeners.retain(|(other, _)| Some(*other) != id);
            });
        });
    }

    /// Follows a topic from `point` on until the present page is left.
    pub(crate) fn follow(self, topic: Topic, point: &FeedPoint) {
        Self::send(self.with(|inner| inner.feed.follow(topic, point)));
        on_cleanup(move || Self::send(self.with(|inner| inner.feed.unfollow(topic))));
    }

    /// Something was done: without a socket its effect is seen only by fetching again.
    pub(crate) fn nudge(self) {
        if self.connection.get_untracked() != Connection::Live {
            self.tell(&News::Resync);
        }
    }

    /// Connects, and stays connected.
    pub(crate) fn start(self) {
        self.connection.set(Connection::Lost(browser::now()));
        self.connect();
        browser::every_second(move || self.tick());
        browser::on_return(move || {
            if self.connection.get_untracked() == Connection::Live {
                self.plan_frame();
            } else {
                self.with(|inner| inner.attempt = 0);
                self.connect();
            }
        });
    }

    fn connect(self) {
        self.with(|inner| {
            inner.plan += 1;
            inner.heard_at = browser::now();
            inner.feed.closed();
        });
        browser::open_socket(paths::FEED, move |event| match event {
            browser::SocketEvent::Frame(text) => self.receive(&text),
            browser::SocketEvent::Closed => self.lost(),
        });
    }

    fn receive(self, text: &str) {
        let frame = ServerFrame::parse(text);
        let answer = self.with(|inner| {
            inner.heard_at = browser::now();
            let answer = match frame {
                Ok(frame) => inner.feed.receive(frame),
                Err(_) => inner.feed.misread(),
            };
            (answer, inner.feed.is_caught_up())
        });
        let Some((answer, caught_up)) = answer else {
            return;
        };
        Self::send(Some(answer));
        if caught_up && self.connection.get_untracked() != Connection::Live {
            self.with(|inner| inner.attempt = 0);
            self.connection.set(Connection::Live);
        }
        self.plan_frame();
    }

    fn lost(self) {
        if self.connection.get_untracked() == Connection::Live {
            self.connection.set(Connection::Lost(browser::now()));
        }
        let plan = self.with(|inner| {
            inner.feed.closed();
            inner.plan += 1;
            inner.attempt = inner.attempt.saturating_add(1);
            (inner.plan, inner.attempt - 1)
        });
        let Some((plan, attempt)) = plan else { return };
        browser::after(pause_before(attempt, browser::random()), move || {
            if self.with(|inner| inner.plan) == Some(plan) {
                self.connect();
            }
        });
    }

    fn tick(self) {
        let now = browser::now();
        let gone = self.with(|inner| {
            let asked = if inner.pinged_at > inner.heard_at {
                inner.pinged_at
            } else {
                i64::MAX
            };
            let began = if inner.feed.is_caught_up() {
                asked
            } else {
                inner.heard_at
            };
            now.saturating_sub(began) > PATIENCE
        });
        if gone == Some(true) {
            self.lost();
            self.connect();
            return;
        }
        let ping = self.with(|inner| {
            let quiet = now - inner.heard_at.max(inner.pinged_at) > PING;
            (quiet && inner.feed.is_caught_up()).then(|| {
                inner.pinged_at = now;
                inner.feed.ping()
            })
        });
        Self::send(ping.map(|frame| frame.into_iter().collect()));
    }

    /// Pages change at most once a frame; in a hidden tab there are no frames.
    fn plan_frame(self) {
        let planned = self.with(|inner| std::mem::replace(&mut inner.frame_planned, true));
        if planned == Some(false) {
            browser::next_frame(move || self.apply());
        }
    }

    fn apply(self) {
        let Some((resync, messages)) = self.with(|inner| {
            inner.frame_planned = false;
            inner.feed.drain()
        }) else {
            return;
        };
        if resync {
            self.tell(&News::Resync);
        }
        if !messages.is_empty() {
            self.tell(&News::Messages(&messages));
        }
    }

    /// Listeners may come and go while they are told, so none is told under the lock.
    fn tell(self, news: &News<'_>) {
        let listeners = self.with(|inner| inner.listeners.clone());
        for (_, listener) in listeners.unwrap_or_default() {
            listener(news);
        }
    }

    fn send(frames: Option<Vec<ClientFrame>>) {
        for frame in frames.unwrap_or_default() {
            if let Ok(text) = serde_json::to_string(&frame) {
                browser::send(&text);
            }
        }
    }

    fn with<T>(self, f: impl FnOnce(&mut Inner) -> T) -> Option<T> {
        self.inner.try_update_value(f)
    }
}
