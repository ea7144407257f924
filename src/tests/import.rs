//! `kimi-dashboard import FILE`: what the Python dashboard kept.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};
use tokio::process::Command;

use super::support::{Engine, Place, Program, binary, on_each_engine};
use crate::domain::{Session, SessionStatus};
use crate::server::config::DatabaseConfig;

on_each_engine!(
    sessions_and_events_come_over_once,
    what_cannot_be_imported_is_named,
);

const SCHEMA: &str = "create table sessions (session_id text primary key, start_time timestamp \
    not null, end_time timestamp, final_state text default 'RUNNING', iterations integer default 0, \
    convergence_reached boolean default 0, metrics text default '{}', error text default ''); \
    create table events (event_id text primary key, session_id text not null, timestamp timestamp \
    not null, iteration integer default 0, state text default 'IDLE', event_type text not null, \
    data text default '{}');";

/// A database as the Python dashboard leaves it behind, with the statements `more`.
async fn python(path: &Path, more: &[String]) {
    let url = format!("sqlite://{}?mode=rwc", path.display());
    let mut conn = SqliteConnection::connect(&url).await.unwrap();
    for sql in std::iter::once(SCHEMA.to_owned()).chain(more.iter().cloned()) {
        conn.execute(sqlx::raw_sql(AssertSqlSafe(sql)))
            .await
            .unwrap();
    }
    conn.close().await.unwrap();
}

/// The recorded run, as rows.
fn recorded() -> Vec<String> {
    let lines = include_str!("data/convergence/run-converged.ndjson").lines();
    let events = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let own = events.filter(|event| event.get("event_id").is_some());
    own.map(|event| {
        let text = |name: &str| event[name].as_str().unwrap().replace('\'', "''");
        format!(
            "insert into events values ('{}', 'recorded', '{}', {}, '{}', '{}', '{}')",
            text("event_id"),
            text("timestamp"),
            event["iteration"],
            text("state"),
            text("event_type"),
            event["data"].to_string().replace('\'', "''"),
        )
    })
    .collect()
}

struct Said {
    status: i32,
    out: String,
    error: String,
}

async fn import(place: &Place, file: &Path) -> Said {
    let mut command = Command::new(binary("kimi-dashboard"));
    command
        .arg("import")
        .arg(file)
        .arg("--data-dir")
        .arg(place.folder());
    command
        .arg("--config")
        .arg(place.folder().join("dashboard.toml"));
    std::fs::write(place.folder().join("dashboard.toml"), "").unwrap();
    match place.database() {
        DatabaseConfig::Sqlite { path } => command.arg("--db-path").arg(path),
        DatabaseConfig::Postgres { url } => command.env("DATABASE_URL", url.expose()),
        DatabaseConfig::Temporary => panic!("tests name their databases"),
    };
    let done = command.stdin(Stdio::null()).output().await.unwrap();
    Said {
        status: done.status.code().unwrap(),
        out: String::from_utf8(done.stdout).unwrap(),
        error: String::from_utf8(done.stderr).unwrap(),
    }
}

async fn sessions_and_events_come_over_once(engine: Engine) {
    let place = Place::new(engine).await;
    let folder = place.folder().join("python");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("python.db");
    let mut rows = recorded();
    let events = rows.len();
    rows.push("insert into sessions values ('recorded', '2026-11-21T22:22:47', null, 'RUNNING', 1, 0, '{}', '')".to_owned());
    // Only its own row tells of these.
    rows.push("insert into sessions values ('quiet', '2026-01-02T10:00:00', '2026-01-02T10:05:00', 'CONVERGED', 3, 1, '{}', '')".to_owned());
    rows.push("insert into sessions values ('broken', '2026-01-02T11:00:00', '2026-01-02T11:05:00', 'FAILED', 2, 0, '{}', 'no more tokens')".to_owned());
    rows.push("insert into sessions values ('lost', '2026-01-02T12:00:00', null, 'RUNNING', 0, 0, '{}', '')".to_owned());
    rows.push(
        "insert into events values ('odd', 'lost', 'soon', -1, 'IDLE', 'X', '{}')".to_owned(),
    );
    rows.push("insert into events values ('text', 'lost', '2026-01-02T12:00:01', 1, 'IDLE', 'X', 'no json')".to_owned());
    python(&file, &rows).await;
    let before = std::fs::read(&file).unwrap();
    let said = import(&place, &file).await;
    assert_eq!(said.status, 1, "{}", said.error);
    let summary = format!(
        "imported 4 sessions: {} events taken over, 0 known already, 1 refused (event odd: \
         iteration must be a whole number from 0 to 1000000)\n",
        events + 1 + 3 + 3
    );
    assert_eq!(said.out, summary);
    let again = import(&place, &file).await;
    assert!(
        again.out.contains(" 0 events taken over, "),
        "{}",
        again.out
    );
    // Not a byte of it has changed, and nothing lies beside it.
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    let server = Program::start(&place).await;
    let client = server.client();
    let sessions: Vec<Session> = client.get("/api/sessions").await.expect(200).to();
    let ids: BTreeSet<&str> = sessions.iter().map(|it| it.session_id.as_str()).collect();
    assert_eq!(ids, ["broken", "lost", "quiet", "recorded"].into());
    let of = |id: &str| sessions.iter().find(|it| it.session_id == id).unwrap();
    assert_eq!(
        (of("recorded").status, of("recorded").events),
        (SessionStatus::Converged, 17)
    );
    let quiet = of("quiet");
    assert_eq!(
        (quiet.status, quiet.iterations),
        (SessionStatus::Converged, 3)
    );
    assert!((quiet.duration_seconds - 300.0).abs() < 1e-9, "{quiet:?}");
    assert_eq!(of("broken").status, SessionStatus::Failed);
    assert_eq!(of("broken").error.as_deref(), Some("no more tokens"));
    let kept = client
        .get("/api/sessions/lost/events/text")
        .await
        .expect(200)
        .json();
    assert_eq!(kept["data"], json!("no json"));
    // While a server holds the data, nobody else writes.
    if matches!(place.database(), DatabaseConfig::Sqlite { .. }) {
        let refused = import(&place, &file).await;
        assert_eq!(refused.status, 2);
        assert!(
            refused.error.contains("another server (process "),
            "{}",
            refused.error
        );
    }
    server.stop().await;
}

async fn what_cannot_be_imported_is_named(engine: Engine) {
    let place = Place::new(engine).await;
    let file = place.folder().join("other");
    let said = import(&place, &file).await;
    assert_eq!(
        (said.status, said.error.contains("there is no file")),
        (2, true)
    );
    std::fs::write(
        &file,
        "no database, but long enough to be taken for one".repeat(100),
    )
    .unwrap();
    let said = import(&place, &file).await;
    assert_eq!(
        (
            said.status,
            said.error.contains("no database that can be read")
        ),
        (2, true)
    );
    let empty = place.folder().join("empty");
    let url = format!("sqlite://{}?mode=rwc", empty.display());
    let mut conn = SqliteConnection::connect(&url).await.unwrap();
    conn.execute("create table notes (text text)")
        .await
        .unwrap();
    conn.close().await.unwrap();
    let said = import(&place, &empty).await;
    assert_eq!(
        (
            said.status,
            said.error.contains("no database of the Python dashboard")
        ),
        (2, true)
    );
    // An older shape: what is not there is named, the rest comes over.
    let older = place.folder().join("older");
    let url = format!("sqlite://{}?mode=rwc", older.display());
    let mut conn = SqliteConnection::connect(&url).await.unwrap();
    conn.execute("create table events (session_id text, event_type text, timestamp text)")
        .await
        .unwrap();
    conn.execute("insert into events values ('s', 'x', '2026-01-02T10:00:00')")
        .await
        .unwrap();
    conn.close().await.unwrap();
    let said = import(&place, &older).await;
    assert_eq!(said.status, 0, "{}", said.error);
    assert_eq!(
        said.out,
        "imported 1 session: 1 event taken over, 0 known already, 0 refused; the file has no \
         events.event_id, events.iteration, events.state, events.data, table sessions\n"
    );
    // What has no place of its own is made by none of this.
    if let DatabaseConfig::Sqlite { path } = place.database() {
        assert!(path.exists());
        let said = import(&place, &path).await;
        assert_eq!(
            (said.status, said.error.contains("of this program already")),
            (2, true)
        );
    }
}
