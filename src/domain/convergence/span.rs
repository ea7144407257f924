//! From when to when something lasted, although some events do not say when they happened.

use crate::domain::Timestamp;

/// An event without a time of its own lies at most so far from those that have one: it came when
/// it was sent. What came later was sent again, or read from a file.
pub(super) const DAY: i64 = 24 * 3600 * 1_000_000;
/// No loop works for so long: some of its clocks were never set.
const YEAR: i64 = 365 * DAY;

/// A first and a last moment.
type Bounds = (Option<Timestamp>, Option<Timestamp>);

/// Adds a moment to the first and the last one.
pub(super) fn widen(first: &mut Option<Timestamp>, last: &mut Option<Timestamp>, at: Timestamp) {
    *first = Some(first.map_or(at, |first| first.min(at)));
    *last = (*last).max(Some(at));
}

/// The first and the last of what events told, and of when those came that told nothing. `heard` is
/// when all of them came: what counts where they told what cannot be.
pub(super) fn bounds(told: Bounds, came: Bounds, heard: Bounds) -> Bounds {
    let (first, last) = plain_bounds(told, came);
    match (first, last) {
        (Some(from), Some(to)) if to.0.saturating_sub(from.0) > YEAR => {
            let is_short = |(from, to): &(Timestamp, Timestamp)| to.0 - from.0 <= YEAR;
            let heard = heard.0.zip(heard.1).filter(is_short);
            // Nothing happened later than it came, so the last one is the nearest to the truth.
            let (from, to) = heard.unwrap_or((to, to));
            (Some(from), Some(to))
        }
        _ => (first, last),
    }
}

fn plain_bounds(told: Bounds, came: Bounds) -> Bounds {
    let ((Some(first), Some(last)), (Some(came_first), Some(came_last))) = (told, came) else {
        return (told.0.or(came.0), told.1.or(came.1));
    };
    let is_near = |from: Timestamp, to: Timestamp| to.0.saturating_sub(from.0) <= DAY;
    let first = if is_near(came_first, first) {
        first.min(came_first)
    } else {
        first
    };
    let last = if is_near(last, came_last) {
        last.max(came_last)
    } else {
        last
    };
    (Some(first), Some(last))
}

/// True when so many seconds are more than an event without a time may be off.
pub(super) fn is_odd(seconds: f64) -> bool {
    seconds > 86_400.0
}

/// True when nothing takes so many seconds.
pub(super) fn is_absurd(seconds: f64) -> bool {
    seconds > 365.0 * 86_400.0
}
