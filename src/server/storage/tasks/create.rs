//! A task comes into being, once per idempotency key.

use super::questions::Questions;
use super::row::load;
use super::{StoredTask, after};
use crate::domain::{
    ActivityKind, AppError, DEFAULT_TIMEOUT_SECONDS, IdempotencyKey, NewTask, Task, TaskId,
    TaskRef, TaskStatus, Timestamp, Usage, order_key,
};
use crate::server::storage::activity::{Happening, record};
use crate::server::storage::agents::note_reporter;
use crate::server::storage::columns::json;
use crate::server::storage::tx::{Conn, Tx, in_tx, insert_rows};
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
// SQLite has only our writer, which counts on by itself; PostgreSQL has others.
const NEXT: &str = "select coalesce(max(number), 0) + 1 from tasks";
const NEXT_OF_ALL: &str = "select nextval(pg_get_serial_sequence('tasks', 'number'))";

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
        let (after, blockers) = after::resolve(tx, &self.new.after).await?;
        (stored.task.after, stored.blockers) = (after, blockers);
        stored.task.number = next_number(tx).await?;
        if let Some(IdempotencyKey { key, digest }) = &self.key {
            in_tx!(tx, conn => sqlx::query(INSERT_KEY)
                .bind(key)
                .bind(digest)
                .bind(stored.task.number)
                .bind(self.now.0)
                .execute(conn)
                .await?.rows_affected());
        }
        if let Some(agent) = stored.task.agent.as_deref() {
            // It is external: known before its task is announced.
            note_reporter(tx, agent, self.now).await?;
        }
        tx.tasks_to_store.push(tx.mark());
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
        record(tx, created);
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
            requires: new.requires_once(),
            after: Vec::new(),
            queue_position: None,
            waiting: Vec::new(),
            question: None,
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
            questions: Questions::default(),
            answers: Vec::new(),
            agent_may_come: new.agent_may_come,
            blockers: Vec::new(),
            cancel_requested_at: None,
            lease: None,
            task,
        }
    }
}

async fn next_number(tx: &mut Tx<'_>) -> Answer<i64> {
    let number = match (&mut tx.conn, tx.newest_task) {
        (Conn::Sqlite(_), Some(newest)) => newest + 1,
        (Conn::Sqlite(conn), None) => sqlx::query_scalar(NEXT).fetch_one(&mut **conn).await?,
        (Conn::Postgres(conn), _) => {
            sqlx::query_scalar(NEXT_OF_ALL)
                .fetch_one(&mut **conn)
                .await?
        }
    };
    tx.newest_task = Some(number);
    Ok(number)
}

/// Rows of one statement.
const ROWS: usize = 128;

/// Stores the tasks that the writes of a transaction created.
pub(in crate::server::storage) async fn store_created(tx: &mut Tx<'_>) -> Answer<()> {
    let waiting = std::mem::take(&mut tx.tasks_to_store);
    for chunk in waiting.chunks(ROWS) {
        let rows: Vec<&StoredTask> = chunk
            .iter()
            .filter_map(|&place| match tx.changes.get(place) {
                Some(Change::Task { task, .. }) => Some(&**task),
                _ => None,
            })
            .collect();
        insert_rows!(
            tx,
            "insert into tasks (number, id, title, description, priority, status, agent, \
             requested_agent, assignee, max_attempts, labels, created_by, created_at, \
             started_at, order_key, not_before, timeout_seconds, retry_of, external, metadata, \
             requires, runs_after, agent_may_come) ",
            "number",
            rows,
            |row, stored| {
                let task = &stored.task;
                row.push_bind(task.number)
                    .push_bind(task.id.to_string())
                    .push_bind(task.title.clone())
                    .push_bind(task.description.clone())
                    .push_bind(task.priority.rank())
                    .push_bind(task.status.as_str())
                    .push_bind(task.agent.clone())
                    .push_bind(task.requested_agent.clone())
                    .push_bind(task.agent.clone().or_else(|| task.requested_agent.clone()))
                    .push_bind(i64::from(task.max_attempts))
                    .push_bind(json(&task.labels))
                    .push_bind(task.created_by.clone())
                    .push_bind(task.created_at.0)
                    .push_bind(task.started_at.map(|at| at.0))
                    .push_bind(stored.order_key)
                    .push_bind(stored.not_before.map(|at| at.0))
                    .push_bind(stored.timeout.map(i64::from))
                    .push_bind(task.retry_of.map(|id| id.to_string()))
                    .push_bind(task.external)
                    .push_bind(json(&task.metadata))
                    .push_bind(json(&task.requires))
                    .push_bind(json(&task.after))
                    .push_bind(stored.agent_may_come)
            }
        );
    }
    Ok(())
}
