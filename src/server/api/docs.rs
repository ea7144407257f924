//! The OpenAPI document, generated from the handlers, and a page that shows it offline.

use axum::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use super::{agents, events, export, health, live, logs, sessions, tasks};
use crate::server::state::AppState;

#[derive(OpenApi)]
#[openapi(info(
    title = "Kimi Dashboard",
    description = "A control room for AI agents. Times are RFC 3339 UTC, money is a decimal \
                   string in USD, errors are RFC 9457 problem documents, lists are paged by key."
))]
struct Document;

/// Every route of the public interface, with its document at `/api/openapi.json` and a page
/// at `/api/docs`.
pub(crate) fn documented(metrics: PrometheusHandle) -> Router<AppState> {
    let (routes, document) = OpenApiRouter::with_openapi(Document::openapi())
        .merge(tasks::router())
        .merge(logs::router())
        .merge(agents::router())
        .merge(sessions::router())
        .merge(events::router())
        .merge(export::router())
        .split_for_parts();
    routes
        .merge(live::router())
        .merge(health::router(metrics))
        .merge(SwaggerUi::new("/api/docs").url("/api/openapi.json", document))
}
