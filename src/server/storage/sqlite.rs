//! A SQLite file is looked at before anything of it is changed, then opened, brought up to date
//! and tried. What is not ours stays as it is, byte for byte.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::database::Pool;
use super::link::{Link, Source, Writing};
use super::schema::{self, SQLITE};
use super::writer::Writer;
use super::{Answer, Database, StorageError, Trouble};
use crate::server::files;

const MAGIC: &[u8] = b"SQLite format 3\0";
const OTHER: &str = "or name another file with --db-path";

impl Database {
    /// Opens or creates the SQLite database at `path`. What cannot be used is answered as
    /// [`StorageError::Unusable`], which names it.
    pub(crate) async fn open_sqlite(path: &Path) -> Answer<(Self, Writer)> {
        let named = |error: StorageError| name(path, error);
        look(path).await.map_err(named)?;
        create(path).map_err(|error| unusable(path, &format!("cannot be written: {error}")))?;
        open(path).await.map_err(named)
    }
}

/// Says of which file `error` tells, and what it means.
fn name(path: &Path, error: StorageError) -> StorageError {
    if let StorageError::Unusable(words) = &error {
        return unusable(path, words);
    }
    let words = match error.trouble() {
        Some(Trouble::Full) => "cannot be written: its disk is full; free some space, ",
        Some(Trouble::ReadOnly) => {
            "cannot be written; make the file and its folder writable for this user, "
        }
        Some(Trouble::Locked) => "is held by another program; close it, ",
        Some(Trouble::Disk) => {
            "cannot be read or written: look at the disk and at the rights of its folder, "
        }
        Some(Trouble::Damaged) => {
            "is damaged; restore a backup, save what can be read with `sqlite3 FILE .recover`, "
        }
        _ => return error,
    };
    unusable(path, &format!("{words}{OTHER}"))
}

fn unusable(path: &Path, words: &str) -> StorageError {
    StorageError::Unusable(format!("{} {words}", path.display()))
}

fn refused(words: impl Into<String>) -> StorageError {
    StorageError::Unusable(words.into())
}

/// Passes when there is nothing at `path`, or a database of ours.
async fn look(path: &Path) -> Answer<()> {
    let unreadable =
        |error: std::io::Error| refused(format!("cannot be read: {error}; correct that, {OTHER}"));
    let size = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(error)),
        // A link to a database of ours is a person's wish; through others nothing is written.
        Ok(found) if found.is_symlink() => std::fs::metadata(path)
            .map_err(|_| refused(format!("is a symbolic link to nothing; remove it, {OTHER}")))?
            .len(),
        Ok(found) => found.len(),
    };
    if size == 0 {
        return Ok(());
    }
    let mut head = [0; 100];
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let begins = file.read_exact(&mut head).is_ok() && head.starts_with(MAGIC);
    if !begins {
        return Err(refused(
            format!("is no SQLite database; {OTHER}").replace("; or", ";"),
        ));
    }
    let log = beside(path, "-wal");
    let has_log = std::fs::metadata(log).is_ok_and(|log| log.len() > 0);
    if !has_log && size < pages(&head) {
        return Err(refused(format!(
            "is cut off: the end of the file is missing; restore a backup, {OTHER}"
        )));
    }
    inspect(path, has_log).await
}

/// How long the file is by its own account.
fn pages(head: &[u8; 100]) -> u64 {
    let number = |at: usize| {
        let bytes = head.get(at..at + 4).and_then(|it| it.try_into().ok());
        bytes.map_or(0, u32::from_be_bytes)
    };
    let size = match u16::from_be_bytes([head[16], head[17]]) {
        1 => 65_536,
        size => u64::from(size),
    };
    // The number of pages is only valid when it was written with the last change.
    if number(24) == number(92) {
        size * u64::from(number(28))
    } else {
        0
    }
}

/// Refuses what is not ours. Nothing is changed: without a log of writes beside it, the file is
/// read as one that nobody changes.
async fn inspect(path: &Path, has_log: bool) -> Answer<()> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(!has_log)
        .busy_timeout(Duration::from_secs(2));
    let mut conn = SqliteConnection::connect_with(&options).await?;
    let found = judge(&mut conn).await;
    let _closed = conn.close().await;
    found
}

async fn judge(conn: &mut SqliteConnection) -> Answer<()> {
    let tables: Vec<String> = sqlx::query_scalar("select name from sqlite_master")
        .fetch_all(&mut *conn)
        .await?;
    let has = |name: &str| tables.iter().any(|table| table == name);
    if tables.is_empty() {
        return Ok(());
    }
    let applied = if has("_sqlx_migrations") {
        schema::applied_on_sqlite(conn).await?
    } else {
        Vec::new()
    };
    let knows_sessions = applied.iter().any(|(version, _)| *version == 2);
    if has("sessions") && has("events") && !knows_sessions {
        return Err(refused(
            "is a database of the Python dashboard; name another file with --db-path, and take \
             its sessions over with `kimi-dashboard import`",
        ));
    }
    if let Some(words) = schema::not_ours(&SQLITE, &applied) {
        return Err(refused(
            words.replace("another database", "another file with --db-path"),
        ));
    }
    if applied.is_empty() {
        return Err(refused(
            "is a database of another program; name another file with --db-path",
        ));
    }
    Ok(())
}

/// Makes the file if it is not there: SQLite's own files beside it are as private as this one.
fn create(path: &Path) -> std::io::Result<()> {
    // What a link leads to was looked at.
    let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    files::open(path)?;
    for end in ["-wal", "-shm"] {
        files::narrow_if_there(&beside(path, end))?;
    }
    Ok(())
}

pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

async fn open(path: &Path) -> Answer<(Database, Writer)> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // An acknowledged write survives a power cut; group commit pays for it.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(10))
        // The longest page: with less room the engine's thread waits for its reader in the middle.
        .row_buffer_size(1024)
        .pragma("journal_size_limit", "67108864")
        .pragma("wal_autocheckpoint", "4000");
    let mut writing = SqliteConnection::connect_with(&options).await?;
    SQLITE.run_direct(None, &mut writing, false).await?;
    check(&mut writing).await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(4)
        .idle_timeout(None)
        .max_lifetime(None)
        // A file does not go away as a server may.
        .test_before_acquire(false)
        .connect_lazy_with(options.clone().read_only(true));
    let file = std::fs::metadata(path).map(|file| (file.dev(), file.ino()));
    let source = Source::Sqlite {
        options: Box::new(options),
        path: path.to_owned(),
        file: file.map_err(sqlx::Error::Io)?,
    };
    let mut link = Link::new(source, Writing::Sqlite(writing));
    link.trial().await?;
    Ok(Database::with(Pool::Sqlite(readers), link))
}

/// Whether everything is there that our migrations made, and the first page of every table can
/// be read. A look at every page would take too long with a million tasks: damage elsewhere is
/// told when it is met.
async fn check(conn: &mut SqliteConnection) -> Answer<()> {
    let columns = schema::made_columns();
    let mut tables: Vec<String> = columns.iter().map(|(table, _)| table.clone()).collect();
    tables.dedup();
    schema::lacks_nothing(columns, schema::columns(conn).await?)?;
    schema::lacks_nothing(schema::made_triggers(), schema::triggers(conn).await?)?;
    for table in tables {
        let first = AssertSqlSafe(format!("select * from \"{table}\" limit 1"));
        sqlx::raw_sql(first).execute(&mut *conn).await?;
    }
    Ok(())
}
