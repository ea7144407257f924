//! Lists of other programs: their rows say nothing to the dashboard, whatever fields they have.
//!
//! The last row looks like any object until its list ends, on the next line. Where a list has begun, an
//! object waits for that line.

use super::super::document::{Line, texts};
use super::Lines;
use crate::domain::{AgentEvent, Ruin, RuinLine, StreamLine};

/// False for a line whose beginning was shown: its bytes are gone.
pub(super) fn can_wait(line: &Line) -> bool {
    !line.bytes.is_empty()
}

/// What the lines before say of those that follow.
#[derive(Default)]
pub(super) struct Around {
    /// A list of another program has begun.
    pub(super) in_list: bool,
    row: Option<Row>,
    /// An object that could not be read.
    pub(super) ruin: Option<Ruin>,
}

/// An object that may be the last row of a list.
struct Row {
    lines: Vec<Line>,
    found: StreamLine,
    /// Why it cannot be read.
    misread: Option<String>,
}

impl Lines {
    /// Takes in an object, once it is known to be no row of a list.
    pub(super) fn take_object(
        &mut self,
        lines: Vec<Line>,
        found: StreamLine,
        events: &mut Vec<AgentEvent>,
    ) {
        if self.around.in_list && lines.iter().all(can_wait) {
            self.hold_row(lines, found, None);
        } else {
            self.understand(lines, found, events);
        }
    }

    /// Has what may be the last row of a list wait for the next line.
    pub(super) fn hold_row(
        &mut self,
        mut lines: Vec<Line>,
        found: StreamLine,
        misread: Option<String>,
    ) {
        self.terminal.end_line();
        for line in &mut lines {
            line.read = 0;
        }
        self.around.row = Some(Row {
            lines,
            found,
            misread,
        });
    }

    /// Another line begins, or none with the end of the stream: what waited is a row, or is not.
    pub(super) fn end_row(&mut self, next: &str, events: &mut Vec<AgentEvent>) {
        let Some(row) = self.around.row.take() else {
            return;
        };
        self.around.in_list = next.trim_start().starts_with([',', ']']);
        if self.around.in_list {
            self.show_rows(row.lines, events);
        } else {
            self.understand(row.lines, row.found, events);
            self.misread(row.misread, events);
        }
    }

    /// The same with a line that has ended.
    pub(super) fn end_row_by(&mut self, line: &mut Line, events: &mut Vec<AgentEvent>) {
        if self.around.row.is_some() {
            self.terminal.end_line();
            line.read = 0;
            self.end_row(&line.seen(), events);
        }
    }

    /// Nothing came for a while: what waits is shown, and still counts. A question is asked: who waits
    /// for the answer never ends the list.
    pub(super) fn show_row(&mut self, events: &mut Vec<AgentEvent>) {
        let Some(mut row) = self.around.row.take() else {
            return;
        };
        self.terminal.end_line();
        self.read = 0;
        let next = texts(&self.line, self.start).last().unwrap_or_default();
        let is_question = |event: &AgentEvent| matches!(event, AgentEvent::NeedsInput(_));
        let is_known = !next.trim().is_empty() || row.found.events.iter().any(is_question);
        if !is_known {
            for line in row.lines.iter_mut().filter(|line| !line.is_shown) {
                self.show(&line.bytes, 0, events);
                line.is_shown = true;
            }
        }
        self.around.row = Some(row);
        if is_known {
            self.end_row(&next, events);
        }
    }

    /// Shows the lines of a row, after which the list goes on.
    pub(super) fn show_rows(&mut self, lines: Vec<Line>, events: &mut Vec<AgentEvent>) {
        for line in lines {
            self.show_line(line, events);
        }
        self.around.in_list = true;
    }

    /// Sees a line of text: whether a list begins or goes on with it, and what it says of an object that
    /// could not be read. Answers why that could not be, if it was meant as part of the stream.
    pub(super) fn see(&mut self, line: &Line) -> Option<String> {
        let text = line.seen();
        let text = text.trim();
        let is_object = text.starts_with('{') && text.ends_with('}');
        if !text.is_empty() && !is_object {
            let begins = text.matches('[').count() > text.matches(']').count();
            let goes_on = text.ends_with(',') && (self.around.in_list || begins);
            self.around.in_list = text.ends_with('[') || goes_on;
        }
        match self.around.ruin.as_mut()?.go_on(text) {
            RuinLine::Part => None,
            RuinLine::End => {
                self.around.ruin = None;
                None
            }
            RuinLine::Telling(why) => {
                self.around.ruin = None;
                Some(why)
            }
        }
    }
}
