//! Every error is a problem document: with a code that the documentation lists, and with the name of
//! its request, by which it is found in the server's log.

use std::collections::BTreeSet;

use axum::http::Method;
use serde_json::{Value, json};

use crate::domain::Code;
use crate::tests::support::{Answer, Engine, TestApp, on_each_engine, remote};

on_each_engine!(what_conflicts_says_which_conflict_it_is,);

#[tokio::test]
async fn every_code_is_listed_in_the_documentation() {
    let app = TestApp::start().await;
    let client = app.client();
    let document = client.get("/api/openapi.json").await.expect(200).json();
    let listed = document["components"]["schemas"]["Code"]["enum"].as_array();
    let listed: BTreeSet<_> = listed
        .expect("a schema")
        .iter()
        .map(Value::as_str)
        .collect();
    let all: BTreeSet<_> = Code::ALL.iter().map(|code| Some(code.as_str())).collect();
    assert_eq!(listed, all);
    let words = document["info"]["description"].as_str().unwrap();
    for code in Code::ALL {
        let (word, status) = (code.as_str(), code.kind().status());
        let row = format!("| `{word}` | {status} | {} |", code.sentence());
        assert!(words.contains(&row), "{row} is not in {words}");
    }
}

#[tokio::test]
async fn a_problem_has_the_name_of_its_request() {
    let app = TestApp::start().await;
    let client = app.client();
    let mut names = BTreeSet::new();
    for (method, path) in [
        (Method::GET, "/api/tasks/9"),
        (Method::GET, "/api/nothing"),
        (Method::PUT, "/api/tasks"),
        (Method::POST, "/api/tasks"),
        (Method::GET, "/ws"),
    ] {
        let answer = client.send(method, path, &[], "").await;
        assert!(answer.status >= 400, "{path}");
        let name = answer.header("x-request-id").to_owned();
        assert_eq!(answer.json()["request_id"], *name, "{path}");
        assert!(names.insert(name), "each request has a name of its own");
    }
    // A page, a file and what went well have one, too.
    for path in ["/", "/nothing", "/healthz", "/api/tasks"] {
        let answer = client.get(path).await;
        assert!(
            names.insert(answer.header("x-request-id").to_owned()),
            "{path}"
        );
    }
    let sent = [("x-request-id", "trace-17:b3/00.x_y")];
    let answer = client.send(Method::GET, "/api/tasks/9", &sent, "").await;
    assert_eq!(answer.header("x-request-id"), sent[0].1);
    assert_eq!(answer.problem(404)["request_id"], sent[0].1);
    for odd in ["a b", "<b>", "\"x\"", &"x".repeat(129)] {
        let sent = [("x-request-id", odd)];
        let answer = client.send(Method::GET, "/api/tasks/9", &sent, "").await;
        assert_ne!(answer.header("x-request-id"), odd);
        assert!(answer.problem(404)["request_id"].is_string());
    }
}

/// Goes on if this is a problem with this status and code.
#[track_caller]
fn says(answer: Answer, status: u16, code: &str) {
    let problem = answer.problem(status);
    assert_eq!(problem["code"], code, "{problem}");
}

async fn what_conflicts_says_which_conflict_it_is(engine: Engine) {
    let app = TestApp::on(engine, vec![remote("worker", 2)]).await;
    let client = app.client();
    let nothing = json!({});
    let new = json!({"description": "x", "agent": "worker"});
    for _ in 0..3 {
        client.create(new.clone()).await;
    }
    let (_, lease) = client.claim("worker").await;
    let post = async |path: &str| client.post(path, &nothing).await;
    says(post("/api/tasks/1/start").await, 409, "task_not_pending");
    says(post("/api/tasks/2/retry").await, 409, "task_not_retryable");
    says(
        client
            .patch("/api/tasks/1", &json!({"progress": 0.5}))
            .await,
        409,
        "task_held",
    );
    says(
        client
            .patch("/api/tasks/2", &json!({"progress": 0.5}))
            .await,
        409,
        "task_not_running",
    );
    says(
        client
            .patch("/api/tasks/2", &json!({"status": "completed"}))
            .await,
        409,
        "transition_not_allowed",
    );
    says(
        client
            .report("1", "another", &json!({"progress": 0.5}))
            .await,
        409,
        "lease_lost",
    );
    says(
        client
            .post("/api/tasks/1/input", &json!({"text": "x"}))
            .await,
        409,
        "question_not_open",
    );
    let done = json!({"status": "completed"});
    client.report("1", &lease, &done).await.expect(200);
    says(client.delete("/api/tasks/1").await, 409, "task_finished");
    says(
        client
            .patch("/api/tasks/1", &json!({"status": "failed"}))
            .await,
        409,
        "task_finished",
    );
    client.delete("/api/tasks/2").await.expect(200);
    post("/api/tasks/2/retry").await.expect(201);
    says(post("/api/tasks/2/retry").await, 409, "task_retried");
    let stale = [("if-match", "\"99\"")];
    let change = json!({"title": "y"}).to_string();
    let answer = client.send(Method::PATCH, "/api/tasks/3", &stale, change);
    says(answer.await, 412, "changed_meanwhile");
    let default = json!({"name": "default"});
    says(
        client.post("/api/projects", &default).await,
        409,
        "project_exists",
    );
    says(
        client.delete("/api/projects/default").await,
        409,
        "project_is_default",
    );
    let key = [("idempotency-key", "k")];
    for (body, status) in [
        (new.to_string(), 201),
        (json!({"description": "z"}).to_string(), 422),
    ] {
        let answer = client.send(Method::POST, "/api/tasks", &key, body).await;
        if status == 422 {
            says(answer, 422, "idempotency_key_reused");
        } else {
            answer.expect(status);
        }
    }
    for (path, code) in [
        ("/api/tasks/99", "task_not_found"),
        ("/api/agents/nobody", "agent_not_found"),
        ("/api/projects/nothing", "project_not_found"),
        ("/api/sessions/none", "session_not_found"),
        ("/api/nothing", "no_such_address"),
    ] {
        says(client.get(path).await, 404, code);
    }
    says(
        client.post("/api/tasks", &nothing).await,
        422,
        "invalid_input",
    );
    let cut = client.send(Method::POST, "/api/tasks", &[], "{").await;
    says(cut, 400, "malformed_json");
}
