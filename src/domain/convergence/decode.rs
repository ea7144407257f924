//! From what a loop sends to events: one event, an array, `{"events": […]}`, a greeting, types
//! in any case. What cannot be read is named, and what is beside it is kept.

use serde_json::{Map, Value};

use super::digest::digest;
use super::{EventType, LoopEvent, LoopState};
use crate::domain::{DEEPEST, FieldError, Timestamp, is_too_deep};

/// Names are at most so many bytes long.
const LONGEST_NAME: usize = 200;
/// Iterations beyond this are a mistake.
const MOST_ITERATIONS: u32 = 1_000_000;

/// What a frame or a POST brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// What was understood, in the order of the sender.
    pub events: Vec<LoopEvent>,
    /// What was not: the place and the reason, such as `events[3].session_id`.
    pub problems: Vec<FieldError>,
}

/// Reads what a loop sent. `now` dates events that have no time of their own.
#[must_use]
pub fn decode_batch(sent: Value, now: Timestamp) -> Batch {
    let mut batch = Batch::default();
    match sent {
        Value::Array(items) => many(&mut batch, "", None, items, now),
        Value::Object(mut map) => {
            let session = map.get("session_id").and_then(text);
            match map.remove("events") {
                Some(Value::Array(items)) => {
                    many(&mut batch, "events", session.as_deref(), items, now);
                }
                Some(_) => batch
                    .problems
                    .push(FieldError::new("events", "must be an array")),
                None => match unwrap(map) {
                    None => {}
                    Some(map) => take(&mut batch, String::new(), None, Value::Object(map), now),
                },
            }
        }
        _ => {
            let message = "expected an event, an array of events or {\"events\": […]}";
            batch.problems.push(FieldError::new("body", message));
        }
    }
    batch
}

/// Takes an event out of `{"type": "event", "data": event}`; a greeting is nothing.
fn unwrap(mut map: Map<String, Value>) -> Option<Map<String, Value>> {
    if map.contains_key("event_type") {
        return Some(map);
    }
    let kind = map
        .get("type")
        .and_then(Value::as_str)
        .map(str::to_lowercase);
    match (kind.as_deref(), map.remove("data")) {
        (Some("event"), Some(Value::Object(inner))) => Some(inner),
        (Some("connected" | "welcome" | "hello" | "ping" | "pong"), _) => None,
        (_, Some(data)) => {
            map.insert("data".to_owned(), data);
            Some(map)
        }
        (_, None) => Some(map),
    }
}

fn many(batch: &mut Batch, list: &str, session: Option<&str>, items: Vec<Value>, now: Timestamp) {
    for (item, n) in items.into_iter().zip(0_usize..) {
        take(batch, format!("{list}[{n}]"), session, item, now);
    }
}

fn take(batch: &mut Batch, place: String, session: Option<&str>, item: Value, now: Timestamp) {
    match read(item, session, now) {
        Ok(event) => batch.events.push(event),
        Err((field, message)) => {
            let dot = if place.is_empty() || field.is_empty() {
                ""
            } else {
                "."
            };
            let field = format!("{place}{dot}{field}");
            let field = if field.is_empty() {
                "body".to_owned()
            } else {
                field
            };
            batch.problems.push(FieldError::new(field, message));
        }
    }
}

type Problem = (&'static str, String);

fn problem<T>(field: &'static str, message: impl Into<String>) -> Result<T, Problem> {
    Err((field, message.into()))
}

/// Reads one event. `session` is the one that its envelope names.
fn read(sent: Value, session: Option<&str>, now: Timestamp) -> Result<LoopEvent, Problem> {
    let Value::Object(map) = &sent else {
        return problem("", "an event is an object");
    };
    if map.values().any(is_too_deep) {
        return problem(
            "data",
            format!("must be nested at most {DEEPEST} levels deep"),
        );
    }
    // Some senders call it `type`.
    let name = map.get("event_type").or_else(|| map.get("type"));
    let Some(name) = name.and_then(Value::as_str).filter(|name| is_name(name)) else {
        return problem("event_type", "must name the type of the event");
    };
    let event_type = EventType::parse(name);
    let inner = |key| map.get("data").and_then(|data| data.get(key));
    let own = map.get("session_id").and_then(text);
    let session_id = own
        .or_else(|| session.map(str::to_owned))
        .or_else(|| inner("session_id").and_then(text));
    let Some(session_id) = session_id.filter(|id| is_name(id)) else {
        return problem("session_id", "must name the session, in at most 200 bytes");
    };
    let timestamp = match map.get("timestamp").filter(|value| !value.is_null()) {
        None => now,
        Some(value) => moment(value).ok_or_else(|| {
            let message = "must be a time such as 2026-11-22T08:30:00Z, or seconds since 1970";
            ("timestamp", message.to_owned())
        })?,
    };
    let iteration = map.get("iteration").or_else(|| inner("iteration"));
    let iteration = match iteration.filter(|value| !value.is_null()) {
        None => 0,
        Some(value) => whole(value).ok_or_else(|| {
            let message = format!("must be a whole number from 0 to {MOST_ITERATIONS}");
            ("iteration", message)
        })?,
    };
    let state = map
        .get("state")
        .and_then(Value::as_str)
        .and_then(LoopState::parse);
    let event_id = match map.get("event_id").and_then(text) {
        Some(id) if is_name(&id) => id,
        Some(id) if !id.is_empty() => {
            return problem("event_id", "must be at most 200 bytes without NUL");
        }
        // Keys are sorted, so the same content is the same text whatever order it came in.
        _ => digest(&[&session_id, &sent.to_string()]),
    };
    Ok(LoopEvent {
        event_id,
        timestamp,
        session_id,
        iteration,
        state,
        event_type,
        sent,
    })
}

fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= LONGEST_NAME && !text.contains('\0')
}

/// Text, or a number as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn whole(value: &Value) -> Option<u32> {
    let number = match value {
        Value::String(text) => text.trim().parse().ok()?,
        value => u32::try_from(value.as_u64()?).ok()?,
    };
    (number <= MOST_ITERATIONS).then_some(number)
}

/// RFC 3339, the same without an offset or with a space (then it is UTC), or seconds since 1970.
fn moment(value: &Value) -> Option<Timestamp> {
    if let Some(text) = value.as_str() {
        let text = text.trim().replacen(' ', "T", 1);
        let parsed = Timestamp::parse(&text).or_else(|_| Timestamp::parse(&format!("{text}Z")));
        return parsed.ok().filter(|at| at.0 >= 0);
    }
    // The year 5000 in seconds: what is later counts milliseconds.
    let seconds = value.as_f64().filter(|at| (0.0..1e14).contains(at))?;
    let seconds = if seconds > 1e11 {
        seconds / 1000.0
    } else {
        seconds
    };
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "checked to be small; a double holds microseconds of this century"
    )]
    let micros = (seconds * 1e6).round() as i64;
    Some(Timestamp(micros))
}
