//! What the server said that it had done, kept by its clients, and held against it at the end.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard};

use serde_json::json;

use crate::domain::{LogEntry, Task, TaskStatus};
use crate::tests::support::Client;

/// Everything that was acknowledged.
#[derive(Default)]
pub(super) struct Ledger {
    entries: Mutex<Entries>,
}

#[derive(Default)]
pub(super) struct Entries {
    /// Created tasks by number; each description is unique.
    pub(super) created: BTreeMap<i64, String>,
    /// Descriptions that were sent with a key, and not answered yet.
    pub(super) unanswered: BTreeSet<String>,
    /// Log entries by task; each text is unique.
    pub(super) logs: Vec<(i64, String)>,
    /// Who was given which attempt.
    holders: HashMap<(i64, u32), String>,
    /// Which lease completed which task.
    pub(super) completed: BTreeMap<i64, String>,
    /// Reports that were sent and not answered: task, lease.
    pub(super) unreported: Vec<(i64, String)>,
}

impl Entries {
    pub(super) fn hold(&mut self, task: &Task, lease: &str) {
        let before = self
            .holders
            .insert((task.number, task.attempt), lease.to_owned());
        assert_eq!(
            before, None,
            "#{} has two holders in attempt {}",
            task.number, task.attempt
        );
    }

    pub(super) fn complete(&mut self, number: i64, lease: String) {
        let before = self.completed.insert(number, lease.clone());
        assert!(
            before.is_none() || before.as_ref() == Some(&lease),
            "#{number} was completed by two holders: {before:?} and {lease}"
        );
    }
}

impl Ledger {
    pub(super) fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap()
    }

    /// Compares everything with what the server says now.
    pub(super) async fn check(&self, client: &Client) {
        let tasks = all_tasks(client).await;
        let entries = std::mem::take(&mut *self.entries());
        assert!(
            entries.created.len() > 10,
            "only {} tasks",
            entries.created.len()
        );
        assert!(
            entries.logs.len() > 10,
            "only {} log entries",
            entries.logs.len()
        );
        assert!(
            entries.completed.len() > 2,
            "only {} reports",
            entries.completed.len()
        );
        for (number, description) in &entries.created {
            let found = tasks.get(number).map(|task| &task.excerpt);
            assert_eq!(found, Some(description), "#{number} was acknowledged");
        }
        let descriptions: BTreeSet<_> = tasks.values().map(|task| &task.excerpt).collect();
        assert_eq!(
            descriptions.len(),
            tasks.len(),
            "a request was carried out twice"
        );
        for (number, lease) in &entries.completed {
            let task = &tasks[number];
            assert_eq!(
                task.status,
                TaskStatus::Completed,
                "#{number}: {:?}",
                task.error
            );
            let result = client.task(*number).await.result;
            assert_eq!(result, Some(json!(lease)), "#{number}");
        }
        for task in tasks.values() {
            assert!(
                task.status.is_finished(),
                "#{} is {:?}",
                task.number,
                task.status
            );
        }
        check_logs(client, &entries.logs).await;
    }
}

async fn check_logs(client: &Client, acknowledged: &[(i64, String)]) {
    let numbers: BTreeSet<i64> = acknowledged.iter().map(|(number, _)| *number).collect();
    let mut stored = Vec::new();
    for number in numbers {
        let mut next = Some(format!("/api/tasks/{number}/logs?limit=1000"));
        while let Some(path) = next {
            let page = client.get(&path).await.expect(200);
            let messages = page
                .to::<Vec<LogEntry>>()
                .into_iter()
                .map(|entry| entry.message);
            stored.extend(messages.map(|message| (number, message)));
            next = page.next_page();
        }
    }
    for entry in acknowledged {
        let times = stored.iter().filter(|one| *one == entry).count();
        assert_eq!(times, 1, "{entry:?} was acknowledged");
    }
}

async fn all_tasks(client: &Client) -> BTreeMap<i64, Task> {
    let mut tasks = BTreeMap::new();
    let mut next = Some("/api/tasks?limit=1000".to_owned());
    while let Some(path) = next {
        let page = client.get(&path).await.expect(200);
        tasks.extend(
            page.to::<Vec<Task>>()
                .into_iter()
                .map(|task| (task.number, task)),
        );
        next = page.next_page();
    }
    tasks
}
