//! What a remote agent asks: a task to do, and to keep what it holds.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{
    AgentKind, AppError, Code, DEFAULT_TIMEOUT_SECONDS, TaskDetail, TaskId, Timestamp,
};
use crate::server::auth::Operator;
use crate::server::operations::agents::absent;
use crate::server::queue::{Handover, LEASE_SECONDS, claim};
use crate::server::state::AppState;
use crate::server::storage::tasks::{LeaseState, NoteTold, RenewLeases};

/// What a claim answers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Assignment)]
pub(crate) struct ClaimedTask {
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
    /// What people answered since the last report of the lease.
    input: Vec<Input>,
}

/// A person's answer to a question of a task.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Input {
    task_id: TaskId,
    /// The id of the question.
    question: String,
    /// The answer in words; the label of the option where one was chosen.
    text: String,
    /// The id of the option that was chosen.
    option: Option<String>,
}

/// The next task for a remote agent, waiting up to `wait` for one. It goes back to its place
/// unless the caller says that it arrived.
pub(crate) async fn claim_next(
    app: &AppState,
    who: &Operator,
    name: &str,
    wait: Duration,
) -> Result<Option<(ClaimedTask, Handover)>, AppError> {
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
            let task = app
                .board
                .shown(&scope, claimed.task.stored, app.clock.now());
            let task = TaskDetail {
                task,
                body: claimed.task.body,
            };
            let lease = LeaseTerms {
                id: claimed.lease.id,
                expires_at: app.clock.now().plus_seconds(LEASE_SECONDS),
            };
            return Ok(Some((ClaimedTask { task, lease }, claimed.handover)));
        }
        tokio::select! {
            () = tokio::time::sleep_until(deadline) => return Ok(None),
            () = app.stopping.cancelled() => return Ok(None),
            _ = opportunities.changed() => {}
        }
    }
}

/// Ids of leases are shorter, in bytes.
const LONGEST_LEASE: usize = 200;

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
    if leases
        .iter()
        .any(|lease| lease.contains('\0') || lease.len() > LONGEST_LEASE)
    {
        return Err(AppError::invalid_field("leases", "must be ids of leases"));
    }
    app.board.touch(name, app.clock.now());
    let renew = RenewLeases {
        leases,
        agent: name.to_owned(),
        expires_at: app.clock.running().plus_seconds(LEASE_SECONDS),
    };
    let renewals = app.db.write(renew).await?;
    let (held, lost): (Vec<_>, Vec<_>) = renewals
        .into_iter()
        .partition(|renewal| renewal.state == LeaseState::Held);
    let held: Vec<String> = held.into_iter().map(|renewal| renewal.lease).collect();
    Ok(Heartbeat {
        cancel: lost.into_iter().map(|renewal| renewal.lease).collect(),
        input: answers(app, held).await?,
    })
}

/// What people answered; it is said again until the lease's next report.
async fn answers(app: &AppState, leases: Vec<String>) -> Result<Vec<Input>, AppError> {
    let answers = app.db.answers(&leases).await?;
    if !answers.is_empty() {
        app.db.write(NoteTold { leases }).await?;
    }
    let input = answers.into_iter().map(|(task_id, answer)| Input {
        task_id,
        question: answer.question,
        text: answer.text,
        option: answer.option,
    });
    Ok(input.collect())
}

fn check_remote(app: &AppState, name: &str) -> Result<(), AppError> {
    let (record, _) = app.board.record(name).ok_or_else(|| absent(name))?;
    if record.kind == AgentKind::Remote {
        return Ok(());
    }
    Err(AppError::new(
        Code::AgentNotRemote,
        match record.kind {
            AgentKind::External => {
                format!("{name} only reports so far; register it, and it may take tasks")
            }
            kind => format!(
                "{name} is a {} agent: this server hands it tasks itself",
                kind.as_str()
            ),
        },
    ))
}
