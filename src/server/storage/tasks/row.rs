//! The row of a task, and how it is loaded and saved inside a transaction.

use sqlx::FromRow;

use super::damaged::{damaged, damaged_body};
use super::insert::Created;
use super::{Lease, StoredTask, questions};
use crate::domain::{
    AppError, Code, Cost, CostSource, DEFAULT_TIMEOUT_SECONDS, Priority, Scope, Task, TaskBody,
    TaskRef, TaskStatus, Timestamp, Usage,
};
use crate::server::storage::columns::{Named, Origin, note_unreadable, read};
use crate::server::storage::tx::{Conn, Tx, in_tx};
use crate::server::storage::{Answer, StorageError};

/// What lists read of a task, which may be nothing large.
macro_rules! listed_columns {
    () => {
        "number, id, project, version, edit_version, title, \
         substr(description, 1, 200) as excerpt, priority, status, progress, agent, \
         requested_agent, attempt, max_attempts, labels, created_by, created_at, started_at, \
         completed_at, timeout_seconds, error, retry_of, retried_by, external, \
         input_tokens, cached_tokens, output_tokens, cost_micros, cost_source, evidence_count, \
         question, requires, runs_after"
    };
}
pub(super) use listed_columns;

/// All that is read of a task but what may be large.
macro_rules! task_columns {
    () => {
        concat!(
            $crate::server::storage::tasks::row::listed_columns!(),
            ", order_key, not_before, answers, agent_may_come, cancel_requested_at, lease_id, \
             lease_expires_at, lease_node, lease_heard, last_lease, silent_leases"
        )
    };
}
pub(super) use task_columns;

#[derive(sqlx_macros::FromRow)]
pub(super) struct TaskRow {
    #[sqlx(flatten)]
    listed: ListedRow,
    #[sqlx(flatten)]
    inner: InnerRow,
}

#[derive(sqlx_macros::FromRow)]
pub(super) struct ListedRow {
    number: i64,
    id: String,
    project: String,
    version: i64,
    edit_version: i64,
    title: String,
    excerpt: String,
    priority: i64,
    status: String,
    progress: f64,
    agent: Option<String>,
    requested_agent: Option<String>,
    attempt: i64,
    max_attempts: i64,
    labels: String,
    created_by: String,
    created_at: i64,
    started_at: Option<i64>,
    completed_at: Option<i64>,
    timeout_seconds: Option<i64>,
    error: Option<String>,
    retry_of: Option<String>,
    retried_by: Option<String>,
    external: bool,
    input_tokens: i64,
    cached_tokens: i64,
    output_tokens: i64,
    cost_micros: Option<i64>,
    cost_source: String,
    evidence_count: i64,
    question: Option<String>,
    requires: String,
    runs_after: String,
}

/// What lists do not show and do not read: every column of every row costs.
#[derive(Default, sqlx_macros::FromRow)]
struct InnerRow {
    order_key: i64,
    not_before: Option<i64>,
    answers: Option<String>,
    agent_may_come: bool,
    cancel_requested_at: Option<i64>,
    lease_id: Option<String>,
    lease_expires_at: Option<i64>,
    lease_node: Option<String>,
    lease_heard: bool,
    last_lease: Option<String>,
    silent_leases: i64,
}

impl InnerRow {
    fn lease(&self) -> Option<Lease> {
        let (id, at) = self.lease_id.clone().zip(self.lease_expires_at)?;
        Some(Lease {
            id,
            expires_at: Timestamp(at),
            node: self.lease_node.clone(),
            heard: self.lease_heard,
        })
    }
}

impl TryFrom<TaskRow> for StoredTask {
    type Error = StorageError;

    fn try_from(row: TaskRow) -> Answer<Self> {
        Self::read(row.listed, row.inner)
    }
}

impl TryFrom<ListedRow> for StoredTask {
    type Error = StorageError;

    fn try_from(row: ListedRow) -> Answer<Self> {
        Self::read(row, InnerRow::default())
    }
}

impl StoredTask {
    fn read(row: ListedRow, inner: InnerRow) -> Answer<Self> {
        let name = row.number.to_string();
        let origin = Origin {
            table: "tasks",
            row: &name,
        };
        let timeout = row.timeout_seconds;
        let timeout = timeout.map(|s| origin.number("timeout_seconds", s));
        let timeout = timeout.transpose()?;
        let mut priorities = Priority::ALL.into_iter();
        let priority = priorities.find(|priority| priority.rank() == row.priority);
        let mut sources = CostSource::ALL.into_iter();
        let cost_source = sources.find(|source| source.as_str() == row.cost_source);
        let link = |column, id: Option<String>| {
            let id = id.map(|id| origin.require(column, id.parse().ok()));
            id.transpose()
        };
        let since = Timestamp(row.started_at.unwrap_or(row.created_at));
        let (question, questions) = questions::read(row.question.as_deref(), since);
        let answers = inner.answers.as_deref();
        let answers = answers.map(|text| origin.json("answers", text));
        let lease = inner.lease();
        Ok(Self {
            task: Task {
                id: origin.require("id", row.id.parse().ok())?,
                number: row.number,
                project: row.project,
                version: row.version,
                edit_version: row.edit_version,
                title: row.title,
                excerpt: row.excerpt,
                priority: origin.require("priority", priority)?,
                status: origin.require("status", TaskStatus::parse(&row.status))?,
                progress: row.progress,
                agent: row.agent,
                requested_agent: row.requested_agent,
                requires: origin.list("requires", &row.requires)?,
                after: origin.list("runs_after", &row.runs_after)?,
                queue_position: None,
                waiting: Vec::new(),
                question,
                attempt: origin.number("attempt", row.attempt)?,
                max_attempts: origin.number("max_attempts", row.max_attempts)?,
                labels: origin.list("labels", &row.labels)?,
                created_by: row.created_by,
                created_at: Timestamp(row.created_at),
                started_at: row.started_at.map(Timestamp),
                completed_at: row.completed_at.map(Timestamp),
                estimated_seconds: None,
                timeout_seconds: timeout.unwrap_or(DEFAULT_TIMEOUT_SECONDS),
                error: row.error,
                retry_of: link("retry_of", row.retry_of)?,
                retried_by: link("retried_by", row.retried_by)?,
                external: row.external,
                usage: Usage {
                    input_tokens: origin.number("input_tokens", row.input_tokens)?,
                    cached_tokens: origin.number("cached_tokens", row.cached_tokens)?,
                    output_tokens: origin.number("output_tokens", row.output_tokens)?,
                    cost_usd: row.cost_micros.map(Cost),
                    cost_source: origin.require("cost_source", cost_source)?,
                },
                evidence_count: origin.number("evidence_count", row.evidence_count)?,
            },
            order_key: inner.order_key,
            not_before: inner.not_before.map(Timestamp),
            timeout,
            questions,
            answers: answers.transpose()?.unwrap_or_default(),
            agent_may_come: inner.agent_may_come,
            blockers: Vec::new(),
            cancel_requested_at: inner.cancel_requested_at.map(Timestamp),
            lease,
            last_lease: inner.last_lease,
            silent_leases: inner.silent_leases,
        })
    }
}

/// What may be large about a task.
#[derive(sqlx_macros::FromRow)]
pub(super) struct BodyRow {
    number: i64,
    description: String,
    result: Option<String>,
    metadata: String,
}

impl TryFrom<BodyRow> for TaskBody {
    type Error = StorageError;

    fn try_from(row: BodyRow) -> Answer<Self> {
        let name = row.number.to_string();
        let origin = Origin {
            table: "tasks",
            row: &name,
        };
        let result = row.result.map(|text| origin.json("result", &text));
        Ok(Self {
            description: row.description,
            result: result.transpose()?,
            metadata: origin.json("metadata", &row.metadata)?,
        })
    }
}

/// What came out of a row.
pub(super) struct Found {
    pub(super) stored: StoredTask,
    /// Why `stored` is only what could be shown.
    pub(super) damage: Option<StorageError>,
}

impl Found {
    /// The task, if all of it could be read.
    pub(super) fn whole(self) -> Option<StoredTask> {
        self.damage.is_none().then_some(self.stored)
    }
}

/// The task of a row with [`task_columns`].
pub(super) fn found<'r, R: Named>(row: &'r R) -> Found
where
    TaskRow: FromRow<'r, R>,
{
    found_as::<R, TaskRow>(row)
}

/// The task of a row with [`listed_columns`].
pub(super) fn listed<'r, R: Named>(row: &'r R) -> Found
where
    ListedRow: FromRow<'r, R>,
{
    found_as::<R, ListedRow>(row)
}

fn found_as<'r, R: Named, F: FromRow<'r, R>>(row: &'r R) -> Found
where
    StoredTask: TryFrom<F, Error = StorageError>,
{
    match read::<R, F, StoredTask>("tasks", "number", row) {
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
        damaged_body(row, &error)
    })
}

const BY_NUMBER: &str = concat!("select ", task_columns!(), " from tasks where number = $1");
const BY_ID: &str = concat!("select ", task_columns!(), " from tasks where id = $1");
// PostgreSQL has other writers than us; SQLite has only ours.
const BY_NUMBER_LOCKED: &str = concat!(
    "select ",
    task_columns!(),
    " from tasks where number = $1 for update"
);
const BY_ID_LOCKED: &str = concat!(
    "select ",
    task_columns!(),
    " from tasks where id = $1 for update"
);

/// The task, locked until the end of the transaction, when `scope` covers it. One that cannot be
/// read is refused.
pub(in crate::server::storage) async fn load(
    tx: &mut Tx<'_>,
    scope: &Scope,
    task: TaskRef,
) -> Answer<StoredTask> {
    // A task of the same group may have been created a moment ago.
    tx.flush_table::<Created>().await?;
    let locked = matches!(tx.conn, Conn::Postgres(_));
    let row: Option<Found> = match task {
        TaskRef::Number(number) => {
            let sql = if locked { BY_NUMBER_LOCKED } else { BY_NUMBER };
            in_tx!(tx, conn => sqlx::query(sql).bind(number).fetch_optional(conn).await?
                .map(|row| found(&row)))
        }
        TaskRef::Id(id) => {
            let sql = if locked { BY_ID_LOCKED } else { BY_ID };
            in_tx!(tx, conn => sqlx::query(sql).bind(id.to_string()).fetch_optional(conn).await?
                .map(|row| found(&row)))
        }
    };
    let Found { stored, damage } = visible(row, scope, task)?;
    match damage {
        Some(error) => Err(AppError::from(error).into()),
        None => Ok(stored),
    }
}

/// The same for the server's own look at several: one that cannot be read must not hold up the
/// others.
pub(super) async fn load_readable(tx: &mut Tx<'_>, number: i64) -> Answer<Option<StoredTask>> {
    match load(tx, &Scope::everything(), TaskRef::Number(number)).await {
        Err(error) if error.is_refusal() => Ok(None),
        loaded => loaded.map(Some),
    }
}

const DESCRIPTION: &str = "select description from tasks where number = $1";

/// The description of a task that was loaded.
pub(super) async fn description(tx: &mut Tx<'_>, number: i64) -> Answer<String> {
    Ok(in_tx!(tx, conn => sqlx::query_scalar(DESCRIPTION).bind(number).fetch_one(conn).await?))
}

const BODY: &str = "select number, description, result, metadata, \
    (select folder from projects where name = tasks.project) as folder \
    from tasks where number = $1";

/// What may be large about a task that was loaded, and the folder of its project.
pub(super) async fn body(tx: &mut Tx<'_>, number: i64) -> Answer<(TaskBody, Option<String>)> {
    Ok(in_tx!(tx, conn => {
        let row = sqlx::query(BODY).bind(number).fetch_one(conn).await?;
        (body_of(&row), row.text("folder"))
    }))
}

/// What is not there and what may not be seen answer alike.
pub(super) fn visible(found: Option<Found>, scope: &Scope, task: TaskRef) -> Answer<Found> {
    Ok(found
        .filter(|found| scope.covers(&found.stored.task.project))
        .ok_or_else(|| absent(task))?)
}

/// What a door answers for a task that does not exist.
pub(super) fn absent(task: TaskRef) -> AppError {
    AppError::new(
        Code::TaskNotFound,
        match task {
            TaskRef::Number(number) => format!("there is no task #{number}"),
            TaskRef::Id(id) => format!("there is no task {id}"),
        },
    )
}
