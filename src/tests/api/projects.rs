//! Projects, through the interface.

use axum::http::Method;
use serde_json::json;

use crate::domain::Task;
use crate::tests::support::{Engine, TestApp, on_each_engine};

on_each_engine!(
    projects_are_added_changed_archived_and_removed,
    a_task_belongs_to_a_project_and_is_found_by_it,
    a_task_of_a_project_that_is_not_there_is_refused,
    lists_leave_out_what_may_be_large,
    an_edit_of_something_older_is_refused,
);

async fn projects_are_added_changed_archived_and_removed(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let default = client.get("/api/projects").await.expect(200).json();
    assert_eq!(
        default,
        json!([{"name": "default", "title": "Default", "folder": null, "checks": null,
            "archived": false, "version": 1, "edit_version": 1}])
    );
    let web = json!({"name": "web", "folder": "/srv/web"});
    let added = client.post("/api/projects", &web).await.expect(201);
    assert_eq!(added.header("location"), "/api/projects/web");
    assert_eq!(added.header("etag"), "\"1\"");
    assert_eq!(added.json()["title"], "web");
    client.post("/api/projects", &web).await.problem(409);
    for (wrong, field) in [
        (json!({"name": "Web"}), "name"),
        (json!({"name": "-"}), "name"),
        (json!({"name": "x", "folder": "relative"}), "folder"),
        (json!({"name": "x", "title": ""}), "title"),
    ] {
        client.post("/api/projects", &wrong).await.invalid(field);
    }
    let path = "/api/projects/web";
    let changed = client
        .patch(path, &json!({"folder": null}))
        .await
        .expect(200);
    let seen = changed.json();
    assert_eq!(
        (&seen["folder"], &seen["edit_version"]),
        (&json!(null), &json!(2))
    );
    let retitled = json!({"title": "The web"});
    client.patch(path, &retitled).await.expect(200);
    let cleared = json!({"title": null, "archived": null});
    let cleared = client.patch(path, &cleared).await.expect(200);
    assert_eq!(cleared.json()["title"], "web");
    let archived = json!({"archived": true});
    client.patch(path, &archived).await.expect(200);
    let refused = json!({"description": "x", "project": "web"});
    client.post("/api/tasks", &refused).await.problem(409);
    client
        .patch("/api/projects/default", &archived)
        .await
        .problem(409);
    client.delete("/api/projects/default").await.problem(409);
    client.delete(path).await.expect(204);
    client.get(path).await.problem(404);
    client.delete(path).await.problem(404);
    client.patch(path, &archived).await.problem(404);
}

async fn a_task_belongs_to_a_project_and_is_found_by_it(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    for name in ["web", "api"] {
        client
            .post("/api/projects", &json!({"name": name}))
            .await
            .expect(201);
    }
    for project in ["default", "web", "api", "web"] {
        client
            .create(json!({"description": "x", "project": project, "labels": ["l"]}))
            .await;
    }
    client
        .create(json!({"description": "x", "priority": "urgent"}))
        .await;
    client.delete("/api/tasks/2").await.expect(200);
    let numbers = async |query: &str| {
        let answer = client.get(&format!("/api/tasks?{query}")).await.expect(200);
        let tasks: Vec<Task> = answer.to();
        tasks.iter().map(|task| task.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers("project=web").await, [4, 2]);
    assert_eq!(numbers("project=web&project=api").await, [4, 3, 2]);
    assert_eq!(numbers("project=web&status=cancelled").await, [2]);
    assert_eq!(numbers("project=web&label=l").await, [4, 2]);
    assert_eq!(numbers("project=default&priority=urgent").await, [5]);
    assert_eq!(numbers("project=web&priority=urgent").await, [0; 0]);
    assert_eq!(numbers("project=nothing").await, [0; 0]);
    let first = client
        .get("/api/tasks?project=web&limit=1")
        .await
        .expect(200);
    assert_eq!(
        numbers(first.next_page().unwrap().split_once('?').unwrap().1).await,
        [2]
    );
    assert_eq!(client.task(4).await.project, "web");
    // A project with tasks stays, and so does the project of a retry.
    client.delete("/api/projects/web").await.problem(409);
    let again = client
        .post("/api/tasks/2/retry", &json!({}))
        .await
        .expect(201);
    assert_eq!(again.json()["project"], "web");
}

async fn a_task_of_a_project_that_is_not_there_is_refused(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    for name in ["gone", "No Name", ""] {
        let task = json!({"description": "x", "project": name});
        client.post("/api/tasks", &task).await.invalid("project");
    }
    let all: Vec<Task> = client.get("/api/tasks").await.expect(200).to();
    assert_eq!(all, []);
}

async fn lists_leave_out_what_may_be_large(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let description = "ä".repeat(5000);
    let task = json!({"description": description, "metadata": {"key": "value"}});
    let created = client.post("/api/tasks", &task).await.expect(201).json();
    assert_eq!(created["metadata"]["key"], "value");
    let listed = &client.get("/api/tasks").await.expect(200).json()[0];
    for large in ["description", "result", "metadata"] {
        assert!(listed.get(large).is_none(), "{large} of {listed}");
    }
    assert_eq!(listed["excerpt"], "ä".repeat(200));
    let whole = client.task(1).await;
    assert_eq!(
        (&whole.description, &whole.metadata["key"]),
        (&description, &json!("value"))
    );
}

async fn an_edit_of_something_older_is_refused(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    let path = "/api/tasks/1";
    let known = client.get(path).await.expect(200).header("etag").to_owned();
    let edit = async |tag: &str, title: &str| {
        let body = json!({"title": title}).to_string();
        client
            .send(Method::PATCH, path, &[("if-match", tag)], body)
            .await
    };
    let first = edit(&known, "one").await.expect(200);
    assert_ne!(first.header("etag"), known);
    edit(&known, "two").await.problem(412);
    edit("nonsense", "two").await.problem(412);
    edit("*", "three").await.expect(200);
    let task = client.task(1).await;
    assert_eq!((task.title.as_str(), task.edit_version), ("three", 3));
    // Nobody starts or cancels, either, what they have not seen.
    let stale = [("if-match", known.as_str())];
    for (method, path) in [
        (Method::POST, "/api/tasks/1/start"),
        (Method::POST, "/api/tasks/1/cancel"),
        (Method::DELETE, path),
    ] {
        client.send(method, path, &stale, "").await.problem(412);
    }
    // What is no edit of a person's field leaves it, and is a change all the same.
    let before = task.version;
    client
        .post("/api/tasks/1/start", &json!({}))
        .await
        .expect(200);
    let task = client.task(1).await;
    assert_eq!(task.edit_version, 3);
    assert!(task.version > before);
    let now = [("if-match", "\"3\"")];
    client
        .send(Method::DELETE, path, &now, "")
        .await
        .expect(200);

    let new = json!({"name": "web"});
    let made = client.post("/api/projects", &new).await.expect(201);
    let seen = [("if-match", made.header("etag"))];
    let path = "/api/projects/web";
    let title = json!({"title": "Web"});
    client.patch(path, &title).await.expect(200);
    client
        .send(Method::DELETE, path, &seen, "")
        .await
        .problem(412);
    client.get(path).await.expect(200);
}
