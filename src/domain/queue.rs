//! The order of the queue and the pause between attempts, as plain arithmetic.

use super::{Priority, Timestamp};

/// A task overtakes one of the next higher priority after waiting this much longer.
pub const AGEING_SECONDS: i64 = 600;

/// An attempt lasts at most this long unless the task or its agent says otherwise.
pub const DEFAULT_TIMEOUT_SECONDS: u32 = 3600;

/// The place of a task in the queue: lower is earlier.
///
/// Ageing at a constant rate never changes which of two tasks is first, so the order is
/// fixed at creation: the moment of creation, moved ahead by the priority. Nothing starves:
/// a low task is overtaken only by urgent tasks of the next half hour.
#[must_use]
pub fn order_key(created_at: Timestamp, priority: Priority) -> i64 {
    created_at.plus_seconds(-AGEING_SECONDS * priority.rank()).0
}

/// The place of a task that a person moved to the head: before all keys of [`order_key`],
/// and before those moved there earlier.
#[must_use]
pub fn head_key(now: Timestamp) -> i64 {
    -now.0
}

/// True for a place that a person gave it.
#[must_use]
pub fn is_head_key(key: i64) -> bool {
    key < 0
}

/// The longest pause between two attempts.
pub const LONGEST_BACK_OFF_SECONDS: i64 = 300;

/// Seconds to wait after attempt number `attempt` failed: 2, 4, 8 and so on up to 300.
#[must_use]
pub fn back_off_seconds(attempt: u32) -> i64 {
    let seconds = 2_i64.saturating_pow(attempt.min(9));
    seconds.min(LONGEST_BACK_OFF_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ageing_lets_an_old_low_task_overtake_a_new_urgent_one() {
        let old = order_key(Timestamp(0).plus_seconds(1_000_000), Priority::Low);
        let soon = order_key(
            Timestamp(0).plus_seconds(1_000_000 + 1799),
            Priority::Urgent,
        );
        let late = order_key(
            Timestamp(0).plus_seconds(1_000_000 + 1801),
            Priority::Urgent,
        );
        assert!(soon < old && old < late);
        assert!(head_key(Timestamp(5)) < head_key(Timestamp(4)));
    }

    #[test]
    fn the_pause_between_attempts_doubles_up_to_five_minutes() {
        let pauses: Vec<_> = (1..=10).map(back_off_seconds).collect();
        assert_eq!(pauses, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }
}
