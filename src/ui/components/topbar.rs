//! The top bar: where one is, search, connection, theme, and the button for a new task.

use leptos::ev::{Event, KeyboardEvent, MouseEvent, SubmitEvent};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use leptos_router::location::Location;

use super::action::HiddenFields;
use super::icon::Icon;
use super::pill::ConnectionPill;
use super::project_switch::ProjectSwitch;
use crate::ui::browser;
use crate::ui::dynamic::{Erase, handler, memo, nothing, part, text};
use crate::ui::paths::{self, TasksQuery};
use crate::ui::state::{Choice, Shortcuts, Theme};

/// Typing filters after a pause of so many milliseconds.
const PAUSE: u64 = 250;

/// The bar above every page.
#[component]
pub(crate) fn TopBar() -> impl IntoView {
    view! {
        <header class="topbar">
            <Breadcrumb/>
            <ProjectSwitch/>
            <Search/>
            <div class="topbar-end">
                <ConnectionPill/>
                <ShortcutsButton/>
                <ThemeButton/>
                <NewTaskLink/>
            </div>
        </header>
    }
    .any()
}

/// Where one is: a list, or a thing of it.
#[component]
fn Breadcrumb() -> impl IntoView {
    let path = use_location().pathname;
    let crumb = part(move || {
        let path = path.get();
        let mut parts = path.trim_matches('/').splitn(2, '/');
        let (title, list) = match parts.next() {
            Some("agents") => ("Agents", paths::AGENTS),
            Some("convergence") => ("Convergence", paths::CONVERGENCE),
            Some("projects") => ("Projects", paths::PROJECTS),
            _ => ("Tasks", paths::TASKS),
        };
        let thing = parts.next().map(|thing| match list {
            paths::TASKS => format!("#{thing}"),
            // Its id says nothing; its name stands below.
            paths::CONVERGENCE if thing != "compare" => "session".to_owned(),
            _ => thing.to_owned(),
        });
        let thing = thing.map(|thing| {
            view! {
                <span aria-hidden="true">"/"</span>
                <span aria-current="page" class="figure clip">
                    {thing}
                </span>
            }
            .any()
        });
        view! {
            <a href=list>{title}</a>
            {thing.unwrap_or_else(nothing)}
        }
        .any()
    });
    view! {
        <nav class="breadcrumb" aria-label="Breadcrumb">
            {crumb}
        </nav>
    }
    .any()
}

pub(super) fn query_of(location: &Location) -> TasksQuery {
    if is_list(&location.pathname.get()) {
        let query = location.query.read();
        TasksQuery::read(|name| query.get_str(name))
    } else {
        TasksQuery::default()
    }
}

fn is_list(path: &str) -> bool {
    path == paths::HOME || path.trim_end_matches('/') == paths::TASKS
}

/// Searches tasks; on their page it filters while one types.
#[component]
fn Search() -> impl IntoView {
    let location = use_location();
    let navigate = use_navigate();
    let path = location.pathname;
    let query = memo(move || query_of(&location));
    let words = RwSignal::new(query.get_untracked().filter.q.unwrap_or_default());
    let typed = StoredValue::new(0_u32);
    let sent = StoredValue::new(words.get_untracked());

    // A link may change the search too; what is being typed stays.
    Effect::new(move |_| {
        let now = query.read().filter.q.clone().unwrap_or_default();
        if now != sent.get_value() {
            sent.set_value(now.clone());
            words.set(now);
        }
    });
    let search = move |replace: bool| {
        let mut next = query.get_untracked();
        let text = words.get_untracked().trim().to_owned();
        sent.set_value(text.clone());
        next.filter.q = Some(text).filter(|text| !text.is_empty());
        next.cursor = None;
        let path = path.get_untracked();
        let list = if is_list(&path) {
            path.as_str()
        } else {
            paths::TASKS
        };
        let options = NavigateOptions {
            replace,
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(&next.url(list), options);
    };
    let search_soon = {
        let search = search.clone();
        handler(move |event: Event| {
            words.set(event_target_value(&event));
            if !is_list(&path.get_untracked()) {
                return;
            }
            typed.update_value(|count| *count += 1);
            let this = typed.get_value();
            let search = search.clone();
            browser::after(PAUSE, move || {
                if typed.try_get_value() == Some(this) {
                    search(true);
                }
            });
        })
    };
    let submit = handler(move |event: SubmitEvent| {
        event.prevent_default();
        typed.update_value(|count| *count += 1);
        search(false);
    });
    let kept = part(move || {
        let mut rest = query.get();
        (rest.filter.q, rest.cursor) = (None, None);
        let fields = rest.pairs();
        view! { <HiddenFields fields/> }.any()
    });
    // Chromium would empty the field; the words stay, and the keys are shortcuts again.
    let leave = handler(|event: KeyboardEvent| {
        if event.key() == "Escape" {
            event.prevent_default();
            browser::leave_field(&event);
        }
    });
    view! {
        <form class="search" role="search" method="get" action=paths::TASKS on:submit=submit>
            <Icon name="search"/>
            <input
                id="search"
                type="search"
                name="q"
                placeholder="Search"
                aria-label="Search tasks"
                autocomplete="off"
                value=words.get_untracked()
                prop:value=words
                on:input=search_soon
                on:keydown=leave
            />
            <kbd class="js-only" aria-hidden="true">
                "/"
            </kbd>
            {kept}
        </form>
    }
    .any()
}

#[component]
fn ShortcutsButton() -> impl IntoView {
    let sheet = Shortcuts::get().sheet;
    let open = handler(move |_: MouseEvent| sheet.set(true));
    view! {
        <button
            type="button"
            class="btn quiet icon-only js-only wide-only"
            aria-label="Keyboard shortcuts"
            title="Keyboard shortcuts (?)"
            on:click=open
        >
            <Icon name="keyboard"/>
        </button>
    }
    .any()
}

#[component]
fn ThemeButton() -> impl IntoView {
    let theme = Theme::get();
    let icon = part(move || {
        let name = match theme.choice() {
            Choice::System => "monitor",
            Choice::Dark => "moon",
            Choice::Light => "sun",
        };
        view! { <Icon name/> }.any()
    });
    let label = text(move || format!("Theme: {}", theme.choice().label()));
    let turn = handler(move |_: MouseEvent| theme.turn());
    view! {
        <button
            type="button"
            class="btn quiet icon-only js-only"
            aria-label=label.clone()
            title=label
            on:click=turn
        >
            {icon}
        </button>
    }
    .any()
}

/// The URL that opens the dialog over the present page.
pub(crate) fn new_task_url(location: &Location) -> String {
    let mut pairs: Vec<_> = query_of(location).pairs();
    pairs.push(("new", "1".into()));
    paths::with_query(&location.pathname.get(), &pairs)
}

#[component]
fn NewTaskLink() -> impl IntoView {
    let location = use_location();
    let url = text(move || new_task_url(&location));
    view! {
        <a class="btn primary" href=url data-noscroll="true" aria-label="New task">
            <Icon name="plus"/>
            <span class="wide-only">"New task"</span>
        </a>
    }
    .any()
}
