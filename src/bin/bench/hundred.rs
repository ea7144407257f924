//! The list that everybody looks at: 100 tasks, over 8 connections.

use std::time::Duration;

use serde_json::json;

use super::create::load_with;
use super::http::{Connection, request};
use super::measure::{grouped, ms};
use super::process::Process;
use super::report::{Row, Verdict};
use super::{Flags, Outcome};

const TASKS: usize = 100;
const CONNECTIONS: usize = 8;
const BAR: Duration = Duration::from_millis(10);
const JSON: &str = "content-type: application/json\r\n";

pub(super) async fn measure(flags: &Flags) -> Outcome<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let server = Process::server(flags, folder.path()).await?;
    let mut connection = Connection::open(server.address).await?;
    for n in 0..TASKS {
        let task = json!({
            "title": format!("Check chapter {n} of the manual"),
            "description": "Follow every link and report those that lead nowhere. ".repeat(40),
            "labels": ["docs", "links"],
            "metadata": {"chapter": n, "notes": "x".repeat(1000)},
        });
        let post = request("POST", "/api/tasks", JSON, task.to_string().as_bytes());
        connection.send(&post).await?.expect(201)?;
    }
    let get = |path: &str| vec![request("GET", path, "", b""); CONNECTIONS];
    let list = get("/api/tasks?limit=100");
    let bytes = connection.send(&list[0]).await?.expect(200)?.body.len();
    let listed = load_with(&server, list, 200).await?;
    server.stop().await?;
    let bare = Process::bare(folder.path()).await?;
    let zeros = load_with(&bare, get(&format!("/zeros/{bytes}")), 200).await?;
    Ok(vec![Row {
        work: "list of 100 tasks, 8 connections".to_owned(),
        bar: "p99 < 10 ms".to_owned(),
        measured: format!(
            "{}, {}/s, {:.0} µs of server CPU each",
            listed.latencies.words(),
            grouped(listed.rate),
            listed.cpu_each,
        ),
        bare: format!("axum, as many bytes p99 {}", ms(zeros.latencies.p99())),
        verdict: Verdict::of(listed.latencies.p99() < BAR),
    }])
}
