//! What the pages about convergence show, gathered. The point of the feed is read before the
//! database, so that everything the reading may have missed comes after that point.
//!
//! A page is bounded whatever the data: each of its lists has a number of entries and of bytes,
//! and a cursor to the rest; long texts are cut and lead to the whole.

use std::collections::HashMap;

use super::findings::{self, Order};
use super::fitting::{self, EVENTS_ROOM};
use super::sessions::{Judged, check, judge, judged, name_tasks, with_verdicts};
use crate::domain::{
    AppError, ComparedFinding, ComparedSession, ComparisonView, ConvergenceView, EventFilter,
    Finding, FindingsView, IterationMetrics, LiveSession, LoopEvent, Page, RoundsView, Session,
    SessionEvent, SessionFilter, SessionStatus, SessionView,
};
use crate::server::auth::Viewer;
use crate::server::operations::{charts, sessions};
use crate::server::state::AppState;
use crate::server::storage::sessions::{Extent, StoredSession};

/// Rows of the history.
const ROWS: u32 = 50;
/// Running sessions that are shown at most.
const LIVE: u32 = 8;
/// Iterations of each of these in numbers, and in a chart.
const LIVE_ROUNDS: usize = 10;
const LIVE_CHARTED: usize = 40;
/// Events that come with a page.
const EVENTS: u32 = 100;
/// Events beside the overview, and what they take there.
const LAST_EVENTS: u32 = 60;
const LAST_EVENTS_ROOM: usize = 40_000;
/// Iterations that come with a page, and those in its chart.
const ROUNDS: usize = 20;
const CHARTED: usize = 100;
/// Findings that come with a page.
const FINDINGS: usize = 20;

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
        history(app, viewer, filter, cursor),
        sessions::stats(app, viewer),
        app.db.sessions(viewer.scope(), &running, None, LIVE),
        app.db.latest_sessions(viewer.scope(), 1),
    );
    let (running, latest) = (running?, latest?);
    let more_live = running.next.is_some();
    let shown = if running.items.is_empty() {
        latest.clone()
    } else {
        running.items
    };
    let mut live = Vec::new();
    for stored in shown {
        live.push(with_numbers(app, stored).await?);
    }
    let newest = EventFilter {
        newest_first: true,
        ..EventFilter::default()
    };
    let mut events = Vec::new();
    if let Some(stored) = latest.first() {
        let page = app
            .db
            .events(stored, &newest, None, LAST_EVENTS, Extent::Brief);
        let last = page
            .await?
            .items
            .into_iter()
            .map(LoopEvent::into_session_event);
        events = fitting::lines(last, LAST_EVENTS_ROOM);
        events.reverse();
    }
    let latest = latest.first().map(|stored| stored.id.clone());
    Ok(ConvergenceView {
        loops: sessions::loops(app, viewer),
        live,
        more_live,
        latest,
        events,
        stats: stats?,
        sessions: history?,
        feed,
        now: app.clock.now(),
    })
}

/// A page of the history, as long as a page may be.
async fn history(
    app: &AppState,
    viewer: &Viewer,
    filter: &SessionFilter,
    cursor: Option<&str>,
) -> Result<Page<Session>, AppError> {
    check(filter.problems())?;
    let page = app
        .db
        .sessions(viewer.scope(), filter, cursor, ROWS)
        .await?;
    let numbers: Vec<i64> = page.items.iter().map(|stored| stored.number).collect();
    let judged = with_verdicts(app, page.items).await?;
    let mut items: Vec<_> = judged.into_iter().map(fitting::session_row).collect();
    name_tasks(app, viewer, &mut items).await?;
    let fit = fitting::rows(&items);
    let last = numbers.get(fit.saturating_sub(1));
    let next = match last.filter(|_| fit < items.len()) {
        Some(last) => Some(last.to_string()),
        None => page.next,
    };
    let items = items.into_iter().take(fit).collect();
    Ok(Page { items, next })
}

async fn with_numbers(app: &AppState, stored: StoredSession) -> Result<LiveSession, AppError> {
    let Judged {
        session, accounts, ..
    } = judge(app, stored).await?;
    let iterations = accounts.account.iterations;
    Ok(LiveSession {
        session: fitting::session_row(session),
        chart: charts::findings(last(&iterations, LIVE_CHARTED)),
        iterations: last(&iterations, LIVE_ROUNDS).to_vec(),
    })
}

fn last(rows: &[IterationMetrics], most: usize) -> &[IterationMetrics] {
    &rows[rows.len().saturating_sub(most)..]
}

/// Two sessions side by side: their numbers, and what became of each finding in both. First come
/// the findings of the first, then those that only the second has; `cursor` is the last one of
/// the page before.
pub(crate) async fn compare(
    app: &AppState,
    viewer: &Viewer,
    ids: [&str; 2],
    cursor: Option<&str>,
) -> Result<ComparisonView, AppError> {
    let feed = app.bus.point();
    let [a, b] = ids.map(|id| judged(app, viewer, id));
    let (a, b) = tokio::try_join!(a, b)?;
    let findings = compared(app, [&a, &b], cursor).await?;
    let rounds = [&a, &b].map(|side| last(&side.accounts.account.iterations, CHARTED));
    Ok(ComparisonView {
        chart: charts::comparison(rounds[0], rounds[1]),
        findings,
        sides: [a, b].map(side),
        feed,
        now: app.clock.now(),
    })
}

fn side(judged: Judged) -> ComparedSession {
    ComparedSession {
        numbers: judged.accounts.numbers(),
        session: fitting::session_row(judged.session),
    }
}

/// The cursor of findings that only the second session has begins with this.
const SECOND: &str = "b:";

async fn compared(
    app: &AppState,
    [a, b]: [&Judged; 2],
    cursor: Option<&str>,
) -> Result<Page<ComparedFinding>, AppError> {
    let second = cursor.and_then(|cursor| cursor.strip_prefix(SECOND));
    let mut rows: Vec<ComparedFinding> = Vec::new();
    let mut next = None;
    if second.is_none() {
        let order = Order::Iteration;
        let page = findings::page(app, &a.accounts, order, cursor, FINDINGS, None).await?;
        let names: Vec<_> = page.items.iter().map(|it| it.fingerprint.clone()).collect();
        let known: HashMap<_, _> = app.db.findings_named(&b.accounts, &names).await?;
        rows.extend(page.items.into_iter().map(|finding| {
            let other = known.get(&finding.fingerprint).map(|other| other.state);
            ComparedFinding {
                states: [Some(finding.state), other],
                finding,
            }
        }));
        next = page.next;
    }
    let left = FINDINGS - rows.len();
    if next.is_none() && left > 0 {
        let from = second.filter(|second| !second.is_empty());
        let order = Order::Iteration;
        let except = Some(&a.stored);
        let page = findings::page(app, &b.accounts, order, from, left, except).await?;
        rows.extend(page.items.into_iter().map(|finding| ComparedFinding {
            states: [None, Some(finding.state)],
            finding,
        }));
        next = page.next.map(|next| format!("{SECOND}{next}"));
    } else if next.is_none() {
        let (order, except) = (Order::Iteration, Some(&a.stored));
        let others = findings::page(app, &b.accounts, order, None, 1, except).await?;
        next = (!others.items.is_empty()).then(|| SECOND.to_owned());
    }
    for row in &mut rows {
        fitting::finding(&mut row.finding);
    }
    Ok(Page { items: rows, next })
}

/// What is asked of the page of a session.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Part<'a> {
    /// The event that the list of events begins with.
    pub(crate) at: Option<&'a str>,
    /// The finding after which the list of findings begins.
    pub(crate) findings: Option<&'a str>,
    /// The iteration before which those end that are shown.
    pub(crate) before: Option<u32>,
}

/// The page of one session, with the first of its events that match `filter`.
pub(crate) async fn session(
    app: &AppState,
    viewer: &Viewer,
    id: &str,
    filter: &EventFilter,
    part: Part<'_>,
) -> Result<SessionView, AppError> {
    let feed = app.bus.point();
    check(filter.problems())?;
    let Judged {
        stored,
        session,
        accounts,
    } = judged(app, viewer, id).await?;
    let events = match part.at {
        Some(event) => from_event(app, &stored, event, filter).await?,
        None => fitted(app, &stored, filter, None, EVENTS_ROOM).await?,
    };
    let found = findings::page(app, &accounts, Order::Need, part.findings, FINDINGS, None).await?;
    let rows = &accounts.account.iterations;
    let findings = FindingsView {
        page: shortened(found),
        numbers: accounts.numbers(),
    };
    let end = part.before.map_or(rows.len(), |before| {
        rows.partition_point(|row| row.iteration < before)
    });
    let shown = last(&rows[..end], ROUNDS);
    let charted = last(rows, CHARTED);
    let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let rounds = RoundsView {
        items: shown.to_vec(),
        total: count(rows.len()),
        before: shown
            .first()
            .filter(|_| shown.len() < end)
            .map(|row| row.iteration),
        charted: count(charted.len()),
    };
    Ok(SessionView {
        session: fitting::session_page(session),
        chart: charts::findings(charted),
        rounds,
        findings,
        events,
        feed,
        now: app.clock.now(),
    })
}

fn shortened(mut page: Page<Finding>) -> Page<Finding> {
    page.items.iter_mut().for_each(fitting::finding);
    page
}

/// A page of events that begins with `event`.
async fn from_event(
    app: &AppState,
    stored: &StoredSession,
    event: &str,
    filter: &EventFilter,
) -> Result<Page<SessionEvent>, AppError> {
    let (after, event) = app.db.event(stored, event).await?;
    let (event, taken) = fitting::opened(event.into_session_event());
    let room = EVENTS_ROOM.saturating_sub(taken);
    let mut page = fitted(app, stored, filter, Some(&after), room).await?;
    page.items.insert(0, event);
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
    check(filter.problems())?;
    let stored = app.db.session(viewer.scope(), id).await?;
    fitted(app, &stored, filter, cursor, EVENTS_ROOM).await
}

/// As many events as fit into `room`.
async fn fitted(
    app: &AppState,
    stored: &StoredSession,
    filter: &EventFilter,
    cursor: Option<&str>,
    room: usize,
) -> Result<Page<SessionEvent>, AppError> {
    let read = |limit: u32| app.db.events(stored, filter, cursor, limit, Extent::Brief);
    let mut page = read(EVENTS).await?;
    let all = page.items.len();
    let shown = |page: Page<LoopEvent>| {
        let events = page.items.into_iter().map(LoopEvent::into_session_event);
        fitting::entries(events, room)
    };
    let mut next = page.next.take();
    let items = shown(page);
    if items.len() < all {
        // The cursor of the last one that fits.
        let fit = u32::try_from(items.len()).unwrap_or(EVENTS);
        next = read(fit).await?.next;
    }
    Ok(Page { items, next })
}
