//! What is asked twice is done once, and says so; what comes with a wish is not dropped.

use axum::http::Method;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::domain::{Task, TaskStatus, Timestamp};
use crate::server::clock::Clock;
use crate::tests::support::{Answer, Client, Engine, TestApp, on_each_engine, remote};

on_each_engine!(
    a_task_is_cancelled_by_post_too,
    two_retries_at_once_make_one_task,
    a_cancellation_keeps_what_comes_with_it,
    the_same_end_once_more_is_no_conflict,
    a_key_counts_for_its_request_for_one_day,
    what_is_sent_at_once_with_one_key_is_done_once,
    a_key_counts_for_all_that_is_created,
    a_key_whose_project_was_removed_says_so_and_makes_no_other,
);

async fn a_task_is_cancelled_by_post_too(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    client.create(json!({"description": "waits"})).await;
    let cancel = async || client.post("/api/tasks/1/cancel", &json!({})).await;
    let task: Task = cancel().await.expect(200).to();
    assert_eq!(task.status, TaskStatus::Cancelled);
    cancel().await.expect(200);
    client.create(json!({"description": "runs"})).await;
    client.claim("worker").await;
    client
        .post("/api/tasks/2/cancel", &json!({}))
        .await
        .expect(202);
    client
        .post("/api/tasks/9/cancel", &json!({}))
        .await
        .problem(404);
}

async fn retry(client: &Client, number: i64) -> Answer {
    let path = format!("/api/tasks/{number}/retry");
    client.post(&path, &json!({})).await
}

async fn two_retries_at_once_make_one_task(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    retry(client, 1).await.problem(409);
    client.delete("/api/tasks/1").await.expect(200);
    assert_eq!(client.task(1).await.retried_by, None);
    let answers = join_all((0..8).map(|_| retry(client, 1))).await;
    let (made, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|it| it.status == 201);
    assert_eq!((made.len(), refused.len()), (1, 7));
    for refusal in refused {
        let problem = refusal.problem(409);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("#2 tries #1 again"), "{detail}");
    }
    let second: Task = made.into_iter().next().unwrap().to();
    assert_eq!(client.task(1).await.retried_by, Some(second.id));
    // That one has ended: there may be another.
    client.delete("/api/tasks/2").await.expect(200);
    let third: Task = retry(client, 1).await.expect(201).to();
    assert_eq!((third.number, third.retry_of), (3, second.retry_of));
    assert_eq!(client.task(1).await.retried_by, Some(third.id));
}

async fn a_cancellation_keeps_what_comes_with_it(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    let outside = json!({"description": "x", "status": "running", "agent": "laptop"});
    client.create(outside).await;
    client
        .create(json!({"description": "pending", "start_after": "2099-01-01T00:00:00Z"}))
        .await;
    client
        .create(json!({"description": "held", "agent": "worker"}))
        .await;
    let (_, lease) = client.claim("worker").await;
    for number in 1..=3 {
        let wish = json!({"status": "cancelled", "title": "Never mind", "labels": ["stopped"],
            "error": "no longer needed", "result": {"so": "far"},
            "usage": {"input_tokens": 12, "cost_usd": 0.5}});
        let path = format!("/api/tasks/{number}");
        let task = client.patch(&path, &wish).await.expect(200).json();
        let stored = client.get(&path).await.expect(200).json();
        for task in [task, stored] {
            assert_eq!(task["title"], "Never mind");
            assert_eq!(task["labels"], json!(["stopped"]));
            assert_eq!(task["error"], "no longer needed");
            assert_eq!(task["result"], json!({"so": "far"}));
            assert_eq!(task["usage"]["input_tokens"], 12);
            let status = if number == 3 { "running" } else { "cancelled" };
            assert_eq!(task["status"], status, "{number}");
        }
    }
    let leases = json!({"leases": [lease]});
    let beat = client.post("/api/agents/worker/heartbeat", &leases).await;
    assert_eq!(beat.expect(200).json()["cancel"], leases["leases"]);
    let stopped = json!({"status": "cancelled"});
    client.report("3", &lease, &stopped).await.expect(200);
    let task = client.until(3, TaskStatus::Cancelled).await;
    assert_eq!(task.error.as_deref(), Some("no longer needed"));
}

async fn the_same_end_once_more_is_no_conflict(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    client
        .create(json!({"description": "x", "status": "running", "agent": "laptop"}))
        .await;
    let done = json!({"status": "completed", "result": 1, "labels": ["a"]});
    for _ in 0..2 {
        let task = client.patch("/api/tasks/1", &done).await.expect(200).json();
        assert_eq!(
            (&task["status"], &task["result"]),
            (&json!("completed"), &json!(1))
        );
    }
    for other in [
        json!({"status": "completed", "result": 2}),
        json!({"status": "completed", "error": "x"}),
        json!({"status": "failed"}),
        json!({"status": "cancelled"}),
        json!({"status": "running"}),
    ] {
        let problem = client.patch("/api/tasks/1", &other).await.problem(409);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("completed"), "{detail}");
    }

    // A holder whose answer was lost says it again.
    client.create(json!({"description": "y"})).await;
    let (_, lease) = client.claim("worker").await;
    for _ in 0..2 {
        let task: Value = client.report("2", &lease, &done).await.expect(200).json();
        assert_eq!(task["status"], "completed");
    }
    client.report("2", "another", &done).await.problem(409);
    let failed = json!({"status": "failed"});
    client.report("2", &lease, &failed).await.problem(409);

    client.create(json!({"description": "z"})).await;
    for _ in 0..2 {
        client.delete("/api/tasks/3").await.expect(200);
        let again = json!({"status": "cancelled"});
        client.patch("/api/tasks/3", &again).await.expect(200);
    }
}

async fn a_key_counts_for_its_request_for_one_day(engine: Engine) {
    let clock = Clock::manual(Timestamp(1_800_000_000_000_000));
    let app = TestApp::at(clock, engine, vec![]).await;
    let client = app.client();
    let send = async |path: &str, body: &str| {
        let headers = [("idempotency-key", "k")];
        client
            .send(Method::POST, path, &headers, body.to_owned())
            .await
    };
    let number = |answer: Answer| answer.expect(201).to::<Task>().number;
    let written = r#"{"description": "x", "labels": ["a"]}"#;
    assert_eq!(number(send("/api/tasks", written).await), 1);
    // The same, otherwise written.
    let same = "{\"labels\":[ \"a\" ],\n\"description\":\"x\"}";
    assert_eq!(number(send("/api/tasks", same).await), 1);
    let other = r#"{"description": "x", "labels": ["b"]}"#;
    send("/api/tasks", other).await.invalid("Idempotency-Key");
    client.delete("/api/tasks/1").await.expect(200);
    // Elsewhere the same word is another key.
    assert_eq!(number(send("/api/tasks/1/retry", "").await), 2);
    assert_eq!(number(send("/api/tasks/1/retry", "{}").await), 2);
    clock.set_wall(24 * 3600 - 1);
    assert_eq!(number(send("/api/tasks", written).await), 1);
    clock.set_wall(1);
    assert_eq!(number(send("/api/tasks", other).await), 3);
    assert_eq!(number(send("/api/tasks", other).await), 3);
}

async fn what_is_sent_at_once_with_one_key_is_done_once(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let body = json!({"description": "x"}).to_string();
    let headers = [("idempotency-key", "once")];
    let send = || client.send(Method::POST, "/api/tasks", &headers, body.clone());
    let answers = join_all((0..16).map(|_| send())).await;
    let mut first = 0;
    for answer in answers {
        let answer = answer.expect(201);
        first += usize::from(answer.header("idempotency-replayed").is_empty());
        assert_eq!(answer.to::<Task>().number, 1);
    }
    assert_eq!(first, 1);
    let tasks = client.get("/api/tasks").await.expect(200).json();
    assert_eq!(tasks.as_array().map(Vec::len), Some(1));
}

async fn a_key_counts_for_all_that_is_created(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let send = async |path: &str, body: Value| {
        let headers = [("idempotency-key", "k")];
        client
            .send(Method::POST, path, &headers, body.to_string())
            .await
    };
    let replayed = |answer: &Answer| answer.header("idempotency-replayed") == "true";
    for path in ["/api/projects", "/api/agents"] {
        let new = json!({"name": "one", "title": "One"});
        for again in [false, true] {
            let answer = send(path, new.clone()).await.expect(201);
            assert_eq!(replayed(&answer), again, "{path}");
            assert_eq!(answer.header("location"), format!("{path}/one"));
            assert_eq!(answer.json()["name"], "one");
        }
        let other = send(path, json!({"name": "one", "title": "Two"})).await;
        let problem = other.problem(422);
        assert_eq!(problem["code"], "idempotency_key_reused", "{problem}");
        let kept = client.get(&format!("{path}/one")).await.expect(200).json();
        assert_eq!(kept["title"], "One", "{path}");
    }
    // Nothing is registered again by what is only repeated.
    let renamed = json!({"name": "one", "title": "Later"});
    client.post("/api/agents", &renamed).await.expect(200);
    send("/api/agents", json!({"name": "one", "title": "One"}))
        .await
        .expect(201);
    let agent = client.get("/api/agents/one").await.expect(200).json();
    assert_eq!(agent["title"], "Later");
}

async fn a_key_whose_project_was_removed_says_so_and_makes_no_other(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let make = async || {
        let headers = [("idempotency-key", "k")];
        let body = json!({"name": "garden"}).to_string();
        client
            .send(Method::POST, "/api/projects", &headers, body)
            .await
    };
    make().await.expect(201);
    client.delete("/api/projects/garden").await.expect(204);
    let problem = make().await.problem(404);
    assert_eq!(problem["code"], "project_not_found");
    let detail = problem["detail"].as_str().unwrap();
    assert!(
        detail.contains("this Idempotency-Key made, was removed"),
        "{detail}"
    );
    client.get("/api/projects/garden").await.problem(404);
}
