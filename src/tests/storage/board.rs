//! The board follows what is committed, also between the look at a task and its claim.

use super::{NOW, Store};
use crate::domain::{AgentKind, AgentSource, Author, Outcome, Scope, TaskChange, TaskRef};
use crate::server::live::Bus;
use crate::server::publisher::Publisher;
use crate::server::queue::Board;
use crate::server::storage::agents::{AgentRecord, SaveAgent};
use crate::server::storage::tasks::{CancelTask, ChangeTask, EndAttempt, ExpediteTask};
use crate::tests::support::{Engine, Frame, on_each_engine};

on_each_engine!(
    a_task_that_came_back_meanwhile_is_not_forgotten,
    a_position_that_changes_back_is_published_again,
    a_position_that_somebody_saw_is_corrected,
);

/// A board and a feed, and who tells them.
fn projections() -> (Board, Bus, Publisher) {
    let (board, bus) = (Board::new(), Bus::new("epoch".to_owned(), 1 << 20));
    (board.clone(), bus.clone(), Publisher::new(board, bus))
}

/// The position that was last published of task `number`.
fn last_told(bus: &Bus, number: i64) -> Option<u64> {
    let everything = Scope::everything();
    let missed = bus.resume(None, 0).missed.expect("all of it is held");
    let told = missed.iter().rev().find_map(|message| {
        let text = message.text(&everything, Clone::clone);
        match serde_json::from_str(&text).unwrap() {
            Frame::Task { data, .. } if data.number == number => Some(data.queue_position),
            _ => None,
        }
    });
    told.expect("it was told")
}

async fn a_task_that_came_back_meanwhile_is_not_forgotten(engine: Engine) {
    let store = Store::new(engine).await;
    let (board, _, publisher) = projections();
    let agent = AgentRecord {
        concurrency: 2,
        started_at: Some(NOW),
        last_seen: Some(NOW),
        ..AgentRecord::new("worker", AgentKind::Fake, AgentSource::File)
    };
    store
        .write(SaveAgent {
            record: agent,
            happened: None,
            now: NOW,
        })
        .await
        .unwrap();
    let number = store.pending(3).await;
    let follow = || publisher.publish(store.announced(), NOW);
    follow();
    let first = board.reserve("worker", NOW).expect("it is pending");
    assert_eq!(first.number, number);
    assert!(board.reserve("worker", NOW).is_none(), "it is set aside");

    // Somebody else takes it, fails, and it is pending again before we learn of the first.
    store.claim(number, "other").await;
    follow();
    let outcome = Outcome::failed("x");
    let end = EndAttempt {
        number,
        lease: "other".to_owned(),
        outcome,
        now: NOW,
    };
    store.write(end).await.unwrap();
    follow();
    board.forget(&first);
    drop(first);
    assert!(
        board.reserve("worker", NOW).is_none(),
        "its pause is not over"
    );
    let later = NOW.plus_seconds(2);
    assert_eq!(
        board.reserve("worker", later).map(|next| next.number),
        Some(number)
    );

    // One that is gone for good is forgotten.
    let third = board.reserve("worker", later).expect("it is pending");
    board.forget(&third);
    drop(third);
    assert!(board.reserve("worker", later).is_none());
}

async fn a_position_that_changes_back_is_published_again(engine: Engine) {
    let store = Store::new(engine).await;
    let (board, bus, publisher) = projections();
    let follow = || publisher.publish(store.announced(), NOW);
    let cancel = |number| CancelTask {
        expected: None,
        task: TaskRef::Number(number),
        author: Author::server("me"),
        now: NOW,
    };
    let (first, second) = (store.pending(1).await, store.pending(1).await);
    follow();
    assert!(board.stale_head(50, NOW).is_empty());

    // The second moves up; before that is told, it moves down again and is told for itself.
    store.write(cancel(first)).await.unwrap();
    follow();
    assert_eq!(board.stale_head(50, NOW), [second]);
    let before = store.task(second).await;
    let third = store.pending(1).await;
    for number in [second, third] {
        let task = TaskRef::Number(number);
        let author = Author::server("me");
        let now = NOW.plus_seconds(number);
        store
            .write(ExpediteTask {
                task,
                expected: None,
                author,
                now,
            })
            .await
            .unwrap();
    }
    // Any edit publishes the task by itself.
    let change = ChangeTask {
        task: TaskRef::Number(second),
        change: TaskChange {
            title: Some("new".to_owned()),
            ..TaskChange::default()
        },
        expected: None,
        lease: None,
        author: Author::server("me"),
        now: NOW,
    };
    store.write(change).await.unwrap();
    follow();
    publisher.refresh(before, NOW);
    assert_eq!(last_told(&bus, second), Some(2));

    // When it moves up once more, that is news.
    store.write(cancel(third)).await.unwrap();
    follow();
    for number in board.stale_head(50, NOW) {
        publisher.refresh(store.task(number).await, NOW);
    }
    assert_eq!(last_told(&bus, second), Some(1));
}

async fn a_position_that_somebody_saw_is_corrected(engine: Engine) {
    let store = Store::new(engine).await;
    let (board, _, publisher) = projections();
    let follow = || publisher.publish(store.announced(), NOW);
    let (first, second) = (store.pending(1).await, store.pending(1).await);
    follow();

    // The second moves up, and only a page that is loaded now sees it.
    let cancel = CancelTask {
        expected: None,
        task: TaskRef::Number(first),
        author: Author::server("me"),
        now: NOW,
    };
    store.write(cancel).await.unwrap();
    follow();
    let seen = board.shown(&Scope::everything(), store.task(second).await, NOW);
    assert_eq!(seen.queue_position, Some(1));

    // It moves down again: nothing new to most, but the page has to hear it.
    let third = store.pending(1).await;
    let expedite = ExpediteTask {
        expected: None,
        task: TaskRef::Number(third),
        author: Author::server("me"),
        now: NOW,
    };
    store.write(expedite).await.unwrap();
    follow();
    assert_eq!(board.stale_head(50, NOW), [second]);
}
