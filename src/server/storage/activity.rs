//! What happened, in storage.

use sqlx::FromRow;

use super::columns::Origin;
use super::database::on_pool;
use super::tx::{Tx, in_tx};
use super::{Answer, Change, Database, StorageError};
use crate::domain::{Activity, ActivityKind, Task, TaskId, Timestamp};

/// Something that happened, on its way in.
pub(crate) struct Happening<'a> {
    pub(crate) kind: ActivityKind,
    pub(crate) task: Option<&'a Task>,
    pub(crate) agent: Option<&'a str>,
    pub(crate) actor: &'a str,
    pub(crate) detail: Option<&'a str>,
    pub(crate) time: Timestamp,
}

const INSERT: &str = "insert into activity (time, kind, task, agent, actor, title, detail) \
    values ($1, $2, $3, $4, $5, $6, $7) returning id";

/// Records what happened, and announces it.
pub(super) async fn record(tx: &mut Tx<'_>, happening: Happening<'_>) -> Answer<()> {
    let Happening {
        kind,
        task,
        agent,
        actor,
        detail,
        time,
    } = happening;
    let agent = agent.or_else(|| task.and_then(|task| task.agent.as_deref()));
    let (id,): (i64,) = in_tx!(tx, conn => sqlx::query_as(INSERT)
        .bind(time.0)
        .bind(kind.as_str())
        .bind(task.map(|task| task.number))
        .bind(agent)
        .bind(actor)
        .bind(task.map(|task| &task.title))
        .bind(detail)
        .fetch_one(conn)
        .await?);
    tx.changed(Change::Activity(Activity {
        id,
        time,
        kind,
        task_id: task.map(|task| task.id),
        task_number: task.map(|task| task.number),
        title: task.map(|task| task.title.clone()),
        agent: agent.map(str::to_owned),
        actor: actor.to_owned(),
        detail: detail.map(str::to_owned),
    }));
    Ok(())
}

#[derive(FromRow)]
struct ActivityRow {
    id: i64,
    time: i64,
    kind: String,
    task: Option<i64>,
    task_id: Option<String>,
    agent: Option<String>,
    actor: String,
    title: Option<String>,
    detail: Option<String>,
}

impl TryFrom<ActivityRow> for Activity {
    type Error = StorageError;

    fn try_from(row: ActivityRow) -> Answer<Self> {
        let name = row.id.to_string();
        let origin = Origin {
            table: "activity",
            row: &name,
        };
        let kind = ActivityKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == row.kind);
        let task_id: Option<TaskId> = row.task_id.and_then(|id| id.parse().ok());
        Ok(Self {
            id: row.id,
            time: Timestamp(row.time),
            kind: origin.require("kind", kind)?,
            task_id,
            task_number: row.task,
            title: row.title,
            agent: row.agent,
            actor: row.actor,
            detail: row.detail,
        })
    }
}

const RECENT: &str = "select a.*, t.id as task_id from activity a \
    left join tasks t on t.number = a.task order by a.id desc limit $1";
const OF_TASK: &str = "select a.*, t.id as task_id from activity a \
    left join tasks t on t.number = a.task where a.task = $1 order by a.id limit $2";

impl Database {
    /// What happened lately, newest first.
    pub(crate) async fn recent_activity(&self, limit: i64) -> Answer<Vec<Activity>> {
        let rows: Vec<ActivityRow> =
            on_pool!(self, pool => sqlx::query_as(RECENT).bind(limit).fetch_all(pool).await?);
        rows.into_iter().map(Activity::try_from).collect()
    }

    /// What happened to a task, oldest first, at most 1000.
    pub(crate) async fn timeline(&self, task: i64) -> Answer<Vec<Activity>> {
        let rows: Vec<ActivityRow> = on_pool!(self, pool =>
            sqlx::query_as(OF_TASK).bind(task).bind(1000_i64).fetch_all(pool).await?);
        rows.into_iter().map(Activity::try_from).collect()
    }
}
