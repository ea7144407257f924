//! Leases are renewed while their holder lives, and end when it does not.

use super::{NOW, Store, described};
use crate::domain::{Author, NewTask, TaskRef, TaskStatus};
use crate::server::storage::tasks::{
    CancelTask, ClaimTask, EndLapsed, Lapse, Lease, LeaseState, RenewLeases, StoredTask,
};
use crate::tests::support::{Engine, on_each_engine};

on_each_engine!(
    a_renewed_lease_lives_on_and_others_end,
    an_expired_lease_returns_the_task_or_fails_it,
    a_cancellation_that_nobody_confirms_is_final,
    an_attempt_elsewhere_ends_with_its_timeout,
    a_restart_ends_what_this_server_ran_and_nothing_else,
);

async fn lapse(store: &Store, seconds: i64) -> Vec<StoredTask> {
    let lapse = Lapse::Overdue {
        cancel_grace_seconds: 30,
    };
    store
        .write(EndLapsed {
            lapse,
            now: NOW.plus_seconds(seconds),
        })
        .await
        .unwrap()
}

async fn a_renewed_lease_lives_on_and_others_end(engine: Engine) {
    let store = Store::new(engine).await;
    for lease in ["kept", "left"] {
        let number = store.pending(1).await;
        store.claim(number, lease).await;
    }
    let renew = RenewLeases {
        leases: vec!["kept".to_owned(), "unknown".to_owned()],
        agent: "worker".to_owned(),
        expires_at: NOW.plus_seconds(100),
        now: NOW.plus_seconds(40),
    };
    let states: Vec<_> = store
        .write(renew)
        .await
        .unwrap()
        .iter()
        .map(|one| one.state)
        .collect();
    assert_eq!(states, [LeaseState::Held, LeaseState::Lost]);
    assert!(lapse(&store, 59).await.is_empty());
    let ended = lapse(&store, 60).await;
    assert_eq!(
        ended.iter().map(|one| one.task.number).collect::<Vec<_>>(),
        [2]
    );
    // What is over cannot be renewed, nor can the lease of another agent.
    let renew = |lease: &str, agent: &str| RenewLeases {
        leases: vec![lease.to_owned()],
        agent: agent.to_owned(),
        expires_at: NOW.plus_seconds(999),
        now: NOW.plus_seconds(61),
    };
    for (lease, agent) in [("left", "worker"), ("kept", "other")] {
        let renewals = store.write(renew(lease, agent)).await.unwrap();
        assert_eq!(renewals[0].state, LeaseState::Lost, "{lease} of {agent}");
    }
    assert_eq!(lapse(&store, 100).await.len(), 1);
}

async fn an_expired_lease_returns_the_task_or_fails_it(engine: Engine) {
    let store = Store::new(engine).await;
    let again = store.pending(2).await;
    let once = store.pending(1).await;
    store.claim(again, "a").await;
    store.claim(once, "b").await;
    assert_eq!(lapse(&store, 61).await.len(), 2);
    let (again, once) = (store.task(again).await, store.task(once).await);
    assert_eq!(
        (again.task.status, again.task.attempt),
        (TaskStatus::Pending, 2)
    );
    assert_eq!(again.not_before, Some(NOW.plus_seconds(63)));
    assert_eq!(once.task.status, TaskStatus::Failed);
    let reason = "worker stopped renewing its lease during attempt 1 of 1";
    assert_eq!(once.task.error.as_deref(), Some(reason));
    assert!(again.lease.is_none() && once.lease.is_none());
    assert!(lapse(&store, 1000).await.is_empty());
}

async fn a_cancellation_that_nobody_confirms_is_final(engine: Engine) {
    let store = Store::new(engine).await;
    let number = store.pending(3).await;
    store
        .claim_until(number, "lease", NOW.plus_seconds(600))
        .await;
    let task = TaskRef::Number(number);
    store
        .write(CancelTask {
            task,
            author: Author::server("me"),
            now: NOW,
        })
        .await
        .unwrap();
    assert!(lapse(&store, 29).await.is_empty());
    assert_eq!(lapse(&store, 30).await.len(), 1);
    assert_eq!(store.task(number).await.task.status, TaskStatus::Cancelled);
}

async fn an_attempt_elsewhere_ends_with_its_timeout(engine: Engine) {
    let store = Store::new(engine).await;
    let new = NewTask {
        timeout_seconds: Some(5),
        ..described("x")
    };
    let number = store.create(new).await.task.number;
    let external = NewTask {
        status: Some(TaskStatus::Running),
        agent: Some("laptop".to_owned()),
        timeout_seconds: Some(5),
        ..described("y")
    };
    let external = store.create(external).await.task.number;
    store
        .claim_until(number, "lease", NOW.plus_seconds(600))
        .await;
    assert!(lapse(&store, 4).await.is_empty());
    assert_eq!(lapse(&store, 5).await.len(), 2);
    for number in [number, external] {
        let task = store.task(number).await.task;
        assert_eq!(task.status, TaskStatus::Failed);
        assert_eq!(
            task.error.as_deref(),
            Some("timed out after 5 s in attempt 1 of 1")
        );
    }
}

async fn a_restart_ends_what_this_server_ran_and_nothing_else(engine: Engine) {
    let store = Store::new(engine).await;
    for node in [Some("here"), Some("there"), None] {
        let number = store.pending(1).await;
        let id = format!("lease-{number}");
        let lease = Lease {
            id,
            expires_at: NOW.plus_seconds(60),
            node: node.map(str::to_owned),
        };
        let agent = "shell".to_owned();
        let claim = ClaimTask {
            number,
            agent,
            lease,
            timeout_seconds: 60,
            now: NOW,
        };
        store.write(claim).await.unwrap();
    }
    let lapse = Lapse::Restart {
        node: "here".to_owned(),
    };
    let ended = store.write(EndLapsed { lapse, now: NOW }).await.unwrap();
    assert_eq!(
        ended.iter().map(|one| one.task.number).collect::<Vec<_>>(),
        [1]
    );
    let reason = "the server stopped while shell was running attempt 1 of 1";
    assert_eq!(store.task(1).await.task.error.as_deref(), Some(reason));
    for number in [2, 3] {
        assert_eq!(store.task(number).await.task.status, TaskStatus::Running);
    }
}
