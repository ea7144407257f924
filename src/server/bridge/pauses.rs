//! How long to wait before the next attempt at a loop, and what is said of a series of attempts
//! that came to nothing. Pure.
//!
//! Nobody there is the ordinary state of things: a loop is there as long as it runs, and its first
//! events are missed by whoever comes late, so these pauses stay short. A server that takes
//! connections and closes each at once, without an event or with one, is another matter: it is left
//! alone ever longer.

use std::time::Duration;

use crate::server::backoff::Backoff;

/// A connection that was open for so long is worth coming back to, even if nothing was said.
pub(super) const LASTED: Duration = Duration::from_secs(10);
/// The first pause after an empty connection, how they grow, and the longest. Half of it may be
/// left out by chance: with these, at most 16 connections fall into the first minute.
const FIRST: Duration = Duration::from_secs(1);
const GROWTH: f64 = 1.5;
const LONGEST: Duration = Duration::from_secs(30);
/// Connections of a moment that brought something, after which a server is left alone: a loop may be
/// short, and another one follow at once.
const BRIEF: u32 = 3;
/// A server that was away for so long is another one.
const AWAY: Duration = Duration::from_secs(10);
/// Reasons of one series that are told, each once.
const TOLD: usize = 4;

/// How an attempt ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Attempt {
    /// There was no connection.
    Refused,
    /// There was one, and it brought nothing new.
    Empty,
    /// It brought an event, and did not last.
    Brief,
    /// It lasted.
    Useful,
}

/// The attempts since something useful came of one.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    refused: Backoff,
    empty: i32,
    brief: u32,
    /// How long nobody has been there.
    away: Duration,
    told: Vec<String>,
}

impl Pauses {
    /// The pause after an attempt that ended so; `chance` is from 0 to 1.
    pub(super) fn after(&mut self, attempt: Attempt, chance: f64) -> Duration {
        match attempt {
            Attempt::Refused => {
                let pause = self.refused.next(chance);
                self.away = self.away.saturating_add(pause);
                // After short connections only: one that brings nothing stays what it is.
                if self.brief > 0 && self.away >= AWAY {
                    let refused = std::mem::take(&mut self.refused);
                    self.reset();
                    self.refused = refused;
                }
                pause
            }
            Attempt::Useful => {
                self.reset();
                self.refused.next(chance)
            }
            Attempt::Brief if self.brief < BRIEF => {
                self.brief += 1;
                self.away = Duration::ZERO;
                self.refused.reset();
                self.refused.next(chance)
            }
            Attempt::Brief | Attempt::Empty => {
                self.away = Duration::ZERO;
                self.grown(chance)
            }
        }
    }

    /// A pause that is longer than the one before.
    fn grown(&mut self, chance: f64) -> Duration {
        let grown = FIRST.as_secs_f64() * GROWTH.powi(self.empty.min(20));
        self.empty = self.empty.saturating_add(1);
        let part = 0.5 + chance.clamp(0.0, 1.0) / 2.0;
        Duration::from_secs_f64(grown.min(LONGEST.as_secs_f64()) * part)
    }

    /// Something useful came: the next series is another one.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// True when this is the first time in the series that an attempt ended for that reason.
    pub(super) fn is_news(&mut self, why: &str) -> bool {
        let news = self.told.len() < TOLD && !self.told.iter().any(|told| told == why);
        if news {
            self.told.push(why.to_owned());
        }
        news
    }
}

/// What is said of an attempt that ended so for that reason.
pub(super) fn in_words(attempt: Attempt, why: String) -> String {
    if attempt == Attempt::Empty {
        format!("{why} without an event; it is tried again at growing pauses")
    } else {
        why
    }
}

#[cfg(test)]
mod tests {
    use super::{Attempt, LONGEST, Pauses};

    /// How many connections fall into each of these minutes, if each is closed at once.
    fn by_minute(attempt: Attempt, chance: f64) -> [u32; 10] {
        let (mut pauses, mut now, mut counts) = (Pauses::default(), 0.0, [0; 10]);
        let minutes = |now: f64| {
            (0..10)
                .rev()
                .find(|minute| now >= f64::from(*minute) * 60.0)
        };
        while now < 600.0 {
            counts[usize::try_from(minutes(now).unwrap()).unwrap()] += 1;
            now += pauses.after(attempt, chance).as_secs_f64();
        }
        counts
    }

    #[test]
    fn a_server_that_closes_each_connection_is_left_alone_ever_longer() {
        for attempt in [Attempt::Empty, Attempt::Brief] {
            for chance in [0.0, 0.5, 1.0, 7.0] {
                let counts = by_minute(attempt, chance);
                assert!((5..=20).contains(&counts[0]), "{chance}: {counts:?}");
                assert!(counts[1] < counts[0], "{chance}: {counts:?}");
                assert!(counts[9] <= 5, "{chance}: {counts:?}");
                let falls = counts.windows(2).all(|pair| pair[1] <= pair[0] + 1);
                assert!(falls, "{chance}: {counts:?}");
            }
        }
        let mut weary = Pauses {
            empty: i32::MAX,
            ..Pauses::default()
        };
        assert_eq!(weary.after(Attempt::Empty, 1.0), LONGEST);
    }

    #[test]
    fn only_a_connection_that_brought_something_makes_the_pauses_short_again() {
        let mut pauses = Pauses::default();
        let mut last = std::time::Duration::ZERO;
        for _ in 0..6 {
            let next = pauses.after(Attempt::Empty, 1.0);
            assert!(next > last, "{next:?}");
            last = next;
            // It was away for a moment.
            assert!(pauses.after(Attempt::Refused, 1.0).as_secs() <= 5);
        }
        assert!(pauses.after(Attempt::Useful, 1.0).as_millis() <= 100);
        assert_eq!(pauses.after(Attempt::Empty, 1.0).as_secs(), 1);
    }

    #[test]
    fn a_short_loop_is_waited_for_and_a_server_that_comes_and_goes_is_not() {
        let mut pauses = Pauses::default();
        for _ in 0..3 {
            assert!(pauses.after(Attempt::Brief, 1.0).as_millis() <= 100);
        }
        assert!(pauses.after(Attempt::Brief, 1.0).as_millis() >= 500);
        // It was away for a moment, and then for longer.
        pauses.after(Attempt::Refused, 1.0);
        assert!(pauses.after(Attempt::Brief, 1.0).as_millis() >= 500);
        assert!(pauses.is_news("closed"));
        for _ in 0..8 {
            assert!(pauses.after(Attempt::Refused, 1.0).as_secs() <= 5);
        }
        assert!(pauses.is_news("closed"));
        assert!(pauses.after(Attempt::Brief, 1.0).as_millis() <= 100);
    }

    #[test]
    fn a_series_is_told_once_for_each_reason() {
        let mut pauses = Pauses::default();
        let mut told = 0;
        for n in 0..1000 {
            let why = ["refused", "closed"][n % 2];
            told += usize::from(pauses.is_news(why));
            pauses.after(Attempt::Empty, 0.5);
        }
        assert_eq!(told, 2);
        let many = (0..1000).filter(|n| pauses.is_news(&n.to_string()));
        assert!(
            many.count() <= 2,
            "reasons that differ each time are not all told"
        );
        pauses.reset();
        assert!(pauses.is_news("closed"));
    }
}
