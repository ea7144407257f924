//! Agents at work through the server: real processes, and scripts where the timing matters.

mod crowd;
mod lines;
mod lost;
mod processes;
mod reload;
mod scripts;
mod starting;

use rustix::process::{Pid, test_kill_process};

use super::support::{Client, eventually};
use crate::domain::LogEntry;

/// Waits for a log entry of the task that begins like this; answers the rest of it.
async fn said(client: &Client, number: i64, beginning: &str) -> String {
    eventually(&format!("task #{number} says {beginning:?}"), async || {
        let path = format!("/api/tasks/{number}/logs?limit=1000");
        let entries: Vec<LogEntry> = client.get(&path).await.expect(200).to();
        entries
            .iter()
            .find_map(|entry| Some(entry.message.strip_prefix(beginning)?.to_owned()))
    })
    .await
}

async fn pid(client: &Client, number: i64, name: &str) -> Pid {
    Pid::from_raw(said(client, number, name).await.trim().parse().unwrap()).unwrap()
}

/// True while there is a process with this number.
fn exists(pid: Pid) -> bool {
    test_kill_process(pid).is_ok()
}
