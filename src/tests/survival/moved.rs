//! The file of the database is taken away under a server that runs.

use serde_json::json;

use super::Running;
use crate::tests::support::{Engine, Place, eventually};

#[tokio::test]
async fn a_file_that_was_moved_is_written_again_when_it_is_back() {
    let place = Place::new(Engine::Sqlite).await;
    let program = Running::start(&place).await;
    let client = &program.client;
    let task = json!({"description": "x", "start_after": "2099-01-01T00:00:00Z"});
    client.create(task.clone()).await;
    let (path, away) = (
        place.folder().join("dashboard.db"),
        place.folder().join("away"),
    );
    std::fs::rename(&path, &away).unwrap();
    let problem = client.post("/api/tasks", &task).await.problem(503);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("moved, removed or replaced"), "{detail}");
    client.get("/readyz").await.problem(503);
    std::fs::rename(&away, &path).unwrap();
    eventually("writing goes on by itself", async || {
        (client.post("/api/tasks", &task).await.status == 201).then_some(())
    })
    .await;
    program.stop().await;
}
