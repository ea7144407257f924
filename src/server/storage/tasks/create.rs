//! A task comes into being, once per idempotency key.

use super::insert::insert;
use super::questions::Questions;
use super::row::load;
use super::save::{NewBody, save};
use super::{StoredTask, after};
use crate::domain::{
    ActivityKind, AppError, Author, Code, DEFAULT_PROJECT, DEFAULT_TIMEOUT_SECONDS, IdempotencyKey,
    NewTask, Task, TaskId, TaskRef, TaskStatus, Timestamp, Usage, excerpt, order_key,
};
use crate::server::storage::activity::{Happening, record};
use crate::server::storage::agents::note_reporter;
use crate::server::storage::keys::{self, Made};
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

const OPEN_RETRY: &str = "select number from tasks where retry_of = $1 \
    and status in ('pending', 'running', 'needs_input') order by number limit 1";
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
        let (after, blockers) = after::resolve(tx, &self.author.sees, &self.new.after).await?;
        (stored.task.after, stored.blockers) = (after, blockers);
        if let Some(old) = self.retry_of {
            self.retry(tx, old).await?;
        }
        stored.task.number = next_number(tx).await?;
        if let Some(key) = &self.key {
            keys::keep(tx, key, &Made::Task(stored.task.number), self.now).await?;
        }
        if let Some(agent) = stored.task.agent.as_deref() {
            // It is external: known before its task is announced.
            note_reporter(tx, agent, self.now).await?;
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
        let Some(key) = &self.key else {
            return Ok(None);
        };
        let Some(Made::Task(number)) = keys::find(tx, key, self.now).await? else {
            return Ok(None);
        };
        load(tx, &self.author.sees, TaskRef::Number(number))
            .await
            .map(Some)
    }

    /// Notes on `old` that this task tries it again, unless another does so already.
    async fn retry(&self, tx: &mut Tx<'_>, old: TaskId) -> Answer<()> {
        let mut old = load(tx, &self.author.sees, TaskRef::Id(old)).await?;
        let (number, status) = (old.task.number, old.task.status);
        if !matches!(status, TaskStatus::Failed | TaskStatus::Cancelled) {
            return Err(AppError::new(
                Code::TaskNotRetryable,
                format!(
                    "task #{number} is {}: only a failed or cancelled task can be retried",
                    status.label()
                ),
            )
            .into());
        }
        let open: Option<i64> = in_tx!(tx, conn => sqlx::query_scalar(OPEN_RETRY)
            .bind(old.task.id.to_string()).fetch_optional(conn).await?);
        if let Some(other) = open {
            return Err(AppError::new(
                Code::TaskRetried,
                format!("task #{other} tries #{number} again already, and has not ended"),
            )
            .into());
        }
        old.task.retried_by = Some(self.id);
        save(tx, status, &mut old, NewBody::default()).await
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
            requires: new.requires_once(),
            after: Vec::new(),
            queue_position: None,
            waiting: Vec::new(),
            question: None,
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
            retried_by: None,
            external,
            usage: Usage::default(),
            evidence_count: 0,
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
