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
use crate::server::{operations, reply};

/// The convergence page: what is live, and the history that matches `filter` from `cursor` on.
#[server(prefix = "/rpc", endpoint = "convergence/list", input = server_fn::codec::Json)]
pub async fn list(
    filter: SessionFilter,
    cursor: Option<String>,
) -> Result<ConvergenceView, AppError> {
    let (app, viewer) = reply::viewer()?;
    let cursor = cursor.as_deref();
    reply::with_status(operations::convergence::overview(&app, &viewer, &filter, cursor).await)
}

/// The page of one session with its first events that match `filter`, at most 100; with `at`,
/// those from the event of that id on. `findings` is the fingerprint after which its findings
/// begin, `before` the iteration before which those end that are shown.
#[server(prefix = "/rpc", endpoint = "convergence/session", input = server_fn::codec::Json)]
pub async fn session(
    id: String,
    filter: EventFilter,
    #[server(default)] at: Option<String>,
    #[server(default)] findings: Option<String>,
    #[server(default)] before: Option<u32>,
) -> Result<SessionView, AppError> {
    let (app, viewer) = reply::viewer()?;
    let part = operations::convergence::Part {
        at: at.as_deref(),
        findings: findings.as_deref(),
        before,
    };
    reply::with_status(operations::convergence::session(&app, &viewer, &id, &filter, part).await)
}

/// Two sessions side by side; `cursor` is the `next` of the findings of the page before.
#[server(prefix = "/rpc", endpoint = "convergence/compare", input = server_fn::codec::Json)]
pub async fn compare(
    a: String,
    b: String,
    #[server(default)] cursor: Option<String>,
) -> Result<ComparisonView, AppError> {
    let (app, viewer) = reply::viewer()?;
    let cursor = cursor.as_deref();
    reply::with_status(operations::convergence::compare(&app, &viewer, [&a, &b], cursor).await)
}

/// The next events of a session, at most 100; `cursor` is the `next` of the page before.
#[server(prefix = "/rpc", endpoint = "convergence/events", input = server_fn::codec::Json)]
pub async fn events(
    id: String,
    filter: EventFilter,
    cursor: Option<String>,
) -> Result<Page<SessionEvent>, AppError> {
    let (app, viewer) = reply::viewer()?;
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
    let (app, operator) = reply::operator()?;
    let accepted =
        operations::sessions::accept(&app, &operator, &session, &fingerprint, &reason).await;
    reply::with_status(accepted)
}
