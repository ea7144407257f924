//! The one stream that every adapter speaks, and how a line of a process becomes part of it.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{LogLevel, LogStream, NewLog, NewQuestion, UsageReport, is_too_deep};

/// What an agent says about the task that it holds.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentEvent {
    /// How far it is, 0 to 1.
    Progress(f64),
    /// Something it printed or said.
    Log(NewLog),
    /// It waits for a person to answer this question.
    NeedsInput(NewQuestion),
    /// It goes on after an answer.
    Resumed,
    /// What it consumed so far.
    Usage(UsageReport),
    /// What it answers.
    Result(Value),
    /// It ended; nothing follows.
    Finished(Outcome),
}

/// How an attempt ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Done.
    Completed,
    /// Ended with an error.
    Failed {
        /// What went wrong, in words.
        reason: String,
        /// What is to follow.
        then: Then,
    },
    /// Its agent could not even be started, in words. That says nothing about the task: it costs no
    /// attempt, and the task goes back to its place.
    NotStarted(String),
    /// Its agent cannot work in its project's folder, in words: as if it had not been started, but
    /// the agent is as good as ever for other projects.
    Unplaced(String),
    /// Stopped because somebody asked.
    Cancelled,
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Then {
    /// The next attempt, while there are any left.
    Retry,
    /// Nothing: the next attempt could only end in the same way.
    Fail,
}

impl Outcome {
    /// A failure that may be tried again.
    #[must_use]
    pub fn failed(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::Failed {
            reason,
            then: Then::Retry,
        }
    }

    /// A failure that no further attempt would change.
    #[must_use]
    pub fn failed_for_good(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::Failed {
            reason,
            then: Then::Fail,
        }
    }
}

/// What one line of standard output means.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamLine {
    /// Ordinary text.
    Text,
    /// Events, in order.
    Events(Vec<AgentEvent>),
}

/// The fields a JSON line may have. A line with any other field is ordinary text,
/// so that a program that prints JSON of its own is never misread.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonLine {
    progress: Option<f64>,
    message: Option<String>,
    log: Option<JsonLog>,
    #[serde(default, deserialize_with = "super::log::level")]
    level: LogLevel,
    #[serde(default)]
    fields: Map<String, Value>,
    question: Option<NewQuestion>,
    result: Option<Value>,
    usage: Option<UsageReport>,
}

/// A log line: its text, or an entry as the log interface takes it.
#[derive(Deserialize)]
#[serde(untagged)]
enum JsonLog {
    Text(String),
    Entry(NewLog),
}

impl StreamLine {
    /// Reads `::progress 0.4 message` and JSON objects with the fields of the stream
    /// (`progress` with `message`, `log` with `level` and `fields` inside or beside it, `question`,
    /// `result`, `usage`).
    #[must_use]
    pub fn parse(line: &str) -> Self {
        if let Some(rest) = line.strip_prefix("::progress ") {
            return Self::progress_line(rest.trim()).map_or(Self::Text, Self::Events);
        }
        if !line.starts_with('{') {
            return Self::Text;
        }
        let Ok(json) = serde_json::from_str::<JsonLine>(line) else {
            return Self::Text;
        };
        // Nobody could read it back.
        if json
            .result
            .iter()
            .chain(json.fields.values())
            .any(is_too_deep)
        {
            return Self::Text;
        }
        json.events().map_or(Self::Text, Self::Events)
    }

    fn progress_line(rest: &str) -> Option<Vec<AgentEvent>> {
        let (number, message) = rest.split_once(' ').unwrap_or((rest, ""));
        let mut events = vec![AgentEvent::Progress(fraction(number.parse().ok()?)?)];
        if !message.trim().is_empty() {
            events.push(said(message.trim()));
        }
        Some(events)
    }
}

impl JsonLine {
    fn events(self) -> Option<Vec<AgentEvent>> {
        let mut events = Vec::new();
        if let Some(progress) = self.progress {
            events.push(AgentEvent::Progress(fraction(progress)?));
        }
        match self.log {
            Some(JsonLog::Entry(entry)) => {
                // What the dashboard says, nobody else does.
                let pretends = entry.stream == LogStream::System;
                if pretends || entry.fields.values().any(is_too_deep) {
                    return None;
                }
                events.push(AgentEvent::Log(entry));
            }
            Some(JsonLog::Text(message)) => events.push(AgentEvent::Log(NewLog {
                message,
                level: self.level,
                fields: self.fields,
                ..NewLog::default()
            })),
            None => {}
        }
        if let Some(usage) = self.usage {
            events.push(AgentEvent::Usage(usage));
        }
        if let Some(result) = self.result {
            events.push(AgentEvent::Result(result));
        }
        if let Some(question) = self.question {
            if !question.problems().is_empty() {
                return None;
            }
            events.push(AgentEvent::NeedsInput(question));
        }
        // A message alone is some other program's JSON.
        if events.is_empty() {
            return None;
        }
        events.extend(self.message.as_deref().map(said));
        Some(events)
    }
}

fn said(message: &str) -> AgentEvent {
    AgentEvent::Log(NewLog {
        message: message.to_owned(),
        ..NewLog::default()
    })
}

fn fraction(value: f64) -> Option<f64> {
    (0.0..=1.0).contains(&value).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::{AgentEvent, LogLevel, StreamLine};

    #[test]
    fn lines_of_the_stream_are_understood_and_others_left_alone() {
        let StreamLine::Events(events) = StreamLine::parse("::progress 0.4 half way, nearly")
        else {
            panic!("a progress line");
        };
        assert_eq!(events[0], AgentEvent::Progress(0.4));
        assert_eq!(events.len(), 2);
        let line = r#"{"progress":1,"result":{"words":3},"usage":{"input_tokens":5}}"#;
        assert!(matches!(StreamLine::parse(line), StreamLine::Events(events) if events.len() == 3));
        for line in [
            r#"{"log":"odd","level":"warn","fields":{"at":3}}"#,
            r#"{"log":{"message":"odd","level":"warn","fields":{"at":3}}}"#,
        ] {
            let StreamLine::Events(events) = StreamLine::parse(line) else {
                panic!("a log line: {line}");
            };
            let [AgentEvent::Log(entry)] = &events[..] else {
                panic!("one entry: {events:?}");
            };
            assert_eq!(
                (entry.message.as_str(), entry.level),
                ("odd", LogLevel::Warn)
            );
            assert_eq!(entry.fields["at"], 3);
        }
        let line = r#"{"question":{"text":"which?","options":["a"]}}"#;
        assert!(
            matches!(&StreamLine::parse(line), StreamLine::Events(events)
            if matches!(&events[..], [AgentEvent::NeedsInput(it)] if it.text == "which?"))
        );
        for text in [
            r#"{"question":" "}"#,
            r#"{"question":{"text":"x","colour":1}}"#,
            r#"{"log":{"level":"warn"}}"#,
            "::progress many",
            "::progress 7",
            r#"{"message":"other"}"#,
            r#"{"result":1,"mine":2}"#,
            r#"{"progress":NaN}"#,
            "{",
            "plain",
        ] {
            assert_eq!(StreamLine::parse(text), StreamLine::Text, "{text}");
        }
    }
}
