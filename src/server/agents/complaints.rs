//! What is said of lines that cannot be taken as they are: each field once. Pure.

use std::collections::BTreeSet;

use crate::domain::{AgentEvent, LogLevel, LogStream, NewLog, Oddity};

pub(super) const RESULT_LOST: &str =
    "its result was longer than 4 MiB and is not kept, nor is what else its line said";
pub(super) const LINE_LOST: &str =
    "a line or object longer than 4 MiB was not read; if a result stood in it, that is not kept";
/// So many odd fields are named, and so many lines.
const MOST_NAMED: usize = 20;

/// So much of a name is quoted, in characters.
const LONGEST_FIELD: usize = 100;

/// What was complained about.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    named: BTreeSet<String>,
    misread: usize,
    /// What is said of a result that may be lost, until there is another.
    lost: Option<&'static str>,
}

impl Complaints {
    /// Names the fields that were not named before.
    pub(super) fn name(&mut self, oddities: Vec<Oddity>, events: &mut Vec<AgentEvent>) {
        let (mut unknown, mut are_more) = (Vec::new(), false);
        for Oddity { field, why } in oddities {
            let field = cut(field);
            if self.named.contains(&field) || self.named.len() > MOST_NAMED {
                continue;
            }
            self.named.insert(field.clone());
            if self.named.len() > MOST_NAMED {
                are_more = true;
                break;
            }
            match why {
                Some(why) => {
                    let words =
                        format!("the field \"{field}\" of a line was not understood: {why}");
                    events.push(said(words, LogLevel::Warn));
                }
                None => unknown.push(format!("\"{field}\"")),
            }
        }
        if !unknown.is_empty() {
            let unknown = unknown.join(", ");
            let words =
                format!("not understood in a line: {unknown}; the stream has no such field");
            events.push(said(words, LogLevel::Warn));
        }
        if are_more {
            let words = "more fields of its lines were not understood; they are not named";
            events.push(said(words, LogLevel::Warn));
        }
    }

    /// Says why something cannot be read that looks like part of the stream.
    pub(super) fn misread(&mut self, why: &str, events: &mut Vec<AgentEvent>) {
        self.misread += 1;
        let words = match self.misread {
            ..=MOST_NAMED => format!("looks like a line of an agent but cannot be read: {why}"),
            _ if self.misread == MOST_NAMED + 1 => {
                "more lines look like lines of an agent but cannot be read; they are not named"
                    .to_owned()
            }
            _ => return,
        };
        events.push(said(words, LogLevel::Warn));
    }

    /// Says that a line is lost that may have had the result in it.
    pub(super) fn lose_line(&mut self, has_result: bool, events: &mut Vec<AgentEvent>) {
        let words = if has_result { RESULT_LOST } else { LINE_LOST };
        if self.lost != Some(words) {
            events.push(said(words, LogLevel::Error));
        }
        // A result that is known to be lost matters more.
        if has_result || self.lost.is_none() {
            self.lost = Some(words);
        }
    }

    /// Sees what a line says: another result counts.
    pub(super) fn see(&mut self, events: &[AgentEvent]) {
        let is_result = |event: &AgentEvent| matches!(event, AgentEvent::Result(_));
        if events.iter().any(is_result) {
            self.lost = None;
        }
    }

    /// Says once more, where it is read last, what matters most; `unended` bytes of a picture hide
    /// what came after its beginning.
    pub(super) fn end(&self, unended: usize, events: &mut Vec<AgentEvent>) {
        if unended > 0 {
            let words = format!(
                "a picture began and did not end: {unended} bytes after its beginning are not shown"
            );
            events.push(said(words, LogLevel::Warn));
        }
        if let Some(words) = self.lost {
            events.push(said(words, LogLevel::Error));
        }
    }
}

fn cut(mut field: String) -> String {
    if let Some((end, _)) = field.char_indices().nth(LONGEST_FIELD) {
        field.truncate(end);
        field.push('…');
    }
    field
}

fn said(message: impl Into<String>, level: LogLevel) -> AgentEvent {
    AgentEvent::Log(NewLog {
        message: message.into(),
        level,
        stream: LogStream::System,
        ..NewLog::default()
    })
}
