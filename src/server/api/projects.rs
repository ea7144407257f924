//! `/api/projects`.

use axum::extract::{OriginalUri, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::creating::{Creating, created};
use super::etag::{self, IfMatch};
use super::json::Json;
use super::payload::Payload;
use super::{body, params};
use crate::domain::{AppError, IdempotencyKey, NewProject, Problem, Project, ProjectChange};
use crate::server::auth::Actor;
use crate::server::operations::projects as operations;
use crate::server::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_projects, create_project))
        .routes(routes!(get_project, change_project, remove_project))
}

/// List projects, by name.
#[utoipa::path(get, path = "/api/projects", tag = "projects", params(params::PageParams),
    responses((status = 200, body = Vec<Project>, headers(("Link" = String, description = "the next page"))),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn list_projects(
    State(app): State<AppState>,
    actor: Actor,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, AppError> {
    let paging = params::page(&uri)?;
    let projects = operations::list(&app, &actor.viewer()).await?;
    let page = params::part(projects, &paging, |project| project.name.clone())?;
    Ok((params::next_link(&uri, &page), Json(page.items)).into_response())
}

/// Add a project.
#[utoipa::path(post, path = "/api/projects", tag = "projects", request_body = NewProject,
    params(("Idempotency-Key" = Option<String>, Header, description = "a repeated request with the same key creates nothing again")),
    responses((status = 201, body = Project, headers(("Location" = String))),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json",
        description = "the project that the same Idempotency-Key made was removed since"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn create_project(
    State(app): State<AppState>,
    actor: Actor,
    Creating { body: request, key }: Creating,
) -> Result<Response, AppError> {
    let new = body::checked(&request, NewProject::problems)?;
    let admin = actor.admin()?;
    let key = key.map(|key| IdempotencyKey {
        actor: actor.id,
        ..key
    });
    let (project, replayed) = operations::create(&app, &admin, new, key).await?;
    let location = format!("/api/projects/{}", project.name);
    Ok(created(&location, replayed, answer(project)))
}

/// Read a project.
#[utoipa::path(get, path = "/api/projects/{name}", tag = "projects",
    params(("name" = String, Path, description = "its name")),
    responses((status = 200, body = Project),
    (status = 404, body = Problem, content_type = "application/problem+json")))]
async fn get_project(
    State(app): State<AppState>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<Response, AppError> {
    operations::get(&app, &actor.viewer(), &name)
        .await
        .map(answer)
}

/// Change a project; what is absent stays, `null` clears.
#[utoipa::path(patch, path = "/api/projects/{name}", tag = "projects", request_body = ProjectChange,
    params(("name" = String, Path, description = "its name"),
        ("If-Match" = Option<String>, Header, description = "the ETag that the caller knows")),
    responses((status = 200, body = Project),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 412, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn change_project(
    State(app): State<AppState>,
    actor: Actor,
    Path(name): Path<String>,
    IfMatch(expected): IfMatch,
    Payload(request): Payload,
) -> Result<Response, AppError> {
    let change = body::checked(&request, ProjectChange::problems)?;
    let project = operations::change(&app, &actor.admin()?, &name, change, expected).await?;
    Ok(answer(project))
}

/// Remove a project that has nothing; one that has tasks is archived instead.
#[utoipa::path(delete, path = "/api/projects/{name}", tag = "projects",
    params(("name" = String, Path, description = "its name"),
        ("If-Match" = Option<String>, Header, description = "the ETag that the caller knows")),
    responses((status = 204),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 412, body = Problem, content_type = "application/problem+json")))]
async fn remove_project(
    State(app): State<AppState>,
    actor: Actor,
    Path(name): Path<String>,
    IfMatch(expected): IfMatch,
) -> Result<StatusCode, AppError> {
    operations::remove(&app, &actor.admin()?, &name, expected).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn answer(project: Project) -> Response {
    etag::tagged(project.edit_version, Json(project))
}
