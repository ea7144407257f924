//! Bad input is refused in words, odd input is taken as it is, and neither breaks the server.

use axum::http::Method;
use serde_json::{Value, json};

use crate::domain::Task;
use crate::tests::support::{Engine, TestApp, on_each_engine, remote};

on_each_engine!(
    every_problem_of_a_new_task_is_named,
    what_is_not_json_is_malformed,
    the_longest_description_is_kept_and_a_longer_one_refused,
    json_that_is_too_deep_breaks_nobody,
    whatever_text_comes_in_the_server_never_fails,
    methods_and_addresses_that_do_not_exist_are_problems,
);

async fn every_problem_of_a_new_task_is_named(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let huge = "x".repeat(64 * 1024);
    for (task, field) in [
        (json!({}), "description"),
        (json!({"description": ""}), "description"),
        (json!({"description": " \t\n"}), "description"),
        (json!({"description": null}), "description"),
        (json!({"description": 7}), "description"),
        (json!({"description": "a\u{0}b"}), "description"),
        (json!({"description": "x", "titel": "y"}), "titel"),
        (json!({"description": "x", "title": "a\u{7}b"}), "title"),
        (
            json!({"description": "x", "title": "🦀".repeat(201)}),
            "title",
        ),
        (
            json!({"description": "x", "priority": "Urgent"}),
            "priority",
        ),
        (json!({"description": "x", "agent": "a b"}), "agent"),
        (json!({"description": "x", "agent": ""}), "agent"),
        (json!({"description": "x", "checks": [{}]}), "checks"),
        (json!({"description": "x", "on_gaps": "fail"}), "on_gaps"),
        (
            json!({"description": "x", "max_cost_usd": "1"}),
            "max_cost_usd",
        ),
        (
            json!({"description": "x", "labels": vec!["l"; 21]}),
            "labels",
        ),
        (
            json!({"description": "x", "labels": ["🦀".repeat(51)]}),
            "labels",
        ),
        (json!({"description": "x", "labels": [" l"]}), "labels"),
        (json!({"description": "x", "labels": [7]}), "labels[0]"),
        (
            json!({"description": "x", "timeout_seconds": 0}),
            "timeout_seconds",
        ),
        (
            json!({"description": "x", "timeout_seconds": 604_801}),
            "timeout_seconds",
        ),
        (
            json!({"description": "x", "timeout_seconds": -1}),
            "timeout_seconds",
        ),
        (
            json!({"description": "x", "timeout_seconds": 1.5}),
            "timeout_seconds",
        ),
        (
            json!({"description": "x", "max_attempts": 0}),
            "max_attempts",
        ),
        (
            json!({"description": "x", "max_attempts": 21}),
            "max_attempts",
        ),
        (json!({"description": "x", "metadata": []}), "metadata"),
        (
            json!({"description": "x", "metadata": {"k": huge}}),
            "metadata",
        ),
        (
            json!({"description": "x", "start_after": "tomorrow"}),
            "start_after",
        ),
        (json!("x"), "body"),
        (json!(["x"]), "body"),
        (json!(null), "body"),
    ] {
        client.post("/api/tasks", &task).await.invalid(field);
    }
    let many = json!({"description": "", "labels": [""], "max_attempts": 99});
    let problem = client.post("/api/tasks", &many).await.problem(422);
    assert_eq!(
        problem["errors"].as_array().map(Vec::len),
        Some(3),
        "{problem}"
    );
    // In words for whoever sent it, and all of them at once.
    let zz =
        r#"{"priority": "zz", "labels": [7], "max_attempts": 99, "x": 1, "timeout_seconds": 1.5}"#;
    for (body, words) in [
        ("{}", "description is required"),
        (
            zz,
            "priority must be one of low, normal, high, urgent; labels[0] must be text; \
             x is not known here; there are description, title, project, priority, agent, labels, timeout_seconds, \
             max_attempts, metadata, checks, on_gaps, max_cost_usd, start_after, requires, \
             after, agent_may_come, status; \
             timeout_seconds must be a whole number that is not negative; \
             description is required; max_attempts must be from 1 to 20",
        ),
        (
            r#"{"description": "x", "description": "y"}"#,
            "description is given twice",
        ),
        (
            r#"{"description": "x", "start_after": "soon"}"#,
            "start_after must be an RFC 3339 time such as 2026-11-22T08:30:00Z",
        ),
        (r#""x""#, "body must be an object"),
    ] {
        let answer = client.send(Method::POST, "/api/tasks", &[], body).await;
        let problem = answer.problem(422);
        let mut said: Vec<_> = problem["detail"].as_str().unwrap().split("; ").collect();
        let mut expected: Vec<_> = words.split("; ").collect();
        said.sort_unstable();
        expected.sort_unstable();
        assert_eq!(said, expected);
    }
    let lines = [("content-type", "application/x-ndjson")];
    let body = "{\"message\": \"a\"}\n{\"level\": \"loud\"}\n";
    client.create(json!({"description": "x"})).await;
    let answer = client
        .send(Method::POST, "/api/tasks/1/logs", &lines, body)
        .await;
    let problem = answer.problem(422);
    assert_eq!(
        problem["detail"],
        "line 2 must be one of debug, info, warn, error"
    );
    client.delete("/api/tasks/1").await.expect(200);
    let all: Vec<Task> = client.get("/api/tasks").await.expect(200).to();
    assert_eq!(all.len(), 1);
}

async fn what_is_not_json_is_malformed(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let bodies: [&[u8]; 7] = [
        b"",
        b"{",
        b"description=x",
        b"{\"description\": \"\xff\xfe\"}",
        b"{\"description\": \"\\ud800\"}",
        b"{\"description\": \"x\"} trailing",
        b"{\"description\": \"x\", \"metadata\": {\"n\": 1e999}}",
    ];
    for body in bodies {
        let answer = client
            .send(Method::POST, "/api/tasks", &[], body.to_vec())
            .await;
        let problem = answer.problem(400);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with("the body is "), "{detail}");
    }
    // Given twice is a mistake, not a choice.
    let twice = r#"{"description": "x", "description": "y"}"#;
    let answer = client.send(Method::POST, "/api/tasks", &[], twice).await;
    answer.problem(422);
}

async fn the_longest_description_is_kept_and_a_longer_one_refused(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    for character in ["x", "🦀"] {
        let longest = character.repeat(100_000);
        let task = client.create(json!({"description": longest})).await;
        assert!(task.description == longest, "it came back changed");
        assert_eq!(task.title.chars().count(), 81);
        let stored = client.task(task.number).await;
        assert!(stored.description == longest, "it was stored changed");
        let longer = json!({"description": character.repeat(100_001)});
        client
            .post("/api/tasks", &longer)
            .await
            .invalid("description");
    }
    // Escaped, the same text takes three times the room.
    let escaped = format!(
        "{{\"description\": \"{}\"}}",
        "\\ud83e\\udd80".repeat(100_000)
    );
    client
        .send(Method::POST, "/api/tasks", &[], escaped)
        .await
        .expect(201);
    let huge = json!({"description": "x", "metadata": {"k": "x".repeat(3_000_000)}});
    client.post("/api/tasks", &huge).await.problem(413);
}

async fn json_that_is_too_deep_breaks_nobody(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    client.create(json!({"description": "x"})).await;
    let (_, lease) = client.claim("worker").await;
    let (lease, entries) = ([("lease", lease.as_str())], "/api/tasks/1/logs");
    for depth in [30, 64, 100, 120, 124, 125, 126, 127, 128, 1000, 100_000] {
        let deep = nested(depth);
        let bodies = [
            (
                Method::POST,
                "/api/tasks",
                format!("{{\"description\": \"x\", \"metadata\": {{\"k\": {deep}}}}}"),
            ),
            (
                Method::PATCH,
                "/api/tasks/1",
                format!("{{\"result\": {deep}}}"),
            ),
            (
                Method::POST,
                entries,
                format!("{{\"message\": \"x\", \"fields\": {{\"k\": {deep}}}}}"),
            ),
        ];
        for (method, path, body) in bodies {
            let answer = client.send(method, path, &lease, body).await;
            assert!(answer.status < 500, "{depth}: {answer:?}");
            assert!(depth > 30 || answer.status < 300, "{depth}: {answer:?}");
            assert!(depth < 128 || answer.status >= 400, "{depth}: {answer:?}");
        }
        // Whoever reads lists and the feed stops at 128 levels, too.
        let _tasks: Value = client.get("/api/tasks").await.expect(200).json();
        let _logs: Value = client.get(entries).await.expect(200).json();
    }
}

async fn whatever_text_comes_in_the_server_never_fails(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 1)]).await;
    let client = app.client();
    client
        .create(json!({"description": "x", "agent": "worker"}))
        .await;
    let (_, lease) = client.claim("worker").await;
    for text in [
        "\u{0}",
        "a\u{0}b",
        "\\u0000",
        "\u{feff}",
        "\u{202e}",
        "' or 1=1 --",
        "%00",
        "\u{10ffff}",
        "{}",
    ] {
        // Each is a row of its own, so that what is stored is read back.
        let entry = json!({"message": text, "fields": {text: text}});
        let with = [("lease", lease.as_str())];
        let logs = "/api/tasks/1/logs";
        let answer = client.send(Method::POST, logs, &with, entry.to_string());
        answer.await.expect(202);
        let requests = [
            ("/api/tasks", json!({"description": format!("d{text}")})),
            (
                "/api/tasks",
                json!({"description": "x", "title": text, "labels": [text], "agent": text}),
            ),
            (
                "/api/tasks",
                json!({"description": "x", "metadata": {text: text}}),
            ),
            (
                "/api/tasks",
                json!({"description": "x", "start_after": text}),
            ),
            (
                "/api/tasks/1/logs",
                json!([{"message": text, "level": text}]),
            ),
            ("/api/agents", json!({"name": text})),
            (
                "/api/agents",
                json!({"name": "n", "title": text, "capabilities": [text]}),
            ),
            ("/api/agents/worker/heartbeat", json!({"leases": [text]})),
            ("/api/agents/worker/stop", json!({"mode": text})),
        ];
        for (path, body) in requests {
            let answer = client.post(path, &body).await;
            assert!(answer.status < 500, "{path} {body}: {answer:?}");
        }
        // An answer is stored, too, once there is a question.
        let asks = json!({"status": "needs_input"});
        client.report("1", &lease, &asks).await.expect(200);
        let input = json!({"text": text});
        let answer = client.post("/api/tasks/1/input", &input).await;
        if text.contains('\0') {
            answer.invalid("text");
            let goes_on = json!({"status": "running"});
            client.report("1", &lease, &goes_on).await.expect(200);
        } else {
            answer.expect(200);
        }
        let report = json!({"error": text, "result": {text: text}, "title": text});
        let answer = client.report("1", &lease, &report).await;
        assert!(answer.status < 500, "{report}: {answer:?}");
        let report = json!({"error": text.replace('\0', ""), "result": {text: text}});
        client.report("1", &lease, &report).await.expect(200);
        for path in [
            "/api/tasks",
            "/api/tasks/1",
            "/api/tasks/1/logs",
            "/api/agents",
        ] {
            client.get(path).await.expect(200);
        }
    }
}

async fn methods_and_addresses_that_do_not_exist_are_problems(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    for path in [
        "/api",
        "/api/",
        "/api/nothing",
        "/api/tasks/01",
        "/api/tasks/+1",
    ] {
        client.get(path).await.problem(404);
    }
    let problem = client.get("/ws").await.problem(400);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("speaks WebSocket"), "{detail}");
    client.get("/api/tasks/1/nothing").await.problem(404);
    for (method, path, allowed) in [
        (Method::PUT, "/api/tasks", "POST"),
        (Method::DELETE, "/api/tasks", "GET"),
        (Method::POST, "/api/tasks/1", "PATCH"),
        (Method::GET, "/api/tasks/1/retry", "POST"),
        (Method::PATCH, "/api/agents/x", "GET"),
    ] {
        let answer = client.send(method, path, &[], "{}").await;
        assert!(
            answer.header("allow").contains(allowed),
            "{path}: {answer:?}"
        );
        answer.problem(405);
    }
}
