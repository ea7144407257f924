//! What is sent has the shape that the document describes: a list is no object, an object is no word, and
//! what is JSON is never called anything else.

use axum::http::Method;
use serde_json::{Value, json};

use crate::domain::LogEntry;
use crate::tests::support::{Answer, TestApp};

/// Refused requests: method, address, body, and the field that is named.
fn table() -> Vec<(Method, &'static str, Value, &'static str)> {
    let (task, logs) = ("/api/tasks/1", "/api/tasks/1/logs");
    let mut table = Vec::new();
    // Lists for the fields of objects.
    for (method, path) in [
        (Method::POST, "/api/tasks"),
        (Method::PATCH, task),
        (Method::POST, "/api/tasks/1/input"),
        (Method::POST, "/api/tasks/1/retry"),
        (Method::POST, "/api/agents"),
        (Method::POST, "/api/agents/worker/heartbeat"),
        (Method::POST, "/api/agents/worker/stop"),
        (Method::POST, "/api/projects"),
        (Method::PATCH, "/api/projects/default"),
    ] {
        for list in [json!([]), json!(["x"]), json!(["x", null, "y"])] {
            table.push((method.clone(), path, list, "body"));
        }
    }
    for (change, field) in [
        (json!({"usage": []}), "usage"),
        (json!({"usage": ["u1", "m"]}), "usage"),
        (
            json!({"usage": {"input_tokens_details": [5]}}),
            "usage.input_tokens_details",
        ),
        (json!({"question": ["which?"]}), "question"),
        (
            json!({"question": {"text": "x", "options": [["a", "b"]]}}),
            "question.options[0]",
        ),
        (
            json!({"question": {"text": "x", "kind": {"input": null}}}),
            "question.kind",
        ),
    ] {
        table.push((Method::PATCH, task, change, field));
    }
    // Anything but text for words.
    for wrong in [
        json!(1),
        json!(true),
        json!(["high"]),
        json!({"high": null}),
    ] {
        let new = json!({"description": "x", "priority": wrong});
        table.push((Method::POST, "/api/tasks", new, "priority"));
        let change = json!({"priority": wrong});
        table.push((Method::PATCH, task, change, "priority"));
    }
    for wrong in [json!(5), json!({"running": null}), json!(["running"])] {
        let new = json!({"description": "x", "agent": "a", "status": wrong});
        table.push((Method::POST, "/api/tasks", new, "status"));
        table.push((Method::PATCH, task, json!({"status": wrong}), "status"));
    }
    for wrong in [json!(5), json!({"stdout": null}), json!(["stdout"])] {
        let entry = json!({"message": "x", "stream": wrong});
        table.push((Method::POST, logs, entry, "stream"));
    }
    for wrong in [
        json!(35),
        json!(30.5),
        json!(-30),
        json!([30]),
        json!({"warn": null}),
    ] {
        let entry = json!({"message": "x", "level": wrong});
        table.push((Method::POST, logs, entry, "level"));
    }
    let entries = json!([["hello", null, "warn", "agent", {}]]);
    table.push((Method::POST, logs, entries, "[0]"));
    for wrong in [json!(5), json!({"kill": null})] {
        let stop = json!({"mode": wrong});
        table.push((Method::POST, "/api/agents/worker/stop", stop, "mode"));
    }
    table
}

#[tokio::test]
async fn what_has_another_shape_than_the_document_says_is_refused() {
    let app = TestApp::start().await;
    let client = app.client();
    client.register("worker", 1).await;
    let external = json!({"description": "x", "status": "running", "agent": "laptop"});
    client.create(external).await;
    for (method, path, body, field) in table() {
        let answer = client.send(method, path, &[], body.to_string()).await;
        answer.invalid(field);
    }
    let lines = [("content-type", "application/x-ndjson")];
    let answer = client
        .send(Method::POST, "/api/tasks/1/logs", &lines, "[\"hello\"]")
        .await;
    answer.invalid("line 1");
    let logs = client.get("/api/tasks/1/logs").await.expect(200).json();
    assert_eq!(logs, json!([]));
    let usage = client.get("/api/tasks/1/usage").await.expect(200).json();
    assert_eq!(usage, json!([]));
}

async fn detail(answer: impl Future<Output = Answer>) -> String {
    let problem = answer.await.problem(422);
    problem["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_wrong_word_is_answered_with_the_right_ones() {
    let app = TestApp::start().await;
    let client = app.client();
    client.register("worker", 1).await;
    client.create(json!({"description": "x"})).await;
    let priority = "priority must be one of low, normal, high, urgent";
    for wrong in [json!(1), json!("odd"), json!("a`b`, expected `c`")] {
        let new = json!({"description": "x", "priority": wrong});
        assert_eq!(detail(client.post("/api/tasks", &new)).await, priority);
    }
    let stop = json!({"mode": 5});
    let words = detail(client.post("/api/agents/worker/stop", &stop)).await;
    assert_eq!(words, "mode must be drain or kill");
    for (question, words) in [
        (
            json!(3),
            "question must be text, or an object with text and options",
        ),
        (json!({}), "question: text is required"),
        (json!({"text": 7}), "question.text must be text"),
        (
            json!({"text": "x", "kind": "odd"}),
            "question.kind must be one of input, permission, approval",
        ),
        (
            json!({"text": "x", "colour": 1}),
            "question.colour is not known here; there are text, kind, options, expires_at",
        ),
        (
            json!({"text": "x", "options": [{}]}),
            "question.options[0]: an option has an id or a label",
        ),
    ] {
        let change = json!({"status": "needs_input", "question": question});
        assert_eq!(detail(client.patch("/api/tasks/1", &change)).await, words);
    }
}

#[tokio::test]
async fn what_is_nested_too_deep_is_json_all_the_same() {
    let app = TestApp::start().await;
    let client = app.client();
    let external = json!({"description": "x", "status": "running", "agent": "laptop"});
    client.create(external).await;
    let (task, logs) = ("/api/tasks/1", "/api/tasks/1/logs");
    for depth in [65, 126, 127, 128, 1000, 100_000] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for (method, path, body, field) in [
            (
                Method::POST,
                "/api/tasks",
                format!("{{\"description\": \"x\", \"metadata\": {{\"k\": {deep}}}}}"),
                "metadata",
            ),
            (
                Method::PATCH,
                task,
                format!("{{\"result\": {deep}}}"),
                "result",
            ),
            (
                Method::POST,
                logs,
                format!("{{\"message\": \"x\", \"fields\": {{\"k\": {deep}}}}}"),
                "fields",
            ),
        ] {
            let answer = client.send(method, path, &[], body).await;
            let problem = answer.problem(422);
            let said = problem["detail"].as_str().unwrap();
            let words = "must be nested at most 64 levels deep";
            assert_eq!(said, format!("{field} {words}"), "{depth}");
        }
        let open = format!("{{\"result\": {}", "[".repeat(depth));
        let answer = client.send(Method::PATCH, task, &[], open).await;
        assert_eq!(answer.problem(400)["code"], "malformed_json");
    }
}

#[tokio::test]
async fn a_level_is_read_under_its_usual_names() {
    let app = TestApp::start().await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    let levels = [
        (json!(10), "debug"),
        (json!(20), "debug"),
        (json!(30), "info"),
        (json!(40), "warn"),
        (json!(50), "error"),
        (json!(60), "error"),
        (json!("Trace"), "debug"),
        (json!("NOTICE"), "info"),
        (json!("warning"), "warn"),
        (json!("fatal"), "error"),
    ];
    let entries: Vec<_> = levels
        .iter()
        .map(|(level, _)| json!({"message": "x", "level": level}))
        .collect();
    let logs = "/api/tasks/1/logs";
    client.post(logs, &json!(entries)).await.expect(202);
    let stored: Vec<LogEntry> = client.get(logs).await.expect(200).to();
    let stored: Vec<_> = stored.iter().map(|entry| entry.level.as_str()).collect();
    assert_eq!(stored, levels.map(|(_, level)| level));
}

#[tokio::test]
async fn what_is_quoted_in_a_refusal_is_short() {
    let app = TestApp::start().await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    let long = "k".repeat(1_900_000);
    for (method, path, body) in [
        (
            Method::POST,
            "/api/tasks",
            json!({"description": "x", &long: 1}),
        ),
        (
            Method::POST,
            "/api/tasks",
            json!({"description": "x", "priority": long}),
        ),
        (
            Method::POST,
            "/api/tasks",
            json!({"description": "x", "start_after": long}),
        ),
        (
            Method::POST,
            "/api/tasks",
            json!({"description": "x", "agent": long}),
        ),
        (Method::PATCH, "/api/tasks/1", json!({"usage": {&long: 1}})),
        (
            Method::PATCH,
            "/api/tasks/1",
            json!({"usage": {"cost_usd": long}}),
        ),
        (
            Method::PATCH,
            "/api/tasks/1",
            json!({"metadata": {&long: 9_007_199_254_740_993_u64}}),
        ),
        (
            Method::POST,
            "/api/tasks/1/logs",
            json!([{"message": "x", &long: 1}]),
        ),
        (Method::POST, "/api/projects", json!({"name": long})),
    ] {
        let answer = client.send(method, path, &[], body.to_string()).await;
        let length = answer.body.len();
        let problem = answer.problem(422);
        assert!(length < 12_000, "{path}: {length} bytes");
        assert!(problem["errors"][0]["message"].is_string(), "{problem}");
    }
    let lines = [("content-type", "application/x-ndjson")];
    let line = json!({"message": "x", &long: 1}).to_string();
    let answer = client
        .send(Method::POST, "/api/tasks/1/logs", &lines, line)
        .await;
    assert!(answer.body.len() < 12_000, "{} bytes", answer.body.len());
    answer.invalid("line 1");
    let long = "n".repeat(20_000);
    let answer = client.get(&format!("/api/tasks?{long}=1")).await;
    assert!(answer.body.len() < 12_000, "{} bytes", answer.body.len());
    answer.problem(422);
}
