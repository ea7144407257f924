//! Forms where there is no JavaScript: what a browser sends by itself, and where it is sent then.

use axum::http::Method;
use serde_json::json;

use crate::domain::TaskStatus;
use crate::tests::support::{TestApp, remote};

/// Sends a form from `page` as a browser does; answers where that leads to.
async fn submit(app: &TestApp, action: &str, page: &str, fields: &[(&str, &str)]) -> String {
    let referer = format!("http://{}{page}", app.address());
    let headers = [
        ("accept", "text/html,application/xhtml+xml"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("referer", referer.as_str()),
    ];
    let body = serde_urlencoded::to_string(fields).unwrap();
    let answer = app
        .client()
        .send(Method::POST, action, &headers, body)
        .await
        .expect(302);
    let location = answer.header("location");
    let origin = format!("http://{}", app.address());
    location
        .strip_prefix(&origin)
        .unwrap_or(location)
        .to_owned()
}

fn form<'a>(description: &'a str, labels: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("description", description),
        ("title", "A \"title\""),
        ("priority", "high"),
        ("agent", "worker"),
        ("labels", labels),
    ]
}

#[tokio::test]
async fn a_refused_form_comes_back_with_what_was_typed() {
    let app = TestApp::with(vec![remote("worker", 1)]).await;
    let mut page = "/agents?q=x&new=1".to_owned();
    // Again and again: nothing of the former attempts stays in the address.
    for description in ["sleep <40>", "sleep <41>"] {
        let fields = form(description, "a,b \"c\"");
        page = submit(&app, "/rpc/tasks/create", &page, &fields).await;
        assert!(page.starts_with("/agents?q=x&new=1&draft="), "{page}");
        assert_eq!(page.matches('=').count(), 3, "{page}");
        let html = app.client().get(&page).await.expect(200).text();
        for words in [
            description.replace('<', "&lt;").as_str(),
            "labels: at most 20 labels",
            "A &quot;title&quot;",
            "a,b &quot;c&quot;",
        ] {
            assert!(html.contains(words), "{words} is not in {html}");
        }
        for option in ["value=\"high\" selected", "value=\"worker\" selected"] {
            assert!(html.contains(option), "{option} is not in {html}");
        }
    }
    let page = submit(&app, "/rpc/tasks/create", &page, &form("sleep 40", "a, b")).await;
    assert_eq!(page, "/tasks/1");
    assert_eq!(app.client().task(1).await.labels, ["a", "b"]);
    // What is no longer known is an empty form, and no error.
    app.client()
        .get("/tasks?new=1&draft=gone")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_page_says_no_error_that_its_address_makes_up() {
    let app = TestApp::with(vec![remote("worker", 1)]).await;
    app.client().create(json!({"description": "x"})).await;
    let mut page = "/tasks/1?q=x".to_owned();
    for _ in 0..2 {
        page = submit(&app, "/rpc/tasks/cancel", &page, &[("task", "99")]).await;
        // The latest one only, and only its name.
        assert!(page.starts_with("/tasks/1?q=x&refused="), "{page}");
        assert_eq!(page.matches('=').count(), 2, "{page}");
        let html = app.client().get(&page).await.expect(200).text();
        assert!(html.contains("there is no task #99"), "{html}");
    }
    // Nobody else can make it say something.
    let forged = "eyJraW5kIjoiSW50ZXJuYWwiLCJkZXRhaWwiOiJmb3JnZWQhIiwiZXJyb3JzIjpbXX0";
    for query in [
        format!("__path=%2Frpc%2Ftasks%2Fcancel&__err={forged}"),
        "error=forged!".to_owned(),
        "refused=forged!".to_owned(),
        "new=1&draft=forged!&error=forged!".to_owned(),
    ] {
        let html = app.client().get(&format!("/tasks/1?{query}")).await;
        let html = html.expect(200).text();
        assert!(!html.contains("role=\"alert\""), "{query}: {html}");
        assert!(!html.contains(">forged!"), "{query}: {html}");
    }
    // What went well says nothing of the refusal before it.
    let page = submit(&app, "/rpc/tasks/cancel", &page, &[("task", "1")]).await;
    assert_eq!(page, "/tasks/1?q=x");
    app.client().until(1, TaskStatus::Cancelled).await;
}

#[tokio::test]
async fn what_a_text_field_and_the_title_hold_is_text() {
    let app = TestApp::start().await;
    let client = app.client();
    let description = "\n</textarea></title><b id=\"odd\">&amp;";
    client.create(json!({"description": description})).await;
    client.delete("/api/tasks/1").await.expect(200);
    // The form to try it again with another description.
    let html = client.get("/tasks/1").await.expect(200).text();
    assert!(!html.contains("<b id="), "{html}");
    assert!(
        html.contains("\n\n&lt;/textarea>&lt;/title>&lt;b id=\"odd\">&amp;amp;</textarea>"),
        "{html}"
    );
}

#[tokio::test]
async fn a_form_that_cannot_be_read_is_answered_in_words() {
    let app = TestApp::start().await;
    let page = submit(&app, "/rpc/tasks/cancel", "/tasks", &[("odd", "x")]).await;
    let html = app.client().get(&page).await.expect(200).text();
    assert!(html.contains("reload the page, and try again"), "{html}");
    let long = "x".repeat(3_000_000);
    let page = submit(&app, "/rpc/tasks/create", "/tasks", &form(&long, "")).await;
    let html = app.client().get(&page).await.expect(200).text();
    assert!(html.contains("too much at once"), "{html}");
}

#[tokio::test]
async fn a_form_never_leads_to_another_site() {
    let app = TestApp::start().await;
    app.client().create(json!({"description": "x"})).await;
    for page in [
        "//evil.example/x",
        "//evil.example/x?new=1",
        "/\\evil.example",
    ] {
        for task in ["1", "99"] {
            let location = submit(&app, "/rpc/tasks/cancel", page, &[("task", task)]).await;
            assert!(location.starts_with("/evil.example"), "{page}: {location}");
        }
        let location = submit(&app, "/rpc/tasks/create", page, &form("", "")).await;
        assert!(location.starts_with("/evil.example"), "{page}: {location}");
    }
}

#[tokio::test]
async fn a_form_leads_to_a_page_and_to_nothing_else() {
    let app = TestApp::start().await;
    app.client().create(json!({"description": "x"})).await;
    let whole = format!("http://{}/tasks/1?q=http://x", app.address());
    for (referer, path) in [
        (&*whole, "/tasks/1?q=http%3A%2F%2Fx"),
        ("/tasks/1", "/tasks/1"),
        ("HTTP://localhost/agents", "/agents"),
        ("https://localhost", "/"),
        ("\\\\evil.example", "/"),
        ("\\/evil.example", "/"),
        ("/\t/evil.example", "/evil.example"),
        ("http://localhost/\t\\evil.example", "/evil.example"),
        ("javascript:alert(1)", "/"),
        ("javascript://x/%0aalert(1)", "/"),
        ("data:text/html,<b>x", "/"),
        ("evil.example", "/"),
    ] {
        let headers = [
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("referer", referer),
        ];
        let answer = app
            .client()
            .send(Method::POST, "/rpc/tasks/cancel", &headers, "task=1")
            .await
            .expect(302);
        assert_eq!(answer.header("location"), path, "{referer:?}");
    }
}
