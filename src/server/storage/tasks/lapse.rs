//! Attempts end when nobody carries them on: their lease has run out, they have lasted too long,
//! nobody confirms that they were cancelled, or the server that ran them is gone. All but the
//! last are kept on the lease clock, which is told by whoever keeps them: see [`KeepLeases`].

use super::StoredTask;
use super::report::end;
use super::row::{load, load_readable};
use super::save::{NewBody, save};
use crate::domain::{
    ActivityKind, DEFAULT_TIMEOUT_SECONDS, LogLevel, LogStream, NewLog, Outcome, Scope, TaskRef,
    TaskStatus, Timestamp,
};
use crate::server::storage::activity::{Happening, record};
use crate::server::storage::tx::{Tx, in_tx};
use crate::server::storage::{Answer, Write, logs};

/// How long a remote agent may take to confirm that it stopped a cancelled task.
const CANCEL_GRACE_SECONDS: i64 = 30;
/// A lease has at least this much left when its holder may have been unable to renew it.
const GRACE_SECONDS: i64 = 30;
/// A lease has never more than this left.
pub(crate) const LEASE_SECONDS: i64 = 60;
/// A lease that ends without a word of its holder costs no attempt, so often.
const SILENT_LEASES: i64 = 3;
/// The lease clock is written down when it has gone on so far, in microseconds.
const SAVED_EVERY: i64 = 10_000_000;

/// Looks at everything that is held, about once a second: begins and moves what has to end at
/// some time on the lease clock, and ends what is due.
pub(crate) struct KeepLeases {
    /// The lease clock.
    pub(crate) running: Timestamp,
    /// True when holders may have been unable to renew their leases.
    pub(crate) forgive: bool,
    pub(crate) now: Timestamp,
}

/// What one held task has to do with the lease clock.
#[derive(Clone, Debug, sqlx_macros::FromRow, PartialEq)]
struct Kept {
    number: i64,
    status: String,
    timeout_seconds: Option<i64>,
    cancel_requested_at: Option<i64>,
    lease_node: Option<String>,
    lease_expires_at: Option<i64>,
    deadline_at: Option<i64>,
    asks_since: Option<i64>,
    cancel_by: Option<i64>,
}

const HELD: &str = "select number, status, timeout_seconds, cancel_requested_at, lease_node, \
    lease_expires_at, deadline_at, asks_since, cancel_by from tasks \
    where status in ('running', 'needs_input') order by number";
const KEEP: &str = "update tasks set lease_expires_at = $2, deadline_at = $3, asks_since = $4, \
    cancel_by = $5 where number = $1";
const SAVE_CLOCK: &str = "update lease_clock set running = $1 \
    where id = 1 and (running is null or running < $2)";

impl Write for KeepLeases {
    /// The tasks that were taken from their holders.
    type Output = Vec<StoredTask>;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Vec<StoredTask>> {
        let running = self.running.0;
        in_tx!(tx, conn => sqlx::query(SAVE_CLOCK)
            .bind(running).bind(running - SAVED_EVERY).execute(conn).await?.rows_affected());
        let held: Vec<Kept> = in_tx!(tx, conn => sqlx::query_as(HELD).fetch_all(conn).await?);
        let mut ended = Vec::new();
        for before in held {
            let mut kept = before.clone();
            let due = kept.keep(running, self.forgive);
            if let Some(due) = due {
                let Some(mut stored) = load_readable(tx, kept.number).await? else {
                    continue;
                };
                due.end(tx, &mut stored, self.now).await?;
                ended.push(stored);
            } else if kept != before {
                in_tx!(tx, conn => sqlx::query(KEEP)
                    .bind(kept.number)
                    .bind(kept.lease_expires_at)
                    .bind(kept.deadline_at)
                    .bind(kept.asks_since)
                    .bind(kept.cancel_by)
                    .execute(conn)
                    .await?.rows_affected());
            }
        }
        Ok(ended)
    }
}

/// Why an attempt is over.
enum Due {
    Lease,
    Deadline,
    Cancelled,
}

impl Kept {
    /// Moves what is to move; answers why it is over, if it is.
    fn keep(&mut self, running: i64, forgive: bool) -> Option<Due> {
        let after = |seconds: i64| running.saturating_add(seconds.saturating_mul(1_000_000));
        if forgive {
            let least = after(GRACE_SECONDS);
            self.lease_expires_at = self.lease_expires_at.map(|at| at.max(least));
            self.cancel_by = self.cancel_by.map(|at| at.max(least));
        }
        if self.lease_expires_at.is_some_and(|at| at <= running) {
            return Some(Due::Lease);
        }
        // This server watches what it runs itself.
        if self.lease_node.is_some() {
            return None;
        }
        let timeout = self
            .timeout_seconds
            .unwrap_or(DEFAULT_TIMEOUT_SECONDS.into());
        let deadline = self.deadline_at.get_or_insert(after(timeout));
        if self.status == TaskStatus::NeedsInput.as_str() {
            self.asks_since.get_or_insert(running);
        } else if let Some(since) = self.asks_since.take() {
            // The time in which it waited for a person counts for no timeout.
            *deadline = deadline.saturating_add(running.saturating_sub(since));
        }
        if self.cancel_requested_at.is_some()
            && *self.cancel_by.get_or_insert(after(CANCEL_GRACE_SECONDS)) <= running
        {
            return Some(Due::Cancelled);
        }
        (self.asks_since.is_none() && *deadline <= running).then_some(Due::Deadline)
    }
}

impl Due {
    async fn end(&self, tx: &mut Tx<'_>, stored: &mut StoredTask, now: Timestamp) -> Answer<()> {
        if stored.cancel_requested_at.is_some() {
            return end(tx, stored, &Outcome::Cancelled, now).await;
        }
        let task = &stored.task;
        let attempt = format!("attempt {} of {}", task.attempt, task.max_attempts);
        let agent = task.agent.clone().unwrap_or_else(|| "its agent".to_owned());
        let heard = stored.lease.as_ref().is_none_or(|lease| lease.heard);
        let reason = match self {
            Self::Lease if !heard => return silent(tx, stored, &agent, now).await,
            Self::Lease => format!("{agent} stopped renewing its lease during {attempt}"),
            Self::Deadline | Self::Cancelled => {
                format!("timed out after {} s in {attempt}", task.timeout_seconds)
            }
        };
        end(tx, stored, &Outcome::failed(reason), now).await
    }
}

/// Nothing was heard of the holder since it was given the task: perhaps it never got it.
async fn silent(
    tx: &mut Tx<'_>,
    stored: &mut StoredTask,
    agent: &str,
    now: Timestamp,
) -> Answer<()> {
    stored.silent_leases += 1;
    let times = stored.silent_leases;
    if times > SILENT_LEASES {
        let reason = format!(
            "{agent} took it and said nothing for {LEASE_SECONDS} s, as {SILENT_LEASES} times before"
        );
        return end(tx, stored, &Outcome::failed(reason), now).await;
    }
    let words = format!(
        "{agent} took it and said nothing for {LEASE_SECONDS} s: back to its place, without \
         counting the attempt ({times} of {SILENT_LEASES})"
    );
    take_back(tx, stored, words, now).await
}

/// Puts a task that was handed out back as if nobody had had it, and says why.
async fn take_back(
    tx: &mut Tx<'_>,
    stored: &mut StoredTask,
    words: String,
    now: Timestamp,
) -> Answer<()> {
    let before = stored.task.status;
    let agent = stored.task.agent.clone();
    let said = NewLog {
        message: words.clone(),
        level: LogLevel::Warn,
        stream: LogStream::System,
        ..NewLog::default()
    };
    logs::append(tx, stored, &[said], now).await?;
    stored.put_back().map_err(crate::domain::AppError::from)?;
    save(tx, before, stored, NewBody::default()).await?;
    let happening = Happening {
        kind: ActivityKind::Requeued,
        task: Some(&stored.task),
        agent: agent.as_deref(),
        actor: "system",
        detail: Some(&words),
        time: now,
    };
    record(tx, happening);
    Ok(())
}

/// Undoes a claim whose caller was gone before the answer could be given to it. A holder that has
/// said a word has it.
pub(crate) struct ReturnClaim {
    pub(crate) number: i64,
    pub(crate) lease: String,
    pub(crate) now: Timestamp,
}

impl Write for ReturnClaim {
    type Output = ();

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<()> {
        let mut stored = load(tx, &Scope::everything(), TaskRef::Number(self.number)).await?;
        let unheard = stored
            .lease
            .as_ref()
            .is_some_and(|lease| lease.id == self.lease && !lease.heard);
        if !unheard || !stored.task.status.is_held() {
            return Ok(());
        }
        if stored.cancel_requested_at.is_some() {
            return end(tx, &mut stored, &Outcome::Cancelled, self.now).await;
        }
        let agent = stored.task.agent.as_deref().unwrap_or("its agent");
        let words = format!("{agent} was gone before it was given the task: back to its place");
        take_back(tx, &mut stored, words, self.now).await
    }
}

/// Ends what an earlier life of this server ran: it is gone.
pub(crate) struct EndInterrupted {
    pub(crate) node: String,
    pub(crate) now: Timestamp,
}

const OF_NODE: &str = "select number from tasks where status in ('running', 'needs_input') \
    and lease_node = $1 order by number";

impl Write for EndInterrupted {
    /// The tasks whose attempt ended.
    type Output = Vec<StoredTask>;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Vec<StoredTask>> {
        let numbers: Vec<i64> = in_tx!(tx, conn =>
            sqlx::query_scalar(OF_NODE).bind(&self.node).fetch_all(conn).await?);
        let mut ended = Vec::with_capacity(numbers.len());
        for number in numbers {
            let Some(mut stored) = load_readable(tx, number).await? else {
                continue;
            };
            let task = &stored.task;
            let outcome = if stored.cancel_requested_at.is_some() {
                Outcome::Cancelled
            } else {
                Outcome::failed(format!(
                    "the server stopped while {} was running attempt {} of {}",
                    task.agent.as_deref().unwrap_or("its agent"),
                    task.attempt,
                    task.max_attempts
                ))
            };
            end(tx, &mut stored, &outcome, self.now).await?;
            ended.push(stored);
        }
        Ok(ended)
    }
}

/// Goes on with the lease clock where an earlier server left it. Every lease has what was left of
/// it, and at least 30 s.
pub(crate) struct ResumeLeases {
    pub(crate) now: Timestamp,
}

const CLOCK: &str = "select running from lease_clock where id = 1";
const RESUME_LEASES: &str = "update tasks set lease_expires_at = case \
    when lease_expires_at < $1 then $1 when lease_expires_at > $2 then $2 \
    else lease_expires_at end where lease_id is not null";
// The status has an index: a look at a million tasks that ended would be felt at every start.
const RESUME_CANCELLATIONS: &str = "update tasks set cancel_by = $1 where cancel_by < $1 \
    and status in ('running', 'needs_input')";
// The clock may have been written down some seconds before its end.
const RESUME_DEADLINES: &str = "update tasks set \
    deadline_at = $1 + 1000000 * coalesce(timeout_seconds, $2) \
    where deadline_at > $1 + 1000000 * coalesce(timeout_seconds, $2) \
    and status in ('running', 'needs_input')";

impl Write for ResumeLeases {
    /// The lease clock.
    type Output = Timestamp;

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<Timestamp> {
        let saved: Option<i64> = in_tx!(tx, conn =>
            sqlx::query_scalar(CLOCK).fetch_optional(conn).await?)
        .flatten();
        let running = saved.map_or(self.now, Timestamp);
        // Their runs are gone.
        in_tx!(tx, conn => sqlx::query("delete from lease_reports")
            .execute(conn).await?.rows_affected());
        let least = running.plus_seconds(GRACE_SECONDS);
        let most = running.plus_seconds(LEASE_SECONDS);
        in_tx!(tx, conn => sqlx::query(RESUME_LEASES)
            .bind(least.0).bind(most.0).execute(conn).await?.rows_affected());
        in_tx!(tx, conn => sqlx::query(RESUME_CANCELLATIONS)
            .bind(least.0).execute(conn).await?.rows_affected());
        in_tx!(tx, conn => sqlx::query(RESUME_DEADLINES)
            .bind(running.0)
            .bind(i64::from(DEFAULT_TIMEOUT_SECONDS))
            .execute(conn)
            .await?.rows_affected());
        Ok(running)
    }
}
