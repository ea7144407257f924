//! What happened, for those who may know.

use crate::domain::{Activity, AppError, Page};
use crate::server::auth::Viewer;
use crate::server::operations::tasks;
use crate::server::state::AppState;
use crate::server::storage::activity::ActivityFilter;

/// A page of what happened in `projects`, or in all, newest first.
pub(crate) async fn list(
    app: &AppState,
    viewer: &Viewer,
    projects: &[String],
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<Activity>, AppError> {
    let scope = viewer.scope().narrowed(projects);
    let agents = app.board.agents(&scope, app.clock.now());
    let agents: Vec<String> = agents.into_iter().map(|agent| agent.name).collect();
    let filter = ActivityFilter {
        scope: &scope,
        agents: &agents,
        task: None,
    };
    Ok(app.db.activity(filter, cursor, limit).await?)
}

/// A page of what happened to a task, newest first.
pub(crate) async fn of_task(
    app: &AppState,
    viewer: &Viewer,
    task: &str,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<Activity>, AppError> {
    let stored = app.db.task(viewer.scope(), tasks::parse(task)?).await?;
    let filter = ActivityFilter {
        scope: viewer.scope(),
        agents: &[],
        task: Some(stored.task.number),
    };
    Ok(app.db.activity(filter, cursor, limit).await?)
}
