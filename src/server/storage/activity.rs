//! What happened, in storage.

use sqlx::{QueryBuilder, Row};

use super::batch::Batched;
use super::columns::{Origin, parse_cursor, push_scope, readable};
use super::database::on_pool;
use super::tx::{Tx, insert_rows};
use super::{Answer, Change, Database, StorageError, Thing};
use crate::domain::{Activity, ActivityKind, Audience, Page, Scope, Task, TaskId, Timestamp};

/// Something that happened, on its way in.
pub(crate) struct Happening<'a> {
    pub(crate) kind: ActivityKind,
    pub(crate) task: Option<&'a Task>,
    pub(crate) agent: Option<&'a str>,
    pub(crate) actor: &'a str,
    pub(crate) detail: Option<&'a str>,
    pub(crate) time: Timestamp,
}

/// Records what happened, and announces it.
pub(super) fn record(tx: &mut Tx<'_>, happening: Happening<'_>) {
    let Happening {
        kind,
        task,
        agent,
        actor,
        detail,
        time,
    } = happening;
    let agent = agent.or_else(|| task.and_then(|task| task.agent.as_deref()));
    let (project, audience) = match task {
        Some(task) => (
            Some(task.project.clone()),
            Audience::Project {
                project: task.project.clone(),
                owner: task.created_by.clone(),
            },
        ),
        None => (None, Audience::Everyone),
    };
    let activity = Activity {
        id: 0,
        time,
        kind,
        task_id: task.map(|task| task.id),
        task_number: task.map(|task| task.number),
        title: task.map(|task| task.title.clone()),
        agent: agent.map(str::to_owned),
        actor: actor.to_owned(),
        detail: detail.map(str::to_owned),
    };
    let place = tx.changed(Change {
        version: 0,
        audience,
        thing: Thing::Activity(activity),
    });
    tx.batch(Recorded { place, project });
}

/// Something that happened, in the changes of its transaction.
struct Recorded {
    place: usize,
    project: Option<String>,
}

impl Batched for Recorded {
    async fn store(tx: &mut Tx<'_>, recorded: Vec<Self>) -> Answer<()> {
        let rows: Vec<(&Activity, &Option<String>)> = recorded
            .iter()
            .filter_map(|it| match &tx.changes.get(it.place)?.thing {
                Thing::Activity(activity) => Some((activity, &it.project)),
                _ => None,
            })
            .collect();
        let ids = insert_rows!(
            tx,
            "insert into activity (time, kind, task, agent, actor, title, detail, project) ",
            "id",
            rows,
            |row, recorded| {
                let (activity, project) = recorded;
                row.push_bind(activity.time.0)
                    .push_bind(activity.kind.as_str())
                    .push_bind(activity.task_number)
                    .push_bind(activity.agent.clone())
                    .push_bind(activity.actor.clone())
                    .push_bind(activity.title.clone())
                    .push_bind(activity.detail.clone())
                    .push_bind(project.clone())
            }
        );
        for (it, id) in recorded.iter().zip(ids) {
            if let Some(change) = tx.changes.get_mut(it.place)
                && let Thing::Activity(activity) = &mut change.thing
            {
                activity.id = id;
                change.version = id;
            }
        }
        Ok(())
    }
}

#[derive(sqlx_macros::FromRow)]
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

const OF: &str = "select a.id, a.time, a.kind, a.task, t.id as task_id, a.agent, a.actor, a.title, \
    a.detail from activity a left join tasks t on t.number = a.task where ";

/// Of what happened, what to list.
pub(crate) struct ActivityFilter<'a> {
    pub(crate) scope: &'a Scope,
    /// The agents that may be heard of, for who does not see everything.
    pub(crate) agents: &'a [String],
    /// Only what happened to this task.
    pub(crate) task: Option<i64>,
}

impl Database {
    /// A page of what happened, newest first; the cursor is the id of the last of the page before.
    pub(crate) async fn activity(
        &self,
        filter: ActivityFilter<'_>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<Activity>> {
        let before: Option<i64> = cursor.map(parse_cursor).transpose()?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let (items, next) = on_pool!(self, pool => {
            let mut query = QueryBuilder::new(OF);
            query.push("(");
            push_scope(&mut query, "a.project", filter.scope);
            query.push(" or (a.project is null and a.agent in (''");
            for agent in filter.agents {
                query.push(", ").push_bind(agent.clone());
            }
            query.push(")))");
            if let Some(task) = filter.task {
                query.push(" and a.task = ").push_bind(task);
            }
            if let Some(before) = before {
                query.push(" and a.id < ").push_bind(before);
            }
            query.push(" order by a.id desc limit ").push_bind(i64::from(limit) + 1);
            let mut rows = query.build().fetch_all(pool).await?;
            let more = rows.len() > most;
            rows.truncate(most);
            let next = match rows.last() {
                Some(last) if more => Some(last.try_get::<i64, _>("id")?.to_string()),
                _ => None,
            };
            (readable::<_, ActivityRow, Activity>("activity", "id", &rows), next)
        });
        Ok(Page { items, next })
    }
}
