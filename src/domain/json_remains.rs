//! What follows the place where an object turned out to be none: its names still tell whether it was
//! meant as part of the stream.

/// The rest of an object that is no JSON.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Remains {
    /// How many brackets are open.
    depth: usize,
    /// What ends the text that is under way.
    quote: Option<u8>,
}

impl Remains {
    /// `depth` brackets are open, and perhaps a text.
    pub(super) fn new(depth: usize, in_text: bool) -> Self {
        Self {
            depth,
            quote: in_text.then_some(b'"'),
        }
    }

    /// True when nothing more can belong to it.
    pub(super) fn is_over(&self) -> bool {
        self.depth == 0
    }

    /// True when a line that begins like `line` may belong to it.
    pub(super) fn may_go_on(&self, line: &str) -> bool {
        let is_part = |c: char| c.is_ascii_digit() || "\"'{}[],/#-".contains(c);
        !self.is_over() && (self.quote.is_some() || line.is_empty() || line.starts_with(is_part))
    }

    /// Reads on: which of the names in `wanted` stand in its outermost object, as bits of their places.
    pub(super) fn read(&mut self, line: &str, wanted: &[&str]) -> u32 {
        let (mut seen, mut begun, mut at) = (0, 0, 0);
        let bytes = line.as_bytes();
        while at < bytes.len() && self.depth > 0 {
            match (self.quote, bytes[at]) {
                (Some(_), b'\\') => at += 1,
                (Some(quote), byte) if byte == quote => {
                    self.quote = None;
                    let follows = line.get(at + 1..).unwrap_or_default().trim_start();
                    let name = line.get(begun..at).unwrap_or_default();
                    let place = wanted.iter().position(|wanted| *wanted == name);
                    if self.depth == 1 && follows.starts_with(':') {
                        seen |= place.map_or(0, |place| 1 << place);
                    }
                }
                (None, quote @ (b'"' | b'\'')) => {
                    self.quote = Some(quote);
                    begun = at + 1;
                }
                (None, b'{' | b'[') => self.depth += 1,
                (None, b'}' | b']') => self.depth -= 1,
                _ => {}
            }
            at += 1;
        }
        // It may have been an apostrophe.
        self.quote = self.quote.filter(|quote| *quote == b'"');
        seen
    }
}
