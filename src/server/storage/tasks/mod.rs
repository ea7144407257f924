//! Tasks in storage: the row, what can be read, and one file per kind of write.

mod cancel;
mod change;
mod claim;
mod create;
mod damaged;
mod insert;
mod lease;
mod read;
mod report;
mod row;
mod stored;

pub(crate) use cancel::{CancelTask, Cancellation};
pub(crate) use change::{ChangeTask, ExpediteTask, GiveInput};
pub(crate) use claim::ClaimTask;
pub(crate) use create::CreateTask;
pub(crate) use lease::{EndLapsed, Lapse, LeaseState, RenewLeases};
pub(crate) use read::{FinishedRun, TaskCounts};
pub(crate) use report::{EndAttempt, ReportTask};
pub(super) use row::load;
pub(crate) use stored::{Lease, StoredTask};
