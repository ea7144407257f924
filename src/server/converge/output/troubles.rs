//! What is wrong with a report, in words.

use super::json::{Document, Problem};

/// So many are told; the others are counted.
const MOST: usize = 3;

/// What is wrong with a report.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Troubles {
    told: Vec<String>,
    more: usize,
}

impl Troubles {
    /// Adds one, whose words are only made if they are told.
    pub(super) fn add(&mut self, words: impl FnOnce() -> String) {
        if self.told.len() == MOST {
            self.more += 1;
            return;
        }
        let words = words();
        if !self.told.contains(&words) {
            self.told.push(words);
        }
    }

    /// Adds what cannot be read in this line of the output.
    pub(super) fn broken(&mut self, line: u64, words: &str) {
        self.add(|| told(line, words));
    }

    /// Adds what cannot be read of a document.
    pub(super) fn unreadable(&mut self, document: Document<'_>, problem: &Problem) {
        self.add(|| told(document.line_of(problem), &problem.words));
    }

    /// What was read, if it could be.
    pub(super) fn unless<T>(
        &mut self,
        document: Document<'_>,
        read: Result<T, Problem>,
    ) -> Option<T> {
        read.map_err(|problem| self.unreadable(document, &problem))
            .ok()
    }

    pub(super) fn join(&mut self, more: Self) {
        self.more += more.more;
        for words in more.told {
            self.add(|| words);
        }
    }

    /// All of them in a sentence; nothing when there is none.
    pub(crate) fn words(&self) -> Option<String> {
        let told = self.told.join("; ");
        match (self.told.is_empty(), self.more) {
            (true, _) => None,
            (_, 0) => Some(told),
            (_, more) => Some(format!("{told}; and {more} more")),
        }
    }
}

fn told(line: u64, words: &str) -> String {
    format!("looks like a report but cannot be read: line {line}: {words}")
}
