//! How a page is made: what it asks is answered first, so that making it waits for nothing.

use std::pin::Pin;
use std::sync::PoisonError;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use futures_util::future::join_all;
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::{IntoView, Owner, provide_context, use_context};
use leptos::reactive::computed::ScopedFuture;
use leptos_axum::{ErrorHandler, ResponseOptions, render_app_async_with_context};
use tower::ServiceExt;

use super::assets;
use super::state::AppState;
use crate::ui::{self, Answers};

/// A page asks, and then perhaps what follows from the answers. One that would go on asking is
/// sent as it is: the browser asks for the rest.
const MOST_PASSES: usize = 4;

/// Makes a page of what was answered so far.
type Pass = fn(&AppState, Answers, Request) -> Pin<Box<dyn Future<Output = Response> + Send>>;

/// A page of the site.
pub(crate) async fn page(State(app): State<AppState>, request: Request) -> Response {
    made(&app, request, |app, answers, request| {
        let options = app.options.clone();
        let shell = move || shell(options.clone());
        render_app_async_with_context(context(app, answers), shell)(request)
    })
    .await
}

/// The page that says that there is nothing.
pub(crate) async fn nothing(app: &AppState, request: Request) -> Response {
    made(app, request, |app, answers, request| {
        let page =
            ErrorHandler::new_with_context(context(app, answers), shell, app.options.clone());
        Box::pin(async move {
            let Ok(response) = page.oneshot(request).await;
            response
        })
    })
    .await
}

fn shell(options: LeptosOptions) -> impl IntoView {
    ui::shell(options, assets::base())
}

async fn made(app: &AppState, request: Request, pass: Pass) -> Response {
    let (parts, _) = request.into_parts();
    let answers = Answers::default();
    let said = ResponseOptions::default();
    let mut passes = 0;
    let mut response = loop {
        let request = Request::from_parts(parts.clone(), Body::empty());
        let response = pass(app, answers.clone(), request).await;
        let asked = answers.fetch();
        passes += 1;
        if asked.is_empty() || passes == MOST_PASSES {
            break response;
        }
        drop(response);
        let owner = Owner::new();
        let answered = owner.with(|| {
            provide_context(app.clone());
            provide_context(parts.clone());
            provide_context(said.clone());
            ScopedFuture::new(join_all(asked))
        });
        answered.await;
    };
    if let Some(status) = said.0.read().unwrap_or_else(PoisonError::into_inner).status {
        *response.status_mut() = status;
    }
    response
}

/// What the parts of a page find in their context. Pages say which scripts may run: those of the
/// shell, by a nonce that is new with every answer.
fn context(app: &AppState, answers: Answers) -> impl Fn() + Clone + Send + Sync + 'static {
    let app = app.clone();
    move || {
        provide_context(app.clone());
        provide_context(answers.clone());
        let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) else {
            return;
        };
        let reload = app.reload_port.map(reload_source).unwrap_or_default();
        let policy = format!(
            "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; \
             style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; \
             form-action 'self'; frame-ancestors 'none'{reload}"
        );
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
}

/// The socket by which cargo-leptos has pages loaded again; it is at another port than the page.
fn reload_source(port: u16) -> String {
    format!("; connect-src 'self' ws://localhost:{port} ws://127.0.0.1:{port}")
}
