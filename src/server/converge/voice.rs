//! What is said of a webhook at the terminal: each thing once, since many journals have the same
//! trouble with the same webhook.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::terminal::Terminal;

/// So many events that were refused are named; the list has the others.
const NAMED: usize = 20;

pub(super) struct Voice<'a> {
    terminal: &'a Terminal,
    said: Mutex<Said>,
}

#[derive(Debug, Default)]
struct Said {
    words: BTreeSet<String>,
    named: usize,
}

impl<'a> Voice<'a> {
    pub(super) fn new(terminal: &'a Terminal) -> Self {
        Self {
            terminal,
            said: Mutex::default(),
        }
    }

    pub(super) fn complain(&self, words: &str) {
        if self.said().words.insert(words.to_owned()) {
            self.terminal.complain(words);
        }
    }

    /// Names an event that was refused.
    pub(super) fn name(&self, words: &str) {
        let mut said = self.said();
        said.named += 1;
        match said.named.cmp(&(NAMED + 1)) {
            std::cmp::Ordering::Less => self.terminal.complain(words),
            std::cmp::Ordering::Equal => self.terminal.complain(
                "webhook: more events are set aside: `kimi-converge deliver --list` names them",
            ),
            std::cmp::Ordering::Greater => {}
        }
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
