//! How a server function answers besides its value: with a status, and, where there is no
//! JavaScript, by sending the browser on or back to its form.

use axum::http::{Method, StatusCode, header, request::Parts};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use super::state::AppState;
use crate::domain::{AppError, TaskDraft};

/// Gives the answer of a server function, and a page that is made of it, the status of its
/// error. A form without JavaScript is sent back to its page instead, which says the error.
pub(crate) fn with_status<T>(outcome: Result<T, AppError>) -> Result<T, AppError> {
    outcome.inspect_err(say_status)
}

/// Gives the answer the status of `error`, as [`with_status`] does.
pub(crate) fn say_status(error: &AppError) {
    let from_form =
        use_context::<Parts>().is_some_and(|it| it.method == Method::POST && wants_page(&it));
    let response = use_context::<ResponseOptions>().filter(|_| !from_form);
    if let (Some(response), Ok(status)) = (response, StatusCode::from_u16(error.kind().status())) {
        response.set_status(status);
    }
}

/// Sends a browser without JavaScript on to `path`; a script goes on by itself.
pub(crate) fn redirect_without_script(path: &str) {
    if use_context::<Parts>().is_some_and(|parts| wants_page(&parts)) {
        leptos_axum::redirect(path);
    }
}

/// Sends a browser without JavaScript back to the form that was refused, with all that was typed
/// into it: `draft` says what, and why it was refused.
pub(crate) fn return_draft(app: &AppState, draft: impl FnOnce() -> TaskDraft) {
    let Some(parts) = use_context::<Parts>().filter(wants_page) else {
        return;
    };
    let name = app.clock.uuid().to_string();
    app.drafts.keep(name.clone(), draft());
    leptos_axum::redirect(&with_draft(&parts, &name));
}

/// The page that a form was on, with the form open over it.
fn with_draft(parts: &Parts, name: &str) -> String {
    let page = parts.headers.get(header::REFERER);
    let page: Option<axum::http::Uri> = page.and_then(|value| value.to_str().ok()?.parse().ok());
    let path = page.as_ref().map_or("/tasks", axum::http::Uri::path);
    let query = page.as_ref().and_then(axum::http::Uri::query);
    let mut pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(query.unwrap_or_default()).unwrap_or_default();
    pairs.retain(|(key, _)| !matches!(key.as_str(), "new" | "draft" | "__path" | "__err"));
    pairs.push(("new".to_owned(), "1".to_owned()));
    pairs.push(("draft".to_owned(), name.to_owned()));
    let query = serde_urlencoded::to_string(pairs).unwrap_or_default();
    format!("{path}?{query}")
}

fn wants_page(parts: &Parts) -> bool {
    let accept = parts
        .headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}
