//! Two servers at one place: the second says who is there, and harms nothing.

use serde_json::json;

use super::{Running, database_url};
use crate::domain::TaskStatus;
use crate::tests::support::{Engine, Place, on_each_engine};

on_each_engine!(a_second_server_names_the_first_and_leaves_its_agents_alone);

async fn a_second_server_names_the_first_and_leaves_its_agents_alone(engine: Engine) {
    let place = Place::new(engine).await;
    let url = database_url(&place);
    let first = Running::start(&place).await;
    let client = &first.client;
    let waits = "until [ -e go ]; do sleep 0.05; done";
    let description = format!("cd '{}'; {waits}; echo done", place.folder().display());
    let task = json!({"description": description, "agent": "shell"});
    let task = client.create(task).await;
    client.until(task.number, TaskStatus::Running).await;

    let pid = first.pid().as_raw_nonzero();
    let mut refusals = vec![Running::try_start(&place, "true", url.clone()).await];
    if url.is_some() {
        // The same database from another folder.
        let elsewhere = Place::new(Engine::Sqlite).await;
        refusals.push(Running::try_start(&elsewhere, "true", url).await);
    }
    for refusal in refusals {
        let refusal = refusal.err().expect("the place is taken");
        assert_eq!(refusal.code, Some(2), "{refusal:?}");
        let who = format!("another server (process {pid} on ");
        assert!(refusal.said.contains(&who), "{refusal:?}");
        assert!(refusal.said.contains(" since 2"), "{refusal:?}");
        assert_eq!(refusal.said.lines().count(), 1, "{refusal:?}");
    }

    std::fs::write(place.folder().join("go"), "").unwrap();
    let ended = client.until(task.number, TaskStatus::Completed).await;
    assert_eq!(ended.attempt, 1);
    first.stop().await;
    // The place is free again.
    Running::start(&place).await.stop().await;
}
