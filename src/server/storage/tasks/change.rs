//! Changes that a person or an agent asks for by name: edits, and reports of holders over HTTP.

use super::StoredTask;
use super::report::{asks, set_aside};
use super::row::{body, description, load};
use super::save::{NewBody, save};
use crate::domain::{
    ActivityKind, AppError, Author, Code, NewLog, NewQuestion, NewTask, Outcome, TaskChange,
    TaskRef, TaskStatus, Timestamp, Transition, excerpt, is_head_key, order_key,
};
use crate::server::storage::activity::{Happening, record};
use crate::server::storage::agents::note_reporter;
use crate::server::storage::{Answer, Tx, Write, logs, usage};

/// Applies `change`. A holder reports with its lease; without one only an external task can be
/// reported on, and only a person's fields of any other.
pub(crate) struct ChangeTask {
    pub(crate) task: TaskRef,
    pub(crate) change: TaskChange,
    /// The `edit_version` that the caller knows; any when absent.
    pub(crate) expected: Option<i64>,
    pub(crate) lease: Option<String>,
    pub(crate) author: Author,
    pub(crate) now: Timestamp,
}

impl Write for ChangeTask {
    type Output = StoredTask;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<StoredTask> {
        let mut stored = load(tx, &self.author.sees, self.task).await?;
        let before = stored.task.status;
        if self.repeats(&stored) {
            return self.repeat(tx, stored).await;
        }
        let asked = stored.questions.clone();
        self.authorise(&mut stored)?;
        stored.check_edition(self.expected)?;
        let mut kinds = Vec::new();
        kinds.extend(self.edit(tx, &mut stored).await?);
        let attempt = stored.task.attempt;
        kinds.extend(self.report(&mut stored)?);
        if self.lease.is_some() {
            // Whoever reports after it was told has heard.
            stored.answers.retain(|sent| !sent.told);
        }
        let reporter = stored.task.agent.clone().filter(|_| stored.task.external);
        if let Some(agent) = reporter {
            note_reporter(tx, &agent, self.now).await?;
        }
        if let Some(report) = &self.change.usage {
            usage::report(tx, &mut stored, attempt, report, self.now).await?;
        }
        let told = self.change.result.clone();
        let result = if before.is_held() {
            set_aside(tx, &stored, attempt, told, self.now).await?
        } else {
            told
        };
        let new = NewBody {
            description: self.change.description.clone(),
            result,
            metadata: self.change.metadata.clone(),
        };
        save(tx, before, &mut stored, new).await?;
        let said = self.change.message.as_ref().map(|message| NewLog {
            message: message.clone(),
            ..NewLog::default()
        });
        let asked = self.question(&stored).filter(|_| stored.questions != asked);
        let asked = asked.map(|question| asks(&stored, &question.text));
        let entries: Vec<NewLog> = said.into_iter().chain(asked).collect();
        logs::append(tx, &stored, &entries, self.now).await?;
        for kind in kinds {
            self.record(tx, &stored, kind);
        }
        Ok(stored)
    }
}

impl ChangeTask {
    /// True when the task ended just so before: the answer to that may have been lost.
    fn repeats(&self, stored: &StoredTask) -> bool {
        let status = stored.task.status;
        let is_last = |lease| Some(lease) == stored.last_lease.as_ref();
        status.is_finished()
            && self.change.status == Some(status)
            && self.lease.as_ref().is_none_or(is_last)
    }

    /// The same final status once more. What comes with it is there already, or is too late.
    async fn repeat(&self, tx: &mut Tx<'_>, mut stored: StoredTask) -> Answer<StoredTask> {
        if self.lease.is_none() {
            stored.check_author(&self.author)?;
        }
        let change = &self.change;
        let number = stored.task.number;
        let result = body(tx, number).await?.0.result;
        let told = change.result.as_ref().filter(|told| !told.is_null());
        let why = change.error.as_ref().filter(|why| why.is_some());
        let other = told.is_some_and(|told| Some(told) != result.as_ref())
            || why.is_some_and(|why| *why != stored.task.error);
        if other {
            let detail = format!("task #{number} is {} already", stored.task.status.label());
            return Err(AppError::new(Code::TaskFinished, detail).into());
        }
        let before = stored.task.status;
        let edited = self.edit(tx, &mut stored).await?;
        if let Some(kind) = edited {
            let new = NewBody {
                metadata: change.metadata.clone(),
                ..NewBody::default()
            };
            save(tx, before, &mut stored, new).await?;
            self.record(tx, &stored, kind);
        }
        Ok(stored)
    }

    fn record(&self, tx: &mut Tx<'_>, stored: &StoredTask, kind: ActivityKind) {
        let question = stored.task.question.as_ref();
        let happening = Happening {
            kind,
            task: Some(&stored.task),
            agent: None,
            actor: &self.author.name,
            detail: match kind {
                ActivityKind::Failed | ActivityKind::Requeued => stored.task.error.as_deref(),
                ActivityKind::NeedsInput => question.map(|it| it.text.as_str()),
                _ => None,
            },
            time: self.now,
        };
        record(tx, happening);
    }

    /// True when a person wishes that the holder of the task stops.
    fn asks_to_cancel(&self, stored: &StoredTask) -> bool {
        let wish = self.lease.is_none() && self.change.status == Some(TaskStatus::Cancelled);
        wish && stored.lease.is_some()
    }

    fn authorise(&self, stored: &mut StoredTask) -> Result<(), AppError> {
        if let Some(lease) = &self.lease {
            stored.lease_of(lease)?.heard = true;
            return Ok(());
        }
        stored.check_author(&self.author)?;
        let task = &stored.task;
        // Who cancels may say what there was.
        let cancels = self.change.status == Some(TaskStatus::Cancelled);
        let reports =
            self.change.is_report() || stored.lease.is_some() && self.change.message.is_some();
        if !reports || cancels && !task.status.is_finished() {
            return Ok(());
        }
        if let (true, Some(agent)) = (stored.lease.is_some(), &task.agent) {
            return Err(AppError::new(
                Code::TaskHeld,
                format!(
                    "task #{} is {} and held by {agent}; only the holder of its lease reports on it",
                    task.number,
                    task.status.label()
                ),
            ));
        }
        // Somebody who starts a pending task by reporting it runs it outside the queue.
        let starts =
            task.status == TaskStatus::Pending && self.change.status == Some(TaskStatus::Running);
        if task.status.is_held() || starts {
            return Ok(());
        }
        match self.change.status {
            Some(status) => task
                .status
                .toward(status)
                .map(|_| ())
                .map_err(AppError::from),
            None => Err(AppError::new(
                Code::TaskNotRunning,
                format!(
                    "task #{} is {}: only a running task is reported on",
                    task.number,
                    task.status.label()
                ),
            )),
        }
    }

    /// The fields that belong to people.
    async fn edit(&self, tx: &mut Tx<'_>, stored: &mut StoredTask) -> Answer<Option<ActivityKind>> {
        let change = &self.change;
        let task = &mut stored.task;
        let pending = task.status == TaskStatus::Pending;
        if (change.description.is_some() || change.priority.is_some()) && !pending {
            return Err(AppError::new(Code::TaskNotPending, format!(
                "task #{} is {}: description and priority can be changed only while it is pending",
                task.number,
                task.status.label()
            ))
            .into());
        }
        let mut edited = false;
        if change.title.is_some() || change.description.is_some() {
            let mut named = NewTask {
                description: description(tx, task.number).await?,
                ..NewTask::default()
            };
            // A title that nobody chose goes with the description.
            let is_derived = named.title_or_first_line() == task.title;
            if let Some(description) = &change.description {
                task.excerpt = excerpt(description);
                named.description.clone_from(description);
            }
            if change.title.is_some() || is_derived {
                named.title.clone_from(&change.title);
                task.title = named.title_or_first_line();
            }
            edited = true;
        }
        if let Some(labels) = &change.labels {
            task.labels.clone_from(labels);
            edited = true;
        }
        edited |= change.metadata.is_some();
        if let Some(priority) = change.priority {
            task.priority = priority;
            if !is_head_key(stored.order_key) {
                stored.order_key = order_key(task.created_at, priority);
            }
            edited = true;
        }
        if edited {
            task.edit_version += 1;
        }
        Ok(edited.then_some(ActivityKind::Edited))
    }

    /// The fields that belong to the holder.
    fn report(&self, stored: &mut StoredTask) -> Result<Option<ActivityKind>, AppError> {
        let change = &self.change;
        if let Some(progress) = change.progress {
            stored.task.progress = progress;
        }
        if change.status == Some(TaskStatus::NeedsInput) {
            return match self.question(stored) {
                Some(question) => stored.ask(&question, self.now),
                None => Ok(None),
            };
        }
        let status = change.status.filter(|&status| status != stored.task.status);
        let Some(status) = status else {
            self.say_why(stored);
            return Ok(None);
        };
        if self.asks_to_cancel(stored) {
            self.say_why(stored);
            let first = stored.cancel_requested_at.is_none();
            stored.cancel_requested_at.get_or_insert(self.now);
            return Ok(first.then_some(ActivityKind::CancelRequested));
        }
        let transition = stored.task.status.toward(status)?;
        match transition {
            Transition::Complete => stored.end(&Outcome::Completed, self.now)?,
            Transition::Cancel => {
                stored.end(&Outcome::Cancelled, self.now)?;
                self.say_why(stored);
            }
            Transition::Fail => {
                let reason = change.error.clone().flatten();
                let reason = reason.unwrap_or_else(|| "the agent gave no reason".to_owned());
                stored.end(&Outcome::failed(reason), self.now)?;
            }
            Transition::Requeue => {
                // A holder that gives up hands the task back for its next attempt.
                stored.end(&Outcome::failed("handed back by its agent"), self.now)?;
            }
            Transition::Claim => {
                stored.step(transition)?;
                stored.task.external = true;
                stored.task.agent.clone_from(&stored.task.requested_agent);
                stored.task.started_at = Some(self.now.max(stored.task.created_at));
                return Ok(Some(ActivityKind::Started));
            }
            Transition::Ask | Transition::Answer => {
                stored.step(transition)?;
            }
        }
        Ok(Some(kind_of(stored.task.status, transition)))
    }

    fn say_why(&self, stored: &mut StoredTask) {
        if let Some(error) = &self.change.error {
            stored.task.error.clone_from(error);
        }
    }

    /// What is asked by this change; nothing when it is the repetition of a request.
    fn question(&self, stored: &StoredTask) -> Option<NewQuestion> {
        if self.change.status != Some(TaskStatus::NeedsInput) {
            return None;
        }
        let asks = stored.task.status == TaskStatus::NeedsInput;
        match &self.change.question {
            Some(question) => {
                Some(question.clone()).filter(|it| !(asks && stored.asks_already(it)))
            }
            None if asks => None,
            None => Some(NewQuestion::asking(
                "it waits for input, and did not say for what",
            )),
        }
    }
}

/// What the timeline calls a move that led to `status`.
pub(super) fn kind_of(status: TaskStatus, transition: Transition) -> ActivityKind {
    match status {
        TaskStatus::Pending => ActivityKind::Requeued,
        TaskStatus::Running if transition == Transition::Answer => ActivityKind::InputGiven,
        TaskStatus::Running => ActivityKind::Started,
        TaskStatus::NeedsInput => ActivityKind::NeedsInput,
        TaskStatus::Completed => ActivityKind::Completed,
        TaskStatus::Failed => ActivityKind::Failed,
        TaskStatus::Cancelled => ActivityKind::Cancelled,
    }
}
