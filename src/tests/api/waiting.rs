//! Why a pending task does not run: what is said is true, and says who can change it.

use serde_json::json;

use crate::domain::{TaskStatus, WaitingCode};
use crate::tests::support::{Engine, TestApp, WholeTask, fake, on_each_engine, remote};

on_each_engine!(
    a_task_never_waits_for_itself,
    only_tasks_that_want_the_same_slot_are_before_it,
    a_question_without_an_answer_is_the_reason,
);

async fn a_task_never_waits_for_itself(engine: Engine) {
    let app = TestApp::on(engine, vec![fake("player", 1)]).await;
    let client = app.client();
    for _ in 0..20 {
        let body = json!({"description": "fake:\nresult 1", "agent": "player"});
        let task = client.create(body).await;
        // All the others are done, so whichever it named would be itself.
        let named = |it: &crate::domain::Waiting| it.detail.contains('#');
        assert!(!task.waiting.iter().any(named), "{:?}", task.waiting);
        client.until(task.number, TaskStatus::Completed).await;
    }
}

async fn only_tasks_that_want_the_same_slot_are_before_it(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1), remote("other", 1)]).await;
    let client = app.client();
    for body in [
        json!({"description": "a", "agent": "nobody", "agent_may_come": true}),
        json!({"description": "b", "start_after": "2099-01-01T00:00:00Z"}),
        json!({"description": "c", "agent": "other"}),
    ] {
        client.create(body).await;
    }
    let body = json!({"description": "d", "agent": "worker"});
    // Whether its worker was heard of yet is another matter.
    client
        .post("/api/agents/worker/claim", &json!({}))
        .await
        .expect(204);
    let task = client.create(body.clone()).await;
    assert_eq!(task.queue_position, Some(4));
    assert_eq!(task.waiting.len(), 1, "{:?}", task.waiting);
    assert_eq!(task.waiting[0].detail, "worker has to ask for it");
    let second = client.create(body).await;
    let details: Vec<_> = second.waiting.iter().map(|it| it.detail.as_str()).collect();
    assert_eq!(details, ["worker has to ask for it", "1 task is before it"]);
}

async fn a_question_without_an_answer_is_the_reason(engine: Engine) {
    let app = TestApp::on(engine, vec![fake("player", 1)]).await;
    let client = app.client();
    client
        .create(json!({"description": "fake:\nask which?\nresult 1"}))
        .await;
    client.until(1, TaskStatus::NeedsInput).await;
    client
        .create(json!({"description": "fake:\nresult 2"}))
        .await;
    let task: WholeTask = client.task(2).await;
    let reason = &task.waiting[0];
    assert_eq!(reason.detail, "player waits for an answer on #1");
    assert_eq!(reason.code, WaitingCode::AgentAsks);
    assert!(!reason.clears_itself && task.waiting.len() == 1);
    client
        .post("/api/tasks/1/input", &json!({"text": "this"}))
        .await
        .expect(200);
    client.until(2, TaskStatus::Completed).await;
}
