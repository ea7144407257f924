//! What a page shows of something that may be of any size: its beginning, and that there is more.
//! The measure is what it takes on the page, so that a page stays small whatever the data.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{LogEntry, LogLevel, LogStream, Task, TaskBody, Timestamp, Waiting};

/// What the description of a task may take on its page; half as many plain characters.
const DESCRIPTION: usize = 24_000;
const RESULT: usize = 24_000;
const ERROR: usize = 12_000;
/// What one line of a log may take: 2000 plain characters.
const LINE: usize = 4000;
/// More characters than this of a log line take more than [`LINE`].
pub const LONGEST_LINE: u32 = 2000;
/// Runs of text of one line that look different; what follows looks plain.
pub const MOST_RUNS: usize = 40;
/// What one run takes besides its text, with exact colours of text and ground.
const RUN: usize = 240;
/// What a line of a log takes besides its text.
const FRAME: usize = 420;
/// What a reason for waiting may take.
const REASON: usize = 600;

/// A text, or the beginning of a longer one.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The text as far as it is shown.
    pub text: String,
    /// The bytes of the whole text, when this is only its beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut: Option<u64>,
}

impl Excerpt {
    /// As much of `text` as takes at most `most` bytes of a page.
    #[must_use]
    pub fn of(text: &str, most: usize) -> Self {
        let mut taken = 0;
        let end = text.char_indices().find(|(_, c)| {
            taken += weight_of(*c);
            taken > most
        });
        Self {
            text: text[..end.map_or(text.len(), |(at, _)| at)].to_owned(),
            cut: end.map(|_| bytes(text)),
        }
    }

    /// The beginning that `self` is, of a text of so many bytes.
    #[must_use]
    pub fn of_bytes(mut self, whole: u64) -> Self {
        if bytes(&self.text) < whole {
            self.cut = Some(whole);
        }
        self
    }
}

fn bytes(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

/// The bytes that `text` takes on a page: once as HTML, once in the data beside it.
#[must_use]
pub fn page_weight(text: &str) -> usize {
    text.chars().map(weight_of).sum()
}

fn weight_of(c: char) -> usize {
    let html = match c {
        '<' | '>' => 4,
        '&' => 5,
        // In an attribute.
        '"' => 6,
        _ => c.len_utf8(),
    };
    // JSON, inside a literal of JavaScript.
    let data = match c {
        '<' => 7,
        '"' | '\\' => 4,
        '\n' | '\r' | '\t' => 3,
        _ if c.is_ascii_control() => 7,
        _ if c.is_ascii() => 1,
        _ => c.escape_debug().map(char::len_utf8).sum(),
    };
    html + data
}

/// The long texts of a task, as its page shows them.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct TaskTexts {
    /// What the agent is asked to do.
    pub description: Excerpt,
    /// What its agent answered: a text as it is, anything else as JSON.
    pub result: Option<Excerpt>,
    /// Why it failed or went back to the queue.
    pub error: Option<Excerpt>,
}

impl TaskTexts {
    /// The texts of `task`.
    #[must_use]
    pub fn of(task: &Task, body: &TaskBody) -> Self {
        let result = body.result.as_ref().map(|result| match result {
            Value::String(text) => Excerpt::of(text, RESULT),
            other => Excerpt::of(&in_words(other), RESULT),
        });
        Self {
            description: Excerpt::of(&body.description, DESCRIPTION),
            result,
            error: Self::error(task),
        }
    }
}

impl TaskTexts {
    /// What is shown of the error of `task`.
    #[must_use]
    pub fn error(task: &Task) -> Option<Excerpt> {
        task.error.as_deref().map(|text| Excerpt::of(text, ERROR))
    }
}

/// JSON as a person reads it.
fn in_words(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A part of a task that its page may show only the beginning of.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskPart {
    /// What the agent is asked to do.
    Description,
    /// What its agent answered.
    Result,
    /// Why it failed.
    Error,
    /// The message of this entry of its log.
    Line(i64),
}

impl TaskPart {
    /// The whole of it, unless it is a line, which the task does not hold.
    #[must_use]
    pub fn text(self, task: &Task, body: &TaskBody) -> Option<String> {
        match self {
            Self::Description => Some(body.description.clone()),
            Self::Result => body.result.as_ref().map(|result| match result {
                Value::String(text) => text.clone(),
                other => in_words(other),
            }),
            Self::Error => task.error.clone(),
            Self::Line(_) => None,
        }
    }
}

/// An entry of a log as a page shows it: without its fields, and cut when it is long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogExcerpt {
    /// The id of the entry.
    pub id: i64,
    /// When it was said.
    pub time: Timestamp,
    /// How grave it is.
    pub level: LogLevel,
    /// Where it came from.
    pub stream: LogStream,
    /// The text; may hold ANSI escape sequences.
    pub message: Excerpt,
}

impl LogExcerpt {
    /// What is shown of `message`.
    #[must_use]
    pub fn message(message: &str) -> Excerpt {
        Excerpt::of(message, LINE)
    }

    /// The bytes that it takes on a page.
    #[must_use]
    pub fn weight(&self) -> usize {
        let text = &self.message.text;
        let escapes = text.bytes().filter(|byte| *byte == 0x1b).count();
        FRAME + page_weight(text) + escapes.min(MOST_RUNS) * RUN
    }
}

impl From<&LogEntry> for LogExcerpt {
    fn from(entry: &LogEntry) -> Self {
        Self {
            id: entry.id,
            time: entry.time,
            level: entry.level,
            stream: entry.stream,
            message: Self::message(&entry.message),
        }
    }
}

/// Entries of a log that follow one another without a gap, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LogPage {
    /// The entries.
    pub entries: Vec<LogExcerpt>,
    /// True when there are more in the direction that was asked for.
    pub more: bool,
}

impl Waiting {
    /// At most `most` of `reasons`; the last one then says how many more there are.
    #[must_use]
    pub fn first(reasons: &[Self], most: usize) -> Vec<Self> {
        let shorten = |reason: &Self| {
            let detail = Excerpt::of(&reason.detail, REASON);
            let mark = if detail.cut.is_some() { "…" } else { "" };
            Self {
                detail: detail.text + mark,
                ..reason.clone()
            }
        };
        if reasons.len() <= most {
            return reasons.iter().map(shorten).collect();
        }
        let (shown, rest) = reasons.split_at(most.saturating_sub(1));
        let more = rest.first().map(|next| Self {
            code: next.code,
            detail: format!("{} more reasons", rest.len()),
            clears_itself: rest.iter().all(|reason| reason.clears_itself),
        });
        shown.iter().map(shorten).chain(more).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Excerpt, Waiting, page_weight};
    use crate::domain::WaitingCode;

    #[test]
    fn a_text_is_cut_between_characters_and_says_how_long_it_was() {
        let whole = Excerpt::of("plain", 10);
        assert_eq!((whole.text.as_str(), whole.cut), ("plain", None));
        let begun = Excerpt::of("ÄÖÜ", 8);
        assert_eq!((begun.text.as_str(), begun.cut), ("ÄÖ", Some(6)));
        let begun = Excerpt::of("plain", 8).of_bytes(70_000);
        assert_eq!((begun.text.as_str(), begun.cut), ("plai", Some(70_000)));
        assert_eq!(Excerpt::of("plain", 10).of_bytes(5).cut, None);
    }

    #[test]
    fn what_html_and_json_have_to_escape_weighs_more() {
        for text in [
            "a",
            "ä",
            "<",
            "\"",
            "\\",
            "\n",
            "\u{1b}",
            "\u{301}",
            "\u{10ffff}",
        ] {
            let json = serde_json::to_string(text).unwrap();
            // As the page holds it.
            let data = format!("{:?}", json.replace('<', "\\u003c")).len();
            let data = data - r#""\"\"""#.len();
            let html = text.replace('<', "&lt;").replace('"', "&quot;").len();
            assert!(
                page_weight(text) >= html + data,
                "{text:?}: {html} + {data}"
            );
        }
    }

    #[test]
    fn of_a_thousand_reasons_the_first_are_shown_and_the_rest_counted() {
        let reason = |clears_itself| Waiting {
            code: WaitingCode::AgentBusy,
            detail: "busy".to_owned(),
            clears_itself,
        };
        let reasons = vec![reason(true); 1000];
        assert_eq!(Waiting::first(&reasons[..3], 3), reasons[..3]);
        let shown = Waiting::first(&reasons, 3);
        assert_eq!(shown.len(), 3);
        assert_eq!(shown[2].detail, "998 more reasons");
        assert!(shown[2].clears_itself);
        let mixed = [reason(true), reason(true), reason(false)];
        assert!(!Waiting::first(&mixed, 2)[1].clears_itself);
    }
}
