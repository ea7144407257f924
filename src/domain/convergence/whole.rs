//! Whole numbers and yes or no, as senders write them: as such, or as text.

use serde_json::Value;

/// The whole number that `value` is; nothing for what is none, or more than can be counted here.
pub(super) fn whole(value: &Value) -> Option<u32> {
    match value {
        Value::Number(number) => match number.as_u64() {
            Some(number) => u32::try_from(number).ok(),
            None => of_double(number.as_f64()?),
        },
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| of_double(text.parse().ok()?))
        }
        _ => None,
    }
}

fn of_double(number: f64) -> Option<u32> {
    let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole and to fit"
    )]
    fits.then_some(number as u32)
}

/// Yes or no; nothing for what is neither.
pub(super) fn truth(value: &Value) -> Option<bool> {
    let words = match value {
        Value::Bool(value) => return Some(*value),
        Value::Number(_) => return Some(whole(value)? != 0),
        Value::String(text) => text.trim().to_lowercase(),
        _ => return None,
    };
    match words.as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{truth, whole};

    #[test]
    fn yes_and_no_are_read_however_they_are_written_and_all_else_is_neither() {
        for (value, expected) in [
            (json!(true), Some(true)),
            (json!("False"), Some(false)),
            (json!(" yes "), Some(true)),
            (json!(0), Some(false)),
            (json!("1"), Some(true)),
            (json!("maybe"), None),
            (json!(-1), None),
            (json!([]), None),
            (Value::Null, None),
        ] {
            assert_eq!(truth(&value), expected, "{value}");
        }
    }

    #[test]
    fn whole_numbers_are_read_however_they_are_written_and_others_are_none() {
        for (value, expected) in [
            (json!(3), Some(3)),
            (json!(3.0), Some(3)),
            (json!("3"), Some(3)),
            (json!(" 3.0 "), Some(3)),
            (json!(0), Some(0)),
            (json!(-0.0), Some(0)),
            (json!(u32::MAX), Some(u32::MAX)),
            (json!(3.7), None),
            (json!(-1), None),
            (json!("-1"), None),
            (json!("three"), None),
            (json!("nan"), None),
            (json!("1e400"), None),
            (json!(9_007_199_254_740_993_u64), None),
            (json!(9_223_372_036_854_775_808_u64), None),
            (json!(1_180_591_620_717_411_303_424.0), None),
            (json!({"high": 3}), None),
            (json!([3]), None),
            (json!(true), None),
            (Value::Null, None),
        ] {
            assert_eq!(whole(&value), expected, "{value}");
        }
    }
}
