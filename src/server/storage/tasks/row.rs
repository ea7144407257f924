//! The row of a task, and how it is loaded and saved inside a transaction.

use sqlx::FromRow;

use super::create::store_created;
use super::{Lease, StoredTask, questions};
use crate::domain::{
    AppError, Cost, DEFAULT_TIMEOUT_SECONDS, Priority, Task, TaskRef, TaskStatus, Timestamp, Usage,
};
use crate::server::storage::columns::{Origin, count, json};
use crate::server::storage::tx::{Conn, Tx, in_tx};
use crate::server::storage::{Answer, Change, StorageError};

#[derive(FromRow)]
pub(super) struct TaskRow {
    number: i64,
    id: String,
    title: String,
    description: String,
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
    order_key: i64,
    not_before: Option<i64>,
    timeout_seconds: Option<i64>,
    result: Option<String>,
    error: Option<String>,
    retry_of: Option<String>,
    external: bool,
    input_tokens: i64,
    output_tokens: i64,
    cost_micros: Option<i64>,
    evidence_count: i64,
    metadata: String,
    question: Option<String>,
    requires: String,
    runs_after: String,
    agent_may_come: bool,
    answers: Option<String>,
    cancel_requested_at: Option<i64>,
    lease_id: Option<String>,
    lease_expires_at: Option<i64>,
    lease_node: Option<String>,
}

impl TryFrom<TaskRow> for StoredTask {
    type Error = StorageError;

    fn try_from(row: TaskRow) -> Answer<Self> {
        let name = row.number.to_string();
        let origin = Origin {
            table: "tasks",
            row: &name,
        };
        let timeout = row
            .timeout_seconds
            .map(|s| origin.number("timeout_seconds", s))
            .transpose()?;
        let priority = Priority::ALL
            .into_iter()
            .find(|priority| priority.rank() == row.priority);
        let retry_of = row
            .retry_of
            .map(|id| origin.require("retry_of", id.parse().ok()));
        let result = row
            .result
            .map(|text| origin.json("result", &text))
            .transpose()?;
        let since = Timestamp(row.started_at.unwrap_or(row.created_at));
        let (question, questions) = questions::read(row.question.as_deref(), since);
        let answers = row.answers.map(|text| origin.json("answers", &text));
        let lease = match (row.lease_id, row.lease_expires_at) {
            (Some(id), Some(at)) => Some(Lease {
                id,
                expires_at: Timestamp(at),
                node: row.lease_node,
            }),
            _ => None,
        };
        Ok(Self {
            task: Task {
                id: origin.require("id", row.id.parse().ok())?,
                number: row.number,
                title: row.title,
                description: row.description,
                priority: origin.require("priority", priority)?,
                status: origin.require("status", TaskStatus::parse(&row.status))?,
                progress: row.progress,
                agent: row.agent,
                requested_agent: row.requested_agent,
                requires: origin.json("requires", &row.requires)?,
                after: origin.json("runs_after", &row.runs_after)?,
                queue_position: None,
                waiting: Vec::new(),
                question,
                attempt: origin.number("attempt", row.attempt)?,
                max_attempts: origin.number("max_attempts", row.max_attempts)?,
                labels: origin.json("labels", &row.labels)?,
                created_by: row.created_by,
                created_at: Timestamp(row.created_at),
                started_at: row.started_at.map(Timestamp),
                completed_at: row.completed_at.map(Timestamp),
                estimated_seconds: None,
                timeout_seconds: timeout.unwrap_or(DEFAULT_TIMEOUT_SECONDS),
                result,
                error: row.error,
                retry_of: retry_of.transpose()?,
                external: row.external,
                usage: Usage {
                    input_tokens: origin.number("input_tokens", row.input_tokens)?,
                    output_tokens: origin.number("output_tokens", row.output_tokens)?,
                    cost_usd: row.cost_micros.map(Cost),
                },
                evidence_count: origin.number("evidence_count", row.evidence_count)?,
                metadata: origin.json("metadata", &row.metadata)?,
            },
            order_key: row.order_key,
            not_before: row.not_before.map(Timestamp),
            timeout,
            questions,
            answers: answers.transpose()?.unwrap_or_default(),
            agent_may_come: row.agent_may_come,
            blockers: Vec::new(),
            cancel_requested_at: row.cancel_requested_at.map(Timestamp),
            lease,
        })
    }
}

const BY_NUMBER: &str = "select * from tasks where number = $1";
const BY_ID: &str = "select * from tasks where id = $1";
// PostgreSQL has other writers than us; SQLite has only ours.
const BY_NUMBER_LOCKED: &str = "select * from tasks where number = $1 for update";
const BY_ID_LOCKED: &str = "select * from tasks where id = $1 for update";

/// The task, locked until the end of the transaction.
pub(in crate::server::storage) async fn load(tx: &mut Tx<'_>, task: TaskRef) -> Answer<StoredTask> {
    // A task of the same group may have been created a moment ago.
    store_created(tx).await?;
    let locked = matches!(tx.conn, Conn::Postgres(_));
    let row: Option<TaskRow> = match task {
        TaskRef::Number(number) => {
            let sql = if locked { BY_NUMBER_LOCKED } else { BY_NUMBER };
            in_tx!(tx, conn => sqlx::query_as(sql).bind(number).fetch_optional(conn).await?)
        }
        TaskRef::Id(id) => {
            let sql = if locked { BY_ID_LOCKED } else { BY_ID };
            in_tx!(tx, conn => sqlx::query_as(sql).bind(id.to_string()).fetch_optional(conn).await?)
        }
    };
    row.ok_or_else(|| absent(task))?.try_into()
}

/// What a door answers for a task that does not exist.
pub(super) fn absent(task: TaskRef) -> AppError {
    AppError::not_found(match task {
        TaskRef::Number(number) => format!("there is no task #{number}"),
        TaskRef::Id(id) => format!("there is no task {id}"),
    })
}

const SAVE: &str = "update tasks set title = $2, description = $3, priority = $4, status = $5, \
    progress = $6, agent = $7, assignee = coalesce($7, requested_agent), attempt = $8, \
    labels = $9, started_at = $10, completed_at = $11, order_key = $12, not_before = $13, \
    timeout_seconds = $14, result = $15, error = $16, external = $17, input_tokens = $18, \
    output_tokens = $19, cost_micros = $20, question = $21, cancel_requested_at = $22, \
    lease_id = $23, lease_expires_at = $24, lease_node = $25, answers = $26 \
    where number = $1";

/// Writes what may have changed about `stored`, and announces it.
pub(super) async fn save(tx: &mut Tx<'_>, before: TaskStatus, stored: &StoredTask) -> Answer<()> {
    let task = &stored.task;
    let lease = stored.lease.as_ref();
    in_tx!(tx, conn => sqlx::query(SAVE)
        .bind(task.number)
        .bind(&task.title)
        .bind(&task.description)
        .bind(task.priority.rank())
        .bind(task.status.as_str())
        .bind(task.progress)
        .bind(&task.agent)
        .bind(i64::from(task.attempt))
        .bind(json(&task.labels))
        .bind(task.started_at.map(|at| at.0))
        .bind(task.completed_at.map(|at| at.0))
        .bind(stored.order_key)
        .bind(stored.not_before.map(|at| at.0))
        .bind(stored.timeout.map(i64::from))
        .bind(task.result.as_ref().map(json))
        .bind(&task.error)
        .bind(task.external)
        .bind(count(task.usage.input_tokens))
        .bind(count(task.usage.output_tokens))
        .bind(task.usage.cost_usd.map(|cost| cost.0))
        .bind(questions::write(stored))
        .bind(stored.cancel_requested_at.map(|at| at.0))
        .bind(lease.map(|lease| &lease.id))
        .bind(lease.map(|lease| lease.expires_at.0))
        .bind(lease.and_then(|lease| lease.node.as_ref()))
        .bind((!stored.answers.is_empty()).then(|| json(&stored.answers)))
        .execute(conn)
        .await?.rows_affected());
    tx.changed(Change::Task {
        before: Some(before),
        task: Box::new(stored.clone()),
    });
    Ok(())
}
