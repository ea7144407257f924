//! Reading tasks: one, a page, the active ones, and what finished lately.

use std::collections::HashMap;

use sqlx::{Encode, QueryBuilder, Type};

use super::StoredTask;
use super::row::{Found, body_of, found, listed, listed_columns, task_columns, visible};
use crate::domain::{
    Page, Priority, Scope, Task, TaskBody, TaskFilter, TaskId, TaskRef, TaskStatus,
};
use crate::server::storage::columns::{parse_cursor, patterns, push_scope};
use crate::server::storage::database::on_pool;
use crate::server::storage::{Answer, Database};

const BY_NUMBER: &str = concat!("select ", task_columns!(), " from tasks where number = $1");
const BY_ID: &str = concat!("select ", task_columns!(), " from tasks where id = $1");
const BODY: &str = "select number, description, result, metadata from tasks where number = $1";
const ACTIVE: &str = concat!(
    "select ",
    task_columns!(),
    " from tasks where status in ('pending', 'running', 'needs_input')"
);
const RETRIES: &str = "select number, project from tasks where retry_of = $1 order by number";
// Each hops from name to name on an index, and counts a part of it for each status: twice as quick as
// grouping, and the larger part of a start with a million tasks.
macro_rules! counts_by {
    ($column:literal) => {
        concat!(
            "with recursive names(name) as (select min(",
            $column,
            ") from tasks union all select (select min(",
            $column,
            ") from tasks where ",
            $column,
            " > name) from names where name is not null), \
            kinds(kind) as (values ('pending'), ('running'), ('needs_input'), ('completed'), \
                ('failed'), ('cancelled')) \
            select name, kind, (select count(*) from tasks where ",
            $column,
            " = name and status = kind) from names, kinds where name is not null"
        )
    };
}
const BY_AGENT: &str = counts_by!("assignee");
pub(super) const BY_PROJECT: &str = counts_by!("project");
const FINISHED: &str = "select agent, title, started_at, completed_at from tasks \
    where status = 'completed' order by number desc limit $1";

/// Adds ` in (…)`.
fn is_among<D: sqlx::Database>(query: &mut QueryBuilder<D>, names: &[String])
where
    String: for<'q> Encode<'q, D> + Type<D>,
{
    query.push(" in (");
    let mut list = query.separated(", ");
    for name in names {
        list.push_bind(name.clone());
    }
    query.push(")");
}

/// How many tasks there are, by name and status.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct TaskCounts {
    /// Of each agent that holds, held or is asked for them.
    pub(crate) by_agent: Vec<(String, TaskStatus, u64)>,
    /// Of each project that has any.
    pub(crate) by_project: Vec<(String, TaskStatus, u64)>,
}

/// How long a completed task took, for estimates.
#[derive(Clone, Debug, sqlx_macros::FromRow)]
pub(crate) struct FinishedRun {
    pub(crate) agent: Option<String>,
    pub(crate) title: String,
    /// Microseconds since 1970.
    pub(crate) started_at: Option<i64>,
    /// Microseconds since 1970.
    pub(crate) completed_at: Option<i64>,
}

impl Database {
    /// One task, when `scope` covers it. One that cannot be read is shown as such, here and in
    /// lists.
    pub(crate) async fn task(&self, scope: &Scope, task: TaskRef) -> Answer<StoredTask> {
        let row: Option<Found> = match task {
            TaskRef::Number(number) => on_pool!(self, pool =>
                sqlx::query(BY_NUMBER).bind(number).fetch_optional(pool).await?
                    .map(|row| found(&row))),
            TaskRef::Id(id) => on_pool!(self, pool =>
                sqlx::query(BY_ID).bind(id.to_string()).fetch_optional(pool).await?
                    .map(|row| found(&row))),
        };
        Ok(visible(row, scope, task)?.stored)
    }

    /// What may be large about a task that was read.
    pub(crate) async fn task_body(&self, number: i64) -> Answer<TaskBody> {
        Ok(on_pool!(self, pool =>
            body_of(&sqlx::query(BODY).bind(number).fetch_one(pool).await?)))
    }

    /// A page of the tasks that `scope` covers, newest first.
    pub(crate) async fn tasks(
        &self,
        scope: &Scope,
        filter: &TaskFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Answer<Page<Task>> {
        let before = cursor.map(parse_cursor).transpose()?;
        let most = i64::from(limit) + 1;
        let scope = scope.narrowed(&filter.project);
        let Plan { parts, among } = plan(filter, &scope);
        let priority = filter.priority.map(has_priority).unwrap_or_default();
        let words = words(filter).unwrap_or_default();
        if parts.is_empty() {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        }
        let patterns: Vec<String> = patterns(words).collect();
        let (open, close) = if patterns.is_empty() {
            ("", "")
        } else {
            (" and (false", ")")
        };
        let number: Option<i64> = words.trim_start_matches('#').parse().ok();
        let items: Vec<Task> = on_pool!(self, pool => {
            let mut query = QueryBuilder::new(
                concat!("select ", listed_columns!(), " from tasks where number in ("));
            for (n, (project, status)) in parts.iter().enumerate() {
                query.push(if n == 0 { "" } else { " union all " });
                query.push("select number from (select number from ");
                // A join that keeps this order: tasks with the label are few, or soon enough.
                query.push(if filter.label.is_some() { "task_labels cross join tasks" } else { "tasks" });
                query.push(" where true");
                // The order in which an index answers.
                let mut newest_first = "number";
                if let Some(project) = project {
                    query.push(" and project = ").push_bind(project.clone());
                }
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
                if let Some(names) = &among {
                    // Written so that no index on it is tried.
                    query.push(" and coalesce(project, '')");
                    is_among(&mut query, names);
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
            let rows = query.build().fetch_all(pool).await?;
            rows.iter().map(|row| listed(row).stored.task).collect()
        });
        Ok(page(items, limit))
    }

    /// Every task that is not finished and can be read.
    pub(crate) async fn active_tasks(&self) -> Answer<Vec<StoredTask>> {
        let mut tasks: Vec<StoredTask> = on_pool!(self, pool => {
            let rows = sqlx::query(ACTIVE).fetch_all(pool).await?;
            rows.iter().map(found).filter_map(Found::whole).collect()
        });
        self.find_blockers(&mut tasks).await?;
        Ok(tasks)
    }

    /// The numbers of the tasks that tried `task` again, of those that `scope` covers.
    pub(crate) async fn retries_of(&self, scope: &Scope, task: TaskId) -> Answer<Vec<i64>> {
        let rows: Vec<(i64, String)> = on_pool!(self, pool =>
            sqlx::query_as(RETRIES).bind(task.to_string()).fetch_all(pool).await?);
        let seen = rows
            .into_iter()
            .filter(|(_, project)| scope.covers(project));
        Ok(seen.map(|(number, _)| number).collect())
    }

    /// The numbers and titles of the tasks with these ids and numbers, by what they are named here; only of those
    /// that `scope` covers.
    pub(crate) async fn named_tasks(
        &self,
        scope: &Scope,
        names: &[&str],
    ) -> Answer<HashMap<String, (i64, String)>> {
        let ids = names.iter().filter_map(|name| name.parse::<TaskId>().ok());
        let ids: Vec<_> = ids.map(|id| id.to_string()).collect();
        let numbers: Vec<i64> = names.iter().filter_map(|it| it.parse().ok()).collect();
        let mut found = HashMap::new();
        if ids.is_empty() && numbers.is_empty() {
            return Ok(found);
        }
        let rows: Vec<(String, i64, String)> = on_pool!(self, pool => {
            let mut query = QueryBuilder::new("select id, number, title from tasks where (id in (''");
            for id in &ids {
                query.push(", ").push_bind(id.clone());
            }
            query.push(") or number in (0");
            for number in &numbers {
                query.push(", ").push_bind(*number);
            }
            query.push(")) and ");
            push_scope(&mut query, "project", scope);
            query.build_query_as().persistent(false).fetch_all(pool).await?
        });
        for (id, number, title) in rows {
            found.insert(number.to_string(), (number, title.clone()));
            found.insert(id, (number, title));
        }
        Ok(found)
    }

    /// How many tasks there are of each agent and status, and of each project and status.
    pub(crate) async fn task_counts(&self) -> Answer<TaskCounts> {
        let (by_agent, by_project) =
            tokio::try_join!(self.counts_by(BY_AGENT), self.counts_by(BY_PROJECT))?;
        Ok(TaskCounts {
            by_agent,
            by_project,
        })
    }

    async fn counts_by(&self, sql: &'static str) -> Answer<Vec<(String, TaskStatus, u64)>> {
        let rows: Vec<(String, String, i64)> =
            on_pool!(self, pool => sqlx::query_as(sql).fetch_all(pool).await?);
        let known = rows.into_iter().filter_map(|(name, status, n)| {
            Some((name, TaskStatus::parse(&status)?, u64::try_from(n).ok()?))
        });
        Ok(known.collect())
    }

    /// How many tasks wait for an agent.
    pub(crate) async fn pending_tasks(&self) -> Answer<u64> {
        let sql = "select count(*) from tasks where status = 'pending'";
        let count: i64 = on_pool!(self, pool => sqlx::query_scalar(sql).fetch_one(pool).await?);
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The latest completed tasks, newest first.
    pub(crate) async fn finished_runs(&self, limit: i64) -> Answer<Vec<FinishedRun>> {
        Ok(on_pool!(self, pool =>
            sqlx::query_as(FINISHED).bind(limit).fetch_all(pool).await?))
    }
}

/// The parts of a list, each of one project and one status or of all, to be looked up one by one in
/// index order, so that a page costs the same whatever else is in the table.
struct Plan {
    parts: Vec<(Option<String>, Option<TaskStatus>)>,
    /// What each row is compared with, where another index finds the rows.
    among: Option<Vec<String>>,
}

/// With more projects, a statement would have more parts than SQLite takes.
const MOST_PROJECTS: usize = 50;

/// Nothing at all for a scope without a project.
fn plan(filter: &TaskFilter, scope: &Scope) -> Plan {
    let names: Option<Vec<String>> = scope.projects().map(|it| it.iter().cloned().collect());
    let rare = filter
        .priority
        .is_some_and(|priority| priority != Priority::Normal);
    let found_otherwise = filter.agent.is_some() || filter.label.is_some() || rare;
    let (projects, among) = match names {
        None => (vec![None], None),
        Some(names) if names.is_empty() => (Vec::new(), None),
        Some(names) if found_otherwise || names.len() > MOST_PROJECTS => (vec![None], Some(names)),
        Some(names) => (names.into_iter().map(Some).collect(), None),
    };
    // A label and a priority have an order of their own, which all statuses share.
    let by_status = if found_otherwise {
        filter.agent.is_some() && filter.label.is_none()
    } else {
        scope.projects().is_some()
    };
    let statuses: Vec<Option<TaskStatus>> = if !filter.status.is_empty() {
        filter.status.iter().copied().map(Some).collect()
    } else if by_status {
        TaskStatus::ALL.into_iter().map(Some).collect()
    } else {
        vec![None]
    };
    let of = |project: Option<String>| statuses.iter().map(move |it| (project.clone(), *it));
    Plan {
        parts: projects.into_iter().flat_map(of).collect(),
        among,
    }
}

/// What the title or description is to contain, if anything.
fn words(filter: &TaskFilter) -> Option<&str> {
    let words = filter.q.as_deref().map(str::trim);
    words.filter(|words| !words.is_empty())
}

fn page(mut items: Vec<Task>, limit: u32) -> Page<Task> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items
        .last()
        .filter(|_| more)
        .map(|last| last.number.to_string());
    Page { items, next }
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
