//! Projects, as the pages ask for them. Their forms are sent by the browser itself, with JavaScript or
//! without, and lead back to the page.

#![expect(
    missing_docs,
    reason = "server functions generate public structs without docs"
)]

use leptos::prelude::*;

use crate::domain::{AppError, Project, ProjectView};
#[cfg(feature = "ssr")]
use crate::server::{operations, reply};

/// Every project that may be seen, by name, with how many tasks it has.
#[server(prefix = "/rpc", endpoint = "projects/list", input = server_fn::codec::Json)]
pub async fn list() -> Result<Vec<ProjectView>, AppError> {
    let (app, viewer) = reply::viewer()?;
    reply::with_status(operations::views::projects(&app, &viewer).await)
}

/// Adds a project. Empty text means absent.
#[server(prefix = "/rpc", endpoint = "projects/create")]
pub async fn create(
    name: String,
    #[server(default)] title: String,
    #[server(default)] folder: String,
) -> Result<Project, AppError> {
    let (app, admin) = reply::admin()?;
    let new = operations::forms::new_project(name, title, folder);
    let created = reply::with_status(operations::projects::create(&app, &admin, new, None).await)?;
    reply::redirect_without_script("/projects");
    Ok(created.0)
}

/// Changes a project. An empty folder is none; a project that is not said to be archived is open.
#[server(prefix = "/rpc", endpoint = "projects/change")]
pub async fn change(
    name: String,
    title: String,
    #[server(default)] folder: String,
    #[server(default)] archived: bool,
) -> Result<Project, AppError> {
    let (app, admin) = reply::admin()?;
    let change = operations::forms::project_change(title, folder, archived);
    let changed = operations::projects::change(&app, &admin, &name, change, None).await;
    let changed = reply::with_status(changed)?;
    reply::redirect_without_script("/projects");
    Ok(changed)
}
