//! Nothing that runs here ends because a clock was set or a machine slept, and nothing lives for
//! ever for it either. The clocks are the test's: see `Clock::manual`.

use serde_json::{Value, json};

use crate::domain::{Agent, AgentStatus, Task, TaskStatus, Timestamp};
use crate::server::clock::Clock;
use crate::tests::support::{Client, Engine, TestApp, on_each_engine, remote, shell};

on_each_engine!(
    a_set_clock_and_a_suspended_server_end_nothing,
    what_lasts_too_long_ends_whatever_the_clock_says,
    a_worker_is_silent_by_the_time_that_the_server_ran,
    a_pause_between_attempts_does_not_last_longer_for_a_clock_that_was_set_back,
    a_restart_keeps_what_was_left_of_a_lease,
);

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

async fn heartbeat(client: &Client, lease: &str) -> Value {
    let leases = json!({"leases": [lease]});
    let beat = client.post("/api/agents/worker/heartbeat", &leases).await;
    beat.expect(200).json()["cancel"].clone()
}

async fn status(client: &Client) -> AgentStatus {
    let agent = client.get("/api/agents/worker").await.expect(200);
    agent.to::<Agent>().status
}

async fn a_set_clock_and_a_suspended_server_end_nothing(engine: Engine) {
    let clock = Clock::manual(NOW);
    let agents = vec![shell("shell", 1), remote("worker", 1)];
    let app = TestApp::at(clock, engine, agents).await;
    let client = app.client();
    client
        .create(json!({"description": "sleep 1000", "agent": "shell"}))
        .await;
    client
        .create(json!({"description": "x", "agent": "worker"}))
        .await;
    client
        .create(json!({"description": "y", "agent": "laptop", "status": "running"}))
        .await;
    let (_, lease) = client.claim("worker").await;
    client.until(1, TaskStatus::Running).await;
    assert_eq!(heartbeat(client, &lease).await, json!([]));
    clock.run_on(45);
    clock.noticed().await;
    // Fifteen seconds of the lease are left; none of this takes them away.
    for jump in [7200, -7200, -7200] {
        clock.set_wall(jump);
        clock.noticed().await;
    }
    for hours in [1, 20] {
        clock.stand_still(hours * 3600);
        clock.noticed().await;
    }
    for number in 1..=3 {
        let task = client.task(number).await;
        assert_eq!(task.status, TaskStatus::Running, "{:?}", task.error);
    }
    // Its holder is owed half a minute after each.
    clock.run_on(25);
    clock.noticed().await;
    assert_eq!(heartbeat(client, &lease).await, json!([]));
    // It ends before it began, by the clock on the wall.
    clock.set_wall(-100 * 3600);
    let report = json!({"status": "completed", "result": 1});
    let task: Task = client.report("2", &lease, &report).await.expect(200).to();
    assert!(task.completed_at >= task.started_at && task.started_at >= Some(task.created_at));
    client.delete("/api/tasks/1").await.expect(202);
    let task = client.until_finished(1).await;
    assert_eq!(task.status, TaskStatus::Cancelled);
    assert!(task.completed_at >= task.started_at);
}

async fn what_lasts_too_long_ends_whatever_the_clock_says(engine: Engine) {
    let clock = Clock::manual(NOW);
    let agents = vec![shell("shell", 1), remote("worker", 2)];
    let app = TestApp::at(clock, engine, agents).await;
    let client = app.client();
    client
        .create(json!({"description": "sleep 1000", "agent": "shell", "timeout_seconds": 100}))
        .await;
    client
        .create(json!({"description": "x", "agent": "worker"}))
        .await;
    client
        .create(json!({"description": "y", "agent": "worker", "timeout_seconds": 30}))
        .await;
    let (_, lapsing) = client.claim("worker").await;
    let (_, slow) = client.claim("worker").await;
    client.until(1, TaskStatus::Running).await;
    heartbeat(client, &lapsing).await;
    // Set back, it would take hours by the clock on the wall.
    clock.set_wall(-7200);
    clock.noticed().await;
    for _ in 0..2 {
        heartbeat(client, &slow).await;
        clock.run_on(16);
        clock.noticed().await;
    }
    let late = client.until_finished(3).await;
    assert_eq!(
        late.error.as_deref(),
        Some("timed out after 30 s in attempt 1 of 1")
    );
    clock.run_on(30);
    clock.noticed().await;
    let silent = client.until_finished(2).await;
    let reason = "worker stopped renewing its lease during attempt 1 of 1";
    assert_eq!(silent.error.as_deref(), Some(reason));
    assert_eq!(client.task(1).await.status, TaskStatus::Running);
    clock.run_on(40);
    clock.noticed().await;
    let slow = client.until_finished(1).await;
    assert_eq!(
        slow.error.as_deref(),
        Some("timed out after 100 s in attempt 1 of 1")
    );
}

async fn a_worker_is_silent_by_the_time_that_the_server_ran(engine: Engine) {
    let clock = Clock::manual(NOW);
    let app = TestApp::at(clock, engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    heartbeat(client, "none").await;
    for jump in [7200, -14400] {
        clock.set_wall(jump);
        clock.noticed().await;
        assert_eq!(status(client).await, AgentStatus::Idle, "{jump}");
    }
    clock.stand_still(7200);
    clock.noticed().await;
    clock.run_on(80);
    clock.noticed().await;
    assert_eq!(status(client).await, AgentStatus::Idle);
    clock.run_on(10);
    clock.noticed().await;
    assert_eq!(status(client).await, AgentStatus::Offline);
}

async fn a_pause_between_attempts_does_not_last_longer_for_a_clock_that_was_set_back(
    engine: Engine,
) {
    let clock = Clock::manual(NOW);
    let app = TestApp::at(clock, engine, vec![shell("shell", 1)]).await;
    let client = app.client();
    client
        .create(json!({"description": "false", "max_attempts": 2}))
        .await;
    let later = Timestamp(NOW.0).plus_seconds(60).to_string();
    client
        .create(json!({"description": "true", "start_after": later}))
        .await;
    let second = async || Some(client.task(1).await).filter(|task| task.attempt == 2);
    crate::tests::support::eventually("the first attempt fails", second).await;
    clock.set_wall(-7200);
    clock.noticed().await;
    clock.set_wall(301);
    clock.noticed().await;
    let task = client.until_finished(1).await;
    assert_eq!(task.status, TaskStatus::Failed);
    // A moment that a person chose is one on the wall.
    assert_eq!(client.task(2).await.status, TaskStatus::Pending);
    clock.set_wall(7200);
    client.until(2, TaskStatus::Completed).await;
}

async fn a_restart_keeps_what_was_left_of_a_lease(engine: Engine) {
    let clock = Clock::manual(NOW);
    let mut app = TestApp::at(clock, engine, vec![remote("worker", 1)]).await;
    app.client().create(json!({"description": "x"})).await;
    let (_, lease) = app.client().claim("worker").await;
    heartbeat(app.client(), &lease).await;
    clock.run_on(40);
    clock.noticed().await;
    app.kill().await;
    clock.stand_still(99_999);
    app.start_again().await;
    clock.run_on(25);
    clock.noticed().await;
    assert_eq!(app.client().task(1).await.status, TaskStatus::Running);
    assert_eq!(heartbeat(app.client(), &lease).await, json!([]));
    clock.run_on(60);
    clock.noticed().await;
    let task = app.client().until_finished(1).await;
    assert_eq!(task.status, TaskStatus::Failed);
}
