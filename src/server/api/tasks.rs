//! `/api/tasks`.

use axum::extract::{OriginalUri, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::creating::{Creating, created};
use super::etag::{self, IfMatch};
use super::json::Json;
use super::payload::Payload;
use super::{body, params};
use crate::domain::{AppError, NewTask, Problem, Reply, Task, TaskChange, TaskDetail, UsageRecord};
use crate::server::auth::Actor;
use crate::server::operations::tasks as operations;
use crate::server::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_tasks, create_task))
        .routes(routes!(get_task, change_task, cancel_task))
        .routes(routes!(cancel_task_by_post))
        .routes(routes!(retry_task))
        .routes(routes!(start_task))
        .routes(routes!(give_input))
        .routes(routes!(list_usage))
}

/// List tasks, newest first.
#[utoipa::path(get, path = "/api/tasks", tag = "tasks", params(params::TaskListParams), responses(
    (status = 200, body = Vec<Task>, headers(("Link" = String, description = "the next page"))),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn list_tasks(
    State(app): State<AppState>,
    actor: Actor,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, AppError> {
    let (filter, paging) = params::task_list(&uri)?;
    let viewer = actor.viewer();
    let page = operations::list(
        &app,
        &viewer,
        &filter,
        paging.cursor.as_deref(),
        paging.limit,
    )
    .await?;
    Ok((params::next_link(&uri, &page), Json(page.items)).into_response())
}

/// Create a task.
#[utoipa::path(post, path = "/api/tasks", tag = "tasks", request_body = NewTask,
    params(("Idempotency-Key" = Option<String>, Header, description = "a repeated request with the same key creates nothing again")),
    responses((status = 201, body = TaskDetail, headers(("Location" = String))),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn create_task(
    State(app): State<AppState>,
    actor: Actor,
    Creating { body: request, key }: Creating,
) -> Result<Response, AppError> {
    let new = body::checked(&request, NewTask::problems)?;
    let made = operations::create(&app, &actor.operator()?, new, key).await?;
    Ok(created_response(made))
}

fn created_response(made: operations::Created) -> Response {
    let replayed = made.replayed;
    let detail = made.into_detail();
    let location = format!("/api/tasks/{}", detail.task.id);
    created(&location, replayed, answer(detail))
}

/// Read a task.
#[utoipa::path(get, path = "/api/tasks/{id}", tag = "tasks",
    params(("id" = String, Path, description = "number or id")),
    responses((status = 200, body = TaskDetail),
    (status = 404, body = Problem, content_type = "application/problem+json")))]
async fn get_task(
    State(app): State<AppState>,
    actor: Actor,
    Path(task): Path<String>,
) -> Result<Response, AppError> {
    operations::get(&app, &actor.viewer(), &task)
        .await
        .map(answer)
}

/// A task, whole, with its `ETag`.
fn answer(detail: TaskDetail) -> Response {
    etag::tagged(detail.task.edit_version, Json(detail))
}

/// Change a task, or report on it with the `Lease` header.
#[utoipa::path(patch, path = "/api/tasks/{id}", tag = "tasks", request_body = TaskChange,
    params(("id" = String, Path, description = "number or id"),
        ("Lease" = Option<String>, Header, description = "the reporting agent's lease"),
        ("If-Match" = Option<String>, Header, description = "the ETag that the caller knows")),
    responses((status = 200, body = TaskDetail),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 412, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn change_task(
    State(app): State<AppState>,
    actor: Actor,
    Path(task): Path<String>,
    IfMatch(expected): IfMatch,
    headers: HeaderMap,
    Payload(request): Payload,
) -> Result<Response, AppError> {
    let change = body::checked(&request, TaskChange::problems)?;
    let lease = body::lease(&headers)?;
    let who = actor.operator()?;
    let task = operations::change(&app, &who, &task, change, expected, lease).await?;
    operations::whole(&app, task).await.map(answer)
}

/// Cancel a task: 200 when it is cancelled, 202 while its agent is being stopped.
#[utoipa::path(delete, path = "/api/tasks/{id}", tag = "tasks",
    params(("id" = String, Path, description = "number or id"),
        ("If-Match" = Option<String>, Header, description = "the ETag that the caller knows")),
    responses((status = 200, body = TaskDetail), (status = 202, body = TaskDetail),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 412, body = Problem, content_type = "application/problem+json")))]
async fn cancel_task(
    State(app): State<AppState>,
    actor: Actor,
    Path(task): Path<String>,
    IfMatch(expected): IfMatch,
) -> Result<Response, AppError> {
    let cancelled = operations::cancel(&app, &actor.operator()?, &task, expected).await?;
    let status = cancelled.status();
    let detail = operations::whole(&app, cancelled.into_task()).await?;
    Ok((status, answer(detail)).into_response())
}

/// Cancel a task, like `DELETE`.
#[utoipa::path(post, path = "/api/tasks/{id}/cancel", tag = "tasks",
    params(("id" = String, Path, description = "number or id"),
        ("If-Match" = Option<String>, Header, description = "the ETag that the caller knows")),
    responses((status = 200, body = TaskDetail), (status = 202, body = TaskDetail),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 412, body = Problem, content_type = "application/problem+json")))]
async fn cancel_task_by_post(
    state: State<AppState>,
    actor: Actor,
    task: Path<String>,
    expected: IfMatch,
) -> Result<Response, AppError> {
    cancel_task(state, actor, task, expected).await
}

/// What a retry may change.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct Retry {
    /// The old one when absent.
    description: Option<String>,
}

/// Try a failed or cancelled task again, as a new task.
#[utoipa::path(post, path = "/api/tasks/{id}/retry", tag = "tasks", request_body = Retry,
    params(("id" = String, Path, description = "number or id"),
        ("Idempotency-Key" = Option<String>, Header, description = "a repeated request with the same key creates nothing again")),
    responses((status = 201, body = TaskDetail, headers(("Location" = String))),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json")))]
async fn retry_task(
    State(app): State<AppState>,
    actor: Actor,
    Path(task): Path<String>,
    Creating { body: request, key }: Creating,
) -> Result<Response, AppError> {
    let Retry { description } = body::json_or_default(&request)?;
    let made = operations::retry(&app, &actor.operator()?, &task, description, key).await?;
    Ok(created_response(made))
}

/// Move a pending task to the head of the queue.
#[utoipa::path(post, path = "/api/tasks/{id}/start", tag = "tasks",
    params(("id" = String, Path, description = "number or id"),
        ("If-Match" = Option<String>, Header, description = "the ETag that the caller knows")),
    responses((status = 200, body = TaskDetail),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 412, body = Problem, content_type = "application/problem+json")))]
async fn start_task(
    State(app): State<AppState>,
    actor: Actor,
    Path(task): Path<String>,
    IfMatch(expected): IfMatch,
) -> Result<Response, AppError> {
    let task = operations::start(&app, &actor.operator()?, &task, expected).await?;
    operations::whole(&app, task).await.map(answer)
}

/// Answer the question of a task that needs input.
#[utoipa::path(post, path = "/api/tasks/{id}/input", tag = "tasks", request_body = Reply,
    params(("id" = String, Path, description = "number or id")),
    responses((status = 200, body = TaskDetail),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn give_input(
    State(app): State<AppState>,
    actor: Actor,
    Path(task): Path<String>,
    Payload(request): Payload,
) -> Result<Response, AppError> {
    let reply = body::checked(&request, Reply::problems)?;
    let task = operations::input(&app, &actor.operator()?, &task, reply).await?;
    operations::whole(&app, task).await.map(answer)
}

/// List what a task used, record by record, newest first.
#[utoipa::path(get, path = "/api/tasks/{id}/usage", tag = "tasks",
    params(("id" = String, Path, description = "number or id"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, 100 by default"),
        ("cursor" = Option<String>, Query, description = "from the Link header of the page before")),
    responses((status = 200, body = Vec<UsageRecord>, headers(("Link" = String, description = "the next page"))),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn list_usage(
    State(app): State<AppState>,
    actor: Actor,
    Path(task): Path<String>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, AppError> {
    let paging = params::page(&uri)?;
    let (viewer, cursor) = (actor.viewer(), paging.cursor.as_deref());
    let page = operations::usage(&app, &viewer, &task, cursor, paging.limit).await?;
    Ok((params::next_link(&uri, &page), Json(page.items)).into_response())
}
