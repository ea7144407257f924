//! What can be done to a task.

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::action::{ActionButton, ActionForm, HiddenFields, Look, SubmitButton};
use super::format::count;
use super::rest::{Rest, Whole};
use crate::domain::{Question, TaskId};
use crate::ui::dynamic::{Erase, nothing, part, row, typed};
use crate::ui::paths;
use crate::ui::state::{Action, Actions};

#[component]
pub(crate) fn CancelTask(
    id: TaskId,
    number: i64,
    /// True while its agent is being stopped: there is nothing more to ask.
    #[prop(into)]
    stopping: Signal<bool>,
) -> impl IntoView {
    let look = Look {
        label: "Cancel",
        icon: "x",
        class: "quiet",
    };
    part(move || {
        // The badge says that it is being stopped.
        if stopping.get() {
            nothing()
        } else {
            button(Action::Cancel, id, number, look)
        }
    })
}

/// Moves a pending task to the head of the queue.
#[component]
pub(crate) fn StartTask(id: TaskId, number: i64) -> impl IntoView {
    let look = Look {
        label: "Start now",
        icon: "chevrons-up",
        class: "quiet",
    };
    button(Action::Start, id, number, look)
}

/// Tries a failed or cancelled task again as it was.
#[component]
pub(crate) fn RetryTask(id: TaskId, number: i64) -> impl IntoView {
    let look = Look {
        label: "Retry",
        icon: "rotate-ccw",
        class: "quiet",
    };
    button(Action::Retry, id, number, look)
}

fn button(action: Action, id: TaskId, number: i64, look: Look) -> AnyView {
    let about = id.to_string();
    let fields = vec![("task", about.clone())];
    view! { <ActionButton action about fields look of=format!("#{number}")/> }.any()
}

/// Tries a failed or cancelled task again with another description.
#[component]
pub(crate) fn RetryForm(
    id: TaskId,
    /// What it was asked to do; its beginning when `whole` is there.
    description: String,
    /// All that it was asked to do, when that is long.
    whole: Option<Whole>,
) -> impl IntoView {
    let look = Look {
        label: "Retry with this description",
        icon: "rotate-ccw",
        class: "primary",
    };
    let about = id.to_string();
    let fields = vec![("task", about.clone())];
    let (actions, navigate, this) = (Actions::get(), use_navigate(), about.clone());
    Effect::new(move |_| {
        if let Some(number) = actions.retried(&this) {
            navigate(&paths::task(number), NavigateOptions::default());
        }
    });
    let field = match whole {
        None => description_field(&description, false),
        // Who sends a beginning would lose the rest; nothing sent keeps what there was.
        Some(whole) => part(move || {
            if let Some(all) = whole.text.get() {
                return description_field(&all, false);
            }
            let whole = whole.clone();
            let field = description_field("", true);
            view! {
                {field}
                <p class="hint">"Empty keeps it as it is: " <Rest whole what="description"/></p>
            }
            .any()
        })
        .into_any(),
    };
    view! {
        <details class="disclosure">
            <summary>"Retry with changes"</summary>
            <ActionForm action=Action::RetryWith about=about.clone() class="stack">
                <HiddenFields fields/>
                {field}
                <SubmitButton action=Action::RetryWith about look of=""/>
            </ActionForm>
        </details>
    }
    .any()
}

fn description_field(words: &str, may_be_empty: bool) -> AnyView {
    view! {
        <label class="field">
            <span class="label">"Description of the new attempt"</span>
            <textarea name="description" rows="6" required=!may_be_empty maxlength="100000">
                {typed(words)}
            </textarea>
        </label>
    }
    .any()
}

/// Answers the question that a task waits with.
#[component]
pub(crate) fn AnswerForm(
    id: TaskId,
    number: i64,
    /// What its agent asks.
    question: Option<String>,
    /// The question's id, which the answer names, and what can be chosen.
    asked: Option<Question>,
    /// How many more can be.
    more: u64,
) -> impl IntoView {
    let look = Look {
        label: "Answer",
        icon: "check",
        class: "primary",
    };
    let about = id.to_string();
    let mut fields = vec![("task", about.clone())];
    let question = question.unwrap_or_else(|| "Its agent asks for input.".into());
    let (name, options) = asked.map(|it| (it.id, it.options)).unwrap_or_default();
    if !name.is_empty() {
        fields.push(("question", name));
    }
    let given = fields.clone();
    let options = row(options, move |option| {
        let mut fields = given.clone();
        fields.push(("option", option.id.clone()));
        let about = id.to_string();
        view! {
            <ActionForm action=Action::Input about=about class="inline-form">
                <HiddenFields fields/>
                <button type="submit" class="btn">
                    <bdi>{option.label}</bdi>
                </button>
            </ActionForm>
        }
    });
    let more = (more > 0).then(|| {
        view! {
            <p>
                <a href=paths::task_json(number) rel="external">
                    {count(more, "more option")}
                </a>
                " can be answered in words."
            </p>
        }
    });
    view! {
        <section class="stack answer" aria-label="Question">
            <p class="question" dir="auto">{question}</p>
            <div class="answer-options">{options}</div>
            {more}
            <ActionForm action=Action::Input about=about.clone() class="stack">
                <HiddenFields fields/>
                <label class="field">
                    <span class="label">"Your answer"</span>
                    <textarea name="text" rows="3" required></textarea>
                </label>
                <SubmitButton action=Action::Input about look of=""/>
            </ActionForm>
        </section>
    }
    .any()
}
