//! What can be done to a task.

use leptos::either::Either;
use leptos::form::ActionForm;
use leptos::prelude::*;

use super::action::{ActionButton, Look, SubmitButton};
use crate::domain::TaskId;
use crate::ui::state::{Actions, busy};

/// Cancels a task.
#[component]
pub(crate) fn CancelTask(
    /// The task.
    id: TaskId,
    /// Its number.
    number: i64,
    /// True while its agent is being stopped: there is nothing more to ask.
    #[prop(into)]
    stopping: Signal<bool>,
) -> impl IntoView {
    let action = Actions::get().cancel;
    let look = Look {
        label: "Cancel",
        icon: "x",
        class: "quiet",
    };
    let task = id.to_string();
    let busy = busy(action, move |cancel| cancel.task == task);
    move || {
        if stopping.get() {
            Either::Left(view! { <span class="hint">"stopping…"</span> })
        } else {
            let fields = vec![("task", id.to_string())];
            let of = format!("#{number}");
            Either::Right(view! { <ActionButton action fields look of busy/> })
        }
    }
}

/// Moves a pending task to the head of the queue.
#[component]
pub(crate) fn StartTask(
    /// The task.
    id: TaskId,
    /// Its number.
    number: i64,
) -> impl IntoView {
    let action = Actions::get().start;
    let look = Look {
        label: "Start now",
        icon: "chevrons-up",
        class: "quiet",
    };
    let fields = vec![("task", id.to_string())];
    let task = id.to_string();
    let busy = busy(action, move |start| start.task == task);
    view! { <ActionButton action fields look of=format!("#{number}") busy/> }
}

/// Tries a failed or cancelled task again as it was.
#[component]
pub(crate) fn RetryTask(
    /// The task.
    id: TaskId,
    /// Its number.
    number: i64,
) -> impl IntoView {
    let action = Actions::get().retry;
    let look = Look {
        label: "Retry",
        icon: "rotate-ccw",
        class: "quiet",
    };
    let fields = vec![("task", id.to_string()), ("description", String::new())];
    let task = id.to_string();
    let busy = busy(action, move |retry| retry.task == task);
    view! { <ActionButton action fields look of=format!("#{number}") busy/> }
}

/// Tries a failed or cancelled task again with another description.
#[component]
pub(crate) fn RetryForm(
    /// The task.
    id: TaskId,
    /// What it was asked to do.
    description: String,
) -> impl IntoView {
    let action = Actions::get().retry;
    let look = Look {
        label: "Retry with this description",
        icon: "rotate-ccw",
        class: "primary",
    };
    let task = id.to_string();
    let busy = busy(action, move |retry| retry.task == task);
    view! {
        <details class="disclosure">
            <summary>"Retry with changes"</summary>
            <ActionForm action attr:class="stack">
                <input type="hidden" name="task" value=id.to_string()/>
                <label class="field">
                    <span class="label">"Description of the new attempt"</span>
                    <textarea name="description" rows="6" required maxlength="100000">
                        {description}
                    </textarea>
                </label>
                <SubmitButton look of="" busy/>
            </ActionForm>
        </details>
    }
}

/// Answers the question that a task waits with.
#[component]
pub(crate) fn AnswerForm(
    /// The task.
    id: TaskId,
    /// What its agent asks.
    question: Option<String>,
) -> impl IntoView {
    let action = Actions::get().input;
    let look = Look {
        label: "Answer",
        icon: "check",
        class: "primary",
    };
    let task = id.to_string();
    let busy = busy(action, move |input| input.task == task);
    let question = question.unwrap_or_else(|| "Its agent asks for input.".into());
    view! {
        <ActionForm action attr:class="stack answer">
            <input type="hidden" name="task" value=id.to_string()/>
            <label class="field">
                <span class="question">{question}</span>
                <textarea name="text" rows="3" required placeholder="Your answer"></textarea>
            </label>
            <SubmitButton look of="" busy/>
        </ActionForm>
    }
}
