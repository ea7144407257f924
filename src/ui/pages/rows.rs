//! Tasks as rows that change one by one, and what is known of tasks that are not shown.

use leptos::prelude::*;

use crate::domain::{Activity, ActivityKind, Task, TaskId, TaskStatus, Timestamp};
use crate::ui::components::{Current, CurrentTask};

/// Tasks that are named with the agent that holds them; the others are counted.
const MOST_NAMED: usize = 5;
/// More than this is forgotten, oldest first.
const MOST_KNOWN: usize = 2000;

/// A task of a list. Its signals outlive the moment that created them.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) id: TaskId,
    pub(crate) task: ArcRwSignal<Task>,
    /// True once somebody asked to stop it.
    pub(crate) stopping: ArcRwSignal<bool>,
}

impl Row {
    pub(crate) fn new(task: &Task) -> Self {
        Self {
            id: task.id,
            task: ArcRwSignal::new(task.clone()),
            stopping: ArcRwSignal::new(false),
        }
    }

    /// Takes note of what happened to its task.
    pub(crate) fn happened(&self, activity: &Activity) {
        if activity.kind == ActivityKind::CancelRequested {
            self.stopping.set(true);
        }
    }

    /// Shows `task` from now on; nothing happens when it is shown already.
    pub(crate) fn set(&self, task: &Task) {
        if *self.task.read_untracked() != *task {
            self.task.set(task.clone());
        }
        if task.status.is_finished() && self.stopping.get_untracked() {
            self.stopping.set(false);
        }
    }
}

/// What is known of a task without showing it.
#[derive(Clone, Debug, PartialEq)]
struct Brief {
    id: TaskId,
    number: i64,
    title: String,
    status: TaskStatus,
    started_at: Option<Timestamp>,
}

/// All tasks that a page has heard of, oldest first.
#[derive(Clone, Copy)]
pub(crate) struct Book(RwSignal<Vec<Brief>>);

impl Book {
    pub(crate) fn new() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    /// Takes note of a task; answers its former status.
    pub(crate) fn note(&self, task: &Task) -> Option<TaskStatus> {
        let brief = Brief {
            id: task.id,
            number: task.number,
            title: task.title.clone(),
            status: task.status,
            started_at: task.started_at,
        };
        let known = find(&self.0.read_untracked(), task.id).cloned();
        if known.as_ref() == Some(&brief) {
            return Some(task.status);
        }
        let mut book = self.0.write();
        match place(&book, task.id) {
            Ok(at) => book[at] = brief,
            Err(at) => book.insert(at, brief),
        }
        if book.len() > MOST_KNOWN {
            book.remove(0);
        }
        known.map(|known| known.status)
    }

    /// What is known of the first few tasks that an agent holds.
    pub(crate) fn current(&self, held: &[TaskId]) -> Current {
        let book = self.0.read();
        let entry = |id: &TaskId| {
            let brief = find(&book, *id);
            CurrentTask {
                id: *id,
                number: brief.map(|brief| brief.number),
                title: brief.map(|brief| brief.title.clone()).unwrap_or_default(),
                started_at: brief.and_then(|brief| brief.started_at),
                asks: brief.is_some_and(|brief| brief.status == TaskStatus::NeedsInput),
            }
        };
        Current {
            tasks: held.iter().take(MOST_NAMED).map(entry).collect(),
            more: u64::try_from(held.len().saturating_sub(MOST_NAMED)).unwrap_or(0),
        }
    }
}

fn place(book: &[Brief], id: TaskId) -> Result<usize, usize> {
    book.binary_search_by(|brief| brief.id.cmp(&id))
}

fn find(book: &[Brief], id: TaskId) -> Option<&Brief> {
    book.get(place(book, id).ok()?)
}
