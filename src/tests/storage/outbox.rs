//! Followers that must miss nothing find a row for every change, of the same transaction.

use super::{NOW, Store, described};
use crate::domain::{Author, NewLog, TaskRef};
use crate::server::storage::logs::AppendLogs;
use crate::server::storage::outbox::Taken;
use crate::server::storage::tasks::CancelTask;
use crate::tests::support::{Engine, on_each_engine};

on_each_engine!(
    every_change_waits_for_each_follower_until_it_was_taken,
    what_is_refused_leaves_no_row,
    without_followers_nothing_is_written,
);

async fn every_change_waits_for_each_follower_until_it_was_taken(engine: Engine) {
    let store = Store::followed_by(engine, &["webhooks", "nodes"]).await;
    let created = store.create(described("x")).await;
    let cancel = CancelTask {
        expected: None,
        task: TaskRef::Number(created.task.number),
        author: Author::server("me"),
        now: NOW,
    };
    store.write(cancel).await.unwrap();
    let rows = store.db.pending("webhooks", 9).await.unwrap();
    let seen: Vec<_> = rows.iter().map(|row| (&*row.noun, row.version)).collect();
    let activity = |row: usize| rows[row].version;
    assert_eq!(
        seen,
        [
            ("task", 1),
            ("activity", activity(1)),
            ("task", 2),
            ("activity", activity(3)),
        ]
    );
    assert!(
        activity(1) > 0 && activity(3) > activity(1),
        "they have their ids"
    );
    let first = &rows[0];
    assert_eq!(first.thing, created.task.id.to_string());
    assert_eq!(
        (first.project.as_deref(), first.owner.as_deref()),
        (Some("default"), Some("somebody"))
    );
    assert!(rows.is_sorted_by_key(|row| row.id));

    let last = rows[2].id;
    let taken = Taken {
        follower: "webhooks".to_owned(),
        last,
    };
    store.write(taken).await.unwrap();
    let left = store.db.pending("webhooks", 9).await.unwrap();
    assert_eq!(left, rows[3..]);
    assert_eq!(store.db.pending("nodes", 9).await.unwrap().len(), 4);
}

async fn what_is_refused_leaves_no_row(engine: Engine) {
    let store = Store::followed_by(engine, &["webhooks"]).await;
    let append = AppendLogs {
        task: TaskRef::Number(99),
        author: Author::server("me"),
        lease: None,
        entries: vec![NewLog::default()],
        now: NOW,
    };
    let (refused, created) = tokio::join!(store.write(append), store.create(described("x")));
    assert!(refused.unwrap_err().is_refusal());
    let rows = store.db.pending("webhooks", 9).await.unwrap();
    let nouns: Vec<_> = rows.iter().map(|row| &*row.noun).collect();
    assert_eq!(nouns, ["task", "activity"], "{created:?}");
}

async fn without_followers_nothing_is_written(engine: Engine) {
    let store = Store::new(engine).await;
    store.create(described("x")).await;
    assert_eq!(store.db.pending("webhooks", 9).await.unwrap(), []);
}
