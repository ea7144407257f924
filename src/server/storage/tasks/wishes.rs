//! What a person wishes of a task: that it comes first, and that it gets an answer.

use super::StoredTask;
use super::row::load;
use super::save::{NewBody, save};
use crate::domain::{
    ActivityKind, Answer as PersonsAnswer, AppError, Author, Code, LogLevel, LogStream, NewLog,
    Reply, TaskRef, TaskStatus, Timestamp, head_key,
};
use crate::server::storage::activity::{Happening, record};
use crate::server::storage::{Answer, Tx, Write, logs};

/// Moves a pending task to the head of the queue.
pub(crate) struct ExpediteTask {
    pub(crate) task: TaskRef,
    /// The `edit_version` that the caller knows; any when absent.
    pub(crate) expected: Option<i64>,
    pub(crate) author: Author,
    pub(crate) now: Timestamp,
}

impl Write for ExpediteTask {
    type Output = StoredTask;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<StoredTask> {
        let mut stored = load(tx, &self.author.sees, self.task).await?;
        stored.check_author(&self.author)?;
        stored.check_edition(self.expected)?;
        let status = stored.task.status;
        if status != TaskStatus::Pending {
            let number = stored.task.number;
            let detail = format!(
                "task #{number} is {}: only a pending task can be started now",
                status.label()
            );
            return Err(AppError::new(Code::TaskNotPending, detail).into());
        }
        stored.order_key = head_key(self.now);
        // "Now" also overrules a start time and the pause after a failed attempt.
        stored.not_before = None;
        save(tx, status, &mut stored, NewBody::default()).await?;
        let happening = Happening {
            kind: ActivityKind::Expedited,
            task: Some(&stored.task),
            agent: None,
            actor: &self.author.name,
            detail: None,
            time: self.now,
        };
        record(tx, happening);
        Ok(stored)
    }
}

/// Answers the question of a task that needs input. The answer is also a log entry with
/// `fields.input`, which is how an agent that only reports learns of it.
pub(crate) struct GiveInput {
    pub(crate) task: TaskRef,
    pub(crate) reply: Reply,
    pub(crate) author: Author,
    pub(crate) now: Timestamp,
}

impl Write for GiveInput {
    /// The task as it is then, and what its agent is to be told.
    type Output = (StoredTask, PersonsAnswer);

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Self::Output> {
        let mut stored = load(tx, &self.author.sees, self.task).await?;
        stored.check_author(&self.author)?;
        let before = stored.task.status;
        let answer = stored.answer(&self.reply)?;
        save(tx, before, &mut stored, NewBody::default()).await?;
        let mut fields = serde_json::Map::new();
        fields.insert("input".into(), answer.text.clone().into());
        fields.insert("question".into(), answer.question.clone().into());
        if let Some(option) = &answer.option {
            fields.insert("option".into(), option.clone().into());
        }
        let entry = NewLog {
            message: format!("{} answered: {}", self.author.name, answer.text),
            level: LogLevel::Info,
            stream: LogStream::System,
            time: None,
            fields,
        };
        logs::append(tx, &stored, &[entry], self.now).await?;
        let happening = Happening {
            kind: ActivityKind::InputGiven,
            task: Some(&stored.task),
            agent: None,
            actor: &self.author.name,
            detail: None,
            time: self.now,
        };
        record(tx, happening);
        Ok((stored, answer))
    }
}
