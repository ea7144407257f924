//! A task as a row of a list. It changes in place: only what changed is touched.

use leptos::either::{Either, EitherOf4};
use leptos::prelude::*;

use super::badge::{ProgressBar, TaskBadge};
use super::icon::Icon;
use super::summary::{first_line, timing};
use super::task_actions::{CancelTask, RetryTask, StartTask};
use crate::domain::{Priority, Task, TaskId, TaskStatus, Waiting};
use crate::ui::paths;
use crate::ui::state::Clock;

/// One row.
#[component]
pub(crate) fn TaskRow(
    /// The task.
    task: Signal<Task>,
    /// True while its agent is being stopped.
    #[prop(into)]
    stopping: Signal<bool>,
) -> impl IntoView {
    let (id, number) = task.with_untracked(|task| (task.id, task.number));
    let status = Memo::new(move |_| task.with(|task| task.status));
    let progress = Memo::new(move |_| task.with(|task| task.progress));
    let title = Memo::new(move |_| task.with(|task| task.title.clone()));
    let agent = Memo::new(move |_| {
        task.with(|task| task.agent.clone().or_else(|| task.requested_agent.clone()))
    });
    let stopping = Signal::derive(move || stopping.get() && status.get().is_held());
    let agent_link = move || {
        agent.get().map(|name| {
            let url = paths::agent(&name);
            view! {
                <a class="row-agent" href=url>
                    {name}
                </a>
            }
        })
    };
    view! {
        <li class="row" data-row="">
            <TaskBadge status progress stopping/>
            <div class="row-main">
                <div class="row-head">
                    <a class="row-title" href=paths::task(number)>
                        <span class="figure muted">{format!("#{number}")}</span>
                        " "
                        {title}
                    </a>
                    <Tags task/>
                </div>
                <RowDetail task status/>
            </div>
            <div class="row-progress">
                {move || status.get().is_held().then(|| view! { <ProgressBar progress/> })}
            </div>
            {agent_link}
            <div class="row-actions">
                <RowActions id number status stopping/>
            </div>
        </li>
    }
}

/// Priority when it is not the usual one, and labels.
#[component]
fn Tags(
    /// The task.
    task: Signal<Task>,
) -> impl IntoView {
    let priority = Memo::new(move |_| task.with(|task| task.priority));
    let labels = Memo::new(move |_| task.with(|task| task.labels.clone()));
    let chip = move || {
        (priority.get() != Priority::Normal).then(|| {
            let name = priority.get().as_str();
            view! { <span class=format!("chip priority-{name}")>{name}</span> }
        })
    };
    let labels = move || {
        let chips = labels.get().into_iter();
        chips
            .map(|label| view! { <span class="chip">{label}</span> })
            .collect_view()
    };
    view! {
        {chip}
        {labels}
    }
}

/// How it stands in time, and why it waits or failed.
#[component]
fn RowDetail(
    /// The task.
    task: Signal<Task>,
    /// Where it stands.
    status: Memo<TaskStatus>,
) -> impl IntoView {
    let clock = Clock::get();
    let line = move || task.with(|task| timing(task, clock.now()));
    let more = move || match status.get() {
        TaskStatus::Pending => EitherOf4::A(view! { <Waits task/> }),
        TaskStatus::Failed => {
            let error = task.with(|task| task.error.as_deref().map(first_line));
            EitherOf4::B(error.map(|error| view! { <p class="row-error">{error}</p> }))
        }
        TaskStatus::NeedsInput => EitherOf4::C(view! {
            <p class="row-ask">"Its agent asks a person."</p>
        }),
        _ => EitherOf4::D(()),
    };
    view! {
        <p class="row-line figure">{line}</p>
        {more}
    }
}

/// Why a pending task does not run, and who can change that.
#[component]
pub(crate) fn Waits(
    /// The task.
    task: Signal<Task>,
) -> impl IntoView {
    let waiting = Memo::new(move |_| task.with(|task| task.waiting.clone()));
    move || {
        let reasons = waiting.get();
        (!reasons.is_empty()).then(|| {
            let reasons = reasons.into_iter().map(reason).collect_view();
            view! { <ul class="waits">{reasons}</ul> }
        })
    }
}

fn reason(waiting: Waiting) -> impl IntoView {
    let (class, hint) = if waiting.clears_itself {
        ("waits-alone", "clears itself")
    } else {
        ("waits-you", "you can act")
    };
    view! {
        <li class=class>
            "waits: " {waiting.detail} " " <span class="hint">"(" {hint} ")"</span>
        </li>
    }
}

/// The buttons that make sense for the task as it is.
#[component]
fn RowActions(
    /// The task.
    id: TaskId,
    /// Its number.
    number: i64,
    /// Where it stands.
    status: Memo<TaskStatus>,
    /// True while its agent is being stopped.
    stopping: Signal<bool>,
) -> impl IntoView {
    move || match status.get() {
        TaskStatus::Pending => EitherOf4::A(view! {
            <StartTask id number/>
            <CancelTask id number stopping/>
        }),
        TaskStatus::Running | TaskStatus::NeedsInput => {
            let link = if status.get() == TaskStatus::NeedsInput {
                Either::Left(view! {
                    <a class="btn quiet" href=paths::task(number) aria-label=format!("Answer #{number}")>
                        <Icon name="hand"/>
                        <span>"Answer"</span>
                    </a>
                })
            } else {
                Either::Right(logs_link(number))
            };
            EitherOf4::B(view! {
                {link}
                <CancelTask id number stopping/>
            })
        }
        TaskStatus::Completed => EitherOf4::C(logs_link(number)),
        TaskStatus::Failed | TaskStatus::Cancelled => EitherOf4::D(view! {
            {logs_link(number)}
            <RetryTask id number/>
        }),
    }
}

fn logs_link(number: i64) -> impl IntoView {
    view! {
        <a class="btn quiet" href=paths::task_log(number) aria-label=format!("Logs of #{number}")>
            <Icon name="file-text"/>
            <span>"Logs"</span>
        </a>
    }
}
