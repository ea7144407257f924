//! A task whose row cannot be read is shown as such: number, id and times where they can be
//! read, and what is wrong. It never hides the tasks beside it.

use sqlx::FromRow;
use uuid::Uuid;

use super::StoredTask;
use super::questions::Questions;
use super::row::{BodyRow, TaskRow};
use crate::domain::{
    DEFAULT_TIMEOUT_SECONDS, Priority, Task, TaskBody, TaskId, TaskStatus, Timestamp, Usage,
};
use crate::server::storage::StorageError;
use crate::server::storage::columns::{Named, note_unreadable, read};

/// What came out of a row.
pub(super) struct Found {
    pub(super) stored: StoredTask,
    /// Why `stored` is only what could be shown.
    pub(super) damage: Option<StorageError>,
}

/// The task of a row.
pub(super) fn found<'r, R: Named>(row: &'r R) -> Found
where
    TaskRow: FromRow<'r, R>,
{
    match read::<R, TaskRow, StoredTask>("tasks", "number", row) {
        Ok(stored) => Found {
            stored,
            damage: None,
        },
        Err(error) => {
            note_unreadable("tasks", &error);
            Found {
                stored: damaged(row, &error),
                damage: Some(error),
            }
        }
    }
}

/// What may be large about a task. What cannot be read of it is said in its metadata.
pub(super) fn body_of<'r, R: Named>(row: &'r R) -> TaskBody
where
    BodyRow: FromRow<'r, R>,
{
    read::<R, BodyRow, TaskBody>("tasks", "number", row).unwrap_or_else(|error| {
        note_unreadable("tasks", &error);
        let result = row.text("result");
        let damage = ("damaged".to_owned(), error.to_string().into());
        TaskBody {
            description: row.text("description").unwrap_or_default(),
            result: result.and_then(|text| serde_json::from_str(&text).ok()),
            metadata: std::iter::once(damage).collect(),
        }
    })
}

fn damaged<R: Named>(row: &R, error: &StorageError) -> StoredTask {
    let number = row.number("number").unwrap_or_default();
    let time = |column| row.number(column).map(Timestamp);
    let id = row.text("id").and_then(|id| id.parse().ok());
    StoredTask {
        task: Task {
            // The same with every look, and no other task's.
            id: id.unwrap_or_else(|| TaskId(Uuid::from_u64_pair(0, number.unsigned_abs()))),
            number,
            project: row.text("project").unwrap_or_default(),
            version: row.number("version").unwrap_or_default(),
            edit_version: row.number("edit_version").unwrap_or_default(),
            title: "cannot be read".to_owned(),
            excerpt: String::new(),
            priority: Priority::default(),
            status: TaskStatus::Failed,
            progress: 0.0,
            agent: row.text("agent"),
            requested_agent: row.text("requested_agent"),
            requires: Vec::new(),
            after: Vec::new(),
            queue_position: None,
            waiting: Vec::new(),
            question: None,
            attempt: 1,
            max_attempts: 1,
            labels: Vec::new(),
            created_by: row.text("created_by").unwrap_or_default(),
            created_at: time("created_at").unwrap_or_default(),
            started_at: time("started_at"),
            completed_at: time("completed_at"),
            estimated_seconds: None,
            timeout_seconds: DEFAULT_TIMEOUT_SECONDS,
            error: Some(format!(
                "{error}: the database is damaged; restore a backup"
            )),
            retry_of: None,
            retried_by: None,
            external: false,
            usage: Usage::default(),
            evidence_count: 0,
        },
        order_key: 0,
        not_before: None,
        timeout: None,
        questions: Questions::default(),
        answers: Vec::new(),
        agent_may_come: false,
        blockers: Vec::new(),
        cancel_requested_at: None,
        lease: None,
        last_lease: None,
        silent_leases: 0,
    }
}
