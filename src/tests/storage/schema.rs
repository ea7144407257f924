//! What is written is read back, row by row and page by page.

use std::collections::HashSet;

use serde_json::json;

use super::{NOW, Store, create, described};
use crate::domain::{
    Activity, ActivityKind, Author, LogFilter, LogLevel, LogStream, NewLog, NewTask, Priority,
    Scope, TaskFilter, TaskRef, TaskStatus, Timestamp, order_key,
};
use crate::server::storage::logs::AppendLogs;
use crate::server::storage::tasks::{CancelTask, ExpediteTask};
use crate::server::storage::{Database, StorageError, Thing};
use crate::tests::support::{Engine, on_each_engine};

on_each_engine!(
    a_new_task_is_stored_announced_and_remembered,
    a_key_creates_one_task_however_often_it_comes,
    numbers_rise_and_pages_follow_them,
    log_entries_keep_their_order_and_everything_in_them,
    what_happened_is_told_in_order,
    a_long_timeline_keeps_its_end,
    the_numbers_of_tasks_follow_every_change,
);

async fn a_new_task_is_stored_announced_and_remembered(engine: Engine) {
    let store = Store::new(engine).await;
    let metadata = json!({"a": {"b": ["\u{0}", 1.5e300, i64::MIN]}});
    let new = NewTask {
        title: Some("Größe 🦀".to_owned()),
        priority: Some(Priority::High),
        agent: Some("worker".to_owned()),
        labels: vec!["ä".to_owned(), "b c".to_owned()],
        timeout_seconds: Some(7),
        max_attempts: Some(3),
        metadata: metadata.as_object().unwrap().clone(),
        start_after: Some(NOW.plus_seconds(5)),
        ..described("what to do\n")
    };
    let created = store.create(new).await;
    let stored = store.task(created.task.number).await;
    assert_eq!(stored.task, created.task);
    assert_eq!(stored.order_key, order_key(NOW, Priority::High));
    assert_eq!(stored.not_before, Some(NOW.plus_seconds(5)));
    assert_eq!(stored.timeout, Some(7));
    assert!(stored.lease.is_none() && stored.cancel_requested_at.is_none());
    let by_id = store
        .db
        .task(&Scope::everything(), TaskRef::Id(stored.task.id))
        .await
        .unwrap();
    assert_eq!(by_id.task, stored.task);

    let announced = store.announced();
    let news: Vec<_> = announced.iter().map(|change| &change.thing).collect();
    let [
        Thing::Task { before: None, task },
        Thing::Activity(happened),
    ] = &news[..]
    else {
        panic!("{announced:?}");
    };
    assert_eq!(task.task, stored.task);
    assert_eq!(
        (happened.kind, happened.actor.as_str()),
        (ActivityKind::Created, "somebody")
    );
    assert_eq!(happened.task_id, Some(stored.task.id));
    let absent = store
        .db
        .task(&Scope::everything(), TaskRef::Number(99))
        .await;
    assert!(
        matches!(absent, Err(StorageError::Refused(_))),
        "{absent:?}"
    );
}

async fn a_key_creates_one_task_however_often_it_comes(engine: Engine) {
    let store = Store::new(engine).await;
    let keyed = |digest: &'static str| create(described("x"), Some(("key", digest)));
    let race = futures_util::future::join_all((0..8).map(|_| store.write(keyed("same")))).await;
    let created: Vec<_> = race.into_iter().map(|creation| creation.unwrap()).collect();
    let numbers: HashSet<_> = created
        .iter()
        .map(|creation| creation.stored.task.number)
        .collect();
    assert_eq!(numbers.len(), 1);
    assert_eq!(
        created.iter().filter(|creation| !creation.replayed).count(),
        1
    );
    let other = store.write(keyed("other")).await.unwrap_err();
    assert!(other.is_refusal());
    let tasks = store
        .announced()
        .into_iter()
        .filter(|change| matches!(change.thing, Thing::Task { .. }));
    assert_eq!(tasks.count(), 1);
}

async fn numbers_rise_and_pages_follow_them(engine: Engine) {
    let store = Store::new(engine).await;
    for n in 0..12 {
        let labels = if n % 3 == 0 {
            vec!["third".to_owned()]
        } else {
            vec![]
        };
        store
            .create(NewTask {
                labels,
                ..described("x")
            })
            .await;
    }
    let numbers = async |filter: &TaskFilter, cursor: Option<&str>, limit| {
        let page = store
            .db
            .tasks(&Scope::everything(), filter, cursor, limit)
            .await
            .unwrap();
        let numbers: Vec<i64> = page.items.iter().map(|task| task.number).collect();
        (numbers, page.next)
    };
    let third = TaskFilter {
        label: Some("third".to_owned()),
        ..TaskFilter::default()
    };
    let (first, next) = numbers(&third, None, 3).await;
    assert_eq!((&first[..], next.as_deref()), (&[10, 7, 4][..], Some("4")));
    assert_eq!(numbers(&third, Some("4"), 3).await, (vec![1], None));
    assert_eq!(
        numbers(&TaskFilter::default(), Some("3"), 2).await,
        (vec![2, 1], None)
    );
    assert_eq!(
        numbers(&TaskFilter::default(), Some("1"), 2).await,
        (vec![], None)
    );
    let wrong = store
        .db
        .tasks(&Scope::everything(), &third, Some("one"), 3)
        .await
        .unwrap_err();
    assert!(wrong.is_refusal());

    let counts = store.db.task_counts().await.unwrap();
    let of = |wanted| {
        let found = counts
            .by_project
            .iter()
            .filter(move |(_, status, _)| *status == wanted);
        found.map(|(_, _, n)| n).sum::<u64>()
    };
    assert_eq!(of(TaskStatus::Pending), 12);
    assert_eq!(store.db.active_tasks().await.unwrap().len(), 12);
    assert_eq!(of(TaskStatus::Running), 0);
}

async fn log_entries_keep_their_order_and_everything_in_them(engine: Engine) {
    let store = Store::new(engine).await;
    let number = store.pending(1).await;
    let other = store.pending(1).await;
    let fields = json!({"n": 1, "nul": "\u{0}", "escape": "\\u0000"});
    let entries: Vec<NewLog> = (0..2100_i64)
        .map(|n| NewLog {
            message: n.to_string(),
            level: LogLevel::ALL[usize::try_from(n % 4).unwrap()],
            stream: LogStream::ALL[usize::try_from(n % 4).unwrap()],
            time: (n % 2 == 0).then_some(Timestamp(-n)),
            fields: fields.as_object().unwrap().clone(),
        })
        .collect();
    for (task, entries) in [(number, entries.clone()), (other, vec![NewLog::default()])] {
        let append = AppendLogs {
            task: TaskRef::Number(task),
            author: Author::server("somebody"),
            lease: None,
            entries,
            now: NOW,
        };
        store.write(append).await.unwrap();
    }
    let task = store.task(number).await.task;
    let (mut read, mut cursor) = (Vec::new(), None);
    loop {
        let page = store
            .db
            .logs(&task, &LogFilter::default(), cursor.as_deref(), 999)
            .await
            .unwrap();
        read.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(read.len(), entries.len());
    for (entry, new) in read.iter().zip(&entries) {
        assert_eq!(
            (&entry.message, entry.level, entry.stream),
            (&new.message, new.level, new.stream)
        );
        assert_eq!(
            (entry.time, &entry.fields),
            (new.time.unwrap_or(NOW), &new.fields)
        );
    }
    let announced = store
        .announced()
        .into_iter()
        .filter_map(|change| match change.thing {
            Thing::Logs { task: of, entries } if of == task.id => Some(entries),
            _ => None,
        });
    let announced: Vec<_> = announced.flatten().collect();
    assert_eq!(announced, read, "what was announced is what is stored");
}

async fn what_happened_is_told_in_order(engine: Engine) {
    let store = Store::new(engine).await;
    let number = store.pending(1).await;
    store.pending(1).await;
    store.claim(number, "lease").await;
    let kinds =
        |happened: Vec<Activity>| happened.into_iter().map(|one| one.kind).collect::<Vec<_>>();
    let timeline = store.timeline(number).await;
    assert!(timeline.iter().all(|one| one.task_number == Some(number)));
    assert_eq!(
        kinds(timeline),
        [ActivityKind::Created, ActivityKind::Started]
    );
    let recent = store.activity(2).await;
    assert_eq!(
        kinds(recent),
        [ActivityKind::Started, ActivityKind::Created]
    );
}

async fn a_long_timeline_keeps_its_end(engine: Engine) {
    let store = Store::new(engine).await;
    let number = store.pending(1).await;
    for n in 1..=1001 {
        let expedite = ExpediteTask {
            expected: None,
            task: TaskRef::Number(number),
            author: Author::server(&format!("person {n}")),
            now: NOW,
        };
        store.write(expedite).await.unwrap();
    }
    let timeline = store.timeline(number).await;
    let actors: Vec<_> = timeline.iter().map(|one| one.actor.as_str()).collect();
    assert_eq!(actors.len(), 1000);
    assert_eq!((actors[0], actors[999]), ("person 2", "person 1001"));
}

async fn the_numbers_of_tasks_follow_every_change(engine: Engine) {
    let store = Store::new(engine).await;
    let counted = async || {
        let counts = store.db.task_counts().await.unwrap();
        let mut counts: Vec<_> = counts
            .by_project
            .into_iter()
            .chain(counts.by_agent)
            .filter(|(_, _, n)| *n > 0)
            .collect();
        counts.sort_by_key(|(agent, status, _)| (agent.clone(), status.as_str()));
        counts
    };
    let (default, worker) = (|| "default".to_owned(), || "worker".to_owned());
    assert_eq!(counted().await, []);
    let first = store.pending(1).await;
    store.pending(1).await;
    let asked = NewTask {
        agent: Some(worker()),
        ..described("x")
    };
    store.create(asked).await;
    assert_eq!(
        counted().await,
        [
            (default(), TaskStatus::Pending, 3),
            (worker(), TaskStatus::Pending, 1)
        ]
    );
    store.claim(first, "lease").await;
    assert_eq!(
        counted().await,
        [
            (default(), TaskStatus::Pending, 2),
            (default(), TaskStatus::Running, 1),
            (worker(), TaskStatus::Pending, 1),
            (worker(), TaskStatus::Running, 1)
        ]
    );
    let cancel = CancelTask {
        expected: None,
        task: TaskRef::Number(2),
        author: Author::server("somebody"),
        now: NOW,
    };
    store.write(cancel).await.unwrap();
    assert_eq!(
        counted().await,
        [
            (default(), TaskStatus::Cancelled, 1),
            (default(), TaskStatus::Pending, 1),
            (default(), TaskStatus::Running, 1),
            (worker(), TaskStatus::Pending, 1),
            (worker(), TaskStatus::Running, 1)
        ]
    );
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_named_without_its_password() {
    let url = "postgres://somebody:secret@127.0.0.1:1/tasks";
    let words = Database::reach_postgres(url).await.unwrap_err();
    assert!(
        words.contains("127.0.0.1:1") && words.contains("start it"),
        "{words}"
    );
    assert!(!words.contains("secret"), "{words}");
    let words = Database::reach_postgres("postgres://[").await.unwrap_err();
    assert!(words.contains("postgres://USER"), "{words}");
}
