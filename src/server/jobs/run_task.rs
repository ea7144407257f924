//! Runs one claimed task on an adapter: stores what it says, keeps the lease, enforces the
//! limits of time, and ends the attempt with what really happened.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::patience::Patience;
use crate::domain::{AgentEvent, Outcome, Scope, Task, TaskBody, TaskRef, line_feeds};
use crate::server::agents::{Assignment, Controls, Runner};
use crate::server::backoff::Backoff;
use crate::server::queue::{Claimed, LEASE_SECONDS, RunHandle};
use crate::server::state::AppState;
use crate::server::storage::Write;
use crate::server::storage::tasks::{EndAttempt, Lease, LeaseState, RenewLeases, ReportTask};
use crate::server::telemetry::chain;

/// Batches of events that may wait for the database before the agent is slowed down.
const WAITING_BATCHES: usize = 4;
/// On a stop of the server, agents get at most this long before they are killed.
const STOP_GRACE: Duration = Duration::from_secs(4);

/// A task, its lease and what runs it.
pub(super) struct RunTask {
    app: AppState,
    runner: Runner,
    task: Task,
    body: TaskBody,
    /// The folder of its project.
    folder: Option<PathBuf>,
    lease: Lease,
    cancel: CancellationToken,
    kill: CancellationToken,
    /// True while the task waits for a person: that time counts for no limit.
    asking: watch::Sender<bool>,
    /// Rises with every sign of life.
    heard: watch::Sender<u64>,
}

/// Why a run ended other than by itself or by a person's wish.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Cause {
    Timeout,
    /// Nothing was heard of it for too long.
    Idle,
    LeaseLost,
    /// What it said cannot be stored, whatever one does.
    ReportLost,
}

impl RunTask {
    pub(super) fn new(app: AppState, runner: Runner, claimed: Claimed) -> Self {
        claimed.handover.arrived();
        Self {
            app,
            runner,
            task: claimed.task.stored.task,
            body: claimed.task.body,
            folder: claimed.task.folder.map(PathBuf::from),
            lease: claimed.lease,
            cancel: CancellationToken::new(),
            kill: CancellationToken::new(),
            asking: watch::Sender::new(false),
            heard: watch::Sender::new(0),
        }
    }

    fn number(&self) -> i64 {
        self.task.number
    }

    fn agent(&self) -> &str {
        self.task.agent.as_deref().unwrap_or_default()
    }

    fn assignment(&self) -> Assignment {
        Assignment {
            task: self.task.id,
            number: self.task.number,
            title: self.task.title.clone(),
            // Also of what was stored before.
            description: line_feeds(self.body.description.clone()),
            attempt: self.task.attempt,
            project: self.task.project.clone(),
            project_folder: self.folder.clone(),
            labels: self.task.labels.clone(),
            metadata: self.body.metadata.clone(),
            dashboard_url: format!("http://{}", self.app.options.site_addr),
        }
    }
}

/// Runs the task to its end.
pub(super) async fn run_task(run: RunTask) {
    let (input, answers) = mpsc::unbounded_channel();
    let handle = RunHandle {
        cancel: run.cancel.clone(),
        kill: run.kill.clone(),
        input,
        asking: run.asking.clone(),
    };
    run.app.runs.insert(&run.lease.id, handle);
    run.catch_up_with_cancellation().await;
    let controls = Controls {
        cancel: run.cancel.clone(),
        kill: run.kill.clone(),
        input: answers,
    };
    let (sender, events) = mpsc::channel(WAITING_BATCHES);
    let adapter = Arc::clone(&run.runner.adapter);
    let mut running = Box::pin(adapter.run(run.assignment(), controls, sender));
    let cause = OnceLock::new();
    let watched = run.watch(&cause);
    tokio::pin!(watched);
    let stored = run.store(events, &cause);
    tokio::pin!(stored);

    let mut told = None;
    let outcome = loop {
        tokio::select! {
            outcome = &mut running => break outcome,
            never = &mut watched => match never {},
            all = &mut stored, if told.is_none() => told = Some(all),
        }
    };
    let why = cause.get().copied();
    // The adapter closed its end: whatever it said last is stored before the end is, however long
    // that takes; the lease is kept meanwhile.
    drop(running);
    let finish = async {
        let told = match told {
            Some(told) => told,
            None => stored.await,
        };
        // Whether it started is known before the queue offers the agent anything else.
        let started = !matches!(outcome, Outcome::NotStarted(_));
        run.app.adapters.note_start(run.agent(), started);
        if let Outcome::Unplaced(reason) = &outcome {
            let project = &run.task.project;
            run.app.board.displace(run.agent(), project, reason);
        }
        run.end(outcome, told.err().or(why)).await;
    };
    tokio::select! {
        () = finish => {}
        never = &mut watched => match never {},
    }
    run.app.runs.remove(&run.lease.id);
}

impl RunTask {
    /// Between the claim and the handle, somebody may have asked to cancel.
    async fn catch_up_with_cancellation(&self) {
        if self.was_cancelled().await {
            self.cancel.cancel();
        }
    }

    /// Stores events as they come, until there are no more or the run is over for another reason.
    /// While the database is away they wait, and the agent with them.
    async fn store(
        &self,
        mut events: mpsc::Receiver<Vec<AgentEvent>>,
        cause: &OnceLock<Cause>,
    ) -> Result<(), Cause> {
        let mut report = 0;
        while let Some(events) = events.recv().await {
            self.note(&events);
            let events = Arc::new(events);
            report += 1;
            let stored = self.until_stored(|| ReportTask {
                number: self.number(),
                lease: self.lease.id.clone(),
                report,
                events: Arc::clone(&events),
                now: self.app.clock.now(),
            });
            if let Err(why) = stored.await {
                self.stop(why, cause);
                return Err(why);
            }
        }
        Ok(())
    }

    /// Before it is stored: nobody can answer a question earlier than that.
    fn note(&self, events: &[AgentEvent]) {
        let is_log = |event: &&AgentEvent| matches!(event, AgentEvent::Log(_));
        let lines = events.iter().filter(is_log).count();
        metrics::counter!("log_lines_total").increment(u64::try_from(lines).unwrap_or(0));
        self.heard.send_modify(|times| *times += 1);
        for event in events {
            match event {
                AgentEvent::NeedsInput(_) => _ = self.asking.send_replace(true),
                AgentEvent::Resumed => _ = self.asking.send_replace(false),
                _ => {}
            }
        }
    }

    /// Writes, again and again while the database is away. The error says why it is in vain.
    async fn until_stored<W: Write>(&self, write: impl Fn() -> W) -> Result<W::Output, Cause> {
        let mut backoff = Backoff::default();
        let mut waits = false;
        loop {
            let error = match self.app.db.write(write()).await {
                Ok(output) => return Ok(output),
                Err(error) => error,
            };
            let number = self.number();
            if error.may_pass() {
                if !std::mem::replace(&mut waits, true) {
                    tracing::warn!(
                        task.number = number,
                        error = chain(&error),
                        "reports wait for the database"
                    );
                }
                tokio::time::sleep(backoff.next(self.app.clock.chance())).await;
                continue;
            }
            tracing::warn!(
                task.number = number,
                error = chain(&error),
                "a report was not stored; the run is stopped"
            );
            return Err(if error.is_refusal() && !self.holds_lease().await {
                Cause::LeaseLost
            } else {
                Cause::ReportLost
            });
        }
    }

    async fn holds_lease(&self) -> bool {
        let task = TaskRef::Number(self.number());
        let stored = self.app.db.task(&Scope::everything(), task).await;
        let lease = stored.ok().and_then(|stored| stored.lease);
        lease.is_some_and(|lease| lease.id == self.lease.id)
    }

    /// Renews the lease for as long as the run lasts, and has it stopped when there is a reason.
    async fn watch(&self, cause: &OnceLock<Cause>) -> Infallible {
        let clock = self.app.clock;
        let timeout = i64::from(self.task.timeout_seconds);
        let timed_out = Patience::new(clock, timeout).wait(self.asking.subscribe(), None);
        let heard = self.heard.subscribe();
        let idle = async {
            match self.runner.idle_timeout {
                Some(limit) => {
                    let seconds = i64::try_from(limit.as_secs()).unwrap_or(i64::MAX);
                    let patience = Patience::new(clock, seconds);
                    patience.wait(self.asking.subscribe(), Some(heard)).await;
                }
                None => std::future::pending().await,
            }
        };
        tokio::pin!(timed_out, idle);
        let mut renewal = clock.running().plus_seconds(LEASE_SECONDS / 3);
        let mut stopping = false;
        loop {
            tokio::select! {
                () = &mut timed_out, if cause.get().is_none() => self.stop(Cause::Timeout, cause),
                () = &mut idle, if cause.get().is_none() => self.stop(Cause::Idle, cause),
                () = self.app.stopping.cancelled(), if !stopping => {
                    stopping = true;
                    self.cancel.cancel();
                    tokio::time::sleep(STOP_GRACE).await;
                    self.kill.cancel();
                }
                () = clock.until(renewal) => {
                    renewal = clock.running().plus_seconds(LEASE_SECONDS / 3);
                    if !self.renew().await {
                        self.stop(Cause::LeaseLost, cause);
                    }
                }
            }
        }
    }

    /// Politely after a timeout; at once when somebody else may have the task.
    fn stop(&self, why: Cause, cause: &OnceLock<Cause>) {
        let _earlier = cause.set(why);
        match why {
            Cause::Timeout | Cause::Idle => self.cancel.cancel(),
            Cause::LeaseLost | Cause::ReportLost => self.kill.cancel(),
        }
    }

    /// False when the lease is lost.
    async fn renew(&self) -> bool {
        let renew = RenewLeases {
            leases: vec![self.lease.id.clone()],
            agent: self.agent().to_owned(),
            expires_at: self.app.clock.running().plus_seconds(LEASE_SECONDS),
        };
        match self.app.db.write(renew).await {
            Ok(renewals) => {
                if renewals
                    .iter()
                    .any(|renewal| renewal.state == LeaseState::Cancelled)
                {
                    self.cancel.cancel();
                }
                renewals
                    .iter()
                    .all(|renewal| renewal.state != LeaseState::Lost)
            }
            // The next renewal may succeed; the lease outlives two failures.
            Err(error) => {
                tracing::warn!(
                    task.number = self.number(),
                    error = chain(&error),
                    "a lease was not renewed"
                );
                true
            }
        }
    }

    async fn end(&self, outcome: Outcome, cause: Option<Cause>) {
        let attempt = format!(
            "attempt {} of {}",
            self.task.attempt, self.task.max_attempts
        );
        let stopping = self.app.stopping.is_cancelled();
        let outcome = match (outcome, cause) {
            (_, Some(Cause::LeaseLost)) => return,
            // Whatever its end: something that it said is missing.
            (_, Some(Cause::ReportLost)) => Outcome::failed(format!(
                "a part of what it reported could not be stored in {attempt}; the server's log \
                 says why"
            )),
            (Outcome::Completed, _) => Outcome::Completed,
            (_, Some(Cause::Timeout)) => Outcome::failed(format!(
                "timed out after {} s in {attempt}",
                self.task.timeout_seconds
            )),
            (_, Some(Cause::Idle)) => {
                let limit = self.runner.idle_timeout.unwrap_or_default().as_secs();
                Outcome::failed(format!("no sign of life for {limit} s in {attempt}"))
            }
            (Outcome::Cancelled, _) if stopping && !self.was_cancelled().await => {
                Outcome::failed(format!("the server was stopped during {attempt}"))
            }
            (outcome, _) => outcome,
        };
        let end = || EndAttempt {
            number: self.number(),
            lease: self.lease.id.clone(),
            outcome: outcome.clone(),
            now: self.app.clock.now(),
        };
        // In vain only when the lease is lost or the server stops, and both end the attempt.
        let _ended = self.until_stored(end).await;
    }

    async fn was_cancelled(&self) -> bool {
        let task = TaskRef::Number(self.number());
        let stored = self.app.db.task(&Scope::everything(), task).await;
        stored.is_ok_and(|stored| stored.cancel_requested_at.is_some())
    }
}
