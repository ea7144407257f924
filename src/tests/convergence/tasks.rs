//! A session that works for a task leads to it, and the task to its sessions.

use serde_json::{Value, json};

use super::post;
use crate::domain::Role;
use crate::tests::support::{Client, Engine, TestApp, on_each_engine};

on_each_engine!(
    a_session_is_linked_to_the_task_it_names,
    a_task_that_one_may_not_see_is_no_link,
);

fn started(session: &str, task: &Value) -> Value {
    json!({"session_id": session, "event_id": "1", "event_type": "SESSION_STARTED",
        "timestamp": "2026-11-22T08:30:00Z", "data": {"task_id": task}})
}

/// A session that has no name of its own is called after its task, where one may know it.
#[tokio::test]
async fn a_session_without_a_name_is_called_after_its_task() {
    let app = TestApp::start().await;
    let client = app.client();
    let task = client
        .create(json!({"description": "mend the login"}))
        .await;
    let mut named = started("named", &json!(task.number));
    named["data"]["target"] = json!("/home/me/web");
    named["event_id"] = json!("2");
    let other = started("other", &json!("JIRA-7"));
    post(
        client,
        &[started("nameless", &json!(task.number)), named, other],
    )
    .await;
    for (session, name) in [
        (
            "nameless",
            format!("#{} mend the login (session 1)", task.number),
        ),
        ("named", "web #1".to_owned()),
        ("other", "Session #3".to_owned()),
    ] {
        let path = format!("/api/sessions/{session}");
        let one = client.get(&path).await.expect(200).json();
        assert_eq!(one["name"], json!(name), "{session}");
        let page = client
            .get(&format!("/convergence/{session}"))
            .await
            .expect(200)
            .text();
        assert!(page.contains(&name), "{session}: {name}");
    }
}

/// What the API says of the task of a session: as it is named, and its number.
async fn task_of(client: &Client, session: &str) -> (Value, Value) {
    let path = format!("/api/sessions/{session}");
    let one = client.get(&path).await.expect(200).json();
    let all = client.get("/api/sessions?limit=1000").await.expect(200);
    let all = all.json();
    let mut listed = all.as_array().unwrap().iter();
    let listed = listed.find(|it| it["session_id"] == session).unwrap();
    for name in ["task_id", "task_number"] {
        assert_eq!(one[name], listed[name], "{session}");
    }
    (one["task_id"].clone(), one["task_number"].clone())
}

async fn a_session_is_linked_to_the_task_it_names(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let task = client.create(json!({"description": "mend it"})).await;
    let (id, number) = (task.id.to_string(), task.number);
    let shouted = json!(id.to_uppercase());
    let unknown = "019a0000-0000-7000-8000-000000000001";
    for (session, name, shown, link) in [
        ("by-id", json!(id), json!(id), json!(number)),
        ("shouted", shouted, json!(id), json!(number)),
        (
            "by-number",
            json!(number),
            json!(number.to_string()),
            json!(number),
        ),
        ("unknown", json!(unknown), json!(unknown), Value::Null),
        (
            "other",
            json!("JIRA-7 <b>"),
            json!("JIRA-7 <b>"),
            Value::Null,
        ),
        ("absent", Value::Null, Value::Null, Value::Null),
        ("odd", json!({"a": 1}), Value::Null, Value::Null),
        ("blank", json!("  "), Value::Null, Value::Null),
    ] {
        post(client, &[started(session, &name)]).await;
        assert_eq!(task_of(client, session).await, (shown, link), "{session}");
        let page = client
            .get(&format!("/convergence/{session}"))
            .await
            .expect(200);
        let has_link = page.text().contains(&format!("href=\"/tasks/{number}\""));
        assert_eq!(
            has_link,
            ["by-id", "shouted", "by-number"].contains(&session),
            "{session}"
        );
    }
    let page = client.get("/convergence/other").await.expect(200).text();
    assert!(page.contains("JIRA-7 &lt;b&gt;"));
    let page = client
        .get(&format!("/tasks/{number}"))
        .await
        .expect(200)
        .text();
    for (session, is_there) in [("by-id", true), ("by-number", true), ("unknown", false)] {
        let link = format!("href=\"/convergence/{session}\"");
        assert_eq!(page.contains(&link), is_there, "{session}");
    }
    // Whichever event comes last of all that tell.
    let other = client.create(json!({"description": "another"})).await;
    let mut again = started("by-id", &json!(other.number));
    again["event_id"] = json!("2");
    again["timestamp"] = json!("2026-11-22T08:31:00Z");
    post(client, &[again]).await;
    assert_eq!(task_of(client, "by-id").await.1, json!(other.number));
}

async fn a_task_that_one_may_not_see_is_no_link(engine: Engine) {
    let actors = &[("insider", "default", Role::Operator)];
    let mut app = TestApp::for_actors(engine, vec![], actors).await;
    let client = app.client();
    let secret = json!({"name": "secret", "title": "Secret"});
    client.post("/api/projects", &secret).await.expect(201);
    let task = json!({"description": "mend it", "project": "secret"});
    let task = client.create(task).await;
    let id = task.id.to_string();
    post(client, &[started("s", &json!(id))]).await;
    assert_eq!(task_of(client, "s").await, (json!(id), json!(task.number)));
    let insider = app.client_of("insider");
    assert_eq!(task_of(&insider, "s").await, (json!(id), Value::Null));
    let page = insider.get("/convergence/s").await.expect(200).text();
    assert!(!page.contains(&format!("/tasks/{}", task.number)));
    app.stop().await;
}
