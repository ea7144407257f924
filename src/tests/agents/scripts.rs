//! Scripted agents: questions, stubborn ones, and stops in the middle of handing out.

use serde_json::json;

use super::said;
use crate::domain::{Agent, AgentStatus, Task, TaskStatus};
use crate::tests::support::{Engine, TestApp, eventually, fake, on_each_engine};

on_each_engine!(
    a_question_waits_for_an_answer_and_the_task_goes_on,
    a_killed_agent_holds_nothing_whatever_it_was_being_given,
    a_broken_script_fails_with_its_line,
    the_demonstration_agent_can_be_told_to_stop,
);

async fn a_question_waits_for_an_answer_and_the_task_goes_on(engine: Engine) {
    let app = TestApp::on(engine, vec![fake("player", 1)]).await;
    let client = app.client();
    let script = "fake:\nask one?\nask two?\nusage 5 7 0.25\nresult \"both\"";
    client.create(json!({"description": script})).await;
    for answer in ["first", "second"] {
        client.until(1, TaskStatus::NeedsInput).await;
        let agent: Agent = client.get("/api/agents/player").await.expect(200).to();
        assert_eq!(agent.status, AgentStatus::NeedsInput);
        client
            .post("/api/tasks/1/input", &json!({"text": answer}))
            .await
            .expect(200);
        said(client, 1, &format!("answered: {answer}")).await;
    }
    let task = client.until(1, TaskStatus::Completed).await;
    assert_eq!(
        (&task.result, task.usage.output_tokens),
        (&Some(json!("both")), 7)
    );
    assert_eq!(
        task.usage.cost_usd.map(|cost| cost.to_string()).as_deref(),
        Some("0.25")
    );

    // Who waits for an answer can be cancelled.
    client.create(json!({"description": script})).await;
    client.until(2, TaskStatus::NeedsInput).await;
    client.delete("/api/tasks/2").await.expect(202);
    client.until(2, TaskStatus::Cancelled).await;
}

async fn a_killed_agent_holds_nothing_whatever_it_was_being_given(engine: Engine) {
    let app = TestApp::on(engine, vec![fake("player", 8)]).await;
    let client = app.client();
    let hang = json!({"description": "fake:\nhang", "agent": "player"});
    for round in 1..=15 {
        // Killed while tasks are on their way to it.
        let kill = async {
            for _ in 0..round % 5 {
                client.get("/api/agents/player").await;
            }
            client
                .post("/api/agents/player/stop", &json!({"mode": "kill"}))
                .await
                .expect(200);
        };
        let create = futures_util::future::join_all((0..8).map(|_| client.create(hang.clone())));
        tokio::join!(create, kill);
        eventually("it holds nothing", async || {
            let agent: Agent = client.get("/api/agents/player").await.expect(200).to();
            (agent.status == AgentStatus::Offline && agent.running.is_empty()).then_some(())
        })
        .await;
        // Nothing new began after that, and nothing was left behind.
        let running: Vec<Task> = client
            .get("/api/tasks?status=running")
            .await
            .expect(200)
            .to();
        assert!(running.is_empty(), "round {round}: {running:?}");
        let pending: Vec<Task> = client
            .get("/api/tasks?status=pending")
            .await
            .expect(200)
            .to();
        for task in pending {
            client
                .delete(&format!("/api/tasks/{}", task.number))
                .await
                .expect(200);
        }
        client
            .post("/api/agents/player/start", &json!({}))
            .await
            .expect(200);
    }
}

async fn a_broken_script_fails_with_its_line(engine: Engine) {
    let app = TestApp::on(engine, vec![fake("player", 1)]).await;
    let task = app
        .client()
        .create(json!({"description": "fake:\nlog a\ndance"}))
        .await;
    let task = app.client().until(task.number, TaskStatus::Failed).await;
    let error = task.error.clone().unwrap();
    assert!(
        error.contains("line 3") && error.contains("dance"),
        "{error}"
    );
}

async fn the_demonstration_agent_can_be_told_to_stop(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let answer = client.post("/rpc/agents/enable_demo", &json!({})).await;
    assert!(answer.status < 400, "{answer:?}");
    let task = client
        .create(json!({"description": "fake:\nstubborn 60s\nhang"}))
        .await;
    client.until(task.number, TaskStatus::Running).await;
    // Polite requests it ignores; a kill it cannot.
    client.delete("/api/tasks/1").await.expect(202);
    client
        .post("/api/agents/demo/stop", &json!({"mode": "kill"}))
        .await
        .expect(200);
    client.until(task.number, TaskStatus::Cancelled).await;
}
