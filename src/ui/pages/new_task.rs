//! The dialog for a new task. It opens through the URL, so it works without JavaScript.

use leptos::either::Either;
use leptos::ev::KeyboardEvent;
use leptos::form::ActionForm;
use leptos::html;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate, use_query_map};

use crate::domain::{Agent, Priority};
use crate::rpc;
use crate::ui::browser;
use crate::ui::components::{Icon, Look, SubmitButton};
use crate::ui::paths;
use crate::ui::state::{Actions, busy};

/// The dialog, while the URL has `new`.
#[component]
pub(crate) fn NewTask() -> impl IntoView {
    let query = use_query_map();
    let open = Memo::new(move |_| query.with(|query| query.get_str("new").is_some()));
    move || open.get().then(|| view! { <NewTaskDialog/> })
}

#[component]
fn NewTaskDialog() -> impl IntoView {
    let action = Actions::get().create;
    let location = use_location();
    let navigate = use_navigate();
    let path = location.pathname;
    let query = location.query;
    // The page below stays as it is: only `new` leaves the URL.
    let rest = Memo::new(move |_| {
        let names = ["status", "q", "agent", "priority", "label", "cursor"];
        let pairs = query.with(|query| names.map(|name| Some((name, query.get(name)?))));
        let pairs: Vec<_> = pairs.into_iter().flatten().collect();
        paths::with_query(&path.get(), &pairs)
    });
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            browser::open_dialog(&dialog);
        }
    });
    let before = action.version().get_untracked();
    Effect::new(move |_| {
        let is_new = action.version().get() > before;
        let is_done = action
            .value()
            .with_untracked(|value| matches!(value, Some(Ok(_))));
        if let Some(dialog) = dialog.get_untracked().filter(|_| is_new && is_done) {
            // Closing first lets the focus return to where it was.
            browser::close_dialog(&dialog);
        }
    });
    let closed = move |_| {
        let options = NavigateOptions {
            scroll: false,
            replace: true,
            ..NavigateOptions::default()
        };
        navigate(&rest.get_untracked(), options);
    };
    let close = move |event: leptos::ev::MouseEvent| {
        if let Some(dialog) = dialog.get_untracked() {
            event.prevent_default();
            browser::close_dialog(&dialog);
        }
    };
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
                <a class="btn quiet icon-only" href=rest aria-label="Close" on:click=close>
                    <Icon name="x"/>
                </a>
            </div>
            <Form/>
        </dialog>
    }
}

#[component]
fn Form() -> impl IntoView {
    let action = Actions::get().create;
    let busy = busy(action, |_| true);
    let before = action.version().get_untracked();
    let error = move || {
        // What went wrong with an earlier task is not this one's.
        let is_now = action.version().get() > before;
        let detail = action.value().with(|value| match value {
            Some(Err(error)) => Some(error.detail.clone()),
            _ => None,
        });
        detail.filter(|_| is_now).map(|detail| {
            view! {
                <p class="notice" role="alert">
                    {detail}
                </p>
            }
        })
    };
    let send = |event: KeyboardEvent| {
        if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
            event.prevent_default();
            browser::submit_form_of(&event);
        }
    };
    let look = Look {
        label: "Create task",
        icon: "plus",
        class: "primary",
    };
    view! {
        <ActionForm action attr:class="stack" on:keydown=send>
            {error}
            <label class="field">
                <span class="label">"Description"</span>
                <textarea
                    name="description"
                    rows="6"
                    required
                    autofocus
                    maxlength="100000"
                    placeholder="What is the agent to do?"
                ></textarea>
            </label>
            <label class="field">
                <span class="label">"Title " <span class="hint">"the first line when empty"</span></span>
                <input type="text" name="title" class="input" maxlength="200" autocomplete="off"/>
            </label>
            <div class="field-row">
                <Priorities/>
                <label class="field">
                    <span class="label">"Agent"</span>
                    <Agents/>
                </label>
            </div>
            <label class="field">
                <span class="label">"Labels " <span class="hint">"separated by commas"</span></span>
                <input type="text" name="labels" class="input" autocomplete="off"/>
            </label>
            <div class="dialog-end">
                <span class="hint js-only wide-only">"Ctrl + Enter creates"</span>
                <SubmitButton look of="" busy/>
            </div>
        </ActionForm>
    }
}

#[component]
fn Priorities() -> impl IntoView {
    let options = Priority::ALL.map(|priority| {
        let name = priority.as_str();
        view! {
            <option value=name selected=priority == Priority::Normal>
                {name}
            </option>
        }
    });
    view! {
        <label class="field">
            <span class="label">"Priority"</span>
            <select name="priority" class="input">
                {options.into_iter().collect_view()}
            </select>
        </label>
    }
}

/// The agents to choose from. The form works before they are known.
#[component]
fn Agents() -> impl IntoView {
    let agents = Resource::new_blocking(|| (), |()| rpc::agents::list());
    let choice = move || {
        Suspend::new(async move {
            match agents.await {
                Ok(view) => Either::Left(options(&view.agents)),
                Err(_) => Either::Right(select(())),
            }
        })
    };
    view! { <Suspense fallback=|| select(())>{choice}</Suspense> }
}

fn options(agents: &[Agent]) -> impl IntoView + use<> {
    let option = |agent: &Agent| {
        let label = format!("{} ({})", agent.title, agent.status.label());
        view! { <option value=agent.name.clone()>{label}</option> }
    };
    select(agents.iter().map(option).collect_view())
}

fn select(options: impl IntoView) -> impl IntoView {
    view! {
        <select name="agent" class="input">
            <option value="">"Any agent"</option>
            {options}
        </select>
    }
}
