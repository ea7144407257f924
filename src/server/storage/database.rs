//! SQLite by default, PostgreSQL when outgrown: one SQL text for both.

use std::sync::Arc;
use std::time::Duration;

use sqlx::{PgPool, SqlitePool};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::health::Health;
use super::link::Link;
use super::tx::{Tx, in_tx};
use super::writer::{self, Queued, Write, Writer};
use super::{Answer, Change, StorageError};

/// Called after every commit with what it changed, in commit order.
pub(crate) type OnCommit = Arc<dyn Fn(Vec<Change>) + Send + Sync>;

/// A cheap handle to the database.
#[derive(Clone)]
pub(crate) struct Database {
    pub(super) pool: Pool,
    queue: mpsc::Sender<Queued>,
    health: Health,
    closing: CancellationToken,
}

#[derive(Clone)]
pub(super) enum Pool {
    /// Read-only connections; the writer has its own.
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Pool {
    /// Waits for the readers that are at work, and lets no more in.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Runs one expression on the reading pool of either engine.
macro_rules! on_pool {
    ($db:expr, $pool:ident => $body:expr) => {
        match &$db.pool {
            $crate::server::storage::database::Pool::Sqlite($pool) => $body,
            $crate::server::storage::database::Pool::Postgres($pool) => $body,
        }
    };
}
pub(super) use on_pool;

/// Writes that may wait for the next commit before callers are held back.
const WAITING_WRITES: usize = 1024;
/// A commit so short ago shows that writing works.
const FRESH: Duration = Duration::from_secs(10);
/// A database that answers later than this does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

impl Database {
    pub(super) fn with(readers: Pool, link: Link) -> (Self, Writer) {
        let (sender, queue) = mpsc::channel(WAITING_WRITES);
        let (health, closing) = (Health::new(), CancellationToken::new());
        (
            Self {
                pool: readers.clone(),
                queue: sender,
                health: health.clone(),
                closing: closing.clone(),
            },
            Writer {
                link,
                queue,
                readers,
                health,
                closing,
            },
        )
    }

    /// Runs `write` in a transaction with whatever else waits, and answers after the commit.
    /// Once queued it happens even when the caller goes away.
    pub(crate) async fn write<W: Write>(&self, write: W) -> Answer<W::Output> {
        let (queued, answer) = writer::queued(write);
        self.queue
            .send(queued)
            .await
            .map_err(|_| StorageError::Stopping)?;
        answer.await.map_err(|_| StorageError::Stopping)?
    }

    /// Queues `write` without waiting for it or its answer: for what has to be undone when a caller
    /// is gone. False when there is no room.
    pub(crate) fn post<W: Write>(&self, write: W) -> bool {
        let (queued, _unheard) = writer::queued(write);
        self.queue.try_send(queued).is_ok()
    }

    /// Whether writes are taken, as the writer last found it.
    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    /// Passes when the database can be read and written. Writes something only when nothing was
    /// written for a while.
    pub(crate) async fn check(&self) -> Answer<()> {
        if let Some(trouble) = self.health.trouble() {
            return Err(StorageError::Unwritable(trouble));
        }
        let asked = async {
            on_pool!(self, pool => sqlx::query("select 1").execute(pool).await?.rows_affected());
            if self.health.committed_within(FRESH) {
                return Ok(());
            }
            self.write(Touch).await
        };
        let late = |_| StorageError::Unwritable(super::Trouble::Away);
        timeout(PATIENCE, asked).await.map_err(late)?
    }

    /// Takes no more writes. The writer commits those that wait, and then leaves one whole file:
    /// whoever has its end in hand may wait for that.
    pub(crate) fn close(&self) {
        self.closing.cancel();
    }
}

/// Shows that writing works.
struct Touch;

const TOUCH: &str = "insert into trials (filler) values ('')";

impl Write for Touch {
    type Output = ();

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<()> {
        in_tx!(tx, conn => sqlx::query("delete from trials").execute(conn).await?.rows_affected());
        in_tx!(tx, conn => sqlx::query(TOUCH).execute(conn).await?.rows_affected());
        Ok(())
    }
}
