//! Following convergence loops: looking at their sessions, accepting what they found.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::findings::{self, Order};
use crate::domain::{
    AppError, Code, DEFAULT_PROJECT, EventFilter, FieldError, Finding, IterationMetrics, LoopEvent,
    LoopLink, Page, Session, SessionFilter, SessionStats, cut_event, session_name, verdict,
};
use crate::server::auth::{Operator, Viewer};
use crate::server::state::AppState;
use crate::server::storage::sessions::{AcceptFinding, Accounts, Extent, StoredSession};

/// Events under `logs` of [`state`].
const LAST_EVENTS: u32 = 50;
/// Bytes of these as JSON: with all else, at most 256 KiB greet every socket.
const LAST_EVENTS_BYTES: usize = 250 * 1024;
/// The newest are whole before the others, but each of the others has so many bytes.
const LEAST_BYTES: usize = 1536;
/// Iterations that are read for the verdicts of a list.
const MOST_JUDGED: u32 = 20_000;
/// Characters of a reason.
const LONGEST_REASON: usize = 2000;

/// A page of sessions, newest first.
pub(crate) async fn list(
    app: &AppState,
    viewer: &Viewer,
    filter: &SessionFilter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<Session>, AppError> {
    check(filter.problems())?;
    let page = app
        .db
        .sessions(viewer.scope(), filter, cursor, limit)
        .await?;
    let mut items = with_verdicts(app, page.items).await?;
    name_tasks(app, viewer, &mut items).await?;
    Ok(Page {
        items,
        next: page.next,
    })
}

/// Sessions with their verdicts, but for those that would take too much reading.
pub(super) async fn with_verdicts(
    app: &AppState,
    all: Vec<StoredSession>,
) -> Result<Vec<Session>, AppError> {
    let mut left = MOST_JUDGED;
    let mut fits = |stored: &&StoredSession| {
        let rest = left.checked_sub(stored.facts.iteration.saturating_add(1));
        left = rest.unwrap_or(left);
        rest.is_some()
    };
    let judged: Vec<&StoredSession> = all.iter().filter(&mut fits).collect();
    let accounts = app.db.accounts_of(&judged).await?;
    let numbers = judged.iter().map(|stored| stored.number);
    let mut accounts: HashMap<i64, Accounts> = numbers.zip(accounts).collect();
    let session = |stored: StoredSession| match accounts.remove(&stored.number) {
        Some(accounts) => decide(stored, accounts).session,
        None => stored.session(),
    };
    Ok(all.into_iter().map(session).collect())
}

/// One session with its verdict.
pub(crate) async fn get(app: &AppState, viewer: &Viewer, id: &str) -> Result<Session, AppError> {
    Ok(judged(app, viewer, id).await?.session)
}

/// What a session is called.
pub(crate) async fn name(app: &AppState, viewer: &Viewer, id: &str) -> Result<String, AppError> {
    Ok(app.db.session(viewer.scope(), id).await?.name())
}

/// Finds the tasks that sessions name, of those that `viewer` may see; one without a name of its own
/// is called after its task.
pub(super) async fn name_tasks(
    app: &AppState,
    viewer: &Viewer,
    sessions: &mut [Session],
) -> Result<(), AppError> {
    let names = sessions.iter().filter_map(|it| it.task_id.as_deref());
    let names: Vec<&str> = names.collect();
    let found = app.db.named_tasks(viewer.scope(), &names).await?;
    for session in sessions {
        let name = session.task_id.as_ref();
        let Some((number, title)) = name.and_then(|name| found.get(name)) else {
            continue;
        };
        session.task_number = Some(*number);
        if let Some(nameless) = session.nameless {
            session.name = session_name(None, Some((*number, title)), nameless);
        }
    }
    Ok(())
}

/// A session with its verdict, and what that rests on.
pub(super) struct Judged {
    pub(super) stored: StoredSession,
    pub(super) session: Session,
    pub(super) accounts: Accounts,
}

pub(super) async fn judged(app: &AppState, viewer: &Viewer, id: &str) -> Result<Judged, AppError> {
    let mut judged = judge(app, app.db.session(viewer.scope(), id).await?).await?;
    let session = std::slice::from_mut(&mut judged.session);
    name_tasks(app, viewer, session).await?;
    Ok(judged)
}

pub(super) async fn judge(app: &AppState, stored: StoredSession) -> Result<Judged, AppError> {
    let accounts = app.db.accounts(&stored).await?;
    Ok(decide(stored, accounts))
}

fn decide(stored: StoredSession, accounts: Accounts) -> Judged {
    let mut session = stored.session();
    if let Some(why) = &accounts.unreadable {
        // Judged by half of what was found, it might look better than it is.
        session.error = Some(why.clone());
        session.unreadable = true;
    }
    if !session.unreadable {
        let why = stored.facts.why(session.status);
        let (rows, refused) = (&accounts.account.iterations, stored.facts.refused);
        let judged = verdict(session.status, why, rows, refused);
        session.verdict = Some(judged);
    }
    Judged {
        stored,
        session,
        accounts,
    }
}

/// The numbers of each iteration, in order; `cursor` is the last one of the page before.
pub(crate) async fn metrics(
    app: &AppState,
    viewer: &Viewer,
    id: &str,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<IterationMetrics>, AppError> {
    let last: Option<u32> = match cursor.map(str::parse) {
        None => None,
        Some(Ok(last)) => Some(last),
        Some(Err(_)) => {
            let message = "not a cursor of this list; take it from the Link header";
            return Err(AppError::invalid_field("cursor", message));
        }
    };
    let Judged { accounts, .. } = judged(app, viewer, id).await?;
    let rows = accounts.account.iterations;
    let mut rest = rows
        .into_iter()
        .skip_while(|row| last.is_some_and(|last| row.iteration <= last));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let items: Vec<_> = rest.by_ref().take(limit).collect();
    let more = rest.next().is_some();
    let next = items
        .last()
        .filter(|_| more)
        .map(|row| row.iteration.to_string());
    Ok(Page { items, next })
}

/// What the loop found, and what became of it; by first iteration, then the gravest first.
pub(crate) async fn findings(
    app: &AppState,
    viewer: &Viewer,
    id: &str,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<Finding>, AppError> {
    let Judged { accounts, .. } = judged(app, viewer, id).await?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    findings::page(app, &accounts, Order::Iteration, cursor, limit, None).await
}

pub(crate) async fn finding(
    app: &AppState,
    viewer: &Viewer,
    id: &str,
    fingerprint: &str,
) -> Result<Finding, AppError> {
    let Judged { accounts, .. } = judged(app, viewer, id).await?;
    let known = fingerprint.replace('\0', "\u{fffd}");
    Ok(app.db.finding(&accounts, &known).await?)
}

/// A page of a session's events.
pub(crate) async fn events(
    app: &AppState,
    viewer: &Viewer,
    id: &str,
    filter: &EventFilter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<LoopEvent>, AppError> {
    check(filter.problems())?;
    let stored = app.db.session(viewer.scope(), id).await?;
    let page = app.db.events(&stored, filter, cursor, limit, Extent::Whole);
    Ok(page.await?)
}

/// One event, as a whole.
pub(crate) async fn event(
    app: &AppState,
    viewer: &Viewer,
    id: &str,
    event_id: &str,
) -> Result<LoopEvent, AppError> {
    let stored = app.db.session(viewer.scope(), id).await?;
    Ok(app.db.event(&stored, event_id).await?.1)
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
    if id.contains('\0') || fingerprint.contains('\0') {
        let absent = format!("the session has no finding {fingerprint:?}");
        return Err(AppError::new(Code::FindingNotFound, absent));
    }
    let accept = AcceptFinding {
        session: id.to_owned(),
        fingerprint: fingerprint.to_owned(),
        reason: reason.to_owned(),
        author: who.author(),
        now: app.clock.now(),
    };
    app.db.write(accept).await?;
    finding(app, &who.viewer(), id, fingerprint).await
}

/// How the server stands with each loop that it follows: what they tell goes to the project that
/// always is.
pub(crate) fn loops(app: &AppState, viewer: &Viewer) -> Vec<LoopLink> {
    if viewer.scope().covers(DEFAULT_PROJECT) {
        app.links.all()
    } else {
        Vec::new()
    }
}

/// All sessions in numbers.
pub(crate) async fn stats(app: &AppState, viewer: &Viewer) -> Result<SessionStats, AppError> {
    Ok(app.db.session_stats(viewer.scope()).await?)
}

/// The session heard from last, in the shape of the Python dashboard: how much its present
/// iteration reported, and the last events as they were sent, the newest whole if they can be.
pub(crate) async fn state(app: &AppState, viewer: &Viewer) -> Result<Value, AppError> {
    let latest = app.db.latest_sessions(viewer.scope(), 1).await?;
    let Some(stored) = latest.first() else {
        return Ok(json!({
            "state": "IDLE", "iteration": 0, "session_id": null,
            "findings": 0, "fixes": 0, "vulnerabilities": 0, "logs": [],
        }));
    };
    let session = stored.session();
    let (reported, last) = tokio::join!(
        app.db.reported(stored, session.iterations),
        app.db
            .last_events(stored, LAST_EVENTS, LAST_EVENTS_BYTES, LEAST_BYTES),
    );
    // What cannot be read is null, not 0.
    let (totals, more) = reported?.filter(|_| !session.unreadable).unzip();
    let [findings, fixes, vulnerabilities] =
        totals.map_or([None; 3], |totals: [u64; 3]| totals.map(Some));
    let partial = more.unwrap_or(true) || session.refused_events > 0;
    let logs = shortened(last?);
    let mut state = json!({
        "state": session.final_state.as_str(),
        "iteration": session.iterations,
        "session_id": session.session_id,
        "findings": findings,
        "fixes": fixes,
        "vulnerabilities": vulnerabilities,
        "logs": logs,
    });
    if partial {
        state["partial"] = json!(true);
    }
    Ok(state)
}

/// The events, given newest first, oldest first: whole where there is room, else as much of each
/// as there is.
fn shortened(newest_first: Vec<LoopEvent>) -> Vec<Value> {
    let mut left = LAST_EVENTS_BYTES;
    let others = (0..newest_first.len()).rev();
    let mut logs = Vec::new();
    for (event, others) in newest_first.into_iter().zip(others) {
        let room = left.saturating_sub(others * LEAST_BYTES).max(LEAST_BYTES);
        let mut sent = event.sent;
        let mut length = sent.to_string().len() + 1;
        if length > room {
            sent = cut_event(&sent, room - 1);
            length = sent.to_string().len() + 1;
        }
        // Names may take more than there is.
        let Some(rest) = left.checked_sub(length) else {
            break;
        };
        left = rest;
        logs.push(sent);
    }
    logs.reverse();
    logs
}

pub(super) fn check(problems: Vec<FieldError>) -> Result<(), AppError> {
    if problems.is_empty() {
        Ok(())
    } else {
        Err(AppError::invalid(problems))
    }
}
