//! Group commit: what is written together does not hang together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::{NOW, Store, create, described};
use crate::domain::{Author, NewLog, TaskChange, TaskId, TaskRef};
use crate::server::storage::logs::AppendLogs;
use crate::server::storage::tasks::{ChangeTask, CreateTask};
use crate::server::storage::{Answer, StorageError, Thing, Trouble, Tx, Write};
use crate::tests::support::{Engine, on_each_engine};

on_each_engine!(
    a_write_that_fails_half_way_harms_no_other,
    a_write_that_the_engine_refuses_harms_no_other,
    a_refused_write_in_a_group_announces_nothing,
    a_write_happens_even_when_its_caller_goes_away,
    commits_are_announced_in_order_and_before_the_answer,
);

/// Keeps the writer busy until it is told to go on, so that a group gathers behind it.
struct Hold {
    started: CancellationToken,
    go_on: CancellationToken,
}

impl Write for Hold {
    type Output = ();

    async fn run(&self, _: &mut Tx<'_>) -> Answer<()> {
        self.started.cancel();
        self.go_on.cancelled().await;
        Ok(())
    }
}

/// How a write fails that has changed something already.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Failure {
    /// As with a broken disk or a lost connection.
    HalfWay,
    /// The engine refuses what it is given, and with it all of the transaction.
    Refused,
}

/// Renames a task, and fails.
struct Broken {
    renamed: i64,
    /// Taken already.
    id: TaskId,
    failure: Failure,
    runs: Arc<AtomicU32>,
}

impl Write for Broken {
    type Output = ();

    async fn run(&self, tx: &mut Tx<'_>) -> Answer<()> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        let rename = ChangeTask {
            task: TaskRef::Number(self.renamed),
            change: TaskChange {
                title: Some("lost".to_owned()),
                ..TaskChange::default()
            },
            expected: None,
            lease: None,
            author: Author::server("somebody"),
            now: NOW,
        };
        rename.run(tx).await?;
        match self.failure {
            Failure::HalfWay => Err(StorageError::Driver(sqlx::Error::WorkerCrashed)),
            Failure::Refused => {
                let again = CreateTask {
                    id: self.id,
                    ..create(described("twice"), None)
                };
                again.run(tx).await.map(drop)
            }
        }
    }
}

/// Runs `writes` as one group.
async fn together<T>(store: &Store, writes: impl Future<Output = T>) -> T {
    let (started, go_on) = (CancellationToken::new(), CancellationToken::new());
    let hold = Hold {
        started: started.clone(),
        go_on: go_on.clone(),
    };
    let release = async {
        started.cancelled().await;
        // The other futures were polled before this one, so all of them wait by now.
        go_on.cancel();
    };
    let (holding, written, ()) = tokio::join!(store.write(hold), writes, release);
    holding.unwrap();
    written
}

async fn a_write_that_fails_half_way_harms_no_other(engine: Engine) {
    harms_no_other(engine, Failure::HalfWay).await;
}

async fn a_write_that_the_engine_refuses_harms_no_other(engine: Engine) {
    harms_no_other(engine, Failure::Refused).await;
}

async fn harms_no_other(engine: Engine, failure: Failure) {
    let store = Store::new(engine).await;
    let there = store.create(described("there")).await.task;
    store.announced();
    let runs = Arc::new(AtomicU32::new(0));
    let broken = Broken {
        renamed: there.number,
        id: there.id,
        failure,
        runs: Arc::clone(&runs),
    };
    let good = |n: i32| create(described(&n.to_string()), None);
    let writes = async {
        tokio::join!(
            join_all((0..10).map(|n| store.write(good(n)))),
            store.write(broken),
            join_all((10..20).map(|n| store.write(good(n)))),
        )
    };
    let (before, broken, after) = together(&store, writes).await;
    // A connection that breaks is tried again, a refusal of the engine is not.
    let (said, alone) = match &broken {
        Err(StorageError::Unwritable(Trouble::Away)) => (Failure::HalfWay, 5),
        Err(StorageError::Driver(_)) => (Failure::Refused, 1),
        other => panic!("{other:?}"),
    };
    assert_eq!(said, failure);
    assert_eq!(
        runs.load(Ordering::SeqCst),
        1 + alone,
        "with the group, and alone"
    );
    assert_eq!(store.db.health().trouble(), None, "others are served");
    assert_eq!(store.task(there.number).await.task, there);
    for (created, n) in before.into_iter().chain(after).zip(0..) {
        let number = created.unwrap().stored.task.number;
        assert_eq!(store.task(number).await.task.excerpt, n.to_string());
    }
    let counts = store.db.task_counts().await.unwrap();
    assert_eq!(counts.by_project.iter().map(|(_, _, n)| n).sum::<u64>(), 21);
    let announced = store.announced();
    let tasks = announced
        .iter()
        .filter(|change| matches!(change.thing, Thing::Task { .. }));
    assert_eq!(tasks.count(), 20, "each once, although the group ran twice");
}

async fn a_refused_write_in_a_group_announces_nothing(engine: Engine) {
    let store = Store::new(engine).await;
    let append = |task: i64| AppendLogs {
        task: TaskRef::Number(task),
        author: Author::server("somebody"),
        lease: None,
        entries: vec![NewLog::default()],
        now: NOW,
    };
    let number = store.pending(1).await;
    store.announced();
    let writes = async {
        tokio::join!(
            store.write(append(number)),
            store.write(append(99)),
            store.write(append(number))
        )
    };
    let (first, refused, last) = together(&store, writes).await;
    assert!(first.is_ok() && last.is_ok());
    assert!(refused.unwrap_err().is_refusal());
    assert_eq!(store.announced().len(), 2);
}

async fn a_write_happens_even_when_its_caller_goes_away(engine: Engine) {
    let store = Store::new(engine).await;
    let writes = async {
        let mut write = Box::pin(store.write(create(described("alone"), None)));
        // Polled once it is queued; then nobody waits for it any more.
        let asked = futures_util::poll!(write.as_mut());
        assert!(asked.is_pending());
    };
    together(&store, writes).await;
    let later = store.pending(1).await;
    assert_eq!(later, 2);
    assert_eq!(store.task(1).await.task.excerpt, "alone");
}

async fn commits_are_announced_in_order_and_before_the_answer(engine: Engine) {
    let store = Store::new(engine).await;
    join_all((0..100).map(|_| async {
        let number = store.pending(1).await;
        let changes = store.changes.lock().unwrap();
        let told = changes.iter().any(
            |change| matches!(&change.thing, Thing::Task { task, .. } if task.task.number == number),
        );
        assert!(told, "#{number} is answered but not announced");
    }))
    .await;
    let announced = store.announced();
    let numbers: Vec<i64> = announced
        .iter()
        .filter_map(|change| match &change.thing {
            Thing::Task { task, .. } => Some(task.task.number),
            _ => None,
        })
        .collect();
    assert_eq!(numbers, (1..=100).collect::<Vec<_>>());
}
