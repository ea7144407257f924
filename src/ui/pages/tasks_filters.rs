//! The tabs and filters of the tasks page. All of it is in the URL.

use leptos::ev::Event;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::tasks_model::TasksModel;
use crate::domain::{Priority, TaskStatus};
use crate::ui::browser;
use crate::ui::components::grouped;
use crate::ui::paths::{self, TasksQuery};

/// One link for each status, with how many there are.
#[component]
pub(crate) fn StatusTabs(
    /// The page's data.
    model: TasksModel,
) -> impl IntoView {
    let path = use_location().pathname;
    let tab = move |status: Option<TaskStatus>| {
        let url = move || model.query.get().with_status(status).url(&path.get());
        let is_here = move || {
            let chosen = model.query.with(|query| query.filter.status.clone());
            (chosen == status.into_iter().collect::<Vec<_>>()).then_some("true")
        };
        let number = move || {
            let counts = model.counts.get();
            grouped(status.map_or_else(|| counts.total(), |status| counts.of(status)))
        };
        let label = status.map_or("all", TaskStatus::label);
        view! {
            <a class="tab" href=url aria-current=is_here data-noscroll="true">
                {label}
                " "
                <span class="tab-count figure">{number}</span>
            </a>
        }
    };
    let tabs = TaskStatus::ALL.map(|status| tab(Some(status)));
    view! {
        <nav class="tabs" aria-label="Status">
            {tab(None)}
            {tabs.into_iter().collect_view()}
        </nav>
    }
}

/// Agent, priority and label; without JavaScript a form with a button.
#[component]
pub(crate) fn Filters(
    /// The page's data.
    model: TasksModel,
) -> impl IntoView {
    let path = use_location().pathname;
    let navigate = use_navigate();
    let query = model.query;
    let change = move |event: Event| {
        let mut next = query.get_untracked();
        let value = |name| {
            let text = browser::form_value(&event, name);
            Some(text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        next.filter.agent = value("agent");
        next.filter.priority = value("priority").and_then(|name| Priority::parse(&name));
        next.filter.label = value("label");
        next.cursor = None;
        let options = NavigateOptions {
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate(&next.url(&path.get_untracked()), options);
    };
    let kept = move || {
        let query = query.get();
        let pairs = TasksQuery::default().with_status(query.filter.status.first().copied());
        let mut pairs = pairs.pairs();
        pairs.extend(query.filter.q.map(|words| ("q", words)));
        let inputs = pairs.into_iter();
        inputs
            .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
            .collect_view()
    };
    view! {
        <form
            class="filters"
            method="get"
            action=move || path.get()
            aria-label="Filters"
            on:change=change
            on:submit=move |event| event.prevent_default()
        >
            <AgentChoice model/>
            <PriorityChoice model/>
            <input
                type="text"
                name="label"
                class="input"
                placeholder="Label"
                aria-label="Label"
                autocomplete="off"
                value=query.with_untracked(|query| query.filter.label.clone())
                prop:value=move || query.with(|query| query.filter.label.clone().unwrap_or_default())
            />
            {kept}
            <button type="submit" class="btn no-js-only">
                "Apply"
            </button>
            <ClearFilters model/>
        </form>
    }
}

#[component]
fn AgentChoice(
    /// The page's data.
    model: TasksModel,
) -> impl IntoView {
    let chosen = Memo::new(move |_| {
        let agent = model.query.with(|query| query.filter.agent.clone());
        agent.unwrap_or_default()
    });
    let names = Memo::new(move |_| {
        let mut names = model.roster.names();
        let chosen = chosen.get();
        if !chosen.is_empty() && !names.contains(&chosen) {
            names.push(chosen);
        }
        names
    });
    view! {
        <select name="agent" class="input" aria-label="Agent">
            <option value="" selected=move || chosen.with(String::is_empty)>
                "Any agent"
            </option>
            <For each=move || names.get() key=String::clone let:name>
                {
                    let this = name.clone();
                    view! {
                        <option value=name.clone() selected=move || chosen.get() == this>
                            {name.clone()}
                        </option>
                    }
                }
            </For>
        </select>
    }
}

#[component]
fn PriorityChoice(
    /// The page's data.
    model: TasksModel,
) -> impl IntoView {
    let chosen = Memo::new(move |_| model.query.with(|query| query.filter.priority));
    let option = move |priority: Priority| {
        let name = priority.as_str();
        view! {
            <option value=name selected=move || chosen.get() == Some(priority)>
                {name}
            </option>
        }
    };
    view! {
        <select name="priority" class="input" aria-label="Priority">
            <option value="" selected=move || chosen.get().is_none()>
                "Any priority"
            </option>
            {Priority::ALL.map(option).into_iter().collect_view()}
        </select>
    }
}

/// A link to the list without filters, when there are any.
#[component]
pub(crate) fn ClearFilters(
    /// The page's data.
    model: TasksModel,
) -> impl IntoView {
    let path = use_location().pathname;
    let is_filtered = Memo::new(move |_| {
        model.query.with(|query| {
            let mut rest = query.filter.clone();
            rest.status.clear();
            rest != TasksQuery::default().filter
        })
    });
    move || {
        is_filtered.get().then(|| {
            let list = path.get();
            let url = if list == paths::HOME {
                paths::HOME
            } else {
                paths::TASKS
            };
            view! {
                <a class="btn quiet" href=url>
                    "Clear filters"
                </a>
            }
        })
    }
}
