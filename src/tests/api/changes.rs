//! Changing tasks: edits by people, cancelling, retrying, moving ahead, answering.

use axum::http::Method;
use serde_json::{Value, json};

use crate::domain::TaskStatus;
use crate::tests::support::{Engine, TestApp, WholeTask, on_each_engine, remote};

on_each_engine!(
    a_pending_task_can_be_edited_and_a_running_one_only_named,
    only_the_holder_of_the_lease_reports_on_a_held_task,
    a_task_that_nobody_holds_is_cancelled_at_once,
    a_finished_task_changes_no_more_but_can_be_tried_again,
    a_retry_keeps_what_the_task_had,
    starting_now_moves_a_task_to_the_head,
    an_answer_reaches_a_task_that_asks,
);

async fn a_pending_task_can_be_edited_and_a_running_one_only_named(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    client
        .create(json!({"description": "first", "agent": "worker"}))
        .await;
    let edit =
        json!({"title": " New ", "description": "better", "priority": "low", "labels": ["x"]});
    let task: WholeTask = client.patch("/api/tasks/1", &edit).await.expect(200).to();
    assert_eq!(
        (task.title.as_str(), task.description.as_str()),
        ("New", "better")
    );
    assert_eq!(task.labels, ["x"]);
    // A title of nothing is no title.
    let task: WholeTask = client
        .patch("/api/tasks/1", &json!({"title": ""}))
        .await
        .expect(200)
        .to();
    assert_eq!(task.title, "better");
    // It goes with the description, until somebody chooses one.
    for (change, title) in [
        (json!({"description": "third\nand more"}), "third"),
        (json!({"title": "chosen"}), "chosen"),
        (json!({"description": "fourth"}), "chosen"),
    ] {
        let task: WholeTask = client.patch("/api/tasks/1", &change).await.expect(200).to();
        assert_eq!(task.title, title);
    }
    client.patch("/api/tasks/1", &json!({})).await.expect(200);
    for (change, field) in [
        (json!({"title": "two\nlines"}), "title"),
        (json!({"title": "x".repeat(201)}), "title"),
        (json!({"description": " \n"}), "description"),
        (json!({"description": "a\u{0}b"}), "description"),
        (json!({"labels": ["a,b"]}), "labels"),
        (json!({"labels": [""]}), "labels"),
        (json!({"priority": "huge"}), "priority"),
        (json!({"progress": 1.01}), "progress"),
        (json!({"progress": -0.1}), "progress"),
        (json!({"error": "a\u{0}b"}), "error"),
        (json!({"status": "done"}), "status"),
        (json!({"number": 7}), "number"),
        (json!({"usage": {"cost_usd": "-1"}}), "usage.cost_usd"),
        (json!([]), "body"),
    ] {
        client.patch("/api/tasks/1", &change).await.invalid(field);
    }
    client.claim("worker").await;
    let title = json!({"title": "while it runs", "labels": []});
    let task: WholeTask = client.patch("/api/tasks/1", &title).await.expect(200).to();
    assert_eq!(
        (task.title.as_str(), task.status),
        ("while it runs", TaskStatus::Running)
    );
    for change in [json!({"description": "other"}), json!({"priority": "high"})] {
        let problem = client.patch("/api/tasks/1", &change).await.problem(409);
        assert!(
            problem["detail"].as_str().unwrap().contains("is running"),
            "{problem}"
        );
    }
}

async fn only_the_holder_of_the_lease_reports_on_a_held_task(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    client.create(json!({"description": "first"})).await;
    for report in [
        json!({"progress": 0.5}),
        json!({"status": "completed"}),
        json!({"result": 1}),
    ] {
        client.patch("/api/tasks/1", &report).await.problem(409);
    }
    let (_, lease) = client.claim("worker").await;
    for report in [
        json!({"progress": 0.5}),
        json!({"status": "completed"}),
        json!({"status": "pending"}),
        json!({"error": "x"}),
        json!({"usage": {"input_tokens": 1}}),
    ] {
        client.patch("/api/tasks/1", &report).await.problem(409);
        client
            .report("1", "0199aaaa-0000-7000-8000-000000000000", &report)
            .await
            .problem(409);
    }
    client
        .report("1", " ", &json!({"progress": 0.5}))
        .await
        .invalid("Lease");
    assert_eq!(client.task(1).await.progress.to_bits(), 0.0_f64.to_bits());

    let usage = json!({"input_tokens": 7, "output_tokens": 5, "cost_usd": "0.42"});
    let report = json!({"progress": 0.25, "usage": usage, "result": {"so": "far"}});
    let task: Value = client.report("1", &lease, &report).await.expect(200).json();
    assert_eq!(
        (&task["progress"], &task["result"]["so"]),
        (&json!(0.25), &json!("far"))
    );
    assert_eq!(task["usage"]["cost_usd"], "0.42");
    assert_eq!(
        client.get("/api/tasks/1").await.expect(200).json()["usage"]["output_tokens"],
        5
    );
    client
        .report("1", &lease, &json!({"status": "needs_input"}))
        .await
        .expect(200);
    client
        .report("1", &lease, &json!({"status": "running"}))
        .await
        .expect(200);
    let done = json!({"status": "completed", "result": [1, "\u{0}", 1e-300]});
    let task: Value = client.report("1", &lease, &done).await.expect(200).json();
    assert_eq!(
        (&task["status"], &task["progress"]),
        (&json!("completed"), &json!(1.0))
    );
    let (started, completed) = (task["started_at"].as_str(), task["completed_at"].as_str());
    assert!(started.is_some() && completed >= started, "{task}");
    client
        .report("1", &lease, &json!({"progress": 0.3}))
        .await
        .problem(409);
}

async fn a_task_that_nobody_holds_is_cancelled_at_once(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    client.create(json!({"description": "first"})).await;
    let task: WholeTask = client.delete("/api/tasks/1").await.expect(200).to();
    assert_eq!(
        (task.status, task.queue_position),
        (TaskStatus::Cancelled, None)
    );
    assert!(task.completed_at.is_some());
    client.delete("/api/tasks/1").await.expect(200);
    client.delete("/api/tasks/2").await.problem(404);

    // By its status it is the same wish.
    client.create(json!({"description": "second"})).await;
    client
        .patch("/api/tasks/2", &json!({"status": "cancelled"}))
        .await
        .expect(200);
    client.until(2, TaskStatus::Cancelled).await;

    // A held one is asked for, once, and its holder confirms.
    client.create(json!({"description": "third"})).await;
    let (_, lease) = client.claim("worker").await;
    for _ in 0..2 {
        let task: WholeTask = client.delete("/api/tasks/3").await.expect(202).to();
        assert_eq!(task.status, TaskStatus::Running);
    }
    let leases = json!({"leases": [lease]});
    let beat = client
        .post("/api/agents/worker/heartbeat", &leases)
        .await
        .expect(200)
        .json();
    assert_eq!(beat["cancel"], leases["leases"]);
    client
        .report("3", &lease, &json!({"status": "cancelled"}))
        .await
        .expect(200);
    client.until(3, TaskStatus::Cancelled).await;
}

async fn a_finished_task_changes_no_more_but_can_be_tried_again(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    client.create(json!({"description": "first"})).await;
    client
        .post("/api/tasks/1/retry", &json!({}))
        .await
        .problem(409);
    let (_, lease) = client.claim("worker").await;
    client
        .post("/api/tasks/1/retry", &json!({}))
        .await
        .problem(409);
    client
        .report("1", &lease, &json!({"status": "failed"}))
        .await
        .expect(200);
    let task = client.task(1).await;
    assert_eq!(
        (task.status, task.error.is_some()),
        (TaskStatus::Failed, true)
    );
    for status in [
        "pending",
        "running",
        "needs_input",
        "completed",
        "cancelled",
    ] {
        client
            .patch("/api/tasks/1", &json!({"status": status}))
            .await
            .problem(409);
    }
    client
        .patch("/api/tasks/1", &json!({"progress": 0.1}))
        .await
        .problem(409);
    client.delete("/api/tasks/1").await.problem(409);
    client
        .post("/api/tasks/1/start", &json!({}))
        .await
        .problem(409);
    client
        .post("/api/tasks/1/input", &json!({"text": "x"}))
        .await
        .problem(409);

    let answer = client
        .send(Method::POST, "/api/tasks/1/retry", &[], "")
        .await
        .expect(201);
    let again: WholeTask = answer.to();
    assert_eq!(
        answer.header("location"),
        format!("/api/tasks/{}", again.id)
    );
    assert_eq!(
        (again.retry_of, again.status),
        (Some(task.id), TaskStatus::Pending)
    );
    assert_eq!(again.description, "first");
    // That one has to end first.
    client.delete("/api/tasks/2").await.expect(200);
    let headers = [("idempotency-key", "again")];
    for replayed in ["", "true"] {
        let body = json!({"description": "changed"}).to_string();
        let answer = client
            .send(Method::POST, "/api/tasks/1/retry", &headers, body)
            .await
            .expect(201);
        assert_eq!(answer.header("idempotency-replayed"), replayed);
        assert_eq!(
            (&answer.json()["number"], &answer.json()["title"]),
            (&json!(3), &json!("changed"))
        );
    }
    client
        .post("/api/tasks/1/retry", &json!({"description": ""}))
        .await
        .invalid("description");
    client
        .post("/api/tasks/1/retry", &json!({"title": "x"}))
        .await
        .invalid("title");
    client
        .post("/api/tasks/9/retry", &json!({}))
        .await
        .problem(404);
}

async fn a_retry_keeps_what_the_task_had(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let body = json!({
        // Nothing in a description may stand in the way of trying again.
        "description": "a\ttab \u{1b}[31mand colour\nsecond line", "priority": "high",
        "agent": "someone", "agent_may_come": true, "labels": ["x"], "timeout_seconds": 5, "max_attempts": 3,
        "metadata": {"k": 1},
    });
    let first = client.create(body).await;
    assert!(!first.title.contains(char::is_control), "{:?}", first.title);
    client.delete("/api/tasks/1").await.expect(200);
    let again: WholeTask = client
        .post("/api/tasks/1/retry", &json!({}))
        .await
        .expect(201)
        .to();
    assert_eq!(again.description, first.description);
    assert_eq!(
        (&again.title, again.priority),
        (&first.title, first.priority)
    );
    assert_eq!(
        (&again.labels, &again.metadata),
        (&first.labels, &first.metadata)
    );
    assert_eq!(again.requested_agent.as_deref(), Some("someone"));
    assert_eq!((again.timeout_seconds, again.max_attempts), (5, 3));
}

async fn starting_now_moves_a_task_to_the_head(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 10)]).await;
    let client = app.client();
    client
        .create(json!({"description": "first", "priority": "urgent"}))
        .await;
    client
        .create(json!({"description": "second", "start_after": "2099-01-01T00:00:00Z"}))
        .await;
    client
        .create(json!({"description": "third", "priority": "low"}))
        .await;
    for number in [2, 3] {
        let path = format!("/api/tasks/{number}/start");
        let task: WholeTask = client.post(&path, &json!({})).await.expect(200).to();
        assert_eq!(task.queue_position, Some(1));
    }
    assert_eq!(client.task(1).await.queue_position, Some(3));
    // A new priority leaves the place that a person gave.
    client
        .patch("/api/tasks/3", &json!({"priority": "normal"}))
        .await
        .expect(200);
    let mut order = Vec::new();
    for _ in 0..3 {
        order.push(client.claim("worker").await.0.number);
    }
    assert_eq!(order, [3, 2, 1]);
    client
        .post("/api/tasks/3/start", &json!({}))
        .await
        .problem(409);
    client
        .post("/api/tasks/4/start", &json!({}))
        .await
        .problem(404);
}

async fn an_answer_reaches_a_task_that_asks(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    client.create(json!({"description": "first"})).await;
    client
        .post("/api/tasks/1/input", &json!({"text": "too early"}))
        .await
        .problem(409);
    let (_, lease) = client.claim("worker").await;
    client
        .post("/api/tasks/1/input", &json!({"text": "too early"}))
        .await
        .problem(409);
    client
        .report("1", &lease, &json!({"status": "needs_input"}))
        .await
        .expect(200);
    client
        .post("/api/tasks/1/input", &json!({"text": " "}))
        .await
        .invalid("text");
    client
        .post("/api/tasks/1/input", &json!({}))
        .await
        .invalid("text");
    client
        .post("/api/tasks/1/input", &json!({"text": "x".repeat(100_001)}))
        .await
        .invalid("text");
    client
        .post("/api/tasks/1/input", &json!({"text": "a\u{0}b"}))
        .await
        .invalid("text");
    let answer = json!({"text": "the second"});
    let task: WholeTask = client
        .post("/api/tasks/1/input", &answer)
        .await
        .expect(200)
        .to();
    assert_eq!(task.status, TaskStatus::Running);
    let logs = client.get("/api/tasks/1/logs").await.expect(200).json();
    assert_eq!(logs[0]["fields"]["input"], "the second", "{logs}");
    client
        .post("/api/tasks/1/input", &answer)
        .await
        .problem(409);
}
