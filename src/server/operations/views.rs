//! What each page shows, gathered. The point of the feed is read before the database, so
//! that everything the reading may have missed comes after that point.

use crate::domain::{
    Agent, AgentView, AgentsView, AppError, LogEntry, LogFilter, Page, Scope, Task, TaskFilter,
    TaskId, TaskRef, TaskView, TasksView,
};
use crate::server::auth::Viewer;
use crate::server::operations::{activity, agents as agent_operations, tasks as task_operations};
use crate::server::state::AppState;

/// Rows of a page's list.
const ROWS: u32 = 50;
/// Log entries that come with a task's page, and per "earlier" request.
const LOG_ROWS: u32 = 500;

/// The tasks page.
pub(crate) async fn tasks(
    app: &AppState,
    viewer: &Viewer,
    filter: &TaskFilter,
    cursor: Option<&str>,
) -> Result<TasksView, AppError> {
    let feed = app.bus.point();
    let list = task_operations::list(app, viewer, filter, cursor, ROWS);
    let (tasks, activity) = tokio::join!(list, activity::recent(app, viewer, &filter.project, 20));
    Ok(TasksView {
        tasks: tasks?,
        counts: app.board.counts(&viewer.scope().narrowed(&filter.project)),
        agents: agent_operations::list(app, viewer),
        activity: activity?,
        configuration: app.configuration.clone(),
        feed,
        now: app.clock.now(),
    })
}

/// The page of one task.
pub(crate) async fn task(
    app: &AppState,
    viewer: &Viewer,
    task: &str,
) -> Result<TaskView, AppError> {
    let feed = app.bus.point();
    let scope = viewer.scope();
    let stored = app.db.task(scope, task_operations::parse(task)?).await?;
    let newest = LogFilter {
        newest_first: true,
        ..LogFilter::default()
    };
    let (body, logs, timeline, retried_by, retry_of) = tokio::join!(
        app.db.task_body(stored.task.number),
        app.db.logs(&stored.task, &newest, None, LOG_ROWS),
        app.db.timeline(stored.task.number),
        app.db.retries_of(scope, stored.task.id),
        number_of(app, scope, stored.task.retry_of),
    );
    let mut logs = logs?;
    logs.items.reverse();
    Ok(TaskView {
        cancelling: stored.cancel_requested_at.is_some() && stored.task.status.is_held(),
        question: stored.task.question.as_ref().map(|it| it.text.clone()),
        task: task_operations::shown(app, scope, stored),
        body: body?,
        more_logs: logs.next.is_some(),
        logs: logs.items,
        timeline: timeline?,
        retry_of: retry_of?,
        retried_by: retried_by?,
        feed,
        now: app.clock.now(),
    })
}

async fn number_of(
    app: &AppState,
    scope: &Scope,
    task: Option<TaskId>,
) -> Result<Option<i64>, AppError> {
    let Some(id) = task else { return Ok(None) };
    let stored = app.db.task(scope, TaskRef::Id(id)).await?;
    Ok(Some(stored.task.number))
}

/// Log entries of a task older than entry `before`, oldest first.
pub(crate) async fn older_logs(
    app: &AppState,
    viewer: &Viewer,
    task: &str,
    before: i64,
) -> Result<Vec<LogEntry>, AppError> {
    let stored = app
        .db
        .task(viewer.scope(), task_operations::parse(task)?)
        .await?;
    let newest = LogFilter {
        newest_first: true,
        ..LogFilter::default()
    };
    let cursor = before.to_string();
    let page = app
        .db
        .logs(&stored.task, &newest, Some(&cursor), LOG_ROWS)
        .await?;
    let mut entries = page.items;
    entries.reverse();
    Ok(entries)
}

/// Log entries of a task newer than entry `after`, oldest first.
pub(crate) async fn newer_logs(
    app: &AppState,
    viewer: &Viewer,
    task: &str,
    after: i64,
) -> Result<Vec<LogEntry>, AppError> {
    let stored = app
        .db
        .task(viewer.scope(), task_operations::parse(task)?)
        .await?;
    let cursor = after.to_string();
    let page = app
        .db
        .logs(&stored.task, &LogFilter::default(), Some(&cursor), 1000)
        .await?;
    Ok(page.items)
}

/// The agents page.
pub(crate) async fn agents(app: &AppState, viewer: &Viewer) -> Result<AgentsView, AppError> {
    let feed = app.bus.point();
    let agents = agent_operations::list(app, viewer);
    let tasks = held(app, viewer.scope(), &agents).await?;
    Ok(AgentsView {
        agents,
        tasks,
        feed,
        now: app.clock.now(),
    })
}

/// The page of one agent.
pub(crate) async fn agent(
    app: &AppState,
    viewer: &Viewer,
    name: &str,
) -> Result<AgentView, AppError> {
    let feed = app.bus.point();
    let agent = agent_operations::get(app, viewer, name)?;
    let filter = TaskFilter {
        agent: Some(name.to_owned()),
        ..TaskFilter::default()
    };
    let tasks: Page<Task> = task_operations::list(app, viewer, &filter, None, ROWS).await?;
    Ok(AgentView {
        agent,
        tasks,
        feed,
        now: app.clock.now(),
    })
}

async fn held(app: &AppState, scope: &Scope, agents: &[Agent]) -> Result<Vec<Task>, AppError> {
    let mut tasks = Vec::new();
    for id in agents.iter().flat_map(|agent| &agent.running) {
        let stored = app.db.task(scope, TaskRef::Id(*id)).await?;
        tasks.push(task_operations::shown(app, scope, stored));
    }
    Ok(tasks)
}
