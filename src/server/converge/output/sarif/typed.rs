//! From JSON to the types of `serde-sarif`, which are strict: what no finding needs is left away
//! before, and what many tools write is put right.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::super::json::{Document, Problem};

/// Reads a part at `place`, after `tidy` has put it right.
pub(super) fn read<T: DeserializeOwned>(
    document: Document<'_>,
    raw: &RawValue,
    place: &str,
    tidy: fn(&mut Map<String, Value>),
) -> Result<Box<T>, Problem> {
    let mut value = document.value(raw)?;
    let wrong = |words: String| document.problem(raw, words);
    let Value::Object(map) = &mut value else {
        return Err(wrong(format!("{place} is no object")));
    };
    tidy(map);
    plain(&mut value);
    serde_path_to_error::deserialize(value).map_err(|error| {
        let inner = error.path().to_string();
        let path = match inner.as_str() {
            "." => place.to_owned(),
            inner => format!("{place}.{inner}"),
        };
        wrong(format!("{path}: {}", error.inner()))
    })
}

/// Leaves all but these members away.
pub(super) fn keep(map: &mut Map<String, Value>, names: &[&str]) {
    map.retain(|name, _| names.contains(&name.as_str()));
}

/// Does so with a member that is an object.
pub(super) fn within(
    map: &mut Map<String, Value>,
    name: &str,
    tidy: impl FnOnce(&mut Map<String, Value>),
) {
    if let Some(Value::Object(inner)) = map.get_mut(name) {
        tidy(inner);
    }
}

/// Does so with each object of a member that is a list.
pub(super) fn each(
    map: &mut Map<String, Value>,
    name: &str,
    tidy: impl Fn(&mut Map<String, Value>),
) {
    let entries = map.get_mut(name).and_then(Value::as_array_mut);
    for entry in entries.into_iter().flatten() {
        if let Value::Object(inner) = entry {
            tidy(inner);
        }
    }
}

/// A message is an object; some tools write a text.
pub(super) fn message(map: &mut Map<String, Value>, name: &str) {
    let message = map.entry(name).or_insert_with(|| json!({}));
    if let Value::String(text) = message {
        *message = json!({"text": text});
    } else if message.is_null() {
        *message = json!({});
    }
    let Value::Object(message) = message else {
        return;
    };
    keep(message, &["text", "markdown", "id", "arguments"]);
    // Arguments are texts; some tools write numbers.
    let arguments = message.get_mut("arguments").and_then(Value::as_array_mut);
    for argument in arguments.into_iter().flatten() {
        if !argument.is_string() {
            *argument = json!(argument.to_string());
        }
    }
}

/// A text in several forms needs its plain form; some tools write only the other.
pub(super) fn forms(value: &mut Value) {
    match value {
        Value::String(text) => *value = json!({"text": text}),
        Value::Object(map) => {
            let markdown = map.get("markdown").cloned();
            let text = map.entry("text").or_insert(Value::Null);
            if text.is_null() {
                *text = markdown.unwrap_or_else(|| json!(""));
            }
            keep(map, &["text", "markdown"]);
        }
        _ => {}
    }
}

/// Properties may be anything but their tags, which are texts.
pub(super) fn properties(map: &mut Map<String, Value>) {
    within(map, "properties", |bag| {
        let Some(tags) = bag.get_mut("tags") else {
            return;
        };
        match tags {
            Value::Array(list) => list.retain(Value::is_string),
            Value::String(tag) => *tags = json!([tag]),
            _ => *tags = json!([]),
        }
    });
}

/// Words of a fixed list, in the case that they are written in.
pub(super) fn word(map: &mut Map<String, Value>, name: &str) {
    if let Some(Value::String(word)) = map.get_mut(name) {
        let mut letters = word.trim().chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        let rest = letters.as_str();
        let shouted = !rest.is_empty() && rest.chars().all(|c| c.is_ascii_uppercase());
        let rest = if shouted {
            rest.to_ascii_lowercase()
        } else {
            rest.to_owned()
        };
        *word = first.into_iter().collect::<String>() + &rest;
    }
}

/// Null says nothing, and 3.0 is 3.
fn plain(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(plain);
        }
        Value::Array(list) => {
            list.retain(|value| !value.is_null());
            list.iter_mut().for_each(plain);
        }
        Value::Number(number) => {
            let float = number.as_f64().filter(|_| number.is_f64());
            let whole = float.filter(|it| it.fract() == 0.0 && it.abs() < 1e15);
            let text = whole.map(|it| format!("{it:.0}"));
            if let Some(whole) = text.and_then(|text| text.parse::<i64>().ok()) {
                *value = json!(whole);
            }
        }
        _ => {}
    }
}
