//! How deep JSON may be nested. Readers of JSON stop at 128 levels, and what we store travels
//! inside lists and messages of our own.

use serde_json::Value;

/// The deepest JSON that is taken in.
pub const DEEPEST: usize = 64;

/// True when `value` is nested deeper than [`DEEPEST`] levels.
#[must_use]
pub fn is_too_deep(value: &Value) -> bool {
    is_deeper(value, DEEPEST)
}

fn is_deeper(value: &Value, levels: usize) -> bool {
    let Some(left) = levels.checked_sub(1) else {
        return value.is_array() || value.is_object();
    };
    match value {
        Value::Array(values) => values.iter().any(|value| is_deeper(value, left)),
        Value::Object(map) => map.values().any(|value| is_deeper(value, left)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::is_too_deep;

    #[test]
    fn sixty_four_levels_are_deep_enough() {
        let nested = |levels| (0..levels).fold(Value::Null, |inner, _| json!([inner]));
        assert!(!is_too_deep(&nested(64)));
        assert!(is_too_deep(&nested(65)));
        assert!(is_too_deep(&json!({"a": [1, {"b": nested(63)}]})));
    }
}
