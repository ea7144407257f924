//! A task comes into being, once per idempotency key.

use super::StoredTask;
use super::insert::insert;
use super::row::load;
use crate::domain::{
    ActivityKind, AppError, Author, DEFAULT_PROJECT, DEFAULT_TIMEOUT_SECONDS, IdempotencyKey,
    NewTask, Task, TaskId, TaskRef, TaskStatus, Timestamp, Usage, excerpt, order_key,
};
use crate::server::storage::activity::{Happening, record};
use crate::server::storage::projects::check_open;
use crate::server::storage::tx::{Conn, Tx, in_tx};
use crate::server::storage::{Answer, Write};

/// Creates a task. `new` has been found valid.
pub(crate) struct CreateTask {
    pub(crate) id: TaskId,
    pub(crate) new: NewTask,
    pub(crate) author: Author,
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
        check_open(tx, &self.author, &stored.task.project).await?;
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
        insert(tx, &stored, &self.new);
        let created = Happening {
            kind: ActivityKind::Created,
            task: Some(&stored.task),
            agent: None,
            actor: &self.author.name,
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
        load(tx, &self.author.sees, TaskRef::Number(number))
            .await
            .map(Some)
    }

    fn stored(&self) -> StoredTask {
        let new = &self.new;
        let external = new.status == Some(TaskStatus::Running);
        let priority = new.priority.unwrap_or_default();
        let task = Task {
            id: self.id,
            number: 0,
            project: new
                .project
                .clone()
                .unwrap_or_else(|| DEFAULT_PROJECT.to_owned()),
            version: 1,
            edit_version: 1,
            title: new.title_or_first_line(),
            excerpt: excerpt(&new.description),
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
            created_by: self.author.name.clone(),
            created_at: self.now,
            started_at: external.then_some(self.now),
            completed_at: None,
            estimated_seconds: None,
            timeout_seconds: new.timeout_seconds.unwrap_or(DEFAULT_TIMEOUT_SECONDS),
            error: None,
            retry_of: self.retry_of,
            external,
            usage: Usage::default(),
            evidence_count: 0,
        };
        StoredTask {
            order_key: order_key(self.now, priority),
            not_before: new.start_after,
            timeout: new.timeout_seconds,
            question: None,
            cancel_requested_at: None,
            lease: None,
            last_lease: None,
            silent_leases: 0,
            task,
        }
    }
}

/// The number of the newest task.
#[derive(Clone, Copy)]
struct Newest(i64);

async fn next_number(tx: &mut Tx<'_>) -> Answer<i64> {
    let number = match (&mut tx.conn, tx.memory.of::<Newest>()) {
        (Conn::Sqlite(_), Some(Newest(newest))) => newest + 1,
        (Conn::Sqlite(conn), None) => sqlx::query_scalar(NEXT).fetch_one(&mut **conn).await?,
        (Conn::Postgres(conn), _) => {
            sqlx::query_scalar(NEXT_OF_ALL)
                .fetch_one(&mut **conn)
                .await?
        }
    };
    tx.memory.remember(Newest(number));
    Ok(number)
}
