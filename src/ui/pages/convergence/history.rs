//! The sessions that were heard of: searched, filtered, page by page, two of them compared.

use leptos::ev::Event;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::following::{Following, read};
use crate::domain::{ConvergenceView, LoopState, Session, SessionStatus};
use crate::ui::browser;
use crate::ui::components::{Ago, HiddenFields, SessionBadge, count, duration};
use crate::ui::dynamic::{Erase, attribute, handler, list, maybe, memo, nothing, part, row, text};
use crate::ui::paths::{self, SessionsQuery};

/// The history with its filters.
#[component]
pub(super) fn History(
    /// The page's data.
    page: Following<ConvergenceView>,
    /// What the URL says.
    query: Memo<SessionsQuery>,
) -> impl IntoView {
    let view = page.view;
    let ids = memo(move || {
        read(view, |view| {
            let ids = view.sessions.items.iter().map(|it| it.session_id.clone());
            ids.collect::<Vec<_>>()
        })
    });
    let rows = list(
        move || ids.get(),
        String::clone,
        move |id| {
            let name = id.clone();
            let session = memo(move || {
                read(view, |view| {
                    let mut sessions = view.sessions.items.iter();
                    sessions.find(|it| it.session_id == id).cloned()
                })
            });
            view! { <Row session id=name/> }
        },
    );
    let none = maybe(move || {
        let none = ids.read().is_empty();
        none.then(|| {
            let all = query.read().is_narrow();
            let all = all.then(|| view! { <a href=paths::CONVERGENCE>"Show all"</a> });
            view! {
                <p class="muted history-none">
                    "No session matches. " {all.map_or_else(nothing, IntoAny::into_any)}
                </p>
            }
        })
    });
    let error = maybe(move || {
        let error = page.error.get()?;
        Some(view! { <p class="notice" role="alert">{error.detail}</p> })
    });
    let one = maybe(move || {
        let one = !query.read().with.is_empty();
        one.then(|| {
            view! { <p class="notice" role="alert">"Choose two sessions to compare them."</p> }
        })
    });
    let can_compare = memo(move || ids.read().len() > 1);
    let compare = maybe(move || {
        can_compare.get().then(|| {
            view! {
                <button type="submit" form="compare" class="btn quiet">
                    "Compare two"
                </button>
            }
        })
    });
    view! {
        <section aria-labelledby="history">
            <div class="section-head">
                <h2 id="history">"Sessions"</h2>
                <div>{compare}</div>
            </div>
            <Tabs query/>
            <Filters query/>
            {error}
            {one}
            <form id="compare" method="get" action=paths::CONVERGENCE aria-label="Compare sessions">
                <ol class="rows" aria-label="Sessions">
                    {rows}
                </ol>
                {none}
                <div class="list-end">
                    <Pages view query/>
                </div>
            </form>
        </section>
    }
    .any()
}

#[component]
fn Row(session: Memo<Option<Session>>, id: String) -> impl IntoView {
    let status = memo(move || {
        let session = session.read();
        session
            .as_ref()
            .map_or(SessionStatus::Ended, |it| it.status)
    });
    let said = move |f: fn(&Session) -> String| {
        text(move || session.read().as_ref().map(f).unwrap_or_default())
    };
    let numbers = said(|it| {
        if it.unreadable {
            return "cannot be read".to_owned();
        }
        // How long one that runs has run stands in its card.
        let took = (it.status != SessionStatus::Running).then(|| duration(it.duration_seconds));
        let took = took.map_or_else(String::new, |took| format!(" · {took}"));
        format!(
            "{} · {}{took}",
            count(u64::from(it.iterations), "iteration"),
            count(it.events, "event"),
        )
    });
    let trouble = maybe(move || {
        let session = session.read();
        let it = session.as_ref()?;
        // One that did not converge ran into a limit, which is no fault; how it stood says more. That it
        // did not stands beside it.
        let (class, words) = match (it.status, &it.verdict) {
            (SessionStatus::Ended, Some(verdict)) => ("row-error muted", &verdict.reason),
            (SessionStatus::Converged, Some(verdict)) if !verdict.reason.is_empty() => {
                ("row-error muted", &verdict.reason)
            }
            _ => ("row-error", it.error.as_ref()?),
        };
        Some(view! { <p class=class title=words.clone()>{words.clone()}</p> })
    });
    let is_unreadable = memo(move || session.read().as_ref().is_some_and(|it| it.unreadable));
    let start = memo(move || session.read().as_ref().map(|it| it.start_time));
    let start = memo(move || start.get().filter(|_| !is_unreadable.get()));
    let began = maybe(move || start.get().map(|time| view! { <span><Ago time/></span> }));
    let name = memo(move || {
        let session = session.read();
        session
            .as_ref()
            .map(|it| it.name.clone())
            .unwrap_or_default()
    });
    let choose = text(move || format!("Compare {}", name.read()));
    let title = id.clone();
    view! {
        <li class="row session-row" data-row="">
            <input type="checkbox" name="with" value=id.clone() aria-label=choose/>
            <SessionBadge status/>
            <div class="row-main">
                <div class="row-head">
                    <a class="row-title" href=paths::session(&id) title=title>
                        {text(move || name.get())}
                    </a>
                </div>
                {trouble}
            </div>
            <span class="muted figure session-numbers">{numbers}</span>
            <span class="muted figure session-began">{began}</span>
        </li>
    }
    .any()
}

/// One link for each status.
#[component]
fn Tabs(
    /// What the URL says.
    query: Memo<SessionsQuery>,
) -> impl IntoView {
    let tab = move |status: Option<SessionStatus>| {
        let url = text(move || query.get().with_status(status).url());
        let is_here = attribute(move || {
            let here = query.read().filter.status.first().copied() == status;
            here.then_some("true")
        });
        view! {
            <a class="tab" href=url aria-current=is_here data-noscroll="true">
                {status.map_or("all", SessionStatus::label)}
            </a>
        }
    };
    let each = SessionStatus::ALL.map(Some);
    view! {
        <nav class="tabs" aria-label="Status of sessions">
            {row([None].into_iter().chain(each), tab)}
        </nav>
    }
    .any()
}

/// Search and state; without JavaScript a form with a button.
#[component]
fn Filters(
    /// What the URL says.
    query: Memo<SessionsQuery>,
) -> impl IntoView {
    let navigate = use_navigate();
    let change = handler(move |event: Event| {
        let mut next = query.get_untracked();
        let value = |name| browser::form_value(&event, name).trim().to_owned();
        next.filter.q = Some(value("q")).filter(|words| !words.is_empty());
        next.filter.state = LoopState::parse(&value("state")).into_iter().collect();
        next.cursor = None;
        let options = NavigateOptions {
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(&next.url(), options);
    });
    let words = move || query.read().filter.q.clone().unwrap_or_default();
    let option = move |state: Option<LoopState>| {
        let chosen = move || query.read().filter.state.first().copied() == state;
        let selected = attribute(move || chosen().then_some(""));
        let name = state.map_or("", LoopState::as_str);
        let label = state.map_or("Any last state", LoopState::label);
        view! { <option value=name selected=selected>{label}</option> }
    };
    let each = LoopState::ALL.map(Some);
    let kept = part(move || {
        let mut rest = query.get();
        (rest.filter.q, rest.cursor) = (None, None);
        rest.filter.state.clear();
        view! { <HiddenFields fields=rest.pairs()/> }.any()
    });
    view! {
        <form
            class="filters session-filters"
            method="get"
            action=paths::CONVERGENCE
            aria-label="Filter sessions"
            on:change=change
        >
            <input
                type="search"
                name="q"
                class="input"
                placeholder="Search sessions"
                aria-label="Search sessions"
                autocomplete="off"
                value=untrack(words)
                prop:value=text(words)
            />
            <select name="state" class="input" aria-label="Last state">
                {row([None].into_iter().chain(each), option)}
            </select>
            {kept}
            <button type="submit" class="btn no-js-only">"Apply"</button>
        </form>
    }
    .any()
}

/// Where the list goes on.
#[component]
fn Pages(
    /// What the page shows.
    view: RwSignal<Option<ConvergenceView>>,
    /// What the URL says.
    query: Memo<SessionsQuery>,
) -> impl IntoView {
    let cursor = memo(move || read(view, |view| view.sessions.next.clone()));
    let next = maybe(move || {
        let mut query = query.get();
        query.cursor = Some(cursor.get()?);
        Some(view! { <a class="btn" href=query.url()>"Older sessions"</a> })
    });
    let back = maybe(move || {
        let mut query = query.get();
        query.cursor.take()?;
        Some(view! { <a class="btn quiet" href=query.url()>"Back to the newest"</a> })
    });
    view! {
        {back}
        {next}
    }
    .any()
}
