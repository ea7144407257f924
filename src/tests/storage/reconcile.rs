//! A board that missed commits is found out and mended; one that did not is left alone.

use super::{NOW, Store, described};
use crate::domain::{AgentKind, AgentSource, Author, Scope, TaskRef, TaskStatus};
use crate::server::live::Bus;
use crate::server::publisher::Publisher;
use crate::server::queue::Board;
use crate::server::storage::agents::{AgentRecord, SaveAgent};
use crate::server::storage::tasks::CancelTask;
use crate::server::upkeep::reconcile::{Mended, mend};
use crate::tests::support::{Engine, on_each_engine};

on_each_engine!(
    what_the_board_missed_is_mended_and_counted_once,
    a_change_that_comes_twice_or_late_changes_nothing,
);

fn projections() -> (Board, Publisher) {
    let (board, bus) = (Board::new(), Bus::new("epoch".to_owned(), 1 << 20));
    (board.clone(), Publisher::new(board, bus))
}

async fn what_the_board_missed_is_mended_and_counted_once(engine: Engine) {
    let store = Store::new(engine).await;
    let (board, publisher) = projections();
    let everything = Scope::everything();
    let look = || mend(&store.db, &board, &publisher, NOW);
    let (kept, ended) = (store.pending(1).await, store.pending(1).await);
    publisher.publish(store.announced(), NOW);
    assert_eq!(
        look().await.unwrap(),
        Mended::default(),
        "nothing was missed"
    );

    // These are never told.
    let fresh = store.pending(1).await;
    store.claim(kept, "lease").await;
    let cancel = CancelTask {
        expected: None,
        task: TaskRef::Number(ended),
        author: Author::server("me"),
        now: NOW,
    };
    store.write(cancel).await.unwrap();
    let record = AgentRecord::new("worker", AgentKind::Fake, AgentSource::File);
    let save = SaveAgent {
        record,
        happened: None,
        now: NOW,
    };
    store.write(save).await.unwrap();
    assert_eq!(board.counts(&everything).pending, 2);

    let mended = look().await.unwrap();
    assert_eq!((mended.tasks, mended.agents), (3, 1));
    let counts = board.counts(&everything);
    assert_eq!(
        (
            counts.pending,
            counts.running,
            counts.cancelled,
            counts.total()
        ),
        (1, 1, 1, 3)
    );
    assert_eq!(
        board.reserve("worker", NOW).map(|next| next.number),
        Some(fresh)
    );
    assert_eq!(look().await.unwrap(), Mended::default(), "and stays so");
}

async fn a_change_that_comes_twice_or_late_changes_nothing(engine: Engine) {
    let store = Store::new(engine).await;
    let (board, publisher) = projections();
    let everything = Scope::everything();
    let number = store.create(described("x")).await.task.number;
    let created = store.announced();
    store.claim(number, "lease").await;
    let claimed = store.announced();
    for changes in [&created, &created, &claimed, &created, &claimed] {
        publisher.publish(changes.clone(), NOW);
    }
    let counts = board.counts(&everything);
    assert_eq!((counts.of(TaskStatus::Running), counts.total()), (1, 1));
    assert!(
        board.reserve("worker", NOW).is_none(),
        "it is pending no more"
    );
    let look = mend(&store.db, &board, &publisher, NOW).await.unwrap();
    assert_eq!(look, Mended::default());
}
