//! The connections that are open, and what each of them does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::{Patience, SHORTAGE};

/// Nothing stalls.
const NEVER: u64 = u64::MAX;

/// What a connection does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
enum Phase {
    /// It is to send the head of a request.
    Head,
    /// It was answered, and has sent nothing since.
    Idle,
    /// A request is under way.
    Busy,
    /// It speaks WebSocket, which has pings of its own.
    Socket,
}

impl Phase {
    fn code(self) -> u8 {
        match self {
            Self::Head => 0,
            Self::Idle => 1,
            Self::Busy => 2,
            Self::Socket => 3,
        }
    }

    fn of(code: u8) -> Self {
        match code {
            0 => Self::Head,
            1 => Self::Idle,
            2 => Self::Busy,
            _ => Self::Socket,
        }
    }
}

/// One connection. Times are microseconds since the server began to serve.
pub(super) struct Held {
    id: u64,
    began: Instant,
    phase: AtomicU8,
    since: AtomicU64,
    /// Since when more of a body is waited for.
    unsent: AtomicU64,
    /// Since when the client takes nothing.
    untaken: AtomicU64,
    end: Notify,
    all: Weak<Connections>,
}

impl Held {
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(NEVER)
    }

    fn phase(&self) -> Phase {
        Phase::of(self.phase.load(Ordering::Relaxed))
    }

    fn enter(&self, phase: Phase) {
        self.since.store(self.now(), Ordering::Relaxed);
        self.phase.store(phase.code(), Ordering::Relaxed);
    }

    /// Bytes arrived.
    pub(super) fn heard(&self) {
        if self.phase() == Phase::Idle {
            self.enter(Phase::Head);
        }
    }

    /// A request begins.
    pub(super) fn begin(&self) {
        self.enter(Phase::Busy);
    }

    /// A request is answered.
    pub(super) fn answered(&self) {
        if self.phase() == Phase::Busy {
            self.enter(Phase::Idle);
        }
    }

    /// It is a socket from now on.
    pub(super) fn switch(&self) {
        self.enter(Phase::Socket);
    }

    /// More of a body is waited for, or no longer.
    pub(super) fn receives(&self, waits: bool) {
        note(&self.unsent, waits, self);
    }

    /// The client takes nothing, or something.
    pub(super) fn sends(&self, waits: bool) {
        note(&self.untaken, waits, self);
    }

    pub(super) async fn told_to_end(&self) {
        self.end.notified().await;
    }

    /// False when nothing is lost by an end at once: no request is under way, or it does not get on.
    pub(super) fn may_finish(&self) -> bool {
        let stalls = |since: &AtomicU64| since.load(Ordering::Relaxed) != NEVER;
        self.phase() != Phase::Head && !stalls(&self.unsent) && !stalls(&self.untaken)
    }

    fn is_overdue(&self, patience: Patience) -> bool {
        let now = self.now();
        let is_long = |since: u64, most: std::time::Duration| {
            let most = u64::try_from(most.as_micros()).unwrap_or(NEVER);
            since != NEVER && now.saturating_sub(since) > most
        };
        let since = self.since.load(Ordering::Relaxed);
        let phase = match self.phase() {
            Phase::Head => is_long(since, patience.head),
            Phase::Idle => is_long(since, patience.idle),
            Phase::Busy | Phase::Socket => false,
        };
        phase
            || is_long(self.unsent.load(Ordering::Relaxed), patience.stall)
            || is_long(self.untaken.load(Ordering::Relaxed), patience.stall)
    }

    /// The descriptor is about to be closed.
    pub(super) fn closed(&self) {
        if let Some(all) = self.all.upgrade() {
            all.list().remove(&self.id);
            all.left.notify_one();
        }
    }
}

fn note(since: &AtomicU64, waits: bool, held: &Held) {
    if !waits {
        since.store(NEVER, Ordering::Relaxed);
    } else if since.load(Ordering::Relaxed) == NEVER {
        since.store(held.now(), Ordering::Relaxed);
    }
}

/// All open connections.
pub(super) struct Connections {
    most: usize,
    began: Instant,
    list: Mutex<HashMap<u64, Arc<Held>>>,
    next: AtomicU64,
    /// Fires when one is closed.
    left: Notify,
}

impl Connections {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            began: Instant::now(),
            list: Mutex::default(),
            next: AtomicU64::new(0),
            left: Notify::new(),
        }
    }

    /// Nothing here panics while it holds the lock.
    fn list(&self) -> MutexGuard<'_, HashMap<u64, Arc<Held>>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn add(self: &Arc<Self>) -> Arc<Held> {
        let held = Arc::new(Held {
            id: self.next.fetch_add(1, Ordering::Relaxed),
            began: self.began,
            phase: AtomicU8::new(Phase::Head.code()),
            since: AtomicU64::new(0),
            unsent: AtomicU64::new(NEVER),
            untaken: AtomicU64::new(NEVER),
            end: Notify::new(),
            all: Arc::downgrade(self),
        });
        held.enter(Phase::Head);
        self.list().insert(held.id, Arc::clone(&held));
        held
    }

    /// Waits until there is room for one more; ends the one that has been idle longest for it.
    pub(super) async fn make_room(&self) {
        while self.list().len() >= self.most {
            self.end_oldest();
            // One that is busy now may be idle soon, which nobody tells.
            let _closed = timeout(SHORTAGE, self.left.notified()).await;
        }
    }

    /// Ends the connection that has had nothing to do for the longest time.
    pub(super) fn end_oldest(&self) {
        let list = self.list();
        let idle = list.values().filter(|held| {
            let phase = held.phase();
            phase == Phase::Idle || phase == Phase::Head
        });
        let oldest = idle.min_by_key(|held| (held.since.load(Ordering::Relaxed), held.id));
        if let Some(held) = oldest {
            held.end.notify_one();
        }
    }

    pub(super) fn end_overdue(&self, patience: Patience) {
        for held in self.list().values() {
            if held.is_overdue(patience) {
                held.end.notify_one();
            }
        }
    }

    /// Tells every connection to finish what it does.
    pub(super) fn end_all(&self) {
        for held in self.list().values() {
            held.end.notify_one();
        }
    }
}
