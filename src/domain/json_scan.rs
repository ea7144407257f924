//! JSON objects as programs print them: read line by line as they come, and no byte twice. What
//! begins like one and is none is found out at once.
//!
//! Some things that programs print are no JSON, but where they end is plain: words and numbers that JSON does
//! not have, and values that are missing, are read as null and told of; control characters in texts are
//! read as what they are.

use std::fmt::Write;

use super::json_lost::{Lost, note, quoted};
use super::json_remains::Remains;
use super::json_words::{Word, escape_length};

/// Where one or several objects, one after the other, stand.
#[derive(Clone, Debug, Default)]
pub(super) struct JsonScan {
    /// The brackets that are open; true for an object.
    open: Vec<bool>,
    expect: Expect,
    in_text: bool,
    /// How many bytes the lines before had, with their ends.
    before: usize,
    /// Where the names of the objects around stand, with their depth.
    names: Vec<(usize, Place)>,
    /// The names of the outermost objects that were looked for, as bits.
    seen: u32,
    /// Where each of the objects ends.
    ends: Vec<usize>,
    /// What has to be written in another way.
    marks: Vec<Mark>,
    /// What follows the last object is what stands between or after the rows of a list.
    is_row: bool,
    /// Why it goes on no more.
    broken: Option<String>,
    /// What is read behind the place where it broke.
    remains: Remains,
}

/// From where to where.
type Place = (usize, usize);

/// What is no JSON, and is read nevertheless.
#[derive(Clone, Debug)]
struct Mark {
    place: Place,
    /// The names around a word that cannot be kept; none for a character.
    names: Option<Box<[Place]>>,
}

/// What became of the objects.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Progress {
    /// The last one goes on, or has not begun.
    Open,
    /// All are whole.
    Whole,
    /// They cannot go on so.
    Broken,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Expect {
    /// An object, from its bracket on.
    #[default]
    Object,
    Value,
    ValueOrEnd,
    Name,
    NameOrEnd,
    Colon,
    CommaOrEnd,
}

/// Names of deeper objects are not told.
const DEEPEST_NAME: usize = 3;
/// Who prints more of it does not print JSON.
const MOST_MARKS: usize = 1024 * 1024;
/// Nobody nests deeper; what is read says so much sooner.
const DEEPEST: usize = 1000;

impl JsonScan {
    /// Reads a whole line; the names in `wanted` are looked for.
    pub(super) fn line(&mut self, line: &str, wanted: &[&str]) -> Progress {
        self.read(line, wanted, true);
        self.before += line.len() + 1;
        self.progress()
    }

    /// Reads a whole line, if it can: false when it cannot, and nothing has changed.
    pub(super) fn try_line(&mut self, line: &str, wanted: &[&str]) -> bool {
        let before = Self {
            open: self.open.clone(),
            names: self.names.clone(),
            ends: Vec::new(),
            marks: Vec::new(),
            broken: None,
            remains: Remains::default(),
            ..*self
        };
        let (ends, marks) = (self.ends.len(), self.marks.len());
        let reads = self.line(line, wanted) != Progress::Broken;
        if !reads {
            // These can be many, and are not copied.
            let ends_before = std::mem::take(&mut self.ends);
            let marks_before = std::mem::take(&mut self.marks);
            *self = before;
            self.ends = ends_before;
            self.ends.truncate(ends);
            self.marks = marks_before;
            self.marks.truncate(marks);
        }
        reads
    }

    /// What becomes of it with the beginning of another line.
    pub(super) fn with(&self, beginning: &str) -> Progress {
        let mut scan = self.clone();
        scan.read(beginning, &[], false);
        scan.progress()
    }

    /// True when the beginning of another line breaks off in one of its texts.
    pub(super) fn is_in_text(&self, beginning: &str) -> bool {
        let mut scan = self.clone();
        scan.read(beginning, &[], false);
        scan.in_text && scan.broken.is_none()
    }

    /// True when one of the outermost objects has one of the names that were looked for, as the bit
    /// of its place.
    pub(super) fn has_wanted(&self, names: u32) -> bool {
        self.seen & names != 0
    }

    /// True when it is broken by what stands between or after the rows of a list.
    pub(super) fn is_row(&self) -> bool {
        self.is_row
    }

    /// Why it cannot go on, and what is left of it.
    pub(super) fn broken(self) -> (String, Remains) {
        (self.broken.unwrap_or_default(), self.remains)
    }

    /// The objects in `text`, which was read: each as JSON that every reader takes. Lost is what had to
    /// become null; fields with the names in `wanted` are spoilt by it.
    pub(super) fn objects(&self, text: &str, wanted: &[&str], lost: &mut Vec<Lost>) -> Vec<String> {
        let slice = |(start, end): Place| text.get(start..end).unwrap_or_default();
        let mut marks = self.marks.iter().peekable();
        let mut start = 0;
        let mut objects = Vec::with_capacity(self.ends.len());
        for &end in &self.ends {
            let mut json = String::with_capacity(end - start);
            while let Some(mark) = marks.next_if(|mark| mark.place.0 < end) {
                json.push_str(slice((start, mark.place.0)));
                start = mark.place.1;
                let word = slice(mark.place);
                let Some(names) = &mark.names else {
                    let code = word.bytes().next().unwrap_or_default();
                    // A text takes all that is written.
                    let _ = write!(json, "\\u{code:04x}");
                    continue;
                };
                json.push_str("null");
                let names: Vec<&str> = names.iter().map(|place| slice(*place)).collect();
                note(lost, word, &names, wanted);
            }
            json.push_str(slice((start, end)));
            start = end;
            objects.push(json);
        }
        objects
    }

    /// What has become of it.
    pub(super) fn progress(&self) -> Progress {
        if self.broken.is_some() {
            Progress::Broken
        } else if self.open.is_empty() && !self.ends.is_empty() {
            Progress::Whole
        } else {
            Progress::Open
        }
    }

    fn read(&mut self, line: &str, wanted: &[&str], is_whole: bool) {
        let bytes = line.as_bytes();
        let (mut at, mut begun, mut from) = (0, 0, 0);
        while self.broken.is_none() && at < bytes.len() {
            from = at;
            if !self.in_text {
                begun = at + 1;
                at = self.token(line, at, is_whole);
                continue;
            }
            match self.text(bytes, at) {
                Ok(next) => at = next,
                Err(words) => self.broken = Some(words),
            }
            if !self.in_text {
                self.end_text(line, (begun, at - 1), wanted);
            }
        }
        if is_whole && self.in_text {
            let words = "a text does not end on its line".to_owned();
            if self.broken.is_none() {
                (self.broken, from) = (Some(words), line.len());
            }
        }
        if self.broken.is_some() && is_whole {
            self.remains = Remains::new(self.open.len(), self.in_text);
            let rest = line.get(from..).unwrap_or_default();
            self.seen |= self.remains.read(rest, wanted);
        }
    }

    /// Reads on in a text; answers where it stopped.
    fn text(&mut self, bytes: &[u8], at: usize) -> Result<usize, String> {
        let rest = &bytes[at..];
        let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..b' ');
        let Some(plain) = rest.iter().position(is_special) else {
            return Ok(bytes.len());
        };
        let here = at + plain;
        match bytes[here] {
            b'"' => {
                self.in_text = false;
                Ok(here + 1)
            }
            b'\\' => match escape_length(&bytes[here + 1..]) {
                // It may go on.
                None => Ok(bytes.len()),
                Some(0) => {
                    let shown = String::from_utf8_lossy(&bytes[here..]);
                    let shown: String = shown.chars().take(2).collect();
                    Err(format!("{shown} is no escape of JSON"))
                }
                Some(length) => Ok(here + 1 + length),
            },
            // It is for terminals.
            0x1b => Err("an escape sequence stands in a text".to_owned()),
            _ => {
                let place = (self.before + here, self.before + here + 1);
                self.mark(Mark { place, names: None })?;
                Ok(here + 1)
            }
        }
    }

    fn mark(&mut self, mark: Mark) -> Result<(), String> {
        if self.marks.len() >= MOST_MARKS {
            return Err("too much of it is no JSON".to_owned());
        }
        self.marks.push(mark);
        Ok(())
    }

    fn end_text(&mut self, line: &str, (start, end): Place, wanted: &[&str]) {
        if self.expect != Expect::Colon {
            return;
        }
        let depth = self.open.len();
        if depth == 1 {
            let name = line.get(start..end).unwrap_or_default();
            let found = wanted.iter().zip(0..).find(|(wanted, _)| **wanted == name);
            self.seen |= found.map_or(0, |(_, bit)| 1 << bit);
        }
        if depth <= DEEPEST_NAME {
            self.names.retain(|(of, _)| *of < depth);
            self.names
                .push((depth, (self.before + start, self.before + end)));
        }
    }

    /// Reads a byte between texts, or a number or word; answers where it stopped.
    fn token(&mut self, line: &str, at: usize, is_whole: bool) -> usize {
        let byte = line.as_bytes()[at];
        if byte.is_ascii_whitespace() {
            return at + 1;
        }
        let next = match (self.expect, byte) {
            (Expect::Object | Expect::Value | Expect::ValueOrEnd, b'{') => self.push(true),
            (Expect::Value | Expect::ValueOrEnd, b'[') => self.push(false),
            (Expect::ValueOrEnd, b']') | (Expect::NameOrEnd, b'}') => self.pop(at),
            (Expect::CommaOrEnd, b'}') if self.open.last() == Some(&true) => self.pop(at),
            (Expect::CommaOrEnd, b']') if self.open.last() == Some(&false) => self.pop(at),
            (Expect::CommaOrEnd, b',') => match self.open.last() {
                Some(true) => Expect::Name,
                _ => Expect::Value,
            },
            (Expect::Colon, b':') => Expect::Value,
            (Expect::Name | Expect::NameOrEnd, b'"') => {
                self.in_text = true;
                Expect::Colon
            }
            (Expect::Value | Expect::ValueOrEnd, b'"') => {
                self.in_text = true;
                Expect::CommaOrEnd
            }
            (Expect::Value, b',' | b'}') if self.open.last() == Some(&true) => {
                // A variable that was empty.
                self.mark_word((at, at));
                self.expect = Expect::CommaOrEnd;
                return at;
            }
            (Expect::Value | Expect::ValueOrEnd, _) => return self.bare(line, at, is_whole),
            _ => return self.refuse(line, at),
        };
        self.expect = next;
        if self.open.len() > DEEPEST {
            self.broken = Some("it is nested too deeply".to_owned());
        }
        at + 1
    }

    /// Reads a number or a word.
    fn bare(&mut self, line: &str, at: usize, is_whole: bool) -> usize {
        let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '_');
        let rest = &line[at..];
        let length = rest.find(|c| !is_bare(c)).unwrap_or(rest.len());
        let word = &rest[..length];
        let may_go_on = !is_whole && at + length == line.len();
        match Word::of(word) {
            Word::Known => {}
            Word::Unknown if word.is_empty() => return self.refuse(line, at),
            Word::Unknown if may_go_on => {}
            Word::NoNumber | Word::Unknown => self.mark_word((at, at + length)),
        }
        self.expect = Expect::CommaOrEnd;
        at + length
    }

    /// Marks what stands in the place of a value.
    fn mark_word(&mut self, (start, end): Place) {
        let place = (self.before + start, self.before + end);
        let names = Some(self.names.iter().map(|(_, place)| *place).collect());
        if let Err(words) = self.mark(Mark { place, names }) {
            self.broken = Some(words);
        }
    }

    fn push(&mut self, is_object: bool) -> Expect {
        self.open.push(is_object);
        if is_object {
            Expect::NameOrEnd
        } else {
            Expect::ValueOrEnd
        }
    }

    fn pop(&mut self, at: usize) -> Expect {
        self.open.pop();
        let depth = self.open.len();
        self.names.retain(|(of, _)| *of <= depth);
        if depth == 0 {
            self.ends.push(self.before + at + 1);
            return Expect::Object;
        }
        Expect::CommaOrEnd
    }

    fn refuse(&mut self, line: &str, at: usize) -> usize {
        let rest = &line[at..];
        let shown = quoted(rest);
        self.is_row = self.expect == Expect::Object && rest.starts_with([',', ']']);
        self.broken = Some(match (self.expect, line.as_bytes()[at]) {
            (Expect::Name, b'}') | (Expect::Value, b']') => {
                format!("a comma stands before {}", quoted(&rest[..1]))
            }
            (Expect::Name | Expect::NameOrEnd | Expect::Value | Expect::ValueOrEnd, b'\'') => {
                "its texts stand in single quotes; JSON has only double ones".to_owned()
            }
            (Expect::Object, _) => format!("{shown} follows the object on its line"),
            _ => format!("{shown} cannot stand where it stands"),
        });
        line.len()
    }
}

#[cfg(test)]
#[path = "json_scan_tests.rs"]
mod tests;
