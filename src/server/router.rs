//! The whole HTTP surface on one screen, and the order of its layers.

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use leptos_axum::{LeptosRoutes, generate_route_list};
use metrics_exporter_prometheus::PrometheusHandle;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;

use super::state::AppState;
use super::{api, assets, pages};
use crate::domain::{AppError, Code};
use crate::ui;

/// Pages and their server functions, the public interface, and the built assets.
pub(crate) fn router(app: &AppState, metrics: PrometheusHandle) -> Router {
    let (interface, known) = api::documented(metrics);
    Router::new()
        // The server functions, and no pages.
        .leptos_routes(app, Vec::new(), || ())
        .leptos_routes_with_handler(generate_route_list(ui::App), pages::page)
        .merge(interface)
        .route("/pkg/{file}", get(assets::plain))
        .route("/pkg/{hash}/{file}", get(assets::hashed))
        .fallback(elsewhere)
        // From the outside in: every refusal has the shape of all errors, foreign sites are refused
        // before anything runs, and a panic is an answer. Layers that are given one by one are each
        // cloned and boxed for every request.
        .layer((
            from_fn(measure),
            from_fn_with_state(Arc::new(known), api::guard),
            CsrfLayer::new(),
            CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| {
                AppError::new(Code::InternalError, "something broke; see the server's log")
                    .into_response()
            }),
        ))
        .with_state(app.clone())
}

/// Files at the root, and the page that says that there is nothing.
async fn elsewhere(State(app): State<AppState>, request: Request) -> Response {
    if let Some(file) = assets::at_root(request.uri().path(), request.headers()) {
        return only_read(request.method(), file);
    }
    let path = request.uri().path();
    if path == "/api" || path.starts_with("/api/") {
        let detail = format!("there is nothing at {}", request.uri().path());
        return AppError::new(Code::NoSuchAddress, detail).into_response();
    }
    pages::nothing(&app, request).await
}

/// A file, for whoever asks for it, and a refusal for whoever would change it.
fn only_read(method: &Method, file: Response) -> Response {
    if method == Method::GET || method == Method::HEAD {
        return file;
    }
    let detail = "this is a file, which can only be read";
    let refused = AppError::new(Code::MethodNotAllowed, detail);
    ([(header::ALLOW, "GET,HEAD")], refused).into_response()
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

#[cfg(test)]
mod tests {
    use axum::http::{Method, StatusCode};
    use axum::response::IntoResponse;

    use super::only_read;

    #[test]
    fn a_file_at_the_root_is_only_read() {
        for (method, status) in [
            (Method::GET, 200),
            (Method::HEAD, 200),
            (Method::PUT, 405),
            (Method::POST, 405),
            (Method::PATCH, 405),
            (Method::DELETE, 405),
            (Method::OPTIONS, 405),
        ] {
            let answer = only_read(&method, StatusCode::OK.into_response());
            assert_eq!(answer.status(), status, "{method}");
            let allowed = answer.headers().get("allow").is_some();
            assert_eq!(allowed, status == 405, "{method}");
        }
    }
}
