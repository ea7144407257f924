//! What a terminal shows of bytes that were meant for one: text, and what it looks like. Pure.
//!
//! [`Terminal`] reads bytes as they come, however they are cut; [`Row`](row) is what stands on the line; [`look`] is
//! colours and weight.

mod look;
mod row;
mod screen;
#[cfg(test)]
mod tests;

use vte::{Parser, Perform};

use self::screen::{DELETE, Screen};

pub use self::look::{Colour, TextLook, Underline};

/// Cancels whatever escape sequence is under way.
const CANCEL: u8 = 0x18;
/// Where UTF-8 begins a control character of the second set, which is ESC and another byte.
const SECOND_SET: u8 = 0xc2;
/// Pictures may be sent over several lines. What is longer than this was never meant as one.
const LONGEST_PAYLOAD: usize = 1024 * 1024;

/// A run of text that looks alike.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Span {
    /// The text.
    pub text: String,
    /// What it looks like.
    pub look: TextLook,
}

/// A terminal of one line at a time. Colours last over lines, as they do in a real one.
pub struct Terminal {
    reader: Reader,
    screen: Screen,
    /// Nothing of the line was read.
    begins: bool,
}

/// Tells sequences from text, and reads control characters of the second set as what they stand for.
#[derive(Default)]
struct Reader {
    parser: Parser,
    /// The first half of a character that may turn out to be a control character.
    half: bool,
}

impl Reader {
    fn feed(&mut self, into: &mut impl Perform, bytes: &[u8]) {
        let mut rest = bytes;
        if self.half && !rest.is_empty() {
            rest = self.second_half(into, rest);
        }
        while let Some(at) = rest.iter().position(|byte| *byte == SECOND_SET) {
            self.parser.advance(into, &rest[..at]);
            rest = self.second_half(into, &rest[at + 1..]);
        }
        self.parser.advance(into, rest);
    }

    /// Reads the byte after the first half of a character; answers what follows it.
    fn second_half<'a>(&mut self, into: &mut impl Perform, bytes: &'a [u8]) -> &'a [u8] {
        let Some((byte, rest)) = bytes.split_first() else {
            self.half = true;
            return bytes;
        };
        self.half = false;
        match byte {
            0x80..=0x9f => self.parser.advance(into, &[0x1b, *byte - 0x40]),
            0xa0..=0xbf => self.parser.advance(into, &[SECOND_SET, *byte]),
            _ => {
                self.parser.advance(into, &[SECOND_SET]);
                return bytes;
            }
        }
        rest
    }

    /// Ends the sequence that is under way, and the character.
    fn cancel(&mut self, into: &mut impl Perform) {
        if std::mem::take(&mut self.half) {
            self.parser.advance(into, &[SECOND_SET]);
        }
        self.parser.advance(into, &[CANCEL]);
    }
}

/// The text of `bytes` without what is for terminals.
#[must_use]
pub fn text_of(bytes: &[u8]) -> String {
    struct Text(String);
    impl Perform for Text {
        fn print(&mut self, c: char) {
            if c != DELETE {
                self.0.push(c);
            }
        }

        fn execute(&mut self, byte: u8) {
            if byte == b'\n' || byte == b'\t' {
                self.0.push(byte.into());
            }
        }
    }
    let (mut reader, mut text) = (Reader::default(), Text(String::new()));
    reader.feed(&mut text, bytes);
    text.0
}

/// False for a line in which no picture goes on. Words are dots of a picture, too; but one that goes on over
/// lines names a colour in each, repeats dots, or ends its rows where the lines end.
fn may_be_picture(bytes: &[u8]) -> bool {
    let end = bytes.iter().position(|byte| *byte == 0x1b);
    let (data, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
    let data = data.trim_ascii_end();
    let ends = data.last().is_none_or(|byte| b"$-".contains(byte)) || rest.starts_with(b"\x1b\\");
    let (mut before, mut in_numbers, mut has_numbers) = (0, true, false);
    for byte in data {
        let is_digit = byte.is_ascii_digit();
        let needs_digit = b"#!\"".contains(&before);
        has_numbers |= needs_digit;
        in_numbers = match byte {
            _ if needs_digit && !is_digit => return false,
            b'0'..=b'9' | b';' if in_numbers => true,
            b'#' | b'!' | b'"' => true,
            b'$' | b'-' | b'?'..=b'~' => false,
            _ => return false,
        };
        before = *byte;
    }
    ends || has_numbers
}

impl Terminal {
    /// `width` is how many columns a character takes; of a line, at most `limit` bytes of text are kept.
    #[must_use]
    pub fn new(width: fn(char) -> usize, limit: usize) -> Self {
        Self {
            reader: Reader::default(),
            screen: Screen::new(width, limit),
            begins: true,
        }
    }

    /// Reads what arrived. A line break begins another row.
    pub fn feed(&mut self, bytes: &[u8]) {
        let begins = !bytes.is_empty() && std::mem::take(&mut self.begins);
        if begins && self.screen.payload > 0 && !may_be_picture(bytes) {
            self.reader.cancel(&mut self.screen);
        }
        self.reader.feed(&mut self.screen, bytes);
    }

    /// What the line shows, without what it looks like.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.screen.read((0, 0), |part, _| text.push_str(part));
        text
    }

    /// The bytes of a picture that has begun and not ended.
    #[must_use]
    pub fn unended(&self) -> usize {
        self.screen.payload
    }

    /// What was not answered before of this line, which goes on; a line that was changed is answered anew.
    pub fn take(&mut self) -> String {
        self.screen.take()
    }

    /// Ends the line: like [`Self::take`], and what follows is another one. Titles and links that do
    /// not end, end with it; `None` when there is no line, but the data of a picture.
    pub fn end_line(&mut self) -> Option<String> {
        let in_payload = self.end_sequence();
        let text = self.screen.take();
        self.begin();
        Some(text).filter(|text| !in_payload || !text.is_empty())
    }

    /// Ends the sequence that is under way, but for a picture; true when there is one.
    fn end_sequence(&mut self) -> bool {
        let payload = self.screen.payload;
        if payload == 0 || payload > LONGEST_PAYLOAD {
            self.reader.cancel(&mut self.screen);
        }
        self.screen.payload > 0
    }

    fn begin(&mut self) {
        self.screen.begin();
        self.begins = true;
    }

    /// True when the next line begins like the first one.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.reader.half && self.screen.is_plain()
    }

    /// True when something of this line was answered already.
    #[must_use]
    pub fn was_answered(&self) -> bool {
        self.screen.was_answered()
    }

    /// True when there is more of this line than is kept.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.screen.is_full
    }

    /// What `text` shows when it is printed line by line, as at most `most` runs; what follows many of
    /// them looks plain.
    #[must_use]
    pub fn spans(mut self, text: &str, most: usize) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        let mut add = |text: &str, look: Option<TextLook>| {
            let is_last = spans.len() >= most;
            let look = look.filter(|_| spans.len() + 1 < most);
            match spans.last_mut() {
                // A line break looks like anything.
                Some(last) if is_last || text == "\n" || last.look == look.unwrap_or_default() => {
                    last.text.push_str(text);
                }
                _ => spans.push(Span {
                    text: text.to_owned(),
                    look: look.unwrap_or_default(),
                }),
            }
        };
        let mut is_first = true;
        for line in text.split('\n') {
            self.feed(line.as_bytes());
            let in_payload = self.end_sequence();
            if !in_payload || !self.text().is_empty() {
                if !std::mem::take(&mut is_first) {
                    add("\n", None);
                }
                self.screen.read((0, 0), |text, look| add(text, Some(look)));
            }
            self.begin();
        }
        spans
    }
}
