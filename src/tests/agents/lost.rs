//! Programs that get rid of their supervisor: nothing of them is left all the same.

use rustix::process::Pid;
use serde_json::json;

use super::{exists, pid};
use crate::domain::TaskStatus;
use crate::tests::support::{Engine, Place, Program, eventually};

/// Starts a child that takes away its environment and its session.
const HIDDEN: &str = "setsid env -i sleep 1000 & echo \"child $!\"; echo \"parent $$\"; ";

async fn gone(pids: &[Pid]) {
    eventually(&format!("{pids:?} are gone"), async || {
        (!pids.iter().copied().any(exists)).then_some(())
    })
    .await;
}

#[tokio::test]
async fn who_kills_its_supervisor_and_hides_is_found() {
    let place = Place::new(Engine::Sqlite).await;
    let program = Program::start(&place).await;
    let client = program.client();
    let script = format!("{HIDDEN} sleep 0.1; kill -9 $PPID; exec sleep 1000");
    client.create(json!({"description": script})).await;
    let other = client
        .create(json!({"description": HIDDEN.to_owned() + "wait"}))
        .await;
    let pids = [
        pid(client, 1, "child ").await,
        pid(client, 1, "parent ").await,
    ];
    let others = [
        pid(client, other.number, "child ").await,
        pid(client, other.number, "parent ").await,
    ];
    let task = client.until(1, TaskStatus::Failed).await;
    let reason = "the process that watches over it was killed by signal 9 (SIGKILL)";
    assert_eq!(task.error.as_deref(), Some(reason));
    assert!(!pids.into_iter().any(exists), "{pids:?}");
    // What others run goes on.
    assert!(others.into_iter().all(exists), "{others:?}");
    client.delete("/api/tasks/2").await.expect(202);
    client.until(2, TaskStatus::Cancelled).await;
    assert!(!others.into_iter().any(exists), "{others:?}");
    program.stop().await;
    let left = std::fs::read_dir(place.folder()).unwrap();
    let left = left.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!left.into_iter().any(|name| name.ends_with(".runs")));
}

#[tokio::test]
async fn who_outlives_supervisor_and_server_is_found_by_the_next_server() {
    let place = Place::new(Engine::Sqlite).await;
    let program = Program::start(&place).await;
    let client = program.client();
    let script = HIDDEN.to_owned() + "echo \"supervisor $PPID\"; wait";
    client.create(json!({"description": script})).await;
    let supervisor = pid(client, 1, "supervisor ").await;
    let pids = [
        pid(client, 1, "child ").await,
        pid(client, 1, "parent ").await,
    ];
    program.kill_with(&[supervisor]).await;
    assert!(pids.into_iter().all(exists), "{pids:?}");
    let program = Program::start(&place).await;
    gone(&pids).await;
    program.stop().await;
}
