//! An object that is printed over several lines: collected until it is whole, or turns out to be
//! none. Pure.

use super::lines::{is_plain, without_return};
use crate::domain::{Reading, StreamObject, text_of};

/// A line that has ended.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// As it came.
    pub(super) bytes: Vec<u8>,
    /// How much of it the terminal has read.
    pub(super) read: usize,
    /// People see it already.
    pub(super) is_shown: bool,
}

/// The lines of what may become one object.
#[derive(Debug)]
pub(super) struct Document {
    lines: Vec<Line>,
    object: StreamObject,
}

/// What became of a document with its last line.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Growth {
    /// It goes on.
    Open,
    /// It is whole.
    Whole,
    /// It is no object; the reason, if it looked like part of the stream.
    Broken(Option<String>),
}

impl Line {
    /// What it may say: as it is, and without what is for terminals, which may stand around an object or
    /// between its parts. As it is comes first: in a text such characters are part of it.
    pub(super) fn texts(&self) -> impl Iterator<Item = String> + use<'_> {
        texts(&self.bytes)
    }
}

/// The same of a line that has not ended.
pub(super) fn texts(line: &[u8]) -> impl Iterator<Item = String> + use<'_> {
    let line = without_return(line);
    let other = || (!is_plain(line)).then(|| text_of(line));
    let mut texts = [0, 1].into_iter();
    std::iter::from_fn(move || match texts.next()? {
        0 => Some(String::from_utf8_lossy(line).into_owned()),
        _ => other(),
    })
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
    pub(super) fn may_go_on(&self, beginning: &[u8]) -> bool {
        texts(beginning).any(|text| self.object.may_go_on(&text))
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
