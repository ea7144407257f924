//! What runs now: each session with its state, its verdict and its findings, and the last
//! events.

use leptos::ev::Event;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::events::EventLine;
use super::following::read;
use super::numbers::findings_table;
use crate::domain::{
    ConvergenceView, IterationMetrics, LiveSession, LoopState, LoopStep, Session, SessionEvent,
    SessionStatus, Timestamp, VerdictKind,
};
use crate::ui::components::{Chart, HiddenFields, SessionBadge, Stepper, VerdictBadge, duration};
use crate::ui::dynamic::{Erase, handler, list, maybe, memo, part, text};
use crate::ui::paths::{self, SessionsQuery};
use crate::ui::state::Clock;

/// The sessions that run; when none does, the one heard from last.
#[component]
pub(super) fn LiveSessions(
    /// What the page shows.
    view: RwSignal<Option<ConvergenceView>>,
) -> impl IntoView {
    let ids = memo(move || {
        read(view, |view| {
            let ids = view.live.iter().map(|it| it.session.session_id.clone());
            ids.collect::<Vec<_>>()
        })
    });
    let cards = list(
        move || ids.get(),
        String::clone,
        move |id| {
            let shown = memo(move || {
                read(view, |view| {
                    let mut live = view.live.iter();
                    live.find(|it| it.session.session_id == id).cloned()
                })
            });
            view! { <Card shown/> }
        },
    );
    let more = maybe(move || {
        read(view, |view| view.more_live).then(|| {
            let url = SessionsQuery::default()
                .with_status(Some(SessionStatus::Running))
                .url();
            view! { <p class="muted">"More sessions run: " <a href=url>"all that run"</a></p> }
        })
    });
    view! {
        <div class="loops">{cards}</div>
        {more}
    }
    .any()
}

/// One session.
#[component]
fn Card(
    /// The session and its numbers.
    shown: Memo<Option<LiveSession>>,
) -> impl IntoView {
    let session = memo(move || shown.read().as_ref().map(|it| it.session.clone()));
    let id = untrack(move || session.read().as_ref().map(|it| it.session_id.clone()));
    let id = id.unwrap_or_default();
    let ran = memo(move || {
        let shown = shown.read();
        let rounds = shown.as_ref().map(|it| it.iterations.as_slice());
        steps_of(rounds.unwrap_or_default())
    });
    let name = text(move || name_of(session));
    let url = paths::session(&id);
    let rows = format!("{url}#iteration-");
    let chart = memo(move || shown.read().as_ref().and_then(|it| it.chart.clone()));
    let has_chart = memo(move || chart.read().is_some());
    let drawing = maybe(move || {
        has_chart.get().then(|| {
            let option = text(move || chart.get().unwrap_or_default());
            let rows = rows.clone();
            let numbers = memo(move || shown.get().map(|it| it.iterations).unwrap_or_default());
            let table = part(move || findings_table(&numbers.read()));
            let label = text(move || format!("Numbers of {}", name_of(session)));
            view! {
                <Chart option rows label="Findings of each iteration"/>
                <details class="chart-table">
                    <summary>"Numbers"</summary>
                    <div class="wide-table" role="region" tabindex="0" aria-label=label>
                        {table}
                    </div>
                </details>
            }
        })
    });
    view! {
        <article class="card loop-card">
            <header class="card-head">
                <h2 class="clip">
                    <a href=url title=id>{name}</a>
                </h2>
                <StatusOf session/>
            </header>
            <Standing session ran/>
            {drawing}
        </article>
    }
    .any()
}

/// A session's badge.
#[component]
fn StatusOf(session: Memo<Option<Session>>) -> impl IntoView {
    let status = memo(move || status_of(session));
    view! { <SessionBadge status/> }
}

/// What a session is called.
pub(super) fn name_of(session: Memo<Option<Session>>) -> String {
    let session = session.read();
    session
        .as_ref()
        .map(|it| it.name.clone())
        .unwrap_or_default()
}

fn status_of(session: Memo<Option<Session>>) -> SessionStatus {
    let session = session.read();
    session
        .as_ref()
        .map_or(SessionStatus::Running, |it| it.status)
}

/// Where a session stands: stepper, iteration and time, verdict and why.
#[component]
pub(super) fn Standing(
    session: Memo<Option<Session>>,
    /// The steps of its last iteration; none where that is not known.
    ran: Memo<Vec<LoopStep>>,
) -> impl IntoView {
    let clock = Clock::get();
    let status = memo(move || status_of(session));
    let state = memo(move || {
        let session = session.read();
        session
            .as_ref()
            .map_or(LoopState::Idle, |it| it.final_state)
    });
    let time = text(move || {
        let now = clock.now();
        let session = session.read();
        session
            .as_ref()
            .map(|it| how_long(it, now))
            .unwrap_or_default()
    });
    let kind = memo(move || {
        let session = session.read();
        let verdict = session.as_ref().and_then(|it| it.verdict.as_ref());
        verdict.map_or(VerdictKind::TooEarly, |verdict| verdict.kind)
    });
    // One that converged has nothing to add to its badge.
    let adds = memo(move || kind.get() != VerdictKind::Converged || !why_of(session).is_empty());
    let verdict = maybe(move || {
        // Read aloud or copied it is one sentence: "not converged: stalled (3, 3, 3 open)".
        let colon = text(move || {
            let said = why_of(session);
            if said.is_empty() { "" } else { ": " }.to_owned()
        });
        adds.get().then(|| {
            view! {
                <p class="verdict">
                    <VerdictBadge kind/>
                    <span class="sr-only">{colon}</span>
                    <span>{text(move || why_of(session))}</span>
                </p>
            }
        })
    });
    view! {
        <div class="standing">
            <Stepper state status ran/>
            {verdict}
            <p class="muted figure">{time}</p>
        </div>
    }
    .any()
}

/// The steps of the last of these iterations.
pub(super) fn steps_of(iterations: &[IterationMetrics]) -> Vec<LoopStep> {
    let last = iterations.last().map(|last| last.steps.iter());
    last.into_iter().flatten().map(|step| step.step).collect()
}

fn why_of(session: Memo<Option<Session>>) -> String {
    let session = session.read();
    let verdict = session.as_ref().and_then(|it| it.verdict.as_ref());
    verdict
        .map(|verdict| verdict.reason.clone())
        .unwrap_or_default()
}

/// Seconds without an event that are said of a session that runs.
const QUIET: f64 = 60.0;

/// In which iteration a session is, and how long it takes or took.
fn how_long(session: &Session, now: Timestamp) -> String {
    let place = match session.iterations {
        0 => "No iteration yet".to_owned(),
        number => format!("Iteration {number}"),
    };
    match (session.status, session.end_time) {
        (SessionStatus::Running, _) => {
            let here = duration(now.seconds_since(session.state_since));
            let all = duration(now.seconds_since(session.start_time));
            let quiet = now.seconds_since(session.last_event_at);
            let heard = if quiet < QUIET {
                String::new()
            } else {
                // Nobody knows whether it goes on.
                format!(" · last heard {} ago", duration(quiet))
            };
            format!("{place} · {here} in this state · {all} in all{heard}")
        }
        (SessionStatus::Interrupted, None) => {
            let silent = duration(now.seconds_since(session.last_event_at));
            format!("{place} · silent for {silent}")
        }
        _ => {
            let place = place.replace(" yet", "");
            format!("{place} · took {}", duration(session.duration_seconds))
        }
    }
}

/// The last events of the session heard from last.
#[component]
pub(super) fn LastEvents(
    /// What the page shows.
    view: RwSignal<Option<ConvergenceView>>,
    /// What the URL says.
    query: Memo<SessionsQuery>,
) -> impl IntoView {
    // Without a program the filter comes with the page; with it, as one types.
    let typed = RwSignal::new(query.read_untracked().events.clone().unwrap_or_default());
    let words = memo(move || typed.read().trim().to_lowercase());
    let map = use_query_map();
    Effect::new(move |former: Option<Option<String>>| {
        let now = map.read().get("events");
        if former.is_some_and(|former| former != now) {
            typed.set(now.clone().unwrap_or_default());
        }
        now
    });
    let events = memo(move || {
        let words = words.read();
        let mut events = read(view, |view| view.events.clone());
        events.retain(|event| words.is_empty() || says(event, &words));
        events.reverse();
        events.truncate(MOST_EVENTS);
        events
    });
    let latest = memo(move || read(view, |view| view.latest.clone()).unwrap_or_default());
    let lines = list(
        move || events.get(),
        |event| event.event_id.clone(),
        move |event| {
            view! { <EventLine event session=latest.get_untracked()/> }
        },
    );
    let none = maybe(move || {
        let none = events.read().is_empty();
        none.then(|| {
            let any = !words.read().is_empty();
            let words = if any {
                "No event says so."
            } else {
                "No event yet."
            };
            view! { <p class="muted">{words}</p> }
        })
    });
    let input = handler(move |event: Event| typed.set(event_target_value(&event)));
    let kept = part(move || {
        let mut query = query.get();
        query.events = None;
        view! { <HiddenFields fields=query.pairs()/> }.any()
    });
    view! {
        <section aria-labelledby="side-events">
            <h2 id="side-events">"Last events"</h2>
            <form method="get" action=paths::CONVERGENCE class="events-filter">
                <input
                    type="search"
                    name="events"
                    class="input"
                    placeholder="Filter events"
                    aria-label="Filter events"
                    autocomplete="off"
                    value=typed.get_untracked()
                    prop:value=typed
                    on:input=input
                />
                {kept}
                <button type="submit" class="btn no-js-only">"Filter"</button>
            </form>
            {none}
            <ol class="event-lines">{lines}</ol>
        </section>
    }
    .any()
}

/// Lines that fit beside the sessions.
const MOST_EVENTS: usize = 40;

/// True when `words`, in small letters, stand anywhere in what is shown of an event.
fn says(event: &SessionEvent, words: &str) -> bool {
    let data = event.data.to_string().to_lowercase();
    event.event_type.to_lowercase().contains(words)
        || data.contains(words)
        || event.iteration.to_string() == words
}

#[cfg(test)]
mod tests {
    use super::how_long;
    use crate::domain::{Session, Timestamp};

    #[test]
    fn how_long_is_said_of_what_is_known() {
        let of = |status: &str, iterations: u32, end: bool| {
            let minute = |minute: u32| format!("2026-11-22T08:{minute:02}:00Z");
            let session: Session = serde_json::from_value(serde_json::json!({
                "session_id": "s", "start_time": minute(0), "end_time": end.then(|| minute(4)),
                "final_state": "FIXING", "iterations": iterations, "convergence_reached": false,
                "duration_seconds": 240.0, "status": status, "state_since": minute(3),
                "last_event_at": minute(4), "events": 9, "error": null, "source": "webhook",
            }))
            .unwrap();
            how_long(&session, Timestamp::parse(&minute(10)).unwrap())
        };
        let running = "Iteration 2 · 7m 00s in this state · 10m 00s in all · last heard 6m 00s ago";
        assert_eq!(of("running", 2, false), running);
        // Its loop was not heard of any more; or it said itself that it was stopped.
        assert_eq!(
            of("interrupted", 2, false),
            "Iteration 2 · silent for 6m 00s"
        );
        assert_eq!(of("interrupted", 2, true), "Iteration 2 · took 4m 00s");
        assert_eq!(of("ended", 0, true), "No iteration · took 4m 00s");
        assert!(of("running", 0, false).starts_with("No iteration yet · "));
    }
}
