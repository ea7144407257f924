//! What a line that has ended says to the dashboard.

use super::super::document::{Document, Growth, Line, texts};
use super::{LIMIT, LONGEST, Lines, is_plain};
use crate::domain::{AgentEvent, LogStream, Reading, StreamLine, StreamObject};

/// Lines of which no object came may have another one in them: so many are looked through.
const MOST_RETRIED: usize = 1000;

impl Lines {
    /// Takes in a line that has ended.
    pub(super) fn settle(&mut self, mut line: Line, events: &mut Vec<AgentEvent>) {
        if let Some(document) = &mut self.document {
            if document.size() + line.bytes.len() > LONGEST {
                self.lose_line(events);
                return self.settle(line, events);
            }
            // What came before a carriage return was never part of an object.
            self.terminal.end_line();
            line.read = 0;
            return match document.add(line) {
                Growth::Open => {}
                Growth::Whole => self.end_document(events),
                Growth::Broken(why) => {
                    self.give_up_lines(events);
                    self.misread(why, events);
                }
            };
        }
        let mut misread = None;
        let mut readings = line.texts().map(|text| Reading::of(&text));
        let reading = readings.find(|reading| match reading {
            Reading::Line(_) | Reading::Unfinished(_) => true,
            Reading::Text => false,
            Reading::Misread(why) => {
                // Without what is for terminals, the reason is nearer to what people see.
                misread = Some(why.clone());
                false
            }
        });
        drop(readings);
        match reading {
            Some(Reading::Line(found)) => self.understand(found, line, events),
            Some(Reading::Unfinished(object)) => self.begin_document(line, object),
            _ if is_plain(&line.bytes) || !line.bytes.contains(&b'{') => {
                self.show_line(line, events);
                self.misread(misread, events);
            }
            _ => self.settle_as_seen(line, misread, events),
        }
    }

    fn begin_document(&mut self, mut line: Line, object: StreamObject) {
        self.terminal.end_line();
        line.read = 0;
        self.document = Some(Document::begin(line, object));
    }

    /// Takes in a line as it is seen: what stands on it after all that was erased.
    pub(super) fn settle_as_seen(
        &mut self,
        mut line: Line,
        mut misread: Option<String>,
        events: &mut Vec<AgentEvent>,
    ) {
        self.terminal
            .feed(line.bytes.get(line.read..).unwrap_or_default());
        line.read = line.bytes.len();
        let text = self.terminal.text();
        if text.trim_start().starts_with('{') && !self.is_cut {
            match Reading::of(&text) {
                // There is more of it than the terminal keeps.
                reading if self.terminal.is_cut() => {
                    let is_ours = match reading {
                        Reading::Unfinished(object) => object.end() != Reading::Text,
                        reading => reading != Reading::Text,
                    };
                    let why = || format!("it is longer than {} KiB", LIMIT / 1024);
                    misread = misread.or_else(|| is_ours.then(why));
                }
                Reading::Line(found) => return self.understand(found, line, events),
                Reading::Unfinished(object) if !line.bytes.is_empty() => {
                    return self.begin_document(line, object);
                }
                Reading::Misread(why) => misread = misread.or(Some(why)),
                Reading::Unfinished(_) | Reading::Text => {}
            }
        }
        self.show_line(line, events);
        self.misread(misread, events);
    }

    fn understand(&mut self, found: StreamLine, line: Line, events: &mut Vec<AgentEvent>) {
        if found.events.is_empty() || found.is_untold {
            self.show_line(line, events);
        } else {
            // Its colours may last over the next lines.
            if !is_plain(&line.bytes) {
                self.terminal
                    .feed(line.bytes.get(line.read..).unwrap_or_default());
            }
            self.terminal.end_line();
        }
        self.take(found, events);
    }

    fn take(&mut self, found: StreamLine, events: &mut Vec<AgentEvent>) {
        self.complaints.see(&found.events);
        events.extend(found.events);
        self.complaints.name(found.oddities, events);
    }

    fn misread(&mut self, why: Option<String>, events: &mut Vec<AgentEvent>) {
        if let Some(why) = why {
            self.complaints.misread(&why, events);
        }
    }

    /// Shows a line, unless it was.
    fn show_line(&mut self, line: Line, events: &mut Vec<AgentEvent>) {
        if line.is_shown {
            self.terminal.end_line();
        } else {
            self.show(&line.bytes, line.read, events);
        }
    }

    /// The object that was collected is whole.
    fn end_document(&mut self, events: &mut Vec<AgentEvent>) {
        let Some(document) = self.document.take() else {
            return;
        };
        let (lines, reading) = document.end();
        let (found, why) = match reading {
            Reading::Line(found) => (found, None),
            Reading::Misread(why) => (StreamLine::default(), Some(why)),
            Reading::Text | Reading::Unfinished(_) => (StreamLine::default(), None),
        };
        if found.events.is_empty() || found.is_untold {
            for line in lines {
                self.show_line(line, events);
            }
        }
        self.take(found, events);
        self.misread(why, events);
    }

    /// What was collected comes to no object, and it is said if it looked like one of the stream.
    pub(super) fn give_up_document(&mut self, events: &mut Vec<AgentEvent>) {
        let reading = self.give_up_lines(events);
        if let Some(Reading::Misread(why)) = reading {
            self.complaints.misread(&why, events);
        }
    }

    /// Its first line is text, and the others are lines like any.
    fn give_up_lines(&mut self, events: &mut Vec<AgentEvent>) -> Option<Reading> {
        let (lines, reading) = self.document.take()?.end();
        let are_retried = lines.len() <= MOST_RETRIED;
        let mut lines = lines.into_iter();
        if let Some(first) = lines.next() {
            self.show_line(first, events);
        }
        for line in lines {
            if are_retried {
                self.settle(line, events);
            } else {
                self.settle_alone(line, events);
            }
        }
        Some(reading)
    }

    /// Takes in a line that no other one goes on with.
    fn settle_alone(&mut self, line: Line, events: &mut Vec<AgentEvent>) {
        let found = line.texts().find_map(|text| StreamLine::parse(&text));
        match found {
            Some(found) => self.understand(found, line, events),
            None => self.show_line(line, events),
        }
    }

    /// Shows what is collected of an object. A question in a line of its own is asked: who waits for
    /// the answer never ends the object.
    pub(super) fn show_held(&mut self, events: &mut Vec<AgentEvent>) {
        self.terminal.end_line();
        self.read = 0;
        let Some(mut document) = self.document.take() else {
            return;
        };
        let asks = |line: &Line| {
            let found = line.texts().find_map(|text| StreamLine::parse(&text));
            let is_question = |event: &AgentEvent| matches!(event, AgentEvent::NeedsInput(_));
            found.is_some_and(|found| found.events.iter().any(is_question))
        };
        let asks = document
            .lines()
            .last()
            .is_some_and(|line| !line.is_shown && asks(line));
        if !asks {
            for line in document.lines().iter_mut().filter(|line| !line.is_shown) {
                self.show(&line.bytes, 0, events);
                line.is_shown = true;
            }
        }
        self.document = Some(document);
        if asks {
            self.give_up_lines(events);
        }
    }

    /// A line, or an object over several, is too long to be read.
    pub(super) fn lose_line(&mut self, events: &mut Vec<AgentEvent>) {
        let document = self.document.take();
        if self.stream == LogStream::Stdout {
            let before = document.as_ref().map_or("", Document::text);
            let mut texts = texts(&self.line).map(|text| before.to_owned() + &text);
            // Blanks alone are no beginning.
            let begins = |text: &String| text.contains(['{', ':']) && StreamLine::may_begin(text);
            if let Some(beginning) = texts.find(begins) {
                self.complaints
                    .lose_line(StreamLine::begins_result(&beginning), events);
            }
        }
        if document.is_some() {
            self.terminal.end_line();
            self.read = 0;
        }
        for line in document.into_iter().flat_map(|document| document.end().0) {
            self.settle_alone(line, events);
        }
    }
}
