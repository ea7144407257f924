//! What was typed into a form that was refused, and why: a browser without JavaScript is sent back to
//! the form, and finds its words there again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::TaskDraft;

/// More are not kept: the browser asks for a draft a moment after it was sent back.
const MOST: usize = 64;

/// The latest drafts, oldest first.
#[derive(Clone, Default)]
pub(crate) struct Drafts {
    kept: Arc<Mutex<VecDeque<(String, TaskDraft)>>>,
}

impl Drafts {
    /// Keeps `draft` under `name`, for a while.
    pub(crate) fn keep(&self, name: String, draft: TaskDraft) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == MOST {
            kept.pop_front();
        }
        kept.push_back((name, draft));
    }

    /// The draft of that name, if it is still there.
    pub(crate) fn find(&self, name: &str) -> Option<TaskDraft> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|(other, _)| other == name);
        found.map(|(_, draft)| draft.clone())
    }
}
