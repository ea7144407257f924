//! Creating tasks over 16 connections; every answer is a durable commit.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::http::{Connection, request};
use super::measure::{Latencies, grouped, micros_each, ms, per_second};
use super::process::Process;
use super::report::{Row, Verdict};
use super::{Flags, Outcome, bare_sqlite};

const CONNECTIONS: usize = 16;
const WARM_UP: Duration = Duration::from_millis(500);
const DURATION: Duration = Duration::from_secs(4);
const BODY: &[u8] = br#"{"title": "Check the links of the manual", "description": "Follow every link of the manual and report those that lead nowhere.", "priority": "normal", "labels": ["docs"]}"#;

/// What a load of one kind of request measured.
pub(super) struct Load {
    pub(super) latencies: Latencies,
    pub(super) rate: f64,
    /// The server's CPU time, in microseconds a request.
    pub(super) cpu_each: f64,
}

pub(super) async fn measure(flags: &Flags) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let server = Process::server(flags, folder.path()).await?;
    let created = load(&server, "/api/tasks", BODY, 201, CONNECTIONS).await?;
    server.stop().await?;
    let bare = Process::bare(folder.path()).await?;
    let echoed = load(&bare, "/echo", BODY, 200, CONNECTIONS).await?;
    drop(bare);
    let single = bare_sqlite::inserts_per_second(folder.path(), 1)?;
    let grouped_inserts = bare_sqlite::inserts_per_second(folder.path(), 16)?;
    let passed = created.rate >= 10_000.0 && created.latencies.p99() < Duration::from_millis(5);
    Ok(vec![Row {
        work: "create a task (durable), 16 connections".to_owned(),
        bar: "10,000/s, p99 < 5 ms".to_owned(),
        measured: format!(
            "{}/s, {}, {:.0} µs of server CPU each",
            grouped(created.rate),
            created.latencies.words(),
            created.cpu_each,
        ),
        bare: format!(
            "axum echo {}/s, p99 {}; SQLite, 1 insert per commit {}/s, 16 inserts {}/s",
            grouped(echoed.rate),
            ms(echoed.latencies.p99()),
            grouped(single),
            grouped(grouped_inserts),
        ),
        verdict: Verdict::of(passed),
    }])
}

/// Sends the same request over `connections` connections, again and again.
async fn load(
    server: &Process,
    path: &str,
    body: &[u8],
    status: u16,
    connections: usize,
) -> Outcome<Load> {
    let head = "content-type: application/json\r\n";
    let request = request("POST", path, head, body);
    load_with(server, vec![request; connections], status).await
}

/// Sends each request over a connection of its own, again and again.
pub(super) async fn load_with(
    server: &Process,
    requests: Vec<Vec<u8>>,
    status: u16,
) -> Outcome<Load> {
    let mut opened = Vec::new();
    for request in requests {
        opened.push((Connection::open(server.address).await?, request));
    }
    let begun = Instant::now();
    let mut clients = JoinSet::new();
    for (connection, request) in opened {
        clients.spawn(send_until_done(connection, request, status, begun));
    }
    tokio::time::sleep(WARM_UP).await;
    let cpu_before = server.cpu()?;
    let mut latencies = Vec::new();
    while let Some(client) = clients.join_next().await {
        latencies.extend(client??);
    }
    let cpu = server.cpu()?.saturating_sub(cpu_before);
    let count = latencies.len();
    Ok(Load {
        latencies: Latencies::new(latencies),
        rate: per_second(count, DURATION),
        cpu_each: micros_each(cpu, count),
    })
}

async fn send_until_done(
    mut connection: Connection,
    request: Vec<u8>,
    status: u16,
    begun: Instant,
) -> Outcome<Vec<Duration>> {
    let mut latencies = Vec::new();
    loop {
        let at = begun.elapsed();
        if at > WARM_UP + DURATION {
            return Ok(latencies);
        }
        let response = connection.send(&request).await?.expect(status)?;
        if at > WARM_UP {
            latencies.push(response.whole);
        }
    }
}
