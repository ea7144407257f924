//! What is left after a server ended without a word, and how the next one goes on.

use serde_json::json;

use crate::domain::{Agent, AgentStatus, TaskStatus};
use crate::tests::support::{
    Engine, TestApp, eventually_equal, fake, on_each_engine, remote, shell,
};

on_each_engine!(
    the_order_of_the_queue_outlives_a_restart,
    what_the_server_ran_itself_ends_with_the_reason,
    a_remote_lease_lives_on_and_its_holder_reports,
    what_people_asked_of_agents_outlives_a_restart,
    what_ended_with_the_server_is_counted_once,
    two_servers_do_not_share_a_place,
);

async fn the_order_of_the_queue_outlives_a_restart(engine: Engine) {
    let mut app = TestApp::on(engine, vec![remote("worker", 9)]).await;
    for (n, priority) in ["low", "normal", "urgent", "high", "normal"]
        .iter()
        .enumerate()
    {
        let task = json!({"description": n.to_string(), "priority": priority, "agent": "worker"});
        app.client().create(task).await;
    }
    let later = json!({"description": "later", "start_after": "2099-01-01T00:00:00Z"});
    app.client().create(later).await;
    app.client()
        .post("/api/tasks/5/start", &json!({}))
        .await
        .expect(200);
    let mut before = Vec::new();
    for number in 1..=6 {
        before.push(app.client().task(number).await);
    }
    app.kill().await;
    app.start_again().await;
    for task in before {
        assert_eq!(app.client().task(task.number).await, task);
    }
    let mut order = Vec::new();
    for _ in 0..5 {
        order.push(app.client().claim("worker").await.0.number);
    }
    assert_eq!(order, [5, 3, 4, 2, 1]);
}

async fn what_the_server_ran_itself_ends_with_the_reason(engine: Engine) {
    let mut app = TestApp::on(engine, vec![shell("shell", 3), fake("player", 1)]).await;
    for (attempts, agent, description) in [
        (1, "shell", "sleep 1000"),
        (3, "shell", "sleep 1000"),
        (1, "player", "fake:\nask x?"),
    ] {
        let task = json!({"description": description, "agent": agent, "max_attempts": attempts});
        app.client().create(task).await;
    }
    app.client()
        .create(json!({"description": "sleep 1000", "agent": "shell"}))
        .await;
    for (number, status) in [
        (1, TaskStatus::Running),
        (2, TaskStatus::Running),
        (3, TaskStatus::NeedsInput),
        (4, TaskStatus::Running),
    ] {
        app.client().until(number, status).await;
    }
    app.kill().await;
    app.start_again().await;
    let client = app.client();
    let (failed, again, asked) = (
        client.task(1).await,
        client.task(2).await,
        client.task(3).await,
    );
    let reason = |agent, attempts| {
        Some(format!(
            "the server stopped while {agent} was running attempt 1 of {attempts}"
        ))
    };
    assert_eq!(
        (failed.status, failed.error.clone()),
        (TaskStatus::Failed, reason("shell", 1))
    );
    assert_eq!(
        (again.attempt, again.error.clone()),
        (2, reason("shell", 3))
    );
    assert_eq!(
        (asked.status, asked.error.clone()),
        (TaskStatus::Failed, reason("player", 1))
    );
    // The second attempt really runs.
    client.until(2, TaskStatus::Running).await;
    let agent: Agent = client.get("/api/agents/shell").await.expect(200).to();
    assert_eq!(agent.running, [again.id]);
    assert_eq!(agent.metrics.failed, 2);
}

async fn a_remote_lease_lives_on_and_its_holder_reports(engine: Engine) {
    let mut app = TestApp::on(engine, vec![]).await;
    app.client().register("worker", 2).await;
    app.client().create(json!({"description": "x"})).await;
    app.client().create(json!({"description": "y"})).await;
    let (task, lease) = app.client().claim("worker").await;
    app.kill().await;
    app.start_again().await;
    let client = app.client();
    assert_eq!(client.task(1).await.status, TaskStatus::Running);
    let leases = json!({"leases": [lease]});
    let beat = client
        .post("/api/agents/worker/heartbeat", &leases)
        .await
        .expect(200);
    assert_eq!(beat.json()["cancel"], json!([]));
    let agent: Agent = client.get("/api/agents/worker").await.expect(200).to();
    assert_eq!(
        (agent.status, agent.running),
        (AgentStatus::Busy, vec![task.id])
    );
    client
        .report("1", &lease, &json!({"progress": 0.5}))
        .await
        .expect(200);
    client
        .report("1", &lease, &json!({"status": "completed"}))
        .await
        .expect(200);
    assert_eq!(client.claim("worker").await.0.number, 2);
}

async fn what_people_asked_of_agents_outlives_a_restart(engine: Engine) {
    let agents = vec![
        fake("off", 1),
        fake("draining", 1),
        fake("on", 1),
        remote("away", 1),
    ];
    let mut app = TestApp::on(engine, agents).await;
    let stop = async |name: &str, mode: &str| {
        let path = format!("/api/agents/{name}/stop");
        app.client()
            .post(&path, &json!({"mode": mode}))
            .await
            .expect(200);
    };
    stop("off", "kill").await;
    stop("draining", "drain").await;
    stop("away", "kill").await;
    app.kill().await;
    app.start_again().await;
    let agents: Vec<Agent> = app.client().get("/api/agents").await.expect(200).to();
    let statuses: Vec<_> = agents
        .iter()
        .map(|agent| (agent.name.as_str(), agent.status))
        .collect();
    let (offline, idle) = (AgentStatus::Offline, AgentStatus::Idle);
    assert_eq!(
        statuses,
        [
            ("away", offline),
            ("draining", offline),
            ("off", offline),
            ("on", idle)
        ]
    );
    app.client()
        .post("/api/agents/off/start", &json!({}))
        .await
        .expect(200);
    let task = app
        .client()
        .create(json!({"description": "fake:", "agent": "off"}))
        .await;
    app.client().until(task.number, TaskStatus::Completed).await;
}

async fn two_servers_do_not_share_a_place(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let refusal = app.second_server().await.expect_err("the place is taken");
    assert!(refusal.contains("another server (process "), "{refusal}");
    // The first one goes on.
    app.client().create(json!({"description": "x"})).await;
}

async fn what_ended_with_the_server_is_counted_once(engine: Engine) {
    let mut app = TestApp::on(engine, vec![shell("shell", 5)]).await;
    for description in ["true", "false", "sleep 1000", "sleep 1000", "sleep 1000"] {
        let attempts = if description == "true" { 1 } else { 2 };
        let task = json!({"description": description, "max_attempts": attempts, "agent": "shell"});
        app.client().create(task).await;
    }
    app.client().until(1, TaskStatus::Completed).await;
    for number in 3..=5 {
        app.client().until(number, TaskStatus::Running).await;
    }
    app.kill().await;
    app.start_again().await;
    let client = app.client();
    let statuses = [
        "pending",
        "running",
        "needs_input",
        "completed",
        "failed",
        "cancelled",
    ];
    eventually_equal("what is counted is what is there", async || {
        let metrics = client.get("/metrics").await.expect(200);
        let metrics = String::from_utf8(metrics.body.to_vec()).unwrap();
        let mut counted = Vec::new();
        let mut there = Vec::new();
        for status in statuses {
            let line = format!("tasks{{status=\"{status}\"}} ");
            let mut found = metrics.lines().filter_map(|it| it.strip_prefix(&line));
            counted.push(found.next().map(str::to_owned));
            let list = client.get(&format!("/api/tasks?status={status}")).await;
            let list = list.expect(200).json();
            there.push(Some(list.as_array().unwrap().len().to_string()));
        }
        (counted, there)
    })
    .await;
}
