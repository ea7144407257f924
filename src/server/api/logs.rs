//! `/api/tasks/{id}/logs`.

use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::json::Json;
use super::payload::Values;
use super::{body, params};
use crate::domain::{AppError, LogEntry, NewLog, Problem};
use crate::server::auth::Actor;
use crate::server::operations::logs as operations;
use crate::server::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_logs, append_logs))
}

/// Read the log of a task, oldest first.
#[utoipa::path(get, path = "/api/tasks/{id}/logs", tag = "logs",
    params(("id" = String, Path, description = "number or id"), params::LogListParams),
    responses((status = 200, body = Vec<LogEntry>, headers(("Link" = String, description = "the next page"))),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn list_logs(
    State(app): State<AppState>,
    actor: Actor,
    Path(task): Path<String>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, AppError> {
    let (filter, paging) = params::log_list(&uri)?;
    let (viewer, cursor) = (actor.viewer(), paging.cursor.as_deref());
    let page = operations::list(&app, &viewer, &task, &filter, cursor, paging.limit).await?;
    Ok((params::next_link(&uri, &page), Json(page.items)).into_response())
}

/// One entry, or several.
#[derive(ToSchema)]
#[serde(untagged)]
#[schema(as = NewLogs)]
#[expect(dead_code, reason = "documents what `append_logs` reads")]
enum Written {
    One(NewLog),
    Several(Vec<NewLog>),
}

/// How many entries were stored.
#[derive(Serialize, ToSchema)]
struct Accepted {
    accepted: usize,
}

/// Append to the log of a task: one entry, several, or one JSON object a line.
///
/// Answers once the entries are stored.
#[utoipa::path(post, path = "/api/tasks/{id}/logs", tag = "logs",
    request_body(content((Written = "application/json"), (String = "application/x-ndjson"))),
    params(("id" = String, Path, description = "number or id"),
        ("Lease" = Option<String>, Header, description = "the reporting agent's lease")),
    responses((status = 202, body = Accepted),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 413, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn append_logs(
    State(app): State<AppState>,
    actor: Actor,
    Path(task): Path<String>,
    headers: HeaderMap,
    request: Values,
) -> Result<Response, AppError> {
    let lease = body::lease(&headers)?;
    let entries = parse(&request)?;
    let accepted = operations::append(&app, &actor.operator()?, &task, entries, lease).await?;
    Ok((StatusCode::ACCEPTED, Json(Accepted { accepted })).into_response())
}

fn parse(request: &Values) -> Result<Vec<NewLog>, AppError> {
    let bytes = &request.bytes[..];
    if request.is_lines {
        let lines = bytes.split(|byte| *byte == b'\n').zip(1_usize..);
        let lines = lines.filter(|(line, _)| !line.trim_ascii().is_empty());
        return lines.map(|(line, n)| body::line(n, line)).collect();
    }
    // The first byte tells one entry from many, so that errors name the field.
    if bytes.trim_ascii_start().starts_with(b"[") {
        let entries = body::array(bytes)?;
        body::check_numbers(bytes)?;
        Ok(entries)
    } else {
        Ok(vec![body::json(bytes)?])
    }
}
