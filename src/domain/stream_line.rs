//! How a line of a process becomes part of the stream of its agent.
//!
//! Every field counts for itself: one that cannot be taken is an [`Oddity`], and costs the others
//! nothing.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::lenient_json::{keys, object};
use super::{
    AgentEvent, DEEPEST, LogLevel, LogStream, NewLog, NewQuestion, QuestionKind, QuestionOption,
    Timestamp, UsageReport, is_too_deep,
};

/// What a line says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamLine {
    /// In order. None when nothing of it could be taken: it is text then.
    pub events: Vec<AgentEvent>,
    /// What could not be taken.
    pub oddities: Vec<Oddity>,
}

/// A field of a line that could not be taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Oddity {
    /// Its name, with those of the objects around it.
    pub field: String,
    /// What is wrong, in words; `None` when there is no such field.
    pub why: Option<String>,
}

/// The fields that say something by themselves; `level` and `fields` only belong to some of them.
const FIELDS: [&str; 7] = [
    "progress", "message", "log", "question", "evidence", "result", "usage",
];
const PROGRESS: &str = "::progress";
/// Farther from 0 or 1 than by what computing costs.
const ROUNDING: f64 = 1e-6;

impl StreamLine {
    /// Reads `::progress 0.4 message` and JSON objects with any of the fields of the stream; blanks
    /// and a byte order mark around it do not matter. `None` for ordinary text.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let line = trimmed(line);
        if let Some(rest) = line.strip_prefix(PROGRESS) {
            let rest = rest.strip_prefix(char::is_whitespace)?;
            return Some(Self::progress_line(rest.trim()));
        }
        if !line.starts_with('{') {
            return None;
        }
        let mut found = Self::default();
        let mut object = object(line).ok()?;
        let is_ours = |(name, _): (&String, &Option<Value>)| FIELDS.contains(&name.as_str());
        if !object.iter().any(is_ours) {
            return None;
        }
        object.retain(|name, value| {
            if value.is_none() {
                found.odd(name, too_deep());
            }
            value.is_some()
        });
        let object = object
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        Some(found.read(object.collect()))
    }

    /// True when `line` may become one of the stream with what is still to come of it.
    #[must_use]
    pub fn may_begin(line: &str) -> bool {
        let line = trimmed(line);
        if line.starts_with('{') {
            let read = serde_json::from_str::<IgnoredAny>(line);
            return read.map_or_else(|error| error.is_eof(), |_| true);
        }
        line.starts_with("::progress ") || "::progress ".starts_with(line)
    }

    /// True when `beginning`, that of an object which is too long, has a result in it.
    #[must_use]
    pub fn begins_result(beginning: &str) -> bool {
        let beginning = trimmed(beginning);
        beginning.starts_with('{') && keys(beginning).iter().any(|key| key == "result")
    }

    fn progress_line(rest: &str) -> Self {
        let mut found = Self::default();
        let (number, message) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        match ratio_of(number) {
            Ok(ratio) => found.events.push(AgentEvent::Progress(ratio)),
            Err(why) => {
                // The line is shown as it is.
                found.odd("progress", why);
                return found;
            }
        }
        if !message.trim().is_empty() {
            found.say(message.trim(), LogLevel::default(), Map::new());
        }
        found
    }

    fn read(mut self, mut object: Map<String, Value>) -> Self {
        // What is null is not there, but for a result.
        object.retain(|name, value| name == "result" || !value.is_null());
        if let Some(progress) = object.remove("progress") {
            let ratio = match &progress {
                Value::Number(number) => ratio(number.as_f64().unwrap_or(f64::NAN)),
                Value::String(text) => ratio_of(text),
                _ => Err("it is not a number from 0 to 1".to_owned()),
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
        for (name, value) in object {
            self.oddities.push(Oddity::unknown(&name));
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
            Some(result) if is_too_deep(&result) => self.odd("result", too_deep()),
            Some(result) => self.events.push(AgentEvent::Result(result)),
            None => {}
        }
        if let Some(question) = question {
            self.question(question);
        }
        match message {
            Some(Value::String(message)) => self.say(&message, level, fields),
            Some(_) => self.odd("message", "it is not a text".to_owned()),
            None => {}
        }
        if evidence.is_some() {
            let words = "no evidence is collected yet; the file stays where it is";
            self.odd("evidence", words.to_owned());
        }
        self
    }

    fn log(&mut self, log: Value, level: LogLevel, fields: Map<String, Value>) {
        let mut entry = match log {
            Value::String(message) => return self.say(&message, level, fields),
            Value::Object(entry) => entry,
            _ => return self.odd("log", "it is neither a text nor an entry".to_owned()),
        };
        let Some(Value::String(message)) = entry.remove("message") else {
            return self.odd("log.message", "it is not a text".to_owned());
        };
        let level = self.level("log.level", entry.remove("level"), level);
        let own = self.fields("log.fields", entry.remove("fields"));
        let time = entry.remove("time").and_then(|time| {
            let read = Timestamp::deserialize(&time).ok();
            if read.is_none() {
                self.odd("log.time", format!("{time} is no time"));
            }
            read
        });
        let stream = entry.remove("stream").and_then(|stream| {
            // What the dashboard says, nobody else does.
            let known = LogStream::deserialize(&stream).ok();
            let known = known.filter(|stream| *stream != LogStream::System);
            if known.is_none() {
                let words = format!("{stream} is not stdout, stderr or agent");
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
            let words = format!("{value} is no level; use debug, info, warn or error");
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
            Some(_) => {
                self.odd(field, "it is not an object".to_owned());
                Map::new()
            }
        }
    }

    fn question(&mut self, question: Value) {
        let mut parts = match question {
            Value::String(text) => Map::from_iter([("text".to_owned(), Value::String(text))]),
            Value::Object(parts) => parts,
            _ => return self.odd("question", "it is neither a text nor an object".to_owned()),
        };
        parts.retain(|_, value| !value.is_null());
        let Some(Value::String(text)) = parts.remove("text") else {
            return self.odd("question.text", "it is not a text".to_owned());
        };
        let mut question = NewQuestion::asking(text);
        question.kind = self.part(&mut parts, "kind").unwrap_or(QuestionKind::Input);
        question.expires_at = self.part(&mut parts, "expires_at");
        let options: Option<Vec<QuestionOption>> = self.part(&mut parts, "options");
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
            self.odd(&problem.field, problem.message);
        }
        if question.problems().is_empty() {
            self.events.push(AgentEvent::NeedsInput(question));
        }
    }

    /// A part of a question, if it can be taken.
    fn part<T: for<'de> Deserialize<'de>>(
        &mut self,
        parts: &mut Map<String, Value>,
        name: &str,
    ) -> Option<T> {
        let part = parts.remove(name)?;
        match T::deserialize(part) {
            Ok(part) => Some(part),
            Err(error) => {
                self.odd(&format!("question.{name}"), error.to_string());
                None
            }
        }
    }

    fn say(&mut self, message: &str, level: LogLevel, fields: Map<String, Value>) {
        self.events.push(AgentEvent::Log(NewLog {
            message: message.to_owned(),
            level,
            fields,
            ..NewLog::default()
        }));
    }

    fn odd(&mut self, field: &str, why: String) {
        self.oddities.push(Oddity {
            field: field.to_owned(),
            why: Some(why),
        });
    }
}

impl Oddity {
    fn unknown(field: &str) -> Self {
        Self {
            field: field.to_owned(),
            why: None,
        }
    }
}

fn trimmed(line: &str) -> &str {
    line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

fn too_deep() -> String {
    format!("it is nested deeper than {DEEPEST} levels")
}

/// `0.4`, or `40%`.
fn ratio_of(text: &str) -> Result<f64, String> {
    let no_number = || format!("{text:?} is not a number from 0 to 1");
    match text.trim().strip_suffix('%') {
        Some(percent) => {
            let percent: f64 = percent.trim().parse().map_err(|_| no_number())?;
            ratio(percent / 100.0).map_err(|_| format!("{text:?} is not from 0% to 100%"))
        }
        None => ratio(text.trim().parse().map_err(|_| no_number())?),
    }
}

fn ratio(value: f64) -> Result<f64, String> {
    if (-ROUNDING..=1.0 + ROUNDING).contains(&value) {
        Ok(value.clamp(0.0, 1.0))
    } else if (0.0..=100.0).contains(&value) {
        let meant = value / 100.0;
        Err(format!(
            "{value} is not from 0 to 1; write {meant}, or \"{value}%\""
        ))
    } else {
        Err(format!("{value} is not from 0 to 1"))
    }
}

#[cfg(test)]
#[path = "stream_line_tests.rs"]
mod tests;
