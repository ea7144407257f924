//! Reading tasks: one, a page, the active ones, and what finished lately.

use sqlx::{FromRow, QueryBuilder};

use super::StoredTask;
use super::row::{TaskRow, absent};
use crate::domain::{Page, Priority, TaskFilter, TaskId, TaskRef, TaskStatus};
use crate::server::storage::columns::{parse_cursor, patterns};
use crate::server::storage::database::on_pool;
use crate::server::storage::{Answer, Database};

const BY_NUMBER: &str = "select * from tasks where number = $1";
const BY_ID: &str = "select * from tasks where id = $1";
const ACTIVE: &str = "select * from tasks where status in ('pending', 'running', 'needs_input')";
const RETRIES: &str = "select number from tasks where retry_of = $1 order by number";
// Hops from agent to agent on the index `tasks_by_assignee`, and counts a part of it for each
// status: twice as quick as grouping, and the larger part of a start with a million tasks.
const COUNTS: &str = "with recursive \
    agents(name) as (select min(assignee) from tasks union all \
        select (select min(assignee) from tasks where assignee > name) from agents \
        where name is not null), \
    kinds(kind) as (values ('pending'), ('running'), ('needs_input'), ('completed'), \
        ('failed'), ('cancelled')) \
    select name, kind, (select count(*) from tasks where assignee = name and status = kind) \
        from agents, kinds where name is not null \
    union all \
    select null, kind, (select count(*) from tasks where assignee is null and status = kind) \
        from kinds";
const FINISHED: &str = "select agent, title, started_at, completed_at from tasks \
    where status = 'completed' order by number desc limit $1";

/// How long a completed task took, for estimates.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct FinishedRun {
    pub(crate) agent: Option<String>,
    pub(crate) title: String,
    /// Microseconds since 1970.
    pub(crate) started_at: Option<i64>,
    /// Microseconds since 1970.
    pub(crate) completed_at: Option<i64>,
}

impl Database {
    /// One task.
    pub(crate) async fn task(&self, task: TaskRef) -> Answer<StoredTask> {
        let row: Option<TaskRow> = match task {
            TaskRef::Number(number) => on_pool!(self, pool =>
                sqlx::query_as(BY_NUMBER).bind(number).fetch_optional(pool).await?),
            TaskRef::Id(id) => on_pool!(self, pool =>
                sqlx::query_as(BY_ID).bind(id.to_string()).fetch_optional(pool).await?),
        };
        row.ok_or_else(|| absent(task))?.try_into()
    }

    /// A page of tasks, newest first.
    pub(crate) async fn tasks(
        &self,
        filter: &TaskFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<StoredTask>> {
        let before = cursor.map(parse_cursor).transpose()?;
        let most = i64::from(limit) + 1;
        let parts = parts(filter);
        let priority = filter.priority.map(has_priority).unwrap_or_default();
        let words = words(filter).unwrap_or_default();
        let patterns: Vec<String> = patterns(words).collect();
        let (open, close) = if patterns.is_empty() {
            ("", "")
        } else {
            (" and (false", ")")
        };
        let number: Option<i64> = words.trim_start_matches('#').parse().ok();
        let rows: Vec<TaskRow> = on_pool!(self, pool => {
            let mut query = QueryBuilder::new("select * from tasks where number in (");
            for (n, status) in parts.iter().enumerate() {
                query.push(if n == 0 { "" } else { " union all " });
                query.push("select number from (select number from ");
                // A join that keeps this order: tasks with the label are few, or soon enough.
                query.push(if filter.label.is_some() { "task_labels cross join tasks" } else { "tasks" });
                query.push(" where true");
                // The order in which an index answers.
                let mut newest_first = "number";
                if let Some(status) = status {
                    query.push(" and status = ").push_bind(status.as_str());
                }
                if let Some(label) = &filter.label {
                    query.push(" and number = task and label = ").push_bind(label.clone());
                    newest_first = "task";
                }
                if let Some(before) = before {
                    query.push(" and ").push(newest_first).push(" < ").push_bind(before);
                }
                if let Some(agent) = &filter.agent {
                    query.push(" and assignee = ").push_bind(agent.clone());
                }
                query.push(&priority);
                query.push(open);
                for pattern in &patterns {
                    query.push(" or lower(title) like ").push_bind(pattern.clone());
                    query.push(" escape '\\' or lower(description) like ");
                    query.push_bind(pattern.clone()).push(" escape '\\'");
                }
                if let Some(number) = number {
                    query.push(" or number = ").push_bind(number);
                }
                query.push(close);
                query.push(" order by ").push(newest_first);
                query.push(" desc limit ").push_bind(most).push(") as part");
            }
            query.push(") order by number desc limit ").push_bind(most);
            query.build_query_as().fetch_all(pool).await?
        });
        page(rows, limit)
    }

    /// Every task that is not finished.
    pub(crate) async fn active_tasks(&self) -> Answer<Vec<StoredTask>> {
        let rows: Vec<TaskRow> =
            on_pool!(self, pool => sqlx::query_as(ACTIVE).fetch_all(pool).await?);
        let tasks = rows.into_iter().map(StoredTask::try_from);
        let mut tasks = tasks.collect::<Answer<Vec<_>>>()?;
        self.find_blockers(&mut tasks).await?;
        Ok(tasks)
    }

    /// The numbers of the tasks that tried `task` again.
    pub(crate) async fn retries_of(&self, task: TaskId) -> Answer<Vec<i64>> {
        let rows: Vec<(i64,)> = on_pool!(self, pool =>
            sqlx::query_as(RETRIES).bind(task.to_string()).fetch_all(pool).await?);
        Ok(rows.into_iter().map(|(number,)| number).collect())
    }

    /// How many tasks there are of each agent and status.
    pub(crate) async fn task_counts(&self) -> Answer<Vec<(Option<String>, TaskStatus, u64)>> {
        let rows: Vec<(Option<String>, String, i64)> =
            on_pool!(self, pool => sqlx::query_as(COUNTS).fetch_all(pool).await?);
        let known = rows.into_iter().filter_map(|(agent, status, n)| {
            Some((agent, TaskStatus::parse(&status)?, u64::try_from(n).ok()?))
        });
        Ok(known.collect())
    }

    /// The latest completed tasks, newest first.
    pub(crate) async fn finished_runs(&self, limit: i64) -> Answer<Vec<FinishedRun>> {
        Ok(on_pool!(self, pool =>
            sqlx::query_as(FINISHED).bind(limit).fetch_all(pool).await?))
    }
}

/// The statuses to look up one by one, each in index order, so that a page costs the same
/// whatever else is in the table; `None` for all of it at once.
fn parts(filter: &TaskFilter) -> Vec<Option<TaskStatus>> {
    if !filter.status.is_empty() {
        return filter.status.iter().copied().map(Some).collect();
    }
    // A label has its own order, which all statuses share.
    if filter.agent.is_some() && filter.label.is_none() {
        return TaskStatus::ALL.into_iter().map(Some).collect();
    }
    vec![None]
}

/// What the title or description is to contain, if anything.
fn words(filter: &TaskFilter) -> Option<&str> {
    let words = filter.q.as_deref().map(str::trim);
    words.filter(|words| !words.is_empty())
}

fn page(rows: Vec<TaskRow>, limit: u32) -> Answer<Page<StoredTask>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    let items: Vec<StoredTask> = rows
        .into_iter()
        .take(limit)
        .map(StoredTask::try_from)
        .collect::<Answer<_>>()?;
    let next = items
        .last()
        .filter(|_| more)
        .map(|last| last.task.number.to_string());
    Ok(Page { items, next })
}

/// The index holds all priorities but the normal one, which is easy to find; it has to be told.
fn has_priority(priority: Priority) -> String {
    let rank = priority.rank();
    let in_index = if priority == Priority::Normal {
        ""
    } else {
        " and priority <> 1"
    };
    format!(" and priority = {rank}{in_index}")
}
