//! Writing back what changed about a task.

use serde_json::{Map, Value};

use super::{StoredTask, questions};
use crate::domain::TaskStatus;
use crate::server::storage::columns::{count, json};
use crate::server::storage::tx::{Tx, in_tx};
use crate::server::storage::{Answer, Change};

/// What of a task's body is new; what is absent stays.
#[derive(Default)]
pub(super) struct NewBody {
    pub(super) description: Option<String>,
    /// `null` takes away what there was.
    pub(super) result: Option<Value>,
    pub(super) metadata: Option<Map<String, Value>>,
}

const SAVE: &str = "update tasks set title = $2, description = coalesce($3, description), \
    priority = $4, status = $5, progress = $6, agent = $7, \
    assignee = coalesce($7, requested_agent), attempt = $8, labels = $9, started_at = $10, \
    completed_at = $11, order_key = $12, not_before = $13, timeout_seconds = $14, \
    result = case when $34 then $15 else result end, metadata = coalesce($35, metadata), error = $16, external = $17, input_tokens = $18, \
    output_tokens = $19, cost_micros = $20, question = $21, cancel_requested_at = $22, \
    lease_id = $23, lease_expires_at = $24, lease_node = $25, version = $26, edit_version = $27, \
    answers = $28, \
    lease_heard = $29, last_lease = coalesce($23, last_lease), silent_leases = $30, \
    retried_by = $31, cached_tokens = $32, cost_source = $33, \
    deadline_at = case when $5 in ('running', 'needs_input') then deadline_at end, \
    asks_since = case when $5 in ('running', 'needs_input') then asks_since end, \
    cancel_by = case when $5 in ('running', 'needs_input') then cancel_by end \
    where number = $1";

/// Writes what may have changed about `stored`, and announces it as its next version.
pub(super) async fn save(
    tx: &mut Tx<'_>,
    before: TaskStatus,
    stored: &mut StoredTask,
    body: NewBody,
) -> Answer<()> {
    stored.task.version += 1;
    let task = &stored.task;
    let lease = stored.lease.as_ref();
    let result = body.result.as_ref().filter(|result| !result.is_null());
    in_tx!(tx, conn => sqlx::query(SAVE)
        .bind(task.number)
        .bind(&task.title)
        .bind(&body.description)
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
        .bind(result.map(json))
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
        .bind(task.version)
        .bind(task.edit_version)
        .bind((!stored.answers.is_empty()).then(|| json(&stored.answers)))
        .bind(lease.is_none_or(|lease| lease.heard))
        .bind(stored.silent_leases)
        .bind(task.retried_by.map(|id| id.to_string()))
        .bind(count(task.usage.cached_tokens))
        .bind(task.usage.cost_source.as_str())
        .bind(body.result.is_some())
        .bind(body.metadata.as_ref().map(json))
        .execute(conn)
        .await?.rows_affected());
    tx.changed(Change::task(Some(before), stored));
    Ok(())
}
