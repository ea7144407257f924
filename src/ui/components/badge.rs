//! Status: always an icon, a word and a colour.

use leptos::prelude::*;

use super::icon::Icon;
use crate::domain::{AgentStatus, TaskStatus};
use crate::ui::dynamic::{Erase, part, text};

/// A task's status. While it runs, the icon is an arc that shows how far it is.
#[component]
pub(crate) fn TaskBadge(
    #[prop(into)] status: Signal<TaskStatus>,
    /// How far it is, in hundredths.
    #[prop(into)]
    progress: Signal<u64>,
    /// True while its agent is being stopped.
    #[prop(into, optional)]
    stopping: Signal<bool>,
) -> impl IntoView {
    let icon = part(move || {
        let name = match status.get() {
            TaskStatus::Running => return view! { <Arc progress/> }.any(),
            TaskStatus::Pending => "clock",
            TaskStatus::NeedsInput => "hand",
            TaskStatus::Completed => "circle-check",
            TaskStatus::Failed => "circle-x",
            TaskStatus::Cancelled => "circle-slash",
        };
        view! { <Icon name/> }.any()
    });
    let word = text(move || {
        let label = status.get().label();
        let word = if stopping.get() { "stopping…" } else { label };
        word.to_owned()
    });
    let class = text(move || format!("badge task-{}", status.get().as_str()));
    view! {
        <span class=class>
            {icon} <span>{word}</span>
        </span>
    }
    .any()
}

/// An arc of a circle; it turns as long as nobody knows how far the work is.
#[component]
fn Arc(
    /// How far it is, in hundredths.
    progress: Signal<u64>,
) -> impl IntoView {
    let share = text(move || format!("{} 100", progress.get().clamp(12, 100)));
    let class = text(move || {
        let turns = if progress.get() == 0 { " turns" } else { "" };
        format!("icon arc{turns}")
    });
    view! {
        <svg
            class=class
            viewBox="0 0 24 24"
            aria-hidden="true"
        >
            <circle class="arc-ground" cx="12" cy="12" r="9"></circle>
            <circle
                class="arc-share"
                cx="12"
                cy="12"
                r="9"
                pathLength="100"
                stroke-dasharray=share
            ></circle>
        </svg>
    }
    .any()
}

#[component]
pub(crate) fn AgentBadge(#[prop(into)] status: Signal<AgentStatus>) -> impl IntoView {
    let icon = part(move || {
        let name = match status.get() {
            AgentStatus::Idle => "circle",
            AgentStatus::Busy => "circle-dot",
            AgentStatus::NeedsInput => "hand",
            AgentStatus::Draining => "clock",
            AgentStatus::Error => "triangle-alert",
            AgentStatus::Offline => "circle-dashed",
        };
        view! { <Icon name/> }.any()
    });
    let class = text(move || format!("badge agent-{}", status.get().label().replace(' ', "_")));
    let word = text(move || status.get().label().to_owned());
    view! {
        <span class=class>{icon} <span>{word}</span></span>
    }
    .any()
}

/// How far a task is, as a bar and a number.
#[component]
pub(crate) fn ProgressBar(
    /// In hundredths.
    #[prop(into)]
    progress: Signal<u64>,
) -> impl IntoView {
    let value = text(move || {
        let hundredths = progress.get();
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    });
    let words = text(move || format!("{}%", progress.get()));
    view! {
        <span class="progress">
            <progress max="1" value=value aria-label="Progress">
                {words.clone()}
            </progress>
            <span class="figure">{words}</span>
        </span>
    }
    .any()
}
