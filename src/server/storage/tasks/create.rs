//! A task comes into being, once per idempotency key.

use super::StoredTask;
use super::row::load;
use crate::domain::{
    ActivityKind, AppError, DEFAULT_TIMEOUT_SECONDS, IdempotencyKey, NewTask, Task, TaskId,
    TaskRef, TaskStatus, Timestamp, Usage, order_key,
};
use crate::server::storage::activity::{Happening, record};
use crate::server::storage::columns::json;
use crate::server::storage::tx::{Tx, in_tx};
use crate::server::storage::{Answer, Change, Write};

/// Creates a task. `new` has been found valid.
pub(crate) struct CreateTask {
    pub(crate) id: TaskId,
    pub(crate) new: NewTask,
    pub(crate) actor: String,
    pub(crate) retry_of: Option<TaskId>,
    pub(crate) key: Option<IdempotencyKey>,
    pub(crate) now: Timestamp,
}

/// The task, and whether an earlier request had created it already.
#[derive(Clone, Debug)]
pub(crate) struct Creation {
    pub(crate) stored: StoredTask,
    pub(crate) replayed: bool,
}

const FIND_KEY: &str = "select digest, task from idempotency_keys where key = $1";
const INSERT_KEY: &str =
    "insert into idempotency_keys (key, digest, task, created_at) values ($1, $2, $3, $4)";
const INSERT: &str = "insert into tasks (id, title, description, priority, status, agent, \
    requested_agent, assignee, max_attempts, labels, created_by, created_at, started_at, \
    order_key, not_before, timeout_seconds, retry_of, external, metadata) \
    values ($1, $2, $3, $4, $5, $6, $7, coalesce($6, $7), $8, $9, $10, $11, $12, $13, $14, $15, \
    $16, $17, $18) returning number";

impl Write for CreateTask {
    type Output = Creation;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Creation> {
        if let Some(stored) = self.replay(tx).await? {
            return Ok(Creation {
                stored,
                replayed: true,
            });
        }
        let mut stored = self.stored();
        stored.task.number = insert(tx, &stored).await?;
        if let Some(IdempotencyKey { key, digest }) = &self.key {
            in_tx!(tx, conn => sqlx::query(INSERT_KEY)
                .bind(key)
                .bind(digest)
                .bind(stored.task.number)
                .bind(self.now.0)
                .execute(conn)
                .await?.rows_affected());
        }
        tx.changed(Change::Task {
            before: None,
            task: Box::new(stored.clone()),
        });
        let created = Happening {
            kind: ActivityKind::Created,
            task: Some(&stored.task),
            agent: None,
            actor: &self.actor,
            detail: None,
            time: self.now,
        };
        record(tx, created).await?;
        Ok(Creation {
            stored,
            replayed: false,
        })
    }
}

impl CreateTask {
    async fn replay(&self, tx: &mut Tx<'_>) -> Answer<Option<StoredTask>> {
        let Some(IdempotencyKey { key, digest }) = &self.key else {
            return Ok(None);
        };
        let found: Option<(String, i64)> =
            in_tx!(tx, conn => sqlx::query_as(FIND_KEY).bind(key).fetch_optional(conn).await?);
        let Some((earlier, number)) = found else {
            return Ok(None);
        };
        if earlier != *digest {
            let message = "this key was used for another request";
            return Err(AppError::invalid_field("Idempotency-Key", message).into());
        }
        load(tx, TaskRef::Number(number)).await.map(Some)
    }

    fn stored(&self) -> StoredTask {
        let new = &self.new;
        let external = new.status == Some(TaskStatus::Running);
        let priority = new.priority.unwrap_or_default();
        let task = Task {
            id: self.id,
            number: 0,
            title: new.title_or_first_line(),
            description: new.description.clone(),
            priority,
            status: if external {
                TaskStatus::Running
            } else {
                TaskStatus::Pending
            },
            progress: 0.0,
            agent: new.agent.clone().filter(|_| external),
            requested_agent: new.agent.clone(),
            queue_position: None,
            waiting: Vec::new(),
            attempt: 1,
            max_attempts: new.max_attempts.unwrap_or(1),
            labels: new.labels.clone(),
            created_by: self.actor.clone(),
            created_at: self.now,
            started_at: external.then_some(self.now),
            completed_at: None,
            estimated_seconds: None,
            timeout_seconds: new.timeout_seconds.unwrap_or(DEFAULT_TIMEOUT_SECONDS),
            result: None,
            error: None,
            retry_of: self.retry_of,
            external,
            usage: Usage::default(),
            evidence_count: 0,
            metadata: new.metadata.clone(),
        };
        StoredTask {
            order_key: order_key(self.now, priority),
            not_before: new.start_after,
            timeout: new.timeout_seconds,
            question: None,
            cancel_requested_at: None,
            lease: None,
            task,
        }
    }
}

async fn insert(tx: &mut Tx<'_>, stored: &StoredTask) -> Answer<i64> {
    let task = &stored.task;
    let (number,): (i64,) = in_tx!(tx, conn => sqlx::query_as(INSERT)
        .bind(task.id.to_string())
        .bind(&task.title)
        .bind(&task.description)
        .bind(task.priority.rank())
        .bind(task.status.as_str())
        .bind(&task.agent)
        .bind(&task.requested_agent)
        .bind(i64::from(task.max_attempts))
        .bind(json(&task.labels))
        .bind(&task.created_by)
        .bind(task.created_at.0)
        .bind(task.started_at.map(|at| at.0))
        .bind(stored.order_key)
        .bind(stored.not_before.map(|at| at.0))
        .bind(stored.timeout.map(i64::from))
        .bind(task.retry_of.map(|id| id.to_string()))
        .bind(task.external)
        .bind(json(&task.metadata))
        .fetch_one(conn)
        .await?);
    Ok(number)
}
