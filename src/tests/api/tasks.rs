//! `/api/tasks`: creating, reading, listing.

use axum::http::Method;
use serde_json::{Value, json};

use crate::domain::{Priority, Task, TaskStatus};
use crate::tests::support::{Engine, TestApp, WholeTask, on_each_engine};

on_each_engine!(
    a_task_is_created_with_defaults_and_found_by_number_and_id,
    everything_given_to_a_task_comes_back,
    a_repeated_request_with_the_same_key_creates_nothing_again,
);

async fn a_task_is_created_with_defaults_and_found_by_number_and_id(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let body = json!({"description": "  say hello\nto everybody "});
    let answer = client.post("/api/tasks", &body).await.expect(201);
    let task: WholeTask = answer.to();
    assert_eq!(answer.header("location"), format!("/api/tasks/{}", task.id));
    assert_eq!((task.number, task.attempt, task.max_attempts), (1, 1, 1));
    assert_eq!(task.title, "say hello");
    assert_eq!(task.description, "  say hello\nto everybody ");
    assert_eq!(
        (task.priority, task.status),
        (Priority::Normal, TaskStatus::Pending)
    );
    assert_eq!(task.created_by, "local");
    assert_eq!(task.queue_position, Some(1));
    assert_eq!(task.timeout_seconds, 3600);
    assert!(!task.external && task.agent.is_none() && task.started_at.is_none());

    let id = task.id.to_string();
    for name in ["1", "%231", id.as_str(), id.to_uppercase().as_str()] {
        let found: WholeTask = client
            .get(&format!("/api/tasks/{name}"))
            .await
            .expect(200)
            .to();
        assert_eq!(found, task, "{name}");
    }
    for name in [
        "2",
        "0",
        "-1",
        "x",
        "1.0",
        "%00",
        "99999999999999999999",
        &id[1..],
    ] {
        client.get(&format!("/api/tasks/{name}")).await.problem(404);
    }
    client.get("/api/tasks/%ff").await.problem(400);
}

async fn everything_given_to_a_task_comes_back(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let body = json!({
        "description": "Überprüfe 👩‍👩‍👧 \"alles\"\r\n\ttab \u{1b}[31mred\u{1b}[0m",
        "title": "Ein Titel 🦀", "priority": "urgent", "agent": "nobody-yet", "agent_may_come": true,
        "labels": ["größe", "a b", "ünïcode 🎉"], "timeout_seconds": 604_800, "max_attempts": 20,
        "metadata": {"deep": {"list": [1, 2.5, null, true, "\u{0}"]}, "große": "Zahl"},
        "start_after": "2099-01-02T03:04:05+02:00",
    });
    let created: Value = client.post("/api/tasks", &body).await.expect(201).json();
    // Programs read it, too: lines end with LF, however a browser or a file ends them.
    let description = body["description"].as_str().unwrap();
    assert_eq!(created["description"], description.replace("\r\n", "\n"));
    for field in ["title", "priority", "labels", "timeout_seconds", "metadata"] {
        assert_eq!(created[field], body[field], "{field}");
    }
    assert_eq!(created["requested_agent"], "nobody-yet");
    assert_eq!(created["agent"], Value::Null);
    assert_eq!(created["max_attempts"], 20);
    let waiting = &created["waiting"][0];
    assert_eq!(waiting["code"], "start_after");
    assert!(
        waiting["detail"]
            .as_str()
            .unwrap()
            .contains("2099-01-02 01:04:05 UTC")
    );
    let read = client.get("/api/tasks/1").await.expect(200).json();
    assert_eq!(read, created);
}

async fn a_repeated_request_with_the_same_key_creates_nothing_again(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let send = async |body: Value, key: &str| {
        let headers = [("idempotency-key", key)];
        client
            .send(Method::POST, "/api/tasks", &headers, body.to_string())
            .await
    };
    let body = json!({"description": "once"});
    let first = send(body.clone(), "k1").await.expect(201);
    assert_eq!(first.header("idempotency-replayed"), "");
    let again = send(body.clone(), "k1").await.expect(201);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.json(), first.json());
    send(json!({"description": "another"}), "k1")
        .await
        .invalid("Idempotency-Key");
    send(body.clone(), "").await.invalid("Idempotency-Key");
    send(body.clone(), &"x".repeat(256))
        .await
        .invalid("Idempotency-Key");
    send(body.clone(), &"x".repeat(255)).await.expect(201);

    // At the same time, too.
    let race = (0..16).map(|_| send(body.clone(), "race"));
    let answers = futures_util::future::join_all(race).await;
    let locations: std::collections::HashSet<_> = answers
        .into_iter()
        .map(|answer| answer.expect(201).header("location").to_owned())
        .collect();
    assert_eq!(locations.len(), 1);
    let all: Vec<Task> = client.get("/api/tasks").await.expect(200).to();
    assert_eq!(all.len(), 3);
}
