//! Reads events that a strict reader refuses: a number that is larger than any, a text with half a
//! character, a part that is nested too deeply. What can be read of them is.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::domain::DEEPEST;

/// An event is an object, and what is under one of its names may be as deep as any. One level more
/// is kept, so that it can be said that it was too deep.
const LEVELS: usize = DEEPEST + 2;

/// Reads `text`: as it is, or else part by part.
pub(super) fn value(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text).or_else(|_| {
        let raw: &RawValue = serde_json::from_str(text)?;
        Ok(part(raw, LEVELS))
    })
}

fn part(raw: &RawValue, levels: usize) -> Value {
    let text = raw.get();
    if let Ok(value) = serde_json::from_str(text) {
        return value;
    }
    let Some(levels) = levels.checked_sub(1) else {
        return Value::Array(Vec::new());
    };
    if text.starts_with('{') {
        let members: Option<BTreeMap<String, &RawValue>> = serde_json::from_str(text).ok();
        let members = members.into_iter().flatten();
        let read = members.map(|(name, member)| (name, part(member, levels)));
        return Value::Object(read.collect::<Map<_, _>>());
    }
    if text.starts_with('[') {
        let entries: Option<Vec<&RawValue>> = serde_json::from_str(text).ok();
        let entries = entries.into_iter().flatten();
        return Value::Array(entries.map(|entry| part(entry, levels)).collect());
    }
    // A number that nothing here can hold stays what was written.
    Value::String(text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::value;
    use crate::domain::is_too_deep;

    #[test]
    fn what_cannot_be_read_takes_nothing_else_with_it() {
        let read = value(r#"{"a": 1e400, "b": [1, -1e999, {"c": "d"}], "e": 2}"#).unwrap();
        let expected = json!({"a": "1e400", "b": [1, "-1e999", {"c": "d"}], "e": 2});
        assert_eq!(read, expected);
        let deep = format!(
            "{{\"event_id\": \"x\", \"data\": {}1{}}}",
            "[".repeat(5000),
            "]".repeat(5000)
        );
        let read = value(&deep).unwrap();
        assert_eq!(read["event_id"], "x");
        assert!(is_too_deep(&read["data"]));
        assert!(value("{\"a\": 1").is_err());
    }
}
