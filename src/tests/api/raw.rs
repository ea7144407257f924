//! Requests as no well-behaved client writes them: each is answered in words, and none breaks anything.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::tests::support::{PATIENCE, TestApp};

/// What came back: status, headers in lower case, and body.
struct Raw {
    status: u16,
    head: String,
    body: String,
}

/// Sends these bytes and nothing after them; reads until the server closes.
async fn send(app: &TestApp, request: &[u8]) -> Raw {
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    // The server may have heard enough before all of it was sent.
    let _cut = stream.write_all(request).await;
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    let _reset = read.expect("it answers in time");
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| {
        panic!(
            "{:?} was answered {text:?}",
            String::from_utf8_lossy(request)
        )
    });
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok());
    Raw {
        status: status.unwrap_or_else(|| panic!("{head}")),
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}

/// A request for one address, which is closed after its answer.
fn request(line: &str, headers: &str) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\n{headers}connection: close\r\n\r\n").into_bytes()
}

/// What every answer tells a browser.
const POLICIES: [&str; 8] = [
    "x-content-type-options: nosniff",
    "x-frame-options: deny",
    "referrer-policy: same-origin",
    "content-security-policy: ",
    "cache-control: ",
    "cross-origin-opener-policy: same-origin",
    "cross-origin-resource-policy: same-origin",
    "x-request-id: ",
];

impl Raw {
    /// Goes on if this is a whole problem document with this status and code.
    #[track_caller]
    fn problem(&self, status: u16, code: &str) {
        let Self { head, body, .. } = self;
        assert_eq!(self.status, status, "{head}\n{body}");
        assert!(head.contains("application/problem+json"), "{head}");
        for policy in POLICIES {
            assert!(head.contains(policy), "{policy} is not in {head}");
        }
        let problem: Value = serde_json::from_str(body).unwrap();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        let name = problem["request_id"].as_str().unwrap();
        assert!(head.contains(&format!("x-request-id: {name}")), "{head}");
    }
}

const HOST: &str = "host: localhost\r\n";

#[tokio::test]
async fn a_request_is_for_one_host_of_this_machine() {
    let app = TestApp::start().await;
    for host in [
        "localhost",
        "LOCALHOST:80",
        "localhost.",
        "kimi.localhost",
        "127.0.0.1",
        "[::1]:8766",
        "[::ffff:127.0.0.1]",
    ] {
        let answer = send(
            &app,
            &request("GET /api/tasks", &format!("host: {host}\r\n")),
        )
        .await;
        assert_eq!(answer.status, 200, "{host}: {}", answer.body);
    }
    for host in [
        "evil.example",
        "localhost.evil.example",
        "me@localhost",
        "[::ffff:10.0.0.1]",
    ] {
        let answer = send(
            &app,
            &request("GET /api/tasks", &format!("host: {host}\r\n")),
        )
        .await;
        answer.problem(403, "foreign_host");
    }
    for hosts in ["", "host:\r\n", "host: localhost\r\nhost: localhost\r\n"] {
        send(&app, &request("GET /api/tasks", hosts))
            .await
            .problem(400, "host_unclear");
    }
    let old = b"GET /api/tasks HTTP/1.0\r\n\r\n";
    send(&app, old).await.problem(400, "host_unclear");
    let whole = request("GET http://localhost/api/tasks", HOST);
    assert_eq!(send(&app, &whole).await.status, 200);
    let foreign = request("GET http://evil.example/api/tasks", HOST);
    send(&app, &foreign).await.problem(403, "foreign_host");
}

#[tokio::test]
async fn a_method_that_nobody_knows_is_refused_at_every_address() {
    let app = TestApp::start().await;
    for method in ["CONNECT", "TRACE", "PROPFIND", "FOO", "get"] {
        for path in [
            "/api/tasks",
            "/",
            "/tasks",
            "/rpc/tasks/list",
            "/ws",
            "/nothing",
        ] {
            let answer = send(&app, &request(&format!("{method} {path}"), HOST)).await;
            answer.problem(405, "method_not_allowed");
            assert!(answer.head.contains("allow: get"), "{}", answer.head);
        }
    }
    let connect = request("CONNECT localhost:80", HOST);
    send(&app, &connect)
        .await
        .problem(405, "method_not_allowed");
    for line in [
        "PUT /api/tasks",
        "OPTIONS /api/tasks",
        "POST /tasks",
        "GET /rpc/tasks/list",
        "POST /ws",
        "OPTIONS /ws",
    ] {
        let answer = send(&app, &request(line, HOST)).await;
        answer.problem(405, "method_not_allowed");
        assert!(answer.head.contains("allow: "), "{line}: {}", answer.head);
    }
    send(&app, &request("OPTIONS *", HOST))
        .await
        .problem(404, "no_such_address");
}

#[tokio::test]
async fn an_address_that_browsers_take_for_another_site_leads_nowhere() {
    let app = TestApp::start().await;
    for path in [
        "//evil.example/x",
        "//",
        "//api/tasks",
        "/\\evil.example",
        "//[",
        "//:99999/x",
    ] {
        for method in ["GET", "POST"] {
            let answer = send(&app, &request(&format!("{method} {path}"), HOST)).await;
            answer.problem(404, "no_such_address");
            assert!(!answer.head.contains("location: "), "{}", answer.head);
            assert!(!answer.body.contains("evil"), "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn what_is_no_request_is_answered_in_words() {
    let app = TestApp::start().await;
    let long = "x".repeat(300_000);
    for head in [
        &b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET /api/t\x00 HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET /api/tasks HTTP/1.1\r\nhost: localhost\r\na b: c\r\n\r\n",
        b"GET /api/tasks HTTP/1.1\r\nhost: localhost\r\nx: \x00\r\n\r\n",
        b"GET /api/tasks HTTP/9.9\r\nhost: localhost\r\n\r\n",
        b"POST /api/tasks HTTP/1.1\r\nhost: localhost\r\ncontent-length: x\r\n\r\n",
    ] {
        send(&app, head).await.problem(400, "malformed_request");
    }
    for head in [
        request(&format!("GET /api/tasks?q={long}"), HOST),
        request("GET /api/tasks", &format!("{HOST}x: {long}\r\n")),
    ] {
        send(&app, &head).await.problem(431, "head_too_large");
    }
    // The next is served as ever.
    assert_eq!(send(&app, &request("GET /healthz", HOST)).await.status, 200);
}

#[tokio::test]
async fn bodies_come_in_every_legal_way() {
    let app = TestApp::start().await;
    let send = async |headers: &str, body: &str| {
        let mut whole = request("POST /api/tasks", &format!("{HOST}{headers}"));
        whole.extend_from_slice(body.as_bytes());
        send(&app, &whole).await
    };
    let task = r#"{"description": "x"}"#;
    let length = format!("content-length: {}\r\n", task.len());
    let chunked = "transfer-encoding: chunked\r\n";
    let chunks = format!(
        "5\r\n{}\r\n{:x};ext=1\r\n{}\r\n0\r\n",
        &task[..5],
        task.len() - 5,
        &task[5..]
    );
    assert_eq!(send(&length, task).await.status, 201);
    assert_eq!(send(chunked, &format!("{chunks}\r\n")).await.status, 201);
    assert_eq!(
        send(chunked, &format!("{chunks}x-trailer: y\r\n\r\n"))
            .await
            .status,
        201
    );
    let waits = send(&format!("{length}expect: 100-continue\r\n"), task).await;
    assert_eq!(waits.status, 100, "{}", waits.head);
    assert!(waits.body.starts_with("HTTP/1.1 201 "), "{}", waits.body);
    send(chunked, "zz\r\n")
        .await
        .problem(400, "malformed_request");
    send("content-length: 99999999\r\n", task)
        .await
        .problem(413, "body_too_large");
    // What it says it is, it was not unpacked of.
    for codings in ["gzip, chunked", "Chunked, chunked;q=1"] {
        send(
            &format!("transfer-encoding: {codings}\r\n"),
            &format!("{chunks}\r\n"),
        )
        .await
        .problem(400, "malformed_request");
    }
    let mut looks = request("GET /api/tasks", &format!("{HOST}{length}"));
    looks.extend_from_slice(task.as_bytes());
    assert_eq!(self::send(&app, &looks).await.status, 200);
}

#[tokio::test]
async fn of_two_headers_that_differ_none_counts() {
    let app = TestApp::start().await;
    let task = r#"{"description": "x"}"#;
    let length = format!("content-length: {}\r\n", task.len());
    let send = async |line: &str, headers: &str| {
        let mut whole = request(line, &format!("{HOST}{length}{headers}"));
        whole.extend_from_slice(task.as_bytes());
        send(&app, &whole).await
    };
    let create = "POST /api/tasks";
    send(create, "idempotency-key: a\r\nidempotency-key: b\r\n")
        .await
        .problem(422, "invalid_input");
    let twice = "idempotency-key: a\r\nidempotency-key: a\r\n";
    assert_eq!(send(create, twice).await.status, 201);
    let change = "PATCH /api/tasks/1";
    for headers in [
        "lease: a\r\nlease: b\r\n",
        "if-match: \"1\"\r\nif-match: \"2\"\r\n",
    ] {
        send(change, headers).await.problem(422, "invalid_input");
    }
    send("DELETE /api/tasks/1", "if-match: \"1\"\r\nif-match: *\r\n")
        .await
        .problem(422, "invalid_input");
}
