//! Finds the JSON documents in what a tool prints: several, on one line or on many, with other
//! text before, between and after them. Every byte is looked at once, and no more is kept than
//! the document that is open.

use super::fallen::Fallen;
use super::grammar::Step;
use super::open::{Before, LONGEST_DOCUMENT, Open};

/// So much of a line is looked at to know XML that is a report.
const LONGEST_TAG: usize = 200;
/// What such XML begins with: that of test runners, and of linters for Java.
const TAGS: [&str; 4] = ["<testsuite", "<checkstyle", "<pmd", "<BugCollection"];

/// What was found.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    Document(Whole),
    /// A report that is XML.
    Xml,
    /// It looks like a report and cannot be read.
    Broken {
        line: u64,
        words: String,
    },
}

/// A document, as far as brackets, quotes and commas tell.
#[derive(Debug, PartialEq)]
pub(super) struct Whole {
    pub(super) text: Vec<u8>,
    /// The line of the output in which it begins.
    pub(super) line: u64,
    /// It stands at the beginning of a line, and not within a line of other text.
    pub(super) is_fresh: bool,
    /// It holds an object with a name, as no other text does.
    pub(super) is_keyed: bool,
}

#[derive(Debug)]
struct Held {
    whole: Whole,
    /// The line begins anew after it, as those of a progress bar do.
    is_returned: bool,
}

/// Looks for documents, piece by piece.
#[derive(Debug)]
pub(super) struct Scanner {
    line: u64,
    /// A document that begins here begins a line.
    is_fresh: bool,
    /// Nothing counts as the beginning of a line.
    is_aside: bool,
    escape: Escape,
    open: Option<Open>,
    /// It is a document if nothing but the end of the line follows: `[1]` may begin a text.
    held: Option<Held>,
    /// What stands before, in this line.
    before: Before,
    /// Text that began as a document does.
    fallen: Option<Fallen>,
    /// The beginning of a line of XML.
    tag: Vec<u8>,
    /// There is text besides the documents.
    pub(super) has_text: bool,
}

/// A sequence that colours a terminal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Escape {
    None,
    Begun,
    /// Up to the character that names a set of characters.
    Charset,
    /// Up to a letter.
    Control,
    /// Up to a bell, or another escape and a character.
    Command,
    CommandEnd,
}

impl Scanner {
    /// `is_aside` where reports are not expected, but may be.
    pub(super) fn new(is_aside: bool) -> Self {
        Self {
            line: 1,
            is_fresh: true,
            is_aside,
            escape: Escape::None,
            open: None,
            held: None,
            before: Before::Nothing,
            fallen: None,
            tag: Vec::new(),
            has_text: false,
        }
    }

    /// `text` holds whole characters.
    pub(super) fn push(&mut self, text: &str, take: &mut impl FnMut(Found)) {
        let mut rest = text.as_bytes();
        while let Some(&first) = rest.first() {
            let used = if self.escape != Escape::None {
                self.pass_escape(first)
            } else if self.open.is_some() {
                self.read_on(rest, take)
            } else {
                let used = self.look(rest, take);
                self.hear(&rest[..used], take);
                used
            };
            rest = &rest[used..];
        }
    }

    pub(super) fn finish(&mut self, take: &mut impl FnMut(Found)) {
        if let Some(open) = self.open.take() {
            if open.is_report() || open.may_be_report() {
                let words = "it is cut off".to_owned();
                take(Found::Broken {
                    line: self.line,
                    words,
                });
            }
            self.has_text = true;
        }
        self.judge(take);
        self.read_tag(take);
        self.release(take);
    }

    /// Text that began as a document goes on.
    fn hear(&mut self, bytes: &[u8], take: &mut impl FnMut(Found)) {
        if self.fallen.as_mut().is_some_and(|it| it.hear(bytes)) {
            self.judge(take);
        }
    }

    /// There is enough of it to know what it is.
    fn judge(&mut self, take: &mut impl FnMut(Found)) {
        let fallen = self.fallen.take();
        if let Some((line, words)) = fallen.and_then(|it| it.verdict()) {
            take(Found::Broken { line, words });
        }
    }

    /// What is held is a document.
    fn release(&mut self, take: &mut impl FnMut(Found)) {
        if let Some(held) = self.held.take() {
            take(Found::Document(held.whole));
        }
    }

    /// Takes in the beginning of `rest`, outside of documents; answers how much.
    fn look(&mut self, rest: &[u8], take: &mut impl FnMut(Found)) -> usize {
        match rest {
            [b'\n', ..] => {
                self.line += 1;
                (self.is_fresh, self.before) = (true, Before::Nothing);
                self.read_tag(take);
                self.release(take);
                1
            }
            // The next line of a progress bar stands in the place of this one.
            [b'\r', ..] => {
                (self.is_fresh, self.before) = (true, Before::Nothing);
                if let Some(held) = &mut self.held {
                    held.is_returned = true;
                }
                1
            }
            [0x1b, ..] => {
                self.escape = Escape::Begun;
                1
            }
            [byte @ (..=b' ' | 0x7f), ..] => {
                if matches!(byte, b' ' | b'\t') && self.before == Before::Nothing {
                    self.before = Before::Space;
                }
                1
            }
            // A mark at the beginning of a file that stands behind another.
            [0xef, 0xbb, 0xbf, ..] => 3,
            [bracket @ (b'{' | b'['), after @ ..] => {
                if self.is_none(*bracket, after.first().copied()) {
                    return self.pass_text(rest);
                }
                if self.held.as_ref().is_some_and(|held| held.is_returned) {
                    (self.held, self.has_text) = (None, true);
                }
                self.release(take);
                let is_fresh = self.is_fresh && !self.is_aside;
                self.open = Some(Open::new(*bracket, self.line, is_fresh, self.before));
                1
            }
            _ => self.pass_text(rest),
        }
    }

    /// True where one more byte tells that no document begins: most brackets in a text.
    fn is_none(&self, bracket: u8, after: Option<u8>) -> bool {
        let Some(after) = after else { return false };
        let is_space = after <= b' ' || after == 0x1b;
        !is_space
            && match bracket {
                // Names as programs write them, with typographic quotes, and in a text of JSON.
                b'{' if self.is_fresh && after.is_ascii_alphabetic() => false,
                b'{' if self.is_fresh && matches!(after, b':' | 0xe2) => false,
                b'{' if self.before == Before::Quote && after == b'\\' => false,
                b'{' => !matches!(after, b'"' | b'}' | b'\''),
                _ if self.is_fresh => !matches!(
                    after,
                    b'{' | b'[' | b']' | b'"' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n'
                ),
                _ => after != b'{',
            }
    }

    /// Passes over text up to where something may begin.
    fn pass_text(&mut self, rest: &[u8]) -> usize {
        let is_tag = rest[0] == b'<' && self.is_fresh && !self.is_aside;
        self.has_text = true;
        self.is_fresh = false;
        self.held = None;
        let is_special = |byte: &u8| matches!(byte, b'\n' | b'\r' | b'{' | b'[' | 0x1b);
        let length = rest[1..].iter().position(is_special);
        let length = length.map_or(rest.len(), |length| length + 1);
        if is_tag || !self.tag.is_empty() {
            let room = LONGEST_TAG.saturating_sub(self.tag.len());
            self.tag.extend_from_slice(&rest[..length.min(room)]);
        }
        let is_quote = self.before == Before::Nothing && rest[..length] == *b"\"";
        self.before = if is_quote {
            Before::Quote
        } else {
            Before::Text
        };
        length
    }

    /// Goes on with the document that is open; answers how much of `rest` belongs to it.
    fn read_on(&mut self, rest: &[u8], take: &mut impl FnMut(Found)) -> usize {
        let Some(open) = &mut self.open else { return 0 };
        let (used, step) = open.grammar.run(rest);
        open.push(&rest[..used]);
        self.line += lines(&rest[..used]);
        if self.fallen.is_some() {
            self.hear(&rest[..used], take);
        }
        let Some(open) = &mut self.open else { return 0 };
        match step {
            Step::More => {}
            Step::Done => self.end(take),
            Step::Wrong(words) => {
                let next = rest.get(used).copied().unwrap_or_default();
                if next == 0x1b && !open.grammar.is_in_text() {
                    self.escape = Escape::Begun;
                    return used + 1;
                }
                self.give_up(next, words, take);
            }
        }
        used
    }

    /// The document that is open is whole.
    fn end(&mut self, take: &mut impl FnMut(Found)) {
        let Some(open) = self.open.take() else { return };
        let is_report = open.is_report();
        (self.is_fresh, self.before) = (true, Before::Text);
        if open.is_too_long {
            let mib = LONGEST_DOCUMENT / 1024 / 1024;
            if is_report || open.is_fresh || open.grammar.signs.is_keyed {
                let words = format!("the document that begins here has more than {mib} MiB");
                take(Found::Broken {
                    line: open.line,
                    words,
                });
            }
            return;
        }
        let is_keyed = open.grammar.signs.is_keyed;
        let whole = Whole {
            text: open.text,
            line: open.line,
            is_fresh: open.is_fresh,
            is_keyed,
        };
        if is_keyed {
            take(Found::Document(whole));
        } else if open.is_fresh {
            let is_returned = false;
            self.held = Some(Held { whole, is_returned });
        } else {
            (self.has_text, self.is_fresh) = (true, false);
        }
    }

    /// What is open is no document, for `next` cannot follow.
    fn give_up(&mut self, next: u8, words: String, take: &mut impl FnMut(Found)) {
        let Some(open) = self.open.take() else { return };
        let line = self.line;
        self.has_text = true;
        let last_line = open.text.rsplit(|byte| *byte == b'\n').next();
        let last_line = last_line.filter(|_| open.text.contains(&b'\n'));
        self.before = match last_line {
            Some([]) => Before::Nothing,
            Some(line) if line.iter().all(u8::is_ascii_whitespace) => Before::Space,
            _ => Before::Text,
        };
        self.is_fresh = self.before != Before::Text;
        if open.is_report() || open.is_torn(next) {
            take(Found::Broken { line, words });
        } else if next == 0 && open.text.len() == 1 {
            let words = "it is UTF-16 within other text".to_owned();
            take(Found::Broken { line, words });
        } else if open.may_be_torn(next) && !self.fallen.as_ref().is_some_and(|it| it.is_alone) {
            self.judge(take);
            self.fallen = Some(Fallen::new(open, line, words));
        }
    }

    /// The line of XML ends.
    fn read_tag(&mut self, take: &mut impl FnMut(Found)) {
        let tag = std::mem::take(&mut self.tag);
        let is_in = |known: &&str| tag.windows(known.len()).any(|it| it == known.as_bytes());
        if TAGS.iter().any(is_in) {
            take(Found::Xml);
        }
    }

    fn pass_escape(&mut self, byte: u8) -> usize {
        let ends_line = byte == b'\n';
        self.escape = match (self.escape, byte) {
            (Escape::Begun, b'[') | (Escape::Control, b' '..=b'?') => Escape::Control,
            (Escape::Begun | Escape::Charset, b' '..=b'/') => Escape::Charset,
            (Escape::Begun, b']' | b'P' | b'X' | b'^' | b'_') => Escape::Command,
            // No terminal knows it, and no title needs it: a document stands behind what never ends.
            (Escape::Begun | Escape::Command, b'{') => {
                self.escape = Escape::None;
                return 0;
            }
            // To another place in the line, or to another line.
            (Escape::Control, b'E'..=b'H') => {
                self.is_fresh = true;
                Escape::None
            }
            (Escape::Command, 0x1b) => Escape::CommandEnd,
            (Escape::Command, byte) if byte != 0x07 && !ends_line => Escape::Command,
            _ => Escape::None,
        };
        usize::from(!ends_line)
    }
}

/// How many lines end in there.
pub(super) fn lines(bytes: &[u8]) -> u64 {
    let ends = bytes.iter().map(|byte| u64::from(*byte == b'\n'));
    ends.sum()
}
