//! `/api/events` and `/events`: the webhook of convergence loops.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::complaint;
use super::json::Json;
use super::payload::Payload;
use crate::domain::{AppError, Code, Envelope, LARGEST_BATCH, Problem};
use crate::server::auth::Actor;
use crate::server::operations::intake as operations;
use crate::server::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(take_events))
        .routes(routes!(take_events_at_root))
}

/// What a loop's webhook posts.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `take_events` reads")]
struct EventBatch {
    /// Of events that name no session themselves.
    session_id: Option<String>,
    events: Vec<SentEvent>,
}

/// An event as a loop sends it; whatever else it has is kept.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents what `take_events` reads")]
struct SentEvent {
    /// Such as `STEP_COMPLETE`, in any case.
    event_type: String,
    /// That of the batch when absent.
    session_id: Option<String>,
    /// Identifies it within its session; made of its content when absent.
    event_id: Option<String>,
    /// When it happened; when it came, where this cannot be read.
    timestamp: Value,
    /// Counts from 1; 0 before the first iteration.
    iteration: Option<u32>,
    /// As its sender wrote it.
    state: Value,
    /// Whatever belongs to its type.
    data: Value,
}

/// The ways to post events: a batch, one alone, or several.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "documents what `take_events` reads")]
enum Posted {
    Batch(EventBatch),
    One(SentEvent),
    Several(Vec<SentEvent>),
}

/// Take in events of a convergence loop.
///
/// Answers once they are stored; events that are known already are counted as duplicates.
#[utoipa::path(post, path = "/api/events", tag = "convergence", request_body = Posted,
    responses((status = 202, body = operations::TakenEvents),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 413, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn take_events(
    State(app): State<AppState>,
    actor: Actor,
    Payload(request): Payload<LARGEST_BATCH>,
) -> Result<Response, AppError> {
    let taken = operations::take(&app, &actor.operator()?, opened(request).await?).await?;
    Ok((StatusCode::ACCEPTED, Json(taken)).into_response())
}

/// Looks at the body. A large one takes a moment, in which a worker would serve nobody else.
async fn opened(body: Bytes) -> Result<Envelope, AppError> {
    let open = move || {
        let text = String::from_utf8(body.into())
            .map_err(|_| AppError::new(Code::MalformedJson, "the body is not UTF-8 text"))?;
        Envelope::open(text).map_err(|error| complaint::malformed(&error))
    };
    let opened = tokio::task::spawn_blocking(open).await;
    opened.map_err(|error| AppError::new(Code::InternalError, error.to_string()))?
}

/// The same as `POST /api/events`, at the address where loops look for it by default.
#[utoipa::path(post, path = "/events", tag = "convergence", request_body = Posted,
    responses((status = 202, body = operations::TakenEvents),
    (status = 400, body = Problem, content_type = "application/problem+json"),
    (status = 413, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn take_events_at_root(
    app: State<AppState>,
    actor: Actor,
    Payload(request): Payload<LARGEST_BATCH>,
) -> Result<Response, AppError> {
    take_events(app, actor, Payload(request)).await
}
