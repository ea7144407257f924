//! Leases are renewed while their holder lives, and end when it does not. Their time is what the
//! lease clock says, which a test tells as it likes.

use super::{NOW, Store, described};
use crate::domain::{Author, NewTask, Outcome, Reply, TaskChange, TaskRef, TaskStatus};
use crate::server::storage::tasks::{
    CancelTask, ChangeTask, ClaimTask, EndAttempt, EndInterrupted, GiveInput, KeepLeases, Lease,
    LeaseState, RenewLeases, ResumeLeases, StoredTask,
};
use crate::tests::support::{Engine, on_each_engine};

on_each_engine!(
    a_renewed_lease_lives_on_and_others_end,
    an_expired_lease_returns_the_task_or_fails_it,
    a_cancellation_that_nobody_confirms_is_final,
    an_attempt_elsewhere_ends_with_its_timeout,
    the_time_in_which_a_person_is_asked_is_no_part_of_the_timeout,
    a_holder_that_could_not_renew_has_half_a_minute,
    a_restart_ends_what_this_server_ran_and_nothing_else,
    a_restart_goes_on_with_what_was_left,
    an_attempt_never_ends_before_it_began,
);

/// Keeps the leases so many seconds after [`NOW`] by the lease clock.
pub(super) async fn keep(store: &Store, seconds: i64) -> Vec<StoredTask> {
    kept(store, seconds, false).await
}

async fn kept(store: &Store, seconds: i64, forgive: bool) -> Vec<StoredTask> {
    let keep = KeepLeases {
        running: NOW.plus_seconds(seconds),
        forgive,
        // The wall clock was set back, which changes nothing.
        now: NOW.plus_seconds(-7200),
    };
    store.write(keep).await.unwrap()
}

pub(super) fn renew(lease: &str, agent: &str, seconds: i64) -> RenewLeases {
    RenewLeases {
        leases: vec![lease.to_owned()],
        agent: agent.to_owned(),
        expires_at: NOW.plus_seconds(seconds),
    }
}

pub(super) async fn state(store: &Store, renew: RenewLeases) -> LeaseState {
    store.write(renew).await.unwrap()[0].state
}

async fn a_renewed_lease_lives_on_and_others_end(engine: Engine) {
    let store = Store::new(engine).await;
    for lease in ["kept", "left"] {
        let number = store.pending(1).await;
        store.claim(number, lease).await;
    }
    let held = state(&store, renew("kept", "worker", 100)).await;
    assert_eq!(held, LeaseState::Held);
    let unknown = state(&store, renew("unknown", "worker", 100)).await;
    assert_eq!(unknown, LeaseState::Lost);
    // The other was heard of once.
    state(&store, renew("left", "worker", 60)).await;
    assert!(keep(&store, 59).await.is_empty());
    let ended = keep(&store, 60).await;
    assert_eq!(
        ended.iter().map(|one| one.task.number).collect::<Vec<_>>(),
        [2]
    );
    // What is over cannot be renewed, nor can the lease of another agent.
    for (lease, agent) in [("left", "worker"), ("kept", "other")] {
        let lost = state(&store, renew(lease, agent, 999)).await;
        assert_eq!(lost, LeaseState::Lost, "{lease} of {agent}");
    }
    assert_eq!(keep(&store, 100).await.len(), 1);
}

async fn an_expired_lease_returns_the_task_or_fails_it(engine: Engine) {
    let store = Store::new(engine).await;
    let again = store.pending(2).await;
    let once = store.pending(1).await;
    for (number, lease) in [(again, "a"), (once, "b")] {
        store.claim(number, lease).await;
        state(&store, renew(lease, "worker", 60)).await;
    }
    assert_eq!(keep(&store, 61).await.len(), 2);
    let (again, once) = (store.task(again).await, store.task(once).await);
    assert_eq!(
        (again.task.status, again.task.attempt),
        (TaskStatus::Pending, 2)
    );
    assert_eq!(again.not_before, Some(NOW.plus_seconds(2 - 7200)));
    assert_eq!(once.task.status, TaskStatus::Failed);
    let reason = "worker stopped renewing its lease during attempt 1 of 1";
    assert_eq!(once.task.error.as_deref(), Some(reason));
    assert!(again.lease.is_none() && once.lease.is_none());
    assert!(keep(&store, 1000).await.is_empty());
}

pub(super) fn cancel(number: i64) -> CancelTask {
    CancelTask {
        expected: None,
        task: TaskRef::Number(number),
        author: Author::server("me"),
        now: NOW,
    }
}

async fn a_cancellation_that_nobody_confirms_is_final(engine: Engine) {
    let store = Store::new(engine).await;
    let number = store.pending(3).await;
    store
        .claim_until(number, "lease", NOW.plus_seconds(600))
        .await;
    store.write(cancel(number)).await.unwrap();
    assert!(keep(&store, 5).await.is_empty());
    assert!(keep(&store, 34).await.is_empty());
    assert_eq!(keep(&store, 35).await.len(), 1);
    assert_eq!(store.task(number).await.task.status, TaskStatus::Cancelled);
}

/// A task for an agent elsewhere, and one that an agent outside runs already.
async fn for_others(store: &Store, timeout: u32) -> [i64; 2] {
    let new = NewTask {
        timeout_seconds: Some(timeout),
        ..described("x")
    };
    let external = NewTask {
        status: Some(TaskStatus::Running),
        agent: Some("laptop".to_owned()),
        ..new.clone()
    };
    let number = store.create(new).await.task.number;
    let external = store.create(external).await.task.number;
    store
        .claim_until(number, "lease", NOW.plus_seconds(6000))
        .await;
    [number, external]
}

async fn an_attempt_elsewhere_ends_with_its_timeout(engine: Engine) {
    let store = Store::new(engine).await;
    let tasks = for_others(&store, 5).await;
    assert!(keep(&store, 100).await.is_empty(), "the time begins here");
    assert!(keep(&store, 104).await.is_empty());
    assert_eq!(keep(&store, 105).await.len(), 2);
    for number in tasks {
        let task = store.task(number).await.task;
        assert_eq!(task.status, TaskStatus::Failed);
        assert_eq!(
            task.error.as_deref(),
            Some("timed out after 5 s in attempt 1 of 1")
        );
    }
    // The next attempt has all of its time again.
    let new = NewTask {
        timeout_seconds: Some(5),
        max_attempts: Some(2),
        ..described("x")
    };
    let number = store.create(new).await.task.number;
    for (lease, began) in [("one", 200), ("two", 300)] {
        store
            .claim_until(number, lease, NOW.plus_seconds(6000))
            .await;
        assert!(keep(&store, began).await.is_empty());
        assert!(keep(&store, began + 4).await.is_empty());
        assert_eq!(keep(&store, began + 5).await.len(), 1);
    }
}

async fn the_time_in_which_a_person_is_asked_is_no_part_of_the_timeout(engine: Engine) {
    let store = Store::new(engine).await;
    let [number, external] = for_others(&store, 10).await;
    assert!(keep(&store, 0).await.is_empty());
    for (number, lease) in [(number, Some("lease")), (external, None)] {
        let ask = ChangeTask {
            task: TaskRef::Number(number),
            change: TaskChange {
                status: Some(TaskStatus::NeedsInput),
                ..TaskChange::default()
            },
            lease: lease.map(str::to_owned),
            expected: None,
            author: Author::server("worker"),
            now: NOW,
        };
        store.write(ask).await.unwrap();
    }
    assert!(keep(&store, 6).await.is_empty());
    assert!(keep(&store, 3600).await.is_empty(), "a person is slow");
    for number in [number, external] {
        let answer = GiveInput {
            task: TaskRef::Number(number),
            reply: Reply::text("yes"),
            author: Author::server("me"),
            now: NOW,
        };
        store.write(answer).await.unwrap();
    }
    assert!(keep(&store, 3606).await.is_empty());
    assert!(keep(&store, 3609).await.is_empty(), "6 s were used");
    assert_eq!(keep(&store, 3610).await.len(), 2);
}

async fn a_holder_that_could_not_renew_has_half_a_minute(engine: Engine) {
    let store = Store::new(engine).await;
    let number = store.pending(1).await;
    store.claim(number, "lease").await;
    state(&store, renew("lease", "worker", 60)).await;
    // The process was suspended, with one second left.
    assert!(kept(&store, 59, true).await.is_empty());
    assert!(keep(&store, 88).await.is_empty());
    assert_eq!(keep(&store, 89).await.len(), 1);
}

async fn a_restart_ends_what_this_server_ran_and_nothing_else(engine: Engine) {
    let store = Store::new(engine).await;
    for node in [Some("here"), Some("there"), None] {
        let number = store.pending(1).await;
        let node = node.map(str::to_owned);
        let lease = Lease::new(format!("lease-{number}"), NOW.plus_seconds(60), node);
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
    let node = "here".to_owned();
    let ended = store.write(EndInterrupted { node, now: NOW }).await;
    let ended: Vec<_> = ended.unwrap().iter().map(|one| one.task.number).collect();
    assert_eq!(ended, [1]);
    let reason = "the server stopped while shell was running attempt 1 of 1";
    assert_eq!(store.task(1).await.task.error.as_deref(), Some(reason));
    for number in [2, 3] {
        assert_eq!(store.task(number).await.task.status, TaskStatus::Running);
    }
}

async fn a_restart_goes_on_with_what_was_left(engine: Engine) {
    let store = Store::new(engine).await;
    let resume = async |now| store.write(ResumeLeases { now }).await.unwrap();
    let [number, _] = for_others(&store, 100).await;
    let nearly = store.pending(1).await;
    store.claim(nearly, "nearly").await;
    state(&store, renew("nearly", "worker", 60)).await;
    // A database that knows no lease clock: it begins at the wall clock.
    assert_eq!(resume(NOW).await, NOW);
    assert!(keep(&store, 0).await.is_empty());
    state(&store, renew("lease", "worker", 6000)).await;
    assert!(keep(&store, 50).await.is_empty());
    // Days later, with the wall clock anywhere.
    let running = resume(NOW.plus_seconds(-999_999)).await;
    assert_eq!(running, NOW.plus_seconds(50));
    let lease = store.task(nearly).await.lease.unwrap();
    assert_eq!(lease.expires_at, NOW.plus_seconds(80), "10 s became 30 s");
    let lease = store.task(number).await.lease.unwrap();
    assert_eq!(lease.expires_at, NOW.plus_seconds(110), "no more than 60 s");
    assert!(keep(&store, 79).await.is_empty());
    let ended = |ended: Vec<StoredTask>| ended.iter().map(|it| it.task.number).collect::<Vec<_>>();
    assert_eq!(ended(keep(&store, 80).await), [nearly]);
    state(&store, renew("lease", "worker", 6000)).await;
    assert!(keep(&store, 99).await.is_empty());
    assert_eq!(keep(&store, 100).await.len(), 2, "50 s were used before");
}

async fn an_attempt_never_ends_before_it_began(engine: Engine) {
    let store = Store::new(engine).await;
    let number = store.pending(1).await;
    store.claim(number, "lease").await;
    let end = EndAttempt {
        number,
        lease: "lease".to_owned(),
        outcome: Outcome::Completed,
        now: NOW.plus_seconds(-7200),
    };
    let task = store.write(end).await.unwrap().task;
    assert_eq!((task.started_at, task.completed_at), (Some(NOW), Some(NOW)));
    // Nor does it begin before the task was there.
    let number = store.pending(1).await;
    let claim = ClaimTask {
        number,
        agent: "worker".to_owned(),
        lease: Lease::new("early".to_owned(), NOW, None),
        timeout_seconds: 1,
        now: NOW.plus_seconds(-7200),
    };
    let task = store.write(claim).await.unwrap().unwrap().stored.task;
    assert_eq!(task.started_at, Some(task.created_at));
}
