//! A document that has begun, and whether it looks like a report where it does not go on.

use super::grammar::Grammar;

/// A longer document is not read.
pub(super) const LONGEST_DOCUMENT: usize = 64 * 1024 * 1024;
/// So much is looked at to know a report that breaks off before it says anything.
const LONGEST_TORN: usize = 200;

/// A document that has begun.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) text: Vec<u8>,
    pub(super) line: u64,
    pub(super) is_fresh: bool,
    pub(super) is_too_long: bool,
    pub(super) grammar: Grammar,
}

impl Open {
    pub(super) fn new(bracket: u8, line: u64, is_fresh: bool) -> Self {
        Self {
            text: vec![bracket],
            line,
            is_fresh,
            is_too_long: false,
            grammar: Grammar::new(bracket, !is_fresh),
        }
    }

    /// It begins as a report does: what breaks off here must not be taken for text.
    pub(super) fn is_report(&self) -> bool {
        if self.is_fresh {
            self.grammar.signs.is_keyed
        } else {
            self.grammar.signs.is_telling
        }
    }

    /// It may be one, where nothing follows: a list, the beginning of a name, or a finding within a
    /// line of other text.
    pub(super) fn may_be_report(&self) -> bool {
        let signs = self.grammar.signs;
        if self.is_fresh {
            // A brace that stands alone ends many a text.
            !self.grammar.has_more && (self.text.starts_with(b"[") || self.text.contains(&b'"'))
        } else {
            signs.is_graded || (self.is_too_long && signs.is_keyed)
        }
    }

    /// Text at the beginning of a line tears it apart before anything was said: a name, or a list
    /// whose program died.
    pub(super) fn is_torn(&self, next: u8) -> bool {
        if !self.is_fresh || self.text.len() > LONGEST_TORN {
            return false;
        }
        if self.grammar.is_in_name() {
            return !self.grammar.has_more && next == b'\n';
        }
        // Most braces end their line, and something else follows than a word.
        if self.text.ends_with(b"\n") && !next.is_ascii_alphabetic() {
            return false;
        }
        let Some(end) = self.text.iter().rposition(|byte| *byte == b'\n') else {
            return false;
        };
        let (head, word) = self.text.split_at(end);
        let has_name = !self.grammar.has_more && head.contains(&b'"');
        let is_begun = |byte: &u8| matches!(byte, b'[' | b'{') || byte.is_ascii_whitespace();
        if !has_name && !head.iter().all(is_begun) {
            return false;
        }
        let word = word[1..].trim_ascii_end();
        if word.is_empty() && self.text.ends_with(b"\n") {
            let is_begun = self.text[0] == b'[' || has_name;
            return next.is_ascii_uppercase() || (is_begun && next.is_ascii_alphabetic());
        }
        // A word that begins as `true`, `false` and `null` do.
        let is_known = matches!(word, b"true" | b"false" | b"null");
        !has_name && !is_known && !word.is_empty() && word.iter().all(u8::is_ascii_lowercase)
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.is_too_long || self.text.len() + bytes.len() > LONGEST_DOCUMENT {
            self.is_too_long = true;
            self.text = Vec::new();
        } else {
            self.text.extend_from_slice(bytes);
        }
    }
}
