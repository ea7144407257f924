//! What happened, for those who may know.

use crate::domain::{Activity, AppError};
use crate::server::auth::Viewer;
use crate::server::state::AppState;

/// What happened lately in `projects`, or in all, newest first.
pub(crate) async fn recent(
    app: &AppState,
    viewer: &Viewer,
    projects: &[String],
    limit: i64,
) -> Result<Vec<Activity>, AppError> {
    let scope = viewer.scope().narrowed(projects);
    let agents = app.board.agents(&scope, app.clock.now());
    let agents: Vec<String> = agents.into_iter().map(|agent| agent.name).collect();
    Ok(app.db.recent_activity(&scope, &agents, limit).await?)
}
