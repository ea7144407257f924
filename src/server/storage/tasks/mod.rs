//! Tasks in storage: the row, what can be read, and one file per kind of write.

mod after;
mod cancel;
mod change;
mod claim;
mod counts;
mod create;
mod damaged;
mod insert;
mod lapse;
mod lease;
mod questions;
mod read;
mod report;
mod row;
mod save;
mod stored;
mod wishes;

pub(crate) use after::{Blocker, Fate};
pub(crate) use cancel::{CancelTask, Cancellation};
pub(crate) use change::ChangeTask;
pub(crate) use claim::{ClaimTask, TakenTask};
pub(crate) use counts::CompareCounts;
pub(crate) use create::CreateTask;
pub(crate) use lapse::{EndInterrupted, KeepLeases, LEASE_SECONDS, ResumeLeases, ReturnClaim};
pub(crate) use lease::{LeaseState, RenewLeases};
pub(crate) use questions::NoteTold;
pub(crate) use read::{FinishedRun, TaskCounts};
pub(crate) use report::{EndAttempt, ReportTask};
pub(super) use row::load;
pub(crate) use stored::{Lease, StoredTask};
pub(crate) use wishes::{ExpediteTask, GiveInput};
