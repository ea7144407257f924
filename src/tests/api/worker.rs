//! What a remote agent asks: claims, heartbeats and reports, with its lease.

use serde_json::{Value, json};

use crate::domain::{TaskStatus, Timestamp};
use crate::tests::support::{Engine, TestApp, eventually, fake, on_each_engine, remote};

on_each_engine!(
    a_claim_hands_out_the_best_task_with_a_lease,
    a_claim_waits_for_a_task_that_comes_later,
    no_task_is_handed_out_twice_at_the_same_time,
    a_heartbeat_renews_and_tells_what_to_stop,
    a_failed_attempt_is_tried_again_after_a_pause,
    only_remote_agents_claim,
);

async fn a_claim_hands_out_the_best_task_with_a_lease(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 9), remote("other", 9)]).await;
    let client = app.client();
    client
        .create(json!({"description": "1", "priority": "low"}))
        .await;
    client
        .create(json!({"description": "2", "agent": "other", "priority": "urgent"}))
        .await;
    client.create(json!({"description": "3"})).await;
    client
        .create(json!({"description": "4", "agent": "worker", "priority": "high"}))
        .await;
    let mut order = Vec::new();
    for _ in 0..3 {
        let answer = client
            .post("/api/agents/worker/claim?wait=1", &json!({}))
            .await
            .expect(200);
        let answer = answer.json();
        let time = |value: &Value| Timestamp::parse(value.as_str().unwrap()).unwrap();
        let started = time(&answer["task"]["started_at"]);
        let seconds = time(&answer["lease"]["expires_at"]).seconds_since(started);
        assert!((59.0..=61.0).contains(&seconds), "{seconds}");
        assert_eq!(answer["task"]["status"], "running");
        assert_eq!(answer["task"]["agent"], "worker");
        order.push(answer["task"]["number"].as_i64().unwrap());
    }
    assert_eq!(order, [4, 3, 1]);
    assert!(
        client
            .post("/api/agents/worker/claim", &json!({}))
            .await
            .expect(204)
            .body
            .is_empty()
    );
    assert_eq!(client.claim("other").await.0.number, 2);
    for (query, field) in [
        ("wait=61", "wait"),
        ("wait=-1", "wait"),
        ("wait=x", "wait"),
        ("for=1", "for"),
    ] {
        let path = format!("/api/agents/worker/claim?{query}");
        client.post(&path, &json!({})).await.invalid(field);
    }
}

async fn a_claim_waits_for_a_task_that_comes_later(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    let waiting = client.claim("worker");
    let creating = async {
        // The claim waits by now: who polls is not offline.
        eventually("the worker polls", async || {
            let agent = client.get("/api/agents/worker").await.json();
            (agent["status"] == "idle").then_some(())
        })
        .await;
        client.create(json!({"description": "late"})).await
    };
    let ((claimed, _), created) = tokio::join!(waiting, creating);
    assert_eq!(claimed.id, created.id);
    // Full, it waits in vain.
    client.create(json!({"description": "one too many"})).await;
    client
        .post("/api/agents/worker/claim?wait=1", &json!({}))
        .await
        .expect(204);
    let waiting = &client.task(2).await.waiting;
    assert_eq!(waiting[0].detail, "worker is busy with #1");
}

async fn no_task_is_handed_out_twice_at_the_same_time(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("a", 20), remote("b", 20)]).await;
    let client = app.client();
    let claims = (0..40).map(|n| client.claim(if n % 2 == 0 { "a" } else { "b" }));
    let creations = (0..40).map(|n| client.create(json!({"description": format!("{n}")})));
    let (claimed, created) = tokio::join!(
        futures_util::future::join_all(claims),
        futures_util::future::join_all(creations)
    );
    let mut claimed: Vec<_> = claimed.into_iter().map(|(task, _)| task.number).collect();
    let mut created: Vec<_> = created.into_iter().map(|task| task.number).collect();
    claimed.sort_unstable();
    created.sort_unstable();
    assert_eq!(claimed, created);
}

async fn a_heartbeat_renews_and_tells_what_to_stop(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 2), remote("thief", 1)]).await;
    let client = app.client();
    for description in ["first", "second"] {
        client.create(json!({"description": description})).await;
    }
    let (_, first) = client.claim("worker").await;
    let (_, second) = client.claim("worker").await;
    let beat = async |agent: &str, leases: &[&str]| {
        let path = format!("/api/agents/{agent}/heartbeat");
        client
            .post(&path, &json!({"leases": leases}))
            .await
            .expect(200)
            .json()["cancel"]
            .clone()
    };
    assert_eq!(beat("worker", &[&first, &second]).await, json!([]));
    assert_eq!(beat("worker", &[]).await, json!([]));
    // A lease of another, an unknown one, and one whose task ended are not to be worked on.
    assert_eq!(beat("thief", &[&first]).await, json!([first]));
    assert_eq!(
        beat("worker", &["nonsense", ""]).await,
        json!(["nonsense", ""])
    );
    client
        .report("2", &second, &json!({"status": "completed"}))
        .await
        .expect(200);
    client.delete("/api/tasks/1").await.expect(202);
    assert_eq!(
        beat("worker", &[&first, &second]).await,
        json!([first, second])
    );
    let path = "/api/agents/worker/heartbeat";
    client
        .post(path, &json!({"leases": vec!["x"; 1001]}))
        .await
        .invalid("leases");
    client
        .post(path, &json!({"leases": "x"}))
        .await
        .invalid("leases");
    client
        .post("/api/agents/eve/heartbeat", &json!({}))
        .await
        .problem(404);
}

async fn a_failed_attempt_is_tried_again_after_a_pause(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    client
        .create(json!({"description": "x", "max_attempts": 2}))
        .await;
    let (_, first) = client.claim("worker").await;
    let failed = json!({"status": "failed", "error": "bad luck", "progress": 0.7});
    let task = client.report("1", &first, &failed).await.expect(200).json();
    assert_eq!(
        (&task["status"], &task["attempt"]),
        (&json!("pending"), &json!(2))
    );
    assert_eq!(
        (&task["error"], &task["agent"]),
        (&json!("bad luck"), &json!(null))
    );
    assert_eq!(task["waiting"][0]["code"], "retry_backoff");
    client
        .post("/api/agents/worker/claim", &json!({}))
        .await
        .expect(204);
    client
        .report("1", &first, &json!({"status": "completed"}))
        .await
        .problem(409);

    let (task, second) = client.claim("worker").await;
    assert_eq!(
        (task.attempt, task.progress.to_bits()),
        (2, 0.0_f64.to_bits())
    );
    // A late report of the earlier holder changes nothing.
    client
        .report("1", &first, &json!({"progress": 0.9}))
        .await
        .problem(409);
    let failed = json!({"status": "failed", "error": "again"});
    client.report("1", &second, &failed).await.expect(200);
    let task = client.until(1, TaskStatus::Failed).await;
    assert_eq!(task.error.as_deref(), Some("again"));
}

async fn only_remote_agents_claim(engine: Engine) {
    let app = TestApp::on(engine, vec![fake("player", 1)]).await;
    let client = app.client();
    client
        .post("/api/agents/player/claim", &json!({}))
        .await
        .problem(409);
    client
        .post("/api/agents/player/heartbeat", &json!({}))
        .await
        .problem(409);
    client
        .post("/api/agents/eve/claim", &json!({}))
        .await
        .problem(404);
}
