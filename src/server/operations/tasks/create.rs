//! Creating tasks, and trying them again.

use super::{note_report, parse, shown};
use crate::domain::{
    AgentKind, AppError, Code, IdempotencyKey, NewTask, Task, TaskBody, TaskDetail, TaskId,
    TaskLink, TaskStatus, line_feeds,
};
use crate::server::auth::Operator;
use crate::server::operations::agents;
use crate::server::state::AppState;
use crate::server::storage::tasks::CreateTask;

/// A created task, or the one that an earlier request with the same key had created.
pub(crate) struct Created {
    task: TaskDetail,
    pub(crate) replayed: bool,
}

impl Created {
    pub(crate) fn into_task(self) -> Task {
        self.task.task
    }

    pub(crate) fn into_detail(self) -> TaskDetail {
        self.task
    }
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
        agents::check_request(app, &who.viewer(), agent)?;
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
    let viewer = who.viewer();
    let old = app.db.task(viewer.scope(), parse(task)?).await?;
    if !matches!(old.task.status, TaskStatus::Failed | TaskStatus::Cancelled) {
        return Err(AppError::new(
            Code::TaskNotRetryable,
            format!(
                "task #{} is {}: only a failed or cancelled task can be retried",
                old.task.number,
                old.task.status.label()
            ),
        ));
    }
    let runner = old.task.agent.as_deref().filter(|_| old.task.external);
    let runs_here = |name: &str| {
        let known = app.board.record(name);
        known.is_some_and(|(record, _)| record.kind != AgentKind::External)
    };
    if let Some(runner) = runner.filter(|name| !runs_here(name)) {
        return Err(AppError::new(
            Code::TaskRanOutside,
            format!(
                "task #{} was {} outside: {runner} only reported it, and nobody here could run it \
             again; create a new task",
                old.task.number,
                old.task.status.label()
            ),
        ));
    }
    let body = app.db.task_body(old.task.number).await?;
    // An edited description gets a title of its own unless the old title was a choice.
    let derived = NewTask {
        description: body.description.clone(),
        ..NewTask::default()
    };
    let keeps_title = description.is_none() || derived.title_or_first_line() != old.task.title;
    let id = old.task.id;
    let new = NewTask {
        description: description.unwrap_or(body.description),
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
        metadata: body.metadata,
        project: Some(old.task.project),
        ..NewTask::default()
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
    retry_of: Option<TaskId>,
    key: Option<IdempotencyKey>,
) -> Result<Created, AppError> {
    let (id, now) = (app.clock.task_id(), app.clock.now());
    let new = NewTask {
        description: line_feeds(new.description),
        ..new
    };
    let given = TaskBody {
        description: new.description.clone(),
        result: None,
        metadata: new.metadata.clone(),
    };
    let key = key.map(|key| IdempotencyKey {
        actor: who.actor().to_owned(),
        ..key
    });
    let create = CreateTask {
        id,
        new,
        author: who.author(),
        retry_of,
        key,
        now,
    };
    let creation = app.db.write(create).await?;
    note_report(app, &creation.stored);
    let body = if creation.replayed {
        app.db.task_body(creation.stored.task.number).await?
    } else {
        given
    };
    let task = shown(app, who.viewer().scope(), creation.stored);
    Ok(Created {
        task: TaskDetail { task, body },
        replayed: creation.replayed,
    })
}
