//! Which project one looks at. Where there is only the one that always is, nobody has to know of it.

use leptos::ev::Event;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::topbar::query_of;
use crate::domain::{ProjectView, closed};
use crate::rpc::projects::List;
use crate::ui::data::{awaited, data};
use crate::ui::dynamic::{Erase, handler, memo, nothing, row};
use crate::ui::paths;

/// Chooses the project of the list of tasks.
#[component]
pub(crate) fn ProjectSwitch() -> impl IntoView {
    let projects = data(List {});
    awaited(projects, nothing, |projects| {
        let projects = projects.unwrap_or_default();
        if projects.len() < 2 {
            return nothing();
        }
        view! { <Choice projects/> }.any()
    })
}

#[component]
fn Choice(projects: Vec<ProjectView>) -> impl IntoView {
    let location = use_location();
    let navigate = use_navigate();
    let query = memo(move || query_of(&location));
    let chosen = query.get_untracked().filter.project.first().cloned();
    let shown = memo(move || {
        query
            .read()
            .filter
            .project
            .first()
            .cloned()
            .unwrap_or_default()
    });
    let options = row(projects, move |view| {
        let project = view.project;
        let is_chosen = chosen.as_ref() == Some(&project.name);
        let title = closed(project.shown_title().to_owned());
        view! {
            <option value=project.name selected=is_chosen>
                {title}
            </option>
        }
    });
    let choose = handler(move |event: Event| {
        let name = Some(event_target_value(&event)).filter(|name| !name.is_empty());
        let mut next = query.get_untracked();
        next.filter.project = name.into_iter().collect();
        next.cursor = None;
        navigate(&next.url(paths::TASKS), NavigateOptions::default());
    });
    view! {
        <form class="project-switch" method="get" action=paths::TASKS>
            <select
                class="input"
                name="project"
                aria-label="Project"
                prop:value=shown
                on:change=choose
            >
                <option value="">"All projects"</option>
                {options}
            </select>
            <noscript>
                <button type="submit" class="btn quiet">
                    "Go"
                </button>
            </noscript>
        </form>
    }
    .any()
}
