//! An object that is printed over several lines: collected until it is whole, or turns out to be
//! none. Pure.

use std::borrow::Cow;

use super::lines::{is_plain, without_return};
use crate::domain::{Reading, StreamObject, text_of};

/// A line that has ended.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// As it came.
    pub(super) bytes: Vec<u8>,
    /// Where a carriage return began it anew. What stands before that is kept where it may be part of an
    /// object.
    pub(super) start: usize,
    /// How much of it the terminal has read.
    pub(super) read: usize,
    /// People see it already.
    pub(super) is_shown: bool,
    /// In how many objects it stood of which none came.
    pub(super) retried: u8,
}

/// The lines of what may become one object.
#[derive(Debug)]
pub(super) struct Document {
    lines: Vec<Line>,
    object: StreamObject,
}

/// What became of a document with its last line.
#[derive(Debug, PartialEq)]
pub(super) enum Growth {
    /// It goes on.
    Open,
    /// It is whole.
    Whole,
    /// It is no object: what it is.
    Broken(Reading),
}

impl Line {
    /// What it may say: as it is, and without what is for terminals, which may stand around an object or
    /// between its parts. As it is comes first: in a text such characters are part of it.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> + use<'_> {
        texts(&self.bytes, self.start)
    }

    /// What people see of it, about.
    pub(super) fn seen(&self) -> Cow<'_, str> {
        let line = without_return(&self.bytes);
        let rest = line.get(self.start..).unwrap_or_default();
        if is_plain(rest) {
            String::from_utf8_lossy(rest)
        } else {
            Cow::Owned(text_of(rest))
        }
    }
}

/// The same of a line that has not ended.
pub(super) fn texts(line: &[u8], start: usize) -> impl Iterator<Item = String> + use<'_> {
    let line = without_return(line);
    let rest = line.get(start..).unwrap_or_default();
    let whole = (start > 0).then_some(line);
    let shown = (!is_plain(rest)).then_some(rest);
    let as_is = |line: &[u8]| String::from_utf8_lossy(line).into_owned();
    // A carriage return is part of it.
    let seen = |line: &[u8]| {
        let parts = line.split(|byte| *byte == b'\r').map(text_of);
        parts.collect::<Vec<_>>().join("\r")
    };
    let wholes = whole.map(as_is).into_iter().chain(whole.map(seen));
    let as_is = [rest].into_iter().map(as_is);
    wholes.chain(as_is).chain(shown.into_iter().map(text_of))
}

impl Document {
    /// `object` begins with `line`, and does not end with it.
    pub(super) fn begin(line: Line, object: StreamObject) -> Self {
        Self {
            lines: vec![line],
            object,
        }
    }

    /// Goes on with a line.
    pub(super) fn add(&mut self, line: Line) -> Growth {
        let goes_on = line.texts().any(|text| self.object.go_on(&text));
        let last = line.texts().last().filter(|_| !goes_on);
        self.lines.push(line);
        if let Some(last) = last {
            let object = std::mem::take(&mut self.object);
            return Growth::Broken(object.broken_by(&last));
        }
        if self.object.is_whole() {
            Growth::Whole
        } else {
            Growth::Open
        }
    }

    /// True when it may go on with the beginning of a line.
    pub(super) fn may_go_on(&self, beginning: &[u8], start: usize) -> bool {
        texts(beginning, start).any(|text| self.object.may_go_on(&text))
    }

    /// True when `beginning` breaks off in one of its texts.
    pub(super) fn is_in_text(&self, beginning: &[u8]) -> bool {
        texts(beginning, 0).any(|text| self.object.is_in_text(&text))
    }

    /// What was read of it.
    pub(super) fn text(&self) -> &str {
        self.object.text()
    }

    /// The bytes that it takes.
    pub(super) fn size(&self) -> usize {
        self.object.size()
    }

    /// Its lines.
    pub(super) fn lines(&mut self) -> &mut [Line] {
        &mut self.lines
    }

    /// Its lines, and what it says.
    pub(super) fn end(self) -> (Vec<Line>, Reading) {
        (self.lines, self.object.end())
    }
}
