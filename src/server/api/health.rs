//! `/healthz`, `/readyz` and `/metrics`.

use std::sync::OnceLock;

use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::{AppError, Code, Problem, Scope, TaskStatus};
use crate::server::state::AppState;

pub(super) fn router(metrics: PrometheusHandle) -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(healthz))
        .routes(routes!(readyz))
        .routes(routes!(show_metrics))
        .layer(Extension(metrics))
}

/// Say that the process is up.
#[utoipa::path(get, path = "/healthz", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain")))]
async fn healthz() -> &'static str {
    "ok\n"
}

/// Say whether the database can be read and written.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain"),
    (status = 503, body = Problem, content_type = "application/problem+json")))]
async fn readyz(State(app): State<AppState>) -> Response {
    let Err(error) = app.db.check().await else {
        return "ready\n".into_response();
    };
    // Whatever it is, this server is not to be asked: those who ask here look for 503.
    let error = AppError::from(error);
    AppError::new(Code::Unavailable, error.detail).into_response()
}

/// Numbers for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain")))]
async fn show_metrics(
    State(app): State<AppState>,
    Extension(metrics): Extension<PrometheusHandle>,
) -> Response {
    let counts = app.board.counts(&Scope::everything());
    for status in TaskStatus::ALL {
        let count = u32::try_from(counts.of(status)).unwrap_or(u32::MAX);
        metrics::gauge!("tasks", "status" => status.as_str()).set(f64::from(count));
    }
    let followers = u32::try_from(app.bus.followers()).unwrap_or(u32::MAX);
    metrics::gauge!("feed_clients").set(f64::from(followers));
    let connected = app.links.all().iter().filter(|link| link.connected).count();
    let connected = u32::try_from(connected).unwrap_or(u32::MAX);
    metrics::gauge!("convergence_loops_connected").set(f64::from(connected));
    metrics.run_upkeep();
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (StatusCode::OK, kind, metrics.render()).into_response()
}

/// Installs the recorder, with what every metric means.
pub(crate) fn describe_metrics() -> Result<PrometheusHandle, String> {
    // Servers of one process (tests) share the first recorder.
    static RECORDER: OnceLock<Result<PrometheusHandle, String>> = OnceLock::new();
    RECORDER.get_or_init(install).clone()
}

fn install() -> Result<PrometheusHandle, String> {
    let seconds = [
        0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0,
    ];
    let sizes = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &seconds)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Full("storage_commit_writes".into()), &sizes)
        })
        .map_err(|error| error.to_string())?;
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|error| error.to_string())?;
    metrics::describe_gauge!("tasks", "tasks by status");
    metrics::describe_gauge!("feed_clients", "sockets that follow the live feed");
    metrics::describe_histogram!(
        "feed_lag_seconds",
        "from a message's publication to the socket"
    );
    metrics::describe_counter!("feed_messages_total", "messages published");
    metrics::describe_counter!("feed_resyncs_total", "clients that were told to resync");
    metrics::describe_counter!("log_lines_total", "log entries stored");
    metrics::describe_gauge!("convergence_loops_connected", "loops whose socket is open");
    metrics::describe_counter!("convergence_events_total", "events of loops stored");
    metrics::describe_counter!(
        "convergence_duplicates_total",
        "events that were known already"
    );
    metrics::describe_counter!(
        "convergence_malformed_total",
        "parts of frames and posts that could not be read"
    );
    metrics::describe_histogram!("task_claim_wait_seconds", "from creation to claim");
    metrics::describe_histogram!("http_request_seconds", "request durations by route");
    metrics::describe_histogram!("storage_commit_writes", "writes that shared a commit");
    metrics::describe_gauge!("storage_writable", "1 when writes are taken, else 0");
    metrics::describe_counter!(
        "storage_outages_total",
        "times that writing stopped, by cause"
    );
    metrics::describe_counter!("storage_unreadable_rows_total", "rows that cannot be read");
    Ok(handle)
}
