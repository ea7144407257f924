//! What is found at the place of the database and is not ours, or not whole: it is named with
//! a fix, and stays as it is, byte for byte.

use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;

use super::Running;
use crate::server::storage::{Database, StorageError};
use crate::tests::support::{Engine, Place};

struct Case {
    folder: TempDir,
}

impl Case {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("dashboard.db")
    }

    /// Runs statements on the file, as another program would.
    async fn run(&self, sql: &str) {
        run(&self.path(), sql).await;
    }

    /// A database of ours.
    async fn ours() -> Self {
        let case = Self::new();
        let (db, writer) = Database::open_sqlite(&case.path()).await.unwrap();
        drop(db);
        writer.run(std::sync::Arc::new(|_| {})).await;
        case
    }

    /// It is refused in these words, and unchanged.
    async fn refused(&self, words: &str) {
        let before = std::fs::read(self.path()).unwrap();
        let refusal = Database::open_sqlite(&self.path()).await.err();
        let Some(StorageError::Unusable(said)) = refusal else {
            panic!("{words}: {refusal:?}");
        };
        assert!(said.contains(words), "{said:?} lacks {words:?}");
        assert!(said.contains("dashboard.db "), "{said:?} names no file");
        assert!(std::fs::read(self.path()).unwrap() == before, "{words}");
    }
}

async fn run(path: &Path, sql: &str) {
    let options = SqliteConnectOptions::new().filename(path);
    let mut conn = options.create_if_missing(true).connect().await.unwrap();
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    done.execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

#[tokio::test]
async fn a_database_of_the_python_dashboard_is_left_to_import() {
    let case = Case::new();
    let tables = "create table sessions (session_id text primary key, start_time text); \
        create table events (id integer primary key, session_id text, data text); \
        insert into sessions values ('a', 'b')";
    case.run(tables).await;
    case.refused("--db-path, and take its sessions over with `kimi-dashboard import`")
        .await;
    // One that an earlier version of ours had begun to alter.
    let half = Case::ours().await;
    half.run("delete from _sqlx_migrations where version > 1; drop table iterations")
        .await;
    half.refused("`kimi-dashboard import`").await;
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let case = Case::ours().await;
    let newer = "insert into _sqlx_migrations (version, description, success, checksum, \
        execution_time) values (9000, 'later', true, x'00', 0)";
    case.run(newer).await;
    case.refused("is written by a newer version of this program: update, or name another file")
        .await;
}

#[tokio::test]
async fn files_of_other_programs_are_left_alone() {
    let case = Case::new();
    case.run("create table bookmarks (url text)").await;
    case.refused("is a database of another program; name another file")
        .await;
    let case = Case::new();
    std::fs::write(case.path(), "a letter to somebody").unwrap();
    case.refused("is no SQLite database; name another file")
        .await;
}

#[tokio::test]
async fn a_database_that_is_not_whole_is_refused_with_what_it_lacks() {
    let case = Case::ours().await;
    case.run("drop table activity").await;
    case.refused("lacks activity; restore a backup").await;
    let case = Case::ours().await;
    case.run("alter table logs drop column fields").await;
    case.refused("lacks logs.fields; restore a backup").await;
    let case = Case::ours().await;
    case.run("drop trigger task_is_labelled").await;
    case.refused("lacks task_is_labelled; restore a backup")
        .await;
    let case = Case::ours().await;
    let whole = std::fs::read(case.path()).unwrap();
    std::fs::write(case.path(), &whole[..whole.len() / 2]).unwrap();
    case.refused("is cut off").await;
    // The first page holds the schema.
    let mut torn = whole.clone();
    torn[100..4096].fill(0xff);
    std::fs::write(case.path(), &torn).unwrap();
    case.refused("is damaged; restore a backup").await;
    // Every other page of the file.
    let mut torn = whole;
    torn[4096..].fill(0xff);
    std::fs::write(case.path(), &torn).unwrap();
    case.refused("is damaged; restore a backup").await;
}

#[tokio::test]
async fn a_file_that_cannot_be_used_ends_the_program_with_one_line() {
    let place = Place::new(Engine::Sqlite).await;
    let path = place.folder().join("dashboard.db");
    run(&path, "create table bookmarks (url text)").await;
    let refusal = Running::try_start(&place, "true", None).await;
    let refusal = refusal.err().expect("it does not start");
    assert_eq!(refusal.code, Some(2), "{refusal:?}");
    assert_eq!(refusal.said.lines().count(), 1, "{refusal:?}");
    let named = format!("db_path: {} is a database of another", path.display());
    assert!(refusal.said.contains(&named), "{refusal:?}");
}
