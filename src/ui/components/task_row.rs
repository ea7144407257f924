//! A task as a row of a list. It changes in place: only what changed is touched.

use leptos::prelude::*;

use super::badge::{ProgressBar, TaskBadge};
use super::format::hundredths;
use super::icon::Icon;
use super::summary::{first_line, timing};
use super::task_actions::{CancelTask, RetryTask, StartTask};
use crate::domain::{DEFAULT_PROJECT, Priority, Task, TaskId, TaskStatus, Waiting, WaitingCode};
use crate::ui::dynamic::{Erase, maybe, memo, nothing, part, row, text};
use crate::ui::paths;
use crate::ui::state::Clock;

/// Labels of a row; the others are counted.
const MOST_LABELS: usize = 6;

#[component]
pub(crate) fn TaskRow(
    task: Signal<Task>,
    /// True while its agent is being stopped.
    #[prop(into)]
    stopping: Signal<bool>,
) -> impl IntoView {
    let (id, number) = ids(&task.read_untracked());
    let external = memo(move || task.read().external);
    let status = memo(move || task.read().status);
    let progress = memo(move || hundredths(task.read().progress));
    let title = text(move || task.read().title.clone());
    let agent = memo(move || {
        let task = task.read();
        task.agent.clone().or_else(|| task.requested_agent.clone())
    });
    let stopping = memo(move || stopping.get() && status.get().is_held());
    let bar = maybe(move || {
        let held = status.get().is_held();
        held.then(|| view! { <ProgressBar progress/> })
    });
    let agent_link = maybe(move || {
        agent.get().map(|name| {
            let url = paths::agent(&name);
            view! {
                <a class="row-agent" href=url>
                    {name}
                </a>
            }
        })
    });
    view! {
        <li class="row" data-row="">
            <TaskBadge status progress stopping/>
            <div class="row-main">
                <div class="row-head">
                    <a class="row-title" href=paths::task(number)>
                        <span class="figure muted">{format!("#{number}")}</span>
                        " "
                        <bdi>{title}</bdi>
                    </a>
                    <Tags task/>
                </div>
                <RowDetail task status/>
            </div>
            <div class="row-progress">{bar}</div>
            {agent_link}
            <div class="row-actions">
                <RowActions id number external status stopping/>
            </div>
        </li>
    }
    .any()
}

/// Project and priority where they are not the usual ones, and labels.
#[component]
fn Tags(task: Signal<Task>) -> impl IntoView {
    part(move || {
        let (project, priority, labels) = {
            let task = task.read();
            (task.project.clone(), task.priority, task.labels.clone())
        };
        let project = (project != DEFAULT_PROJECT).then(|| ("chip of-project".to_owned(), project));
        let urgent = (priority != Priority::Normal).then(|| {
            let name = priority.as_str();
            (format!("chip priority-{name}"), name.to_owned())
        });
        let more = labels.len().saturating_sub(MOST_LABELS);
        let more = (more > 0).then(|| ("chip".to_owned(), format!("+{more}")));
        let labels = labels.into_iter().take(MOST_LABELS);
        let labels = labels.map(|label| ("chip".to_owned(), label)).chain(more);
        row(
            project.into_iter().chain(urgent).chain(labels),
            |(class, words)| {
                view! {
                    <span class=class>
                        <bdi>{words}</bdi>
                    </span>
                }
            },
        )
    })
}

/// How it stands in time, and why it waits or failed.
#[component]
fn RowDetail(task: Signal<Task>, status: Memo<TaskStatus>) -> impl IntoView {
    let clock = Clock::get();
    let line = text(move || timing(&task.read(), clock.now()));
    let more = part(move || match status.get() {
        TaskStatus::Pending => view! { <Waits task/> }.any(),
        TaskStatus::Failed => match task.read().error.as_deref().map(first_line) {
            Some(error) => view! { <p class="row-error">{error}</p> }.any(),
            None => nothing(),
        },
        TaskStatus::NeedsInput => {
            let asked = task.read().question.as_ref().map(|it| first_line(&it.text));
            let words = asked.unwrap_or_else(|| "Its agent asks a person.".to_owned());
            view! {
                <p class="row-ask">
                    <bdi>{words}</bdi>
                </p>
            }
            .any()
        }
        _ => nothing(),
    });
    view! {
        <p class="row-line figure">{line}</p>
        {more}
    }
    .any()
}

/// Why a pending task does not run, and who can change that.
#[component]
pub(crate) fn Waits(task: Signal<Task>) -> impl IntoView {
    maybe(move || {
        let task = task.read();
        // Its place in the queue says how many are before it.
        let said = |it: &&Waiting| task.queue_position.is_some() && it.code == WaitingCode::Behind;
        let reasons: Vec<_> = task
            .waiting
            .iter()
            .filter(|it| !said(it))
            .cloned()
            .collect();
        drop(task);
        (!reasons.is_empty()).then(|| {
            view! { <ul class="waits">{row(reasons, reason)}</ul> }
        })
    })
}

fn reason(waiting: Waiting) -> AnyView {
    let (class, hint) = if waiting.clears_itself {
        ("waits-alone", "(clears itself)")
    } else {
        ("waits-you", "(you can act)")
    };
    view! {
        <li class=class>
            "waits: " {waiting.detail} " " <span class="hint">{hint}</span>
        </li>
    }
    .any()
}

/// The buttons that make sense for the task as it is.
#[component]
fn RowActions(
    id: TaskId,
    number: i64,
    /// True when it runs outside: who only reports it is not asked to do it again.
    external: Memo<bool>,
    status: Memo<TaskStatus>,
    /// True while its agent is being stopped.
    stopping: Memo<bool>,
) -> impl IntoView {
    let answer = move || link("hand", "Answer", "Answer", paths::task(number), number);
    let logs = move || {
        link(
            "file-text",
            "Logs",
            "Logs of",
            paths::task_log(number),
            number,
        )
    };
    part(move || {
        let buttons = match status.get() {
            TaskStatus::Pending => [
                view! { <StartTask id number/> }.any(),
                view! { <CancelTask id number stopping/> }.any(),
            ],
            TaskStatus::NeedsInput => [answer(), view! { <CancelTask id number stopping/> }.any()],
            TaskStatus::Running => [logs(), view! { <CancelTask id number stopping/> }.any()],
            TaskStatus::Completed => [logs(), nothing()],
            _ if external.get() => [logs(), nothing()],
            TaskStatus::Failed | TaskStatus::Cancelled => {
                [logs(), view! { <RetryTask id number/> }.any()]
            }
        };
        row(buttons, |button| button)
    })
}

fn link(icon: &'static str, word: &'static str, does: &str, url: String, number: i64) -> AnyView {
    view! {
        <a class="btn quiet" href=url aria-label=format!("{does} #{number}")>
            <Icon name=icon/>
            <span>{word}</span>
        </a>
    }
    .any()
}

fn ids(task: &Task) -> (TaskId, i64) {
    (task.id, task.number)
}
