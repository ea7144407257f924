//! The fields of an object of the stream.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::stream_line::{ratio, ratio_of, too_deep};
use super::{
    AgentEvent, LogLevel, LogStream, NewLog, NewQuestion, Oddity, QuestionKind, QuestionOption,
    StreamLine, Timestamp, UsageReport, is_too_deep,
};

/// So much of a value is quoted, in characters.
const QUOTED: usize = 120;

impl StreamLine {
    pub(super) fn read(&mut self, mut object: Map<String, Value>) {
        // What is null is not there, but for a result.
        object.retain(|name, value| name == "result" || !value.is_null());
        if let Some(progress) = object.remove("progress") {
            let ratio = match &progress {
                Value::Number(number) => ratio(number.as_f64().unwrap_or(f64::NAN)),
                Value::String(text) => ratio_of(text),
                other => Err(format!("{} is not a number from 0 to 1", brief(other))),
            };
            match ratio {
                Ok(ratio) => self.events.push(AgentEvent::Progress(ratio)),
                Err(why) => self.odd("progress", why),
            }
        }
        let level = self.level("level", object.remove("level"), LogLevel::default());
        let mut fields = self.fields("fields", object.remove("fields"));
        let (log, message) = (object.remove("log"), object.remove("message"));
        let question = object.remove("question");
        let evidence = object.remove("evidence");
        let (usage, result) = (object.remove("usage"), object.remove("result"));
        let has_entry = log.is_some() || message.is_some();
        for (name, value) in object {
            self.oddities.push(Oddity::unknown(&name));
            // An entry has room for it; without one, words would be lost.
            self.is_untold |= !has_entry && is_words(&value);
            if !is_too_deep(&value) {
                fields.entry(name).or_insert(value);
            }
        }
        if let Some(log) = log {
            self.log(log, level, fields.clone());
        }
        if let Some(usage) = usage {
            let (report, odd) = UsageReport::read(usage);
            self.events.extend(report.map(AgentEvent::Usage));
            self.oddities.extend(odd);
        }
        match result {
            Some(result) if is_too_deep(&result) => self.untold("result", too_deep()),
            Some(result) => self.events.push(AgentEvent::Result(result)),
            None => {}
        }
        if let Some(question) = question {
            self.question(question);
        }
        match message {
            Some(Value::String(message)) => self.say(&message, level, fields),
            Some(other) => self.untold("message", no_text(&other)),
            None => {}
        }
        if evidence.is_some() {
            let words = "no evidence is collected yet; the file stays where it is";
            self.odd("evidence", words.to_owned());
        }
    }

    fn log(&mut self, log: Value, level: LogLevel, fields: Map<String, Value>) {
        let mut entry = match log {
            Value::String(message) => return self.say(&message, level, fields),
            Value::Object(entry) => entry,
            other => {
                let words = format!("{} is neither a text nor an entry", brief(&other));
                return self.untold("log", words);
            }
        };
        let message = match entry.remove("message") {
            Some(Value::String(message)) => message,
            Some(other) => return self.untold("log.message", no_text(&other)),
            None => {
                let words = format!("there is none in {}", brief(&Value::Object(entry)));
                return self.untold("log.message", words);
            }
        };
        let level = self.level("log.level", entry.remove("level"), level);
        let own = self.fields("log.fields", entry.remove("fields"));
        let time = entry.remove("time").and_then(|time| {
            let read = Timestamp::deserialize(&time).ok();
            if read.is_none() {
                self.odd("log.time", format!("{} is no time", brief(&time)));
            }
            read
        });
        let stream = entry.remove("stream").and_then(|stream| {
            // What the dashboard says, nobody else does.
            let known = LogStream::deserialize(&stream).ok();
            let known = known.filter(|stream| *stream != LogStream::System);
            if known.is_none() {
                let words = format!("{} is not stdout, stderr or agent", brief(&stream));
                self.odd("log.stream", words);
            }
            known
        });
        let mut fields = fields;
        fields.extend(own);
        for (name, value) in entry {
            self.oddities.push(Oddity::unknown(&format!("log.{name}")));
            if !is_too_deep(&value) {
                fields.entry(name).or_insert(value);
            }
        }
        self.events.push(AgentEvent::Log(NewLog {
            message,
            time,
            level,
            stream: stream.unwrap_or_default(),
            fields,
        }));
    }

    fn level(&mut self, field: &str, value: Option<Value>, otherwise: LogLevel) -> LogLevel {
        let Some(value) = value else {
            return otherwise;
        };
        LogLevel::of_value(&value).unwrap_or_else(|| {
            let words = format!(
                "{} is no level; use debug, info, warn or error",
                brief(&value)
            );
            self.odd(field, words);
            otherwise
        })
    }

    fn fields(&mut self, field: &str, value: Option<Value>) -> Map<String, Value> {
        match value {
            None => Map::new(),
            Some(Value::Object(mut fields)) => {
                let before = fields.len();
                fields.retain(|_, value| !is_too_deep(value));
                if fields.len() < before {
                    self.odd(field, too_deep());
                }
                fields
            }
            Some(other) => {
                self.odd(field, format!("{} is not an object", brief(&other)));
                Map::new()
            }
        }
    }

    fn question(&mut self, question: Value) {
        let mut parts = match question {
            Value::String(text) => Map::from_iter([("text".to_owned(), Value::String(text))]),
            Value::Object(parts) => parts,
            other => {
                let words = format!("{} is neither a text nor an object", brief(&other));
                return self.untold("question", words);
            }
        };
        parts.retain(|_, value| !value.is_null());
        let text = match parts.remove("text") {
            Some(Value::String(text)) => text,
            Some(other) => return self.untold("question.text", no_text(&other)),
            None => {
                let words = format!("there is none in {}", brief(&Value::Object(parts)));
                return self.untold("question.text", words);
            }
        };
        let mut question = NewQuestion::asking(text);
        let kinds = "is not input, permission or approval";
        let kind = self.part(&mut parts, "kind", kinds);
        question.kind = kind.unwrap_or(QuestionKind::Input);
        question.expires_at = self.part(&mut parts, "expires_at", "is no time");
        let words = "is not a list of texts, or of objects with a text as id and as label";
        let options: Option<Vec<QuestionOption>> = self.part(&mut parts, "options", words);
        question.options = options.unwrap_or_default();
        for name in parts.keys() {
            let name = format!("question.{name}");
            self.oddities.push(Oddity::unknown(&name));
        }
        for problem in question.problems() {
            if problem.field == "question.options" {
                // It can still be answered in words.
                question.options.clear();
            }
            self.untold(&problem.field, problem.message);
        }
        if question.problems().is_empty() {
            self.events.push(AgentEvent::NeedsInput(question));
        }
    }

    /// A part of a question, if it can be taken; `otherwise` says what it is not.
    fn part<T: for<'de> Deserialize<'de>>(
        &mut self,
        parts: &mut Map<String, Value>,
        name: &str,
        otherwise: &str,
    ) -> Option<T> {
        let part = parts.remove(name)?;
        let read = T::deserialize(&part).ok();
        if read.is_none() {
            let words = format!("{} {otherwise}", brief(&part));
            self.untold(&format!("question.{name}"), words);
        }
        read
    }
}

/// True for what a person would read.
fn is_words(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.trim().contains(char::is_whitespace))
}

fn no_text(value: &Value) -> String {
    format!("{} is not a text", brief(value))
}

/// The beginning of a value.
pub(super) fn brief(value: &Value) -> String {
    let mut shown = value.to_string();
    if let Some((end, _)) = shown.char_indices().nth(QUOTED) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}
