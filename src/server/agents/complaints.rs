//! What is said of lines that cannot be taken as they are: each field once. Pure.

use std::collections::BTreeSet;

use crate::domain::{AgentEvent, LogLevel, LogStream, NewLog, Oddity};

pub(super) const RESULT_LOST: &str =
    "its result was longer than 4 MiB and is not kept, nor is what stood behind it";
/// So many odd fields are named.
const MOST_NAMED: usize = 20;

/// What was complained about.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    named: BTreeSet<String>,
    result_lost: bool,
}

impl Complaints {
    /// Names the fields that were not named before.
    pub(super) fn name(&mut self, oddities: Vec<Oddity>, events: &mut Vec<AgentEvent>) {
        let mut unknown = Vec::new();
        for Oddity { field, why } in oddities {
            if self.named.contains(&field) || self.named.len() > MOST_NAMED {
                continue;
            }
            self.named.insert(field.clone());
            if self.named.len() > MOST_NAMED {
                let words = "more fields of its lines were not understood; they are not named";
                events.push(said(words.to_owned(), LogLevel::Warn));
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
    }

    /// Says that the result is lost.
    pub(super) fn lose_result(&mut self, events: &mut Vec<AgentEvent>) {
        self.result_lost = true;
        events.push(said(RESULT_LOST.to_owned(), LogLevel::Error));
    }

    /// Says once more, where it is read last, what matters most.
    pub(super) fn end(&self, events: &mut Vec<AgentEvent>) {
        if self.result_lost {
            events.push(said(RESULT_LOST.to_owned(), LogLevel::Error));
        }
    }
}

fn said(message: String, level: LogLevel) -> AgentEvent {
    AgentEvent::Log(NewLog {
        message,
        level,
        stream: LogStream::System,
        ..NewLog::default()
    })
}
