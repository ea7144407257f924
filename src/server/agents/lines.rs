//! Bytes of a pipe become events, line by line. Pure: reading and waiting are done elsewhere.
//!
//! A line is kept as it came, for what it may say to the dashboard, and is shown as a terminal
//! would show it. What it says is in `settle.rs`.

#[path = "rows.rs"]
mod rows;
#[path = "settle.rs"]
mod settle;

use unicode_width::UnicodeWidthChar;

use self::rows::Around;
use super::complaints::Complaints;
use super::document::{Document, Line, texts};
use super::wide::Wide;
use crate::domain::{AgentEvent, LogStream, NewLog, Reading, StreamLine, Terminal};

/// A longer text is cut: a log is read by people.
const LIMIT: usize = 64 * 1024;
const CUT: &str = "… [cut: line longer than 64 KiB]";
/// What is said to the dashboard in one line, or in one object of several.
const LONGEST: usize = 4 * 1024 * 1024;

/// The line that is being received, and what became of its beginning.
pub(super) struct Lines {
    stream: LogStream,
    wide: Wide,
    /// From its beginning, or from where a carriage return began it anew.
    line: Vec<u8>,
    /// Where a carriage return began it anew, where what stood before that is kept.
    start: usize,
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
    around: Around,
    terminal: Terminal,
    complaints: Complaints,
}

impl Lines {
    pub(super) fn new(stream: LogStream) -> Self {
        Self {
            stream,
            wide: Wide::default(),
            line: Vec::new(),
            start: 0,
            read: 0,
            is_text: false,
            returned: false,
            is_cut: false,
            document: None,
            around: Around::default(),
            terminal: Terminal::new(|c| c.width().unwrap_or(0), LIMIT),
            complaints: Complaints::default(),
        }
    }

    /// Takes what arrived and emits the lines that are complete.
    pub(super) fn push(&mut self, bytes: &[u8], events: &mut Vec<AgentEvent>) {
        let bytes = self.wide.read(bytes);
        self.push_text(&bytes, events);
    }

    fn push_text(&mut self, bytes: &[u8], events: &mut Vec<AgentEvent>) {
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

    /// Emits what is held, but for an unfinished line that may become one for the dashboard. What is
    /// collected of an object is shown, too, and may still become one.
    pub(super) fn show_partial(&mut self, events: &mut Vec<AgentEvent>) {
        self.show_row(events);
        while self.document.is_some() {
            self.show_held(events);
            let goes_on = |document: &Document| document.may_go_on(&self.line, self.start);
            if self.document.as_ref().is_some_and(goes_on) {
                return;
            }
            self.give_up_document(events);
        }
        let is_stdout = self.stream == LogStream::Stdout;
        let mut texts = texts(&self.line, self.start);
        if is_stdout && !self.is_text && texts.any(|it| StreamLine::may_begin(&it)) {
            return;
        }
        drop(texts);
        self.read_line();
        let text = self.terminal.text();
        if is_stdout && is_of_stream(&text) && StreamLine::may_begin(&text) {
            return;
        }
        let text = self.terminal.take();
        if !text.is_empty() {
            self.is_text = true;
            events.push(self.entry(text));
        }
    }

    /// The stream ends: a last line needs no line break.
    pub(super) fn end_stream(&mut self, events: &mut Vec<AgentEvent>) {
        let rest = self.wide.end();
        self.push_text(&rest, events);
        if !self.line.is_empty() || self.read > 0 || self.is_text {
            self.end_line(events);
        }
        while self.document.is_some() {
            self.give_up_document(events);
        }
        self.end_row("", events);
        self.complaints.end(self.terminal.unended(), events);
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
        if self.line.len() > most && !self.is_text {
            self.lose_line(events);
            self.is_text = true;
        }
        if self.is_text {
            self.read_line();
            self.clear_line();
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
            self.begin_anew();
        }
        let begins = |pair: &[u8]| pair[0] == b'\r' && pair[1] != b'\r';
        match piece.windows(2).rposition(begins) {
            Some(at) => {
                self.line.extend(&piece[..=at]);
                self.begin_anew();
                &piece[at + 1..]
            }
            None => piece,
        }
    }

    /// Leaves the line to the terminal, but for a text of an object, of which the return is part.
    fn begin_anew(&mut self) {
        self.read_line();
        if self.start > 0 || self.is_in_text() {
            self.start = self.line.len();
        } else {
            self.clear_line();
            self.is_text = false;
        }
    }

    fn is_in_text(&self) -> bool {
        if self.is_text || self.stream != LogStream::Stdout {
            return false;
        }
        match &self.document {
            Some(document) => document.is_in_text(&self.line),
            None => texts(&self.line, 0).any(|text| StreamLine::is_in_text(&text)),
        }
    }

    fn clear_line(&mut self) {
        self.line.clear();
        (self.start, self.read) = (0, 0);
    }

    fn read_line(&mut self) {
        let rest = self.line.get(self.read..).unwrap_or_default();
        self.terminal.feed(rest);
        self.read = self.line.len();
    }

    fn end_line(&mut self, events: &mut Vec<AgentEvent>) {
        let line = Line {
            bytes: std::mem::take(&mut self.line),
            start: std::mem::take(&mut self.start),
            read: std::mem::take(&mut self.read),
            ..Line::default()
        };
        let is_text = std::mem::take(&mut self.is_text);
        self.returned = false;
        if self.stream != LogStream::Stdout {
            self.show(&line.bytes, line.read, events);
        } else if is_text {
            self.settle_as_seen(line, Reading::Text, events);
        } else {
            self.settle(line, events);
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

    fn entry(&self, message: String) -> AgentEvent {
        AgentEvent::Log(NewLog {
            message,
            stream: self.stream,
            ..NewLog::default()
        })
    }
}

/// True for what may be part of the stream, by its beginning.
fn is_of_stream(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with('{') || text.starts_with("::progress")
}

/// `line` without the carriage returns at its end.
pub(super) fn without_return(mut line: &[u8]) -> &[u8] {
    while let Some(rest) = line.strip_suffix(b"\r") {
        line = rest;
    }
    line
}

/// True when a terminal shows nothing but the text of it.
pub(super) fn is_plain(line: &[u8]) -> bool {
    let is_control = |byte: &u8| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f;
    // U+0080 to U+009F are control characters; some marks stand in the way of no text.
    let second_set = |pair: &[u8]| pair[0] == 0xc2 && (0x80..=0x9f).contains(&pair[1]);
    !line.iter().any(is_control) && !line.windows(2).any(second_set)
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
