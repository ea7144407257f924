//! Bytes of a pipe become events, line by line. Pure: reading and waiting are done elsewhere.
//!
//! A line is kept as it came, for what it may say to the dashboard, and is shown as a terminal
//! would show it.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

use super::complaints::Complaints;
use super::document::{Document, Growth};
use crate::domain::{AgentEvent, LogStream, NewLog, StreamLine, Terminal, text_of};

/// A longer text is cut: a log is read by people.
const LIMIT: usize = 64 * 1024;
const CUT: &str = "… [cut: line longer than 64 KiB]";
/// What is said to the dashboard in one line, or in one object of several.
const LONGEST: usize = 4 * 1024 * 1024;

/// The line that is being received, and what became of its beginning.
pub(super) struct Lines {
    stream: LogStream,
    /// From its beginning, or from where a carriage return began it anew.
    line: Vec<u8>,
    /// How much of it the terminal has read.
    read: usize,
    /// It is only shown: it was too long, or its beginning was shown already, as the rest kept
    /// people waiting.
    is_text: bool,
    /// The last thing that came is a carriage return.
    returned: bool,
    /// Its text was too long, and was shown as far as it is kept.
    is_cut: bool,
    document: Option<Document>,
    terminal: Terminal,
    complaints: Complaints,
}

impl Lines {
    pub(super) fn new(stream: LogStream) -> Self {
        Self {
            stream,
            line: Vec::new(),
            read: 0,
            is_text: false,
            returned: false,
            is_cut: false,
            document: None,
            terminal: Terminal::new(|c| c.width().unwrap_or(0), LIMIT),
            complaints: Complaints::default(),
        }
    }

    /// Takes what arrived and emits the lines that are complete.
    pub(super) fn push(&mut self, bytes: &[u8], events: &mut Vec<AgentEvent>) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (piece, ends) = match piece.strip_suffix(b"\n") {
                Some(piece) => (piece, true),
                None => (piece, false),
            };
            self.append(piece, events);
            if ends {
                self.end_line(events);
            }
        }
    }

    /// Emits what is held of an unfinished line, unless it may become one for the dashboard.
    pub(super) fn show_partial(&mut self, events: &mut Vec<AgentEvent>) {
        if self.document.is_some() {
            return;
        }
        if !self.is_text && self.stream == LogStream::Stdout {
            let text = stripped(&self.line);
            if StreamLine::may_begin(&text) {
                return;
            }
        }
        self.read_line();
        let text = self.terminal.take();
        if !text.is_empty() {
            self.is_text = true;
            events.push(self.entry(text));
        }
    }

    /// The stream ends: a last line needs no line break.
    pub(super) fn end_stream(&mut self, events: &mut Vec<AgentEvent>) {
        if !self.line.is_empty() || self.read > 0 || self.is_text {
            self.end_line(events);
        }
        while self.document.is_some() {
            self.give_up_document(events);
        }
        self.complaints.end(events);
    }

    fn append(&mut self, piece: &[u8], events: &mut Vec<AgentEvent>) {
        let rest = self.overwrite(piece);
        if let Some(last) = piece.last() {
            self.returned = *last == b'\r';
        }
        self.line.extend(rest);
        let most = match self.stream {
            LogStream::Stdout => LONGEST,
            _ => LIMIT,
        };
        if self.line.len() > most {
            let before = self.document.as_ref().map_or("", Document::text);
            let beginning = before.to_owned() + &stripped(&self.line);
            self.note_lost_result(&beginning, events);
            self.is_text = true;
        }
        if self.is_text {
            self.read_line();
            self.line.clear();
            self.read = 0;
            if self.terminal.is_cut() && !self.is_cut {
                self.is_cut = true;
                let text = self.terminal.take() + CUT;
                events.push(self.entry(text));
            }
        }
    }

    /// A carriage return followed by more begins the line anew. What stood before it was progress,
    /// and can be far more than the line that is left: it is for the terminal alone.
    fn overwrite<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        if self.returned && piece.first().is_some_and(|byte| *byte != b'\r') {
            self.begin_anew(&[]);
        }
        let begins = |pair: &[u8]| pair[0] == b'\r' && pair[1] != b'\r';
        match piece.windows(2).rposition(begins) {
            Some(at) => {
                self.begin_anew(&piece[..=at]);
                &piece[at + 1..]
            }
            None => piece,
        }
    }

    /// Leaves the line, with the end that it has, to the terminal.
    fn begin_anew(&mut self, end: &[u8]) {
        self.read_line();
        self.terminal.feed(end);
        self.line.clear();
        self.read = 0;
        self.is_text = false;
    }

    fn read_line(&mut self) {
        let rest = self.line.get(self.read..).unwrap_or_default();
        self.terminal.feed(rest);
        self.read = self.line.len();
    }

    fn end_line(&mut self, events: &mut Vec<AgentEvent>) {
        let line = std::mem::take(&mut self.line);
        let read = std::mem::take(&mut self.read);
        let is_text = std::mem::take(&mut self.is_text);
        self.returned = false;
        if is_text || self.stream != LogStream::Stdout {
            while self.document.is_some() {
                self.give_up_document(events);
            }
            return self.show(&line, read, events);
        }
        let text = stripped(&line);
        if let Some(document) = &mut self.document {
            if document.size() + text.len() > LONGEST {
                let beginning = document.text().to_owned();
                self.note_lost_result(&beginning, events);
                self.give_up_document(events);
                return self.show(&line, read, events);
            }
            // What came before a carriage return was never part of an object.
            self.terminal.end_line();
            let growth = document.add(line.clone(), &text);
            return self.grow(growth, events);
        }
        if let Some(found) = StreamLine::parse(&text) {
            return self.understand(found, &line, read, events);
        }
        if StreamLine::may_begin(&text) && text.contains('{') {
            self.terminal.end_line();
            self.document = Some(Document::begin(line.clone(), &text));
            return;
        }
        self.show(&line, read, events);
    }

    fn understand(
        &mut self,
        found: StreamLine,
        line: &[u8],
        read: usize,
        events: &mut Vec<AgentEvent>,
    ) {
        if found.events.is_empty() {
            self.show(line, read, events);
        } else {
            // Its colours may last over the next lines.
            if !is_plain(line) {
                self.terminal.feed(line.get(read..).unwrap_or_default());
            }
            self.terminal.end_line();
        }
        events.extend(found.events);
        self.complaints.name(found.oddities, events);
    }

    fn grow(&mut self, growth: Growth, events: &mut Vec<AgentEvent>) {
        match growth {
            Growth::Open => {}
            Growth::Broken => self.give_up_document(events),
            Growth::Whole => {
                let Some(document) = self.document.take() else {
                    return;
                };
                let found = StreamLine::parse(document.text()).unwrap_or_default();
                if found.events.is_empty() {
                    for line in document.into_lines() {
                        self.show(&line, 0, events);
                    }
                }
                events.extend(found.events);
                self.complaints.name(found.oddities, events);
            }
        }
    }

    /// What was collected is no object: its first line is text, and the others are lines like any.
    fn give_up_document(&mut self, events: &mut Vec<AgentEvent>) {
        let Some(document) = self.document.take() else {
            return;
        };
        let mut lines = document.into_lines().into_iter();
        if let Some(first) = lines.next() {
            self.show(&first, 0, events);
        }
        for line in lines {
            self.line = line;
            self.end_line(events);
        }
    }

    /// Shows a line of which the terminal has read so much.
    fn show(&mut self, line: &[u8], read: usize, events: &mut Vec<AgentEvent>) {
        if std::mem::take(&mut self.is_cut) {
            self.terminal.end_line();
            return;
        }
        let line = without_return(line);
        if read == 0 && self.terminal.is_plain() && is_plain(line) {
            let message = match line.get(..LIMIT) {
                Some(kept) if line.len() > LIMIT => {
                    let whole = LIMIT - unfinished_character(kept);
                    String::from_utf8_lossy(&kept[..whole]) + CUT
                }
                _ => String::from_utf8_lossy(line),
            };
            return events.push(self.entry(message.into_owned()));
        }
        self.terminal.feed(line.get(read..).unwrap_or_default());
        let was_shown = self.terminal.was_answered();
        let is_cut = self.terminal.is_cut();
        if let Some(mut text) = self.terminal.end_line()
            && !(was_shown && text.is_empty())
        {
            if is_cut {
                text += CUT;
            }
            events.push(self.entry(text));
        }
    }

    fn note_lost_result(&mut self, beginning: &str, events: &mut Vec<AgentEvent>) {
        if self.stream == LogStream::Stdout && StreamLine::begins_result(beginning) {
            self.complaints.lose_result(events);
        }
    }

    fn entry(&self, message: String) -> AgentEvent {
        AgentEvent::Log(NewLog {
            message,
            stream: self.stream,
            ..NewLog::default()
        })
    }
}

/// `line` without the carriage returns at its end.
fn without_return(mut line: &[u8]) -> &[u8] {
    while let Some(rest) = line.strip_suffix(b"\r") {
        line = rest;
    }
    line
}

/// True when a terminal shows nothing but the text of it.
fn is_plain(line: &[u8]) -> bool {
    let is_control = |byte: &u8| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f;
    // U+0080 to U+009F are control characters; some marks stand in the way of no text.
    let second_set = |pair: &[u8]| pair[0] == 0xc2 && (0x80..=0x9f).contains(&pair[1]);
    !line.iter().any(is_control) && !line.windows(2).any(second_set)
}

/// The text of a line without what is for terminals, which may stand around an object.
fn stripped(line: &[u8]) -> Cow<'_, str> {
    let line = without_return(line);
    if is_plain(line) {
        return String::from_utf8_lossy(line);
    }
    Cow::Owned(text_of(line))
}

/// How many bytes at the end are the beginning of a character whose rest has not arrived.
fn unfinished_character(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    (1..=tail.len())
        .find(|taken| {
            let end = &tail[tail.len() - taken..];
            std::str::from_utf8(end)
                .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
        })
        .unwrap_or(0)
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
