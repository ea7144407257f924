//! The tabs and filters of the tasks page. All of it is in the URL.

use leptos::ev::{Event, SubmitEvent};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::tasks_model::TasksModel;
use crate::domain::{Priority, TaskStatus};
use crate::ui::browser;
use crate::ui::components::{HiddenFields, grouped};
use crate::ui::dynamic::{Erase, attribute, handler, list, maybe, memo, part, row, text};
use crate::ui::paths::{self, TasksQuery};

/// One link for each status, with how many there are.
#[component]
pub(crate) fn StatusTabs(model: TasksModel) -> impl IntoView {
    let path = use_location().pathname;
    let tab = move |status: Option<TaskStatus>| {
        let url = text(move || model.query.get().with_status(status).url(&path.read()));
        let is_here = attribute(move || {
            let query = model.query.read();
            (query.filter.status.as_slice() == status.as_slice()).then_some("true")
        });
        let number = text(move || {
            let counts = model.counts.get();
            // The numbers are of all tasks: beside a part of them they would be wrong.
            if model.query.read().is_filtered() {
                return String::new();
            }
            grouped(status.map_or_else(|| counts.total(), |status| counts.of(status)))
        });
        let label = status.map_or("all", TaskStatus::label);
        view! {
            <a class="tab" href=url aria-current=is_here data-noscroll="true">
                {label}
                " "
                <span class="tab-count figure">{number}</span>
            </a>
        }
    };
    let each = TaskStatus::ALL.map(Some);
    let tabs = row([None].into_iter().chain(each), tab);
    view! {
        <nav class="tabs" aria-label="Status">
            {tabs}
        </nav>
    }
    .any()
}

/// Agent, priority and label; without JavaScript a form with a button.
#[component]
pub(crate) fn Filters(model: TasksModel) -> impl IntoView {
    let path = use_location().pathname;
    let navigate = use_navigate();
    let query = model.query;
    let change = handler(move |event: Event| {
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
    });
    let submit = handler(|event: SubmitEvent| event.prevent_default());
    let action = text(move || path.get());
    let label = move || query.read().filter.label.clone().unwrap_or_default();
    let first_label = untrack(label);
    let label = text(label);
    let kept = part(move || {
        let query = query.get();
        let pairs = TasksQuery::default().with_status(query.filter.status.first().copied());
        let mut pairs = pairs.pairs();
        pairs.extend(query.filter.q.map(|words| ("q", words)));
        view! { <HiddenFields fields=pairs/> }.any()
    });
    view! {
        <form
            class="filters"
            method="get"
            action=action
            aria-label="Filters"
            on:change=change
            on:submit=submit
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
                value=first_label
                prop:value=label
            />
            {kept}
            <button type="submit" class="btn no-js-only">
                "Apply"
            </button>
            <ClearFilters model/>
        </form>
    }
    .any()
}

#[component]
fn AgentChoice(model: TasksModel) -> impl IntoView {
    let chosen = memo(move || model.query.read().filter.agent.clone().unwrap_or_default());
    let names = memo(move || {
        let mut names = model.roster.names();
        let chosen = chosen.get();
        if !chosen.is_empty() && !names.contains(&chosen) {
            names.push(chosen);
        }
        names.insert(0, String::new());
        names
    });
    let is_list = memo(move || model.roster.more() == 0);
    let options = move || {
        list(
            move || names.get(),
            String::clone,
            move |name| {
                let this = name.clone();
                let selected = attribute(move || (*chosen.read() == this).then_some(""));
                let label = if name.is_empty() {
                    "Any agent".to_owned()
                } else {
                    name.clone()
                };
                view! { <option value=name selected=selected>{label}</option> }
            },
        )
    };
    part(move || {
        if is_list.get() {
            return view! {
                <select name="agent" class="input" aria-label="Agent">
                    {options()}
                </select>
            }
            .any();
        }
        // Too many to choose from.
        view! {
            <input
                type="text"
                name="agent"
                class="input"
                placeholder="Any agent"
                aria-label="Agent"
                autocomplete="off"
                value=chosen.get()
            />
        }
        .any()
    })
}

#[component]
fn PriorityChoice(model: TasksModel) -> impl IntoView {
    let query = model.query;
    let option = move |priority: Option<Priority>| {
        let selected = attribute(move || (query.read().filter.priority == priority).then_some(""));
        let name = priority.map_or("", Priority::as_str);
        let label = priority.map_or("Any priority", Priority::as_str);
        view! { <option value=name selected=selected>{label}</option> }
    };
    let each = Priority::ALL.map(Some);
    view! {
        <select name="priority" class="input" aria-label="Priority">
            {row([None].into_iter().chain(each), option)}
        </select>
    }
    .any()
}

/// A link to the list without filters, when there are any.
#[component]
fn ClearFilters(model: TasksModel) -> impl IntoView {
    let path = use_location().pathname;
    let is_filtered = memo(move || model.query.read().is_filtered());
    maybe(move || {
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
    })
}
