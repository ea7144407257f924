//! A task with what only the server knows about it, and how an attempt begins and ends.

use super::after::Blocker;
use super::questions::{Questions, Sent};
use crate::domain::{
    AppError, Audience, Author, Code, Illegal, Outcome, Task, TaskStatus, Then, Timestamp,
    Transition, back_off_seconds,
};

/// A task as it is stored, without its [`crate::domain::TaskBody`]. Queue position, waiting reasons and the estimate of a pending task
/// are not: they are computed when it is shown.
#[derive(Clone, Debug)]
pub(crate) struct StoredTask {
    pub(crate) task: Task,
    /// Its place in the queue; lower is earlier.
    pub(crate) order_key: i64,
    /// Not to be handed out before.
    pub(crate) not_before: Option<Timestamp>,
    /// What its creator or agent set; `task.timeout_seconds` has the default filled in.
    pub(crate) timeout: Option<u32>,
    /// What its agents asked, beside the open question.
    pub(crate) questions: Questions,
    /// What people answered and its holder, elsewhere, has not shown to have heard.
    pub(crate) answers: Vec<Sent>,
    /// It may wait for an agent that nobody knows yet.
    pub(crate) agent_may_come: bool,
    /// The tasks that keep it waiting; known where it is created, and where all are read at once.
    pub(crate) blockers: Vec<Blocker>,
    pub(crate) cancel_requested_at: Option<Timestamp>,
    /// The present holder's lease; external tasks have none.
    pub(crate) lease: Option<Lease>,
    /// The lease under which it is or was held last.
    pub(crate) last_lease: Option<String>,
    /// Leases that ended without a word of their holder.
    pub(crate) silent_leases: i64,
}

/// The right to report on a task, until it expires and [`super::KeepLeases`] takes it back.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Lease {
    /// New with every claim.
    pub(crate) id: String,
    /// On the lease clock.
    pub(crate) expires_at: Timestamp,
    /// The server that runs the agent; `None` when the agent runs elsewhere.
    pub(crate) node: Option<String>,
    /// True once its holder has said a word.
    pub(crate) heard: bool,
}

impl Lease {
    /// One that nothing was heard of yet.
    pub(crate) fn new(id: String, expires_at: Timestamp, node: Option<String>) -> Self {
        Self {
            id,
            expires_at,
            node,
            heard: false,
        }
    }
}

impl StoredTask {
    /// Who may hear of it.
    pub(crate) fn audience(&self) -> Audience {
        Audience::Project {
            project: self.task.project.clone(),
            owner: self.task.created_by.clone(),
        }
    }

    /// Passes when its `edit_version` is the one that the caller knows.
    pub(in crate::server::storage) fn check_edition(
        &self,
        known: Option<i64>,
    ) -> Result<(), AppError> {
        if known.is_none_or(|known| known == self.task.edit_version) {
            return Ok(());
        }
        let detail = format!("task #{} was changed meanwhile", self.task.number);
        Err(AppError::new(Code::ChangedMeanwhile, detail))
    }

    /// Passes when `author` may change it.
    pub(in crate::server::storage) fn check_author(&self, author: &Author) -> Result<(), AppError> {
        let task = &self.task;
        if author.may_change(&task.project, &task.created_by) {
            return Ok(());
        }
        let detail = format!(
            "task #{} was made by {}: changing it takes a maintainer of the project {}",
            task.number, task.created_by, task.project
        );
        Err(AppError::new(Code::NotAllowed, detail))
    }

    /// Moves the task, or says why it cannot move.
    pub(super) fn step(&mut self, transition: Transition) -> Result<(), Illegal> {
        self.task.status = self.task.status.after(transition)?;
        if self.task.status != TaskStatus::NeedsInput {
            self.task.question = None;
            self.questions.waiting.clear();
        }
        Ok(())
    }

    /// Ends the present attempt. A failure goes back to the queue while attempts are left,
    /// unless somebody asked to cancel it; either way `error` keeps the reason. What was not even
    /// started goes back to its place as if nobody had taken it.
    pub(super) fn end(&mut self, outcome: &Outcome, now: Timestamp) -> Result<(), Illegal> {
        let stays = self.task.external || self.cancel_requested_at.is_some();
        let left = self.task.attempt < self.task.max_attempts && !stays;
        match outcome {
            Outcome::Completed => {
                self.step(Transition::Complete)?;
                self.task.progress = 1.0;
                self.task.error = None;
            }
            Outcome::Failed { reason, then } if left && *then == Then::Retry => {
                self.put_back()?;
                self.task.error = Some(reason.clone());
                self.not_before = Some(now.plus_seconds(back_off_seconds(self.task.attempt)));
                self.task.attempt += 1;
            }
            Outcome::NotStarted(_) | Outcome::Unplaced(_) if !stays => self.put_back()?,
            Outcome::Failed { reason, .. } => {
                self.step(Transition::Fail)?;
                self.task.error = Some(reason.clone());
            }
            // Somebody asked to cancel what was then not started.
            Outcome::Cancelled | Outcome::NotStarted(_) | Outcome::Unplaced(_) => {
                self.step(Transition::Cancel)?;
            }
        }
        if self.task.status.is_finished() {
            // The wall clock may have been set back meanwhile.
            self.task.completed_at = Some(self.task.started_at.map_or(now, |start| start.max(now)));
            self.not_before = None;
        }
        self.lease = None;
        self.answers.clear();
        Ok(())
    }

    /// Makes it pending again, in the place that it had.
    pub(super) fn put_back(&mut self) -> Result<(), Illegal> {
        self.step(Transition::Requeue)?;
        self.task.progress = 0.0;
        self.task.agent = None;
        self.task.started_at = None;
        self.lease = None;
        self.answers.clear();
        Ok(())
    }

    /// The present lease, when it is `lease`. One that has run out was taken back.
    pub(in crate::server::storage) fn lease_of(
        &mut self,
        lease: &str,
    ) -> Result<&mut Lease, AppError> {
        let Task { number, status, .. } = self.task;
        let held = self.lease.as_mut().filter(|held| held.id == lease);
        held.ok_or_else(|| {
            let status = status.label();
            AppError::new(
                Code::LeaseLost,
                format!("this lease expired or was taken back; task #{number} is {status}"),
            )
        })
    }
}
