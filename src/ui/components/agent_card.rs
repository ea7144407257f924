//! An agent: what it does now, how it has done so far, and what can be asked of it.

use leptos::prelude::*;

use super::agent_actions::{AgentControls, StartAgent};
use super::badge::AgentBadge;
use super::format::{duration, grouped, percent};
use super::time::Ago;
use crate::domain::{Agent, AgentStatus, TaskId, Timestamp};
use crate::ui::paths;
use crate::ui::state::Clock;

/// A task that an agent holds, as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CurrentTask {
    pub(crate) id: TaskId,
    pub(crate) number: Option<i64>,
    pub(crate) title: String,
    pub(crate) started_at: Option<Timestamp>,
}

impl CurrentTask {
    fn label(&self) -> String {
        self.number
            .map_or_else(|| "a task".into(), |number| format!("#{number}"))
    }

    fn url(&self) -> String {
        self.number
            .map_or_else(|| paths::task_by(&self.id.to_string()), paths::task)
    }
}

/// A card of the agents page.
#[component]
pub(crate) fn AgentCard(
    /// The agent.
    agent: Signal<Agent>,
    /// The tasks that it holds.
    current: Signal<Vec<CurrentTask>>,
) -> impl IntoView {
    let (name, title) = agent.with_untracked(|agent| (agent.name.clone(), agent.title.clone()));
    let status = Memo::new(move |_| agent.with(|agent| agent.status));
    let class = move || {
        let away = status.get() == AgentStatus::Offline;
        if away { "card card-away" } else { "card" }
    };
    view! {
        <li class=class data-row="">
            <div class="card-head">
                <h2>
                    <a href=paths::agent(&name)>{title}</a>
                </h2>
                <AgentBadge status/>
            </div>
            <AgentNotes agent/>
            <CurrentTasks current/>
            <AgentFigures agent/>
            <div class="card-actions">
                <AgentControls agent/>
            </div>
        </li>
    }
}

/// Kind, slots, and what is wrong with it.
#[component]
fn AgentNotes(
    /// The agent.
    agent: Signal<Agent>,
) -> impl IntoView {
    let slots =
        move || agent.with(|agent| format!("{}/{} slots", agent.running.len(), agent.concurrency));
    let error = Memo::new(move |_| agent.with(|agent| agent.error.clone()));
    let kind = agent.with_untracked(|agent| agent.kind.as_str());
    view! {
        <p class="muted">
            {kind} " · " <span class="figure">{slots}</span> " · " <LastSeen agent/>
        </p>
        {move || error.get().map(|error| view! { <p class="row-error">{error}</p> })}
    }
}

/// When it last gave a sign of life.
#[component]
fn LastSeen(
    /// The agent.
    agent: Signal<Agent>,
) -> impl IntoView {
    let seen = Memo::new(move |_| agent.with(|agent| agent.last_seen));
    move || match seen.get() {
        Some(time) => leptos::either::Either::Left(view! {
            <span>"seen " <Ago time/></span>
        }),
        None => leptos::either::Either::Right("never seen"),
    }
}

/// The tasks that an agent holds, with the time they have taken.
#[component]
pub(crate) fn CurrentTasks(
    /// The tasks.
    current: Signal<Vec<CurrentTask>>,
) -> impl IntoView {
    let clock = Clock::get();
    view! {
        <ul class="current">
            <For each=move || current.get() key=|task| (task.id, task.number, task.started_at) let:task>
                <li>
                    <a href=task.url()>{task.label()}</a>
                    <span class="clip">{task.title.clone()}</span>
                    <span class="figure muted">
                        {move || {
                            task.started_at
                                .map(|start| duration(clock.now().seconds_since(start)))
                        }}
                    </span>
                </li>
            </For>
        </ul>
    }
}

/// How it has done so far.
#[component]
pub(crate) fn AgentFigures(
    /// The agent.
    agent: Signal<Agent>,
) -> impl IntoView {
    let metrics = Memo::new(move |_| agent.with(|agent| agent.metrics));
    let none = || "—".to_owned();
    let rate = move || metrics.get().success_rate().map_or_else(none, percent);
    let median = move || metrics.get().median_seconds.map_or_else(none, duration);
    view! {
        <dl class="figures">
            <div>
                <dt>"Success"</dt>
                <dd>{rate}</dd>
            </div>
            <div>
                <dt>"Completed"</dt>
                <dd>{move || grouped(metrics.get().completed)}</dd>
            </div>
            <div>
                <dt>"Failed"</dt>
                <dd>{move || grouped(metrics.get().failed)}</dd>
            </div>
            <div>
                <dt>"Median"</dt>
                <dd>{median}</dd>
            </div>
        </dl>
    }
}

/// A line of the strip beside the tasks.
#[component]
pub(crate) fn AgentLine(
    /// The agent.
    agent: Signal<Agent>,
    /// The tasks that it holds.
    current: Signal<Vec<CurrentTask>>,
) -> impl IntoView {
    let (name, title) = agent.with_untracked(|agent| (agent.name.clone(), agent.title.clone()));
    let status = Memo::new(move |_| agent.with(|agent| agent.status));
    let url = paths::agent(&name);
    let links = move || {
        let tasks = current.get().into_iter();
        tasks
            .map(|task| view! { <a class="figure" href=task.url()>{task.label()}</a> })
            .collect_view()
    };
    let start = move || {
        let stopped = matches!(status.get(), AgentStatus::Offline | AgentStatus::Error);
        stopped.then(|| view! { <StartAgent name=name.clone()/> })
    };
    view! {
        <li class="agent-line">
            <AgentBadge status/>
            <a class="clip agent-name" href=url>
                {title}
            </a>
            <span class="agent-tasks">{links}</span>
            {start}
        </li>
    }
}
