//! Which events of a post an answer names. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::journal::Line;

/// A shorter name may be part of anything.
const LONG: usize = 3;

/// What the body of an answer says of events that were not taken.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum LeftOut {
    /// Those at these places, and why; perhaps none.
    These(BTreeMap<usize, String>),
    /// Some, without saying which.
    Unnamed,
    /// It says something, and that cannot be read.
    Unreadable,
}

/// What `text`, which answers a post of these events, says of those that were left out.
pub(super) fn left_out(text: &str, lines: &[Line]) -> LeftOut {
    let text = text.trim_start_matches('\u{feff}').trim();
    let body: Value = match serde_json::from_str(text) {
        Ok(body) => body,
        // What begins as a list of refusals and breaks off may have named any of them.
        Err(_) if text.starts_with(['{', '[']) => return LeftOut::Unreadable,
        Err(_) => return LeftOut::These(BTreeMap::new()),
    };
    let entries = match body.get("refused") {
        None | Some(Value::Null | Value::Bool(false)) => &[],
        Some(Value::Array(entries)) => entries.as_slice(),
        Some(Value::Number(number)) if number.as_f64() == Some(0.0) => &[],
        Some(_) => return LeftOut::Unnamed,
    };
    let ids = ids(lines);
    let mut places = BTreeMap::new();
    for entry in entries {
        let found = places_of(entry, &ids);
        if found.is_empty() {
            return LeftOut::Unnamed;
        }
        let why = entry.get("detail").and_then(Value::as_str);
        for place in found {
            places
                .entry(place)
                .or_insert_with(|| why.unwrap_or_default().to_owned());
        }
    }
    LeftOut::These(places)
}

/// True when `text` is about some of these events and not about the post as a whole: it names one
/// that was posted alone, or some of many.
pub(super) fn names_some(text: &str, lines: &[Line]) -> bool {
    let ids = ids(lines);
    let by_place = places_in(text);
    let is_named = |(place, id): (usize, &Option<String>)| {
        let by_id = id.as_deref().is_some_and(|id| holds(text, id));
        by_id || by_place.contains(&place)
    };
    let named = ids.iter().enumerate().filter(|it| is_named(*it)).count();
    // Who sends everything back names all of them.
    named > 0 && (named < lines.len() || lines.len() == 1)
}

fn ids(lines: &[Line]) -> Vec<Option<String>> {
    let id = |line: &Line| {
        let event: Value = serde_json::from_str(&line.text).ok()?;
        Some(event.get("event_id")?.as_str()?.to_owned())
    };
    lines.iter().map(id).collect()
}

/// The events that an entry is about: that of its id, else the one at its index.
fn places_of(entry: &Value, ids: &[Option<String>]) -> Vec<usize> {
    let id = entry.get("event_id").unwrap_or(entry).as_str();
    let index = entry.get("index").unwrap_or(entry).as_u64();
    let index = index.and_then(|index| usize::try_from(index).ok());
    let index = index.filter(|index| *index < ids.len());
    let is_named = |place: usize| id.is_some() && ids[place].as_deref() == id;
    if let Some(index) = index.filter(|index| is_named(*index)) {
        return vec![index];
    }
    let named: Vec<_> = (0..ids.len()).filter(|place| is_named(*place)).collect();
    if named.is_empty() {
        index.into_iter().collect()
    } else {
        named
    }
}

/// The places in `events[2]`, `events.2`, `/events/2`.
fn places_in(text: &str) -> Vec<usize> {
    let rest = text.match_indices("events").map(|(at, word)| {
        let rest = &text[at + word.len()..];
        rest.trim_start_matches(['"', '\'', '\\'])
    });
    let digits = rest.filter_map(|rest| rest.strip_prefix(['[', '.', '/']));
    let places = digits.map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit());
        rest[..end.unwrap_or(rest.len())].parse()
    });
    places.flatten().collect()
}

/// Whether `name` stands in `text` as a word of its own.
fn holds(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    name.len() >= LONG
        && text.match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{LeftOut, left_out, names_some};
    use crate::server::converge::journal::Line;

    fn lines(ids: &[&str]) -> Vec<Line> {
        let line = |id: &&str| Line {
            text: json!({"event_id": id}).to_string(),
            bytes: 1,
        };
        ids.iter().map(line).collect()
    }

    #[test]
    fn an_event_is_named_by_its_id_or_by_its_place() {
        let lines = lines(&["id-a", "id-b", "id-c"]);
        let told = |text: &str| match left_out(text, &lines) {
            LeftOut::These(places) => format!("{places:?}"),
            other => format!("{other:?}"),
        };
        for (text, expected) in [
            ("", "{}"),
            ("ok", "{}"),
            ("[]", "{}"),
            ("{}", "{}"),
            (r#"{"refused": []}"#, "{}"),
            (r#"{"refused": null}"#, "{}"),
            (r#"{"refused": 0}"#, "{}"),
            (r#"{"refused": 3}"#, "Unnamed"),
            (r#"{"refused": "all"}"#, "Unnamed"),
            (
                r#"{"refused": [{"event_id": "id-b", "detail": "odd"}]}"#,
                r#"{1: "odd"}"#,
            ),
            ("\u{feff}{\"refused\": [\"id-c\", 0]}", r#"{0: "", 2: ""}"#),
            // The id tells, whatever its place is.
            (
                r#"{"refused": [{"event_id": "id-b", "index": 0}]}"#,
                r#"{1: ""}"#,
            ),
            (
                r#"{"refused": [{"event_id": "x", "index": 0}]}"#,
                r#"{0: ""}"#,
            ),
            (
                r#"{"refused": [{"index": 0, "detail": "a"}, {"index": 0, "detail": "b"}]}"#,
                r#"{0: "a"}"#,
            ),
            (r#"{"refused": [{"event_id": "x"}]}"#, "Unnamed"),
            (r#"{"refused": [{"index": 0}, {"index": 3}]}"#, "Unnamed"),
            (r#"{"refused": [{"detail": "odd"}]}"#, "Unnamed"),
            (r#"{"accepted": 0, "refu"#, "Unreadable"),
            ("[", "Unreadable"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    #[test]
    fn a_refusal_is_about_some_events_when_it_names_them() {
        let three = lines(&["id-a", "id-b", "id-c"]);
        for (text, expected) in [
            ("", false),
            ("forbidden", false),
            (r#"{"errors": [{"field": "events[2]"}]}"#, true),
            (r#"{"pointer": "/events/0/data"}"#, true),
            ("events.1.data is odd", true),
            ("events[3]", false),
            ("events[]", false),
            ("id-b is blocked", true),
            ("id-bc is blocked", false),
            // Everything that was posted, sent back.
            ("id-a id-b id-c", false),
        ] {
            assert_eq!(names_some(text, &three), expected, "{text}");
        }
        assert!(names_some("id-a is blocked", &three[..1]));
        assert!(!names_some("blocked", &three[..1]));
    }
}
