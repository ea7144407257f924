//! Handing a task out: picked on the board, claimed in storage in one transaction.

use super::Board;
use crate::domain::Timestamp;
use crate::server::clock::Clock;
use crate::server::storage::tasks::{ClaimTask, Handover, Lease};
use crate::server::storage::{Answer, Database};

/// A lease is good for this long unless it is renewed.
pub(crate) const LEASE_SECONDS: i64 = 60;

/// A task in the hands of an agent.
pub(crate) struct Claimed {
    pub(crate) task: Handover,
    pub(crate) lease: Lease,
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
        let lease = Lease {
            id: clock.uuid().to_string(),
            expires_at: now.plus_seconds(LEASE_SECONDS),
            node: node.map(str::to_owned),
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
            Err(error) if error.is_refusal() => return Ok(None),
            claimed => claimed?,
        };
        if let Some(task) = claimed {
            let waited = now.seconds_since(task.stored.task.created_at);
            metrics::histogram!("task_claim_wait_seconds").record(waited.max(0.0));
            return Ok(Some(Claimed { task, lease }));
        }
        // Somebody else took it between our look and our claim.
        board.forget(&reservation);
    }
}
