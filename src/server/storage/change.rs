//! What a commit tells the rest of the program: a list of changes, each of one thing.
//!
//! A follower takes a change only when its version is newer than what it has, so the same change may
//! come twice, late, or from another server.

use serde_json::Value;

use super::agents::AgentRecord;
use super::tasks::StoredTask;
use crate::domain::{Activity, Audience, LogEntry, TaskId, TaskStatus};

/// What a committed write changed about one thing.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// Rises with every change of the thing. What is only ever added has the number of its row.
    pub(crate) version: i64,
    /// Who may hear of it.
    pub(crate) audience: Audience,
    pub(crate) thing: Thing,
}

/// The thing as it is now.
#[derive(Clone, Debug)]
pub(crate) enum Thing {
    /// A task, and its status before; `None` for a new one.
    Task {
        before: Option<TaskStatus>,
        task: Box<StoredTask>,
    },
    /// New log entries of one task.
    Logs {
        task: TaskId,
        entries: Vec<LogEntry>,
    },
    /// Something happened.
    Activity(Activity),
    Agent(AgentRecord),
    /// A project, which is read anew by whoever needs it; it may have been removed.
    Project(String),
    /// New events of a convergence session, as their sender wrote them.
    Events {
        session: String,
        events: Vec<Value>,
    },
}

impl Change {
    /// A task that was just saved.
    pub(super) fn task(before: Option<TaskStatus>, stored: &StoredTask) -> Self {
        Self {
            version: stored.task.version,
            audience: stored.audience(),
            thing: Thing::Task {
                before,
                task: Box::new(stored.clone()),
            },
        }
    }

    /// What kind of thing it is about.
    pub(crate) fn noun(&self) -> &'static str {
        match self.thing {
            Thing::Task { .. } => "task",
            Thing::Logs { .. } => "logs",
            Thing::Activity(_) => "activity",
            Thing::Agent(_) => "agent",
            Thing::Project(_) => "project",
            Thing::Events { .. } => "session",
        }
    }

    /// Which of its kind.
    pub(crate) fn id(&self) -> String {
        match &self.thing {
            Thing::Task { task, .. } => task.task.id.to_string(),
            Thing::Logs { task, .. } => task.to_string(),
            Thing::Activity(activity) => activity.id.to_string(),
            Thing::Agent(record) => record.name.clone(),
            Thing::Project(name) => name.clone(),
            Thing::Events { session, .. } => session.clone(),
        }
    }
}
