//! Convergence loops and their sessions, as the pages ask for them.

#![expect(
    missing_docs,
    reason = "server functions generate public structs without docs"
)]

use leptos::prelude::*;

use crate::domain::{
    AppError, ComparisonView, ConvergenceView, EventFilter, Finding, Page, SessionEvent,
    SessionFilter, SessionView,
};
#[cfg(feature = "ssr")]
use crate::server::{operations, reply, state};

/// The convergence page: what is live, and the history that matches `filter` from `cursor` on.
#[server(prefix = "/rpc", endpoint = "convergence/list", input = server_fn::codec::Json)]
pub async fn list(
    filter: SessionFilter,
    cursor: Option<String>,
) -> Result<ConvergenceView, AppError> {
    let (app, viewer) = state::viewer()?;
    let cursor = cursor.as_deref();
    reply::with_status(operations::convergence::overview(&app, &viewer, &filter, cursor).await)
}

/// The page of one session with its first 100 events that match `filter`; with `at`, those from
/// the event of that id on.
#[server(prefix = "/rpc", endpoint = "convergence/session", input = server_fn::codec::Json)]
pub async fn session(
    id: String,
    filter: EventFilter,
    at: Option<String>,
) -> Result<SessionView, AppError> {
    let (app, viewer) = state::viewer()?;
    let at = at.as_deref();
    reply::with_status(operations::convergence::session(&app, &viewer, &id, &filter, at).await)
}

/// Two sessions side by side.
#[server(prefix = "/rpc", endpoint = "convergence/compare", input = server_fn::codec::Json)]
pub async fn compare(a: String, b: String) -> Result<ComparisonView, AppError> {
    let (app, viewer) = state::viewer()?;
    reply::with_status(operations::convergence::compare(&app, &viewer, [&a, &b]).await)
}

/// The next 100 events of a session; `cursor` is the `next` of the page before.
#[server(prefix = "/rpc", endpoint = "convergence/events", input = server_fn::codec::Json)]
pub async fn events(
    id: String,
    filter: EventFilter,
    cursor: Option<String>,
) -> Result<Page<SessionEvent>, AppError> {
    let (app, viewer) = state::viewer()?;
    let cursor = cursor.as_deref();
    reply::with_status(operations::convergence::events(&app, &viewer, &id, &filter, cursor).await)
}

/// Accepts a finding of a session: it is no longer counted as open.
#[server(prefix = "/rpc", endpoint = "convergence/accept")]
pub async fn accept(
    session: String,
    fingerprint: String,
    reason: String,
) -> Result<Finding, AppError> {
    let (app, operator) = state::operator()?;
    let accepted =
        operations::sessions::accept(&app, &operator, &session, &fingerprint, &reason).await;
    reply::with_status(accepted)
}
