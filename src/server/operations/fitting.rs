//! What fits into a page. A page has at most 300 kB of HTML: its data as JSON and what is shown of
//! it. So much of each list is taken as has room; the numbers here are what its parts take.

use crate::domain::{
    Acceptance, Finding, Session, SessionEvent, beginning, cut_data, data_weight, weight,
};

/// What the events of a page take.
pub(super) const EVENTS_ROOM: usize = 110_000;
/// What the data of one event takes in a list, and of the one that is open.
const DATA_ROOM: usize = 5_000;
const OPEN_ROOM: usize = 40_000;
/// An event without its data, its names and its type.
const ENTRY: usize = 1_000;
/// What the data of an event takes that is one line; its short members, such as the step, are kept.
const LINE_ROOM: usize = 2_000;
const LINE: usize = 500;
/// What the sessions of the history take, and one of them without its names.
const HISTORY_ROOM: usize = 90_000;
const SESSION: usize = 1_300;

/// Events with the beginning of their data, as many as fit into `room`, at least one.
pub(super) fn entries(
    events: impl Iterator<Item = SessionEvent>,
    room: usize,
) -> Vec<SessionEvent> {
    fit(events, room, ENTRY, DATA_ROOM)
}

/// The same for events that are one line each.
pub(super) fn lines(events: impl Iterator<Item = SessionEvent>, room: usize) -> Vec<SessionEvent> {
    fit(events, room, LINE, LINE_ROOM)
}

/// An event of which much is shown, and what it takes.
pub(super) fn opened(mut event: SessionEvent) -> (SessionEvent, usize) {
    event.data = cut_data(&event.data, OPEN_ROOM);
    names(&mut event);
    let taken = ENTRY + taken_by_names(&event) + data_weight(&event.data);
    (event, taken)
}

fn fit(
    events: impl Iterator<Item = SessionEvent>,
    room: usize,
    each: usize,
    data: usize,
) -> Vec<SessionEvent> {
    let mut left = room;
    let mut fitting = Vec::new();
    for mut event in events {
        event.data = cut_data(&event.data, data);
        names(&mut event);
        let taken = each + taken_by_names(&event) + data_weight(&event.data);
        if taken > left && !fitting.is_empty() {
            break;
        }
        left = left.saturating_sub(taken);
        fitting.push(event);
    }
    fitting
}

fn names(event: &mut SessionEvent) {
    event.event_type = beginning(&event.event_type, 400);
    event.state = beginning(&event.state, 100);
}

/// An id stands in links, in words and in the data.
fn taken_by_names(event: &SessionEvent) -> usize {
    5 * weight(&event.event_id) + 3 * weight(&event.event_type)
}

/// How many of these sessions fit into the history, at least one.
pub(super) fn rows(sessions: &[Session]) -> usize {
    let mut left = HISTORY_ROOM;
    let fits = |session: &&Session| {
        let error = session.error.as_deref().map_or(0, weight);
        let task = session.task_id.as_deref().map_or(0, weight);
        let names = 7 * weight(&session.session_id) + 3 * weight(&session.name);
        let taken = SESSION + names + weight(&session.source) + task + 3 * error;
        let fits = taken <= left;
        left = left.saturating_sub(taken);
        fits
    };
    sessions
        .iter()
        .take_while(fits)
        .count()
        .max(1)
        .min(sessions.len())
}

/// A session with the beginning of long words, as one of many.
pub(super) fn session_row(session: Session) -> Session {
    with_words(session, 500)
}

/// A session with the beginning of long words, on a page of its own.
pub(super) fn session_page(session: Session) -> Session {
    with_words(session, 8_000)
}

fn with_words(mut session: Session, room: usize) -> Session {
    session.source = beginning(&session.source, 1_000);
    session.error = session.error.map(|error| beginning(&error, room));
    if let Some(verdict) = &mut session.verdict {
        verdict.reason = beginning(&verdict.reason, room);
    }
    session
}

/// Cuts the long texts of a finding that is one of many.
pub(super) fn finding(finding: &mut Finding) {
    for (text, room) in [
        (&mut finding.description, 700),
        (&mut finding.area, 300),
        (&mut finding.kind, 120),
    ] {
        *text = beginning(text, room);
    }
    if let Some(Acceptance { by, reason, .. }) = &mut finding.accepted {
        *by = beginning(by, 100);
        *reason = beginning(reason, 400);
    }
}
