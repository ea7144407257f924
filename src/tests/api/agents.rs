//! `/api/agents`: looking, registering, starting and stopping.

use axum::http::Method;
use serde_json::{Value, json};

use crate::domain::{Agent, AgentStatus};
use crate::server::config::{InputMode, ProcessConfig};
use crate::tests::support::{Engine, TestApp, configured, fake, on_each_engine, process, remote};

on_each_engine!(
    agents_are_listed_by_name_with_what_they_do,
    a_remote_agent_registers_itself_and_again,
    an_agent_that_cannot_start_says_why,
    a_stopped_agent_gets_nothing_until_it_is_started,
    a_persons_stop_outlives_a_new_registration,
    an_agent_says_where_it_comes_from_and_what_it_can_do,
);

async fn agents_are_listed_by_name_with_what_they_do(engine: Engine) {
    let agents = vec![
        remote("zoe", 3),
        fake("adam", 2),
        process("shell", &["bash", "-c", "x"]),
    ];
    let app = TestApp::on(engine, agents).await;
    let client = app.client();
    let agents: Vec<Agent> = client.get("/api/agents").await.expect(200).to();
    let names: Vec<_> = agents.iter().map(|agent| agent.name.as_str()).collect();
    assert_eq!(names, ["adam", "shell", "zoe"]);
    let statuses: Vec<_> = agents.iter().map(|agent| agent.status).collect();
    // Nobody has heard of the remote one yet.
    assert_eq!(
        statuses,
        [AgentStatus::Idle, AgentStatus::Idle, AgentStatus::Offline]
    );
    let zoe: Value = client.get("/api/agents/zoe").await.expect(200).json();
    assert_eq!(
        (&zoe["kind"], &zoe["concurrency"], &zoe["running"]),
        (&json!("remote"), &json!(3), &json!([]))
    );
    assert_eq!(zoe["metrics"]["completed"], 0);
    client.get("/api/agents/eve").await.problem(404);

    client
        .create(json!({"description": "x", "agent": "zoe"}))
        .await;
    let (task, lease) = client.claim("zoe").await;
    let zoe: Agent = client.get("/api/agents/zoe").await.expect(200).to();
    assert_eq!(
        (zoe.status, zoe.running),
        (AgentStatus::Busy, vec![task.id])
    );
    client
        .report("1", &lease, &json!({"status": "completed"}))
        .await
        .expect(200);
    let zoe: Agent = client.get("/api/agents/zoe").await.expect(200).to();
    assert_eq!((zoe.status, zoe.metrics.completed), (AgentStatus::Idle, 1));
    assert!(zoe.metrics.median_seconds.is_some() && zoe.last_seen.is_some());
}

async fn a_remote_agent_registers_itself_and_again(engine: Engine) {
    let app = TestApp::on(engine, vec![fake("player", 1)]).await;
    let client = app.client();
    let new =
        json!({"name": "w-1_B", "title": "Wörker", "capabilities": ["rust"], "concurrency": 4});
    let answer = client.post("/api/agents", &new).await.expect(201);
    assert_eq!(answer.header("location"), "/api/agents/w-1_B");
    let agent: Value = answer.json();
    assert_eq!(
        (&agent["status"], &agent["source"]),
        (&json!("idle"), &json!("registered"))
    );
    for field in ["name", "title", "capabilities", "concurrency"] {
        assert_eq!(agent[field], new[field]);
    }
    let agent: Agent = client
        .post("/api/agents", &json!({"name": "w-1_B"}))
        .await
        .expect(200)
        .to();
    assert_eq!((agent.title.as_str(), agent.concurrency), ("w-1_B", 1));
    client
        .post("/api/agents", &json!({"name": "player"}))
        .await
        .problem(409);
    let long = "x".repeat(201);
    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"name": "a b"}), "name"),
        (json!({"name": "ä"}), "name"),
        (json!({"name": "x".repeat(65)}), "name"),
        (json!({"name": "x", "concurrency": 0}), "concurrency"),
        (json!({"name": "x", "concurrency": 257}), "concurrency"),
        (json!({"name": "x", "title": long}), "title"),
        (json!({"name": "x", "title": ""}), "title"),
        (json!({"name": "x", "title": "a\nb"}), "title"),
        (json!({"name": "x", "capabilities": [long]}), "capabilities"),
        (
            json!({"name": "x", "capabilities": ["\u{200b}"]}),
            "capabilities",
        ),
        (json!({"name": "x", "capabilities": [" a"]}), "capabilities"),
        (
            json!({"name": "x", "capabilities": vec!["c"; 101]}),
            "capabilities",
        ),
        (json!({"name": "x", "kind": "process"}), "kind"),
    ] {
        client.post("/api/agents", &body).await.invalid(field);
    }
}

async fn an_agent_that_cannot_start_says_why(engine: Engine) {
    let app = TestApp::on(engine, vec![process("broken", &["/no/such/program"])]).await;
    let client = app.client();
    let agent: Agent = client.get("/api/agents/broken").await.expect(200).to();
    assert_eq!(agent.status, AgentStatus::Error);
    let reason = agent.error.unwrap();
    assert!(reason.contains("/no/such/program"), "{reason}");
    let task = client
        .create(json!({"description": "x", "agent": "broken"}))
        .await;
    let waiting = &client.task(task.number).await.waiting;
    assert!(
        waiting[0].detail.contains("error") && !waiting[0].clears_itself,
        "{waiting:?}"
    );
    let agent: Agent = client
        .post("/api/agents/broken/start", &json!({}))
        .await
        .expect(200)
        .to();
    assert_eq!(agent.status, AgentStatus::Error);
    let stopped = client
        .send(Method::POST, "/api/agents/broken/stop", &[], "")
        .await
        .expect(200);
    assert_eq!(stopped.to::<Agent>().status, AgentStatus::Offline);
}

async fn a_stopped_agent_gets_nothing_until_it_is_started(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    for path in ["/api/agents/eve/start", "/api/agents/eve/stop"] {
        client.post(path, &json!({})).await.problem(404);
    }
    client
        .post("/api/agents/worker/stop", &json!({"mode": "now"}))
        .await
        .invalid("mode");
    client
        .post("/api/agents/worker/stop", &json!({"mode": "drain", "x": 1}))
        .await
        .invalid("x");
    client.create(json!({"description": "x"})).await;
    for mode in ["drain", "kill"] {
        client
            .post("/api/agents/worker/stop", &json!({"mode": mode}))
            .await
            .expect(200);
        client
            .post("/api/agents/worker/claim", &json!({}))
            .await
            .expect(204);
        let task = client.task(1).await;
        assert_eq!(task.waiting[0].detail, "worker is offline; start it");
    }
    let agent: Agent = client
        .post("/api/agents/worker/start", &json!({}))
        .await
        .expect(200)
        .to();
    assert!(agent.started_at.is_some() || agent.status == AgentStatus::Offline);
    client.claim("worker").await;
    // Draining, it finishes what it holds.
    let agent: Agent = client
        .post("/api/agents/worker/stop", &json!({}))
        .await
        .expect(200)
        .to();
    assert_eq!(agent.status, AgentStatus::Draining);
}

async fn a_persons_stop_outlives_a_new_registration(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    client.register("worker", 1).await;
    client
        .post("/api/agents/worker/stop", &json!({}))
        .await
        .expect(200);
    let again = json!({"name": "worker", "concurrency": 3});
    let agent: Agent = client.post("/api/agents", &again).await.expect(200).to();
    assert_eq!((agent.status, agent.concurrency), (AgentStatus::Offline, 3));
    client.create(json!({"description": "x"})).await;
    client
        .post("/api/agents/worker/claim", &json!({}))
        .await
        .expect(204);
    client
        .post("/api/agents/worker/start", &json!({}))
        .await
        .expect(200);
    client.claim("worker").await;
}

async fn an_agent_says_where_it_comes_from_and_what_it_can_do(engine: Engine) {
    let lines = ProcessConfig {
        command: vec!["cat".to_owned()],
        input: InputMode::Lines,
        ..ProcessConfig::default()
    };
    let agents = vec![
        configured("asks", lines),
        process("mute", &["cat"]),
        remote("worker", 1),
    ];
    let app = TestApp::on(engine, agents).await;
    let client = app.client();
    let agents: Vec<Value> = client.get("/api/agents").await.expect(200).to();
    let of = |field: &str| {
        let values = agents
            .iter()
            .map(|agent| agent.pointer(field).unwrap().clone());
        values.collect::<Vec<Value>>()
    };
    assert_eq!(of("/source"), ["file", "file", "file"]);
    assert_eq!(
        of("/profile"),
        [json!("lines"), json!("lines"), Value::Null]
    );
    assert_eq!(of("/abilities/questions"), ["yes", "no", "yes"]);
    assert_eq!(of("/abilities/cancel"), ["yes", "yes", "yes"]);
    assert_eq!(of("/quota"), [json!([]), json!([]), json!([])]);
}
