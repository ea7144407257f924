//! `/healthz`, `/readyz` and `/metrics`.

use serde_json::json;

use crate::tests::support::{Engine, TestApp, fake, on_each_engine};

on_each_engine!(a_server_that_runs_says_so, metrics_have_their_names);

async fn a_server_that_runs_says_so(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    assert_eq!(
        app.client().get("/healthz").await.expect(200).text(),
        "ok\n"
    );
    assert_eq!(
        app.client().get("/readyz").await.expect(200).text(),
        "ready\n"
    );
}

async fn metrics_have_their_names(engine: Engine) {
    let app = TestApp::on(engine, vec![fake("player", 1)]).await;
    let client = app.client();
    let task = client.create(json!({"description": "fake:\nlog hi"})).await;
    client.until_finished(task.number).await;
    let mut socket = app.socket().await;
    client.create(json!({"description": "fake:\nlog hi"})).await;
    socket
        .find(|frame| crate::tests::support::seq_of(&frame))
        .await;
    let answer = client.get("/metrics").await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4");
    let text = answer.text();
    for name in [
        "tasks{status=\"pending\"}",
        "tasks{status=\"completed\"}",
        "feed_clients",
        "feed_lag_seconds_bucket",
        "feed_messages_total",
        "log_lines_total",
        "task_claim_wait_seconds_count",
        "http_request_seconds_bucket{route=\"/api/tasks\"",
        "storage_commit_writes_sum",
    ] {
        assert!(
            text.lines().any(|line| line.starts_with(name)),
            "{name} in {text}"
        );
    }
}
