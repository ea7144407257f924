//! `--mock`: creates tasks of many kinds, a few at a time, so that every page has something
//! to show. The scripts are played by fake agents; nothing real runs.

use std::time::Duration;

use crate::domain::{Author, NewTask, Priority, Scope, TaskId, TaskRef};
use crate::server::state::AppState;
use crate::server::storage::tasks::CreateTask;

/// Pending tasks at which no more are created.
const ENOUGH: u64 = 4;
const PAUSE: Duration = Duration::from_secs(4);

const TASKS: [(&str, Priority, &str); 6] = [
    (
        "Create login form",
        Priority::Normal,
        "fake:\nlog reading the design\nwait 2s\nprogress 0.2\nlog writing src/pages/login.rs\nwait 4s\nprogress 0.65\nlog warn no test for the empty password yet\nwait 5s\nprogress 0.9\nusage 18200 2100 0.093\nwait 2s\nresult {\"files\": 3, \"tests\": 12}",
    ),
    (
        "Review auth module",
        Priority::High,
        "fake:\nlog reading 14 files\nwait 3s\nprogress 0.5\nlog warn session cookies have no SameSite\nwait 4s\nusage 40100 900\nresult {\"findings\": 1}",
    ),
    (
        "Write the release notes",
        Priority::Low,
        "fake:\nprogress 0.1\nwait 3s\nask Should the notes name the contributors? [yes | no]\nlog writing\nwait 3s\nprogress 0.8\nwait 2s\nresult \"done\"",
    ),
    (
        "Migrate the settings table",
        Priority::Normal,
        "fake:\nlog creating a copy of the database\nwait 4s\nprogress 0.4\nlog error column theme has 3 rows without a value\nwait 1s\nfail 3 rows could not be migrated",
    ),
    (
        "Blog illustration",
        Priority::Normal,
        "fake:\nprogress 0.3\nlog sketching\nwait 4s\nprogress 0.7\nwait 4s\nusage 2100 800 0.012\nresult \"illustration.svg\"",
    ),
    (
        "Check the links of the handbook",
        Priority::Low,
        "fake:\nlog 212 links\nwait 3s\nprogress 0.5\nwait 3s\nlog all links answer\nresult {\"links\": 212, \"broken\": 0}",
    ),
];

/// Creates tasks until the server stops.
pub(crate) async fn demonstrate(app: AppState) {
    let mut asking = None;
    for (title, priority, script) in TASKS.iter().cycle() {
        let asks = script.contains("\nask ");
        // Nobody may be there to answer: one question at a time leaves slots for the others.
        if asks && is_open(&app, asking).await {
            continue;
        }
        if app.board.counts(&Scope::everything()).pending < ENOUGH {
            let new = NewTask {
                title: Some((*title).to_owned()),
                description: (*script).to_owned(),
                priority: Some(*priority),
                labels: vec!["demo".to_owned()],
                ..NewTask::default()
            };
            let author = Author::server("demo");
            let (id, now) = (app.clock.task_id(), app.clock.now());
            let create = CreateTask {
                id,
                new,
                author,
                retry_of: None,
                key: None,
                now,
            };
            if app.db.write(create).await.is_err() {
                return;
            }
            if asks {
                asking = Some(id);
            }
        }
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// True while `task` may still need an answer.
async fn is_open(app: &AppState, task: Option<TaskId>) -> bool {
    let Some(id) = task else { return false };
    let stored = app.db.task(&Scope::everything(), TaskRef::Id(id)).await;
    stored.is_ok_and(|stored| !stored.task.status.is_finished())
}
