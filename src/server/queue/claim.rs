//! Handing a task out: picked on the board, claimed in storage in one transaction.

use super::Board;
use crate::domain::Timestamp;
use crate::server::clock::Clock;
use crate::server::storage::tasks::{ClaimTask, Lease, ReturnClaim, TakenTask};
use crate::server::storage::{Answer, Database};

pub(crate) use crate::server::storage::tasks::LEASE_SECONDS;

/// A task in the hands of an agent.
pub(crate) struct Claimed {
    pub(crate) task: TakenTask,
    pub(crate) lease: Lease,
    pub(crate) handover: Handover,
}

/// A claimed task on its way to its agent. Dropped before it has arrived, also in the middle of the
/// claim, the claim is undone.
pub(crate) struct Handover {
    db: Database,
    clock: Clock,
    number: i64,
    lease: String,
    arrived: bool,
}

impl Handover {
    /// The agent has the task.
    pub(crate) fn arrived(mut self) {
        self.arrived = true;
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        if self.arrived {
            return;
        }
        let back = ReturnClaim {
            number: self.number,
            lease: std::mem::take(&mut self.lease),
            now: self.clock.now(),
        };
        // It waits behind the claim. Where there is no room, the lease runs out by itself.
        let _full = self.db.post(back);
    }
}

/// The next task for `agent`, if there is one now. `node` names this server when it runs the
/// agent itself; `timeout_seconds` is the agent's own limit.
pub(crate) async fn claim(
    db: &Database,
    board: &Board,
    clock: Clock,
    agent: &str,
    timeout_seconds: u32,
    node: Option<&str>,
) -> Answer<Option<Claimed>> {
    loop {
        let now: Timestamp = clock.now();
        let Some(reservation) = board.reserve(agent, now) else {
            return Ok(None);
        };
        let number = reservation.number;
        let lease = Lease::new(
            clock.uuid().to_string(),
            clock.running().plus_seconds(LEASE_SECONDS),
            node.map(str::to_owned),
        );
        let handover = Handover {
            db: db.clone(),
            clock,
            number,
            lease: lease.id.clone(),
            arrived: false,
        };
        let claim = ClaimTask {
            number,
            agent: agent.to_owned(),
            lease: lease.clone(),
            timeout_seconds,
            now,
        };
        let claimed = match db.write(claim).await {
            // The agent was stopped between our look and our claim.
            Err(error) if error.is_refusal() => {
                handover.arrived();
                return Ok(None);
            }
            claimed => claimed?,
        };
        if let Some(task) = claimed {
            let waited = now.seconds_since(task.stored.task.created_at);
            metrics::histogram!("task_claim_wait_seconds").record(waited);
            return Ok(Some(Claimed {
                task,
                lease,
                handover,
            }));
        }
        handover.arrived();
        // Somebody else took it between our look and our claim.
        board.forget(&reservation);
    }
}
