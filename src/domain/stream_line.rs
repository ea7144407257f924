//! How a line of a process becomes part of the stream of its agent.
//!
//! Every field counts for itself: one that cannot be taken is an [`Oddity`], and costs the others
//! nothing.

use serde_json::{Map, Value};

use super::json_scan::{JsonScan, Progress};
use super::lenient_json::{keys, object};
use super::{AgentEvent, DEEPEST, LogLevel, LogStream, NewLog, Ruin, StreamObject, is_visible};

/// What a line says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamLine {
    /// In order. None when nothing of it could be taken: it is text then.
    pub events: Vec<AgentEvent>,
    /// What could not be taken.
    pub oddities: Vec<Oddity>,
    /// Something of it was meant for people and could not be taken: they see the line as it is.
    pub is_untold: bool,
}

/// A field of a line that could not be taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Oddity {
    /// Its name, with those of the objects around it.
    pub field: String,
    /// What is wrong, in words; `None` when there is no such field.
    pub why: Option<String>,
}

/// What a line is.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// Ordinary text.
    Text,
    /// The same, of an object that cannot be read; what follows may show that it was meant as part of
    /// the stream.
    Ruin(Ruin),
    /// A row of a list, of which more follows; why it cannot be read, if it looks like part of the stream.
    Row(Option<String>),
    /// Part of the stream.
    Line(StreamLine),
    /// An object that goes on in the next line.
    Unfinished(StreamObject),
    /// It begins as part of the stream does and cannot be read: why.
    Misread(String),
}

/// The fields that say something by themselves; `level` and `fields` only belong to some of them.
pub(super) const FIELDS: [&str; 7] = [
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
        match Reading::of(line) {
            Reading::Line(line) => Some(line),
            _ => None,
        }
    }

    /// True when `line` may become one of the stream with what is still to come of it.
    #[must_use]
    pub fn may_begin(line: &str) -> bool {
        let line = trimmed(line);
        if line.starts_with('{') {
            return JsonScan::default().with(line) != Progress::Broken;
        }
        line.starts_with("::progress ") || "::progress ".starts_with(line)
    }

    /// True when `beginning` is that of an object, and breaks off in one of its texts.
    #[must_use]
    pub fn is_in_text(beginning: &str) -> bool {
        let beginning = trimmed(beginning);
        beginning.starts_with('{') && JsonScan::default().is_in_text(beginning)
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

    /// Takes in one of the objects of a line.
    pub(super) fn take(&mut self, json: &str) -> Result<(), serde_json::Error> {
        let mut object = object(json)?;
        let is_ours = |(name, _): (&String, &Option<Value>)| FIELDS.contains(&name.as_str());
        if !object.iter().any(is_ours) {
            // It stands beside one that is.
            self.events.push(AgentEvent::Log(NewLog {
                message: json.trim().to_owned(),
                stream: LogStream::Stdout,
                ..NewLog::default()
            }));
            return Ok(());
        }
        object.retain(|name, value| {
            if value.is_none() {
                self.odd(name, too_deep());
            }
            value.is_some()
        });
        let object = object.into_iter();
        self.read(
            object
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
        );
        Ok(())
    }

    pub(super) fn say(&mut self, message: &str, level: LogLevel, fields: Map<String, Value>) {
        self.events.push(AgentEvent::Log(NewLog {
            message: message.to_owned(),
            level,
            fields,
            ..NewLog::default()
        }));
    }

    pub(super) fn odd(&mut self, field: &str, why: String) {
        self.oddities.push(Oddity {
            field: field.to_owned(),
            why: Some(why),
        });
    }

    /// The same of what people were to read.
    pub(super) fn untold(&mut self, field: &str, why: String) {
        self.odd(field, why);
        self.is_untold = true;
    }
}

impl Reading {
    /// Reads a whole line.
    #[must_use]
    pub fn of(line: &str) -> Self {
        let line = trimmed(line);
        if let Some(rest) = line.strip_prefix(PROGRESS) {
            // What is for terminals says nothing here.
            let is_text = !rest.contains(|c: char| c.is_control() && c != '\t');
            return match rest.strip_prefix(char::is_whitespace) {
                Some(rest) if is_text => Self::Line(StreamLine::progress_line(rest.trim())),
                _ => Self::Text,
            };
        }
        if !line.starts_with('{') {
            return Self::Text;
        }
        let object = StreamObject::begin(line);
        if object.is_open() {
            Self::Unfinished(object)
        } else {
            object.end()
        }
    }
}

impl Oddity {
    pub(super) fn unknown(field: &str) -> Self {
        Self {
            field: field.to_owned(),
            why: None,
        }
    }
}

/// `line` without what nobody sees around it.
pub(super) fn trimmed(line: &str) -> &str {
    line.trim_matches(|c: char| !is_visible(c.encode_utf8(&mut [0; 4])))
}

pub(super) fn too_deep() -> String {
    format!("it is nested deeper than {DEEPEST} levels")
}

/// `0.4`, or `40%`.
pub(super) fn ratio_of(text: &str) -> Result<f64, String> {
    let no_number = || format!("{text:?} is not a number from 0 to 1");
    match text.trim().strip_suffix('%') {
        Some(percent) => {
            let percent: f64 = percent.trim().parse().map_err(|_| no_number())?;
            ratio(percent / 100.0).map_err(|_| format!("{text:?} is not from 0% to 100%"))
        }
        None => ratio(text.trim().parse().map_err(|_| no_number())?),
    }
}

pub(super) fn ratio(value: f64) -> Result<f64, String> {
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
