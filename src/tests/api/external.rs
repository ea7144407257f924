//! External tasks: their agent runs them already and only reports.

use serde_json::json;

use crate::domain::{Ability, Agent, AgentKind, AgentSource, AgentStatus, TaskStatus};
use crate::tests::support::{Engine, TestApp, WholeTask, fake, on_each_engine};

on_each_engine!(
    an_external_task_is_reported_on_without_a_lease,
    an_external_task_is_never_handed_out,
    a_pending_task_becomes_external_when_somebody_starts_it,
    whoever_reports_a_task_is_an_agent,
);

async fn an_external_task_is_reported_on_without_a_lease(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let body = json!({"description": "elsewhere", "status": "running", "agent": "laptop"});
    let task = client.create(body).await;
    assert!(task.external && task.started_at.is_some());
    assert_eq!(
        (task.status, task.agent.as_deref()),
        (TaskStatus::Running, Some("laptop"))
    );
    assert!(task.queue_position.is_none() && task.waiting.is_empty());

    let report = json!({"progress": 0.5, "usage": {"input_tokens": 3}});
    let task: WholeTask = client.patch("/api/tasks/1", &report).await.expect(200).to();
    assert_eq!(task.usage.input_tokens, 3);
    client
        .patch("/api/tasks/1", &json!({"status": "needs_input"}))
        .await
        .expect(200);
    client
        .post("/api/tasks/1/input", &json!({"text": "go on"}))
        .await
        .expect(200);
    client
        .patch("/api/tasks/1", &json!({"status": "pending"}))
        .await
        .expect(200);
    let task = client.task(1).await;
    assert_eq!(
        task.status,
        TaskStatus::Failed,
        "nobody could hand it out again"
    );

    let body =
        json!({"description": "b", "status": "running", "agent": "laptop", "max_attempts": 3});
    client.create(body).await;
    let failed = json!({"status": "failed", "error": "no luck"});
    let task: WholeTask = client.patch("/api/tasks/2", &failed).await.expect(200).to();
    assert_eq!(task.status, TaskStatus::Failed);
    assert_eq!(task.error.as_deref(), Some("no luck"));

    client
        .create(json!({"description": "c", "status": "running", "agent": "laptop"}))
        .await;
    client.delete("/api/tasks/3").await.expect(200);
    client.until(3, TaskStatus::Cancelled).await;
    // Nobody here could do it again, until there is an agent of that name.
    let problem = client
        .post("/api/tasks/3/retry", &json!({}))
        .await
        .problem(409);
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("laptop") && detail.contains("cancelled"),
        "{detail}"
    );
    // It is known by its reports already.
    let agent = json!({"name": "laptop"});
    client.post("/api/agents", &agent).await.expect(200);
    client
        .post("/api/tasks/3/retry", &json!({}))
        .await
        .expect(201);
}

async fn an_external_task_is_never_handed_out(engine: Engine) {
    let app = TestApp::on(engine, vec![fake("player", 4)]).await;
    let client = app.client();
    let body = json!({"description": "fake:\nresult 1", "status": "running", "agent": "player"});
    client.create(body).await;
    let other = client
        .create(json!({"description": "fake:\nresult 2"}))
        .await;
    client.until(other.number, TaskStatus::Completed).await;
    let task = client.task(1).await;
    assert_eq!((task.status, task.result), (TaskStatus::Running, None));

    for (body, field) in [
        (json!({"description": "x", "status": "running"}), "agent"),
        (
            json!({"description": "x", "status": "completed", "agent": "a"}),
            "status",
        ),
        (
            json!({"description": "x", "status": "running", "agent": "a", "start_after": "2099-01-01T00:00:00Z"}),
            "start_after",
        ),
    ] {
        client.post("/api/tasks", &body).await.invalid(field);
    }
    client
        .create(json!({"description": "x", "status": "pending", "agent": "nobody", "agent_may_come": true}))
        .await;
}

async fn a_pending_task_becomes_external_when_somebody_starts_it(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    client
        .create(json!({"description": "x", "agent": "laptop", "agent_may_come": true}))
        .await;
    let started = json!({"status": "running"});
    let task: WholeTask = client
        .patch("/api/tasks/1", &started)
        .await
        .expect(200)
        .to();
    assert!(task.external && task.queue_position.is_none());
    assert_eq!(
        (task.agent.as_deref(), task.status),
        (Some("laptop"), TaskStatus::Running)
    );
    client
        .patch("/api/tasks/1", &json!({"status": "completed"}))
        .await
        .expect(200);
    client.until(1, TaskStatus::Completed).await;
}

async fn whoever_reports_a_task_is_an_agent(engine: Engine) {
    let mut app = TestApp::on(engine, vec![fake("player", 1)]).await;
    let client = app.client();
    let body = json!({"description": "x", "status": "running", "agent": "CLAWS.BOT"});
    let task = client.create(body).await;
    let agents: Vec<Agent> = client.get("/api/agents").await.expect(200).to();
    let names: Vec<_> = agents.iter().map(|agent| agent.name.as_str()).collect();
    assert_eq!(names, ["CLAWS.BOT", "player"]);
    let bot = &agents[0];
    assert_eq!(
        (bot.kind, bot.source),
        (AgentKind::External, AgentSource::Reported)
    );
    assert_eq!(
        (bot.status, &bot.running),
        (AgentStatus::Busy, &vec![task.id])
    );
    assert_eq!(
        (bot.abilities.cancel, bot.abilities.progress),
        (Ability::No, Ability::Yes)
    );

    // It is given nothing, and nobody here starts or stops it.
    client
        .create(json!({"description": "fake:\nresult 1"}))
        .await;
    let done = client.until(2, TaskStatus::Completed).await;
    assert_eq!(done.agent.as_deref(), Some("player"));
    let waits = client
        .create(json!({"description": "x", "agent": "CLAWS.BOT"}))
        .await;
    assert_eq!(waits.waiting[0].code, crate::domain::WaitingCode::AgentBusy);
    for action in ["claim", "stop", "start"] {
        let path = format!("/api/agents/CLAWS.BOT/{action}");
        client.post(&path, &json!({})).await.problem(409);
    }
    client
        .patch("/api/tasks/1", &json!({"status": "completed"}))
        .await
        .expect(200);
    let bot: Agent = client.get("/api/agents/CLAWS.BOT").await.expect(200).to();
    assert_eq!((bot.status, bot.metrics.completed), (AgentStatus::Idle, 1));
    client.delete("/api/tasks/3").await.expect(200);
    app.stop().await;
    app.start_again().await;
    let bot: Agent = app
        .client()
        .get("/api/agents/CLAWS.BOT")
        .await
        .expect(200)
        .to();
    assert_eq!((bot.kind, bot.metrics.completed), (AgentKind::External, 1));
}
