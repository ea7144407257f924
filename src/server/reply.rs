//! How a server function answers besides its value: with a status, and, where there is no
//! JavaScript, by sending the browser on or back to its form.

use axum::http::{Method, StatusCode, Uri, header, request::Parts};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use server_fn::error::ServerFnErrorErr;

use super::auth::{Admin, Maintainer, Operator, Viewer};
use super::state::{self, AppState};
use crate::domain::{AppError, Code, TaskDraft};

/// The state and a looker's proof, inside a server function.
pub(crate) fn viewer() -> Result<(AppState, Viewer), AppError> {
    with_status(state::viewer())
}

/// The state and an actor's proof, inside a server function.
pub(crate) fn operator() -> Result<(AppState, Operator), AppError> {
    with_status(state::operator())
}

/// The state and a maintainer's proof, inside a server function.
pub(crate) fn maintainer() -> Result<(AppState, Maintainer), AppError> {
    with_status(state::maintainer())
}

/// The state and an admin's proof, inside a server function.
pub(crate) fn admin() -> Result<(AppState, Admin), AppError> {
    with_status(state::admin())
}

/// Gives the answer of a server function, and a page that is made of it, the status of its
/// error. A form without JavaScript is sent back to its page instead, which says the error.
pub(crate) fn with_status<T>(outcome: Result<T, AppError>) -> Result<T, AppError> {
    outcome.inspect_err(|error| {
        let draft = || TaskDraft {
            error: error.detail.clone(),
            ..TaskDraft::default()
        };
        refuse(error, "refused", draft);
    })
}

/// Like [`with_status`]; where there is no JavaScript, the form for a new task opens again with
/// all that was typed into it: `draft` says what, and why it was refused.
pub(crate) fn with_draft<T>(
    outcome: Result<T, AppError>,
    draft: impl FnOnce(&AppError) -> TaskDraft,
) -> Result<T, AppError> {
    outcome.inspect_err(|error| refuse(error, "draft", || draft(error)))
}

/// What a server function cannot read never reaches its body: in words, and with its status.
pub(crate) fn unreadable(error: &ServerFnErrorErr) -> AppError {
    let is_long = error.to_string().contains("length limit exceeded");
    let (code, words) = match error {
        ServerFnErrorErr::Args(_)
        | ServerFnErrorErr::MissingArg(_)
        | ServerFnErrorErr::Deserialization(_)
            if is_long =>
        {
            (
                Code::BodyTooLarge,
                "this is too much at once: at most 2 MiB",
            )
        }
        ServerFnErrorErr::Args(_)
        | ServerFnErrorErr::MissingArg(_)
        | ServerFnErrorErr::Deserialization(_) => (
            Code::MalformedRequest,
            "what was sent is not what this page asks for: reload the page, and try again",
        ),
        other => {
            tracing::error!(error = %other, "a server function failed");
            (Code::InternalError, "something broke; see the server's log")
        }
    };
    let error = AppError::new(code, words);
    with_status::<()>(Err(error.clone())).err().unwrap_or(error)
}

/// Sends a browser without JavaScript on to `path`; a script goes on by itself.
pub(crate) fn redirect_without_script(path: &str) {
    if use_context::<Parts>().is_some_and(|parts| wants_page(&parts)) {
        leptos_axum::redirect(path);
    }
}

/// Says the status. What a form without JavaScript was answered is kept here, and the address that
/// it is sent back to only names it: nobody else can make a page say what he likes.
fn refuse(error: &AppError, name: &str, draft: impl FnOnce() -> TaskDraft) {
    let form = use_context::<Parts>().filter(|it| it.method == Method::POST && wants_page(it));
    if let (Some(parts), Some(app)) = (form, use_context::<AppState>()) {
        let id = app.clock.uuid().to_string();
        app.drafts.keep(id.clone(), draft());
        leptos_axum::redirect(&page_again(&parts, name, id));
    } else if let (Some(response), Ok(status)) = (
        use_context::<ResponseOptions>(),
        StatusCode::from_u16(error.kind().status()),
    ) {
        response.set_status(status);
    }
}

/// The page that a form was on, told by `name` what became of it; with the form for a new task open
/// over it where that is what came back.
fn page_again(parts: &Parts, name: &str, id: String) -> String {
    let page = parts.headers.get(header::REFERER);
    let page: Option<Uri> = page.and_then(|value| value.to_str().ok()?.parse().ok());
    let path = page.as_ref().map_or("/tasks", Uri::path);
    let query = page.as_ref().and_then(Uri::query);
    let mut pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(query.unwrap_or_default()).unwrap_or_default();
    pairs.retain(|(key, _)| !matches!(key.as_str(), "new" | "draft" | "refused"));
    if name == "draft" {
        pairs.push(("new".to_owned(), "1".to_owned()));
    }
    pairs.push((name.to_owned(), id));
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
