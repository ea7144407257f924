//! How a line of a process becomes part of the stream of its agent.
//!
//! Every field counts for itself: one that cannot be taken is an [`Oddity`], and costs the others
//! nothing.

use serde_json::{Map, Value};

use super::json_scan::{JsonScan, Lost, Progress};
use super::lenient_json::{keys, object};
use super::{AgentEvent, DEEPEST, LogLevel, LogStream, NewLog, is_visible};

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
    /// Part of the stream.
    Line(StreamLine),
    /// An object that goes on in the next line.
    Unfinished(StreamObject),
    /// It begins as part of the stream does and cannot be read: why.
    Misread(String),
}

/// An object, or several, that is printed over several lines.
#[derive(Clone, Debug, Default)]
pub struct StreamObject {
    text: String,
    scan: JsonScan,
}

/// The fields that say something by themselves; `level` and `fields` only belong to some of them.
const FIELDS: [&str; 7] = [
    "progress", "message", "log", "question", "evidence", "result", "usage",
];
/// Those that other programs hardly have, as bits: all but `message` and `log`.
const TELLING: u32 = !0b110;
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
    fn take(&mut self, json: &str) -> Result<(), serde_json::Error> {
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
            return match rest.strip_prefix(char::is_whitespace) {
                Some(rest) => Self::Line(StreamLine::progress_line(rest.trim())),
                None => Self::Text,
            };
        }
        if !line.starts_with('{') {
            return Self::Text;
        }
        let mut object = StreamObject::default();
        match object.add(line) {
            Progress::Open => Self::Unfinished(object),
            _ => object.end(),
        }
    }
}

impl StreamObject {
    /// Goes on with a line, if it can: false when it cannot, and is as it was before.
    pub fn go_on(&mut self, line: &str) -> bool {
        let line = trimmed(line);
        let goes_on = self.scan.try_line(line, &FIELDS);
        if goes_on {
            self.text.push_str(line);
            self.text.push('\n');
        }
        goes_on
    }

    /// True when it may go on with the beginning of a line.
    #[must_use]
    pub fn may_go_on(&self, beginning: &str) -> bool {
        self.scan.with(beginning) != Progress::Broken
    }

    /// True when nothing of it is missing.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.scan.progress() == Progress::Whole
    }

    /// The bytes that it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.text.len()
    }

    /// What was read of it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says; when something of it is missing, that is all there is of it.
    #[must_use]
    pub fn end(self) -> Reading {
        // A row of a list with a message is nothing of ours.
        let names = if self.scan.is_row() {
            TELLING
        } else {
            u32::MAX
        };
        if !self.scan.has_wanted(names) && !in_single_quotes(&self.text) {
            return Reading::Text;
        }
        match self.scan.progress() {
            Progress::Open => Reading::Misread("it breaks off in the middle".to_owned()),
            Progress::Broken => Reading::Misread(self.scan.broken().unwrap_or_default()),
            Progress::Whole => {
                let mut found = StreamLine::default();
                let mut lost = Vec::new();
                let objects = self.scan.objects(&self.text, &mut lost);
                for json in objects {
                    if let Err(error) = found.take(&json) {
                        return Reading::Misread(error.to_string());
                    }
                }
                for Lost { field, word } in lost {
                    found.odd(
                        &field,
                        format!("{word} is no number of JSON, and reads as null"),
                    );
                }
                Reading::Line(found)
            }
        }
    }

    /// Why it cannot go on with `line`, if it looks like part of the stream.
    #[must_use]
    pub fn broken_by(mut self, line: &str) -> Option<String> {
        self.add(trimmed(line));
        match self.end() {
            Reading::Misread(why) => Some(why),
            _ => None,
        }
    }

    fn add(&mut self, line: &str) -> Progress {
        self.text.push_str(line);
        self.text.push('\n');
        self.scan.line(line, &FIELDS)
    }
}

impl PartialEq for StreamObject {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
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
fn trimmed(line: &str) -> &str {
    line.trim_matches(|c: char| !is_visible(c.encode_utf8(&mut [0; 4])))
}

/// True for what Python prints of an object with one of our fields.
fn in_single_quotes(text: &str) -> bool {
    let name = text
        .strip_prefix("{'")
        .and_then(|rest| rest.split_once("':"));
    name.is_some_and(|(name, _)| FIELDS.contains(&name))
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
