//! What a line that has ended says to the dashboard.

use super::super::document::{Document, Growth, Line, texts};
use super::rows::can_wait;
use super::{LIMIT, LONGEST, Lines, is_of_stream, is_plain};
use crate::domain::{AgentEvent, LogStream, Reading, StreamLine, StreamObject};

/// Lines of which no object came may have another one in them: they are looked through so often.
const MOST_RETRIED: u8 = 32;

impl Lines {
    /// Takes in a line that has ended.
    pub(super) fn settle(&mut self, mut line: Line, events: &mut Vec<AgentEvent>) {
        self.end_row_by(&mut line, events);
        if let Some(document) = &mut self.document {
            if document.size() + line.bytes.len() > LONGEST {
                self.lose_line(events);
                return self.settle(line, events);
            }
            self.terminal.end_line();
            line.read = 0;
            return match document.add(line) {
                Growth::Open => {}
                Growth::Whole => self.end_document(events),
                Growth::Broken(reading) => self.end_broken(reading, events),
            };
        }
        let mut reading = Reading::Text;
        for text in line.texts() {
            match Reading::of(&text) {
                Reading::Text => {}
                found => reading = found,
            }
            // Without what is for terminals, a reason is nearer to what people see.
            if matches!(reading, Reading::Line(_) | Reading::Unfinished(_)) {
                break;
            }
        }
        match reading {
            Reading::Line(found) => self.take_object(vec![line], found, events),
            Reading::Unfinished(object) => self.begin_document(line, object),
            _ if is_plain(&line.bytes) => self.show_text(line, reading, events),
            _ => self.settle_as_seen(line, reading, events),
        }
    }

    /// Shows a line that was read as text, and says of it what there is to say. Of a row of a list
    /// there is nothing.
    fn show_text(&mut self, line: Line, reading: Reading, events: &mut Vec<AgentEvent>) {
        match reading {
            _ if self.around.in_list && line.seen().trim().ends_with(',') => {
                self.show_line(line, events);
            }
            Reading::Misread(why) if self.around.in_list && can_wait(&line) => {
                self.hold_row(vec![line], StreamLine::default(), Some(why));
            }
            Reading::Row(_) if self.around.in_list => self.show_line(line, events),
            reading => {
                self.show_line(line, events);
                self.say_of(reading, events);
            }
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
        mut reading: Reading,
        events: &mut Vec<AgentEvent>,
    ) {
        self.terminal
            .feed(line.bytes.get(line.read..).unwrap_or_default());
        line.read = line.bytes.len();
        let text = self.terminal.text();
        if is_of_stream(&text) && !self.is_cut {
            match Reading::of(&text) {
                // There is more of it than the terminal keeps.
                seen if self.terminal.is_cut() => {
                    let seen = match seen {
                        Reading::Unfinished(object) => object.end(),
                        seen => seen,
                    };
                    if matches!(seen, Reading::Line(_) | Reading::Misread(_)) {
                        let why = format!("it is longer than {} KiB", LIMIT / 1024);
                        reading = Reading::Misread(why);
                    }
                }
                Reading::Line(found) => return self.take_object(vec![line], found, events),
                Reading::Unfinished(object) if !line.bytes.is_empty() => {
                    return self.begin_document(line, object);
                }
                Reading::Unfinished(_) | Reading::Text => {}
                seen => reading = seen,
            }
        }
        self.show_text(line, reading, events);
    }

    /// Takes in what lines say that are whole.
    pub(super) fn understand(
        &mut self,
        lines: Vec<Line>,
        found: StreamLine,
        events: &mut Vec<AgentEvent>,
    ) {
        if found.events.is_empty() || found.is_untold {
            for line in lines {
                self.show_line(line, events);
            }
        } else {
            // Its colours may last over the next lines.
            if let [line] = &lines[..]
                && !line.is_shown
                && !is_plain(&line.bytes)
            {
                self.terminal
                    .feed(line.bytes.get(line.read..).unwrap_or_default());
            }
            self.terminal.end_line();
            self.around.ruin = None;
        }
        self.take(found, events);
    }

    fn take(&mut self, found: StreamLine, events: &mut Vec<AgentEvent>) {
        self.complaints.see(&found.events);
        events.extend(found.events);
        self.complaints.name(found.oddities, events);
    }

    pub(super) fn misread(&mut self, why: Option<String>, events: &mut Vec<AgentEvent>) {
        if let Some(why) = why {
            self.complaints.misread(&why, events);
        }
    }

    /// Shows a line, unless it was.
    pub(super) fn show_line(&mut self, line: Line, events: &mut Vec<AgentEvent>) {
        let misread = self.see(&line);
        if line.is_shown {
            self.terminal.end_line();
        } else {
            self.show(&line.bytes, line.read, events);
        }
        self.misread(misread, events);
    }

    /// The object that was collected is whole.
    fn end_document(&mut self, events: &mut Vec<AgentEvent>) {
        let Some(document) = self.document.take() else {
            return;
        };
        let in_list = self.around.in_list;
        let (lines, reading) = document.end();
        if let Reading::Line(found) = reading {
            return self.take_object(lines, found, events);
        }
        for line in lines {
            self.show_line(line, events);
        }
        self.around.in_list = in_list;
        if let Reading::Misread(why) = reading {
            self.misread(Some(why), events);
        }
    }

    /// The object that was collected is none.
    fn end_broken(&mut self, reading: Reading, events: &mut Vec<AgentEvent>) {
        if self.around.in_list && matches!(reading, Reading::Row(_)) {
            let lines = self.document.take().map(|document| document.end().0);
            let lines = lines.unwrap_or_default();
            let goes_on = lines.last().is_some_and(|line| line.seen().ends_with(','));
            self.show_rows(lines, events);
            self.around.in_list = goes_on;
            return;
        }
        self.give_up_lines(events);
        self.say_of(reading, events);
    }

    /// What was collected comes to no object, and it is said if it looked like one of the stream.
    pub(super) fn give_up_document(&mut self, events: &mut Vec<AgentEvent>) {
        if let Some(reading) = self.give_up_lines(events) {
            self.say_of(reading, events);
        }
    }

    fn say_of(&mut self, reading: Reading, events: &mut Vec<AgentEvent>) {
        match reading {
            Reading::Misread(why) | Reading::Row(Some(why)) => self.misread(Some(why), events),
            Reading::Ruin(ruin) if self.document.is_none() && !self.around.in_list => {
                self.around.ruin.get_or_insert(ruin);
            }
            _ => {}
        }
    }

    /// Its first line is text, and the others are lines like any.
    fn give_up_lines(&mut self, events: &mut Vec<AgentEvent>) -> Option<Reading> {
        let (lines, reading) = self.document.take()?.end();
        let mut lines = lines.into_iter();
        if let Some(first) = lines.next() {
            self.show_line(first, events);
        }
        for mut line in lines {
            line.retried += 1;
            if line.retried <= MOST_RETRIED {
                self.settle(line, events);
            } else {
                self.settle_alone(line, events);
            }
        }
        Some(reading)
    }

    /// Takes in a line that no other one goes on with.
    fn settle_alone(&mut self, mut line: Line, events: &mut Vec<AgentEvent>) {
        self.end_row_by(&mut line, events);
        let found = line.texts().find_map(|text| StreamLine::parse(&text));
        match found {
            Some(found) => self.take_object(vec![line], found, events),
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
            self.show_row(events);
        }
    }

    /// A line, or an object over several, is too long to be read.
    pub(super) fn lose_line(&mut self, events: &mut Vec<AgentEvent>) {
        self.show_row(events);
        let document = self.document.take();
        if self.stream == LogStream::Stdout {
            let before = document.as_ref().map_or("", Document::text);
            let mut texts = texts(&self.line, self.start).map(|text| before.to_owned() + &text);
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
