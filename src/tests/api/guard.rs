//! Who is let in: the local user, and no other web site in the same browser.

use axum::http::Method;
use serde_json::json;

use crate::tests::support::TestApp;

/// A new task as the form of a page sends it.
const FORM: &str = "description=x&title=&priority=normal&agent=&labels=";

#[tokio::test]
async fn other_host_names_are_refused_everywhere() {
    let app = TestApp::start().await;
    let client = app.client();
    for host in [
        "evil.example",
        "evil.example:8766",
        "localhost.evil.example",
        "10.0.0.1",
        "[::2]",
    ] {
        for path in [
            "/",
            "/api/tasks",
            "/api/nothing",
            "/ws",
            "/metrics",
            "/pkg/x.js",
        ] {
            client
                .send(Method::GET, path, &[("host", host)], "")
                .await
                .problem(403);
        }
    }
    for host in ["localhost", "LocalHost:1", "127.0.0.1:8766", "[::1]:8766"] {
        client
            .send(Method::GET, "/api/tasks", &[("host", host)], "")
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn other_web_sites_change_nothing() {
    let app = TestApp::start().await;
    let client = app.client();
    let (task, form) = (json!({"description": "x"}).to_string(), FORM.to_owned());
    let own = format!("http://{}", app.address());
    for (header, value, refused) in [
        ("sec-fetch-site", "cross-site", true),
        ("sec-fetch-site", "same-site", true),
        ("sec-fetch-site", "same-origin", false),
        ("sec-fetch-site", "none", false),
        ("origin", "http://evil.example", true),
        ("origin", "http://localhost:1", true),
        ("origin", "null", true),
        ("origin", own.as_str(), false),
    ] {
        // What a page may send without asking first.
        for (path, kind, body, welcome) in [
            ("/api/tasks", "text/plain", &task, 201),
            (
                "/rpc/tasks/create",
                "application/x-www-form-urlencoded",
                &form,
                200,
            ),
        ] {
            let headers = [(header, value), ("content-type", kind)];
            let answer = client
                .send(Method::POST, path, &headers, body.clone())
                .await;
            if refused {
                answer.problem(403);
            } else {
                answer.expect(welcome);
            }
        }
        let headers = [(header, value)];
        let answer = client
            .send(Method::DELETE, "/api/tasks/99", &headers, "")
            .await;
        answer.problem(if refused { 403 } else { 404 });
    }
    let tasks = client.get("/api/tasks").await.expect(200).json();
    assert_eq!(tasks.as_array().map(Vec::len), Some(6));
    // Looking is safe, since nobody else can read the answer.
    let looking = [("origin", "http://evil.example")];
    let answer = client
        .send(Method::GET, "/api/tasks", &looking, "")
        .await
        .expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn what_a_page_sends_and_nobody_can_read_is_the_callers_fault() {
    let app = TestApp::start().await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    let json = ("content-type", "application/json");
    for (path, kind, body) in [
        ("/rpc/tasks/create", form, "priority=high"),
        ("/rpc/tasks/create", form, "%ff%fe=&&&"),
        ("/rpc/tasks/cancel", form, ""),
        ("/rpc/tasks/list", json, "{"),
        ("/rpc/tasks/view", json, "[1]"),
    ] {
        let answer = app.client().send(Method::POST, path, &[kind], body).await;
        assert_eq!(answer.status, 400, "{path} {body}: {answer:?}");
        let error = answer.json();
        assert_eq!(error["kind"], "Malformed", "{path} {body}");
        assert_ne!(error["detail"], "", "{path} {body}");
    }
}

#[tokio::test]
async fn other_web_sites_open_no_socket() {
    let app = TestApp::start().await;
    let own = format!("http://{}", app.address());
    for (origin, status) in [
        ("http://evil.example", 403),
        ("null", 403),
        (own.as_str(), 101),
    ] {
        let headers = [
            ("origin", origin),
            ("connection", "upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let answer = app
            .client()
            .try_send(Method::GET, "/ws", &headers, "")
            .await;
        assert_eq!(answer.map(|answer| answer.status), Ok(status), "{origin}");
    }
    app.client().get("/ws").await.problem(400);
}

#[tokio::test]
async fn every_answer_is_hardened() {
    let app = TestApp::start().await;
    for path in ["/", "/api/tasks", "/api/nothing", "/healthz"] {
        let answer = app.client().get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
    }
}
