//! Looking at projects, adding, changing and removing them.

use crate::domain::{AppError, IdempotencyKey, NewProject, Project, ProjectChange};
use crate::server::auth::{Admin, Viewer};
use crate::server::state::AppState;
use crate::server::storage::projects::{ChangeProject, CreateProject, RemoveProject};

/// The projects that may be seen, by name.
pub(crate) async fn list(app: &AppState, viewer: &Viewer) -> Result<Vec<Project>, AppError> {
    Ok(app.db.projects(viewer.scope()).await?)
}

pub(crate) async fn get(app: &AppState, viewer: &Viewer, name: &str) -> Result<Project, AppError> {
    Ok(app.db.project(viewer.scope(), name).await?)
}

/// Adds a project; the second value is true when an earlier request with this key did so.
pub(crate) async fn create(
    app: &AppState,
    _: &Admin,
    new: NewProject,
    key: Option<IdempotencyKey>,
) -> Result<(Project, bool), AppError> {
    let problems = new.problems();
    if !problems.is_empty() {
        return Err(AppError::invalid(problems));
    }
    let now = app.clock.now();
    Ok(app.db.write(CreateProject { new, key, now }).await?)
}

/// Changes a project; with `expected`, only when that is its `edit_version` still.
pub(crate) async fn change(
    app: &AppState,
    _: &Admin,
    name: &str,
    change: ProjectChange,
    expected: Option<i64>,
) -> Result<Project, AppError> {
    let problems = change.problems();
    if !problems.is_empty() {
        return Err(AppError::invalid(problems));
    }
    let name = name.to_owned();
    Ok(app
        .db
        .write(ChangeProject {
            name,
            change,
            expected,
        })
        .await?)
}

/// Removes a project that has nothing; with `expected`, only when that is its `edit_version` still.
pub(crate) async fn remove(
    app: &AppState,
    _: &Admin,
    name: &str,
    expected: Option<i64>,
) -> Result<(), AppError> {
    let name = name.to_owned();
    Ok(app.db.write(RemoveProject { name, expected }).await?)
}
