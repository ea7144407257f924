//! What a clean stop leaves behind.

use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::Running;
use crate::domain::TaskStatus;
use crate::tests::support::{Engine, Place, eventually};

#[tokio::test]
async fn a_stop_with_busy_agents_leaves_one_whole_file() {
    let place = Place::new(Engine::Sqlite).await;
    let program = Running::start(&place).await;
    let client = &program.client;
    // A request that never ends must not keep the database open.
    let mut half = TcpStream::connect(program.address).await.unwrap();
    let request = "POST /api/tasks HTTP/1.1\r\nhost: localhost\r\ncontent-length: 999\r\n\r\n{";
    half.write_all(request.as_bytes()).await.unwrap();
    let busy = "while :; do echo working; sleep 0.01; done";
    for _ in 0..12 {
        let task = json!({"description": busy, "agent": "shell"});
        client.create(task).await;
    }
    for number in 1..=4 {
        client.until(number, TaskStatus::Running).await;
        eventually("the agent is busy", async || {
            let log = client.get(&format!("/api/tasks/{number}/logs")).await;
            (log.expect(200).json().as_array().unwrap().len() > 3).then_some(())
        })
        .await;
    }
    let since = Instant::now();
    program.stop().await;
    assert!(since.elapsed() < Duration::from_secs(10));

    let path = place.folder().join("dashboard.db");
    let log = std::fs::metadata(place.folder().join("dashboard.db-wal"));
    assert!(
        log.map_or(0, |log| log.len()) == 0,
        "nothing is left beside"
    );
    let copy = place.folder().join("copy.db");
    std::fs::copy(path, &copy).unwrap();
    let options = SqliteConnectOptions::new().filename(copy).immutable(true);
    let mut conn = SqliteConnection::connect_with(&options).await.unwrap();
    let mut count = async |sql: &'static str| {
        let count = sqlx::query_scalar(sql).fetch_one(&mut conn).await;
        count.unwrap()
    };
    let tasks: i64 = count("select count(*) from tasks").await;
    let held: i64 = count("select count(*) from tasks where lease_id is not null").await;
    let lines: i64 = count("select count(*) from logs").await;
    assert_eq!((tasks, held), (12, 0));
    assert!(lines > 12, "{lines}");
}
