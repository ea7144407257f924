//! Parameters in the query: those that are not known are refused, and lists come in pages.

use axum::http::Method;
use serde_json::{Value, json};

use crate::tests::support::TestApp;

#[tokio::test]
async fn an_unknown_parameter_is_refused_everywhere() {
    let app = TestApp::start().await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    let document = client.get("/api/openapi.json").await.expect(200).json();
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        if !path.starts_with("/api/") {
            continue;
        }
        for (method, operation) in methods.as_object().unwrap() {
            let refusal = &operation["responses"]["422"]["$ref"];
            assert_eq!(
                refusal, "#/components/responses/Invalid",
                "{method} {path} says so"
            );
            let path = path.replace("{id}", "1").replace(['{', '}'], "");
            let method: Method = method.to_uppercase().parse().unwrap();
            let path = format!("{path}?nope=1");
            client.send(method, &path, &[], "{}").await.invalid("nope");
            asked += 1;
        }
    }
    assert!(asked > 30, "{asked}");
    client.get("/api/openapi.json?nope=1").await.invalid("nope");
    // What is known stays known.
    client
        .get("/api/tasks?status=pending&limit=1")
        .await
        .expect(200);
    client.get("/api/docs/?nope=1").await.expect(200);
    client.get("/api/nothing?nope=1").await.problem(404);
}

#[tokio::test]
async fn what_no_parameter_may_hold_is_refused() {
    let app = TestApp::start().await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    let long = "x".repeat(2001);
    for (path, query, field) in [
        ("/api/tasks", "q=%00", "q"),
        ("/api/tasks", "q=%ff", "q"),
        ("/api/tasks", "agent=a&agent=b", "agent"),
        ("/api/tasks", "limit=1&limit=2", "limit"),
        ("/api/tasks", "limit=0", "limit"),
        ("/api/tasks", "limit=1001", "limit"),
        ("/api/tasks", "limit=-1", "limit"),
        ("/api/agents", "cursor=%ff", "cursor"),
        ("/api/loops", "cursor=x", "cursor"),
        ("/api/activity", "cursor=%00", "cursor"),
        ("/api/tasks/1/logs", "since=yesterday", "since"),
        ("/api/tasks/1/logs", "since=2026-11-22T08:30:00", "since"),
        ("/api/tasks", &format!("q={long}"), "q"),
    ] {
        client.get(&format!("{path}?{query}")).await.invalid(field);
    }
    for query in ["q=%ef%bf%bd", "q=%F0%9F%A6%80", "label=a%20b", "q="] {
        client.get(&format!("/api/tasks?{query}")).await.expect(200);
    }
    for time in [
        "2026-11-22T08:30:00%2B02:00",
        // As it is sent by whoever forgets to encode it.
        "2026-11-22T08:30:00+0200",
        "2026-11-22T08:30Z",
        "2026-11-22%2008:30:00Z",
    ] {
        let logs = format!("/api/tasks/1/logs?since={time}&until={time}");
        client.get(&logs).await.expect(200);
    }
}

#[tokio::test]
async fn every_short_list_comes_in_pages_too() {
    let urls = [
        "ws://127.0.0.1:9/",
        "ws://127.0.0.2:9/",
        "ws://127.0.0.3:9/",
    ];
    let urls = urls.map(str::to_owned).to_vec();
    let app = TestApp::following(crate::tests::support::Engine::Sqlite, urls, 120).await;
    let client = app.client();
    for name in ["a", "b", "c"] {
        client.register(name, 1).await;
        let project = json!({"name": name});
        client.post("/api/projects", &project).await.expect(201);
    }
    for (path, of) in [
        ("/api/agents", "name"),
        ("/api/projects", "name"),
        ("/api/loops", "url"),
    ] {
        let whole: Vec<Value> = client.get(path).await.expect(200).to();
        let mut next = Some(format!("{path}?limit=2"));
        let mut paged: Vec<Value> = Vec::new();
        let mut answers = 0;
        while let Some(page) = next {
            let answer = client.get(&page).await.expect(200);
            next = answer.next_page();
            paged.extend(answer.to::<Vec<Value>>());
            answers += 1;
        }
        let names = |all: &[Value]| all.iter().map(|it| it[of].clone()).collect::<Vec<_>>();
        assert_eq!(names(&paged), names(&whole), "{path}");
        assert_eq!(answers, 2, "{path}");
    }
}
