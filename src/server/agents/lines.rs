//! Bytes of a pipe become events, line by line. Pure: reading and waiting are done elsewhere.

use crate::domain::{AgentEvent, LogStream, NewLog, StreamLine};

/// A longer line is cut: a log is read by people.
const LIMIT: usize = 64 * 1024;
const CUT: &str = "… [cut: line longer than 64 KiB]";

/// The line that is being received, and what became of its beginning.
pub(super) struct Lines {
    stream: LogStream,
    line: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum State {
    /// All of the line is held.
    Whole,
    /// Its beginning was shown already, because the rest kept people waiting.
    Continued,
    /// It was cut; the rest is dropped.
    Skipping,
}

impl Lines {
    pub(super) fn new(stream: LogStream) -> Self {
        Self {
            stream,
            line: Vec::new(),
            state: State::Whole,
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

    /// Emits what is held of an unfinished line, except half a character.
    pub(super) fn show_partial(&mut self, events: &mut Vec<AgentEvent>) {
        let whole = self.line.len() - unfinished_character(&self.line);
        let seen = without_return(&self.line[..whole]);
        if !seen.is_empty() {
            events.push(self.entry(seen));
            self.line.drain(..whole);
            self.state = State::Continued;
        }
    }

    /// The end of a line, or of the stream: a last line needs no line break.
    pub(super) fn end_line(&mut self, events: &mut Vec<AgentEvent>) {
        let line = without_return(&self.line);
        match self.state {
            State::Whole => events.extend(self.understand(line)),
            State::Continued if !line.is_empty() => events.push(self.entry(line)),
            State::Continued | State::Skipping => {}
        }
        self.line.clear();
        self.state = State::Whole;
    }

    /// Like [`Self::end_line`], for a stream that ends: nothing held means nothing said.
    pub(super) fn end_stream(&mut self, events: &mut Vec<AgentEvent>) {
        if !self.line.is_empty() {
            self.end_line(events);
        }
    }

    fn append(&mut self, piece: &[u8], events: &mut Vec<AgentEvent>) {
        if self.state == State::Skipping {
            return;
        }
        let piece = self.overwrite(piece);
        let room = LIMIT - self.line.len();
        self.line.extend(piece.iter().take(room));
        if piece.len() > room {
            let whole = self.line.len() - unfinished_character(&self.line);
            let message = text(&self.line[..whole]) + CUT;
            events.push(said(message, self.stream));
            self.line.clear();
            self.state = State::Skipping;
        }
    }

    /// A carriage return followed by more begins the line anew, as in a terminal: what stood before
    /// it was progress that nobody would want to search or count, and can be far more than the
    /// line that is left. So it is dropped here, and every reader of the log sees the same.
    fn overwrite<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let returned = self.line.ends_with(b"\r");
        if returned && piece.first().is_some_and(|byte| *byte != b'\r') {
            self.line.clear();
        }
        let begins = |pair: &[u8]| pair[0] == b'\r' && pair[1] != b'\r';
        match piece.windows(2).rposition(begins) {
            Some(at) => {
                self.line.clear();
                &piece[at + 1..]
            }
            None => piece,
        }
    }

    fn understand(&self, line: &[u8]) -> Vec<AgentEvent> {
        let message = text(line);
        if self.stream == LogStream::Stdout
            && let StreamLine::Events(events) = StreamLine::parse(&message)
        {
            return events;
        }
        vec![said(message, self.stream)]
    }

    fn entry(&self, line: &[u8]) -> AgentEvent {
        said(text(line), self.stream)
    }
}

/// `line` without the carriage returns at its end.
fn without_return(mut line: &[u8]) -> &[u8] {
    while let Some(rest) = line.strip_suffix(b"\r") {
        line = rest;
    }
    line
}

fn said(message: String, stream: LogStream) -> AgentEvent {
    AgentEvent::Log(NewLog {
        message,
        stream,
        ..NewLog::default()
    })
}

/// NUL is replaced too: PostgreSQL cannot store it.
fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text.into_owned()
    }
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
mod tests {
    use super::{CUT, LIMIT, Lines};
    use crate::domain::{AgentEvent, LogStream};

    fn messages(events: Vec<AgentEvent>) -> Vec<String> {
        let message = |event| match event {
            AgentEvent::Log(log) => log.message,
            other => format!("{other:?}"),
        };
        events.into_iter().map(message).collect()
    }

    fn read(pieces: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::new(LogStream::Stdout);
        let mut events = Vec::new();
        for piece in pieces {
            lines.push(piece, &mut events);
        }
        lines.end_stream(&mut events);
        messages(events)
    }

    #[test]
    fn lines_end_where_they_end_however_they_arrive() {
        let cases: [(&[&[u8]], &[&str]); 11] = [
            (&[b"p1\rp2\rp3\n"], &["p3"]),
            (&[b"p1\rp2\r", b"p3", b"\r\n", b"end\r"], &["p3", "end"]),
            (&[b"a\r\r\nb\r", b"\r\n"], &["a", "b"]),
            (&[b"10%\r{\"progress\":0.5}\n"], &["Progress(0.5)"]),
            (&[b"a\nb\r\n", b"\nc"], &["a", "b", "", "c"]),
            (&[b"a", b"b", b"\n"], &["ab"]),
            (&[], &[]),
            (&[b"\xff\xfe!\n"], &["\u{fffd}\u{fffd}!"]),
            (&["é\n".as_bytes().split_at(1).0, b"\xa9\n"], &["é"]),
            (&[b"a\0b\n"], &["a\u{fffd}b"]),
            (&[b"\x1b[31mred\x1b[0m\n"], &["\x1b[31mred\x1b[0m"]),
        ];
        for (pieces, expected) in cases {
            assert_eq!(read(pieces), expected);
        }
        assert_eq!(
            read(&[b"::progress 0.5\n{\"progress\":1}"]),
            ["Progress(0.5)", "Progress(1.0)"]
        );
    }

    #[test]
    fn a_long_line_is_cut_once_and_the_next_one_is_whole() {
        let long = "é".repeat(LIMIT);
        let found = read(&[long.as_bytes(), long.as_bytes(), b"\nnext\n"]);
        assert_eq!(found, ["é".repeat(LIMIT / 2) + CUT, "next".to_owned()]);
        let odd = format!("x{long}\n");
        assert!(!read(&[odd.as_bytes()])[0].contains('\u{fffd}'));
    }

    #[test]
    fn a_shown_beginning_is_followed_by_the_rest() {
        let mut lines = Lines::new(LogStream::Stdout);
        let mut events = Vec::new();
        lines.push(b"name\xc3", &mut events);
        lines.show_partial(&mut events);
        lines.show_partial(&mut events);
        lines.push(b"\xa9? \n::progress", &mut events);
        lines.show_partial(&mut events);
        lines.push(b"\n", &mut events);
        assert_eq!(messages(events), ["name", "é? ", "::progress"]);
    }
}
