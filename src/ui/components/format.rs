//! Times, durations and counts in words. Pure, so that server and browser agree.

use crate::domain::{Cost, Timestamp};

/// `2m 15s`, `0.4s`; at most two units.
pub(crate) fn duration(seconds: f64) -> String {
    let tenths = whole(seconds * 10.0 + 0.5);
    match tenths {
        0..=9 if seconds > 0.0 => format!("0.{}s", tenths.max(1)),
        10 => "1s".to_owned(),
        _ => elapsed(seconds),
    }
}

/// A [`duration`] that grows while one looks: none smaller than a second.
pub(crate) fn elapsed(seconds: f64) -> String {
    whole_duration(whole(seconds))
}

/// A [`duration`] of whole seconds.
pub(crate) fn whole_duration(total: u64) -> String {
    let (days, hours) = (total / 86_400, total / 3600 % 24);
    let (minutes, seconds) = (total / 60 % 60, total % 60);
    if days > 0 {
        format!("{days}d {hours}h")
    } else if hours > 0 {
        format!("{hours}h {minutes:02}m")
    } else if minutes > 0 {
        format!("{minutes}m {seconds:02}s")
    } else {
        format!("{seconds}s")
    }
}

/// `just now`, `2 min ago`, `3 days ago`.
pub(crate) fn ago(seconds: f64) -> String {
    if whole(seconds) < 10 {
        return "just now".into();
    }
    format!("{} ago", age(seconds))
}

/// `12 s`, `2 min`, `3 days`; one unit.
pub(crate) fn age(seconds: f64) -> String {
    let total = whole(seconds);
    match total {
        0..=59 => format!("{total} s"),
        60..=3599 => format!("{} min", total / 60),
        3600..=86_399 => format!("{} h", total / 3600),
        86_400..=172_799 => "1 day".into(),
        _ => format!("{} days", total / 86_400),
    }
}

/// `900 bytes`, `64 kB`, `2.0 MB`.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1000 => count(bytes, "byte"),
        1000..1_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

/// `1st`, `2nd`, `11th`.
pub(crate) fn ordinal(number: u64) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{}{ending}", grouped(number))
}

/// `12,345`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `65%` of a ratio from 0 to 1, rounded; only all of it is 100%.
pub(crate) fn percent(ratio: f64) -> String {
    let rounded = whole(ratio.clamp(0.0, 1.0) * 100.0 + 0.5);
    format!(
        "{}%",
        if ratio < 1.0 {
            rounded.min(99)
        } else {
            rounded
        }
    )
}

/// A ratio from 0 to 1 in whole hundredths. Only what is done is 100 of them. To write a fraction as such would take
/// more code than all else here.
pub(crate) fn hundredths(ratio: f64) -> u64 {
    whole(ratio.clamp(0.0, 1.0) * 100.0 + 1e-9)
}

/// `1 task`, `3 tasks`.
pub(crate) fn count(number: u64, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {one}{plural}", grouped(number))
}

/// `2026-11-22 08:30:00 UTC`.
pub(crate) fn absolute(time: Timestamp) -> String {
    time.in_words()
}

/// `08:30:00.042`.
pub(crate) fn clock_time(time: Timestamp) -> String {
    let text = time.to_string();
    text.get(11..23).unwrap_or_default().to_owned()
}

/// `$0.42`; an unknown cost is never written as zero.
pub(crate) fn cost(cost: Option<Cost>) -> String {
    cost.map_or_else(|| "unknown".into(), |cost| format!("${cost}"))
}

/// Whole seconds, never negative.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped first, and 52 bits of seconds are more than enough"
)]
fn whole(value: f64) -> u64 {
    value.clamp(0.0, 1e15) as u64
}

#[cfg(test)]
mod tests {
    use super::{absolute, ago, clock_time, cost, count, duration, grouped, ordinal, percent};
    use crate::domain::{Cost, Timestamp};

    #[test]
    fn durations_have_two_units_at_most() {
        for (seconds, text) in [
            (-3.0, "0s"),
            (0.0, "0s"),
            (0.004, "0.1s"),
            (0.42, "0.4s"),
            (0.9, "0.9s"),
            (0.97, "1s"),
            (45.0, "45s"),
            (135.4, "2m 15s"),
            (3605.0, "1h 00m"),
            (200_000.0, "2d 7h"),
            (f64::NAN, "0s"),
        ] {
            assert_eq!(duration(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn ages_are_words() {
        for (seconds, text) in [
            (-1.0, "just now"),
            (9.9, "just now"),
            (10.0, "10 s ago"),
            (120.0, "2 min ago"),
            (7200.0, "2 h ago"),
            (90_000.0, "1 day ago"),
            (900_000.0, "10 days ago"),
        ] {
            assert_eq!(ago(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn numbers_read_well() {
        let ordinals: Vec<_> = [1, 2, 3, 4, 11, 12, 13, 21, 111, 1002].map(ordinal).into();
        let expected = [
            "1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "111th", "1,002nd",
        ];
        assert_eq!(ordinals, expected);
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(count(1, "task"), "1 task");
        assert_eq!(count(0, "task"), "0 tasks");
        assert_eq!(percent(0.65), "65%");
        assert_eq!(percent(7.0 / 9.0), "78%");
        assert_eq!(percent(0.999), "99%");
        assert_eq!(percent(7.0), "100%");
    }

    #[test]
    fn moments_name_their_zone_and_unknown_costs_say_so() {
        let moment = Timestamp(1_795_336_200_042_000);
        assert_eq!(absolute(moment), "2026-11-22 08:30:00 UTC");
        assert_eq!(clock_time(moment), "08:30:00.042");
        assert_eq!(cost(None), "unknown");
        assert_eq!(cost(Some(Cost(420_000))), "$0.42");
    }
}
