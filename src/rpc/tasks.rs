//! Tasks, as the pages ask for them.

#![expect(
    missing_docs,
    reason = "server functions generate public structs without docs"
)]
#![cfg_attr(
    feature = "ssr",
    expect(
        clippy::unused_async,
        reason = "a server function is async, whatever it waits for"
    )
)]

use leptos::prelude::*;

use crate::domain::{
    Activity, AppError, LogPage, Page, QuestionsView, Task, TaskDraft, TaskFilter, TaskPart,
    TaskView, TasksView,
};
#[cfg(feature = "ssr")]
use crate::{
    domain::Reply,
    server::{operations, reply},
};

/// The tasks page: rows that match `filter`, from `cursor` on, with counts, agents and activity.
#[server(prefix = "/rpc", endpoint = "tasks/list", input = server_fn::codec::Json)]
pub async fn list(filter: TaskFilter, cursor: Option<String>) -> Result<TasksView, AppError> {
    let (app, viewer) = reply::viewer()?;
    reply::with_status(operations::views::tasks(&app, &viewer, &filter, cursor.as_deref()).await)
}

/// The page of one task; `task` is its number or id.
#[server(prefix = "/rpc", endpoint = "tasks/view", input = server_fn::codec::Json)]
pub async fn view(task: String) -> Result<TaskView, AppError> {
    let (app, viewer) = reply::viewer()?;
    reply::with_status(operations::task_page::view(&app, &viewer, &task).await)
}

/// The questions that wait for a person, as every page counts them.
#[server(prefix = "/rpc", endpoint = "tasks/questions", input = server_fn::codec::Json)]
pub async fn questions() -> Result<QuestionsView, AppError> {
    let (app, viewer) = reply::viewer()?;
    Ok(operations::views::questions(&app, &viewer))
}

/// A part of the log of a task, oldest first: the newest entries before `before`, or else the
/// oldest ones after `after`; at most 1000 and 2 MB of them.
#[server(prefix = "/rpc", endpoint = "tasks/logs", input = server_fn::codec::Json)]
pub async fn logs(task: String, before: Option<i64>, after: i64) -> Result<LogPage, AppError> {
    let (app, viewer) = reply::viewer()?;
    reply::with_status(operations::task_page::logs(&app, &viewer, &task, before, after).await)
}

/// What happened to a task before `cursor`, which the page or the answer before this named; oldest
/// first.
#[server(prefix = "/rpc", endpoint = "tasks/timeline", input = server_fn::codec::Json)]
pub async fn timeline(task: String, cursor: String) -> Result<Page<Activity>, AppError> {
    let (app, viewer) = reply::viewer()?;
    reply::with_status(operations::task_page::earlier(&app, &viewer, &task, &cursor).await)
}

/// The whole of a text that the page of a task shows the beginning of.
#[server(prefix = "/rpc", endpoint = "tasks/whole", input = server_fn::codec::Json)]
pub async fn whole(task: String, part: TaskPart) -> Result<String, AppError> {
    let (app, viewer) = reply::viewer()?;
    reply::with_status(operations::task_page::whole(&app, &viewer, &task, part).await)
}

/// Creates a task. The fields are those of the form: empty text means absent, labels are
/// separated by commas. Without JavaScript the answer is a redirect to the new task's page, or back
/// to the form with what was typed.
#[server(prefix = "/rpc", endpoint = "tasks/create")]
pub async fn create(
    description: String,
    title: String,
    priority: String,
    agent: String,
    labels: String,
    #[server(default)] project: String,
) -> Result<Task, AppError> {
    let (app, operator) = reply::operator()?;
    let form = operations::forms::TaskForm {
        project,
        description,
        title,
        priority,
        agent,
        labels,
    };
    let created = operations::forms::create(&app, &operator, &form).await;
    let task = reply::with_draft(created, |error| form.draft(error))?;
    reply::redirect_without_script(&format!("/tasks/{}", task.number));
    Ok(task)
}

/// What was typed into a form that was refused, and why; nothing when that is no longer known.
#[server(prefix = "/rpc", endpoint = "tasks/draft", input = server_fn::codec::Json)]
pub async fn draft(name: String) -> Result<TaskDraft, AppError> {
    let (app, viewer) = reply::viewer()?;
    Ok(operations::forms::draft(&app, &viewer, &name).await)
}

/// Cancels a task; a running one is being stopped when this answers.
#[server(prefix = "/rpc", endpoint = "tasks/cancel")]
pub async fn cancel(task: String) -> Result<Task, AppError> {
    let (app, operator) = reply::operator()?;
    let cancelled = operations::tasks::cancel(&app, &operator, &task, None).await;
    reply::with_status(cancelled).map(operations::tasks::Cancelled::into_task)
}

/// Tries a failed or cancelled task again, as a new task. An empty description keeps the old one.
/// Without JavaScript the answer is a redirect to the new task's page.
#[server(prefix = "/rpc", endpoint = "tasks/retry")]
pub async fn retry(task: String, #[server(default)] description: String) -> Result<Task, AppError> {
    let (app, operator) = reply::operator()?;
    let changed = Some(description).filter(|text| !text.trim().is_empty());
    let retried = operations::tasks::retry(&app, &operator, &task, changed, None).await;
    let task = reply::with_status(retried)?.into_task();
    reply::redirect_without_script(&format!("/tasks/{}", task.number));
    Ok(task)
}

/// Moves a pending task to the head of the queue.
#[server(prefix = "/rpc", endpoint = "tasks/start")]
pub async fn start(task: String) -> Result<Task, AppError> {
    let (app, operator) = reply::operator()?;
    reply::with_status(operations::tasks::start(&app, &operator, &task, None).await)
}

/// Answers the question of a task that needs input.
#[server(prefix = "/rpc", endpoint = "tasks/input")]
pub async fn input(
    task: String,
    #[server(default)] text: String,
    #[server(default)] option: String,
    #[server(default)] question: String,
) -> Result<Task, AppError> {
    let (app, operator) = reply::operator()?;
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    let option = given(option);
    let answer = Reply {
        question: given(question),
        // Both stand in one form, and a button that was pressed says what is meant.
        text: given(text).filter(|_| option.is_none()),
        option,
    };
    reply::with_status(operations::tasks::input(&app, &operator, &task, answer).await)
}
