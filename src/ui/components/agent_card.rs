//! An agent: what it does now, how it has done so far, and what can be asked of it.

use leptos::prelude::*;

use super::agent_actions::{AgentControls, StartAgent, can_start};
use super::badge::AgentBadge;
use super::format::{duration, elapsed, grouped, percent};
use super::icon::Icon;
use super::time::Ago;
use crate::domain::{Agent, AgentStatus, TaskId, TaskStatus, Timestamp};
use crate::ui::dynamic::{Erase, list, maybe, memo, nothing, part, row, text};
use crate::ui::paths::{self, TasksQuery};
use crate::ui::state::Clock;

/// A task that an agent holds, as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CurrentTask {
    pub(crate) id: TaskId,
    pub(crate) number: Option<i64>,
    pub(crate) title: String,
    pub(crate) started_at: Option<Timestamp>,
    /// True while it waits for a person.
    pub(crate) asks: bool,
}

/// The first few tasks that an agent holds, and how many more there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Current {
    pub(crate) tasks: Vec<CurrentTask>,
    pub(crate) more: u64,
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

#[component]
pub(crate) fn AgentCard(
    agent: Signal<Agent>,
    /// The tasks that it holds.
    current: Signal<Current>,
) -> impl IntoView {
    let (name, title) = names(&agent.read_untracked());
    let status = memo(move || agent.read().status);
    let class = text(move || {
        let away = status.get() == AgentStatus::Offline;
        let class = if away { "card card-away" } else { "card" };
        class.to_owned()
    });
    view! {
        <li class=class data-row="">
            <div class="card-head">
                <h2>
                    <a href=paths::agent(&name)>
                        <bdi>{title}</bdi>
                    </a>
                </h2>
                <AgentBadge status/>
            </div>
            <AgentNotes agent/>
            <CurrentTasks current agent=name.clone()/>
            <AgentFigures agent/>
            <div class="card-actions">
                <AgentControls agent/>
            </div>
        </li>
    }
    .any()
}

/// Kind, slots, and what is wrong with it.
#[component]
fn AgentNotes(agent: Signal<Agent>) -> impl IntoView {
    let slots = text(move || {
        let agent = agent.read();
        format!("{}/{} slots", agent.running.len(), agent.concurrency)
    });
    let error = memo(move || agent.read().error.clone());
    let error = maybe(move || {
        let error = error.get();
        error.map(|error| view! { <p class="card-error">{error}</p> })
    });
    let kind = agent.read_untracked().kind.as_str();
    view! {
        <p class="muted">
            {kind} " · " <span class="figure">{slots}</span> " · " <LastSeen agent/>
        </p>
        {error}
    }
    .any()
}

/// When it last gave a sign of life.
#[component]
fn LastSeen(agent: Signal<Agent>) -> impl IntoView {
    let seen = memo(move || agent.read().last_seen);
    part(move || match seen.get() {
        Some(time) => view! { <span>"seen " <Ago time/></span> }.any(),
        None => view! { <span>"never seen"</span> }.any(),
    })
}

/// The tasks that an agent holds, with the time they have taken.
#[component]
pub(crate) fn CurrentTasks(
    /// The tasks.
    current: Signal<Current>,
    /// The agent's name.
    agent: String,
) -> impl IntoView {
    let clock = Clock::get();
    let mut running = TasksQuery::default().with_status(Some(TaskStatus::Running));
    running.filter.agent = Some(agent);
    let url = running.url(paths::TASKS);
    let more = memo(move || current.read().more);
    let more = maybe(move || {
        let url = url.clone();
        let words = move |more: u64| format!("and {} more", grouped(more));
        let more = Some(more.get()).filter(|more| *more > 0);
        more.map(|more| view! { <li><a href=url>{words(more)}</a></li> })
    });
    let tasks = list(
        move || current.get().tasks,
        |task| {
            let started_at = task.started_at.map_or(0, |time| time.0);
            let asks = task.asks;
            format!(
                "{} {} {started_at} {asks}",
                task.id,
                task.number.unwrap_or(0)
            )
        },
        move |task| {
            let taken = text(move || {
                let taken = |start| elapsed(clock.now().seconds_since(start));
                task.started_at.map(taken).unwrap_or_default()
            });
            let ask = task.asks.then(|| {
                view! {
                    <span class="badge task-needs_input">
                        <Icon name="hand"/>
                        <span>"needs input"</span>
                    </span>
                }
                .any()
            });
            view! {
                <li>
                    <a href=task.url()>{task.label()}</a>
                    <bdi class="clip">{task.title}</bdi>
                    {ask.unwrap_or_else(nothing)}
                    <span class="figure muted">{taken}</span>
                </li>
            }
        },
    );
    view! { <ul class="current">{tasks} {more}</ul> }
}

/// How it has done so far.
#[component]
pub(crate) fn AgentFigures(agent: Signal<Agent>) -> impl IntoView {
    let metrics = move || agent.read().metrics;
    let none = || "—".to_owned();
    let rate = text(move || metrics().success_rate().map_or_else(none, percent));
    let completed = text(move || grouped(metrics().completed));
    let failed = text(move || grouped(metrics().failed));
    let median = text(move || metrics().median_seconds.map_or_else(none, duration));
    view! {
        <dl class="figures">
            <div>
                <dt>"Success"</dt>
                <dd>{rate}</dd>
            </div>
            <div>
                <dt>"Completed"</dt>
                <dd>{completed}</dd>
            </div>
            <div>
                <dt>"Failed"</dt>
                <dd>{failed}</dd>
            </div>
            <div>
                <dt>"Median"</dt>
                <dd>{median}</dd>
            </div>
        </dl>
    }
    .any()
}

/// A line of the strip beside the tasks.
#[component]
pub(crate) fn AgentLine(
    agent: Signal<Agent>,
    /// The tasks that it holds.
    current: Signal<Current>,
) -> impl IntoView {
    let (name, title) = names(&agent.read_untracked());
    let status = memo(move || agent.read().status);
    let url = paths::agent(&name);
    let links = part(move || {
        let Current { tasks, more } = current.get();
        let links = row(tasks, |task| {
            view! { <a class="figure" href=task.url()>{task.label()}</a> }
        });
        let more = (more > 0).then(|| format!("+{more}"));
        view! { {links} {more} }.any()
    });
    let startable = memo(move || can_start(&agent.read()));
    let start = maybe(move || {
        startable
            .get()
            .then(|| view! { <StartAgent name=name.clone()/> })
    });
    view! {
        <li class="agent-line">
            <AgentBadge status/>
            <a class="clip agent-name" href=url>
                <bdi>{title}</bdi>
            </a>
            <span class="agent-tasks">{links}</span>
            {start}
        </li>
    }
    .any()
}

/// The name it is known by, and the one it is shown by.
fn names(agent: &Agent) -> (String, String) {
    (agent.name.clone(), agent.shown_title().to_owned())
}
