//! A person ends a task: at once when nobody holds it, otherwise by asking its holder to stop.

use super::StoredTask;
use super::row::load;
use super::save::{NewBody, save};
use crate::domain::{
    ActivityKind, AppError, Author, Code, Outcome, TaskRef, TaskStatus, Timestamp,
};
use crate::server::storage::activity::{Happening, record};
use crate::server::storage::{Answer, Tx, Write};

pub(crate) struct CancelTask {
    pub(crate) task: TaskRef,
    /// The `edit_version` that the caller knows; any when absent.
    pub(crate) expected: Option<i64>,
    pub(crate) author: Author,
    pub(crate) now: Timestamp,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) enum Cancellation {
    /// It is cancelled.
    Done(StoredTask),
    /// Its holder is to stop it, and confirms when it has.
    Requested(StoredTask),
}

impl Write for CancelTask {
    type Output = Cancellation;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Cancellation> {
        let mut stored = load(tx, &self.author.sees, self.task).await?;
        stored.check_author(&self.author)?;
        stored.check_edition(self.expected)?;
        let before = stored.task.status;
        if before == TaskStatus::Cancelled {
            return Ok(Cancellation::Done(stored));
        }
        if before.is_finished() {
            let number = stored.task.number;
            let detail = format!("task #{number} is {} already", before.label());
            return Err(AppError::new(Code::TaskFinished, detail).into());
        }
        if stored.lease.is_some() && stored.cancel_requested_at.is_some() {
            return Ok(Cancellation::Requested(stored));
        }
        let held = stored.lease.is_some();
        if held {
            stored.cancel_requested_at = Some(self.now);
        } else {
            stored
                .end(&Outcome::Cancelled, self.now)
                .map_err(AppError::from)?;
        }
        save(tx, before, &mut stored, NewBody::default()).await?;
        let kind = if held {
            ActivityKind::CancelRequested
        } else {
            ActivityKind::Cancelled
        };
        let happening = Happening {
            kind,
            task: Some(&stored.task),
            agent: None,
            actor: &self.author.name,
            detail: None,
            time: self.now,
        };
        record(tx, happening);
        Ok(if held {
            Cancellation::Requested(stored)
        } else {
            Cancellation::Done(stored)
        })
    }
}
