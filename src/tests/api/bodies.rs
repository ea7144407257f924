//! How bodies are read: of which types, packed or not, and up to which size.

use std::io::Write as _;

use axum::http::Method;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::tests::support::{Answer, TestApp};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

async fn create(app: &TestApp, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Answer {
    let body: Vec<u8> = body.into();
    app.client()
        .send(Method::POST, "/api/tasks", headers, body)
        .await
}

#[track_caller]
fn unread(answer: Answer, code: &str) {
    let problem = answer.problem(415);
    assert_eq!(problem["code"], code, "{problem}");
}

#[tokio::test]
async fn json_is_read_from_its_types_and_no_other() {
    let app = TestApp::start().await;
    let task = r#"{"description": "x"}"#;
    for kind in [
        "",
        "application/json",
        "APPLICATION/JSON; Charset=UTF-8",
        "application/json;charset=\"utf-8\"",
        "text/json",
        "application/vnd.kimi+json",
        "application/problem+JSON",
        "application/x-www-form-urlencoded",
    ] {
        create(&app, &[("content-type", kind)], task)
            .await
            .expect(201);
    }
    create(&app, &[], task).await.expect(201);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    create(&app, &form, "  \n{\"description\": \"x\"}")
        .await
        .expect(201);
    unread(
        create(&app, &form, "description=x").await,
        "media_type_not_read",
    );
    unread(create(&app, &form, "\"x\"").await, "media_type_not_read");
    for kind in [
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/json, text/plain",
        "application/json; charset=utf-16",
        "application/x-ndjson",
    ] {
        let answer = create(&app, &[("content-type", kind)], task).await;
        unread(answer, "media_type_not_read");
    }
    // Where nothing is sent, nothing is read.
    app.client().delete("/api/tasks/1").await.expect(200);
    let plain = [("content-type", "text/plain")];
    let retry = app
        .client()
        .send(Method::POST, "/api/tasks/1/retry", &plain, "");
    retry.await.expect(201);
}

#[tokio::test]
async fn lines_are_read_under_all_their_names() {
    let app = TestApp::start().await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    let lines = "\u{feff}{\"message\": \"a\"}\n\n{\"message\": \"b\"}";
    for kind in [
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/x-jsonlines",
        "Application/NDJSON; charset=utf-8",
    ] {
        let kind = [("content-type", kind)];
        let answer = client
            .send(Method::POST, "/api/tasks/1/logs", &kind, lines)
            .await;
        assert_eq!(answer.expect(202).json()["accepted"], 2, "{kind:?}");
    }
    let kind = [("content-type", "text/csv")];
    let answer = client
        .send(Method::POST, "/api/tasks/1/logs", &kind, lines)
        .await;
    unread(answer, "media_type_not_read");
}

#[tokio::test]
async fn a_byte_order_mark_is_skipped() {
    let app = TestApp::start().await;
    let client = app.client();
    create(&app, &[], "\u{feff}{\"description\": \"x\"}")
        .await
        .expect(201);
    let event = "\u{feff}{\"session_id\": \"s\", \"event_type\": \"X\"}";
    for path in ["/api/events", "/events"] {
        client
            .send(Method::POST, path, &[], event)
            .await
            .expect(202);
    }
    // One is a mark, two are not.
    let twice = create(&app, &[], "\u{feff}\u{feff}{\"description\": \"x\"}").await;
    twice.problem(400);
}

#[tokio::test]
async fn a_packed_body_is_read_within_the_limits_of_a_plain_one() {
    let app = TestApp::start().await;
    let client = app.client();
    let task = br#"{"description": "packed"}"#;
    let packed = gzip(task);
    for name in ["gzip", "GZip", "x-gzip"] {
        create(&app, &[("content-encoding", name)], packed.clone())
            .await
            .expect(201);
    }
    let encoding = [("content-encoding", "gzip")];
    // Several members are one text.
    let members = [gzip(&task[..9]), gzip(&task[9..])].concat();
    let task = create(&app, &encoding, members).await.expect(201).json();
    assert_eq!(task["description"], "packed");
    create(
        &app,
        &[("content-encoding", "identity")],
        r#"{"description": "x"}"#,
    )
    .await
    .expect(201);
    for cut in [1, 9, packed.len() - 9, packed.len() - 1] {
        let problem = create(&app, &encoding, &packed[..cut]).await.problem(400);
        assert_eq!(problem["code"], "malformed_request", "{problem}");
    }
    create(&app, &encoding, "{}").await.problem(400);
    create(&app, &encoding, [packed.clone(), b"junk".to_vec()].concat())
        .await
        .problem(400);
    for name in ["br", "deflate", "zstd", "gzip, gzip", "compress"] {
        let answer = create(&app, &[("content-encoding", name)], packed.clone()).await;
        unread(answer, "encoding_not_read");
    }
    // A hundred megabytes of blanks in a hundred kilobytes.
    let bomb = gzip(&vec![b' '; 100 * 1024 * 1024]);
    assert!(bomb.len() < 200_000);
    for path in ["/api/tasks", "/api/events", "/api/tasks/1/logs"] {
        let answer = client
            .send(Method::POST, path, &encoding, bomb.clone())
            .await;
        let problem = answer.problem(413);
        assert_eq!(problem["code"], "body_too_large", "{problem}");
    }
    let entries = vec![json!({"message": "x".repeat(1000)}); 4000];
    let entries = serde_json::to_vec(&entries).unwrap();
    let answer = client
        .send(Method::POST, "/api/tasks/1/logs", &encoding, gzip(&entries))
        .await;
    assert_eq!(answer.expect(202).json()["accepted"], 4000);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_at_every_door() {
    let app = TestApp::start().await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    let large = vec![b' '; 3 * 1024 * 1024];
    for (method, path) in [
        (Method::POST, "/api/tasks"),
        (Method::PATCH, "/api/tasks/1"),
        (Method::POST, "/api/projects"),
        (Method::POST, "/api/agents"),
    ] {
        let problem = client
            .send(method, path, &[], large.clone())
            .await
            .problem(413);
        assert_eq!(problem["code"], "body_too_large", "{problem}");
    }
    // What a page's script sends is answered in the words that the page shows.
    let json = [("content-type", "application/json")];
    let filter = format!("{{\"filter\": {{\"q\": \"{}\"}}}}", "x".repeat(3_000_000));
    let answer = client
        .send(Method::POST, "/rpc/tasks/list", &json, filter)
        .await;
    // Nobody sends the next request behind a body that is not read.
    assert_eq!(answer.header("connection"), "close");
    let error = answer.expect(413).json();
    assert_eq!(error["kind"], "TooLarge");
    let words = error["detail"].as_str().unwrap();
    assert!(words.contains("too much at once"), "{words}");
}
