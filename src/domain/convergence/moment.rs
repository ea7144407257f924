//! When an event happened, in whatever way its sender wrote it.

use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::domain::Timestamp;

/// What lies outside 1970 to 2200 is no time of an event.
const END: i64 = 7_258_118_400_000_000;

/// Reads RFC 3339, the same without an offset (then it is UTC), with an offset without a colon, with a
/// space, a comma before the fraction, without seconds or as a date alone; the dates of HTTP and mail;
/// or a number since 1970 in seconds, milliseconds,
/// microseconds or nanoseconds, whichever lies in our time.
pub(super) fn moment(value: &Value) -> Option<Timestamp> {
    let at = match value {
        Value::String(text) => written(text.trim())?,
        value => counted(value.as_f64()?)?,
    };
    (0..END).contains(&at.0).then_some(at)
}

fn written(text: &str) -> Option<Timestamp> {
    if let Ok(number) = text.parse() {
        return counted(number);
    }
    if let Ok(moment) = OffsetDateTime::parse(text, &Rfc2822) {
        return Some(Timestamp(moment.unix_timestamp().saturating_mul(1_000_000)));
    }
    let text = text
        .to_uppercase()
        .replacen(' ', "T", 1)
        .replacen(',', ".", 1);
    let text = with_colon(text.replace(' ', ""));
    let forms = [
        text.clone(),
        format!("{text}Z"),
        format!("{text}:00Z"),
        text.replacen('Z', ":00Z", 1),
        format!("{text}T00:00:00Z"),
    ];
    forms.iter().find_map(|form| Timestamp::parse(form).ok())
}

/// The same with the colon that an offset lacks.
fn with_colon(mut text: String) -> String {
    let sign = text
        .rfind(['+', '-'])
        .filter(|at| text[..*at].contains('T'));
    let digits = sign.map_or("", |sign| &text[sign + 1..]);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        match digits.len() {
            2 => text += ":00",
            4 => text.insert(text.len() - 2, ':'),
            _ => {}
        }
    }
    text
}

fn counted(number: f64) -> Option<Timestamp> {
    // The year 2200 in seconds; what is later counts something smaller.
    let units = [1e6, 1e3, 1.0, 1e-3];
    let micros = units.map(|unit| number * unit);
    #[expect(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        reason = "a double holds microseconds of these centuries"
    )]
    let end = END as f64;
    let micros = micros.into_iter().find(|at| (0.0..end).contains(at))?;
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "checked to be small"
    )]
    let micros = micros.round() as i64;
    Some(Timestamp(micros))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::moment;

    #[test]
    fn times_are_read_however_they_are_written() {
        let read = |value: Value| moment(&value).map(|at| at.to_string());
        for (written, expected) in [
            (json!("2026-11-26T08:00:00"), "2026-11-26T08:00:00.000000Z"),
            (
                json!("2026-11-26T08:00:00.5+09:00"),
                "2026-11-25T23:00:00.500000Z",
            ),
            (
                json!("2026-11-26 08:00:01,250"),
                "2026-11-26T08:00:01.250000Z",
            ),
            (
                json!("2026-11-26T08:00:00+0900"),
                "2026-11-25T23:00:00.000000Z",
            ),
            (
                json!("2026-11-26 08:00:00.25 -03"),
                "2026-11-26T11:00:00.250000Z",
            ),
            (json!("2026-11-26t08:00z"), "2026-11-26T08:00:00.000000Z"),
            (
                json!("Thu, 26 Nov 2026 08:00:00 GMT"),
                "2026-11-26T08:00:00.000000Z",
            ),
            (json!("2026-11-26 08:00"), "2026-11-26T08:00:00.000000Z"),
            (json!("2026-11-26"), "2026-11-26T00:00:00.000000Z"),
            (json!(0), "1970-01-01T00:00:00.000000Z"),
            (json!(1_795_680_000), "2026-11-26T08:00:00.000000Z"),
            (json!("1795680000"), "2026-11-26T08:00:00.000000Z"),
            (json!(1_795_680_000_500_i64), "2026-11-26T08:00:00.500000Z"),
            (
                json!(1_795_680_000_500_000_i64),
                "2026-11-26T08:00:00.500000Z",
            ),
            (
                json!(1_795_680_000_123_456_789_i64),
                "2026-11-26T08:00:00.123457Z",
            ),
            (json!("2199-12-31T23:59:59Z"), "2199-12-31T23:59:59.000000Z"),
        ] {
            assert_eq!(
                read(written.clone()).as_deref(),
                Some(expected),
                "{written}"
            );
        }
    }

    #[test]
    fn what_is_no_time_of_an_event_is_none() {
        for odd in [
            json!(""),
            json!("soon"),
            json!(-1),
            json!(1e30),
            json!("0001-01-01T00:00:00Z"),
            json!("1969-12-31T23:59:59Z"),
            json!("2200-01-01T00:00:00Z"),
            json!("9999-12-31T23:59:59-12:00"),
            json!("nan"),
            json!("infinity"),
            json!([1]),
            json!({}),
            json!(true),
        ] {
            assert_eq!(moment(&odd), None, "{odd}");
        }
    }
}
