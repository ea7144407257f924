//! `PATCH` of single fields: a line of the log, metadata, and `null`, which clears.

use serde_json::{Value, json};

use crate::domain::TaskStatus;
use crate::tests::support::{Client, Engine, TestApp, WholeTask, on_each_engine, remote};

on_each_engine!(
    a_report_brings_a_line_of_the_log,
    metadata_is_replaced_as_a_whole,
    null_clears_and_absent_stays,
);

async fn lines(client: &Client) -> Vec<String> {
    let logs = client.get("/api/tasks/1/logs").await.expect(200).json();
    let lines = logs.as_array().unwrap().iter();
    let lines = lines.filter(|line| line["stream"] != "system");
    lines
        .map(|line| line["message"].as_str().unwrap().to_owned())
        .collect()
}

async fn a_report_brings_a_line_of_the_log(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    let (_, lease) = client.claim("worker").await;
    let alone = json!({"message": "half of it"});
    client.report("1", &lease, &alone).await.expect(200);
    let with = json!({"message": "done", "status": "completed"});
    client.report("1", &lease, &with).await.expect(200);
    assert_eq!(lines(client).await, ["half of it", "done"]);
    // An answer that was lost: the same once more is nothing new.
    client.report("1", &lease, &with).await.expect(200);
    assert_eq!(lines(client).await, ["half of it", "done"]);

    client.create(json!({"description": "y"})).await;
    client.claim("worker").await;
    let problem = client
        .patch("/api/tasks/2", &json!({"message": "not mine"}))
        .await
        .problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("worker"));
    // Who cancels may say why.
    let cancel = json!({"status": "cancelled", "message": "no longer needed"});
    client.patch("/api/tasks/2", &cancel).await.expect(200);
}

async fn metadata_is_replaced_as_a_whole(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let created = client
        .create(json!({"description": "x", "metadata": {"a": 1, "b": [true]}}))
        .await;
    let patch = async |change: Value| client.patch("/api/tasks/1", &change).await;
    let task: WholeTask = patch(json!({"metadata": {"c": {"d": 2}}}))
        .await
        .expect(200)
        .to();
    assert_eq!(json!(task.metadata), json!({"c": {"d": 2}}));
    assert_eq!(task.edit_version, created.edit_version + 1);
    let task: WholeTask = patch(json!({"labels": ["x"]})).await.expect(200).to();
    assert_eq!(json!(task.metadata), json!({"c": {"d": 2}}));
    patch(json!({"metadata": [1]})).await.invalid("metadata");
    patch(json!({"metadata": {"x": "y".repeat(70_000)}}))
        .await
        .invalid("metadata");
    let deep = "[".repeat(70) + &"]".repeat(70);
    let deep: Value = serde_json::from_str(&deep).unwrap();
    patch(json!({"metadata": {"x": deep}}))
        .await
        .invalid("metadata");
    // A task that ended is still somebody's to sort.
    client.delete("/api/tasks/1").await.expect(200);
    let task: WholeTask = patch(json!({"metadata": null})).await.expect(200).to();
    assert_eq!(json!(task.metadata), json!({}));
}

async fn null_clears_and_absent_stays(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let body =
        json!({"description": "first line", "title": "Mine", "priority": "high", "labels": ["a"]});
    client.create(body).await;
    let patch = async |task: i64, change: Value| {
        let path = format!("/api/tasks/{task}");
        client.patch(&path, &change).await
    };
    let cleared = json!({"title": null, "priority": null, "labels": null});
    let task = patch(1, cleared).await.expect(200).json();
    assert_eq!(
        [&task["title"], &task["priority"], &task["labels"]],
        [&json!("first line"), &json!("normal"), &json!([])]
    );
    patch(1, json!({"description": null}))
        .await
        .invalid("description");

    client
        .create(json!({"description": "y", "status": "running", "agent": "outside"}))
        .await;
    let said = json!({"progress": 0.5, "result": {"so": "far"}, "error": "odd"});
    patch(2, said).await.expect(200);
    let nothing = json!({"status": null, "usage": null, "question": null, "message": null});
    let task = patch(2, nothing).await.expect(200).json();
    assert_eq!(
        [
            &task["status"],
            &task["progress"],
            &task["result"],
            &task["error"]
        ],
        [
            &json!("running"),
            &json!(0.5),
            &json!({"so": "far"}),
            &json!("odd")
        ]
    );
    let cleared = json!({"progress": null, "result": null, "error": null});
    let task = patch(2, cleared).await.expect(200).json();
    assert_eq!(
        [&task["progress"], &task["result"], &task["error"]],
        [&json!(0.0), &Value::Null, &Value::Null]
    );
    let failed = json!({"status": "failed", "error": null});
    patch(2, failed.clone()).await.expect(200);
    patch(2, failed).await.expect(200);
    assert_eq!(client.task(2).await.status, TaskStatus::Failed);
    // What it failed of stays known.
    patch(2, json!({"error": null})).await.problem(409);
}
