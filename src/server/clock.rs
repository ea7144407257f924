//! Time and identity come from here, so that tests can own both.
//!
//! There are two clocks. The wall clock is what people read and may set: moments are told in it.
//! The lease clock measures how long this server has run: leases and timeouts are kept on it. It
//! goes on only by [`Clock::tick`], by a bounded step each, so that neither a wall clock that was
//! set nor a process or machine that was suspended moves it; and it outlives a restart, see
//! `storage::tasks::ResumeLeases`.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, watch};
use uuid::Uuid;

use crate::domain::{TaskId, Timestamp};

/// The most that one tick adds to the lease clock. Ticks come every second.
const LONGEST_TICK: i64 = 1_500_000;
/// A tick that is so late, or a wall clock that moved so far beside it, means that this process or
/// the machine stood still, or that somebody set the clock. In microseconds.
const NOTABLE: i64 = 5_000_000;

/// A cheap handle to the clocks of a server. Ids are minted from it, so they sort by time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(&'static Source);

#[derive(Debug)]
struct Source {
    /// Clocks that somebody else moves; the system's when absent.
    manual: Option<Manual>,
    /// When the process began to ask.
    began: Instant,
    running: watch::Sender<Timestamp>,
    /// What the system's clocks said at the last tick.
    seen: Mutex<Seen>,
    /// Somebody moved manual clocks.
    moved: Notify,
}

/// Microseconds each.
#[derive(Debug)]
struct Manual {
    wall: AtomicI64,
    steady: AtomicI64,
}

/// Microseconds each.
#[derive(Clone, Copy, Debug)]
struct Seen {
    wall: i64,
    steady: i64,
}

/// What a tick noticed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tick {
    /// This process stood still, or the wall clock was set: holders of leases may have been
    /// unable to renew them.
    pub(crate) jumped: bool,
}

impl Clock {
    /// The clocks of the system. They live as long as the program, which makes one.
    pub(crate) fn system() -> Self {
        Self::with(None)
    }

    /// Clocks that stand at `now` until somebody moves them.
    #[cfg(test)]
    pub(crate) fn manual(now: Timestamp) -> Self {
        Self::with(Some(Manual {
            wall: AtomicI64::new(now.0),
            steady: AtomicI64::new(0),
        }))
    }

    fn with(manual: Option<Manual>) -> Self {
        let source = Source {
            manual,
            began: Instant::now(),
            running: watch::Sender::default(),
            seen: Mutex::new(Seen { wall: 0, steady: 0 }),
            moved: Notify::new(),
        };
        let clock = Self(Box::leak(Box::new(source)));
        clock.resume(clock.now());
        clock
    }

    /// The present moment.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that asks the system"
    )]
    pub(crate) fn now(self) -> Timestamp {
        if let Some(manual) = &self.0.manual {
            return Timestamp(manual.wall.load(Ordering::Relaxed));
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Timestamp(micros(since.unwrap_or_default()))
    }

    /// What the lease clock says. It can be compared with nothing but itself.
    pub(crate) fn running(self) -> Timestamp {
        *self.0.running.borrow()
    }

    /// What the lease clock is about to say: with what has passed since its last tick. A limit
    /// counted from here is not over early.
    pub(crate) fn about(self) -> Timestamp {
        let passed = self.look().steady.saturating_sub(self.seen().steady);
        Timestamp(
            self.running()
                .0
                .saturating_add(passed.clamp(0, LONGEST_TICK)),
        )
    }

    /// Returns when the lease clock has come to `moment`.
    pub(crate) async fn until(self, moment: Timestamp) {
        let mut running = self.0.running.subscribe();
        // The sender lives as long as the program.
        let _reached = running.wait_for(|now| *now >= moment).await;
    }

    /// Returns when somebody has moved manual clocks; those of the system move by themselves.
    pub(crate) async fn moved(self) {
        self.0.moved.notified().await;
    }

    /// Sets the lease clock to where an earlier server left it.
    pub(crate) fn resume(self, running: Timestamp) {
        *self.seen() = self.look();
        self.0.running.send_replace(running);
    }

    /// Moves the lease clock on by what has passed since the last tick, but for what is too much
    /// to be true. Without `counts` the time is left out: nobody could report or renew in it.
    pub(crate) fn tick(self, counts: bool) -> Tick {
        let look = self.look();
        let before = std::mem::replace(&mut *self.seen(), look);
        let steady = look.steady.saturating_sub(before.steady).max(0);
        let beside = look.wall.saturating_sub(before.wall).saturating_sub(steady);
        if counts {
            let step = steady.min(LONGEST_TICK);
            self.0
                .running
                .send_modify(|now| now.0 = now.0.saturating_add(step));
        }
        Tick {
            jumped: steady > NOTABLE || beside.abs() > NOTABLE,
        }
    }

    fn look(self) -> Seen {
        let steady = match &self.0.manual {
            Some(manual) => manual.steady.load(Ordering::Relaxed),
            None => micros(self.0.began.elapsed()),
        };
        Seen {
            wall: self.now().0,
            steady,
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn task_id(self) -> TaskId {
        TaskId(self.uuid())
    }

    /// A number from 0 to 1 that nobody can foresee, for pauses that are not to coincide.
    pub(crate) fn chance(self) -> f64 {
        let [.., high, low] = self.uuid().into_bytes();
        f64::from(u16::from_be_bytes([high, low])) / f64::from(u16::MAX)
    }

    /// A new id for a lease, an epoch or a request.
    #[expect(clippy::disallowed_methods, reason = "the one place that mints ids")]
    #[expect(clippy::unused_self, reason = "ids hold the time")]
    pub(crate) fn uuid(self) -> Uuid {
        Uuid::now_v7()
    }
}

/// What tests do to a manual clock.
#[cfg(test)]
impl Clock {
    /// Lets a server run on for so long.
    pub(crate) fn run_on(self, seconds: i64) {
        let manual = self.0.manual.as_ref().expect("a manual clock");
        let mut seen = self.seen();
        let micros = seconds * 1_000_000;
        manual.wall.fetch_add(micros, Ordering::Relaxed);
        manual.steady.fetch_add(micros, Ordering::Relaxed);
        seen.wall += micros;
        seen.steady += micros;
        drop(seen);
        self.0
            .running
            .send_modify(|now| *now = now.plus_seconds(seconds));
        self.0.moved.notify_one();
    }

    /// Suspends the process for so long: time passes and nothing here notices.
    pub(crate) fn stand_still(self, seconds: i64) {
        let manual = self.0.manual.as_ref().expect("a manual clock");
        manual
            .steady
            .fetch_add(seconds * 1_000_000, Ordering::Relaxed);
        self.set_wall(seconds);
    }

    /// Sets the wall clock, forward or back.
    pub(crate) fn set_wall(self, seconds: i64) {
        let manual = self.0.manual.as_ref().expect("a manual clock");
        manual
            .wall
            .fetch_add(seconds * 1_000_000, Ordering::Relaxed);
        self.0.moved.notify_one();
    }

    /// Returns when the server has noticed how the clocks stand, and done what follows.
    pub(crate) async fn noticed(self) {
        for _ in 0..2 {
            let next = Timestamp(self.running().0 + 1);
            self.stand_still(1);
            self.until(next).await;
        }
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Clock, LONGEST_TICK, Tick};
    use crate::domain::Timestamp;

    const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

    #[test]
    fn the_lease_clock_moves_with_neither_a_set_clock_nor_a_stopped_process() {
        let clock = Clock::manual(NOW);
        assert_eq!(clock.running(), NOW);
        clock.set_wall(1);
        assert_eq!(clock.tick(true), Tick::default());
        assert_eq!(clock.running(), NOW);
        for seconds in [7200, -7200] {
            clock.set_wall(seconds);
            assert_eq!(clock.tick(true), Tick { jumped: true }, "{seconds}");
            assert_eq!(clock.running(), NOW);
        }
        clock.stand_still(90);
        assert_eq!(clock.tick(true), Tick { jumped: true });
        assert_eq!(clock.running(), Timestamp(NOW.0 + LONGEST_TICK));
    }

    #[test]
    fn the_lease_clock_runs_second_by_second_but_not_while_nothing_can_be_stored() {
        let clock = Clock::manual(NOW);
        for counts in [true, true, false, true] {
            clock.stand_still(1);
            assert_eq!(clock.tick(counts), Tick::default());
        }
        assert_eq!(clock.running(), NOW.plus_seconds(3));
        assert_eq!(clock.now(), NOW.plus_seconds(4));
        clock.run_on(60);
        assert_eq!(clock.tick(true), Tick::default());
        assert_eq!(clock.running(), NOW.plus_seconds(63));
    }
}
