//! Reports of the agents that this server runs: events in batches, then the end.

use std::sync::Arc;

use serde_json::Value;

use super::StoredTask;
use super::change::kind_of;
use super::row::{body, load};
use super::save::{NewBody, save};
use crate::domain::{
    ActivityKind, AgentEvent, AppError, LogLevel, LogStream, NewLog, Outcome, Scope, TaskRef,
    TaskStatus, Timestamp, Transition,
};
use crate::server::storage::activity::{Happening, record};
use crate::server::storage::tx::in_tx;
use crate::server::storage::{Answer, Tx, Write, agents, logs, usage};

/// Stores a batch of events of the holder of `lease`. One whose answer was lost may come again.
pub(crate) struct ReportTask {
    pub(crate) number: i64,
    pub(crate) lease: String,
    /// Which report of this lease it is; counts from 1.
    pub(crate) report: i64,
    pub(crate) events: Arc<Vec<AgentEvent>>,
    pub(crate) now: Timestamp,
}

const REPORTS: &str = "select reports from lease_reports where lease = $1";
const REPORTED: &str = "insert into lease_reports (lease, reports) values ($1, $2) \
    on conflict (lease) do update set reports = excluded.reports";
const FORGET: &str = "delete from lease_reports where lease = $1";

impl Write for ReportTask {
    type Output = ();

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<()> {
        let mut stored = load(tx, &Scope::everything(), TaskRef::Number(self.number)).await?;
        stored.lease_of(&self.lease)?.heard = true;
        let known: Option<i64> = in_tx!(tx, conn =>
            sqlx::query_scalar(REPORTS).bind(&self.lease).fetch_optional(conn).await?);
        if known.is_some_and(|reports| reports >= self.report) {
            return Ok(());
        }
        let before = stored.task.status;
        let mut entries: Vec<NewLog> = Vec::new();
        let mut kinds = Vec::new();
        let mut body = NewBody::default();
        let mut changed = false;
        for event in self.events.iter() {
            match event {
                AgentEvent::Log(entry) => entries.push(entry.clone()),
                AgentEvent::NeedsInput(question) if !stored.takes_questions() => {
                    entries.push(NewLog {
                        message: format!("too many questions wait; left out: {}", question.text),
                        level: LogLevel::Warn,
                        stream: LogStream::System,
                        ..NewLog::default()
                    });
                }
                other => {
                    if let AgentEvent::NeedsInput(question) = other {
                        entries.push(asks(&stored, &question.text));
                    }
                    kinds.extend(apply(&mut stored, &mut body, other, self.now)?);
                    changed = true;
                }
            }
        }
        in_tx!(tx, conn => sqlx::query(REPORTED)
            .bind(&self.lease).bind(self.report).execute(conn).await?.rows_affected());
        logs::append(tx, &stored, &entries, self.now).await?;
        for event in self.events.iter() {
            if let AgentEvent::Usage(report) = event {
                let attempt = stored.task.attempt;
                usage::report(tx, &mut stored, attempt, report, self.now).await?;
            }
        }
        if changed {
            save(tx, before, &mut stored, body).await?;
        }
        for kind in kinds {
            let happening = Happening {
                kind,
                task: Some(&stored.task),
                agent: None,
                actor: stored.task.agent.as_deref().unwrap_or("agent"),
                detail: stored.task.question.as_ref().map(|it| it.text.as_str()),
                time: self.now,
            };
            record(tx, happening);
        }
        Ok(())
    }
}

/// What the log says of a question.
pub(super) fn asks(stored: &StoredTask, question: &str) -> NewLog {
    let agent = stored.task.agent.as_deref().unwrap_or("the agent");
    NewLog {
        message: format!("{agent} asks: {question}"),
        stream: LogStream::System,
        ..NewLog::default()
    }
}

fn apply(
    stored: &mut StoredTask,
    body: &mut NewBody,
    event: &AgentEvent,
    now: Timestamp,
) -> Result<Option<ActivityKind>, AppError> {
    match event {
        AgentEvent::Progress(progress) => stored.task.progress = *progress,
        AgentEvent::Result(result) => body.result = Some(result.clone()),
        AgentEvent::NeedsInput(question) => {
            return stored.ask(question, now);
        }
        // The task went back to running when the person's answer was stored.
        AgentEvent::Resumed if stored.task.status == TaskStatus::NeedsInput => {
            stored.step(Transition::Answer)?;
        }
        // Log entries and usage are stored apart.
        AgentEvent::Resumed
        | AgentEvent::Log(_)
        | AgentEvent::Usage(_)
        | AgentEvent::Finished(_) => {}
    }
    Ok(None)
}

/// Ends the attempt of the holder of `lease`.
pub(crate) struct EndAttempt {
    pub(crate) number: i64,
    pub(crate) lease: String,
    pub(crate) outcome: Outcome,
    pub(crate) now: Timestamp,
}

impl Write for EndAttempt {
    type Output = StoredTask;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<StoredTask> {
        let mut stored = load(tx, &Scope::everything(), TaskRef::Number(self.number)).await?;
        stored.lease_of(&self.lease)?;
        end(tx, &mut stored, &self.outcome, self.now).await?;
        in_tx!(tx, conn => sqlx::query(FORGET)
            .bind(&self.lease).execute(conn).await?.rows_affected());
        Ok(stored)
    }
}

/// Ends the present attempt, whoever held it, and records it.
pub(super) async fn end(
    tx: &mut Tx<'_>,
    stored: &mut StoredTask,
    outcome: &Outcome,
    now: Timestamp,
) -> Answer<()> {
    let before = stored.task.status;
    let (agent, attempt) = (stored.task.agent.clone(), stored.task.attempt);
    stored.end(outcome, now).map_err(AppError::from)?;
    let not_started = match outcome {
        Outcome::NotStarted(reason) | Outcome::Unplaced(reason) => Some(reason.as_str()),
        _ => None,
    };
    // The agent first: it is not offered the same task again.
    if let (Outcome::NotStarted(reason), Some(agent)) = (outcome, &agent) {
        agents::note_error(tx, agent, reason, now).await?;
    }
    let new = NewBody {
        result: set_aside(tx, stored, attempt, None, now).await?,
        ..NewBody::default()
    };
    save(tx, before, stored, new).await?;
    if let Some(reason) = not_started.filter(|_| stored.task.status == TaskStatus::Pending) {
        let agent = agent.as_deref().unwrap_or("its agent");
        let entry = NewLog {
            message: format!(
                "{agent} was not started: {reason}; the task is back in its place, and this costs \
                 no attempt"
            ),
            level: LogLevel::Warn,
            stream: LogStream::System,
            ..NewLog::default()
        };
        logs::append(tx, stored, &[entry], now).await?;
    }
    let happening = Happening {
        kind: kind_of(stored.task.status, Transition::Complete),
        task: Some(&stored.task),
        agent: agent.as_deref(),
        actor: agent.as_deref().unwrap_or("system"),
        detail: not_started.or(stored.task.error.as_deref()),
        time: now,
    };
    record(tx, happening);
    Ok(())
}

/// So much of a result that does not count is kept in the log, in characters.
const SET_ASIDE: usize = 2000;

/// The result that a task has now that `attempt` has ended, which said `told` with its end. When
/// the task is to be tried again, the next attempt begins without: what was said before a failure
/// is no result of a task that is completed later. The log keeps it.
pub(super) async fn set_aside(
    tx: &mut Tx<'_>,
    stored: &StoredTask,
    attempt: u32,
    told: Option<Value>,
    now: Timestamp,
) -> Answer<Option<Value>> {
    if stored.task.status != TaskStatus::Pending {
        return Ok(told);
    }
    let result = match told {
        Some(told) => Some(told),
        None => body(tx, stored.task.number).await?.0.result,
    };
    let Some(result) = result.filter(|result| !result.is_null()) else {
        return Ok(None);
    };
    let mut shown = result.to_string();
    if let Some((end, _)) = shown.char_indices().nth(SET_ASIDE) {
        shown.truncate(end);
        shown.push('…');
    }
    let entry = NewLog {
        message: format!(
            "attempt {attempt} did not complete, and its result does not count: {shown}"
        ),
        stream: LogStream::System,
        ..NewLog::default()
    };
    logs::append(tx, stored, &[entry], now).await?;
    Ok(Some(Value::Null))
}
