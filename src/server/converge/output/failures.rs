//! A report's own word that it is none: its tool failed, and says so.

use serde_json::Value;

use super::json::{Members, is_null, text};

/// Words of an outcome that is none.
const FAILED: [&str; 12] = [
    "error",
    "errored",
    "failed",
    "failure",
    "fail",
    "crashed",
    "aborted",
    "timeout",
    "timed_out",
    "incomplete",
    "cancelled",
    "canceled",
];
/// What tells why.
const WORDS: [&str; 8] = [
    "summary",
    "message",
    "msg",
    "detail",
    "reason",
    "description",
    "title",
    "error",
];
/// Words are passed on in so many characters.
const LONGEST: usize = 300;

/// Why a report says itself that it is none.
pub(super) fn own_failure(members: &Members<'_>) -> Option<String> {
    let value = |name: &str| {
        let raw = members.get(name).filter(|raw| !is_null(raw))?;
        serde_json::from_str::<Value>(raw.get()).ok()
    };
    let said = ["error", "errors"].into_iter().filter_map(value);
    let mut said = said.filter_map(|it| words_of(&it));
    if let Some(words) = said.next() {
        let words: String = words.chars().take(LONGEST).collect();
        return Some(format!("its report says: {words}"));
    }
    let is_no = |name: &str| members.get(name).is_some_and(|raw| raw.get() == "false");
    let is_yes = |name: &str| members.get(name).is_some_and(|raw| raw.get() == "true");
    let status = ["status", "result", "outcome"]
        .into_iter()
        .find_map(|name| {
            let word = members.get(name).and_then(|raw| text(raw))?;
            let is_failed = FAILED.contains(&word.trim().to_lowercase().as_str());
            is_failed.then_some(word)
        });
    let has_failed = ["success", "ok", "passed"].into_iter().any(is_no) || is_yes("error");
    if status.is_none() && !has_failed {
        return None;
    }
    let why = WORDS.iter().find_map(|name| {
        let words = members.get(*name).and_then(|raw| text(raw))?;
        (!words.trim().is_empty()).then_some(words)
    });
    Some(match (why, status) {
        (Some(why), _) => {
            let why: String = why.trim().chars().take(LONGEST).collect();
            format!("its report says that it did not succeed: {why}")
        }
        (None, Some(status)) => {
            format!("its report says that it did not succeed: its status is {status}")
        }
        (None, None) => "its report says that it did not succeed".to_owned(),
    })
}

/// What an error says; nothing of what says that there is none.
fn words_of(error: &Value) -> Option<String> {
    match error {
        Value::String(text) => {
            let text = text.trim();
            (!text.is_empty()).then(|| text.to_owned())
        }
        Value::Array(all) => {
            let mut told = all.iter().filter_map(words_of);
            let first = told.next()?;
            Some(match told.count() {
                0 => first,
                more => format!("{first} (and {more} more)"),
            })
        }
        Value::Object(map) if !map.is_empty() => {
            let told = WORDS.iter().filter_map(|name| map.get(*name));
            let words = told.filter_map(Value::as_str).map(str::trim);
            let mut words = words.filter(|words| !words.is_empty());
            let first = words.next().map(str::to_owned);
            Some(first.unwrap_or_else(|| error.to_string()))
        }
        _ => None,
    }
}
