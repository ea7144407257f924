//! What a client says is done, or refused in words: nothing is passed over as if it had been done.

use serde_json::{Value, json};

use crate::domain::TaskStatus;
use crate::tests::support::{Frame, TestApp};

#[tokio::test]
async fn a_report_over_the_socket_says_no_more_than_is_stored() {
    let app = TestApp::start().await;
    let client = app.client();
    let external = json!({"description": "x", "status": "running", "agent": "laptop"});
    let task = client.create(external).await;
    let mut socket = app.socket().await;
    socket
        .send(&json!({"action": "subscribe", "topics": []}))
        .await;
    let mut report = async |fields: Value| {
        let mut frame = fields;
        frame["action"] = json!("progress");
        socket.send(&frame).await;
        match socket.next().await {
            Frame::Ack => String::new(),
            Frame::Error { data } => data.detail,
            frame => panic!("{frame:?}"),
        }
    };
    for (field, value) in [
        ("status", json!("completed")),
        ("result", json!({"so": "far"})),
        ("error", json!("x")),
        ("usage", json!({})),
        ("question", json!("which?")),
    ] {
        let said = report(json!({"task_id": "1", "progress": 1, field: value})).await;
        let words = "is not known here; there are task_id, progress, message, lease";
        assert_eq!(said, format!("{field} {words}"));
    }
    let stored = client.task(1).await;
    assert_eq!(stored.status, TaskStatus::Running);
    assert_eq!(stored.progress.to_bits(), 0.0_f64.to_bits());
    // A task is named by its id, or by its number as text and as a number.
    for (id, progress) in [(json!(1), 0.25), (json!("1"), 0.5), (json!(task.id), 0.75)] {
        let said = report(json!({"task_id": id, "progress": progress})).await;
        assert_eq!(said, "", "{id}");
        let stored = client.task(1).await.progress;
        assert_eq!(stored.to_bits(), f64::to_bits(progress), "{id}");
    }
}

/// The projects of the tasks that arrive until a ping is answered.
fn projects(frames: &[Frame]) -> Vec<String> {
    let mut projects: Vec<_> = frames
        .iter()
        .filter_map(|frame| match frame {
            Frame::Task { data, .. } => Some(data.project.clone()),
            _ => None,
        })
        .collect();
    projects.sort_unstable();
    projects.dedup();
    projects
}

#[tokio::test]
async fn a_subscription_to_a_project_brings_no_other() {
    let app = TestApp::start().await;
    let client = app.client();
    for name in ["web", "api"] {
        let project = json!({"name": name});
        client.post("/api/projects", &project).await.expect(201);
    }
    let mut narrow = app.socket().await;
    let mut wide = app.socket().await;
    let subscribe = json!({"action": "subscribe", "topics": ["tasks", "logs"], "project": "web"});
    narrow.send(&subscribe).await;
    assert_eq!(narrow.until_pong().await, []);
    for name in ["web", "api", "default"] {
        let new = json!({"description": "x", "project": name});
        let number = client.create(new).await.number;
        let path = format!("/api/tasks/{number}/logs");
        let said = json!({"message": name});
        client.post(&path, &said).await.expect(202);
    }
    let frames = narrow.until_pong().await;
    assert_eq!(projects(&frames), ["web"]);
    let said: Vec<_> = frames
        .iter()
        .filter_map(|frame| match frame {
            Frame::Logs { data, .. } => Some(data[0].message.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(said, ["web"]);
    assert_eq!(
        projects(&wide.until_pong().await),
        ["api", "default", "web"]
    );
    // What was missed is narrowed, too, and the latest word on a topic counts.
    let again = json!({"action": "subscribe", "topics": ["tasks"], "project": "api",
        "epoch": narrow.epoch.clone(), "since": narrow.seq});
    narrow.send(&again).await;
    assert_eq!(projects(&narrow.until_pong().await), ["api"]);
    narrow
        .send(&json!({"action": "subscribe", "topics": ["tasks"]}))
        .await;
    client.create(json!({"description": "y"})).await;
    let frames = narrow.until_pong().await;
    assert!(
        projects(&frames).contains(&"default".to_owned()),
        "{frames:?}"
    );
}
