//! Status: always an icon, a word and a colour.

use leptos::either::Either;
use leptos::prelude::*;

use super::format::percent;
use super::icon::Icon;
use crate::domain::{AgentStatus, TaskStatus};

/// A task's status. While it runs, the icon is an arc that shows how far it is.
#[component]
pub(crate) fn TaskBadge(
    /// Where the task stands.
    #[prop(into)]
    status: Signal<TaskStatus>,
    /// How far it is, 0 to 1.
    #[prop(into)]
    progress: Signal<f64>,
    /// True while its agent is being stopped.
    #[prop(into, optional)]
    stopping: Signal<bool>,
) -> impl IntoView {
    let icon = move || match status.get() {
        TaskStatus::Running => Either::Left(view! { <Arc progress/> }),
        TaskStatus::Pending => Either::Right("clock"),
        TaskStatus::NeedsInput => Either::Right("hand"),
        TaskStatus::Completed => Either::Right("circle-check"),
        TaskStatus::Failed => Either::Right("circle-x"),
        TaskStatus::Cancelled => Either::Right("circle-slash"),
    };
    let icon = move || match icon() {
        Either::Left(arc) => Either::Left(arc),
        Either::Right(name) => Either::Right(view! { <Icon name/> }),
    };
    let word = move || {
        if stopping.get() {
            "stopping…"
        } else {
            status.get().label()
        }
    };
    view! {
        <span class=move || format!("badge task-{}", status.get().as_str())>
            {icon} <span>{word}</span>
        </span>
    }
}

/// An arc of a circle; it turns as long as nobody knows how far the work is.
#[component]
fn Arc(
    /// How far it is, 0 to 1.
    progress: Signal<f64>,
) -> impl IntoView {
    let share = move || format!("{:.0} 100", (progress.get() * 100.0).clamp(12.0, 100.0));
    view! {
        <svg
            class="icon arc"
            class:turns=move || progress.get() <= 0.0
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
}

/// An agent's status.
#[component]
pub(crate) fn AgentBadge(
    /// What the agent is doing.
    #[prop(into)]
    status: Signal<AgentStatus>,
) -> impl IntoView {
    let icon = move || {
        let name = match status.get() {
            AgentStatus::Idle => "circle",
            AgentStatus::Busy => "circle-dot",
            AgentStatus::NeedsInput => "hand",
            AgentStatus::Draining => "clock",
            AgentStatus::Error => "triangle-alert",
            AgentStatus::Offline => "circle-dashed",
        };
        view! { <Icon name/> }
    };
    let class = move || format!("badge agent-{}", status.get().label().replace(' ', "_"));
    view! {
        <span class=class>{icon} <span>{move || status.get().label()}</span></span>
    }
}

/// How far a task is, as a bar and a number.
#[component]
pub(crate) fn ProgressBar(
    /// 0 to 1.
    #[prop(into)]
    progress: Signal<f64>,
) -> impl IntoView {
    let words = move || percent(progress.get());
    view! {
        <span class="progress">
            <progress max="1" value=move || progress.get().to_string() aria-label="Progress">
                {words}
            </progress>
            <span class="figure">{words}</span>
        </span>
    }
}
