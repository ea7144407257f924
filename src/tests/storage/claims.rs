//! What a claim that did not arrive costs, and what counts as a word of its holder.

use std::pin::pin;

use futures_util::FutureExt;

use super::leases::{cancel, keep, renew, state};
use super::{NOW, Store};
use crate::domain::{
    ActivityKind, AgentEvent, AgentKind, AgentSource, Author, LogFilter, NewLog, TaskChange,
    TaskRef, TaskStatus,
};
use crate::server::clock::Clock;
use crate::server::live::Bus;
use crate::server::publisher::Publisher;
use crate::server::queue::{Board, claim};
use crate::server::storage::agents::{AgentRecord, SaveAgent};
use crate::server::storage::logs::AppendLogs;
use crate::server::storage::tasks::{ChangeTask, ClaimTask, Lease, ReportTask, ReturnClaim};
use crate::tests::support::{Engine, eventually, on_each_engine};

on_each_engine!(
    a_lease_without_a_word_costs_no_attempt_three_times,
    every_word_of_the_holder_counts,
    a_claim_is_undone_unless_its_holder_said_a_word,
    a_claim_whose_answer_was_lost_is_found_again,
    a_claim_that_nobody_waits_for_is_undone,
);

async fn a_lease_without_a_word_costs_no_attempt_three_times(engine: Engine) {
    let store = Store::new(engine).await;
    let number = store.pending(1).await;
    let key = store.task(number).await.order_key;
    for n in 1..=3 {
        store.claim(number, &format!("lease {n}")).await;
        keep(&store, 60).await;
        let stored = store.task(number).await;
        let task = &stored.task;
        assert_eq!((task.status, task.attempt), (TaskStatus::Pending, 1));
        assert_eq!((&task.agent, task.started_at), (&None, None));
        assert_eq!((stored.order_key, stored.not_before), (key, None));
        let timeline = store.timeline(number).await;
        let last = timeline.last().unwrap();
        let detail = last.detail.as_deref().unwrap();
        assert_eq!(last.kind, ActivityKind::Requeued);
        assert!(detail.contains(&format!("({n} of 3)")), "{detail}");
        let log = store.db.logs(task, &LogFilter::default(), None, 99).await;
        let log = log.unwrap().items;
        assert_eq!(log.len(), n, "each time is one line");
        assert_eq!(log[n - 1].message, detail);
    }
    store.claim(number, "the fourth").await;
    keep(&store, 60).await;
    let task = store.task(number).await.task;
    assert_eq!((task.status, task.attempt), (TaskStatus::Failed, 1));
    let error = task.error.unwrap();
    assert!(
        error.contains("said nothing for 60 s, as 3 times before"),
        "{error}"
    );
}

async fn every_word_of_the_holder_counts(engine: Engine) {
    let store = Store::new(engine).await;
    let said = || NewLog {
        message: "here".to_owned(),
        ..NewLog::default()
    };
    for word in ["heartbeat", "report", "log", "event"] {
        let number = store.pending(1).await;
        let task = TaskRef::Number(number);
        let lease = format!("lease of {word}");
        store.claim(number, &lease).await;
        match word {
            "heartbeat" => drop(state(&store, renew(&lease, "worker", 60)).await),
            "report" => {
                let change = TaskChange {
                    progress: Some(0.5),
                    ..TaskChange::default()
                };
                let report = ChangeTask {
                    task,
                    change,
                    lease: Some(lease),
                    expected: None,
                    author: Author::server("worker"),
                    now: NOW,
                };
                store.write(report).await.unwrap();
            }
            "log" => {
                let log = AppendLogs {
                    task,
                    author: Author::server("worker"),
                    lease: Some(lease),
                    entries: vec![said()],
                    now: NOW,
                };
                store.write(log).await.unwrap();
            }
            _ => {
                let report = ReportTask {
                    number,
                    lease,
                    report: 1,
                    events: vec![AgentEvent::Log(said()), AgentEvent::Progress(0.1)].into(),
                    now: NOW,
                };
                store.write(report).await.unwrap();
            }
        }
        keep(&store, 60).await;
        let task = store.task(number).await.task;
        assert_eq!(task.status, TaskStatus::Failed, "{word}");
    }
}

async fn a_claim_is_undone_unless_its_holder_said_a_word(engine: Engine) {
    let store = Store::new(engine).await;
    let back = |number, lease: &str| ReturnClaim {
        number,
        lease: lease.to_owned(),
        now: NOW,
    };
    let number = store.pending(2).await;
    let before = store.task(number).await;
    store.claim(number, "gone").await;
    store.write(back(number, "other")).await.unwrap();
    assert_eq!(store.task(number).await.task.status, TaskStatus::Running);
    store.write(back(number, "gone")).await.unwrap();
    let stored = store.task(number).await;
    assert_eq!(
        (stored.task.status, stored.task.attempt, stored.order_key),
        (TaskStatus::Pending, 1, before.order_key)
    );
    assert_eq!(stored.silent_leases, 0, "it was never out of the house");
    store.claim(number, "there").await;
    state(&store, renew("there", "worker", 60)).await;
    store.write(back(number, "there")).await.unwrap();
    assert_eq!(store.task(number).await.task.status, TaskStatus::Running);

    // Somebody asked to cancel it meanwhile.
    let number = store.pending(1).await;
    store.claim(number, "cancelled").await;
    store.write(cancel(number)).await.unwrap();
    store.write(back(number, "cancelled")).await.unwrap();
    assert_eq!(store.task(number).await.task.status, TaskStatus::Cancelled);
}

async fn a_claim_whose_answer_was_lost_is_found_again(engine: Engine) {
    let store = Store::new(engine).await;
    let number = store.pending(1).await;
    let claim = |lease: &str| ClaimTask {
        number,
        agent: "worker".to_owned(),
        lease: Lease::new(lease.to_owned(), NOW.plus_seconds(60), None),
        timeout_seconds: 60,
        now: NOW,
    };
    for _ in 0..2 {
        let claimed = store.write(claim("mine")).await.unwrap();
        assert_eq!(claimed.map(|it| it.stored.task.number), Some(number));
    }
    assert!(store.write(claim("other")).await.unwrap().is_none());
    let timeline = store.timeline(number).await;
    assert_eq!(timeline.len(), 2, "created and started, once each");
}

async fn a_claim_that_nobody_waits_for_is_undone(engine: Engine) {
    let store = Store::new(engine).await;
    let (board, clock) = (Board::new(), Clock::manual(NOW));
    let record = AgentRecord {
        concurrency: 9,
        started_at: Some(NOW),
        last_seen: Some(NOW),
        ..AgentRecord::new("worker", AgentKind::Fake, AgentSource::File)
    };
    let save = SaveAgent {
        record,
        happened: None,
        now: NOW,
    };
    store.write(save).await.unwrap();
    let number = store.pending(1).await;
    let publisher = Publisher::new(board.clone(), Bus::new("epoch".to_owned(), 1 << 20));
    let follow = || publisher.publish(store.announced(), NOW);
    follow();
    let claims = || claim(&store.db, &board, clock, "worker", 60, None);
    {
        // It is queued, and then its caller is gone.
        let mut claim = pin!(claims());
        assert!(
            claim.as_mut().now_or_never().is_none(),
            "it waits for the commit"
        );
    }
    // And one that is gone with the answer in its hands.
    let back = async |happened: usize| {
        eventually("the task is back in its place", async || {
            let timeline = store.timeline(number).await;
            (timeline.len() == happened).then_some(())
        })
        .await;
    };
    // A commit is read before it is announced.
    let again = async || {
        eventually("it is pending again", async || {
            follow();
            claims().await.unwrap()
        })
        .await
    };
    back(3).await;
    drop(again().await);
    back(5).await;
    let stored = store.task(number).await;
    assert_eq!(
        (stored.task.status, stored.task.attempt),
        (TaskStatus::Pending, 1)
    );
    again().await.handover.arrived();
    follow();
    assert!(claims().await.unwrap().is_none());
    assert_eq!(store.task(number).await.task.status, TaskStatus::Running);
}
