//! Following convergence loops: taking their events in, looking at their sessions, accepting
//! what they found.

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::domain::{
    AppError, EventFilter, FieldError, Finding, IterationMetrics, LoopEvent, LoopLink, Page,
    Session, SessionFilter, SessionStats, decode_batch,
};
use crate::server::auth::{Operator, Viewer};
use crate::server::state::AppState;
use crate::server::storage::sessions::{AcceptFinding, StoredSession, TakeEvents};

/// Events under `logs` of [`state`].
const LAST_EVENTS: u32 = 50;
/// Entries of each list of [`state`], which every socket is greeted with.
const MOST_LISTED: usize = 1000;
/// Characters of a reason.
const LONGEST_REASON: usize = 2000;

/// What came of a POST of events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TakenEvents {
    /// Stored now.
    accepted: usize,
    /// Known already, by session and event id.
    duplicates: usize,
    /// What could not be read; absent when everything could.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
}

/// Takes in what a loop's webhook brought. What can be read is stored even beside what cannot,
/// for the sender would only send the same again; nothing readable at all is an error.
pub(crate) async fn take(
    app: &AppState,
    _: &Operator,
    sent: Value,
) -> Result<TakenEvents, AppError> {
    let now = app.clock.now();
    let batch = decode_batch(sent, now);
    let malformed = u64::try_from(batch.problems.len()).unwrap_or(0);
    metrics::counter!("convergence_malformed_total").increment(malformed);
    if batch.events.is_empty() {
        if !batch.problems.is_empty() {
            return Err(AppError::invalid(batch.problems));
        }
        return Ok(TakenEvents {
            accepted: 0,
            duplicates: 0,
            errors: Vec::new(),
        });
    }
    let take = TakeEvents {
        events: batch.events.into(),
        source: "webhook".to_owned(),
        now,
    };
    let taken = app.db.write(take).await?;
    taken.count();
    Ok(TakenEvents {
        accepted: taken.accepted,
        duplicates: taken.duplicates,
        errors: batch.problems,
    })
}

/// A page of sessions, newest first.
pub(crate) async fn list(
    app: &AppState,
    _: &Viewer,
    filter: &SessionFilter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<Session>, AppError> {
    check(filter.problems())?;
    let page = app.db.sessions(filter, cursor, limit).await?;
    Ok(Page {
        items: page.items.iter().map(StoredSession::session).collect(),
        next: page.next,
    })
}

/// One session with its verdict.
pub(crate) async fn get(app: &AppState, _: &Viewer, id: &str) -> Result<Session, AppError> {
    let stored = app.db.session(id).await?;
    let book = app.db.session_book(&stored).await?;
    Ok(book.judged(stored.session()).0)
}

/// The numbers of each iteration, in order.
pub(crate) async fn metrics(
    app: &AppState,
    _: &Viewer,
    id: &str,
) -> Result<Vec<IterationMetrics>, AppError> {
    let stored = app.db.session(id).await?;
    let book = app.db.session_book(&stored).await?;
    Ok(book.ledger().iterations)
}

/// What the loop found, and what became of it.
pub(crate) async fn findings(
    app: &AppState,
    _: &Viewer,
    id: &str,
) -> Result<Vec<Finding>, AppError> {
    let stored = app.db.session(id).await?;
    let book = app.db.session_book(&stored).await?;
    Ok(book.ledger().findings)
}

/// A page of a session's events.
pub(crate) async fn events(
    app: &AppState,
    _: &Viewer,
    id: &str,
    filter: &EventFilter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<LoopEvent>, AppError> {
    check(filter.problems())?;
    let stored = app.db.session(id).await?;
    Ok(app.db.events(&stored, filter, cursor, limit).await?)
}

/// Notes that a person decided to live with a finding, and answers it.
pub(crate) async fn accept(
    app: &AppState,
    who: &Operator,
    id: &str,
    fingerprint: &str,
    reason: &str,
) -> Result<Finding, AppError> {
    let reason = reason.trim();
    let length = reason.chars().count();
    if length == 0 || length > LONGEST_REASON || reason.contains('\0') {
        let message = format!("say why, in at most {LONGEST_REASON} characters");
        return Err(AppError::invalid_field("reason", message));
    }
    let absent = || AppError::not_found(format!("the session has no finding {fingerprint:?}"));
    if id.contains('\0') || fingerprint.contains('\0') {
        return Err(absent());
    }
    let accept = AcceptFinding {
        session: id.to_owned(),
        fingerprint: fingerprint.to_owned(),
        reason: reason.to_owned(),
        actor: who.name().to_owned(),
        now: app.clock.now(),
    };
    app.db.write(accept).await?;
    let findings = findings(app, &Viewer::of(who), id).await?;
    let named = |finding: &Finding| finding.fingerprint == fingerprint;
    findings.into_iter().find(named).ok_or_else(absent)
}

/// How the server stands with each loop that it follows.
pub(crate) fn loops(app: &AppState, _: &Viewer) -> Vec<LoopLink> {
    app.links.all()
}

/// All sessions in numbers.
pub(crate) async fn stats(app: &AppState, _: &Viewer) -> Result<SessionStats, AppError> {
    Ok(app.db.session_stats().await?)
}

/// The session heard from last, in the shape of the Python dashboard: what the present iteration
/// listed, and the last events as they were sent.
pub(crate) async fn state(app: &AppState, _: &Viewer) -> Result<Value, AppError> {
    let latest = app.db.latest_sessions(1).await?;
    let Some(stored) = latest.first() else {
        return Ok(json!({
            "state": "IDLE", "iteration": 0, "session_id": null,
            "findings": [], "fixes": [], "vulnerabilities": [], "logs": [],
        }));
    };
    let session = stored.session();
    let newest = EventFilter {
        newest_first: true,
        ..EventFilter::default()
    };
    let (listing, page) = tokio::join!(
        app.db.events_with_lists(stored, session.iterations),
        app.db.events(stored, &newest, None, LAST_EVENTS),
    );
    let (listing, mut last) = (listing?, page?.items);
    last.reverse();
    let all = |name: &str| -> Vec<Value> {
        let lists = listing
            .iter()
            .filter_map(|event| event.data().get(name)?.as_array());
        lists.flatten().take(MOST_LISTED).cloned().collect()
    };
    Ok(json!({
        "state": session.final_state.as_str(),
        "iteration": session.iterations,
        "session_id": session.session_id,
        "findings": all("findings"),
        "fixes": all("fixes"),
        "vulnerabilities": all("vulnerabilities"),
        "logs": last.into_iter().map(|event| event.sent).collect::<Vec<_>>(),
    }))
}

fn check(problems: Vec<FieldError>) -> Result<(), AppError> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(AppError::invalid(problems))
    }
}
