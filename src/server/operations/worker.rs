//! What a remote agent asks: a task to do, and to keep what it holds.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{AgentKind, AppError, DEFAULT_TIMEOUT_SECONDS, TaskDetail, Timestamp};
use crate::server::auth::Operator;
use crate::server::operations::agents::absent;
use crate::server::queue::{Handover, LEASE_SECONDS, claim};
use crate::server::state::AppState;
use crate::server::storage::tasks::{LeaseState, RenewLeases};

/// A claimed task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Assignment {
    task: TaskDetail,
    lease: LeaseTerms,
}

/// The right to report on a task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LeaseTerms {
    /// Goes into the `Lease` header of every report.
    id: String,
    /// Renew it by a heartbeat before this moment.
    expires_at: Timestamp,
}

/// What a heartbeat answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Heartbeat {
    /// Leases whose task the agent must stop: cancelled, expired or taken back.
    cancel: Vec<String>,
}

/// The next task for a remote agent, waiting up to `wait` for one. It goes back to its place
/// unless the caller says that it arrived.
pub(crate) async fn claim_next(
    app: &AppState,
    who: &Operator,
    name: &str,
    wait: Duration,
) -> Result<Option<(Assignment, Handover)>, AppError> {
    check_remote(app, name)?;
    app.board.touch(name, app.clock.now());
    let _polling = app.board.poll(name);
    let mut opportunities = app.board.opportunities();
    let deadline = tokio::time::Instant::now() + wait;
    loop {
        opportunities.mark_unchanged();
        let found = claim(
            &app.db,
            &app.board,
            app.clock,
            name,
            DEFAULT_TIMEOUT_SECONDS,
            None,
        )
        .await?;
        if let Some(claimed) = found {
            let scope = who.viewer().scope().clone();
            let task = app.board.shown(&scope, claimed.stored, app.clock.now());
            let task = TaskDetail {
                task,
                body: claimed.body,
            };
            let lease = LeaseTerms {
                id: claimed.lease.id,
                expires_at: app.clock.now().plus_seconds(LEASE_SECONDS),
            };
            return Ok(Some((Assignment { task, lease }, claimed.handover)));
        }
        tokio::select! {
            () = tokio::time::sleep_until(deadline) => return Ok(None),
            () = app.stopping.cancelled() => return Ok(None),
            _ = opportunities.changed() => {}
        }
    }
}

/// Renews leases; answers those that the agent must give up.
pub(crate) async fn heartbeat(
    app: &AppState,
    _: &Operator,
    name: &str,
    leases: Vec<String>,
) -> Result<Heartbeat, AppError> {
    check_remote(app, name)?;
    if leases.len() > 1000 {
        return Err(AppError::invalid_field("leases", "at most 1000 leases"));
    }
    if leases.iter().any(|lease| lease.contains('\0')) {
        return Err(AppError::invalid_field("leases", "must be ids of leases"));
    }
    app.board.touch(name, app.clock.now());
    let renew = RenewLeases {
        leases,
        agent: name.to_owned(),
        expires_at: app.clock.running().plus_seconds(LEASE_SECONDS),
    };
    let renewals = app.db.write(renew).await?;
    let cancel = renewals
        .into_iter()
        .filter(|renewal| renewal.state != LeaseState::Held)
        .map(|renewal| renewal.lease);
    Ok(Heartbeat {
        cancel: cancel.collect(),
    })
}

fn check_remote(app: &AppState, name: &str) -> Result<(), AppError> {
    let (record, _) = app.board.record(name).ok_or_else(|| absent(name))?;
    if record.kind == AgentKind::Remote {
        return Ok(());
    }
    let kind = record.kind.as_str();
    Err(AppError::conflict(format!(
        "{name} is a {kind} agent: this server hands it tasks itself"
    )))
}
