//! What an answer names: events of the post, or a parameter of its address. Pure.

use serde_json::Value;

use url::Url;

use super::journal::Line;

/// A shorter name may be part of anything.
const LONG: usize = 3;

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

pub(super) fn ids(lines: &[Line]) -> Vec<Option<String>> {
    let id = |line: &Line| {
        let event: Value = serde_json::from_str(&line.text).ok()?;
        Some(event.get("event_id")?.as_str()?.to_owned())
    };
    lines.iter().map(id).collect()
}

/// True when `text` is about a parameter of this address, and so about no event.
pub(super) fn names_query(text: &str, url: &Url) -> bool {
    let Ok(body) = serde_json::from_str::<Value>(text) else {
        return false;
    };
    let lists = ["errors", "detail", "details"];
    let lists = lists.map(|name| body.get(name).and_then(Value::as_array));
    let mut entries = lists.into_iter().flatten().flatten();
    let is_one = |word: &str| url.query_pairs().any(|(name, _)| name == word);
    entries.any(|entry| {
        let source = entry.get("source").unwrap_or(entry);
        let words = ["field", "parameter", "param"].map(|name| source.get(name)?.as_str());
        let place = entry.get("loc").and_then(|loc| loc.get(0)?.as_str());
        words.into_iter().flatten().any(is_one) || place == Some("query")
    })
}

/// The events that an entry is about: that of its id, else the one at its index, else those whose
/// parts it names.
pub(super) fn places_of(entry: &Value, ids: &[Option<String>]) -> Vec<usize> {
    let id = entry.get("event_id").unwrap_or(entry).as_str();
    let index = entry.get("index").unwrap_or(entry).as_u64();
    let index = index.and_then(|index| usize::try_from(index).ok());
    let index = index.filter(|index| *index < ids.len());
    let is_named = |place: usize| id.is_some() && ids[place].as_deref() == id;
    if let Some(index) = index.filter(|index| is_named(*index)) {
        return vec![index];
    }
    let named: Vec<_> = (0..ids.len()).filter(|place| is_named(*place)).collect();
    if !named.is_empty() {
        return named;
    }
    if let Some(index) = index {
        return vec![index];
    }
    let parts = parts(entry).into_iter().flat_map(|part| places_in(&part));
    parts.filter(|place| *place < ids.len()).collect()
}

/// Parts of a post that an entry is about, as it spells them.
fn parts(entry: &Value) -> Vec<String> {
    let source = entry.get("source").unwrap_or(entry);
    let mut parts: Vec<_> = ["field", "pointer", "path", "property"]
        .iter()
        .filter_map(|name| Some(source.get(*name)?.as_str()?.to_owned()))
        .collect();
    parts.extend(entry.as_str().map(str::to_owned));
    if let Some(way) = entry.get("loc").and_then(Value::as_array) {
        let steps = way.iter().map(|step| match step {
            Value::String(step) => step.clone(),
            other => other.to_string(),
        });
        parts.push(steps.collect::<Vec<_>>().join("."));
    }
    parts
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
    use url::Url;

    use super::{names_query, names_some};
    use crate::server::converge::journal::Line;

    #[test]
    fn a_refusal_is_about_some_events_when_it_names_them() {
        let three = Line::with_ids(&["id-a", "id-b", "id-c"]);
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

    #[test]
    fn a_refusal_is_about_the_address_when_it_names_a_parameter_of_it() {
        let url = Url::parse("http://host/events?token=x&events=y").unwrap();
        for (text, expected) in [
            (
                r#"{"errors": [{"field": "token", "message": "unknown parameter"}]}"#,
                true,
            ),
            (r#"{"errors": [{"source": {"parameter": "token"}}]}"#, true),
            (
                r#"{"detail": [{"loc": ["query", "key"], "msg": "missing"}]}"#,
                true,
            ),
            (r#"{"detail": [{"loc": ["body", "token"]}]}"#, false),
            (r#"{"errors": [{"field": "events[0].token"}]}"#, false),
            (r#"{"detail": "token"}"#, false),
            ("token", false),
            ("", false),
        ] {
            assert_eq!(names_query(text, &url), expected, "{text}");
        }
    }
}
