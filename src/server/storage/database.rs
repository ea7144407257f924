//! SQLite by default, PostgreSQL when outgrown: one SQL text for both.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, PgConnection, PgPool, SqliteConnection, SqlitePool};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::batch::Memory;
use super::writer::{self, Queued, Write};
use super::{Answer, Change, StorageError};

/// Called after every commit with what it changed, in commit order.
pub(crate) type OnCommit = Arc<dyn Fn(Vec<Change>) + Send + Sync>;

/// A cheap handle to the database.
#[derive(Clone)]
pub(crate) struct Database {
    pub(super) pool: Pool,
    queue: mpsc::Sender<Queued>,
}

#[derive(Clone)]
pub(super) enum Pool {
    /// Read-only connections; the writer has its own.
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// The writer's side of the database: run it until the handles are gone.
pub(crate) struct Writer {
    pub(super) conn: Writing,
    pub(super) queue: mpsc::Receiver<Queued>,
    /// What the last commit left known.
    pub(super) memory: Memory,
}

/// What the writer writes to.
pub(super) enum Writing {
    /// Its own connection: a pool would check it before and after every commit.
    Sqlite(SqliteConnection),
    Postgres(PgPool),
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

/// How long a start waits for PostgreSQL.
const REACH: Duration = Duration::from_secs(5);
/// Writes that may wait for the next commit before callers are held back.
const WAITING_WRITES: usize = 1024;

impl Database {
    /// Opens or creates the SQLite database at `path`.
    pub(crate) async fn open_sqlite(path: &Path) -> Answer<(Self, Writer)> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An acknowledged write survives a power cut; group commit pays for it.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            .pragma("journal_size_limit", "67108864")
            .pragma("wal_autocheckpoint", "4000");
        let mut writing = SqliteConnection::connect_with(&options).await?;
        sqlx::migrate!("migrations/sqlite")
            .run_direct(None, &mut writing, false)
            .await?;
        let reading = SqlitePoolOptions::new()
            .max_connections(4)
            .idle_timeout(None)
            .max_lifetime(None)
            // A file does not go away as a server may.
            .test_before_acquire(false)
            .connect_lazy_with(options.create_if_missing(false).read_only(true));
        Ok(Self::with(Pool::Sqlite(reading), Writing::Sqlite(writing)))
    }

    /// Whether PostgreSQL can be reached; a pool would try again and again before it says so.
    /// The words name the host, and never the password.
    pub(crate) async fn reach_postgres(url: &str) -> Result<(), String> {
        let options: PgConnectOptions = url.parse().map_err(
            |_| "is no address of PostgreSQL; use postgres://USER:PASSWORD@HOST:PORT/DATABASE",
        )?;
        let place = format!("{}:{}", options.get_host(), options.get_port());
        let fix = "start it, or correct the address";
        match timeout(REACH, PgConnection::connect_with(&options)).await {
            Ok(Ok(conn)) => {
                // The pool makes its own.
                let _closed = conn.close().await;
                Ok(())
            }
            Ok(Err(error)) => Err(format!(
                "PostgreSQL at {place} cannot be used: {error}; {fix}"
            )),
            Err(_) => Err(format!(
                "PostgreSQL at {place} does not answer within {} s; {fix}",
                REACH.as_secs()
            )),
        }
    }

    /// Connects to PostgreSQL.
    pub(crate) async fn open_postgres(url: &str) -> Answer<(Self, Writer)> {
        let options: PgConnectOptions = url.parse()?;
        let pool = PgPoolOptions::new()
            .max_connections(10)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options)
            .await?;
        sqlx::migrate!("migrations/postgres").run(&pool).await?;
        Ok(Self::with(
            Pool::Postgres(pool.clone()),
            Writing::Postgres(pool),
        ))
    }

    fn with(reading: Pool, writing: Writing) -> (Self, Writer) {
        let (sender, queue) = mpsc::channel(WAITING_WRITES);
        (
            Self {
                pool: reading,
                queue: sender,
            },
            Writer {
                conn: writing,
                queue,
                memory: Memory::default(),
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

    /// True when the database answers.
    pub(crate) async fn is_reachable(&self) -> bool {
        on_pool!(self, pool => sqlx::query("select 1").execute(pool).await.is_ok())
    }
}
