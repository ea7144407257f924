//! Group commit: one writer takes whatever waits, runs it in one transaction, and answers
//! every caller after the commit. A durable commit costs one flush to disk, so sixteen
//! concurrent writers cost about as much as one.

use std::future::Future;
use std::pin::Pin;

use sqlx::{Acquire, Connection};
use tokio::sync::oneshot;

use super::database::{OnCommit, Pool, Writer};
use super::tx::{Conn, Tx};
use super::{Answer, StorageError};

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
            while group.len() < GROUP {
                match self.queue.try_recv() {
                    Ok(next) => group.push(next),
                    Err(_) => break,
                }
            }
            self.serve(group, &on_commit).await;
        }
    }

    async fn serve(&self, mut group: Vec<Queued>, on_commit: &OnCommit) {
        let size = u32::try_from(group.len()).unwrap_or(u32::MAX);
        match commit(&self.pool, &mut group).await {
            Ok(changes) => {
                metrics::histogram!("storage_commit_writes").record(f64::from(size));
                on_commit(changes);
                for unit in group {
                    unit.answer(None);
                }
            }
            Err(error) if group.len() > 1 => {
                tracing::warn!(error = %error, writes = size, "a group of writes failed; each runs again alone");
                for unit in group {
                    Box::pin(self.serve(vec![unit], on_commit)).await;
                }
            }
            Err(error) => {
                if let Some(unit) = group.pop() {
                    unit.answer(Some(error));
                }
            }
        }
    }
}

async fn commit(pool: &Pool, group: &mut [Queued]) -> Result<Vec<super::Change>, StorageError> {
    match pool {
        Pool::Sqlite(pool) => {
            let mut conn = pool.acquire().await?;
            // A deferred transaction that turns to writing fails at once when another
            // process holds the lock; an immediate one waits for it.
            let mut transaction = conn.begin_with("begin immediate").await?;
            let changes = run(Conn::Sqlite(&mut transaction), group).await?;
            transaction.commit().await?;
            Ok(changes)
        }
        Pool::Postgres(pool) => {
            let mut conn = pool.acquire().await?;
            let mut transaction = conn.begin().await?;
            let changes = run(Conn::Postgres(&mut transaction), group).await?;
            transaction.commit().await?;
            Ok(changes)
        }
    }
}

async fn run(conn: Conn<'_>, group: &mut [Queued]) -> Result<Vec<super::Change>, StorageError> {
    let mut tx = Tx {
        conn,
        changes: Vec::new(),
    };
    for unit in group {
        unit.run(&mut tx).await?;
    }
    Ok(tx.changes)
}
