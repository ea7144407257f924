//! `/api/agents`.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::creating::{Creating, created};
use super::json::Json;
use super::payload::Payload;
use super::{body, params};
use crate::domain::{Agent, AppError, Code, Problem, StopMode};
use crate::server::auth::Actor;
use crate::server::operations::agents::{self as operations, NewAgent};
use crate::server::operations::worker;
use crate::server::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_agents, register_agent))
        .routes(routes!(get_agent))
        .routes(routes!(claim_task))
        .routes(routes!(heartbeat))
        .routes(routes!(start_agent))
        .routes(routes!(stop_agent))
}

/// List agents, by name.
#[utoipa::path(get, path = "/api/agents", tag = "agents", params(params::PageParams),
    responses((status = 200, body = Vec<Agent>, headers(("Link" = String, description = "the next page")))))]
async fn list_agents(
    State(app): State<AppState>,
    actor: Actor,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, AppError> {
    let paging = params::page(&uri)?;
    let agents = operations::list(&app, &actor.viewer());
    let page = params::part(agents, &paging, |agent| agent.name.clone())?;
    Ok((params::next_link(&uri, &page), Json(page.items)).into_response())
}

/// Read an agent.
#[utoipa::path(get, path = "/api/agents/{name}", tag = "agents",
    params(("name" = String, Path)), responses((status = 200, body = Agent),
    (status = 404, body = Problem, content_type = "application/problem+json")))]
async fn get_agent(
    State(app): State<AppState>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<Json<Agent>, AppError> {
    operations::get(&app, &actor.viewer(), &name).map(Json)
}

/// Register a remote agent. Registering it again updates it and answers 200.
#[utoipa::path(post, path = "/api/agents", tag = "agents", request_body = NewAgent,
    params(("Idempotency-Key" = Option<String>, Header, description = "a repeated request with the same key creates nothing again")),
    responses((status = 201, body = Agent, headers(("Location" = String))),
    (status = 200, body = Agent, headers(("Location" = String))),
    (status = 409, body = Problem, content_type = "application/problem+json"),
    (status = 422, body = Problem, content_type = "application/problem+json")))]
async fn register_agent(
    State(app): State<AppState>,
    actor: Actor,
    Creating { body: request, key }: Creating,
) -> Result<Response, AppError> {
    let new: NewAgent = body::json(&request)?;
    let registered = operations::register(&app, &actor.operator()?, new, key).await?;
    let operations::Registered {
        agent,
        is_new,
        replayed,
    } = registered;
    let location = format!("/api/agents/{}", agent.name);
    let mut response = created(&location, replayed, Json(agent));
    if !is_new {
        *response.status_mut() = StatusCode::OK;
    }
    Ok(response)
}

/// Claim the next task, waiting up to `wait` seconds (60 at most) for one.
#[utoipa::path(post, path = "/api/agents/{name}/claim", tag = "agents",
    params(("name" = String, Path), ("wait" = Option<u64>, Query)),
    responses((status = 200, body = worker::ClaimedTask), (status = 204),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json")))]
async fn claim_task(
    State(app): State<AppState>,
    actor: Actor,
    Path(name): Path<String>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, AppError> {
    let wait = Duration::from_secs(params::wait(&uri)?);
    let claimed = worker::claim_next(&app, &actor.operator()?, &name, wait).await?;
    Ok(match claimed {
        Some((assignment, handover)) => {
            let text = serde_json::to_vec(&assignment)
                .map_err(|error| AppError::new(Code::InternalError, error.to_string()))?;
            let length = text.len();
            // Asked for only while the caller is there: dropped unasked, the claim is undone.
            let body = stream::once(async move {
                handover.arrived();
                Ok::<_, Infallible>(Bytes::from(text))
            });
            let head = [
                (
                    header::CONTENT_TYPE,
                    HeaderValue::from_static("application/json"),
                ),
                (header::CONTENT_LENGTH, HeaderValue::from(length)),
            ];
            (head, Body::from_stream(body)).into_response()
        }
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// The leases that an agent still works on.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct Leases {
    leases: Vec<String>,
}

/// Renew leases; answers those whose task must be stopped.
#[utoipa::path(post, path = "/api/agents/{name}/heartbeat", tag = "agents", request_body = Leases,
    params(("name" = String, Path)), responses((status = 200, body = worker::Heartbeat),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json")))]
async fn heartbeat(
    State(app): State<AppState>,
    actor: Actor,
    Path(name): Path<String>,
    Payload(request): Payload,
) -> Result<Json<worker::Heartbeat>, AppError> {
    let Leases { leases } = body::json_or_default(&request)?;
    worker::heartbeat(&app, &actor.operator()?, &name, leases)
        .await
        .map(Json)
}

/// Start a stopped agent, or try again after an error.
#[utoipa::path(post, path = "/api/agents/{name}/start", tag = "agents",
    params(("name" = String, Path)), responses((status = 200, body = Agent),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json")))]
async fn start_agent(
    State(app): State<AppState>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<Json<Agent>, AppError> {
    operations::start(&app, &actor.maintainer()?, &name)
        .await
        .map(Json)
}

/// How to stop.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct Stop {
    /// `drain` when absent.
    mode: StopMode,
}

/// Stop an agent: `drain` lets it finish what it holds, `kill` cancels that too.
#[utoipa::path(post, path = "/api/agents/{name}/stop", tag = "agents", request_body = Stop,
    params(("name" = String, Path)), responses((status = 200, body = Agent),
    (status = 404, body = Problem, content_type = "application/problem+json"),
    (status = 409, body = Problem, content_type = "application/problem+json")))]
async fn stop_agent(
    State(app): State<AppState>,
    actor: Actor,
    Path(name): Path<String>,
    Payload(request): Payload,
) -> Result<Json<Agent>, AppError> {
    let Stop { mode } = body::json_or_default(&request)?;
    operations::stop(&app, &actor.maintainer()?, &name, mode)
        .await
        .map(Json)
}
