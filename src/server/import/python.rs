//! The database of the Python dashboard, as far as it is there: columns are read by name, and what
//! is missing is named. It is opened so that not a byte of it and nothing beside it changes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

/// The file, open for reading.
pub(super) struct Python {
    conn: SqliteConnection,
    events: BTreeSet<String>,
    sessions: BTreeSet<String>,
    /// The copy that is read, where the file has a journal beside it.
    _copy: Option<tempfile::TempDir>,
}

/// An event, as its loop sent it.
pub(super) struct PythonEvent {
    pub(super) row: i64,
    pub(super) sent: Value,
}

/// What a session's row tells.
pub(super) struct PythonSession {
    pub(super) row: i64,
    pub(super) id: Option<String>,
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
    pub(super) state: Option<String>,
    pub(super) iterations: Option<String>,
    pub(super) converged: bool,
    pub(super) error: Option<String>,
}

const EVENTS: [&str; 7] = [
    "event_id",
    "session_id",
    "timestamp",
    "iteration",
    "state",
    "event_type",
    "data",
];
const SESSIONS: [&str; 7] = [
    "session_id",
    "start_time",
    "end_time",
    "final_state",
    "iterations",
    "convergence_reached",
    "error",
];

#[derive(sqlx_macros::FromRow)]
struct Row {
    number: i64,
    a: Option<String>,
    b: Option<String>,
    c: Option<String>,
    d: Option<String>,
    e: Option<String>,
    f: Option<String>,
    g: Option<String>,
}

impl Python {
    /// Opens the file; an error is in words.
    pub(super) async fn open(file: &Path) -> Result<Self, String> {
        let name = file.display();
        if !file.is_file() {
            return Err(format!(
                "import: there is no file {name}; name the Python dashboard's database"
            ));
        }
        let (path, copy) =
            readable(file).map_err(|error| format!("import: {name} cannot be read: {error}"))?;
        // Immutable: no lock, and no files beside it.
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .read_only(copy.is_none())
            .immutable(copy.is_none());
        let broken =
            |error: sqlx::Error| format!("import: {name} is no database that can be read: {error}");
        let mut conn = SqliteConnection::connect_with(&options)
            .await
            .map_err(broken)?;
        let tables: Vec<String> =
            sqlx::query_scalar("select name from sqlite_master where type = 'table'")
                .fetch_all(&mut conn)
                .await
                .map_err(broken)?;
        if tables.iter().any(|table| table == "_sqlx_migrations") {
            return Err(format!(
                "import: {name} is a database of this program already; use it with --db-path"
            ));
        }
        let mut this = Self {
            conn,
            events: BTreeSet::new(),
            sessions: BTreeSet::new(),
            _copy: copy,
        };
        this.events = this.columns("events").await.map_err(broken)?;
        this.sessions = this.columns("sessions").await.map_err(broken)?;
        if !this.events.contains("session_id") && !this.sessions.contains("session_id") {
            return Err(format!(
                "import: {name} is no database of the Python dashboard: it has neither sessions nor events"
            ));
        }
        Ok(this)
    }

    async fn columns(&mut self, table: &str) -> Result<BTreeSet<String>, sqlx::Error> {
        let columns: Vec<String> = sqlx::query_scalar("select name from pragma_table_info($1)")
            .bind(table)
            .fetch_all(&mut self.conn)
            .await?;
        Ok(columns
            .into_iter()
            .map(|name| name.to_lowercase())
            .collect())
    }

    /// The columns that the file does not have, by table.
    pub(super) fn missing(&self) -> Vec<String> {
        let of = |table: &str, wanted: &[&str], known: &BTreeSet<String>| {
            if known.is_empty() {
                return vec![format!("table {table}")];
            }
            let missing = wanted.iter().filter(|name| !known.contains(**name));
            missing.map(|name| format!("{table}.{name}")).collect()
        };
        let mut missing = of("events", &EVENTS, &self.events);
        missing.extend(of("sessions", &SESSIONS, &self.sessions));
        missing
    }

    async fn rows(
        &mut self,
        table: &str,
        wanted: [&str; 7],
        after: i64,
        most: usize,
    ) -> Result<Vec<Row>, String> {
        let known = if table == "events" {
            &self.events
        } else {
            &self.sessions
        };
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let columns: Vec<String> = wanted
            .iter()
            .zip(["a", "b", "c", "d", "e", "f", "g"])
            .map(|(name, as_name)| {
                if known.contains(*name) {
                    format!("cast({name} as text) as {as_name}")
                } else {
                    format!("cast(null as text) as {as_name}")
                }
            })
            .collect();
        let sql = format!(
            "select rowid as number, {} from {table} where rowid > $1 order by rowid limit {most}",
            columns.join(", ")
        );
        // Only names of ours are in it.
        let query = sqlx::query_as(AssertSqlSafe(sql)).bind(after);
        query
            .fetch_all(&mut self.conn)
            .await
            .map_err(|error| format!("import: {table} cannot be read after row {after}: {error}"))
    }

    /// The next events, in the order in which they were stored.
    pub(super) async fn events(
        &mut self,
        after: i64,
        most: usize,
    ) -> Result<Vec<PythonEvent>, String> {
        let rows = self.rows("events", EVENTS, after, most).await?;
        let event = |row: Row| {
            // What is no JSON is kept as the text that it is.
            let data = row
                .g
                .map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
            PythonEvent {
                row: row.number,
                sent: json!({
                    "event_id": row.a, "session_id": row.b, "timestamp": row.c,
                    "iteration": row.d, "state": row.e, "event_type": row.f,
                    "data": data.unwrap_or_else(|| json!({})),
                }),
            }
        };
        Ok(rows.into_iter().map(event).collect())
    }

    /// The next sessions.
    pub(super) async fn sessions(
        &mut self,
        after: i64,
        most: usize,
    ) -> Result<Vec<PythonSession>, String> {
        let rows = self.rows("sessions", SESSIONS, after, most).await?;
        let said = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let session = |row: Row| PythonSession {
            row: row.number,
            id: row.a,
            start: said(row.b),
            end: said(row.c),
            state: said(row.d),
            iterations: row.e,
            converged: row
                .f
                .is_some_and(|text| !["", "0", "false", "False"].contains(&text.as_str())),
            error: said(row.g),
        };
        Ok(rows.into_iter().map(session).collect())
    }
}

/// The file itself, or a copy of it where part of it is still in a journal beside it: reading that
/// would write.
fn readable(file: &Path) -> std::io::Result<(PathBuf, Option<tempfile::TempDir>)> {
    let beside = |ending: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let is_there = |path: &Path| std::fs::metadata(path).is_ok_and(|it| it.len() > 0);
    // A file that cannot be opened is told of in the system's words.
    std::fs::File::open(file)?;
    if !["-wal", "-journal"]
        .iter()
        .any(|ending| is_there(&beside(ending)))
    {
        return Ok((file.to_owned(), None));
    }
    let folder = tempfile::Builder::new()
        .prefix("kimi-dashboard-import-")
        .tempdir()?;
    let copy = folder.path().join("python.db");
    std::fs::copy(file, &copy)?;
    for ending in ["-wal", "-journal"] {
        if is_there(&beside(ending)) {
            std::fs::copy(
                beside(ending),
                folder.path().join(format!("python.db{ending}")),
            )?;
        }
    }
    Ok((copy, Some(folder)))
}
