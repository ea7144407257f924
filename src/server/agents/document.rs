//! An object that is printed over several lines: collected until it is whole, or turns out to be
//! none. Pure.

use serde::de::IgnoredAny;

/// So many lines are tried one by one; after that, each time there is twice as much.
const TRIED: usize = 16;

/// The lines of what may become one object.
#[derive(Debug)]
pub(super) struct Document {
    /// As they came.
    lines: Vec<Vec<u8>>,
    /// The same without what is for terminals.
    text: String,
    nesting: Nesting,
    next_try: usize,
}

/// What became of a document with its last line.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Growth {
    /// It goes on.
    Open,
    /// It is whole.
    Whole,
    /// It is no object.
    Broken,
}

impl Document {
    /// `text` begins an object and does not end it; `line` is what was printed.
    pub(super) fn begin(line: Vec<u8>, text: &str) -> Self {
        let mut document = Self {
            lines: Vec::new(),
            text: String::new(),
            nesting: Nesting::default(),
            next_try: 0,
        };
        document.append(line, text);
        document
    }

    pub(super) fn add(&mut self, line: Vec<u8>, text: &str) -> Growth {
        self.append(line, text);
        let may_be_whole = self.nesting.depth == 0;
        let is_time = self.lines.len() <= TRIED || self.text.len() >= self.next_try;
        if !may_be_whole && !is_time {
            return Growth::Open;
        }
        self.next_try = self.text.len() * 2;
        match serde_json::from_str::<IgnoredAny>(&self.text) {
            Ok(_) => Growth::Whole,
            Err(error) if error.is_eof() => Growth::Open,
            Err(_) => Growth::Broken,
        }
    }

    fn append(&mut self, line: Vec<u8>, text: &str) {
        self.lines.push(line);
        self.text.push_str(text);
        self.text.push('\n');
        self.nesting.read(text.as_bytes());
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The bytes that it takes.
    pub(super) fn size(&self) -> usize {
        self.text.len()
    }

    pub(super) fn into_lines(self) -> Vec<Vec<u8>> {
        self.lines
    }
}

/// How deep in brackets a text is.
#[derive(Debug, Default)]
struct Nesting {
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Nesting {
    fn read(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if std::mem::take(&mut self.escaped) {
                continue;
            }
            match byte {
                b'\\' => self.escaped = self.in_text,
                b'"' => self.in_text = !self.in_text,
                b'{' | b'[' if !self.in_text => self.depth += 1,
                b'}' | b']' if !self.in_text => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }
}
