//! How an attempt goes and ends, in storage.

use std::sync::Arc;

use super::{NOW, Store};
use crate::domain::{
    ActivityKind, AgentEvent, Author, LogFilter, NewLog, NewQuestion, Outcome, Reply, TaskChange,
    TaskRef, TaskStatus, Timestamp, UsageReport,
};
use crate::server::storage::tasks::{
    CancelTask, Cancellation, ChangeTask, ClaimTask, EndAttempt, ExpediteTask, GiveInput,
    KeepLeases, Lease, ReportTask,
};
use crate::tests::support::{Engine, on_each_engine};

on_each_engine!(
    whoever_claims_first_has_it,
    a_batch_of_events_is_applied_as_a_whole,
    a_report_that_comes_again_is_stored_once,
    a_new_attempt_begins_without_the_result_of_the_last,
    a_failed_attempt_waits_longer_each_time_and_ends_with_the_last,
    a_cancelled_attempt_is_not_tried_again,
    a_late_report_of_an_earlier_holder_is_refused,
    a_question_is_asked_and_answered,
    starting_now_ends_the_pause,
);

fn end(number: i64, lease: &str, outcome: Outcome) -> EndAttempt {
    EndAttempt {
        number,
        lease: lease.to_owned(),
        outcome,
        now: NOW,
    }
}

fn failed() -> Outcome {
    Outcome::failed("no luck")
}

fn report(number: i64, lease: &str, report: i64, events: Vec<AgentEvent>) -> ReportTask {
    ReportTask {
        number,
        lease: lease.to_owned(),
        report,
        events: Arc::new(events),
        now: NOW,
    }
}

async fn whoever_claims_first_has_it(engine: Engine) {
    let store = Store::new(engine).await;
    let number = store.pending(1).await;
    let claims = (0..16).map(|n| {
        store.write(ClaimTask {
            number,
            agent: format!("worker-{n}"),
            lease: Lease::new(format!("lease-{n}"), NOW.plus_seconds(60), None),
            timeout_seconds: 77,
            now: NOW,
        })
    });
    let claimed = futures_util::future::join_all(claims).await;
    let winners: Vec<_> = claimed
        .into_iter()
        .filter_map(|claimed| claimed.unwrap())
        .collect();
    let [winner] = &winners[..] else {
        panic!("{} have it", winners.len())
    };
    let stored = store.task(number).await;
    assert_eq!(
        (&stored.task, &stored.lease),
        (&winner.stored.task, &winner.stored.lease)
    );
    assert_eq!(
        (stored.task.timeout_seconds, stored.task.started_at),
        (77, Some(NOW))
    );
}

async fn a_batch_of_events_is_applied_as_a_whole(engine: Engine) {
    let store = Store::new(engine).await;
    let number = store.pending(1).await;
    store.claim(number, "lease").await;
    store.announced();
    let said = |text: &str| {
        AgentEvent::Log(NewLog {
            message: text.to_owned(),
            ..NewLog::default()
        })
    };
    let usage = UsageReport {
        input_tokens: Some(u64::MAX),
        output_tokens: Some(7),
        ..UsageReport::default()
    };
    let events = vec![
        said("one"),
        AgentEvent::Progress(0.3),
        said("two"),
        AgentEvent::Usage(usage),
    ];
    store
        .write(report(number, "lease", 1, events))
        .await
        .unwrap();
    let stored = store.task(number).await;
    assert_eq!(stored.task.progress.to_bits(), 0.3_f64.to_bits());
    assert_eq!(stored.task.usage.output_tokens, 7);

    // A lease that is not the present one: nothing of that batch is stored.
    store.announced();
    let refused = store
        .write(report(
            number,
            "other",
            2,
            vec![said("three"), AgentEvent::Progress(0.9)],
        ))
        .await;
    assert!(refused.unwrap_err().is_refusal());
    assert!(store.announced().is_empty());
    let stored = store.task(number).await;
    assert_eq!(stored.task.progress.to_bits(), 0.3_f64.to_bits());
    let logs = store
        .db
        .logs(&stored.task, &LogFilter::default(), None, 10)
        .await
        .unwrap();
    let said: Vec<_> = logs
        .items
        .iter()
        .map(|entry| entry.message.as_str())
        .collect();
    assert_eq!(said, ["one", "two"]);
}

async fn a_report_that_comes_again_is_stored_once(engine: Engine) {
    let store = Store::new(engine).await;
    let number = store.pending(2).await;
    let said = |text: &str| {
        let message = text.to_owned();
        let log = NewLog {
            message,
            ..NewLog::default()
        };
        vec![AgentEvent::Log(log)]
    };
    for (lease, reports) in [("one", [1, 1, 2, 2, 1]), ("two", [1, 2, 3, 3, 2])] {
        store.claim(number, lease).await;
        for n in reports {
            let events = said(&format!("{lease} {n}"));
            store.write(report(number, lease, n, events)).await.unwrap();
        }
        store.write(end(number, lease, failed())).await.unwrap();
    }
    let task = store.task(number).await.task;
    let logs = store.db.logs(&task, &LogFilter::default(), None, 99).await;
    let logs = logs.unwrap().items.into_iter().map(|entry| entry.message);
    let said: Vec<_> = logs.collect();
    let expected = [
        "one 1",
        "one 2",
        "attempt 2 of 2",
        "two 1",
        "two 2",
        "two 3",
    ];
    assert_eq!(said, expected);
}

async fn a_new_attempt_begins_without_the_result_of_the_last(engine: Engine) {
    let store = Store::new(engine).await;
    let result = async |number: i64| store.db.task_body(number).await.unwrap().result;
    let number = store.pending(2).await;
    store.claim(number, "one").await;
    let told = AgentEvent::Result(serde_json::json!({"tests": "all pass"}));
    store
        .write(report(number, "one", 1, vec![told]))
        .await
        .unwrap();
    store.write(end(number, "one", failed())).await.unwrap();
    assert_eq!(result(number).await, None);
    let again = store.claim(number, "two").await;
    assert_eq!(again.task.error, None);
    let done = store
        .write(end(number, "two", Outcome::Completed))
        .await
        .unwrap();
    assert_eq!(done.task.status, TaskStatus::Completed);
    assert_eq!(result(number).await, None);
    let logs = store
        .db
        .logs(&done.task, &LogFilter::default(), None, 99)
        .await;
    let said: Vec<_> = logs
        .unwrap()
        .items
        .into_iter()
        .map(|it| it.message)
        .collect();
    let kept =
        "attempt 1 did not complete, and its result does not count: {\"tests\":\"all pass\"}";
    assert_eq!(said, [kept, "attempt 2 of 2"]);

    // What the last one said stays with the task that failed.
    let number = store.pending(1).await;
    store.claim(number, "three").await;
    let told = AgentEvent::Result(serde_json::json!("half"));
    store
        .write(report(number, "three", 1, vec![told]))
        .await
        .unwrap();
    store.write(end(number, "three", failed())).await.unwrap();
    assert_eq!(result(number).await, Some(serde_json::json!("half")));
}

async fn a_failed_attempt_waits_longer_each_time_and_ends_with_the_last(engine: Engine) {
    let store = Store::new(engine).await;
    let number = store.pending(3).await;
    for (lease, pause) in [("one", 2), ("two", 4)] {
        store.claim(number, lease).await;
        let stored = store.write(end(number, lease, failed())).await.unwrap();
        assert_eq!(stored.task.status, TaskStatus::Pending);
        assert_eq!(stored.not_before, Some(NOW.plus_seconds(pause)));
        assert_eq!(stored.task.error.as_deref(), Some("no luck"));
        assert!(stored.lease.is_none() && stored.task.agent.is_none());
    }
    let last = store.claim(number, "three").await;
    assert_eq!((last.task.attempt, last.not_before), (3, None));
    let stored = store.write(end(number, "three", failed())).await.unwrap();
    assert_eq!(
        (stored.task.status, stored.task.completed_at),
        (TaskStatus::Failed, Some(NOW))
    );
    let kinds: Vec<_> = store
        .timeline(number)
        .await
        .into_iter()
        .map(|one| one.kind)
        .collect();
    let (started, requeued) = (ActivityKind::Started, ActivityKind::Requeued);
    let expected = [
        ActivityKind::Created,
        started,
        requeued,
        started,
        requeued,
        started,
        ActivityKind::Failed,
    ];
    assert_eq!(kinds, expected);
}

async fn a_cancelled_attempt_is_not_tried_again(engine: Engine) {
    let store = Store::new(engine).await;
    let cancel = |number| CancelTask {
        expected: None,
        task: TaskRef::Number(number),
        author: Author::server("me"),
        now: NOW,
    };
    let number = store.pending(5).await;
    let done = store.write(cancel(number)).await.unwrap();
    assert!(matches!(done, Cancellation::Done(_)));
    store.announced();
    let again = store.write(cancel(number)).await.unwrap();
    assert!(matches!(again, Cancellation::Done(_)));
    assert!(store.announced().is_empty());

    for (outcome, status) in [
        (Outcome::Cancelled, TaskStatus::Cancelled),
        (failed(), TaskStatus::Failed),
        (Outcome::Completed, TaskStatus::Completed),
    ] {
        let number = store.pending(5).await;
        store.claim(number, &format!("lease-{number}")).await;
        for _ in 0..2 {
            let asked = store.write(cancel(number)).await.unwrap();
            assert!(matches!(asked, Cancellation::Requested(_)));
        }
        let ended = store
            .write(end(number, &format!("lease-{number}"), outcome))
            .await
            .unwrap();
        assert_eq!(ended.task.status, status);
    }
}

async fn a_late_report_of_an_earlier_holder_is_refused(engine: Engine) {
    let store = Store::new(engine).await;
    let number = store.pending(2).await;
    store.claim(number, "early").await;
    store.write(end(number, "early", failed())).await.unwrap();
    store.claim(number, "late").await;
    let before = store.task(number).await;
    store.announced();
    let progress = vec![AgentEvent::Progress(0.9)];
    assert!(
        store
            .write(report(number, "early", 1, progress.clone()))
            .await
            .unwrap_err()
            .is_refusal()
    );
    assert!(
        store
            .write(end(number, "early", Outcome::Completed))
            .await
            .unwrap_err()
            .is_refusal()
    );
    let change = ChangeTask {
        task: TaskRef::Number(number),
        change: TaskChange {
            progress: Some(0.9),
            message: Some("late".to_owned()),
            ..TaskChange::default()
        },
        expected: None,
        lease: Some("early".to_owned()),
        author: Author::server("worker"),
        now: NOW,
    };
    assert!(store.write(change).await.unwrap_err().is_refusal());
    assert_eq!(store.task(number).await.task, before.task);
    assert!(store.announced().is_empty());
    // Nor is the present holder heard once its lease was taken back.
    let keep = KeepLeases {
        running: NOW.plus_seconds(60),
        forgive: false,
        now: NOW,
    };
    assert_eq!(store.write(keep).await.unwrap().len(), 1);
    let later = report(number, "late", 1, progress);
    assert!(store.write(later).await.unwrap_err().is_refusal());
}

async fn a_question_is_asked_and_answered(engine: Engine) {
    let store = Store::new(engine).await;
    let number = store.pending(1).await;
    store.claim(number, "lease").await;
    let give = || GiveInput {
        task: TaskRef::Number(number),
        reply: Reply::text("blue"),
        author: Author::server("me"),
        now: NOW,
    };
    assert!(store.write(give()).await.unwrap_err().is_refusal());
    let ask = AgentEvent::NeedsInput(NewQuestion::asking("which colour?"));
    store
        .write(report(number, "lease", 1, vec![ask]))
        .await
        .unwrap();
    let stored = store.task(number).await;
    let question = stored.task.question.expect("it is open");
    assert_eq!((&*question.id, &*question.text), ("1", "which colour?"));
    store.write(give()).await.unwrap();
    let stored = store.task(number).await;
    assert_eq!(
        (stored.task.status, stored.task.question),
        (TaskStatus::Running, None)
    );
    // Its agent says so as well, which changes nothing any more.
    store
        .write(report(number, "lease", 2, vec![AgentEvent::Resumed]))
        .await
        .unwrap();
    assert!(store.write(give()).await.unwrap_err().is_refusal());
}

async fn starting_now_ends_the_pause(engine: Engine) {
    let store = Store::new(engine).await;
    let number = store.pending(2).await;
    store.claim(number, "lease").await;
    store.write(end(number, "lease", failed())).await.unwrap();
    let expedite = |now| ExpediteTask {
        expected: None,
        task: TaskRef::Number(number),
        author: Author::server("me"),
        now,
    };
    let stored = store.write(expedite(NOW)).await.unwrap();
    assert_eq!((stored.not_before, stored.order_key), (None, -NOW.0));
    let later = store.write(expedite(Timestamp(NOW.0 + 1))).await.unwrap();
    assert!(later.order_key < stored.order_key);
}
