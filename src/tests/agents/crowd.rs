//! Many tasks on many processes at once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::json;

use crate::domain::{Agent, Task, TaskStatus};
use crate::tests::support::{Engine, TestApp, eventually, on_each_engine, shell};

on_each_engine!(a_hundred_tasks_on_sixteen_processes_each_run_once);

async fn a_hundred_tasks_on_sixteen_processes_each_run_once(engine: Engine) {
    let app = TestApp::on(engine, vec![shell("shell", 16)]).await;
    let client = app.client();
    let file = app.folder().join("numbers");
    let script = format!("echo $TASK_NUMBER >> '{}'; echo done", file.display());
    let created = join_all((0..100).map(|_| client.create(json!({"description": script})))).await;
    let numbers: BTreeSet<i64> = created.iter().map(|task| task.number).collect();
    eventually("all are done", async || {
        let agent: Agent = client.get("/api/agents/shell").await.expect(200).to();
        assert!(agent.running.len() <= 16, "{} at once", agent.running.len());
        (agent.metrics.completed == 100).then_some(())
    })
    .await;
    let tasks: Vec<Task> = client
        .get("/api/tasks?status=completed")
        .await
        .expect(200)
        .to();
    assert_eq!(tasks.len(), 100);
    assert!(
        tasks
            .iter()
            .all(|task| task.attempt == 1 && task.status == TaskStatus::Completed)
    );
    let text = std::fs::read_to_string(&file).unwrap();
    let mut ran: Vec<i64> = text.lines().map(|line| line.parse().unwrap()).collect();
    ran.sort_unstable();
    assert_eq!(
        ran,
        numbers.into_iter().collect::<Vec<_>>(),
        "each exactly once"
    );
    let agent: Agent = client.get("/api/agents/shell").await.expect(200).to();
    assert!(agent.running.is_empty() && agent.metrics.failed == 0);
}
