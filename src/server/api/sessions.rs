//! `/api/sessions`, `/api/state`, `/api/stats`: what convergence loops did.

use axum::extract::{OriginalUri, Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::json::Json;
use super::payload::Payload;
use super::{body, params};
use crate::domain::{
    AppError, Finding, IterationMetrics, LoopEvent, LoopLink, LoopState, Problem, Session,
    SessionEvent, SessionStats,
};
use crate::server::auth::Actor;
use crate::server::operations::sessions as operations;
use crate::server::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(state))
        .routes(routes!(stats))
        .routes(routes!(list_sessions))
        .routes(routes!(session))
        .routes(routes!(session_events))
        .routes(routes!(session_event))
        .routes(routes!(session_metrics))
        .routes(routes!(session_findings))
        .routes(routes!(session_finding))
        .routes(routes!(accept_finding))
        .routes(routes!(list_loops))
}

/// The session heard from last, as the Python dashboard told it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `state` answers")]
struct LatestState {
    state: LoopState,
    iteration: u32,
    /// Null before anything was heard.
    session_id: Option<String>,
    /// How many the steps of the present iteration reported, without vulnerabilities; null when
    /// that cannot be read in the database.
    findings: Option<u64>,
    fixes: Option<u64>,
    /// What attacks found.
    vulnerabilities: Option<u64>,
    /// True where there may be more than these three say: a step that looks failed, or something that
    /// was told cannot be read. Absent otherwise.
    partial: bool,
    /// The last 50 events as they were sent, oldest first; at most 256 KiB with all else. Where
    /// one is too long for that, its `data` is cut and says `truncated`.
    #[schema(max_items = 50)]
    logs: Vec<Value>,
}

/// The state of the convergence loop that was heard from last.
#[utoipa::path(get, path = "/api/state", tag = "convergence",
    responses((status = 200, body = LatestState)))]
async fn state(State(app): State<AppState>, actor: Actor) -> Result<Response, AppError> {
    let state = operations::state(&app, &actor.viewer()).await?;
    Ok(Json(state).into_response())
}

/// All sessions in numbers.
#[utoipa::path(get, path = "/api/stats", tag = "convergence",
    responses((status = 200, body = SessionStats)))]
async fn stats(State(app): State<AppState>, actor: Actor) -> Result<Response, AppError> {
    let stats = operations::stats(&app, &actor.viewer()).await?;
    Ok(Json(stats).into_response())
}

/// How the dashboard stands with each convergence loop that it follows.
#[utoipa::path(get, path = "/api/loops", tag = "convergence",
    params(params::PageParams),
    responses((status = 200, body = Vec<LoopLink>, headers(("Link" = String, description = "the next page")))))]
async fn list_loops(
    State(app): State<AppState>,
    actor: Actor,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, AppError> {
    let paging = params::page(&uri)?;
    let loops = (1_u64..).zip(operations::loops(&app, &actor.viewer()));
    let page = params::part(loops.collect(), &paging, |(place, _)| *place)?;
    let link = params::next_link(&uri, &page);
    let loops = page.items.into_iter().map(|(_, link)| link);
    Ok((link, Json(loops.collect::<Vec<_>>())).into_response())
}

/// List sessions, newest first.
#[utoipa::path(get, path = "/api/sessions", tag = "convergence",
    params(params::SessionListParams),
    responses((status = 200, body = Vec<Session>, headers(("Link" = String, description = "the next page"))),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn list_sessions(
    State(app): State<AppState>,
    actor: Actor,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, AppError> {
    let (filter, paging) = params::session_list(&uri)?;
    let cursor = paging.cursor.as_deref();
    let page = operations::list(&app, &actor.viewer(), &filter, cursor, paging.limit).await?;
    Ok((params::next_link(&uri, &page), Json(page.items)).into_response())
}

/// One session with the verdict on it.
#[utoipa::path(get, path = "/api/sessions/{id}", tag = "convergence",
    params(("id" = String, Path, description = "the id that its loop gave it")),
    responses((status = 200, body = Session),
    (status = 404, body = Problem, content_type = "application/problem+json")))]
async fn session(
    State(app): State<AppState>,
    actor: Actor,
    Path(id): Path<String>,
) -> Result<Response, AppError> {
    let session = operations::get(&app, &actor.viewer(), &id).await?;
    Ok(Json(session).into_response())
}

/// The events of a session, oldest first.
#[utoipa::path(get, path = "/api/sessions/{id}/events", tag = "convergence",
    params(("id" = String, Path, description = "the id that its loop gave it"), params::EventListParams),
    responses((status = 200, body = Vec<SessionEvent>, headers(("Link" = String, description = "the next page"))),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn session_events(
    State(app): State<AppState>,
    actor: Actor,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, AppError> {
    let (filter, paging) = params::event_list(&uri)?;
    let (viewer, cursor) = (actor.viewer(), paging.cursor.as_deref());
    let page = operations::events(&app, &viewer, &id, &filter, cursor, paging.limit).await?;
    let link = params::next_link(&uri, &page);
    let events = page.items.into_iter().map(LoopEvent::into_session_event);
    Ok((link, Json(events.collect::<Vec<_>>())).into_response())
}

/// One event of a session, as a whole.
#[utoipa::path(get, path = "/api/sessions/{id}/events/{event_id}", tag = "convergence",
    params(("id" = String, Path, description = "the id that its loop gave it"),
        ("event_id" = String, Path, description = "of the event")),
    responses((status = 200, body = SessionEvent),
    (status = 404, body = Problem, content_type = "application/problem+json")))]
async fn session_event(
    State(app): State<AppState>,
    actor: Actor,
    Path((id, event_id)): Path<(String, String)>,
) -> Result<Response, AppError> {
    let event = operations::event(&app, &actor.viewer(), &id, &event_id).await?;
    Ok(Json(event.into_session_event()).into_response())
}

/// The findings, fixes and step durations of each iteration, in order.
#[utoipa::path(get, path = "/api/sessions/{id}/metrics", tag = "convergence",
    params(("id" = String, Path, description = "the id that its loop gave it"), params::PageParams),
    responses((status = 200, body = Vec<IterationMetrics>, headers(("Link" = String, description = "the next page"))),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn session_metrics(
    State(app): State<AppState>,
    actor: Actor,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, AppError> {
    let paging = params::page(&uri)?;
    let (viewer, cursor) = (actor.viewer(), paging.cursor.as_deref());
    let page = operations::metrics(&app, &viewer, &id, cursor, paging.limit).await?;
    Ok((params::next_link(&uri, &page), Json(page.items)).into_response())
}

/// What the loop found, by first iteration, and what became of it.
#[utoipa::path(get, path = "/api/sessions/{id}/findings", tag = "convergence",
    params(("id" = String, Path, description = "the id that its loop gave it"), params::PageParams),
    responses((status = 200, body = Vec<Finding>, headers(("Link" = String, description = "the next page"))),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn session_findings(
    State(app): State<AppState>,
    actor: Actor,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, AppError> {
    let paging = params::page(&uri)?;
    let (viewer, cursor) = (actor.viewer(), paging.cursor.as_deref());
    let page = operations::findings(&app, &viewer, &id, cursor, paging.limit).await?;
    Ok((params::next_link(&uri, &page), Json(page.items)).into_response())
}

/// One finding of a session, as a whole.
#[utoipa::path(get, path = "/api/sessions/{id}/findings/{fingerprint}", tag = "convergence",
    params(("id" = String, Path, description = "the id that its loop gave it"),
        ("fingerprint" = String, Path, description = "of the finding")),
    responses((status = 200, body = Finding),
    (status = 404, body = Problem, content_type = "application/problem+json")))]
async fn session_finding(
    State(app): State<AppState>,
    actor: Actor,
    Path((id, fingerprint)): Path<(String, String)>,
) -> Result<Response, AppError> {
    let finding = operations::finding(&app, &actor.viewer(), &id, &fingerprint).await?;
    Ok(Json(finding).into_response())
}

/// Why a person decides to live with a finding.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AcceptReason {
    /// 1 to 2000 characters.
    reason: String,
}

/// Accept a finding: it is no longer counted as open.
#[utoipa::path(post, path = "/api/sessions/{id}/findings/{fingerprint}/accept", tag = "convergence",
    request_body = AcceptReason,
    params(("id" = String, Path, description = "the id that its loop gave it"),
        ("fingerprint" = String, Path, description = "of the finding")),
    responses((status = 200, body = Finding),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn accept_finding(
    State(app): State<AppState>,
    actor: Actor,
    Path((id, fingerprint)): Path<(String, String)>,
    Payload(request): Payload,
) -> Result<Response, AppError> {
    let AcceptReason { reason } = body::json(&request)?;
    let who = actor.operator()?;
    let finding = operations::accept(&app, &who, &id, &fingerprint, &reason).await?;
    Ok(Json(finding).into_response())
}
