//! Lists come in pages, and pages follow keys: never offsets.

use serde::{Deserialize, Serialize};

use super::{FieldError, LONGEST_PARAMETER, Priority, Task, TaskStatus};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next page begins; absent on the last.
    pub next: Option<String>,
}

/// Which tasks to list. Empty means all.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskFilter {
    /// Of any of these projects.
    pub project: Vec<String>,
    /// Any of these statuses.
    pub status: Vec<TaskStatus>,
    /// Held by, or requested for, this agent.
    pub agent: Option<String>,
    /// This priority.
    pub priority: Option<Priority>,
    /// With this label.
    pub label: Option<String>,
    /// With these words in title or description, or this number.
    pub q: Option<String>,
}

impl TaskFilter {
    /// Everything that is wrong with it, at once.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let texts = [
            ("agent", &self.agent),
            ("label", &self.label),
            ("q", &self.q),
        ];
        let bad = |text: &&Option<String>| {
            text.as_deref()
                .is_some_and(|text| text.contains('\0') || text.chars().count() > LONGEST_PARAMETER)
        };
        let message = "must be at most 2000 characters without NUL";
        let problem = |(field, _)| FieldError::new(field, message);
        texts
            .into_iter()
            .filter(|(_, text)| bad(text))
            .map(problem)
            .collect()
    }

    /// True when `task` belongs on a list with this filter, as far as can be told without the
    /// whole description.
    #[must_use]
    pub fn matches(&self, task: &Task) -> bool {
        let of_agent = |name: &String| {
            task.agent.as_ref() == Some(name) || task.requested_agent.as_ref() == Some(name)
        };
        let with_words = |words: &String| {
            let words = words.trim().to_ascii_lowercase();
            task.title.to_ascii_lowercase().contains(&words)
                || task.excerpt.to_ascii_lowercase().contains(&words)
                || words.trim_start_matches('#') == task.number.to_string()
        };
        (self.project.is_empty() || self.project.contains(&task.project))
            && (self.status.is_empty() || self.status.contains(&task.status))
            && self.agent.as_ref().is_none_or(of_agent)
            && self
                .priority
                .is_none_or(|priority| priority == task.priority)
            && self
                .label
                .as_ref()
                .is_none_or(|label| task.labels.contains(label))
            && self.q.as_ref().is_none_or(with_words)
    }
}
