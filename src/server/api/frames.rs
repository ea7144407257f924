//! Reading what a client of the feed says. A field that would be ignored is refused where something
//! else would come of it than its sender thinks: in a report, and where it narrows what is followed.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::domain::{ClientFrame, Topic, is_project_name, shortened};

const ACTIONS: &str = "ping, subscribe, unsubscribe or progress";
const TOPICS: &str = "a list of tasks, agents, activity, sessions, logs or logs:<task id>";
const REPORT: [&str; 5] = ["action", "task_id", "progress", "message", "lease"];
/// What lists are filtered by, and the feed is not.
const FILTERS: [&str; 12] = [
    "agent",
    "created_by",
    "label",
    "level",
    "priority",
    "proof",
    "q",
    "status",
    "stream",
    "task",
    "task_id",
    "until",
];
/// The longest name that is said again.
const NAME: usize = 80;

/// Reads a frame; says in words what is wrong with it.
pub(super) fn client_frame(text: &str) -> Result<ClientFrame, String> {
    // A byte order mark says nothing.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Fields(fields) = serde_json::from_str(text).map_err(|error| {
        if error.to_string().starts_with(TWICE) {
            format!("{TWICE} in the frame")
        } else {
            "a frame is one JSON object such as {\"action\": \"ping\"}".to_owned()
        }
    })?;
    let mut frame = Frame {
        fields,
        problems: Vec::new(),
    };
    let read = frame.read();
    if frame.problems.is_empty() {
        Ok(read)
    } else {
        Err(frame.problems.join("; "))
    }
}

const TWICE: &str = "a field is given twice";

/// An object in which no field is given twice.
struct Fields(Map<String, Value>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_map(Written)
    }
}

struct Written;

impl<'de> Visitor<'de> for Written {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Map::new();
        while let Some((name, value)) = map.next_entry()? {
            if fields.insert(name, value).is_some() {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(Fields(fields))
    }
}

/// A frame, and what was found wrong with it.
struct Frame {
    fields: Map<String, Value>,
    problems: Vec<String>,
}

impl Frame {
    /// What it says, as far as there is no problem.
    fn read(&mut self) -> ClientFrame {
        match self.fields.get("action").and_then(Value::as_str) {
            Some("ping") => ClientFrame::Ping,
            Some("subscribe") => {
                self.refuse(|name| FILTERS.contains(&name), "narrows nothing here");
                ClientFrame::Subscribe {
                    topics: self.topics(),
                    project: self.project(),
                    epoch: self.text("epoch"),
                    since: self.optional("since", "a whole number, 0 or more", Value::as_u64),
                }
            }
            Some("unsubscribe") => {
                let narrows = |name: &str| name == "project" || FILTERS.contains(&name);
                self.refuse(narrows, "narrows nothing here");
                ClientFrame::Unsubscribe {
                    topics: self.topics(),
                }
            }
            Some("progress") => {
                let words = format!("is not known here; there are {}", REPORT[1..].join(", "));
                self.refuse(|name| !REPORT.contains(&name), &words);
                ClientFrame::Progress {
                    task_id: self.task(),
                    progress: self.optional("progress", "a number from 0 to 1", Value::as_f64),
                    message: self.text("message"),
                    lease: self.text("lease"),
                }
            }
            Some(_) => self.no_action("must be"),
            None => self.no_action("is required:"),
        }
    }

    fn no_action(&mut self, words: &str) -> ClientFrame {
        self.problems.push(format!("action {words} {ACTIONS}"));
        ClientFrame::Ping
    }

    /// Names the fields that would be ignored, and must not be.
    fn refuse(&mut self, is_wrong: impl Fn(&str) -> bool, words: &str) {
        let wrong = self.fields.keys().filter(|name| is_wrong(name)).take(10);
        let wrong = wrong.map(|name| format!("{} {words}", shortened(name.clone(), NAME)));
        self.problems.extend(wrong);
    }

    fn topics(&mut self) -> Vec<Topic> {
        self.required("topics", TOPICS, |value| {
            let topics = value.as_array()?.iter();
            topics.map(|topic| Topic::parse(topic.as_str()?)).collect()
        })
    }

    fn task(&mut self) -> String {
        self.required("task_id", "the id or the number of a task", |value| {
            let number = || value.as_u64().map(|number| number.to_string());
            value.as_str().map(str::to_owned).or_else(number)
        })
    }

    fn project(&mut self) -> Option<String> {
        self.optional("project", "the name of a project", |value| {
            value
                .as_str()
                .filter(|name| is_project_name(name))
                .map(str::to_owned)
        })
    }

    fn text(&mut self, name: &str) -> Option<String> {
        self.optional(name, "text", |value| value.as_str().map(str::to_owned))
    }

    fn required<T: Default>(
        &mut self,
        name: &str,
        words: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> T {
        if !self.fields.contains_key(name) {
            self.problems.push(format!("{name} is required"));
            return T::default();
        }
        let value = self.fields.get(name).and_then(read);
        value.unwrap_or_else(|| {
            self.problems.push(format!("{name} must be {words}"));
            T::default()
        })
    }

    /// What is null is absent.
    fn optional<T>(
        &mut self,
        name: &str,
        words: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.fields.get(name).filter(|value| !value.is_null())?;
        let value = read(value);
        if value.is_none() {
            self.problems.push(format!("{name} must be {words}"));
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::client_frame;
    use crate::domain::{ClientFrame, Topic};

    fn progress(task_id: &str) -> ClientFrame {
        ClientFrame::Progress {
            task_id: task_id.to_owned(),
            progress: Some(0.5),
            message: None,
            lease: None,
        }
    }

    #[test]
    fn frames_are_read_as_they_are_described() {
        let subscribe = ClientFrame::Subscribe {
            topics: vec![Topic::Tasks],
            project: Some("web".to_owned()),
            epoch: None,
            since: Some(3),
        };
        for (text, frame) in [
            (r#"{"action":"ping","at":17}"#, ClientFrame::Ping),
            (
                r#"{"action":"subscribe","topics":["tasks"],"project":"web","epoch":null,"since":3,"id":1}"#,
                subscribe,
            ),
            (
                r#"{"action":"unsubscribe","topics":[],"id":1}"#,
                ClientFrame::Unsubscribe { topics: vec![] },
            ),
            (
                r#"{"action":"progress","task_id":17,"progress":0.5}"#,
                progress("17"),
            ),
            (
                r#"{"action":"progress","task_id":"17","progress":0.5,"lease":null}"#,
                progress("17"),
            ),
        ] {
            assert_eq!(client_frame(text), Ok(frame), "{text}");
        }
    }

    #[test]
    fn what_would_be_ignored_is_named() {
        let known = "is not known here; there are task_id, progress, message, lease";
        for (text, words) in [
            (
                r#"{"action":"progress","task_id":"1","progress":1,"status":"completed"}"#,
                format!("status {known}"),
            ),
            (
                r#"{"action":"progress","task_id":1.5,"result":{}}"#,
                format!("result {known}; task_id must be the id or the number of a task"),
            ),
            (
                r#"{"action":"progress","task_id":"1","progress":0.1,"progress":0.9}"#,
                "a field is given twice in the frame".to_owned(),
            ),
            (
                r#"{"action":"subscribe","topics":["tasks"],"status":"failed"}"#,
                "status narrows nothing here".to_owned(),
            ),
            (
                r#"{"action":"unsubscribe","topics":["tasks"],"project":"web"}"#,
                "project narrows nothing here".to_owned(),
            ),
            (
                r#"{"action":"subscribe","topics":["tasks"],"project":["web"]}"#,
                "project must be the name of a project".to_owned(),
            ),
        ] {
            assert_eq!(client_frame(text), Err(words), "{text}");
        }
        for text in [r#"["progress","1",0.9,"x",null]"#, r#"["ping"]"#, "7", "{"] {
            let words = client_frame(text).unwrap_err();
            assert!(words.starts_with("a frame is one JSON object"), "{words}");
        }
        let long = format!(
            r#"{{"action":"progress","task_id":1,"{}":1}}"#,
            "x".repeat(9000)
        );
        assert!(client_frame(&long).unwrap_err().len() < 300);
    }
}
