//! The whole HTTP surface on one screen, and the order of its layers.

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};
use metrics_exporter_prometheus::PrometheusHandle;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;

use super::state::AppState;
use super::{api, assets};
use crate::domain::{AppError, ErrorKind};
use crate::ui;

/// Pages and their server functions, the public interface, and the built assets.
pub(crate) fn router(app: &AppState, metrics: PrometheusHandle) -> Router {
    let context = page_context(app);
    let shell = {
        let options = app.options.clone();
        move || ui::shell(options.clone(), assets::base())
    };
    let pages = generate_route_list(ui::App);
    Router::new()
        .leptos_routes_with_context(app, pages, context, shell)
        .merge(api::documented(metrics))
        .route("/pkg/{file}", get(assets::plain))
        .route("/pkg/{hash}/{file}", get(assets::hashed))
        .fallback(elsewhere)
        // From the inside out: a panic is an answer, foreign sites are refused before
        // anything runs, and every refusal has the shape of all errors.
        .layer(CatchPanicLayer::custom(
            |_: Box<dyn std::any::Any + Send>| {
                AppError::new(ErrorKind::Internal, "something broke; see the server's log")
                    .into_response()
            },
        ))
        .layer(CsrfLayer::new())
        .layer(from_fn(api::guard))
        .layer(from_fn(measure))
        .with_state(app.clone())
}

/// What pages and server functions find in their context. Pages say which scripts may run:
/// those of the shell, by a nonce that is new with every answer.
fn page_context(app: &AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    let app = app.clone();
    move || {
        provide_context(app.clone());
        let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else {
            return;
        };
        let policy = format!(
            "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
             style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; \
             form-action 'self'; frame-ancestors 'none'"
        );
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
}

/// Files at the root, and the page that says that there is nothing.
async fn elsewhere(State(app): State<AppState>, request: Request) -> Response {
    if let Some(file) = assets::at_root(request.uri().path(), request.headers()) {
        return file;
    }
    let path = request.uri().path();
    if path == "/api" || path.starts_with("/api/") {
        let detail = format!("there is nothing at {}", request.uri().path());
        return AppError::not_found(detail).into_response();
    }
    let context = page_context(&app);
    let shell = |options: LeptosOptions| ui::shell(options, assets::base());
    let page = leptos_axum::ErrorHandler::new_with_context(context, shell, app.options.clone());
    match page.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Times every request by its route, not by its address.
async fn measure(request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    let begun = std::time::Instant::now();
    let response = next.run(request).await;
    let route = route.unwrap_or_else(|| "other".to_owned());
    metrics::histogram!("http_request_seconds", "route" => route)
        .record(begun.elapsed().as_secs_f64());
    response
}
