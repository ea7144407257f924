//! Text that began as a document does and went on otherwise: perhaps a report that other words
//! tore apart, or one in the notation of a program. What follows it tells.

use super::grammar::TELLING;
use super::open::{Before, Open};

/// So much is looked at.
const LONGEST: usize = 8 * 1024;
/// What stands around names: in JSON, in programs, in texts about it, and in a text of JSON.
const QUOTES: [(&str, &str); 6] = [
    ("\"", "\""),
    ("'", "'"),
    ("\u{201c}", "\u{201d}"),
    ("\\\"", "\\\""),
    (":", ""),
    ("", ""),
];

/// Text that began as a document does.
#[derive(Debug)]
pub(super) struct Fallen {
    /// Where it went on otherwise, and why that is no JSON.
    line: u64,
    words: String,
    /// From its first bracket on.
    text: Vec<u8>,
    /// So much of it could be read.
    read: usize,
    /// Brackets that are open.
    depth: usize,
    /// So many were open where it went on otherwise; nothing where no name could stand.
    names_at: Option<usize>,
    /// A name stands there, and no colon.
    is_named: bool,
    /// Only brackets stand in its first line.
    pub(super) is_alone: bool,
    /// Its bracket begins a line, as those of reports do and those of quoted text do not.
    begins_line: bool,
}

/// What stands where a name may.
struct Name<'a> {
    text: &'a str,
    begins_line: bool,
    /// As JSON has it.
    is_proper: bool,
    value: &'a [u8],
}

impl Fallen {
    /// `open` cannot go on here.
    pub(super) fn new(open: Open, line: u64, words: String) -> Self {
        let depth = open.grammar.depth();
        let begins_line = open.before == Before::Nothing;
        Self {
            line,
            words,
            read: open.text.len(),
            depth,
            names_at: open.grammar.is_in_object().then_some(depth),
            is_named: open.grammar.expects_colon() && !open.grammar.has_more,
            is_alone: begins_line && open.text[..lead(&open.text)].contains(&b'\n'),
            begins_line,
            text: open.text,
        }
    }

    /// Takes in what follows; true when that is enough.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> bool {
        for byte in bytes {
            self.text.push(*byte);
            match byte {
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
            if self.depth == 0 || self.text.len() >= LONGEST {
                return true;
            }
        }
        false
    }

    /// Why it is a report that cannot be read, and in which line; nothing for text.
    pub(super) fn verdict(&self) -> Option<(u64, String)> {
        let names = self.names();
        if let Some(name) = names.iter().find(|name| name.is_telling()) {
            let words = if name.is_proper {
                self.words.clone()
            } else {
                format!("it is no JSON: {} must stand in double quotes", name.text)
            };
            return Some((self.line, words));
        }
        // Programs put some names in quotes, and not the first.
        let is_json = names.first().is_some_and(|name| name.is_proper);
        let is_torn = is_json && names.iter().any(|name| name.begins_line && name.is_proper);
        let is_cut = self.depth > 0 && (self.is_named || self.is_cut());
        (self.begins_line && (is_torn || is_cut)).then(|| (self.line, self.words.clone()))
    }

    /// The line after brackets that stand alone is that of another program, which indents nothing.
    /// Blocks of code end; what a program writes when it dies ends nothing.
    fn is_cut(&self) -> bool {
        let lead = &self.text[..lead(&self.text)];
        let Some(end) = lead.iter().rposition(|byte| *byte == b'\n') else {
            return false;
        };
        let line = &self.text[end + 1..];
        let read = self.text.get(end + 1..self.read).unwrap_or_default();
        line.first().is_some_and(|it| !it.is_ascii_whitespace()) && !read.contains(&b'\n')
    }

    /// What may be names, where the first should have stood.
    fn names(&self) -> Vec<Name<'_>> {
        let mut names = Vec::new();
        let (mut depth, mut may_begin, mut begins_line) = (0_usize, false, false);
        for (at, byte) in self.text.iter().enumerate() {
            match byte {
                b'{' | b'[' => (depth, may_begin, begins_line) = (depth + 1, true, false),
                b'}' | b']' => (depth, may_begin) = (depth.saturating_sub(1), false),
                b',' => (may_begin, begins_line) = (true, false),
                b'\n' => (may_begin, begins_line) = (true, true),
                byte if byte.is_ascii_whitespace() || !may_begin => {}
                _ => {
                    may_begin = false;
                    if Some(depth) == self.names_at {
                        names.extend(Name::read(&self.text[at..], begins_line));
                    }
                }
            }
        }
        names
    }
}

/// How long the brackets at the beginning are, with what is between them.
fn lead(text: &[u8]) -> usize {
    let is_lead = |byte: &u8| matches!(byte, b'{' | b'[') || byte.is_ascii_whitespace();
    let end = text.iter().position(|byte| !is_lead(byte));
    end.unwrap_or(text.len())
}

impl<'a> Name<'a> {
    /// A name with what makes it one: `:` or `=>`.
    fn read(text: &'a [u8], begins_line: bool) -> Option<Self> {
        let mut quotes = QUOTES.iter();
        let (begin, end) = quotes.find(|(begin, _)| text.starts_with(begin.as_bytes()))?;
        let rest = &text[begin.len()..];
        let is_bare = |byte: &u8| byte.is_ascii_alphanumeric() || b"$_".contains(byte);
        let is_name = |byte: &u8| b"-./ ".contains(byte);
        let is_end = |byte: &u8| !is_bare(byte) && (end.is_empty() || !is_name(byte));
        let (name, rest) = rest.split_at(rest.iter().position(is_end)?);
        if name.first().is_none_or(u8::is_ascii_digit) {
            return None;
        }
        let rest = rest.strip_prefix(end.as_bytes())?.trim_ascii_start();
        let colon = rest.strip_prefix(b":").filter(|it| !it.starts_with(b":"));
        let value = colon.or_else(|| rest.strip_prefix(b"=>"))?;
        Some(Self {
            text: std::str::from_utf8(name).ok()?,
            begins_line,
            is_proper: *begin == "\"" && colon.is_some(),
            value: value.trim_ascii_start(),
        })
    }

    /// Whoever writes it begins a report, or a finding.
    fn is_telling(&self) -> bool {
        let is_list = self.value.starts_with(b"[") && TELLING.contains(&self.text);
        is_list || (self.text == "severity" && !self.value.is_empty())
    }
}
