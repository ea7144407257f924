//! What surrounds every page: rail, top bar, notices of the time before JavaScript.

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};

use super::icon::Icon;
use super::questions::QuestionsLink;
use super::shortcut_sheet::ShortcutSheet;
use super::topbar::{TopBar, new_task_url};
use crate::rpc::tasks::Draft;
use crate::ui::data::{awaited, data};
use crate::ui::dynamic::{Erase, attribute, handler, maybe, memo, nothing};
use crate::ui::paths;
use crate::ui::state::{Live, Shortcuts, Wish, toggle_rail};

/// The frame around the present page.
#[component]
pub(crate) fn Frame(children: Children) -> impl IntoView {
    let location = use_location();
    let navigate = use_navigate();
    let shortcuts = Shortcuts::get();
    Effect::new(move |_| {
        let (location, navigate) = (location.clone(), navigate.clone());
        shortcuts.listen(move |wish| {
            let url = match wish {
                Wish::Agents => paths::AGENTS.to_owned(),
                Wish::Convergence => paths::CONVERGENCE.to_owned(),
                Wish::NewTask => untrack(|| new_task_url(&location)),
                _ => paths::TASKS.to_owned(),
            };
            let options = NavigateOptions {
                scroll: wish != Wish::NewTask,
                ..NavigateOptions::default()
            };
            navigate(&url, options);
        });
    });
    let live = Live::get();
    let stale = memo(move || live.stale_seconds().is_some_and(|seconds| seconds >= 5));
    // On the server nothing is stale, and without a socket nothing ever was live.
    let mark = attribute(move || stale.get().then_some(""));
    view! {
        <a class="skip" href="#main">
            "Skip to content"
        </a>
        <div class="frame">
            <Rail/>
            <div class="frame-body">
                <TopBar/>
                <main id="main" tabindex="-1" data-stale=mark>
                    <FormError/>
                    {children()}
                </main>
            </div>
        </div>
        <ShortcutSheet/>
    }
    .any()
}

/// Where one can go; a bar at the bottom on phones.
#[component]
fn Rail() -> impl IntoView {
    let path = use_location().pathname;
    let link = move |url: &'static str, icon: &'static str, label: &'static str| {
        let is_here = attribute(move || {
            let path = path.read();
            let here = path.starts_with(url) || (*path == paths::HOME && url == paths::TASKS);
            here.then_some("page")
        });
        view! {
            <a href=url aria-current=is_here title=label>
                <Icon name=icon/>
                <span>{label}</span>
            </a>
        }
    };
    let toggle = handler(|_: MouseEvent| toggle_rail());
    view! {
        <nav class="rail" aria-label="Main">
            <span class="brand" aria-hidden="true">
                <svg class="icon" viewBox="0 0 24 24">
                    <circle cx="12" cy="12" r="9"></circle>
                    <path d="M9 7v10M16 7l-7 6M12 10.5l4 6.5"></path>
                </svg>
                <span>"Kimi"</span>
            </span>
            {link(paths::TASKS, "list-checks", "Tasks")}
            {link(paths::AGENTS, "bot", "Agents")}
            {link(paths::CONVERGENCE, "repeat", "Convergence")}
            {link(paths::PROJECTS, "inbox", "Projects")}
            <QuestionsLink/>
            <button
                type="button"
                class="rail-toggle js-only"
                aria-label="Collapse or widen the navigation"
                on:click=toggle
            >
                <Icon name="panel-left"/>
                <span>"Collapse"</span>
            </button>
        </nav>
    }
    .any()
}

/// What a form that was sent without JavaScript was answered, if that was an error: the URL that it
/// leads back to names it, and the server knows what it is.
#[component]
fn FormError() -> impl IntoView {
    let query = use_query_map();
    let refused = memo(move || query.read().get("refused"));
    maybe(move || {
        let name = refused.get()?;
        Some(awaited(data(Draft { name }), nothing, |answer| {
            let error = answer.map(|draft| draft.error).unwrap_or_default();
            if error.is_empty() {
                return nothing();
            }
            view! {
                <p class="notice" role="alert">
                    <Icon name="triangle-alert"/>
                    <span>{error}</span>
                </p>
            }
            .any()
        }))
    })
}
