//! An agent takes a task. Whoever finds it pending first has it; the lease is the proof.

use super::row::{body, load};
use super::save::{NewBody, save};
use super::{Lease, StoredTask};
use crate::domain::{
    ActivityKind, AppError, LogStream, NewLog, Scope, TaskBody, TaskRef, TaskStatus, Timestamp,
    Transition,
};
use crate::server::storage::activity::{Happening, record};
use crate::server::storage::agents::check_wanted;
use crate::server::storage::{Answer, Tx, Write, logs};

/// Hands task `number` to `agent` unless somebody else has it by now.
pub(crate) struct ClaimTask {
    pub(crate) number: i64,
    pub(crate) agent: String,
    pub(crate) lease: Lease,
    /// The agent's own limit, for tasks that set none.
    pub(crate) timeout_seconds: u32,
    pub(crate) now: Timestamp,
}

/// A task with all that its agent needs.
#[derive(Clone, Debug)]
pub(crate) struct TakenTask {
    pub(crate) stored: StoredTask,
    pub(crate) body: TaskBody,
    /// Where agents work on its project, if it says.
    pub(crate) folder: Option<String>,
}

impl Write for ClaimTask {
    /// `None` when it is not pending any more; a refusal when the agent was stopped meanwhile.
    type Output = Option<TakenTask>;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Option<TakenTask>> {
        let mut stored = load(tx, &Scope::everything(), TaskRef::Number(self.number)).await?;
        if stored.task.status != TaskStatus::Pending {
            // The answer to this claim itself may have been lost.
            let is_own = stored
                .lease
                .as_ref()
                .is_some_and(|lease| lease.id == self.lease.id);
            if !is_own {
                return Ok(None);
            }
            let (body, folder) = body(tx, self.number).await?;
            return Ok(Some(TakenTask {
                stored,
                body,
                folder,
            }));
        }
        check_wanted(tx, &self.agent).await?;
        stored.step(Transition::Claim).map_err(AppError::from)?;
        stored.lease = Some(self.lease.clone());
        stored.not_before = None;
        let timeout = stored.timeout.unwrap_or(self.timeout_seconds);
        stored.timeout = Some(timeout);
        stored.task.timeout_seconds = timeout;
        stored.task.agent = Some(self.agent.clone());
        // The wall clock may have been set back since it was created.
        stored.task.started_at = Some(self.now.max(stored.task.created_at));
        stored.task.progress = 0.0;
        // Why the attempt before it failed stands in the timeline.
        stored.task.error = None;
        save(tx, TaskStatus::Pending, &mut stored, NewBody::default()).await?;
        if stored.task.attempt > 1 {
            // The log goes on where the attempt before it ended; this line tells them apart.
            let task = &stored.task;
            let begins = NewLog {
                message: format!("attempt {} of {}", task.attempt, task.max_attempts),
                stream: LogStream::System,
                ..NewLog::default()
            };
            logs::append(tx, &stored, &[begins], self.now).await?;
        }
        let started = Happening {
            kind: ActivityKind::Started,
            task: Some(&stored.task),
            agent: Some(&self.agent),
            actor: &self.agent,
            detail: None,
            time: self.now,
        };
        record(tx, started);
        let (body, folder) = body(tx, self.number).await?;
        Ok(Some(TakenTask {
            stored,
            body,
            folder,
        }))
    }
}
