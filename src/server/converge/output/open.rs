//! A document that has begun, and whether it looks like a report where it does not go on.

use super::grammar::Grammar;

/// A longer document is not read.
pub(super) const LONGEST_DOCUMENT: usize = 64 * 1024 * 1024;
/// So much is looked at to know a report that breaks off before it says anything.
const LONGEST_TORN: usize = 200;

/// What stands before a document in its line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Before {
    Nothing,
    Space,
    /// A quote at the very beginning.
    Quote,
    Text,
}

/// A document that has begun.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) text: Vec<u8>,
    pub(super) line: u64,
    pub(super) is_fresh: bool,
    pub(super) before: Before,
    pub(super) is_too_long: bool,
    pub(super) grammar: Grammar,
}

impl Open {
    pub(super) fn new(bracket: u8, line: u64, is_fresh: bool, before: Before) -> Self {
        Self {
            text: vec![bracket],
            line,
            is_fresh,
            before,
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
            let is_begun = self.text.starts_with(b"[") || self.text.contains(&b'"');
            self.is_too_long || (!self.grammar.has_more && is_begun)
        } else {
            signs.is_graded || (self.is_too_long && signs.is_keyed)
        }
    }

    /// The line ends within its first name.
    pub(super) fn is_torn(&self, next: u8) -> bool {
        self.is_fresh && next == b'\n' && self.grammar.is_in_name() && !self.grammar.has_more
    }

    /// What follows tells whether it is a report all the same.
    pub(super) fn may_be_torn(&self, next: u8) -> bool {
        let is_quoted = self.before == Before::Quote && next == b'\\';
        self.text.len() <= LONGEST_TORN && (self.is_fresh || is_quoted)
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
