//! The OpenAPI document and the page that shows it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::tests::support::TestApp;

/// Every route of the public interface, as a person would list them.
const ROUTES: [&str; 41] = [
    "get /healthz",
    "get /metrics",
    "get /readyz",
    "get /api/agents",
    "get /api/agents/{name}",
    "get /api/loops",
    "get /api/sessions",
    "get /api/sessions/{id}",
    "get /api/sessions/{id}/events",
    "get /api/sessions/{id}/events/export",
    "get /api/sessions/{id}/events/{event_id}",
    "get /api/sessions/{id}/findings",
    "get /api/sessions/{id}/findings/{fingerprint}",
    "get /api/sessions/{id}/metrics",
    "get /api/state",
    "get /api/stats",
    "get /api/tasks",
    "get /api/tasks/{id}",
    "get /api/tasks/{id}/logs",
    "get /api/tasks/{id}/activity",
    "get /api/tasks/{id}/usage",
    "get /api/activity",
    "delete /api/tasks/{id}",
    "patch /api/tasks/{id}",
    "post /api/agents",
    "post /api/agents/{name}/claim",
    "post /api/agents/{name}/heartbeat",
    "post /api/agents/{name}/start",
    "post /api/agents/{name}/stop",
    "post /api/events",
    "post /api/sessions/{id}/findings/{fingerprint}/accept",
    "post /api/tasks",
    "post /api/tasks/{id}/input",
    "post /api/tasks/{id}/logs",
    "post /api/tasks/{id}/retry",
    "post /events",
    "get /api/projects",
    "post /api/projects",
    "get /api/projects/{name}",
    "patch /api/projects/{name}",
    "delete /api/projects/{name}",
];

#[tokio::test]
async fn the_document_covers_every_route_and_no_other() {
    let app = TestApp::start().await;
    let document = app
        .client()
        .get("/api/openapi.json")
        .await
        .expect(200)
        .json();
    let mut found = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            found.insert(format!("{method} {path}"));
            assert!(
                operation["responses"]
                    .as_object()
                    .is_some_and(|all| !all.is_empty())
            );
            let summary = operation["summary"].as_str().unwrap_or_default();
            assert!(!summary.is_empty(), "{method} {path} says what it does");
        }
    }
    let mut expected: BTreeSet<String> = ROUTES.into_iter().map(str::to_owned).collect();
    for action in ["start", "cancel"] {
        expected.insert(format!("post /api/tasks/{{id}}/{action}"));
    }
    assert_eq!(found, expected);
    // A route that is documented exists: whatever it says, it is not "no such address".
    for route in &expected {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path
            .replace("{id}", "1")
            .replace("{name}", "x")
            .replace("{fingerprint}", "x");
        let method = method.to_uppercase().parse().unwrap();
        let answer = app.client().send(method, &path, &[], "{}").await;
        let nothing = answer.status == 404 && answer.text().contains("there is nothing at");
        assert!(!nothing && answer.status != 405, "{route}: {answer:?}");
    }
}

#[tokio::test]
async fn the_document_agrees_with_what_is_answered() {
    let app = TestApp::start().await;
    let client = app.client();
    let document = client.get("/api/openapi.json").await.expect(200).json();
    let names = |value: &Value| -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    client.create(serde_json::json!({"description": "x"})).await;
    client.register("worker", 1).await;
    client
        .post("/api/tasks/1/logs", &serde_json::json!({"message": "x"}))
        .await
        .expect(202);
    let data = serde_json::json!({"step": "diagnose", "success": true, "findings": ["x"]});
    let event = serde_json::json!({"session_id": "s", "event_type": "STEP_COMPLETE",
        "iteration": 1, "data": data});
    client.post("/api/events", &event).await.expect(202);
    let schemas = &document["components"]["schemas"];
    for (schema, path, list) in [
        ("Task", "/api/tasks", true),
        ("Project", "/api/projects", true),
        ("Agent", "/api/agents", true),
        ("LogEntry", "/api/tasks/1/logs", true),
        ("Problem", "/api/tasks/9", false),
        ("Session", "/api/sessions/s", false),
        ("SessionEvent", "/api/sessions/s/events", true),
        ("IterationMetrics", "/api/sessions/s/metrics", true),
        ("Finding", "/api/sessions/s/findings", true),
        ("SessionStats", "/api/stats", false),
        ("LatestState", "/api/state", false),
    ] {
        let answer = client.get(path).await.json();
        let object = if list { &answer[0] } else { &answer };
        let documented = names(&schemas[schema]["properties"]);
        let answered = names(object);
        let extra: Vec<_> = answered.difference(&documented).collect();
        let missing: Vec<_> = documented
            .difference(&answered)
            // They are there when there is something to say.
            .filter(|name| !["errors", "partial"].contains(&name.as_str()))
            .collect();
        assert!(
            extra.is_empty() && missing.is_empty(),
            "{schema}: {extra:?} {missing:?}"
        );
    }
    // Every reference leads somewhere.
    let text = document.to_string();
    let references = text.split("\"#/components/schemas/").skip(1);
    let names: BTreeSet<_> = references.filter_map(|it| it.split('"').next()).collect();
    for name in &names {
        assert!(schemas.get(name).is_some(), "{name}");
    }
    assert!(names.contains("Task") && names.len() > 20, "{names:?}");
}

#[tokio::test]
async fn the_page_of_the_document_needs_no_other_server() {
    let app = TestApp::start().await;
    let client = app.client();
    let near = client.get("/api/docs").await;
    assert!(
        (300..400).contains(&near.status) || near.status == 200,
        "{near:?}"
    );
    let page = client.get("/api/docs/").await.expect(200).text();
    for outside in ["http://", "https://", "src=\"//", "href=\"//"] {
        assert!(!page.contains(outside), "{outside} in {page}");
    }
    let mut files = 0;
    for part in page
        .split(['"', '\''])
        .filter(|part| part.ends_with(".js") || part.ends_with(".css"))
    {
        let path = format!("/api/docs/{}", part.trim_start_matches("./"));
        assert!(!client.get(&path).await.expect(200).body.is_empty());
        files += 1;
    }
    assert!(files >= 3, "{page}");
    let script = client
        .get("/api/docs/swagger-initializer.js")
        .await
        .expect(200)
        .text();
    assert!(
        script.contains("/api/openapi.json") && !script.contains("https://"),
        "{script}"
    );
}

#[tokio::test]
async fn the_document_names_every_refusal_that_was_seen() {
    let app = TestApp::start().await;
    let document = app
        .client()
        .get("/api/openapi.json")
        .await
        .expect(200)
        .json();
    for (path, method, statuses) in [
        (
            "/api/tasks",
            "post",
            "201 400 403 409 413 415 422 500 503 507",
        ),
        ("/api/tasks", "get", "200 403 422 500 503"),
        (
            "/api/tasks/{id}",
            "patch",
            "200 400 403 404 409 412 413 415 422 500 503 507",
        ),
        (
            "/api/tasks/{id}",
            "delete",
            "200 202 400 403 404 409 412 422 500 503 507",
        ),
        (
            "/api/tasks/{id}/retry",
            "post",
            "201 400 403 404 409 413 415 422 500 503 507",
        ),
        (
            "/api/tasks/{id}/logs",
            "post",
            "202 400 403 404 409 413 415 422 500 503 507",
        ),
        (
            "/api/agents/{name}/claim",
            "post",
            "200 204 400 403 404 409 422 500 503 507",
        ),
        (
            "/api/agents/{name}/stop",
            "post",
            "200 400 403 404 409 413 415 422 500 503 507",
        ),
        ("/readyz", "get", "200 403 500 503"),
        ("/healthz", "get", "200 403"),
    ] {
        let answers = document["paths"][path][method]["responses"]
            .as_object()
            .unwrap();
        let named: Vec<_> = answers.keys().map(String::as_str).collect();
        assert_eq!(named.join(" "), statuses, "{method} {path}");
    }
}
