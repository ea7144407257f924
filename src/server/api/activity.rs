//! `/api/activity`, and the part of it that is about one task.

use axum::extract::{OriginalUri, Path, State};
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::json::Json;
use super::params;
use crate::domain::{Activity, AppError, Problem};
use crate::server::auth::Actor;
use crate::server::operations::activity as operations;
use crate::server::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_activity))
        .routes(routes!(list_activity_of_task))
}

/// List what happened, newest first.
#[utoipa::path(get, path = "/api/activity", tag = "activity", params(params::ActivityListParams), responses(
    (status = 200, body = Vec<Activity>, headers(("Link" = String, description = "the next page"))),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn list_activity(
    State(app): State<AppState>,
    actor: Actor,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, AppError> {
    let (projects, paging) = params::activity_list(&uri)?;
    let (viewer, cursor) = (actor.viewer(), paging.cursor.as_deref());
    let page = operations::list(&app, &viewer, &projects, cursor, paging.limit).await?;
    Ok((params::next_link(&uri, &page), Json(page.items)).into_response())
}

/// List what happened to a task, newest first.
#[utoipa::path(get, path = "/api/tasks/{id}/activity", tag = "activity",
    params(("id" = String, Path, description = "number or id"), params::PageParams),
    responses((status = 200, body = Vec<Activity>, headers(("Link" = String, description = "the next page"))),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn list_activity_of_task(
    State(app): State<AppState>,
    actor: Actor,
    Path(task): Path<String>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, AppError> {
    let paging = params::page(&uri)?;
    let (viewer, cursor) = (actor.viewer(), paging.cursor.as_deref());
    let page = operations::of_task(&app, &viewer, &task, cursor, paging.limit).await?;
    Ok((params::next_link(&uri, &page), Json(page.items)).into_response())
}
