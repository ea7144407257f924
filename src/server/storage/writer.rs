//! Group commit: one writer takes whatever waits, and whatever comes while it works, runs it in
//! one transaction, and answers every caller after the commit. A durable commit costs one flush
//! to disk, so sixteen concurrent writers cost about as much as one.

use std::future::Future;
use std::pin::Pin;

use sqlx::Connection;
use tokio::sync::{mpsc, oneshot};

use super::batch::Memory;
use super::database::{OnCommit, Writer, Writing};
use super::tx::{Conn, Tx};
use super::{Answer, Change, StorageError};

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

/// A write that waits for its turn.
pub(crate) type Queued = Box<dyn Unit>;

/// A [`Write`] whose types are hidden, so that different ones wait in one queue.
pub(crate) trait Unit: Send {
    fn run<'a>(
        &'a mut self,
        tx: &'a mut Tx<'_>,
    ) -> Pin<Box<dyn Future<Output = Result<(), StorageError>> + Send + 'a>>;

    /// Answers the caller: what `run` left behind, or `failure`.
    fn answer(self: Box<Self>, failure: Option<StorageError>);
}

struct Waiting<W: Write> {
    write: W,
    outcome: Option<Answer<W::Output>>,
    caller: oneshot::Sender<Answer<W::Output>>,
}

/// Puts `write` into the shape of the queue, with the place where its answer will be.
pub(super) fn queued<W: Write>(write: W) -> (Queued, oneshot::Receiver<Answer<W::Output>>) {
    let (caller, answer) = oneshot::channel();
    (
        Box::new(Waiting {
            write,
            outcome: None,
            caller,
        }),
        answer,
    )
}

impl<W: Write> Unit for Waiting<W> {
    fn run<'a>(
        &'a mut self,
        tx: &'a mut Tx<'_>,
    ) -> Pin<Box<dyn Future<Output = Result<(), StorageError>> + Send + 'a>> {
        Box::pin(async move {
            let mark = tx.mark();
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

impl Writer {
    /// Serves writes until every handle is gone.
    pub(crate) async fn run(mut self, on_commit: OnCommit) {
        while let Some(first) = self.queue.recv().await {
            let mut group = vec![first];
            match self.commit(&mut group, true).await {
                Ok(changes) => committed(group, changes, &on_commit),
                Err(error) if group.len() == 1 => failed(group, error),
                Err(error) => {
                    let writes = group.len();
                    tracing::warn!(error = %error, writes, "a group of writes failed; each runs again alone");
                    for unit in group {
                        let mut alone = vec![unit];
                        match self.commit(&mut alone, false).await {
                            Ok(changes) => committed(alone, changes, &on_commit),
                            Err(error) => failed(alone, error),
                        }
                    }
                }
            }
        }
    }

    /// Runs `group` in one transaction. With `gather`, whoever comes meanwhile joins it.
    async fn commit(
        &mut self,
        group: &mut Vec<Queued>,
        gather: bool,
    ) -> Result<Vec<Change>, StorageError> {
        let queue = gather.then_some(&mut self.queue);
        // Known again once this is committed.
        let memory = std::mem::take(&mut self.memory);
        let (changes, memory) = match &mut self.conn {
            Writing::Sqlite(conn) => {
                // A deferred transaction that turns to writing fails at once when another
                // process holds the lock; an immediate one waits for it.
                let mut transaction = conn.begin_with("begin immediate").await?;
                let tx = Tx::new(Conn::Sqlite(&mut transaction), memory);
                let done = run(tx, group, queue).await?;
                transaction.commit().await?;
                done
            }
            Writing::Postgres(pool) => {
                let mut transaction = pool.begin().await?;
                let tx = Tx::new(Conn::Postgres(&mut transaction), memory);
                let done = run(tx, group, queue).await?;
                transaction.commit().await?;
                done
            }
        };
        self.memory = memory;
        Ok(changes)
    }
}

fn committed(group: Vec<Queued>, changes: Vec<Change>, on_commit: &OnCommit) {
    let size = u32::try_from(group.len()).unwrap_or(u32::MAX);
    metrics::histogram!("storage_commit_writes").record(f64::from(size));
    on_commit(changes);
    for unit in group {
        unit.answer(None);
    }
}

fn failed(mut group: Vec<Queued>, error: StorageError) {
    if let Some(unit) = group.pop() {
        unit.answer(Some(error));
    }
}

/// Runs every write of `group`, and of those who join it. Answers what changed, and what is to be
/// remembered.
async fn run(
    mut tx: Tx<'_>,
    group: &mut Vec<Queued>,
    mut queue: Option<&mut mpsc::Receiver<Queued>>,
) -> Result<(Vec<Change>, Memory), StorageError> {
    let mut done = 0;
    loop {
        if let Some(queue) = &mut queue {
            while group.len() < GROUP
                && let Ok(next) = queue.try_recv()
            {
                group.push(next);
            }
        }
        if done == group.len() {
            return Ok((tx.changes, tx.memory));
        }
        for unit in group.iter_mut().skip(done) {
            unit.run(&mut tx).await?;
        }
        done = group.len();
        tx.flush().await?;
    }
}
