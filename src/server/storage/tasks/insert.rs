//! New tasks are stored many at a time.

use super::StoredTask;
use crate::domain::NewTask;
use crate::server::storage::batch::Batched;
use crate::server::storage::columns::json;
use crate::server::storage::tx::{Tx, insert_rows};
use crate::server::storage::{Answer, Change, Thing};

/// Stores a new task before the commit, and announces it.
pub(super) fn insert(tx: &mut Tx<'_>, stored: &StoredTask, new: &NewTask) {
    let place = tx.changed(Change::task(None, stored));
    let metadata = json(&new.metadata);
    let description = new.description.clone();
    tx.batch(Created {
        place,
        description,
        metadata,
    });
}

/// A new task: its body, and its place in the changes of its transaction.
pub(super) struct Created {
    place: usize,
    description: String,
    metadata: String,
}

/// True when all that its row has beyond what `common!` binds is what the columns have by themselves.
fn is_plain(stored: &StoredTask) -> bool {
    let task = &stored.task;
    let of_agents = task.agent.is_none() && task.started_at.is_none() && !task.external;
    let of_others = task.retry_of.is_none() && task.after.is_empty();
    let needs = task.requires.is_empty() && !stored.agent_may_come;
    of_agents && of_others && needs && stored.not_before.is_none()
}

/// What every new row has. A macro, since the rows of both engines have types of their own.
macro_rules! common {
    ($row:ident, $created:ident) => {{
        let (stored, body) = $created;
        let task = &stored.task;
        let assignee = task.agent.as_ref().or(task.requested_agent.as_ref());
        $row.push_bind(task.number)
            .push_bind(task.id.to_string())
            .push_bind(task.project.clone())
            .push_bind(task.title.clone())
            .push_bind(body.description.clone())
            .push_bind(task.priority.rank())
            .push_bind(task.status.as_str())
            .push_bind(task.requested_agent.clone())
            .push_bind(assignee.cloned())
            .push_bind(i64::from(task.max_attempts))
            .push_bind(json(&task.labels))
            .push_bind(task.created_by.clone())
            .push_bind(task.created_at.0)
            .push_bind(stored.order_key)
            .push_bind(stored.timeout.map(i64::from))
            .push_bind(body.metadata.clone())
    }};
}

impl Batched for Created {
    async fn store(tx: &mut Tx<'_>, created: Vec<Self>) -> Answer<()> {
        let rows: Vec<(&StoredTask, &Self)> = created
            .iter()
            .filter_map(|it| match &tx.changes.get(it.place)?.thing {
                Thing::Task { task, .. } => Some((&**task, it)),
                _ => None,
            })
            .collect();
        // Every value of a row has its price, and most tasks have none of the later ones.
        if rows.iter().all(|(stored, _)| is_plain(stored)) {
            insert_rows!(
                tx,
                "insert into tasks (number, id, project, title, description, priority, status, \
                 requested_agent, assignee, max_attempts, labels, created_by, created_at, order_key, \
                 timeout_seconds, metadata) ",
                "number",
                rows,
                |row, created| common!(row, created)
            );
            return Ok(());
        }
        insert_rows!(
            tx,
            "insert into tasks (number, id, project, title, description, priority, status, \
             requested_agent, assignee, max_attempts, labels, created_by, created_at, order_key, \
             timeout_seconds, metadata, agent, started_at, not_before, retry_of, external, requires, \
             runs_after, agent_may_come) ",
            "number",
            rows,
            |row, created| {
                let (stored, _) = created;
                let task = &stored.task;
                common!(row, created)
                    .push_bind(task.agent.clone())
                    .push_bind(task.started_at.map(|at| at.0))
                    .push_bind(stored.not_before.map(|at| at.0))
                    .push_bind(task.retry_of.map(|id| id.to_string()))
                    .push_bind(task.external)
                    .push_bind(json(&task.requires))
                    .push_bind(json(&task.after))
                    .push_bind(stored.agent_may_come)
            }
        );
        Ok(())
    }
}
