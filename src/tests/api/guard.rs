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
            (
                "/api/tasks",
                "application/x-www-form-urlencoded",
                &task,
                201,
            ),
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
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    let html = ("accept", "text/html");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let foreign = ("origin", "http://evil.example");
    for (method, path, headers, status) in [
        (Method::GET, "/", &[][..], 302),
        (Method::GET, "/tasks", &[], 200),
        (Method::GET, "/nothing", &[], 404),
        (Method::GET, "/tasks/99", &[], 404),
        (Method::POST, "/tasks", &[], 405),
        (Method::GET, "/api/tasks", &[], 200),
        (Method::GET, "/api/nothing", &[], 404),
        (Method::PUT, "/api/tasks", &[], 405),
        (Method::POST, "/api/tasks", &[], 400),
        (Method::DELETE, "/api/tasks/1", &[foreign], 403),
        (Method::GET, "/api/tasks", &[("host", "evil.example")], 403),
        (Method::GET, "/api/openapi.json", &[], 200),
        (Method::GET, "/api/docs/", &[], 200),
        (Method::GET, "/api/docs/swagger-ui-bundle.js", &[], 200),
        (Method::GET, "/healthz", &[], 200),
        (Method::GET, "/metrics", &[], 200),
        (Method::GET, "/ws", &[], 400),
        (Method::GET, "/pkg/nothing.js", &[], 404),
        (Method::POST, "/rpc/tasks/cancel", &[form], 400),
        (Method::POST, "/rpc/tasks/cancel", &[form, html], 302),
    ] {
        let answer = client.send(method.clone(), path, headers, "").await;
        // A first page may be sent on to another.
        assert!(answer.status == status || path == "/", "{path}: {answer:?}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), value, "{method} {path} {name}");
        }
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{method} {path}: {policy}"
        );
        assert!(
            !policy.contains("unsafe-eval\u{20}"),
            "{method} {path}: {policy}"
        );
        assert_ne!(answer.header("x-request-id"), "", "{method} {path}");
    }
}

#[tokio::test]
async fn the_page_of_the_document_may_do_what_it_needs_and_no_more() {
    let app = TestApp::start().await;
    let client = app.client();
    let page = client.get("/api/docs/").await.expect(200);
    let policy = page.header("content-security-policy").to_owned();
    for part in [
        "default-src 'none'",
        "script-src 'self';",
        "connect-src 'self'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{part} is not in {policy}");
    }
    // Its scripts are files of this server; none stands in the page.
    let html = page.text();
    for script in html.split("<script").skip(1) {
        let (tag, rest) = script.split_once('>').unwrap();
        assert!(tag.contains("src=\"./") || tag.contains("src=\"/"), "{tag}");
        assert!(rest.trim_start().starts_with("</script>"), "{rest}");
    }
    assert!(
        !html.contains("http://") && !html.contains("https://"),
        "{html}"
    );
}
