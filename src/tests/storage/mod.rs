//! Storage by itself, on each engine: what is written together, what is refused, and what is
//! read back.

mod agents;
mod attempts;
mod batch;
mod board;
mod claims;
mod group;
mod leases;
mod outbox;
mod reconcile;
mod schema;

use std::sync::{Arc, Mutex};

use tokio::task::JoinSet;

use super::support::{Engine, Place};
use crate::domain::{Activity, Author, IdempotencyKey, NewTask, Scope, TaskRef, Timestamp};
use crate::server::clock::Clock;
use crate::server::storage::activity::ActivityFilter;
use crate::server::storage::tasks::{ClaimTask, CreateTask, Lease, StoredTask};
use crate::server::storage::{Answer, Change, Database, Write};

/// A database with its writer, and everything that it announced.
struct Store {
    db: Database,
    changes: Arc<Mutex<Vec<Change>>>,
    /// Ends with the store.
    _writing: JoinSet<()>,
    /// The last to go.
    _place: Place,
}

/// The moment of most tests.
const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

impl Store {
    async fn new(engine: Engine) -> Self {
        Self::followed_by(engine, &[]).await
    }

    /// With followers that must miss nothing.
    async fn followed_by(engine: Engine, followers: &[&str]) -> Self {
        let place = Place::new(engine).await;
        let (db, mut writer) = place.open().await;
        for follower in followers {
            writer.follow(follower);
        }
        let changes: Arc<Mutex<Vec<Change>>> = Arc::default();
        let announced = Arc::clone(&changes);
        let mut writing = JoinSet::new();
        writing.spawn(writer.run(Arc::new(move |changes| {
            announced.lock().unwrap().extend(changes);
        })));
        Self {
            db,
            changes,
            _writing: writing,
            _place: place,
        }
    }

    async fn write<W: Write>(&self, write: W) -> Answer<W::Output> {
        self.db.write(write).await
    }

    /// What was announced since the last look.
    fn announced(&self) -> Vec<Change> {
        std::mem::take(&mut *self.changes.lock().unwrap())
    }

    /// What happened last, newest first.
    async fn activity(&self, limit: u32) -> Vec<Activity> {
        self.happened(None, limit).await
    }

    /// What happened to a task, oldest first.
    async fn timeline(&self, number: i64) -> Vec<Activity> {
        let mut told = self.happened(Some(number), 1000).await;
        told.reverse();
        told
    }

    async fn happened(&self, task: Option<i64>, limit: u32) -> Vec<Activity> {
        let filter = ActivityFilter {
            scope: &Scope::everything(),
            agents: &[],
            task,
        };
        self.db.activity(filter, None, limit).await.unwrap().items
    }

    async fn task(&self, number: i64) -> StoredTask {
        self.db
            .task(&Scope::everything(), TaskRef::Number(number))
            .await
            .unwrap()
    }

    async fn create(&self, new: NewTask) -> StoredTask {
        self.write(create(new, None)).await.unwrap().stored
    }

    /// A pending task that may be attempted so often.
    async fn pending(&self, max_attempts: u32) -> i64 {
        let new = NewTask {
            max_attempts: Some(max_attempts),
            ..described("x")
        };
        self.create(new).await.task.number
    }

    /// Hands the task to an agent elsewhere, under this lease, until `expires_at`.
    async fn claim_until(&self, number: i64, lease: &str, expires_at: Timestamp) -> StoredTask {
        let claim = ClaimTask {
            number,
            agent: "worker".to_owned(),
            lease: Lease::new(lease.to_owned(), expires_at, None),
            timeout_seconds: 3600,
            now: NOW,
        };
        let claimed = self.write(claim).await.unwrap();
        claimed.expect("it is pending").stored
    }

    async fn claim(&self, number: i64, lease: &str) -> StoredTask {
        self.claim_until(number, lease, NOW.plus_seconds(60)).await
    }
}

fn described(text: &str) -> NewTask {
    NewTask {
        description: text.to_owned(),
        ..NewTask::default()
    }
}

fn create(new: NewTask, key: Option<(&str, &str)>) -> CreateTask {
    let key = key.map(|(key, digest)| IdempotencyKey {
        key: key.to_owned(),
        actor: "somebody".to_owned(),
        route: "POST /api/tasks".to_owned(),
        digest: digest.to_owned(),
    });
    CreateTask {
        id: Clock::system().task_id(),
        new,
        author: Author::server("somebody"),
        retry_of: None,
        key,
        now: NOW,
    }
}
