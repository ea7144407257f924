//! Creating, changing and ending tasks.

use axum::http::StatusCode;

use crate::domain::{
    AgentKind, AppError, IdempotencyKey, NewTask, Page, Reply, Task, TaskChange, TaskFilter,
    TaskLink, TaskRef, TaskStatus,
};
use crate::server::auth::{Operator, Viewer};
use crate::server::operations::agents;
use crate::server::state::AppState;
use crate::server::storage::tasks::{
    CancelTask, Cancellation, ChangeTask, CreateTask, ExpediteTask, GiveInput, StoredTask,
};

/// A created task, or the one that an earlier request with the same key had created.
pub(crate) struct Created {
    task: Task,
    pub(crate) replayed: bool,
}

impl Created {
    pub(crate) fn into_task(self) -> Task {
        self.task
    }
}

/// A cancelled task, or one whose agent is being stopped.
pub(crate) struct Cancelled {
    task: Task,
    done: bool,
    /// Of the attempt that is being stopped.
    lease: Option<String>,
}

impl Cancelled {
    pub(crate) fn into_task(self) -> Task {
        self.task
    }

    pub(super) fn lease(&self) -> Option<&str> {
        self.lease.as_deref()
    }

    /// 200 when it is cancelled, 202 while its agent is being stopped.
    pub(crate) fn status(&self) -> StatusCode {
        if self.done {
            StatusCode::OK
        } else {
            StatusCode::ACCEPTED
        }
    }
}

/// One task.
pub(crate) async fn get(app: &AppState, _: &Viewer, task: &str) -> Result<Task, AppError> {
    let stored = app.db.task(parse(task)?).await?;
    Ok(shown(app, stored))
}

/// A page of tasks, newest first.
pub(crate) async fn list(
    app: &AppState,
    _: &Viewer,
    filter: &TaskFilter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<Task>, AppError> {
    let problems = filter.problems();
    if !problems.is_empty() {
        return Err(AppError::invalid(problems));
    }
    let page = app.db.tasks(filter, cursor, limit).await?;
    let items = page
        .items
        .into_iter()
        .map(|stored| shown(app, stored))
        .collect();
    Ok(Page {
        items,
        next: page.next,
    })
}

/// Creates a task.
pub(crate) async fn create(
    app: &AppState,
    who: &Operator,
    new: NewTask,
    key: Option<IdempotencyKey>,
) -> Result<Created, AppError> {
    let problems = new.problems();
    if !problems.is_empty() {
        return Err(AppError::invalid(problems));
    }
    let external = new.status == Some(TaskStatus::Running);
    if let Some(agent) = new
        .agent
        .as_deref()
        .filter(|_| !external && !new.agent_may_come)
    {
        agents::check_request(app, agent)?;
    }
    insert(app, who, new, None, key).await
}

/// Tries a failed or cancelled task again, as a new task that names the old one.
pub(crate) async fn retry(
    app: &AppState,
    who: &Operator,
    task: &str,
    description: Option<String>,
    key: Option<IdempotencyKey>,
) -> Result<Created, AppError> {
    let old = app.db.task(parse(task)?).await?;
    if !matches!(old.task.status, TaskStatus::Failed | TaskStatus::Cancelled) {
        return Err(AppError::conflict(format!(
            "task #{} is {}: only a failed or cancelled task can be retried",
            old.task.number,
            old.task.status.label()
        )));
    }
    let runner = old.task.agent.as_deref().filter(|_| old.task.external);
    let runs_here = |name: &str| {
        let known = app.board.record(name);
        known.is_some_and(|(record, _)| record.kind != AgentKind::External)
    };
    if let Some(runner) = runner.filter(|name| !runs_here(name)) {
        return Err(AppError::conflict(format!(
            "task #{} was {} outside: {runner} only reported it, and nobody here could run it \
             again; create a new task",
            old.task.number,
            old.task.status.label()
        )));
    }
    // An edited description gets a title of its own unless the old title was a choice.
    let derived = NewTask {
        description: old.task.description.clone(),
        ..NewTask::default()
    };
    let keeps_title = description.is_none() || derived.title_or_first_line() != old.task.title;
    let id = old.task.id;
    let new = NewTask {
        description: description.unwrap_or(old.task.description),
        title: keeps_title.then_some(old.task.title),
        priority: Some(old.task.priority),
        // It waited for its agent before; whoever asks for it once more knows that.
        agent_may_come: old.task.requested_agent.is_some(),
        agent: old.task.requested_agent,
        requires: old.task.requires,
        after: old
            .task
            .after
            .iter()
            .map(|id| TaskLink::Text(id.to_string()))
            .collect(),
        labels: old.task.labels,
        timeout_seconds: old.timeout,
        max_attempts: Some(old.task.max_attempts),
        metadata: old.task.metadata,
        start_after: None,
        status: None,
    };
    let problems = new.problems();
    if !problems.is_empty() {
        return Err(AppError::invalid(problems));
    }
    insert(app, who, new, Some(id), key).await
}

async fn insert(
    app: &AppState,
    who: &Operator,
    new: NewTask,
    retry_of: Option<crate::domain::TaskId>,
    key: Option<IdempotencyKey>,
) -> Result<Created, AppError> {
    let (id, now) = (app.clock.task_id(), app.clock.now());
    let create = CreateTask {
        id,
        new,
        actor: who.name().to_owned(),
        retry_of,
        key,
        now,
    };
    let creation = app.db.write(create).await?;
    note_report(app, &creation.stored);
    Ok(Created {
        task: shown(app, creation.stored),
        replayed: creation.replayed,
    })
}

/// Changes a task; `lease` is the reporter's, `message` becomes a log entry.
pub(crate) async fn change(
    app: &AppState,
    who: &Operator,
    task: &str,
    change: TaskChange,
    lease: Option<String>,
    message: Option<String>,
) -> Result<Task, AppError> {
    let problems = change.problems();
    if !problems.is_empty() {
        return Err(AppError::invalid(problems));
    }
    // Without a lease this is a person's wish, and the agent has to be stopped for it.
    if lease.is_none() && change.status == Some(TaskStatus::Cancelled) {
        return cancel(app, who, task).await.map(Cancelled::into_task);
    }
    let actor = who.name().to_owned();
    let now = app.clock.now();
    let write = ChangeTask {
        task: parse(task)?,
        change,
        lease,
        message,
        actor,
        now,
    };
    let stored = app.db.write(write).await?;
    note_report(app, &stored);
    Ok(shown(app, stored))
}

/// Notes a sign of life of the agent of an external task.
fn note_report(app: &AppState, stored: &StoredTask) {
    if let Some(agent) = stored
        .task
        .agent
        .as_deref()
        .filter(|_| stored.task.external)
    {
        agents::note_report(app, agent);
    }
}

/// Cancels a task: at once, or by stopping its agent.
pub(crate) async fn cancel(
    app: &AppState,
    who: &Operator,
    task: &str,
) -> Result<Cancelled, AppError> {
    let actor = who.name().to_owned();
    let now = app.clock.now();
    match app
        .db
        .write(CancelTask {
            task: parse(task)?,
            actor,
            now,
        })
        .await?
    {
        Cancellation::Done(stored) => Ok(Cancelled {
            task: shown(app, stored),
            done: true,
            lease: None,
        }),
        Cancellation::Requested(stored) => {
            let lease = stored.lease.as_ref().map(|lease| lease.id.clone());
            let run = lease.as_deref().and_then(|lease| app.runs.get(lease));
            run.inspect(|run| run.cancel.cancel());
            Ok(Cancelled {
                task: shown(app, stored),
                done: false,
                lease,
            })
        }
    }
}

/// Moves a pending task to the head of the queue.
pub(crate) async fn start(app: &AppState, who: &Operator, task: &str) -> Result<Task, AppError> {
    let actor = who.name().to_owned();
    let now = app.clock.now();
    let stored = app
        .db
        .write(ExpediteTask {
            task: parse(task)?,
            actor,
            now,
        })
        .await?;
    Ok(shown(app, stored))
}

/// Answers the question of a task that needs input.
pub(crate) async fn input(
    app: &AppState,
    who: &Operator,
    task: &str,
    reply: Reply,
) -> Result<Task, AppError> {
    let problems = reply.problems();
    if !problems.is_empty() {
        return Err(AppError::invalid(problems));
    }
    let actor = who.name().to_owned();
    let now = app.clock.now();
    let write = GiveInput {
        task: parse(task)?,
        reply,
        actor,
        now,
    };
    let (stored, answer) = app.db.write(write).await?;
    let lease = stored.lease.as_ref().map(|lease| &lease.id);
    if let Some(run) = lease.and_then(|lease| app.runs.get(lease)) {
        if stored.task.status != TaskStatus::NeedsInput {
            run.asking.send_replace(false);
        }
        // A run that just ended needs no answer any more.
        let _ended = run.input.send(answer);
    }
    Ok(shown(app, stored))
}

/// Reads `17`, `#17` or an id.
pub(crate) fn parse(task: &str) -> Result<TaskRef, AppError> {
    TaskRef::parse(task).ok_or_else(|| {
        AppError::not_found(format!("there is no task {task:?}: use its number or id"))
    })
}

pub(super) fn shown(app: &AppState, stored: StoredTask) -> Task {
    app.board.shown(stored, app.clock.now())
}
