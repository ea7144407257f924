//! The dialog for a new task. It opens through the URL, so it works without JavaScript.

use leptos::ev::{Event, MouseEvent};
use leptos::html;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};

use crate::domain::{AgentChoices, DEFAULT_PROJECT, Priority, TaskDraft, closed};
use crate::rpc;
use crate::rpc::agents::Choices;
use crate::rpc::tasks::Draft;
use crate::ui::browser;
use crate::ui::components::{ActionForm, Icon, Look, SubmitButton};
use crate::ui::data::{awaited, data};
use crate::ui::dynamic::{Erase, handler, maybe, memo, nothing, row, text, typed};
use crate::ui::paths;
use crate::ui::state::{Action, Actions};

/// The dialog, while the URL has `new`.
#[component]
pub(crate) fn NewTask() -> impl IntoView {
    let query = use_query_map();
    let open = memo(move || query.read().get_str("new").is_some());
    maybe(move || open.get().then(|| view! { <NewTaskDialog/> }))
}

#[component]
fn NewTaskDialog() -> impl IntoView {
    let actions = Actions::get();
    let location = use_location();
    let navigate = use_navigate();
    let path = location.pathname;
    let query = location.query;
    // The page below stays as it is: only `new` leaves the URL.
    let rest = memo(move || {
        let query = query.read();
        let names = [
            "project", "status", "q", "agent", "priority", "label", "cursor",
        ];
        let pairs = names.into_iter();
        let pairs: Vec<_> = pairs
            .filter_map(|name| Some((name, query.get(name)?)))
            .collect();
        paths::with_query(&path.read(), &pairs)
    });
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            browser::open_dialog(&dialog);
        }
    });
    let (before, _) = untrack(|| actions.created());
    Effect::new(move |_| {
        let (count, error) = actions.created();
        let is_done = count > before && error.is_none();
        if let Some(dialog) = dialog.get_untracked().filter(|_| is_done) {
            // Closing first lets the focus return to where it was.
            browser::close_dialog(&dialog);
        }
    });
    let closed = handler(move |_: Event| {
        let options = NavigateOptions {
            scroll: false,
            replace: true,
            ..NavigateOptions::default()
        };
        navigate(&rest.get_untracked(), options);
    });
    let close = handler(move |event: MouseEvent| {
        if let Some(dialog) = dialog.get_untracked() {
            event.prevent_default();
            browser::close_dialog(&dialog);
        }
    });
    let url = text(move || rest.get());
    view! {
        <dialog
            open
            class="dialog"
            node_ref=dialog
            aria-labelledby="new-task-title"
            on:close=closed
        >
            <div class="dialog-head">
                <h2 id="new-task-title">"New task"</h2>
                <a class="btn quiet icon-only" href=url aria-label="Close" on:click=close>
                    <Icon name="x"/>
                </a>
            </div>
            <Drafted/>
        </dialog>
    }
    .any()
}

/// The form; empty, or as it was refused where there is no JavaScript.
#[component]
fn Drafted() -> impl IntoView {
    let query = use_query_map().read_untracked();
    match query.get("draft") {
        Some(name) => {
            let draft = data(Draft { name });
            awaited(draft, nothing, |draft| {
                view! { <Form draft=draft.unwrap_or_default()/> }.any()
            })
        }
        None => view! { <Form draft=TaskDraft::default()/> }.any(),
    }
}

#[component]
fn Form(
    /// What the fields hold at first.
    draft: TaskDraft,
) -> impl IntoView {
    let actions = Actions::get();
    let (before, _) = untrack(|| actions.created());
    let refused = Some(draft.error).filter(|error| !error.is_empty());
    let error = maybe(move || {
        // What went wrong with an earlier task is not this one's.
        let (count, detail) = actions.created();
        let detail = if count > before {
            detail
        } else {
            refused.clone()
        };
        detail.map(|detail| {
            view! {
                <p class="notice" role="alert">
                    {detail}
                </p>
            }
        })
    });
    let look = Look {
        label: "Create task",
        icon: "plus",
        class: "primary",
    };
    view! {
        <ActionForm action=Action::Create about="" class="stack">
            {error}
            <Description words=draft.description/>
            <label class="field">
                <span class="label">"Title " <span class="hint">"the first line when empty"</span></span>
                <input
                    type="text"
                    name="title"
                    class="input"
                    maxlength="200"
                    autocomplete="off"
                    value=draft.title
                />
            </label>
            <Projects chosen=draft.project/>
            <div class="field-row">
                <Priorities chosen=draft.priority/>
                <label class="field">
                    <span class="label">"Agent"</span>
                    <Agents chosen=draft.agent/>
                </label>
            </div>
            <label class="field">
                <span class="label">"Labels " <span class="hint">"separated by commas"</span></span>
                <input type="text" name="labels" class="input" autocomplete="off" value=draft.labels/>
            </label>
            <div class="dialog-end">
                <span class="hint js-only wide-only">"Ctrl + Enter creates"</span>
                <SubmitButton action=Action::Create about="" look of=""/>
            </div>
        </ActionForm>
    }
    .any()
}

/// What is to be done.
#[component]
fn Description(
    /// What the field holds at first.
    words: String,
) -> impl IntoView {
    view! {
        <label class="field">
            <span class="label">"Description"</span>
            <textarea
                name="description"
                rows="6"
                required
                autofocus
                maxlength="100000"
                placeholder="What is the agent to do?"
            >
                {typed(&words)}
            </textarea>
        </label>
    }
    .any()
}

/// The projects to choose from, where there are several; at first the one that is looked at.
#[component]
fn Projects(
    /// The one that is chosen at first; may be empty.
    chosen: String,
) -> impl IntoView {
    let looked_at = use_query_map().read_untracked().get("project");
    let chosen = Some(chosen).filter(|name| !name.is_empty()).or(looked_at);
    let projects = data(rpc::projects::List {});
    awaited(projects, nothing, move |projects| {
        let open = projects.unwrap_or_default().into_iter();
        let open: Vec<_> = open
            .map(|it| it.project)
            .filter(|it| !it.archived)
            .collect();
        if open.len() < 2 {
            return nothing();
        }
        let first = chosen.clone().unwrap_or_else(|| DEFAULT_PROJECT.to_owned());
        let options = row(open, move |project| {
            let selected = project.name == first;
            let title = closed(project.shown_title().to_owned());
            view! { <option value=project.name selected=selected>{title}</option> }
        });
        view! {
            <label class="field">
                <span class="label">"Project"</span>
                <select name="project" class="input">
                    {options}
                </select>
            </label>
        }
        .any()
    })
}

#[component]
fn Priorities(
    /// The one that is chosen at first.
    chosen: String,
) -> impl IntoView {
    let chosen = Priority::parse(&chosen).unwrap_or_default();
    let options = row(Priority::ALL, |priority| {
        let name = priority.as_str();
        view! {
            <option value=name selected=priority == chosen>
                {name}
            </option>
        }
    });
    view! {
        <label class="field">
            <span class="label">"Priority"</span>
            <select name="priority" class="input">
                {options}
            </select>
        </label>
    }
    .any()
}

/// The agents to choose from. The form works before they are known.
#[component]
fn Agents(
    /// The one that is chosen at first; may be empty.
    chosen: String,
) -> impl IntoView {
    let choices = data(Choices {});
    let none = || choice(AgentChoices::default(), "");
    awaited(choices, none, move |choices| {
        choice(choices.unwrap_or_default(), &chosen)
    })
}

fn choice(choices: AgentChoices, chosen: &str) -> AnyView {
    if choices.too_many {
        return view! {
            <input
                type="text"
                name="agent"
                class="input"
                placeholder="Any agent"
                autocomplete="off"
                value=chosen.to_owned()
            />
        }
        .any();
    }
    let options = row(choices.agents, |agent| {
        let selected = agent.name == chosen;
        view! { <option value=agent.name selected=selected>{agent.label}</option> }
    });
    view! {
        <select name="agent" class="input">
            <option value="">"Any agent"</option>
            {options}
        </select>
    }
    .any()
}
