//! Leases are renewed while their holder lives, and end when it does not.

use super::report::end;
use super::row::{TaskRow, load, task_columns};
use super::{Lease, StoredTask};
use crate::domain::{Outcome, Scope, TaskRef, Timestamp};
use crate::server::storage::tx::{Tx, in_tx};
use crate::server::storage::{Answer, Write};

/// Renews the leases that are still good.
pub(crate) struct RenewLeases {
    pub(crate) leases: Vec<String>,
    /// Only leases of this agent.
    pub(crate) agent: String,
    pub(crate) expires_at: Timestamp,
    pub(crate) now: Timestamp,
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
const RENEW: &str = "update tasks set lease_expires_at = $2 where lease_id = $1";

impl Write for RenewLeases {
    type Output = Vec<Renewal>;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Vec<Renewal>> {
        let mut renewals = Vec::with_capacity(self.leases.len());
        for lease in &self.leases {
            let row: Option<TaskRow> = in_tx!(tx, conn =>
                sqlx::query_as(BY_LEASE).bind(lease).fetch_optional(conn).await?);
            let stored = row.map(StoredTask::try_from).transpose()?;
            let good = stored.filter(|stored| {
                stored.task.agent.as_ref() == Some(&self.agent)
                    && stored.check_lease(lease, self.now).is_ok()
            });
            let state = match &good {
                None => LeaseState::Lost,
                Some(stored) if stored.cancel_requested_at.is_some() => LeaseState::Cancelled,
                Some(_) => LeaseState::Held,
            };
            if state != LeaseState::Lost {
                in_tx!(tx, conn => sqlx::query(RENEW)
                    .bind(lease).bind(self.expires_at.0).execute(conn).await?.rows_affected());
            }
            renewals.push(Renewal {
                lease: lease.clone(),
                state,
            });
        }
        Ok(renewals)
    }
}

/// Ends the attempts that nobody carries on.
pub(crate) struct EndLapsed {
    pub(crate) lapse: Lapse,
    pub(crate) now: Timestamp,
}

/// Why an attempt is over without its holder saying so.
#[derive(Clone, Debug)]
pub(crate) enum Lapse {
    /// This server was restarted: whatever it ran is gone.
    Restart { node: String },
    /// Leases that expired, cancellations that no remote holder confirmed in time, and attempts
    /// longer than their timeout whose holder is not this server.
    Overdue { cancel_grace_seconds: i64 },
}

const OF_NODE: &str = "select number from tasks where status in ('running', 'needs_input') \
    and lease_node = $1 order by number";
const OVERDUE: &str = "select number from tasks where status in ('running', 'needs_input') \
    and (lease_expires_at <= $1 \
        or (lease_node is null and cancel_requested_at <= $2) \
        or (lease_node is null and started_at + 1000000 * coalesce(timeout_seconds, 3600) <= $1)) \
    order by number limit 100";

impl Write for EndLapsed {
    /// The tasks whose attempt ended.
    type Output = Vec<StoredTask>;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Vec<StoredTask>> {
        let numbers: Vec<i64> = match &self.lapse {
            Lapse::Restart { node } => in_tx!(tx, conn =>
                sqlx::query_scalar(OF_NODE).bind(node).fetch_all(conn).await?),
            Lapse::Overdue {
                cancel_grace_seconds,
            } => {
                let asked_before = self.now.plus_seconds(-cancel_grace_seconds);
                in_tx!(tx, conn => sqlx::query_scalar(OVERDUE)
                    .bind(self.now.0).bind(asked_before.0).fetch_all(conn).await?)
            }
        };
        let mut ended = Vec::with_capacity(numbers.len());
        for number in numbers {
            let loaded = load(tx, &Scope::everything(), TaskRef::Number(number)).await;
            let mut stored = match loaded {
                Ok(stored) => stored,
                // One that cannot be read must not hold up the others.
                Err(error) if error.is_refusal() => continue,
                Err(error) => return Err(error),
            };
            if !stored.task.status.is_held() {
                continue;
            }
            let outcome = self.outcome(&stored);
            end(tx, &mut stored, &outcome, self.now).await?;
            ended.push(stored);
        }
        Ok(ended)
    }
}

impl EndLapsed {
    fn outcome(&self, stored: &StoredTask) -> Outcome {
        if stored.cancel_requested_at.is_some() {
            return Outcome::Cancelled;
        }
        let task = &stored.task;
        let attempt = format!("attempt {} of {}", task.attempt, task.max_attempts);
        let expired = |lease: &Lease| lease.expires_at <= self.now;
        let agent = task.agent.as_deref().unwrap_or("its agent");
        Outcome::Failed(match &self.lapse {
            Lapse::Restart { .. } => {
                format!("the server stopped while {agent} was running {attempt}")
            }
            Lapse::Overdue { .. } if stored.lease.as_ref().is_some_and(expired) => {
                format!("{agent} stopped renewing its lease during {attempt}")
            }
            Lapse::Overdue { .. } => {
                format!("timed out after {} s in {attempt}", task.timeout_seconds)
            }
        })
    }
}
