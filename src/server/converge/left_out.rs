//! What the answer to a post that went well says of events that were not taken nevertheless. Pure.

use std::collections::BTreeMap;

use serde_json::Value;

use super::journal::Line;
use super::named::{ids, places_of};

/// What the body of an answer says of events that were not taken.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum LeftOut {
    /// Those at these places, and why; perhaps none.
    These(BTreeMap<usize, String>),
    /// Some, without saying which.
    Unnamed,
    /// The post failed, whatever its status is.
    All,
    /// It says something, and that cannot be read.
    Unreadable,
}

/// Members under which somebody may list, or count, what was not taken.
const LISTS: [&str; 6] = [
    "refused",
    "rejected",
    "failed",
    "invalid",
    "errors",
    "refused_more",
];

/// What `text`, which answers a post of these events, says of those that were left out.
pub(super) fn left_out(text: &str, lines: &[Line]) -> LeftOut {
    let text = text.trim_start_matches('\u{feff}').trim();
    let body: Value = match serde_json::from_str(text) {
        Ok(body) => body,
        // What begins as a list of refusals and breaks off may have named any of them.
        Err(_) if text.starts_with(['{', '[']) || is_page(text) => return LeftOut::Unreadable,
        Err(_) => return LeftOut::These(BTreeMap::new()),
    };
    let mut named = Named::default();
    let ids = ids(lines);
    for name in LISTS {
        match body.get(name) {
            None | Some(Value::Null | Value::Bool(false)) => {}
            // Of an error in words nobody knows whether it is about the events.
            Some(Value::String(_)) if name == "errors" => {}
            Some(Value::Number(number)) if number.as_f64() == Some(0.0) => {}
            Some(Value::String(text)) if text.is_empty() => {}
            Some(Value::Object(map)) if map.is_empty() => {}
            Some(Value::Array(entries)) => named.read(entries, &ids),
            Some(_) => named.is_vague = true,
        }
    }
    named.read_statuses(&body, &ids);
    // Whoever counts what was taken has left out the rest.
    let left = lines.len().saturating_sub(named.places.len());
    let taken = number(&body, "accepted");
    let taken = taken.map(|it| it.saturating_add(number(&body, "duplicates").unwrap_or(0)));
    let is_short = taken.is_some_and(|taken| taken < left);
    let is_whole = taken.is_some_and(|taken| taken >= left) && !named.places.is_empty();
    match (has_failed(&body), named.is_vague || is_short) {
        _ if is_whole => LeftOut::These(named.places),
        (true, false) if named.places.is_empty() => LeftOut::All,
        // Each of them posted alone is known to be taken or not.
        (true, _) | (_, true) => LeftOut::Unnamed,
        (false, false) => LeftOut::These(named.places),
    }
}

/// Events that are named as left out.
#[derive(Default)]
struct Named {
    places: BTreeMap<usize, String>,
    /// There are others.
    is_vague: bool,
}

impl Named {
    /// Reads a list of what was left out.
    fn read(&mut self, entries: &[Value], ids: &[Option<String>]) {
        for entry in entries {
            self.add(places_of(entry, ids), entry);
        }
    }

    /// Reads a list of what became of each, alone or under any name.
    fn read_statuses(&mut self, body: &Value, ids: &[Option<String>]) {
        let members = body.as_object().into_iter().flat_map(|map| map.values());
        let lists = members.chain([body]).filter_map(Value::as_array);
        for list in lists {
            for (place, entry) in list.iter().enumerate() {
                if !is_bad_status(entry) {
                    continue;
                }
                let named = places_of(entry, ids);
                if named.is_empty() && list.len() == ids.len() {
                    self.add(vec![place], entry);
                } else {
                    self.add(named, entry);
                }
            }
        }
    }

    fn add(&mut self, places: Vec<usize>, entry: &Value) {
        self.is_vague |= places.is_empty();
        let mut words = ["detail", "message", "msg", "error", "reason", "field"]
            .iter()
            .filter_map(|name| entry.get(*name)?.as_str());
        let why = words.next().unwrap_or_default();
        for place in places {
            let known = self.places.entry(place).or_default();
            if known.is_empty() {
                why.clone_into(known);
            }
        }
    }
}

/// True when somebody says that nothing came of the post.
fn has_failed(body: &Value) -> bool {
    let is_no = |name: &&str| body.get(*name) == Some(&Value::Bool(false));
    let is_told = |error: &Value| match error {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    };
    let errors = body.get("errors").filter(|errors| errors.is_string());
    let status = body.get("status").and_then(Value::as_str);
    let bad = ["error", "fail", "failed", "failure"];
    *body == Value::Bool(false)
        || ["accepted", "ok", "success"].iter().any(is_no)
        || body.get("error").or(errors).is_some_and(is_told)
        || status.is_some_and(|status| bad.contains(&status.to_lowercase().as_str()))
        || is_bad_status(body)
}

/// True for what has a status of HTTP that is no success.
fn is_bad_status(entry: &Value) -> bool {
    let mut numbers = ["status", "statusCode", "status_code", "code"]
        .iter()
        .filter_map(|name| match entry.get(*name)? {
            Value::String(text) => text.trim().parse().ok(),
            number => number.as_u64(),
        });
    numbers.any(|number| (400..600).contains(&number))
}

/// How many there are, by number or by list.
fn number(body: &Value, name: &str) -> Option<usize> {
    match body.get(name)? {
        Value::Array(list) => Some(list.len()),
        number => number.as_u64().and_then(|it| usize::try_from(it).ok()),
    }
}

/// True for what a browser is to show: nobody there knows of events.
fn is_page(text: &str) -> bool {
    let begin: String = text.chars().take(1000).collect();
    let begin = begin.to_lowercase();
    let marks = ["<!doctype html", "<html", "<head>", "<body"];
    begin.starts_with('<') && marks.iter().any(|mark| begin.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::{LeftOut, left_out};
    use crate::server::converge::journal::Line;

    fn told(text: &str, lines: &[Line]) -> String {
        match left_out(text, lines) {
            LeftOut::These(places) => format!("{places:?}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn an_event_is_named_by_its_id_or_by_its_place() {
        let lines = Line::with_ids(&["id-a", "id-b", "id-c"]);
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
            assert_eq!(told(text, &lines), expected, "{text}");
        }
    }

    #[test]
    fn fewer_than_were_posted_are_not_all() {
        let lines = Line::with_ids(&["id-a", "id-b", "id-c"]);
        for (text, expected) in [
            (r#"{"accepted": 3}"#, "{}"),
            (r#"{"accepted": 4, "errors": []}"#, "{}"),
            (r#"{"accepted": 1, "duplicates": 2, "refused": []}"#, "{}"),
            (r#"{"accepted": ["id-a", "id-b", "id-c"]}"#, "{}"),
            (r#"{"accepted": true, "failed": 0}"#, "{}"),
            (r#"{"accepted": 2}"#, "Unnamed"),
            (r#"{"accepted": ["id-a"]}"#, "Unnamed"),
            (r#"{"accepted": 1, "duplicates": 1}"#, "Unnamed"),
            (
                r#"{"accepted": 0, "duplicates": 0, "refused": []}"#,
                "Unnamed",
            ),
            (
                r#"{"accepted": 1, "refused": [], "refused_more": 2}"#,
                "Unnamed",
            ),
            (
                r#"{"refused": [{"index": 0}], "refused_more": 1}"#,
                "Unnamed",
            ),
            (r#"{"accepted": 1, "refused": [{"index": 0}]}"#, "Unnamed"),
            (r#"{"failed": 1}"#, "Unnamed"),
        ] {
            assert_eq!(told(text, &lines), expected, "{text}");
        }
    }

    #[test]
    fn refusals_are_read_under_every_name_and_by_every_place() {
        let lines = Line::with_ids(&["id-a", "id-b", "id-c"]);
        for (text, expected) in [
            (
                r#"{"rejected": [{"index": 0, "reason": "odd"}]}"#,
                r#"{0: "odd"}"#,
            ),
            (r#"{"failed": ["id-b"]}"#, r#"{1: ""}"#),
            (
                r#"{"accepted": 2, "errors": [{"field": "events[2].timestamp"}]}"#,
                r#"{2: "events[2].timestamp"}"#,
            ),
            (r#"{"errors": ["events[1] is odd"]}"#, r#"{1: ""}"#),
            (
                r#"{"errors": [{"source": {"pointer": "/events/0"}}]}"#,
                r#"{0: ""}"#,
            ),
            (
                r#"{"errors": [{"loc": ["body", "events", 2], "msg": "odd"}]}"#,
                r#"{2: "odd"}"#,
            ),
            (r#"{"errors": [{"field": "events[3]"}]}"#, "Unnamed"),
            (r#"{"errors": ["odd"]}"#, "Unnamed"),
            (r#"{"errors": true}"#, "Unnamed"),
            // Where the sum is right, an error in words is one of those that are named.
            (
                r#"{"accepted": 2, "refused": ["id-a"], "errors": ["odd"], "error": "odd"}"#,
                r#"{0: ""}"#,
            ),
            (
                r#"[{"status": 200}, {"status": 400}, {"status": 201}]"#,
                r#"{1: ""}"#,
            ),
            (
                r#"{"results": [{"event_id": "id-c", "status": "409"}]}"#,
                r#"{2: ""}"#,
            ),
            (r#"{"results": [{"status": 400}]}"#, "Unnamed"),
            (
                r#"{"events": [{"state": "FAILED", "data": {"status": 500}}]}"#,
                "{}",
            ),
        ] {
            assert_eq!(told(text, &lines), expected, "{text}");
        }
    }

    #[test]
    fn a_post_that_failed_has_not_arrived_whatever_its_status_is() {
        let lines = Line::with_ids(&["id-a", "id-b"]);
        for text in [
            r#"{"success": false, "error": "database is locked"}"#,
            r#"{"ok": false}"#,
            r#"{"accepted": false}"#,
            r#"{"error": "quota exceeded"}"#,
            r#"{"error": {"code": 7}}"#,
            r#"{"errors": "quota exceeded"}"#,
            r#"{"status": 503}"#,
            r#"{"status": "error", "message": "no"}"#,
            "false",
        ] {
            assert_eq!(told(text, &lines), "All", "{text}");
        }
        let some = r#"{"success": false, "errors": [{"field": "events[1].data"}]}"#;
        assert_eq!(told(some, &lines), "Unnamed");
        for text in [
            r#"{"success": true, "error": null, "errors": []}"#,
            r#"{"errors": {}, "failed": "", "rejected": 0}"#,
            r#"{"ok": true, "error": ""}"#,
            r#"{"status": "ok", "code": 0}"#,
            r#"{"status": 202}"#,
            r#"{"received": 1}"#,
            "true",
            "2",
            "OK",
            "<p>thanks</p>",
        ] {
            assert_eq!(told(text, &lines), "{}", "{text}");
        }
        for page in [
            "<!DOCTYPE html><title>Log in</title>",
            " <HTML>",
            "<!-- a --><body>",
        ] {
            assert_eq!(told(page, &lines), "Unreadable", "{page}");
        }
    }
}
