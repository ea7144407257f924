//! Log entries: what agents print and say while they work.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{TaskId, Timestamp};

/// A stored log entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct LogEntry {
    /// Rises by insertion; unique over all tasks.
    pub id: i64,
    /// When it was said.
    pub time: Timestamp,
    /// The task it belongs to.
    pub task_id: TaskId,
    /// The agent that said it.
    pub agent: Option<String>,
    /// How grave it is.
    pub level: LogLevel,
    /// Where it came from.
    pub stream: LogStream,
    /// The text; may hold ANSI escape sequences.
    pub message: String,
    /// Structured extras.
    pub fields: Map<String, Value>,
}

/// A log entry on its way in. Only `message` is required.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLog {
    /// The text.
    pub message: String,
    /// When it was said; the time of arrival when absent.
    #[serde(default)]
    pub time: Option<Timestamp>,
    /// `info` when absent. In any case, and as other programs write it: `WARNING`, `fatal`, and
    /// pino's numbers.
    #[serde(default, deserialize_with = "level")]
    pub level: LogLevel,
    /// `agent` when absent.
    #[serde(default)]
    pub stream: LogStream,
    /// Structured extras.
    #[serde(default)]
    pub fields: Map<String, Value>,
}

/// How grave an entry is, in rising order.
#[derive(
    Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For whoever mends the agent.
    Debug,
    /// Ordinary news.
    #[default]
    Info,
    /// Something is odd.
    Warn,
    /// Something went wrong.
    Error,
}

/// The words for each level, our own and those of other programs: the one place that knows them.
pub const LEVEL_WORDS: [(LogLevel, &[&str]); 4] = [
    (
        LogLevel::Debug,
        &[
            "debug", "trace", "verbose", "fine", "finer", "finest", "silly", "trc", "dbg",
        ],
    ),
    (
        LogLevel::Info,
        &[
            "info",
            "information",
            "informational",
            "notice",
            "note",
            "log",
            "inf",
        ],
    ),
    (LogLevel::Warn, &["warn", "warning", "wrn"]),
    (
        LogLevel::Error,
        &[
            "error",
            "err",
            "severe",
            "critical",
            "crit",
            "fatal",
            "ftl",
            "alert",
            "emergency",
            "emerg",
            "panic",
        ],
    ),
];

impl LogLevel {
    /// All levels, in rising order.
    pub const ALL: [Self; 4] = [Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// Reads a level in any case, and the words of other programs, see
    /// [`LEVEL_WORDS`]. Nothing comes of any other word.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let word = text.trim().to_lowercase();
        let mut levels = LEVEL_WORDS.iter();
        let found = levels.find(|(_, words)| words.contains(&word.as_str()));
        found.map(|(level, _)| *level)
    }

    /// What a program means by a word, or by one of pino's and bunyan's numbers.
    #[must_use]
    pub fn of_value(value: &Value) -> Option<Self> {
        if let Value::String(word) = value {
            return Self::read(word);
        }
        Self::of_number(value.as_u64()?)
    }

    fn of_number(number: u64) -> Option<Self> {
        Some(match number {
            10 | 20 => Self::Debug,
            30 => Self::Info,
            40 => Self::Warn,
            50 | 60 => Self::Error,
            _ => return None,
        })
    }
}

const LEVELS: [&str; 4] = ["debug", "info", "warn", "error"];

/// The level of an entry on its way in; any word or number that is no level is refused.
fn level<'de, D: Deserializer<'de>>(from: D) -> Result<LogLevel, D::Error> {
    from.deserialize_any(WrittenLevel)
}

struct WrittenLevel;

impl Visitor<'_> for WrittenLevel {
    type Value = LogLevel;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::one_of(&LEVELS))
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<LogLevel, E> {
        LogLevel::read(word).ok_or_else(|| E::unknown_variant(word, &LEVELS))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<LogLevel, E> {
        let level = LogLevel::of_number(number);
        level.ok_or_else(|| E::unknown_variant(&number.to_string(), &LEVELS))
    }
}

/// Where an entry came from.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    /// Standard output of a process.
    Stdout,
    /// Standard error of a process.
    Stderr,
    /// Said by the agent itself.
    #[default]
    Agent,
    /// Said by the dashboard about the task.
    System,
}

impl LogStream {
    /// All streams.
    pub const ALL: [Self; 4] = [Self::Stdout, Self::Stderr, Self::Agent, Self::System];

    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Agent => "agent",
            Self::System => "system",
        }
    }
}

/// Which entries of a task to read.
#[derive(Clone, Debug, Default)]
pub struct LogFilter {
    /// This level and above.
    pub level: Option<LogLevel>,
    /// Said by this agent.
    pub agent: Option<String>,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Newest first instead of oldest first.
    pub newest_first: bool,
}
