//! Group commit: one writer takes whatever waits, and whatever comes while it works, runs it in
//! one transaction, and answers every caller after the commit. A durable commit costs one flush
//! to disk, so sixteen concurrent writers cost about as much as one.
//!
//! The writer outlives every error. While the database takes no writes it answers all of them
//! at once with the reason, and tries by itself until writing works again.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::batch::Memory;
use super::database::{OnCommit, Pool};
use super::health::Health;
use super::link::{Link, Settled};
use super::trouble::Trouble;
use super::tx::Tx;
use super::{Answer, Change, StorageError, outbox};
use crate::server::telemetry::chain;

/// A change to the database. It may run more than once: when one write of a group fails, the
/// group is rolled back and every write runs again alone.
pub(crate) trait Write: Send + Sync + 'static {
    /// What the caller learns.
    type Output: Send + 'static;

    /// Reads, decides and writes. A refusal must come before the first write.
    fn run(&self, tx: &mut Tx<'_>) -> impl Future<Output = Answer<Self::Output>> + Send;
}

/// At most so many writes share a commit, so that nobody waits long behind a crowd.
const GROUP: usize = 256;
/// A connection that broke is opened again for so long before callers hear of it.
const REPAIR: Duration = Duration::from_secs(3);
/// A write whose connection breaks again and again is tried so often.
const TRIES: u32 = 5;
/// The pauses between attempts to write again grow from the first to the last.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(2)];
/// Readers that are still at work at the end are waited for so long.
const READERS: Duration = Duration::from_secs(1);

/// A write that waits for its turn.
pub(crate) type Queued = Box<dyn Unit>;

/// Whoever may join a group that runs.
pub(super) type Gather<'a> = Option<&'a mut mpsc::Receiver<Queued>>;

/// A [`Write`] whose types are hidden, so that different ones wait in one queue.
pub(crate) trait Unit: Send {
    fn run<'a>(
        &'a mut self,
        tx: &'a mut Tx<'_>,
    ) -> Pin<Box<dyn Future<Output = Result<(), StorageError>> + Send + 'a>>;

    /// Answers the caller: what `run` left behind, or `failure`.
    fn answer(self: Box<Self>, failure: Option<StorageError>);
}

struct QueuedWrite<W: Write> {
    write: W,
    outcome: Option<Answer<W::Output>>,
    caller: oneshot::Sender<Answer<W::Output>>,
}

/// Puts `write` into the shape of the queue, with the place where its answer will be.
pub(super) fn queued<W: Write>(write: W) -> (Queued, oneshot::Receiver<Answer<W::Output>>) {
    let (caller, answer) = oneshot::channel();
    (
        Box::new(QueuedWrite {
            write,
            outcome: None,
            caller,
        }),
        answer,
    )
}

impl<W: Write> Unit for QueuedWrite<W> {
    fn run<'a>(
        &'a mut self,
        tx: &'a mut Tx<'_>,
    ) -> Pin<Box<dyn Future<Output = Result<(), StorageError>> + Send + 'a>> {
        Box::pin(async move {
            let mark = tx.mark();
            self.outcome = None;
            match self.write.run(tx).await {
                Err(error) if !error.is_refusal() => Err(error),
                outcome => {
                    if outcome.is_err() {
                        tx.forget_after(mark);
                    }
                    self.outcome = Some(outcome);
                    Ok(())
                }
            }
        })
    }

    fn answer(self: Box<Self>, failure: Option<StorageError>) {
        let outcome = match (failure, self.outcome) {
            (Some(error), _) => Err(error),
            (None, Some(outcome)) => outcome,
            (None, None) => Err(StorageError::Stopping),
        };
        // The caller may have gone away; the write stands all the same.
        let _gone = self.caller.send(outcome);
    }
}

/// The writer's side of the database: run it until the handles are gone.
pub(crate) struct Writer {
    pub(super) link: Link,
    pub(super) queue: mpsc::Receiver<Queued>,
    /// Closed with the writer.
    pub(super) readers: Pool,
    pub(super) health: Health,
    /// Fires when the queue is to be emptied and closed.
    pub(super) closing: CancellationToken,
}

/// While writes are refused: since when, and when it is tried again.
struct Outage {
    since: Instant,
    next: Instant,
    pause: Duration,
}

impl Writer {
    /// Has `follower` told of every change from now on by rows of the same transaction.
    #[cfg(test)]
    pub(crate) fn follow(&mut self, follower: &str) {
        self.link.followers.push(follower.to_owned());
    }

    /// Serves writes until every handle is gone or the database is closed, and leaves what is
    /// stored in one whole file.
    pub(crate) async fn run(mut self, on_commit: OnCommit) {
        let mut outage: Option<Outage> = None;
        loop {
            let next_trial = outage.as_ref().map(|outage| outage.next);
            let trial = async {
                match next_trial {
                    Some(next) => sleep_until(next).await,
                    None => std::future::pending().await,
                }
            };
            let first = tokio::select! {
                biased;
                () = self.closing.cancelled(), if !self.queue.is_closed() => {
                    self.queue.close();
                    continue;
                }
                () = trial => {
                    outage = self.try_again(outage, &on_commit).await;
                    continue;
                }
                first = self.queue.recv() => first,
            };
            match (first, self.health.trouble()) {
                (None, _) => break,
                (Some(unit), Some(trouble)) => {
                    unit.answer(Some(StorageError::Unwritable(trouble)));
                }
                (Some(unit), None) => {
                    self.serve(unit, &on_commit).await;
                    outage = self.health.trouble().map(|_| Outage::begin());
                }
            }
        }
        let _late = timeout(READERS, self.readers.close()).await;
        self.link.close().await;
    }

    /// Commits `first` together with whoever waits. Every one of them is answered.
    async fn serve(&mut self, first: Queued, on_commit: &OnCommit) {
        let mut group = vec![first];
        let error = match self.link.commit(&mut group, Some(&mut self.queue)).await {
            Ok(changes) => return self.committed(group, changes, on_commit),
            Err(error) => error,
        };
        let writes = group.len();
        let words = chain(&error);
        if self.link.trouble(&error).is_none() {
            if writes == 1 {
                return refuse(group, &mut Some(error));
            }
            tracing::warn!(
                error = words,
                writes,
                "a group of writes failed; each runs again alone"
            );
        }
        match self.repair(&error).await {
            Ok(Some(Settled::Stored(changes))) => self.committed(group, changes, on_commit),
            Ok(_) => {
                for unit in group {
                    self.serve_alone(unit, on_commit).await;
                }
            }
            Err(trouble) => {
                self.begin_outage(trouble, &words);
                for unit in group {
                    unit.answer(Some(self.failure(trouble)));
                }
            }
        }
    }

    async fn serve_alone(&mut self, unit: Queued, on_commit: &OnCommit) {
        let mut alone = vec![unit];
        let mut failure = self.health.trouble().map(StorageError::Unwritable);
        for _ in 0..TRIES {
            if failure.is_some() && self.health.trouble().is_some() {
                break;
            }
            let error = match self.link.commit(&mut alone, None).await {
                Ok(changes) => return self.committed(alone, changes, on_commit),
                Err(error) => error,
            };
            let Some(trouble) = self.link.trouble(&error) else {
                failure = Some(error);
                break;
            };
            match self.repair(&error).await {
                Ok(Some(Settled::Stored(changes))) => {
                    return self.committed(alone, changes, on_commit);
                }
                Ok(_) => {}
                Err(trouble) => self.begin_outage(trouble, &chain(&error)),
            }
            failure = Some(self.failure(trouble));
            if !trouble.passes() {
                break;
            }
        }
        refuse(alone, &mut failure);
    }

    fn committed(&self, group: Vec<Queued>, changes: Vec<Change>, on_commit: &OnCommit) {
        let size = u32::try_from(group.len()).unwrap_or(u32::MAX);
        metrics::histogram!("storage_commit_writes").record(f64::from(size));
        self.health.note_commit();
        announce(changes, on_commit);
        for unit in group {
            unit.answer(None);
        }
    }

    /// Gets the database to take writes again after `error`, and settles what is in doubt.
    /// Gives up after a while when the connection is lost, at once when it is something else.
    async fn repair(&mut self, error: &StorageError) -> Result<Option<Settled>, Trouble> {
        if self.link.trouble(error).is_none() {
            return Ok(None);
        }
        let begun = Instant::now();
        let [mut pause, longest] = PAUSES;
        loop {
            let settled = self.link.settle().await;
            let tried = match settled {
                Ok(Some(Settled::Stored(changes))) => return Ok(Some(Settled::Stored(changes))),
                Ok(_) => self.link.trial().await,
                Err(error) => Err(error),
            };
            let Err(error) = tried else {
                return Ok(None);
            };
            let trouble = self.link.trouble(&error).unwrap_or(Trouble::Away);
            if !trouble.passes() || begun.elapsed() > REPAIR {
                return Err(trouble);
            }
            sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// What a caller hears whose write could not be repaired.
    fn failure(&self, trouble: Trouble) -> StorageError {
        if self.link.is_in_doubt() {
            return StorageError::Unknown;
        }
        StorageError::Unwritable(trouble)
    }

    fn begin_outage(&self, trouble: Trouble, error: &str) {
        if self.health.trouble() == Some(trouble) {
            return;
        }
        let place = self.link.place();
        tracing::error!(
            error,
            place,
            cause = trouble.as_str(),
            "nothing can be written: {}",
            trouble.words()
        );
        metrics::counter!("storage_outages_total", "cause" => trouble.as_str()).increment(1);
        self.health.set(Some(trouble));
    }

    /// Tries whether writing works by now; answers when to try the next time, if it does not.
    async fn try_again(&mut self, outage: Option<Outage>, on_commit: &OnCommit) -> Option<Outage> {
        let outage = outage?;
        let tried = match self.link.settle().await {
            Ok(Some(Settled::Stored(changes))) => {
                announce(changes, on_commit);
                self.link.trial().await
            }
            Ok(_) => self.link.trial().await,
            Err(error) => Err(error),
        };
        match tried {
            Ok(()) => {
                let seconds = outage.since.elapsed().as_secs();
                tracing::warn!(seconds, "the trouble is over: everything is written again");
                self.health.note_commit();
                self.health.set(None);
                None
            }
            Err(error) => {
                let trouble = self.link.trouble(&error).unwrap_or(Trouble::Away);
                self.begin_outage(trouble, &chain(&error));
                Some(outage.go_on())
            }
        }
    }
}

impl Outage {
    fn begin() -> Self {
        let (now, [pause, _]) = (Instant::now(), PAUSES);
        Self {
            since: now,
            next: now + pause,
            pause,
        }
    }

    fn go_on(mut self) -> Self {
        let [_, longest] = PAUSES;
        self.pause = (self.pause * 2).min(longest);
        self.next = Instant::now() + self.pause;
        self
    }
}

/// A follower that panics must not end the writer: what it missed is found by comparing.
fn announce(changes: Vec<Change>, on_commit: &OnCommit) {
    if catch_unwind(AssertUnwindSafe(|| on_commit(changes))).is_err() {
        tracing::error!("a commit could not be announced: a follower panicked");
    }
}

fn refuse(mut group: Vec<Queued>, error: &mut Option<StorageError>) {
    if let Some(unit) = group.pop() {
        unit.answer(Some(error.take().unwrap_or(StorageError::Stopping)));
    }
}

/// Runs every write of `group`, and of those who join it. Answers what changed, and what the next
/// transaction may rely on.
pub(super) async fn run(
    mut tx: Tx<'_>,
    group: &mut Vec<Queued>,
    mut gather: Gather<'_>,
    followers: &[String],
) -> Answer<(Vec<Change>, Memory)> {
    let mut done = 0;
    loop {
        if let Some(queue) = &mut gather {
            while group.len() < GROUP
                && let Ok(next) = queue.try_recv()
            {
                group.push(next);
            }
        }
        if done == group.len() {
            if !followers.is_empty() {
                outbox::note(&mut tx, followers);
                tx.flush().await?;
            }
            return Ok((tx.changes, tx.memory));
        }
        for unit in group.iter_mut().skip(done) {
            unit.run(&mut tx).await?;
        }
        done = group.len();
        tx.flush().await?;
    }
}
