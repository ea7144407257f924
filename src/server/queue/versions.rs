//! Which version of each task the board has, so that what is not newer is passed over.

use std::collections::{HashMap, VecDeque};

/// Finished tasks whose version is remembered: none changes often, and what comes late comes soon.
const FINISHED: usize = 10_000;

/// The newest version of every pending and held task, and of those that finished lately.
#[derive(Default)]
pub(super) struct Versions {
    known: HashMap<i64, i64>,
    finished: VecDeque<i64>,
}

impl Versions {
    /// Remembers `version` of task `number`. False when it is not newer than what was known.
    pub(super) fn note(&mut self, number: i64, version: i64) -> bool {
        let known = self.known.entry(number).or_insert(0);
        let is_newer = version > *known;
        *known = version.max(*known);
        is_newer
    }

    /// What is known of task `number`.
    pub(super) fn of(&self, number: i64) -> Option<i64> {
        self.known.get(&number).copied()
    }

    /// The task will hardly change any more: its version may be forgotten in time.
    pub(super) fn finish(&mut self, number: i64) {
        self.finished.push_back(number);
        if self.finished.len() > FINISHED
            && let Some(oldest) = self.finished.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}
