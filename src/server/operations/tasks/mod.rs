//! Creating, changing and ending tasks.

mod create;

use axum::http::StatusCode;

pub(crate) use self::create::{Created, create, retry};
use crate::domain::{
    AppError, Code, Page, Reply, Scope, Task, TaskChange, TaskDetail, TaskFilter, TaskRef,
    TaskStatus, UsageRecord, line_feeds,
};
use crate::server::auth::{Operator, Viewer};
use crate::server::operations::agents;
use crate::server::state::AppState;
use crate::server::storage::tasks::{
    CancelTask, Cancellation, ChangeTask, ExpediteTask, GiveInput, StoredTask,
};

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

/// One task, whole.
pub(crate) async fn get(
    app: &AppState,
    viewer: &Viewer,
    task: &str,
) -> Result<TaskDetail, AppError> {
    let stored = app.db.task(viewer.scope(), parse(task)?).await?;
    detail(app, viewer.scope(), stored).await
}

/// A task as an operation answered it, with what lists leave out.
pub(crate) async fn whole(app: &AppState, task: Task) -> Result<TaskDetail, AppError> {
    let body = app.db.task_body(task.number).await?;
    Ok(TaskDetail { task, body })
}

/// What was stored of a task, with what lists leave out.
async fn detail(app: &AppState, scope: &Scope, stored: StoredTask) -> Result<TaskDetail, AppError> {
    let body = app.db.task_body(stored.task.number).await?;
    let task = shown(app, scope, stored);
    Ok(TaskDetail { task, body })
}

/// A page of tasks, newest first.
pub(crate) async fn list(
    app: &AppState,
    viewer: &Viewer,
    filter: &TaskFilter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<Task>, AppError> {
    let problems = filter.problems();
    if !problems.is_empty() {
        return Err(AppError::invalid(problems));
    }
    let page = app.db.tasks(viewer.scope(), filter, cursor, limit).await?;
    let now = app.clock.now();
    Ok(Page {
        items: app.board.all_shown(viewer.scope(), page.items, now),
        next: page.next,
    })
}

/// A page of what a task used, record by record.
pub(crate) async fn usage(
    app: &AppState,
    viewer: &Viewer,
    task: &str,
    cursor: Option<&str>,
    limit: u32,
) -> Result<Page<UsageRecord>, AppError> {
    let stored = app.db.task(viewer.scope(), parse(task)?).await?;
    let number = stored.task.number;
    Ok(app.db.usage_records(number, cursor, limit).await?)
}

/// Changes a task; with `expected`, only when that is its `edit_version` still. `lease` is the reporter's.
pub(crate) async fn change(
    app: &AppState,
    who: &Operator,
    task: &str,
    change: TaskChange,
    expected: Option<i64>,
    lease: Option<String>,
) -> Result<Task, AppError> {
    let problems = change.problems();
    if !problems.is_empty() {
        return Err(AppError::invalid(problems));
    }
    let change = TaskChange {
        description: change.description.map(line_feeds),
        ..change
    };
    // Without a lease this is a person's wish, and the agent has to be stopped for it.
    let cancels = lease.is_none() && change.status == Some(TaskStatus::Cancelled);
    let author = who.author();
    let now = app.clock.now();
    let write = ChangeTask {
        task: parse(task)?,
        change,
        expected,
        lease,
        author,
        now,
    };
    let stored = app.db.write(write).await?;
    note_report(app, &stored);
    if let Some(lease) = stored.lease.as_ref().filter(|_| cancels)
        && let Some(run) = app.runs.get(&lease.id)
    {
        run.cancel.cancel();
    }
    Ok(shown(app, who.viewer().scope(), stored))
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
    expected: Option<i64>,
) -> Result<Cancelled, AppError> {
    let author = who.author();
    let now = app.clock.now();
    match app
        .db
        .write(CancelTask {
            task: parse(task)?,
            expected,
            author,
            now,
        })
        .await?
    {
        Cancellation::Done(stored) => Ok(Cancelled {
            task: shown(app, who.viewer().scope(), stored),
            done: true,
            lease: None,
        }),
        Cancellation::Requested(stored) => {
            let lease = stored.lease.as_ref().map(|lease| lease.id.clone());
            let run = lease.as_deref().and_then(|lease| app.runs.get(lease));
            run.inspect(|run| run.cancel.cancel());
            Ok(Cancelled {
                task: shown(app, who.viewer().scope(), stored),
                done: false,
                lease,
            })
        }
    }
}

/// Moves a pending task to the head of the queue.
pub(crate) async fn start(
    app: &AppState,
    who: &Operator,
    task: &str,
    expected: Option<i64>,
) -> Result<Task, AppError> {
    let author = who.author();
    let now = app.clock.now();
    let stored = app
        .db
        .write(ExpediteTask {
            task: parse(task)?,
            expected,
            author,
            now,
        })
        .await?;
    Ok(shown(app, who.viewer().scope(), stored))
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
    let author = who.author();
    let now = app.clock.now();
    let reply = Reply {
        text: reply.text.map(line_feeds),
        ..reply
    };
    let write = GiveInput {
        task: parse(task)?,
        reply,
        author,
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
    Ok(shown(app, who.viewer().scope(), stored))
}

/// Reads `17`, `#17` or an id.
pub(crate) fn parse(task: &str) -> Result<TaskRef, AppError> {
    TaskRef::parse(task).ok_or_else(|| {
        AppError::new(
            Code::TaskNotFound,
            format!("there is no task {task:?}: use its number or id"),
        )
    })
}

/// A stored task as somebody with `scope` sees it.
pub(super) fn shown(app: &AppState, scope: &Scope, stored: StoredTask) -> Task {
    app.board.shown(scope, stored, app.clock.now())
}
