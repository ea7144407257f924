//! Objects of the stream that are printed over several lines, and what is left of those that are none.

use super::json_lost::Lost;
use super::json_remains::Remains;
use super::json_scan::{JsonScan, Progress};
use super::stream_line::{FIELDS, trimmed};
use super::{Reading, StreamLine};

/// Those of the fields that other programs hardly have, as bits: all but `message` and `log`.
const TELLING: u32 = !0b110;

/// An object, or several, that is printed over several lines.
#[derive(Clone, Debug, Default)]
pub struct StreamObject {
    text: String,
    scan: JsonScan,
}

/// An object that cannot be read and does not look like part of the stream, so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruin {
    why: String,
    remains: Remains,
}

/// What a line says of a [`Ruin`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RuinLine {
    /// It belongs to it.
    Part,
    /// It shows that it was meant as part of the stream: why it cannot be read.
    Telling(String),
    /// It does not belong to it, or nothing more does.
    End,
}

impl StreamObject {
    pub(super) fn begin(line: &str) -> Self {
        let mut object = Self::default();
        object.add(line);
        object
    }

    /// Goes on with a line, if it can: false when it cannot, and is as it was before.
    pub fn go_on(&mut self, line: &str) -> bool {
        let line = trimmed(line);
        let goes_on = self.scan.try_line(line, &FIELDS);
        if goes_on {
            self.text.push_str(line);
            self.text.push('\n');
        }
        goes_on
    }

    /// True when it may go on with the beginning of a line.
    #[must_use]
    pub fn may_go_on(&self, beginning: &str) -> bool {
        self.scan.with(beginning) != Progress::Broken
    }

    /// True when the beginning of a line breaks off in one of its texts.
    #[must_use]
    pub fn is_in_text(&self, beginning: &str) -> bool {
        self.scan.is_in_text(beginning)
    }

    /// True when nothing of it is missing.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.scan.progress() == Progress::Whole
    }

    pub(super) fn is_open(&self) -> bool {
        self.scan.progress() == Progress::Open
    }

    /// The bytes that it takes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.text.len()
    }

    /// What was read of it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says; when something of it is missing, that is all there is of it.
    #[must_use]
    pub fn end(self) -> Reading {
        let has_ours = self.scan.has_wanted(u32::MAX);
        match self.scan.progress() {
            Progress::Broken if self.scan.is_row() => {
                // A row of a list with a message is nothing of ours.
                let is_telling = self.scan.has_wanted(TELLING);
                Reading::Row(is_telling.then(|| self.scan.broken().0))
            }
            Progress::Broken => {
                let (why, remains) = self.scan.broken();
                match (has_ours, remains.is_over()) {
                    (true, _) => Reading::Misread(why),
                    (false, true) => Reading::Text,
                    (false, false) => Reading::Ruin(Ruin { why, remains }),
                }
            }
            _ if !has_ours => Reading::Text,
            Progress::Open => Reading::Misread("it breaks off in the middle".to_owned()),
            Progress::Whole => self.read(),
        }
    }

    fn read(self) -> Reading {
        let mut found = StreamLine::default();
        let mut lost = Vec::new();
        let objects = self.scan.objects(&self.text, &FIELDS, &mut lost);
        if let Some(Lost { why, .. }) = lost.iter().find(|it| it.spoils) {
            return Reading::Misread(why.clone());
        }
        for json in objects {
            if let Err(error) = found.take(&json) {
                return Reading::Misread(error.to_string());
            }
        }
        for Lost { field, why, .. } in lost {
            found.odd(&field, format!("{why}, and reads as null"));
        }
        Reading::Line(found)
    }

    /// What it is, as it cannot go on with `line`.
    #[must_use]
    pub fn broken_by(mut self, line: &str) -> Reading {
        self.add(trimmed(line));
        self.end()
    }

    fn add(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        self.scan.line(line, &FIELDS);
    }
}

impl PartialEq for StreamObject {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Ruin {
    /// Goes on with a line of text.
    pub fn go_on(&mut self, line: &str) -> RuinLine {
        let line = trimmed(line);
        if !self.remains.may_go_on(line) {
            return RuinLine::End;
        }
        if self.remains.read(line, &FIELDS) != 0 {
            return RuinLine::Telling(std::mem::take(&mut self.why));
        }
        if self.remains.is_over() {
            RuinLine::End
        } else {
            RuinLine::Part
        }
    }
}

#[cfg(test)]
#[path = "stream_document_tests.rs"]
mod tests;
