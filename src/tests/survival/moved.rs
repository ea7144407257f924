//! The file of the database is taken away under a server that runs.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tokio::task::JoinSet;

use super::Running;
use crate::server::storage::{Answer, StorageError, Trouble, Tx, Write};
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

/// Takes the file away while its commit gathers.
struct TakeAway {
    path: PathBuf,
    away: PathBuf,
}

impl Write for TakeAway {
    type Output = ();

    async fn run(&self, _: &mut Tx<'_>) -> Answer<()> {
        std::fs::rename(&self.path, &self.away).unwrap();
        Ok(())
    }
}

#[tokio::test]
async fn a_write_is_not_called_stored_when_the_file_went_while_its_commit_gathered() {
    let place = Place::new(Engine::Sqlite).await;
    let (db, writer) = place.open().await;
    let mut writing = JoinSet::new();
    writing.spawn(writer.run(Arc::new(|_| {})));
    let take = TakeAway {
        path: place.folder().join("dashboard.db"),
        away: place.folder().join("away"),
    };
    let taken = db.write(take).await;
    assert!(
        matches!(taken, Err(StorageError::Unwritable(Trouble::Moved))),
        "{taken:?}"
    );
    assert_eq!(db.health().trouble(), Some(Trouble::Moved));
}
