//! What the pages about convergence show, gathered. The point of the feed is read before the
//! database, so that everything the reading may have missed comes after that point.

use std::collections::HashMap;

use crate::domain::{
    AppError, ComparedFinding, ComparisonView, ConvergenceView, EventFilter, IterationMetrics,
    Ledger, LiveSession, LoopEvent, Page, Session, SessionEvent, SessionFilter, SessionStatus,
    SessionView,
};
use crate::server::auth::Viewer;
use crate::server::operations::{charts, sessions};
use crate::server::state::AppState;
use crate::server::storage::sessions::StoredSession;

/// Rows of the history.
const ROWS: u32 = 50;
/// Running sessions that are shown at most.
const LIVE: u32 = 20;
/// Events that come with a page.
const EVENTS: u32 = 100;

/// The convergence page: the history that matches `filter`, from `cursor` on, and what is live.
pub(crate) async fn overview(
    app: &AppState,
    viewer: &Viewer,
    filter: &SessionFilter,
    cursor: Option<&str>,
) -> Result<ConvergenceView, AppError> {
    let feed = app.bus.point();
    let running = SessionFilter {
        status: vec![SessionStatus::Running],
        ..SessionFilter::default()
    };
    let (history, stats, running, latest) = tokio::join!(
        sessions::list(app, viewer, filter, cursor, ROWS),
        sessions::stats(app, viewer),
        app.db.sessions(&running, None, LIVE),
        app.db.latest_sessions(1),
    );
    let (running, latest) = (running?.items, latest?);
    let mut live = Vec::new();
    for stored in if running.is_empty() {
        &latest
    } else {
        &running
    } {
        live.push(with_numbers(app, stored).await?);
    }
    let newest = EventFilter {
        newest_first: true,
        ..EventFilter::default()
    };
    let mut events = Vec::new();
    if let Some(stored) = latest.first() {
        events = app.db.events(stored, &newest, None, EVENTS).await?.items;
        events.reverse();
    }
    let latest = latest.first().map(StoredSession::session);
    Ok(ConvergenceView {
        loops: app.links.all(),
        live,
        latest: latest.map(|session| session.session_id),
        events: events
            .into_iter()
            .map(LoopEvent::into_session_event)
            .collect(),
        stats: stats?,
        sessions: history?,
        feed,
        now: app.clock.now(),
    })
}

async fn with_numbers(app: &AppState, stored: &StoredSession) -> Result<LiveSession, AppError> {
    let book = app.db.session_book(stored).await?;
    let (session, ledger) = book.judged(stored.session());
    Ok(live(session, ledger.iterations))
}

fn live(session: Session, iterations: Vec<IterationMetrics>) -> LiveSession {
    LiveSession {
        session,
        chart: charts::findings(&iterations),
        iterations,
    }
}

/// Two sessions side by side: their numbers, and what became of each finding in both.
pub(crate) async fn compare(
    app: &AppState,
    _: &Viewer,
    ids: [&str; 2],
) -> Result<ComparisonView, AppError> {
    let [a, b] = ids.map(|id| judged(app, id));
    let ((session_a, ledger_a), (session_b, ledger_b)) = tokio::try_join!(a, b)?;
    let mut findings: Vec<ComparedFinding> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (side, found) in [ledger_a.findings, ledger_b.findings]
        .into_iter()
        .enumerate()
    {
        for finding in found {
            let place = *places
                .entry(finding.fingerprint.clone())
                .or_insert(findings.len());
            let state = Some(finding.state);
            if place == findings.len() {
                let states = [None; 2];
                findings.push(ComparedFinding { finding, states });
            }
            findings[place].states[side] = state;
        }
    }
    Ok(ComparisonView {
        chart: charts::comparison(&ledger_a.iterations, &ledger_b.iterations),
        sides: [
            live(session_a, ledger_a.iterations),
            live(session_b, ledger_b.iterations),
        ],
        findings,
        now: app.clock.now(),
    })
}

async fn judged(app: &AppState, id: &str) -> Result<(Session, Ledger), AppError> {
    let stored = app.db.session(id).await?;
    let book = app.db.session_book(&stored).await?;
    Ok(book.judged(stored.session()))
}

/// The page of one session, with the first of its events that match `filter`; with `at`, those
/// from that event on.
pub(crate) async fn session(
    app: &AppState,
    _: &Viewer,
    id: &str,
    filter: &EventFilter,
    at: Option<&str>,
) -> Result<SessionView, AppError> {
    let feed = app.bus.point();
    let stored = app.db.session(id).await?;
    let book = app.db.session_book(&stored).await?;
    let (session, ledger) = book.judged(stored.session());
    let events = match at {
        Some(event) => from_event(app, &stored, event, filter).await?,
        None => shown(app.db.events(&stored, filter, None, EVENTS).await?),
    };
    Ok(SessionView {
        session,
        chart: charts::findings(&ledger.iterations),
        iterations: ledger.iterations,
        findings: ledger.findings,
        events,
        feed,
        now: app.clock.now(),
    })
}

/// A page of events that begins with `event`.
async fn from_event(
    app: &AppState,
    stored: &StoredSession,
    event: &str,
    filter: &EventFilter,
) -> Result<Page<SessionEvent>, AppError> {
    let (after, event) = app.db.event(stored, event).await?;
    let rest = app.db.events(stored, filter, Some(&after), EVENTS).await?;
    let mut page = shown(rest);
    page.items.insert(0, event.into_session_event());
    Ok(page)
}

/// A page of a session's events, as pages show them.
pub(crate) async fn events(
    app: &AppState,
    viewer: &Viewer,
    id: &str,
    filter: &EventFilter,
    cursor: Option<&str>,
) -> Result<Page<SessionEvent>, AppError> {
    sessions::events(app, viewer, id, filter, cursor, EVENTS)
        .await
        .map(shown)
}

fn shown(page: Page<LoopEvent>) -> Page<SessionEvent> {
    let events = page.items.into_iter().map(LoopEvent::into_session_event);
    Page {
        items: events.collect(),
        next: page.next,
    }
}
