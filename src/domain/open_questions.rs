//! The questions of all tasks that wait for a person.

use serde::{Deserialize, Serialize};

use super::{Task, TaskStatus, Timestamp};

/// So many are named one by one; more are counted.
const LISTED: usize = 100;

/// How many questions wait, and since when.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct OpenQuestions {
    /// The number of each task and when it asked, the longest waiting first.
    pub asked: Vec<(i64, Timestamp)>,
    /// How many there are besides, all of them younger.
    pub more: u64,
}

impl OpenQuestions {
    /// These, in any order.
    #[must_use]
    pub fn of(mut asked: Vec<(i64, Timestamp)>) -> Self {
        asked.sort_unstable_by_key(|(number, since)| (*since, *number));
        let more = asked.len().saturating_sub(LISTED);
        asked.truncate(LISTED);
        Self {
            asked,
            more: u64::try_from(more).unwrap_or(u64::MAX),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        let listed = u64::try_from(self.asked.len()).unwrap_or(u64::MAX);
        listed.saturating_add(self.more)
    }

    /// Since when the first one waits.
    #[must_use]
    pub fn oldest(&self) -> Option<Timestamp> {
        self.asked.first().map(|(_, since)| *since)
    }

    /// Takes over how a task is now. False when not all of them are listed, so that only the
    /// server can tell what that means.
    pub fn follow(&mut self, task: &Task) -> bool {
        if self.more > 0 {
            return false;
        }
        let mut asked = std::mem::take(&mut self.asked);
        asked.retain(|(number, _)| *number != task.number);
        asked.extend(task.asks_since().map(|since| (task.number, since)));
        *self = Self::of(asked);
        true
    }
}

impl Task {
    /// When it asked what it waits for an answer to, if it does.
    #[must_use]
    pub fn asks_since(&self) -> Option<Timestamp> {
        if self.status != TaskStatus::NeedsInput {
            return None;
        }
        let asked = self.question.as_ref().map(|question| question.asked_at);
        Some(asked.or(self.started_at).unwrap_or(self.created_at))
    }
}

#[cfg(test)]
mod tests {
    use super::{LISTED, OpenQuestions};
    use crate::domain::Timestamp;

    #[test]
    fn the_longest_waiting_is_first_and_the_rest_is_counted() {
        let asked: Vec<_> = (0..150_i64)
            .map(|number| (number, Timestamp(1000 - number)))
            .collect();
        let open = OpenQuestions::of(asked);
        assert_eq!(open.asked.len(), LISTED);
        assert_eq!(open.count(), 150);
        assert_eq!(open.oldest(), Some(Timestamp(851)));
    }
}
