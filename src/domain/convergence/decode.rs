//! From the text of an event to the event: types in any case, times in many ways, ids that may
//! be missing. What cannot be read is named, and what is beside it is kept.

use serde_json::Value;

use super::digest::digest;
use super::moment::moment;
use super::whole::whole;
use super::{EventType, LoopEvent, LoopState, lenient};
use crate::domain::{DEEPEST, Timestamp, is_too_deep};

/// Names are at most so many bytes long.
const LONGEST_NAME: usize = 200;
/// The year 2001.
const SET: i64 = 978_307_200_000_000;
/// By how much clocks differ that are set: five minutes.
const LITTLE: i64 = 300_000_000;
/// Iterations beyond this are a mistake.
const MOST_ITERATIONS: u32 = 1_000_000;

/// A part of what a frame or a POST brought.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// What was understood, in the order of the sender.
    pub events: Vec<LoopEvent>,
    /// What was not.
    pub problems: Vec<Unreadable>,
}

/// What was not understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Unreadable {
    /// Its place in what was sent, from 0.
    pub index: usize,
    /// The id that it has nevertheless.
    pub event_id: Option<String>,
    /// The session that it names nevertheless.
    pub session_id: Option<String>,
    /// The place of what is wrong, such as `events[3].session_id`.
    pub field: String,
    /// What is wrong.
    pub message: String,
}

impl Batch {
    /// Reads an event, or what should be one. `index` is its place in `list`; alone, it is its
    /// own place. `session` is the one that its envelope names.
    pub(super) fn read(&mut self, sent: &str, place: Place<'_>, now: Timestamp) {
        let value = lenient::value(sent).map_err(|error| {
            let message = format!("cannot be read: {error}");
            ("", message, None, None)
        });
        let read = value.and_then(|value: Value| {
            let id = value.get("event_id").and_then(text);
            let id = id.map(|id| id.chars().take(LONGEST_NAME).collect::<String>());
            let session = session_of(&value, place.session);
            let event = read(value, place.session, now);
            event.map_err(|(field, message)| (field, message, id, session))
        });
        match read {
            Ok(event) => self.events.push(event.cut(sent.len())),
            Err((field, message, event_id, session_id)) => self.problems.push(Unreadable {
                index: place.index,
                event_id,
                session_id: session_id.filter(|id| is_name(id) && !is_step(id)),
                field: place.field(field),
                message,
            }),
        }
    }
}

/// Where an event stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    /// The list; none for an event that comes alone.
    pub(super) list: Option<&'a str>,
    /// Its place there, from 0.
    pub(super) index: usize,
    /// The session that its envelope names.
    pub(super) session: Option<&'a str>,
}

impl Place<'_> {
    fn field(self, field: &str) -> String {
        let place = self.list.map(|list| format!("{list}[{}]", self.index));
        match (place, field) {
            (None, "") => "body".to_owned(),
            (None, field) => field.to_owned(),
            (Some(place), "") => place,
            (Some(place), field) => format!("{place}.{field}"),
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
    let Some(session_id) = session_of(&sent, session).filter(|id| is_name(id)) else {
        return problem("session_id", "must name the session, in at most 200 bytes");
    };
    if is_step(&session_id) {
        return problem("session_id", NO_STEP);
    }
    // What has no time of its own counts with the time it came.
    let own_time = map.get("timestamp").and_then(moment);
    let inner = || map.get("data").and_then(|data| data.get("iteration"));
    let own = map.get("iteration").filter(|value| !value.is_null());
    let iteration = own.or_else(inner).filter(|value| !value.is_null());
    let iteration = match iteration {
        None => 0,
        Some(value) => number(value).ok_or_else(|| {
            let message = format!("must be a whole number from 0 to {MOST_ITERATIONS}");
            ("iteration", message)
        })?,
    };
    let state = map
        .get("state")
        .and_then(Value::as_str)
        .and_then(LoopState::parse);
    let event_id = match map.get("event_id").and_then(text) {
        Some(id) if is_step(&id) => return problem("event_id", NO_STEP),
        Some(id) if is_name(&id) => id,
        Some(id) if !id.is_empty() => {
            return problem("event_id", "must be at most 200 bytes without NUL");
        }
        // Keys are sorted, so the same content is the same text whatever order it came in.
        _ => digest(&[&session_id, &sent.to_string()]),
    };
    // Zero is what a sender writes who has no time: nothing lasts since then.
    let is_dated = own_time.is_some_and(|at| at.0 > 0 && !is_ahead(at, now));
    let told = own_time.filter(|_| is_dated);
    Ok(LoopEvent {
        event_id,
        timestamp: own_time.unwrap_or(now),
        is_dated,
        order: told.map_or(now, |at| if now.0 > SET { at.min(now) } else { at }),
        came: now,
        session_id,
        iteration,
        state,
        event_type,
        sent,
        kept: None,
    })
}

/// Steps in an address: what has such an id could not be reached.
fn is_step(id: &str) -> bool {
    matches!(id, "." | "..")
}

const NO_STEP: &str = "must be another name than . and .., which are steps in an address";

/// An event comes after it happened, but for clocks that differ a little: then it happened when it came.
/// A clock that is further ahead tells nothing. One of ours that was never set is no judge of it.
fn is_ahead(at: Timestamp, now: Timestamp) -> bool {
    now.0 > SET && at.0.saturating_sub(now.0) > LITTLE
}

/// The session that an event names; `session` is the one that its envelope names.
fn session_of(sent: &Value, session: Option<&str>) -> Option<String> {
    let own = sent.get("session_id").and_then(text);
    let inner = || sent.get("data")?.get("session_id").and_then(text);
    own.or_else(|| session.map(str::to_owned)).or_else(inner)
}

fn is_name(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= LONGEST_NAME && !text.contains('\0')
}

/// Text, or a number as text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<u32> {
    whole(value).filter(|number| *number <= MOST_ITERATIONS)
}
