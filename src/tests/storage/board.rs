//! The board follows what is committed, also between the look at a task and its claim.

use super::{NOW, Store};
use crate::domain::{AgentKind, Outcome};
use crate::server::queue::Board;
use crate::server::storage::agents::{AgentRecord, SaveAgent, Wanted};
use crate::server::storage::tasks::EndAttempt;
use crate::tests::support::{Engine, on_each_engine};

on_each_engine!(a_task_that_came_back_meanwhile_is_not_forgotten);

async fn a_task_that_came_back_meanwhile_is_not_forgotten(engine: Engine) {
    let store = Store::new(engine).await;
    let board = Board::new();
    let agent = AgentRecord {
        name: "worker".to_owned(),
        title: "worker".to_owned(),
        kind: AgentKind::Fake,
        capabilities: Vec::new(),
        concurrency: 2,
        wanted: Wanted::On,
        error: None,
        started_at: Some(NOW),
        last_seen: Some(NOW),
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
    let follow = || board.follow(store.announced(), NOW, drop);
    follow();
    let first = board.reserve("worker", NOW).expect("it is pending");
    assert_eq!(first.number, number);
    assert!(board.reserve("worker", NOW).is_none(), "it is set aside");

    // Somebody else takes it, fails, and it is pending again before we learn of the first.
    store.claim(number, "other").await;
    follow();
    let outcome = Outcome::Failed("x".to_owned());
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
