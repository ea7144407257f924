//! Log lines over HTTP: batches of 500 as ndjson, acknowledged once they are on disk.

use super::create::load_with;
use super::http::{Connection, request};
use super::measure::{float, grouped};
use super::process::Process;
use super::report::{Row, Verdict};
use super::{Flags, Outcome, bare_sqlite};

const CONNECTIONS: usize = 4;
const BATCH: usize = 500;

pub(super) async fn measure(flags: &Flags) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let server = Process::server(flags, folder.path()).await?;
    let mut connection = Connection::open(server.address).await?;
    let mut requests = Vec::new();
    for n in 0..CONNECTIONS {
        let task = format!(
            r#"{{"description": "Writes a log.", "status": "running", "agent": "writer-{n}"}}"#
        );
        let create = request("POST", "/api/tasks", "", task.as_bytes());
        let created = connection.send(&create).await?.expect(201)?;
        let task: serde_json::Value = serde_json::from_slice(&created.body)?;
        let path = format!("/api/tasks/{}/logs", task["number"]);
        let head = "content-type: application/x-ndjson\r\n";
        requests.push(request("POST", &path, head, lines().as_bytes()));
    }
    let load = load_with(&server, requests, 202).await?;
    server.stop().await?;
    let rate = load.rate * float(BATCH);
    let plain = bare_sqlite::inserts_per_second(folder.path(), BATCH)?;
    Ok(vec![Row {
        work: "log lines acknowledged, durable, batches of 500, 4 connections".to_owned(),
        bar: "150,000/s".to_owned(),
        measured: format!(
            "{}/s, a batch in {}, {:.1} µs of server CPU a line",
            grouped(rate),
            load.latencies.words(),
            load.cpu_each / float(BATCH),
        ),
        bare: format!(
            "SQLite, 500 rows per commit {}/s, no search",
            grouped(plain)
        ),
        verdict: Verdict::of(rate >= 150_000.0),
    }])
}

/// Lines such as agents write: some plain, some with fields, all different.
fn lines() -> String {
    let levels = ["info", "info", "info", "debug", "warn", "error"];
    let mut text = String::new();
    for n in 0..BATCH {
        let (level, took) = (levels[n % levels.len()], n * 7 % 900);
        let message =
            format!("compiling unit {n} of the parser took {took} ms, nothing unusual was found");
        let mut line = serde_json::json!({"level": level, "stream": "stdout", "message": message});
        if n % 10 == 0 {
            line["fields"] = serde_json::json!({"step": "compile", "unit": "parser"});
        }
        text.push_str(&line.to_string());
        text.push('\n');
    }
    text
}
