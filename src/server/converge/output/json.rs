//! Lists of findings and fixes, as tools write them in JSON.

use serde_json::{Map, Value, json};

use super::Listed;
use crate::domain::{Sighting, is_too_deep};

/// An entry that is longer is passed on in few words.
const LONGEST_ENTRY: usize = 8 * 1024;

/// The lists of these names, together; `None` when none of them is there.
pub(super) fn listed(map: &mut Map<String, Value>, names: &[&str]) -> Option<Listed> {
    let mut found: Option<Listed> = None;
    for name in names {
        if let Some(Value::Array(items)) = map.remove(*name) {
            let list = found.get_or_insert_default();
            for item in items {
                match item {
                    Value::Object(map) => list.push(without(map)),
                    Value::String(text) if !text.trim().is_empty() => {
                        list.push(short(Value::String(text)));
                    }
                    _ => {}
                }
            }
        }
    }
    found
}

/// An entry as it may travel: with something to call it, not too deep and not too long.
pub(super) fn without(map: Map<String, Value>) -> Value {
    let mut entry = Value::Object(map);
    if Sighting::read(&entry, "").is_none() {
        let words: String = entry.to_string().chars().take(200).collect();
        entry["description"] = json!(words);
    }
    short(entry)
}

fn short(entry: Value) -> Value {
    if !is_too_deep(&entry) && entry.to_string().len() <= LONGEST_ENTRY {
        return entry;
    }
    match Sighting::read(&entry, "") {
        Some(told) => {
            let words: String = told.description.chars().take(1000).collect();
            let mut few = json!({"description": words, "severity": told.severity.as_str()});
            for (name, word) in [("type", told.kind), ("file", told.area)] {
                if !word.is_empty() {
                    few[name] = json!(word.chars().take(500).collect::<String>());
                }
            }
            few
        }
        None => json!({"description": "an entry that is too long"}),
    }
}
