//! The writer's own connection: opened again whenever it broke, and the one place that begins
//! and ends transactions.

use std::os::unix::fs::MetadataExt;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::FutureExt;
use rustix::process::{Resource, getrlimit};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tokio::time::timeout;

use super::batch::Memory;
use super::sqlite::beside;
use super::trouble::Trouble;
use super::tx::{Conn, Tx};
use super::writer::{Gather, Queued, run};
use super::{Answer, Change, StorageError};

/// What the writer writes to.
pub(super) struct Link {
    source: Source,
    conn: Option<Writing>,
    /// What the last commit left known.
    memory: Memory,
    doubt: Option<Doubt>,
    /// Who must miss no change: their rows go with every commit.
    pub(super) followers: Vec<String>,
}

/// Where the database is.
pub(super) enum Source {
    Sqlite {
        options: Box<SqliteConnectOptions>,
        path: PathBuf,
        /// Device and inode of the file that was opened at first.
        file: (u64, u64),
    },
    Postgres {
        options: Box<PgConnectOptions>,
        /// Under this name the number of the last commit is kept.
        writer: String,
        commits: i64,
    },
}

pub(super) enum Writing {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// A commit of which nobody knows whether it happened: the connection broke before the answer.
struct Doubt {
    number: i64,
    changes: Vec<Change>,
}

/// What became of a commit that was in doubt.
pub(super) enum Settled {
    /// It happened, and this changed.
    Stored(Vec<Change>),
    /// It did not happen, and never will.
    Lost,
}

/// PostgreSQL may take so long for one transaction; a network that swallows everything would
/// hold us forever.
const LONGEST: Duration = Duration::from_mins(1);
/// A connection that is to be closed may take so long for it.
const CLOSING: Duration = Duration::from_secs(1);
/// A disk with less room than this, in bytes, is full.
const LITTLE: u64 = 128 * 1024;
/// A server that was lost holds no locks of ours for longer.
const SESSION: &str = "set idle_in_transaction_session_timeout = '30s'";
// Waits for the end of the transaction in doubt, if it is still under way, and then sees it.
const LAST_COMMIT: &str = "insert into commits (writer, number) values ($1, 0) \
    on conflict (writer) do update set at = now() returning number";
const FORGOTTEN: &str = "delete from commits where at < now() - interval '7 days'";

impl Link {
    pub(super) fn new(source: Source, conn: Writing) -> Self {
        Self {
            source,
            conn: Some(conn),
            memory: Memory::default(),
            doubt: None,
            followers: Vec::new(),
        }
    }

    /// A connection of its own to PostgreSQL.
    pub(super) async fn to_postgres(options: &PgConnectOptions) -> Answer<Self> {
        let mut conn = PgConnection::connect_with(options).await?;
        sqlx::raw_sql(SESSION).execute(&mut conn).await?;
        sqlx::raw_sql(FORGOTTEN).execute(&mut conn).await?;
        let writer: String = sqlx::query_scalar("select gen_random_uuid()::text")
            .fetch_one(&mut conn)
            .await?;
        let source = Source::Postgres {
            options: Box::new(options.clone()),
            writer,
            commits: 0,
        };
        Ok(Self::new(source, Writing::Postgres(conn)))
    }

    /// Runs `group`, and whoever joins it, in one transaction. After any failure the connection
    /// is a new one: what state the old one is in, nobody can say.
    pub(super) async fn commit(
        &mut self,
        group: &mut Vec<Queued>,
        gather: Gather<'_>,
    ) -> Answer<Vec<Change>> {
        self.source.check_place()?;
        let done = AssertUnwindSafe(self.transact(group, gather)).catch_unwind();
        let done = match timeout(LONGEST, done).await {
            Ok(Ok(done)) => done,
            Ok(Err(_panic)) => Err(StorageError::Broken),
            Err(_) => Err(StorageError::Unwritable(Trouble::Away)),
        };
        if done.is_err() {
            self.discard().await;
        }
        done
    }

    async fn transact(
        &mut self,
        group: &mut Vec<Queued>,
        gather: Gather<'_>,
    ) -> Answer<Vec<Change>> {
        self.connect().await?;
        let memory = std::mem::take(&mut self.memory);
        match (&mut self.conn, &mut self.source) {
            (Some(Writing::Sqlite(conn)), source) => {
                // A deferred transaction that turns to writing fails at once when another
                // process holds the lock; an immediate one waits for it.
                let mut transaction = conn.begin_with("begin immediate").await?;
                let tx = Tx::new(Conn::Sqlite(&mut transaction), memory);
                let (changes, memory) = run(tx, group, gather, &self.followers).await?;
                // Writes that joined may have come after the file went.
                source.check_place()?;
                transaction.commit().await?;
                self.memory = memory;
                Ok(changes)
            }
            (
                Some(Writing::Postgres(conn)),
                Source::Postgres {
                    writer, commits, ..
                },
            ) => {
                sqlx::raw_sql("begin").execute(&mut *conn).await?;
                let tx = Tx::new(Conn::Postgres(&mut *conn), memory);
                let (changes, memory) = run(tx, group, gather, &self.followers).await?;
                *commits += 1;
                let number = *commits;
                let end = format!(
                    "insert into commits (writer, number) values ('{writer}', {number}) \
                     on conflict (writer) do update set number = excluded.number, at = now(); \
                     commit"
                );
                // From here on it may be committed without our hearing of it.
                self.doubt = Some(Doubt { number, changes });
                sqlx::raw_sql(AssertSqlSafe(end)).execute(conn).await?;
                self.memory = memory;
                Ok(self
                    .doubt
                    .take()
                    .map(|doubt| doubt.changes)
                    .unwrap_or_default())
            }
            _ => Err(StorageError::Unwritable(Trouble::Away)),
        }
    }

    pub(super) fn is_in_doubt(&self) -> bool {
        self.doubt.is_some()
    }

    /// Finds out whether the commit in doubt happened. `None` when none is.
    pub(super) async fn settle(&mut self) -> Answer<Option<Settled>> {
        let Some(doubt) = self.doubt.take() else {
            return Ok(None);
        };
        let asked = timeout(LONGEST, self.last_commit()).await;
        match asked.unwrap_or(Err(StorageError::Unwritable(Trouble::Away))) {
            Ok(last) if last >= doubt.number => Ok(Some(Settled::Stored(doubt.changes))),
            Ok(_) => Ok(Some(Settled::Lost)),
            Err(error) => {
                self.doubt = Some(doubt);
                self.discard().await;
                Err(error)
            }
        }
    }

    async fn last_commit(&mut self) -> Answer<i64> {
        self.connect().await?;
        match (&mut self.conn, &self.source) {
            (Some(Writing::Postgres(conn)), Source::Postgres { writer, .. }) => {
                let last = sqlx::query_scalar(LAST_COMMIT).bind(writer);
                Ok(last.fetch_one(conn).await?)
            }
            // SQLite answers from this very process.
            _ => Ok(0),
        }
    }

    /// Writes something and takes it back, each of it committed, to see whether that works.
    pub(super) async fn trial(&mut self) -> Answer<()> {
        self.source.check_place()?;
        let tried = timeout(LONGEST, self.try_writing()).await;
        let tried = tried.unwrap_or(Err(StorageError::Unwritable(Trouble::Away)));
        if tried.is_err() {
            self.discard().await;
        }
        tried
    }

    async fn try_writing(&mut self) -> Answer<()> {
        // More than fits what is left over from earlier writes.
        let filler = "x".repeat(64 * 1024);
        self.connect().await?;
        match &mut self.conn {
            Some(Writing::Sqlite(conn)) => {
                // Callers wait meanwhile, so nobody waits for locks.
                sqlx::raw_sql("pragma busy_timeout = 500")
                    .execute(&mut *conn)
                    .await?;
                // Moves what the log of writes holds to where it belongs, which makes room.
                let moved = sqlx::raw_sql("pragma wal_checkpoint(passive)");
                let _best_effort = moved.execute(&mut *conn).await;
                sqlx::query(TRY).bind(filler).execute(&mut *conn).await?;
                sqlx::raw_sql(UNDO).execute(&mut *conn).await?;
                sqlx::raw_sql("pragma busy_timeout = 10000")
                    .execute(&mut *conn)
                    .await?;
            }
            Some(Writing::Postgres(conn)) => {
                sqlx::query(TRY).bind(filler).execute(&mut *conn).await?;
                sqlx::raw_sql(UNDO).execute(&mut *conn).await?;
            }
            None => {}
        }
        Ok(())
    }

    /// What `error` means here: an I/O error on a disk without room is that it is full.
    pub(super) fn trouble(&self, error: &StorageError) -> Option<Trouble> {
        let trouble = error.trouble()?;
        match &self.source {
            Source::Sqlite { path, .. } if trouble == Trouble::Disk && is_full(path) => {
                Some(Trouble::Full)
            }
            _ => Some(trouble),
        }
    }

    /// Where it is, for the log.
    pub(super) fn place(&self) -> String {
        match &self.source {
            Source::Sqlite { path, .. } => path.display().to_string(),
            Source::Postgres { options, .. } => {
                format!("{}:{}", options.get_host(), options.get_port())
            }
        }
    }

    async fn connect(&mut self) -> Answer<()> {
        if self.conn.is_some() {
            return Ok(());
        }
        self.memory = Memory::default();
        self.conn = Some(match &self.source {
            Source::Sqlite { options, .. } => {
                Writing::Sqlite(SqliteConnection::connect_with(options).await?)
            }
            Source::Postgres { options, .. } => {
                let mut conn = PgConnection::connect_with(options).await?;
                sqlx::raw_sql(SESSION).execute(&mut conn).await?;
                Writing::Postgres(conn)
            }
        });
        Ok(())
    }

    async fn discard(&mut self) {
        self.memory = Memory::default();
        let closed = match self.conn.take() {
            Some(Writing::Sqlite(conn)) => timeout(CLOSING, conn.close()).await,
            Some(Writing::Postgres(conn)) => timeout(CLOSING, conn.close()).await,
            None => return,
        };
        if let Ok(Err(error)) = closed {
            tracing::debug!(error = %error, "a broken connection was closed");
        }
    }

    /// Leaves one whole file, and closes. Readers are gone by now.
    pub(super) async fn close(mut self) {
        match (&mut self.conn, &self.source) {
            (Some(Writing::Sqlite(conn)), _) => {
                let moved = sqlx::raw_sql("pragma wal_checkpoint(truncate)");
                if let Err(error) = moved.execute(conn).await {
                    tracing::warn!(error = %error, "the log of writes could not be emptied");
                }
            }
            (Some(Writing::Postgres(conn)), Source::Postgres { writer, .. }) => {
                let forget = sqlx::query("delete from commits where writer = $1").bind(writer);
                let _best_effort = forget.execute(conn).await;
            }
            _ => {}
        }
        self.discard().await;
    }
}

impl Source {
    /// Looks whether the file is still the one that was opened: what is written to a file
    /// without a name is lost.
    fn check_place(&self) -> Answer<()> {
        let Self::Sqlite { path, file, .. } = self else {
            return Ok(());
        };
        let found = std::fs::metadata(path).map(|found| (found.dev(), found.ino()));
        if found.is_ok_and(|found| found == *file) {
            return Ok(());
        }
        Err(StorageError::Unwritable(Trouble::Moved))
    }
}

/// True when the disk has no room, or the file may not grow: a limit on the size of files acts
/// like a full disk.
fn is_full(path: &Path) -> bool {
    let disk = path.parent().and_then(|folder| {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        rustix::fs::statvfs(folder).ok()
    });
    let room = disk.map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    let limit = getrlimit(Resource::Fsize).current;
    let size = std::fs::metadata(path).map_or(0, |file| file.len());
    let log = std::fs::metadata(beside(path, "-wal")).map_or(0, |file| file.len());
    room.is_some_and(|bytes| bytes < LITTLE)
        || limit.is_some_and(|limit| size.max(log) + LITTLE > limit)
}

const TRY: &str = "insert into trials (filler) values ($1)";
const UNDO: &str = "delete from trials";
