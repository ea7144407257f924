//! Leases are renewed while their holder lives. How they end is in `lapse`.

use super::StoredTask;
use super::row::{TaskRow, task_columns};
use crate::domain::Timestamp;
use crate::server::storage::tx::{Tx, in_tx};
use crate::server::storage::{Answer, Write};

/// Renews the leases that are still good.
pub(crate) struct RenewLeases {
    pub(crate) leases: Vec<String>,
    /// Only leases of this agent.
    pub(crate) agent: String,
    /// On the lease clock.
    pub(crate) expires_at: Timestamp,
}

/// What became of one lease.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Renewal {
    pub(crate) lease: String,
    pub(crate) state: LeaseState,
}

/// Where a lease stands after a renewal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LeaseState {
    /// Renewed.
    Held,
    /// Renewed, but somebody asked to cancel the task: its holder must stop.
    Cancelled,
    /// Expired or taken back: nothing its holder does counts any more.
    Lost,
}

const BY_LEASE: &str = concat!(
    "select ",
    task_columns!(),
    " from tasks where lease_id = $1"
);
const RENEW: &str = "update tasks set lease_expires_at = $2, lease_heard = $3 where lease_id = $1";

impl Write for RenewLeases {
    type Output = Vec<Renewal>;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Vec<Renewal>> {
        let mut renewals = Vec::with_capacity(self.leases.len());
        for lease in &self.leases {
            let row: Option<TaskRow> = in_tx!(tx, conn =>
                sqlx::query_as(BY_LEASE).bind(lease).fetch_optional(conn).await?);
            let stored = row.map(StoredTask::try_from).transpose()?;
            let good = stored.filter(|stored| {
                stored.task.agent.as_ref() == Some(&self.agent) && stored.lease.is_some()
            });
            let state = match &good {
                None => LeaseState::Lost,
                Some(stored) if stored.cancel_requested_at.is_some() => LeaseState::Cancelled,
                Some(_) => LeaseState::Held,
            };
            if state != LeaseState::Lost {
                in_tx!(tx, conn => sqlx::query(RENEW)
                    .bind(lease).bind(self.expires_at.0).bind(true)
                    .execute(conn).await?.rows_affected());
            }
            renewals.push(Renewal {
                lease: lease.clone(),
                state,
            });
        }
        Ok(renewals)
    }
}
