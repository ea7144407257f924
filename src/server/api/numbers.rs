//! Numbers in JSON are at most 2^53 - 1 in size: beyond that, most readers of JSON, browsers among
//! them, silently change them.

use std::fmt::Write;

use serde_json::Value;

/// What is said of one that is larger.
pub(super) const MESSAGE: &str =
    "must be a number of at most 9007199254740991 (2^53 - 1); send larger ones as text";

const LARGEST: f64 = 9_007_199_254_740_991.0;

/// The field of the first number in `body` that is too large; `body` for the whole.
pub(super) fn too_large(body: &[u8]) -> Option<String> {
    // Almost no body has a number so long, and looking for one is cheaper than reading it again.
    if !has_long_number(body) {
        return None;
    }
    let value: Value = serde_json::from_slice(body).ok()?;
    let mut path = String::new();
    find(&value, &mut path).then_some(if path.is_empty() {
        "body".to_owned()
    } else {
        path
    })
}

/// True when a number outside of strings has sixteen digits or more, or an exponent.
fn has_long_number(body: &[u8]) -> bool {
    let (mut digits, mut inside, mut escaped) = (0_u32, false, false);
    for byte in body {
        if inside {
            (escaped, inside) = match byte {
                b'\\' => (!escaped, true),
                b'"' => (false, escaped),
                _ => (false, true),
            };
            continue;
        }
        match byte {
            b'"' => (inside, digits) = (true, 0),
            b'0'..=b'9' => digits += 1,
            b'e' | b'E' if digits > 0 => return true,
            _ => digits = 0,
        }
        if digits > 15 {
            return true;
        }
    }
    false
}

/// Walks to the first one, and leaves the way there in `path`.
fn find(value: &Value, path: &mut String) -> bool {
    let before = path.len();
    match value {
        Value::Number(number) => return number.as_f64().is_none_or(|n| n.abs() > LARGEST),
        Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                // Writing to a string cannot fail.
                _ = write!(path, "[{n}]");
                if find(item, path) {
                    return true;
                }
                path.truncate(before);
            }
        }
        Value::Object(fields) => {
            for (name, item) in fields {
                if before > 0 {
                    path.push('.');
                }
                path.push_str(name);
                if find(item, path) {
                    return true;
                }
                path.truncate(before);
            }
        }
        _ => {}
    }
    false
}

#[cfg(test)]
mod tests {
    use super::too_large;

    #[test]
    fn the_first_number_that_is_too_large_is_named() {
        for (text, field) in [
            (r#"{"a": 9007199254740992}"#, "a"),
            (r#"{"a": {"b": [1, {"c": -9007199254740993}]}}"#, "a.b[1].c"),
            (r#"{"a": 1e300}"#, "a"),
            (r#"{"a": 123456789012345678901234567890}"#, "a"),
            ("[9007199254740992]", "[0]"),
            ("9007199254740992", "body"),
        ] {
            assert_eq!(too_large(text.as_bytes()).as_deref(), Some(field), "{text}");
        }
        for text in [
            r#"{"a": 9007199254740991, "b": -9007199254740991}"#,
            r#"{"a": "9007199254740992", "9007199254740992": 1}"#,
            r#"{"a": "\"9007199254740992", "b": "\\"}"#,
            r#"{"a": 1e3, "b": 0.12345678901234567}"#,
            "not JSON 9007199254740992",
        ] {
            assert_eq!(too_large(text.as_bytes()), None, "{text}");
        }
    }
}
