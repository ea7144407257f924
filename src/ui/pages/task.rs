//! One task: where it stands, what it prints, what came of it, what can be done.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::not_found::Missing;
use super::task_log::LogView;
use super::task_model::TaskModel;
use super::task_timeline::TimelineView;
use super::task_whole::{LongText, whole};
use crate::domain::{DEFAULT_PROJECT, ErrorKind, Priority, Task, TaskPart, TaskStatus, Timestamp};
use crate::rpc::tasks::View;
use crate::ui::components::{
    Ago, AnswerForm, CancelTask, Failure, ProgressBar, RetryForm, RetryTask, StartTask, TaskBadge,
    Waits, cost, duration, grouped, hundredths, skeleton, timing,
};
use crate::ui::data::{awaited, data};
use crate::ui::dynamic::{Erase, list, maybe, memo, nothing, part, row, text};
use crate::ui::paths::{self, TasksQuery};
use crate::ui::state::Clock;

/// The page at `/tasks/:number`.
#[component]
pub(crate) fn TaskPage() -> impl IntoView {
    let params = use_params_map();
    let number = memo(move || params.read().get("number").unwrap_or_default());
    // Another task is another page: nothing of the former one stays.
    list(
        move || vec![number.get()],
        String::clone,
        |number| view! { <Screen number/> },
    )
}

#[component]
fn Screen(
    /// The task's number or id, as in the URL.
    number: String,
) -> impl IntoView {
    let first = data(View {
        task: number.clone(),
    });
    awaited(first, skeleton, move |view| match view {
        Ok(view) => {
            let model = TaskModel::new(&view);
            view! { <Loaded model/> }.any()
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let list = (paths::TASKS, "tasks");
            view! { <Missing detail=error.detail list/> }.any()
        }
        Err(error) => {
            let url = paths::task_by(&number);
            view! { <Failure error url/> }.any()
        }
    })
}

#[component]
fn Loaded(model: TaskModel) -> impl IntoView {
    let task: Signal<Task> = model.task.into();
    let status = memo(move || task.read().status);
    let ended = memo(move || status.get().is_finished());
    let heading = move || {
        let task = task.read();
        format!("#{} {}", task.number, task.title)
    };
    // The server writes the document's title when the signals of this page may be gone already,
    // so the title has one that lives as long as it is read.
    let name = ArcRwSignal::new(untrack(heading));
    let title = name.clone();
    Effect::new(move |_| name.set(heading()));
    let (id, number) = model.ids();
    let description = memo(move || model.texts.read().description.clone());
    view! {
        <Title text=move || title.get()/>
        <Head model task status/>
        <Waits task/>
        <Ask model status/>
        <Trouble model/>
        <div class="split">
            <div class="split-main">
                <section aria-labelledby="task-description">
                    <h2 id="task-description">"Description"</h2>
                    <div class="prose" dir="auto">
                        <LongText task=id number part=TaskPart::Description shown=description/>
                    </div>
                </section>
                <Answer model/>
                <LogView log=model.log ended/>
            </div>
            <aside class="split-side">
                <section aria-labelledby="task-facts">
                    <h2 id="task-facts">"Details"</h2>
                    <Facts model task/>
                </section>
                <TimelineView timeline=model.timeline/>
            </aside>
        </div>
    }
    .any()
}

/// Status, title, progress and the buttons.
#[component]
fn Head(model: TaskModel, task: Signal<Task>, status: Memo<TaskStatus>) -> impl IntoView {
    let clock = Clock::get();
    let (id, number) = {
        let task = task.read_untracked();
        (task.id, task.number)
    };
    let progress = memo(move || hundredths(task.read().progress));
    let title = text(move || task.read().title.clone());
    let stopping = memo(move || model.stopping.get() && status.get().is_held());
    // Who only reports a task is not asked to do it again.
    let may_retry = memo(move || {
        let ended = matches!(status.get(), TaskStatus::Failed | TaskStatus::Cancelled);
        ended && !task.read().external
    });
    let actions = part(move || match status.get() {
        TaskStatus::Pending => view! {
            <StartTask id number/>
            <CancelTask id number stopping/>
        }
        .any(),
        TaskStatus::Running | TaskStatus::NeedsInput => {
            view! { <CancelTask id number stopping/> }.any()
        }
        _ if may_retry.get() => view! { <RetryTask id number/> }.any(),
        _ => nothing(),
    });
    let bar = maybe(move || {
        let held = status.get().is_held();
        held.then(|| view! { <ProgressBar progress/> })
    });
    let line = text(move || timing(&task.read(), clock.now()));
    let again = maybe(move || {
        may_retry.get().then(|| {
            let description = model.texts.read_untracked().description.clone();
            let whole = whole(id, number, TaskPart::Description, &description);
            view! { <RetryForm id description=description.text whole/> }
        })
    });
    view! {
        <header class="page-head">
            // The one thing on this page that is worth saying aloud when it changes.
            <span aria-live="polite">
                <TaskBadge status progress stopping/>
            </span>
            <h1>
                <span class="figure muted">{format!("#{number}")}</span>
                " "
                <bdi>{title}</bdi>
            </h1>
            <div class="page-actions">{actions}</div>
        </header>
        <div class="page-line">
            {bar}
            <span class="figure muted">{line}</span>
            {again}
        </div>
    }
    .any()
}

/// The question that it waits for an answer to.
#[component]
fn Ask(model: TaskModel, status: Memo<TaskStatus>) -> impl IntoView {
    // What is typed stays while anything else of the task changes.
    let asked = memo(move || model.task.read().question.as_ref().map(|it| it.id.clone()));
    maybe(move || {
        asked.track();
        (status.get() == TaskStatus::NeedsInput).then(|| {
            let (id, number) = model.ids();
            let question = model.question.get().map(|question| {
                let mark = if question.cut.is_some() { "…" } else { "" };
                question.text + mark
            });
            let asked = model.task.read_untracked().question.clone();
            let more = model.more_options.get();
            view! { <AnswerForm id number question asked more/> }
        })
    })
}

/// Why it failed; while it goes on after a failed attempt, quietly why that one did.
#[component]
fn Trouble(
    /// The page's data.
    model: TaskModel,
) -> impl IntoView {
    let (id, number) = model.ids();
    let error = memo(move || model.texts.read().error.clone());
    let is_there = memo(move || error.read().is_some());
    let shown = memo(move || error.get().unwrap_or_default());
    let state = memo(move || {
        let task = model.task.read();
        (task.status == TaskStatus::Failed, task.attempt)
    });
    maybe(move || {
        is_there.get().then(|| {
            let (failed, attempt) = state.get();
            let text = view! { <LongText task=id number part=TaskPart::Error shown/> };
            if !failed {
                let words = if attempt > 1 {
                    format!("Attempt {} failed: ", attempt - 1)
                } else {
                    "Error so far: ".to_owned()
                };
                return view! { <p class="attempt-error muted">{words} {text}</p> }.any();
            }
            view! {
                <section class="trouble" aria-labelledby="task-error">
                    <h2 id="task-error">"Error"</h2>
                    <pre tabindex="0" dir="auto">{text}</pre>
                </section>
            }
            .any()
        })
    })
}

/// What its agent answered.
#[component]
fn Answer(
    /// The page's data.
    model: TaskModel,
) -> impl IntoView {
    let (id, number) = model.ids();
    let result = memo(move || model.texts.read().result.clone());
    let is_there = memo(move || result.read().is_some());
    let shown = memo(move || result.get().unwrap_or_default());
    maybe(move || {
        is_there.get().then(|| {
            view! {
                <section aria-labelledby="task-result">
                    <h2 id="task-result">"Result"</h2>
                    <pre class="result" tabindex="0" dir="auto">
                        <LongText task=id number part=TaskPart::Result shown/>
                    </pre>
                </section>
            }
        })
    })
}

/// Everything else that is known.
#[component]
fn Facts(model: TaskModel, task: Signal<Task>) -> impl IntoView {
    let facts = memo(move || facts(&task.read()));
    let rows = part(move || {
        row(facts.get(), |(name, fact)| {
            let value = match fact {
                Fact::Words(words) => words.into_any(),
                Fact::Moment(time) => view! { <Ago time/> }.any(),
                Fact::Link(label, url) => view! { <a href=url>{label}</a> }.any(),
            };
            pair(name, value)
        })
    });
    let relatives = part(move || {
        let of = model.retry_of.get().map(|of| ("Retry of", vec![of]));
        let by = Some(("Retried by", model.retried_by.get())).filter(|(_, by)| !by.is_empty());
        row(of.into_iter().chain(by), |(name, numbers)| {
            let links = row(numbers, |number| {
                view! { <a href=paths::task(number)>{format!("#{number}")}</a> " " }
            });
            pair(name, links)
        })
    });
    let sessions = maybe(move || {
        let sessions = Some(model.sessions.get()).filter(|them| !them.is_empty())?;
        let links = row(sessions, |(id, name, stands)| {
            let url = paths::session(&id);
            view! { <div><a href=url><bdi>{name}</bdi></a> " " {stands}</div> }
        });
        Some(pair("Sessions", links))
    });
    let labels = memo(move || task.read().labels.clone());
    let labels = maybe(move || {
        let labels = Some(labels.get()).filter(|labels| !labels.is_empty())?;
        let links = row(labels, |label| {
            let mut query = TasksQuery::default();
            query.filter.label = Some(label.clone());
            view! { <a class="chip" href=query.url(paths::TASKS)><bdi>{label}</bdi></a> " " }
        });
        Some(pair("Labels", links))
    });
    view! { <dl class="facts facts-list">{rows} {relatives} {sessions} {labels}</dl> }
}

fn pair(name: &'static str, value: AnyView) -> AnyView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd class="figure">{value}</dd>
        </div>
    }
    .any()
}

/// What stands beside a name.
#[derive(Clone, Debug, PartialEq)]
enum Fact {
    Words(String),
    Moment(Timestamp),
    Link(String, String),
}

fn project(name: &str) -> Fact {
    let mut query = TasksQuery::default();
    query.filter.project.push(name.to_owned());
    Fact::Link(name.to_owned(), query.url(paths::TASKS))
}

fn facts(task: &Task) -> Vec<(&'static str, Fact)> {
    let agent = |name: &String| Fact::Link(name.clone(), paths::agent(name));
    let seconds = |seconds: u32| duration(f64::from(seconds));
    let usage = &task.usage;
    let tokens = format!(
        "{} in, {} out",
        grouped(usage.input_tokens),
        grouped(usage.output_tokens)
    );
    let used_tokens = usage.input_tokens + usage.output_tokens > 0;
    let requested = task.requested_agent.as_ref();
    let all = [
        ("Agent", task.agent.as_ref().map(agent)),
        (
            "Asked for",
            requested
                .filter(|name| task.agent.as_ref() != Some(*name))
                .map(agent),
        ),
        // Nobody has to know of the one that all others are in.
        (
            "Project",
            (task.project != DEFAULT_PROJECT).then(|| project(&task.project)),
        ),
        (
            "Requires",
            (!task.requires.is_empty()).then(|| Fact::Words(task.requires.join(", "))),
        ),
        (
            "Priority",
            (task.priority != Priority::Normal).then(|| Fact::Words(task.priority.as_str().into())),
        ),
        (
            "Attempt",
            Some(Fact::Words(format!(
                "{} of {}",
                task.attempt, task.max_attempts
            ))),
        ),
        ("Created by", Some(Fact::Words(task.created_by.clone()))),
        ("Created", Some(Fact::Moment(task.created_at))),
        ("Started", task.started_at.map(Fact::Moment)),
        ("Ended", task.completed_at.map(Fact::Moment)),
        (
            "Estimate",
            task.estimated_seconds
                .map(|all| Fact::Words(format!("~{}", duration(all)))),
        ),
        (
            "Time limit",
            Some(Fact::Words(seconds(task.timeout_seconds))),
        ),
        ("Tokens", used_tokens.then_some(Fact::Words(tokens))),
        ("Cost", Some(Fact::Words(cost(usage.cost_usd)))),
        (
            "Runs outside",
            task.external
                .then(|| Fact::Words("its agent only reports".into())),
        ),
    ];
    all.into_iter()
        .filter_map(|(name, fact)| Some((name, fact?)))
        .collect()
}
