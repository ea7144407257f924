//! One session: how it went, round by round, what was found, and every event.

use leptos::ev::Event;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_params_map, use_query_map};

use super::events::{EventEntry, no_events};
use super::facts::Facts;
use super::following::{Following, read};
use super::ledger::LedgerOf;
use super::live::{Standing, name_of, steps_of};
use super::rounds::Rounds;
use crate::domain::{ErrorKind, EventType, SessionStatus, SessionView};
use crate::rpc::convergence::Session as SessionQuestion;
use crate::ui::browser;
use crate::ui::components::{Chart, Failure, Icon, SessionBadge, grouped, skeleton};
use crate::ui::data::awaited;
use crate::ui::dynamic::{Erase, attribute, handler, list, maybe, memo, row, text};
use crate::ui::pages::not_found::Missing;
use crate::ui::paths::{self, EventsQuery};

/// The page at `/convergence/:id`.
#[component]
pub(crate) fn SessionPage() -> impl IntoView {
    let params = use_params_map();
    let id = memo(move || params.read().get("id").unwrap_or_default());
    // Another session is another page: nothing of the former one stays.
    list(
        move || vec![id.get()],
        String::clone,
        |id| view! { <Screen id/> },
    )
}

#[component]
fn Screen(
    /// The session's id, as in the URL.
    id: String,
) -> impl IntoView {
    let map = use_query_map();
    let query = memo(move || {
        let map = map.read();
        EventsQuery::read(|name| map.get_str(name))
    });
    let asked = StoredValue::new(id.clone());
    let question = move || {
        let query = query.get();
        SessionQuestion {
            id: asked.get_value(),
            filter: query.filter,
            at: query.at,
            findings: query.findings,
            before: query.before,
        }
    };
    let (page, first) = Following::new(question, vec![id.clone()]);
    awaited(first, skeleton, move |view| match view {
        Ok(view) => {
            page.begin(view);
            view! { <Loaded page query id=id.clone()/> }.any()
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let list = (paths::CONVERGENCE, "sessions");
            view! { <Missing detail=error.detail list/> }.any()
        }
        Err(error) => {
            let url = paths::session(&id);
            view! { <Failure error url/> }.any()
        }
    })
}

#[component]
fn Loaded(
    /// The page's data.
    page: Following<SessionView>,
    /// What the URL says.
    query: Memo<EventsQuery>,
    /// The session's id.
    id: String,
) -> impl IntoView {
    let view = page.view;
    let session = memo(move || read(view, |view| Some(view.session.clone())));
    let status = memo(move || {
        let session = session.read();
        session
            .as_ref()
            .map_or(SessionStatus::Running, |it| it.status)
    });
    let ran = memo(move || {
        read(view, |view| {
            let rounds = &view.rounds.items;
            // An older page of iterations says nothing of the last one.
            let is_last = rounds
                .last()
                .is_some_and(|it| it.iteration == view.session.iterations);
            if is_last {
                steps_of(rounds)
            } else {
                Vec::new()
            }
        })
    });
    let chart = memo(move || read(view, |view| view.chart.clone()));
    let has_chart = memo(move || chart.read().is_some());
    let drawing = maybe(move || {
        has_chart.get().then(|| {
            let option = text(move || chart.get().unwrap_or_default());
            let rows = "#iteration-".to_owned();
            let title = text(move || {
                read(view, |view| {
                    let rounds = &view.rounds;
                    if rounds.charted < rounds.total {
                        let (last, all) = (rounds.charted, grouped(u64::from(rounds.total)));
                        format!("Findings of the last {last} of {all} iterations")
                    } else {
                        "Findings of each iteration".to_owned()
                    }
                })
            });
            view! {
                <section aria-labelledby="chart" class="js-only">
                    <h2 id="chart">{title}</h2>
                    <Chart option rows label="Findings of each iteration; the table below has the numbers"/>
                </section>
            }
        })
    });
    view! {
        <Title text=untrack(move || name_of(session))/>
        <header class="page-head">
            <SessionBadge status/>
            <h1 class="clip">{text(move || name_of(session))}</h1>
            <div class="page-actions">
                <Export session=id.clone()/>
            </div>
        </header>
        <div class="session">
            <Standing session ran/>
            <Facts session id=id.clone()/>
            {drawing}
            <Rounds view query session=id.clone()/>
            <LedgerOf view query session=id.clone()/>
            <Events page query id/>
        </div>
    }
    .any()
}

#[component]
fn Export(
    /// The session's id.
    session: String,
) -> impl IntoView {
    let formats = [("ndjson", "JSON lines"), ("csv", "CSV")];
    row(formats, move |(format, label)| {
        let url = paths::export(&session, format);
        view! {
            <a class="btn quiet" href=url rel="external" download="">
                <Icon name="download"/>
                <span>{label}</span>
            </a>
        }
    })
}

/// Every event, with its data.
#[component]
fn Events(
    /// The page's data.
    page: Following<SessionView>,
    /// What the URL says.
    query: Memo<EventsQuery>,
    /// The session's id.
    id: String,
) -> impl IntoView {
    let view = page.view;
    let is_empty = memo(move || read(view, |view| view.events.items.is_empty()));
    let narrow = memo(move || query.read().is_narrow());
    let of = id.clone();
    let lines = list(
        move || read(view, |view| view.events.items.clone()),
        |event| event.event_id.clone(),
        move |event| {
            let linked = query.read_untracked().at.as_ref() == Some(&event.event_id);
            view! { <EventEntry event session=of.clone() linked/> }
        },
    );
    let of = id.clone();
    // A page begins with the last event of the one before: none is lost, whatever arrives.
    let more = maybe(move || {
        let last = read(view, |view| {
            let last = view.events.items.last().map(|event| event.event_id.clone());
            last.filter(|_| view.events.next.is_some())
        });
        let mut next = query.get();
        next.at = Some(last?);
        Some(view! { <a class="btn" href=format!("{}#events", next.url(&of))>"More events"</a> })
    });
    let of = id.clone();
    let back = maybe(move || {
        let mut first = query.get();
        first.at.take()?;
        let url = format!("{}#events", first.url(&of));
        Some(view! { <a class="btn quiet" href=url>"From the beginning of the list"</a> })
    });
    let error = maybe(move || {
        let error = page.error.get()?;
        Some(view! { <p class="notice" role="alert">{error.detail}</p> })
    });
    view! {
        <section aria-labelledby="events">
            <h2 id="events">"Events"</h2>
            <Filters query id/>
            {error}
            {no_events(is_empty, narrow)}
            <ol class="events">{lines}</ol>
            <div class="list-end">
                {back}
                {more}
            </div>
        </section>
    }
    .any()
}

/// Type, iteration, words and order; without JavaScript a form with a button.
#[component]
fn Filters(
    /// What the URL says.
    query: Memo<EventsQuery>,
    /// The session's id.
    id: String,
) -> impl IntoView {
    let navigate = use_navigate();
    let action = paths::session(&id);
    let change = handler(move |event: Event| {
        let value = |name| browser::form_value(&event, name);
        let said = ["type", "iteration", "q", "order"].map(|name| (name, value(name)));
        let next = EventsQuery::read(|name| {
            let pair = said.iter().find(|(known, _)| *known == name);
            pair.map(|(_, value)| value.as_str())
        });
        let options = NavigateOptions {
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(&next.url(&id), options);
    });
    let words = move || query.read().filter.q.clone().unwrap_or_default();
    let round = move || {
        let iteration = query.read().filter.iteration;
        iteration
            .map(|number| number.to_string())
            .unwrap_or_default()
    };
    let option = move |name: &'static str| {
        let chosen = move || query.read().filter.event_type.as_deref().unwrap_or("") == name;
        let selected = attribute(move || chosen().then_some(""));
        let label = if name.is_empty() { "Any type" } else { name };
        view! { <option value=name selected=selected>{label}</option> }
    };
    let order = move |(name, label): (&'static str, &'static str)| {
        let newest = name == "desc";
        let selected =
            attribute(move || (query.read().filter.newest_first == newest).then_some(""));
        view! { <option value=name selected=selected>{label}</option> }
    };
    let names = [""].into_iter().chain(EventType::NAMES);
    view! {
        <form
            class="filters session-filters"
            method="get"
            action=action
            aria-label="Filter events"
            on:change=change
        >
            <input
                type="search"
                name="q"
                class="input"
                placeholder="Search events"
                aria-label="Search events"
                autocomplete="off"
                value=untrack(words)
                prop:value=text(words)
            />
            <select name="type" class="input" aria-label="Type">
                {row(names, option)}
            </select>
            <input
                type="number"
                name="iteration"
                class="input"
                min="0"
                placeholder="Iteration"
                aria-label="Iteration"
                value=untrack(round)
                prop:value=text(round)
            />
            <select name="order" class="input" aria-label="Order">
                {row([("desc", "Newest first"), ("asc", "Oldest first")], order)}
            </select>
            <button type="submit" class="btn no-js-only">"Apply"</button>
        </form>
    }
    .any()
}
