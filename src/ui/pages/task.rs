//! One task: where it stands, what it prints, what came of it, what can be done.

use leptos::either::{Either, EitherOf3};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::not_found::Missing;
use super::task_log::LogView;
use super::task_model::TaskModel;
use crate::domain::{ErrorKind, Priority, Task, TaskStatus, Timestamp};
use crate::rpc;
use crate::ui::components::{
    ActivityLine, Ago, AnswerForm, CancelTask, Failure, Mention, ProgressBar, RetryForm, RetryTask,
    Skeleton, StartTask, TaskBadge, Waits, cost, duration, grouped, timing,
};
use crate::ui::paths::{self, TasksQuery};
use crate::ui::state::Clock;

/// The page at `/tasks/:number`.
#[component]
pub(crate) fn TaskPage() -> impl IntoView {
    let params = use_params_map();
    let number = Memo::new(move |_| params.with(|it| it.get("number").unwrap_or_default()));
    // Another task is another page: nothing of the former one stays.
    view! {
        <For each=move || [number.get()] key=String::clone let:number>
            <Screen number/>
        </For>
    }
    .into_any()
}

#[component]
fn Screen(
    /// The task's number or id, as in the URL.
    number: String,
) -> impl IntoView {
    let asked = number.clone();
    let first = Resource::new_blocking(move || asked.clone(), rpc::tasks::view);
    let page = move || {
        let url = paths::task_by(&number);
        Suspend::new(async move {
            match first.await {
                Ok(view) => {
                    let model = TaskModel::new(&view);
                    EitherOf3::A(view! { <Loaded model/> })
                }
                Err(error) if error.kind == ErrorKind::NotFound => {
                    let list = (paths::TASKS, "tasks");
                    EitherOf3::B(view! { <Missing detail=error.detail list/> })
                }
                Err(error) => EitherOf3::C(view! { <Failure error url/> }),
            }
        })
    };
    view! { <Suspense fallback=Skeleton>{page}</Suspense> }
}

#[component]
fn Loaded(
    /// The page's data.
    model: TaskModel,
) -> impl IntoView {
    let task: Signal<Task> = model.task.into();
    let status = Memo::new(move |_| task.with(|task| task.status));
    let heading = move || task.with(|task| format!("#{} {}", task.number, task.title));
    let description = Memo::new(move |_| task.with(|task| task.description.clone()));
    view! {
        <Title text=heading/>
        <Head model task status/>
        <Waits task/>
        <Ask model status/>
        <Trouble task/>
        <div class="split">
            <div class="split-main">
                <section aria-labelledby="task-description">
                    <h2 id="task-description">"Description"</h2>
                    <div class="prose">{description}</div>
                </section>
                <Answer task/>
                <LogView log=model.log/>
            </div>
            <aside class="split-side">
                <section aria-labelledby="task-facts">
                    <h2 id="task-facts">"Details"</h2>
                    <Facts model task/>
                </section>
                <section aria-labelledby="task-timeline">
                    <h2 id="task-timeline">"Timeline"</h2>
                    <ul class="activities">
                        <For
                            each=move || model.timeline.get()
                            key=|activity| activity.id
                            let:activity
                        >
                            <ActivityLine activity mention=Mention::Nothing/>
                        </For>
                    </ul>
                </section>
            </aside>
        </div>
    }
}

/// Status, title, progress and the buttons.
#[component]
fn Head(
    /// The page's data.
    model: TaskModel,
    /// The task.
    task: Signal<Task>,
    /// Where it stands.
    status: Memo<TaskStatus>,
) -> impl IntoView {
    let clock = Clock::get();
    let (id, number) = task.with_untracked(|task| (task.id, task.number));
    let progress = Memo::new(move |_| task.with(|task| task.progress));
    let title = Memo::new(move |_| task.with(|task| task.title.clone()));
    let stopping = Signal::derive(move || model.stopping.get() && status.get().is_held());
    let actions = move || match status.get() {
        TaskStatus::Pending => EitherOf3::A(view! {
            <StartTask id number/>
            <CancelTask id number stopping/>
        }),
        TaskStatus::Running | TaskStatus::NeedsInput => {
            EitherOf3::B(view! { <CancelTask id number stopping/> })
        }
        TaskStatus::Failed | TaskStatus::Cancelled => {
            EitherOf3::C(Some(view! { <RetryTask id number/> }))
        }
        TaskStatus::Completed => EitherOf3::C(None),
    };
    let again = move || {
        let ended = matches!(status.get(), TaskStatus::Failed | TaskStatus::Cancelled);
        ended.then(|| {
            let description = task.with_untracked(|task| task.description.clone());
            view! { <RetryForm id description/> }
        })
    };
    view! {
        <header class="page-head">
            // The one thing on this page that is worth saying aloud when it changes.
            <span aria-live="polite">
                <TaskBadge status progress stopping/>
            </span>
            <h1>
                <span class="figure muted">{format!("#{number}")}</span>
                " "
                {title}
            </h1>
            <div class="page-actions">{actions}</div>
        </header>
        <div class="page-line">
            {move || status.get().is_held().then(|| view! { <ProgressBar progress/> })}
            <span class="figure muted">{move || task.with(|task| timing(task, clock.now()))}</span>
        </div>
        {again}
    }
}

/// The question that it waits for an answer to.
#[component]
fn Ask(
    /// The page's data.
    model: TaskModel,
    /// Where it stands.
    status: Memo<TaskStatus>,
) -> impl IntoView {
    move || {
        (status.get() == TaskStatus::NeedsInput).then(|| {
            let id = model.task.with_untracked(|task| task.id);
            view! { <AnswerForm id question=model.question.get()/> }
        })
    }
}

/// Why it failed, or went back to the queue.
#[component]
fn Trouble(
    /// The task.
    task: Signal<Task>,
) -> impl IntoView {
    let error = Memo::new(move |_| task.with(|task| task.error.clone()));
    move || {
        error.get().map(|error| {
            view! {
                <section class="trouble" aria-labelledby="task-error">
                    <h2 id="task-error">"Error"</h2>
                    <pre tabindex="0">{error}</pre>
                </section>
            }
        })
    }
}

/// What its agent answered.
#[component]
fn Answer(
    /// The task.
    task: Signal<Task>,
) -> impl IntoView {
    let result = Memo::new(move |_| task.with(|task| task.result.clone()));
    let text = move || {
        result.get().map(|result| match result {
            serde_json::Value::String(text) => text,
            other => serde_json::to_string_pretty(&other).unwrap_or_default(),
        })
    };
    move || {
        text().map(|text| {
            view! {
                <section aria-labelledby="task-result">
                    <h2 id="task-result">"Result"</h2>
                    <pre class="result" tabindex="0">
                        {text}
                    </pre>
                </section>
            }
        })
    }
}

/// Everything else that is known.
#[component]
fn Facts(
    /// The page's data.
    model: TaskModel,
    /// The task.
    task: Signal<Task>,
) -> impl IntoView {
    let facts = Memo::new(move |_| task.with(facts));
    let list = move || {
        let facts = facts.get().into_iter();
        facts
            .map(|(name, fact)| {
                let value = match fact {
                    Fact::Words(words) => EitherOf3::A(words),
                    Fact::Moment(time) => EitherOf3::B(view! { <Ago time/> }),
                    Fact::Link(label, url) => EitherOf3::C(view! { <a href=url>{label}</a> }),
                };
                view! {
                    <div>
                        <dt>{name}</dt>
                        <dd class="figure">{value}</dd>
                    </div>
                }
            })
            .collect_view()
    };
    let relatives = move || {
        let of = model
            .retry_of
            .get()
            .map(|number| ("Retry of", vec![number]));
        let by = Some(("Retried by", model.retried_by.get())).filter(|(_, by)| !by.is_empty());
        let pairs = [of, by].into_iter().flatten();
        pairs
            .map(|(name, numbers)| {
                let links = numbers.into_iter().map(|number| {
                    view! { <a href=paths::task(number)>{format!("#{number}")}</a> " " }
                });
                view! {
                    <div>
                        <dt>{name}</dt>
                        <dd class="figure">{links.collect_view()}</dd>
                    </div>
                }
            })
            .collect_view()
    };
    let labels = Memo::new(move |_| task.with(|task| task.labels.clone()));
    let labels = move || {
        let labels = labels.get();
        if labels.is_empty() {
            return Either::Left(());
        }
        let links = labels.into_iter().map(|label| {
            let mut query = TasksQuery::default();
            query.filter.label = Some(label.clone());
            view! { <a class="chip" href=query.url(paths::TASKS)>{label}</a> " " }
        });
        Either::Right(view! {
            <div>
                <dt>"Labels"</dt>
                <dd>{links.collect_view()}</dd>
            </div>
        })
    };
    view! { <dl class="facts facts-list">{list} {relatives} {labels}</dl> }
}

/// What stands beside a name.
#[derive(Clone, Debug, PartialEq)]
enum Fact {
    Words(String),
    Moment(Timestamp),
    Link(String, String),
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
            "Requested agent",
            requested
                .filter(|name| task.agent.as_ref() != Some(*name))
                .map(agent),
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
