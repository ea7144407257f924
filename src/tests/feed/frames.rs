//! What a client says, and what it gets for it.

use serde_json::json;

use super::{everything, numbers, point, up_to};
use crate::domain::{ActivityKind, TaskStatus};
use crate::tests::support::{Frame, TestApp, fake, remote, seq_of};

#[tokio::test]
async fn messages_are_numbered_without_gaps() {
    let app = TestApp::with(vec![fake("player", 4)]).await;
    let mut first = everything(&app).await;
    let begin = first.seq;
    for n in 0..10 {
        let script = format!("fake:\nlog {n}\nprogress 0.5\nlog again");
        app.client().create(json!({"description": script})).await;
    }
    for number in 1..=10 {
        app.client().until_finished(number).await;
    }
    let end = point(&app).await;
    let got = numbers(&up_to(&mut first, end).await);
    assert!(got.len() > 50, "{got:?}");
    assert_eq!(
        got,
        (begin + 1..begin + 1 + u64::try_from(got.len()).unwrap()).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_ping_is_answered_and_garbage_leaves_the_socket_open() {
    let app = TestApp::start().await;
    let mut socket = app.socket().await;
    for garbage in [
        "",
        "{",
        "null",
        "[]",
        "\u{0}",
        "ping",
        r#"{"action": "dance"}"#,
        r#"{"action": "subscribe"}"#,
        r#"{"action": "subscribe", "topics": ["everything"]}"#,
        r#"{"action": "subscribe", "topics": ["logs:17"]}"#,
        r#"{"action": "subscribe", "topics": ["tasks"], "since": -1}"#,
        r#"{"action": "progress"}"#,
        r#"{"action": "progress", "task_id": 1.5}"#,
        r#"["progress", "1", 0.9, "x", null]"#,
        r#"["ping"]"#,
        &"[".repeat(100_000),
        &"x".repeat(200_000),
    ] {
        socket.send_text(garbage).await;
        let frame = socket.next().await;
        let Frame::Error { data } = frame else {
            panic!("{garbage:.40}: {frame:?}")
        };
        assert_eq!(data.status, 400, "{data:?}");
    }
    socket.send_bytes(&[0, 159, 146, 150]).await;
    assert!(matches!(socket.next().await, Frame::Error { .. }));
    let many: Vec<_> = (0..101).map(|_| "tasks").collect();
    socket
        .send(&json!({"action": "subscribe", "topics": many}))
        .await;
    assert!(matches!(socket.next().await, Frame::Error { .. }));
    // Some clients begin with a byte order mark.
    socket.send_text("\u{feff}{\"action\": \"ping\"}").await;
    assert!(matches!(socket.next().await, Frame::Pong));
    assert!(socket.until_pong().await.is_empty());
    // Still on its first topics.
    app.client().create(json!({"description": "x"})).await;
    socket
        .find(|frame| matches!(frame, Frame::Task { .. }).then_some(()))
        .await;
}

#[tokio::test]
async fn what_is_wrong_with_a_frame_is_said_in_words() {
    let app = TestApp::start().await;
    let mut socket = app.socket().await;
    let topics =
        "topics must be a list of tasks, agents, activity, sessions, logs or logs:<task id>";
    for (frame, words) in [
        (
            "[]",
            "a frame is one JSON object such as {\"action\": \"ping\"}",
        ),
        (
            "{}",
            "action is required: ping, subscribe, unsubscribe or progress",
        ),
        (
            r#"{"action": 7}"#,
            "action is required: ping, subscribe, unsubscribe or progress",
        ),
        (
            r#"{"action": "dance"}"#,
            "action must be ping, subscribe, unsubscribe or progress",
        ),
        (r#"{"action": "subscribe"}"#, "topics is required"),
        (
            r#"{"action": "subscribe", "topics": ["everything"]}"#,
            topics,
        ),
        (
            r#"{"action": "progress", "task_id": true, "progress": "x"}"#,
            "task_id must be the id or the number of a task; progress must be a number from 0 to 1",
        ),
    ] {
        socket.send_text(frame).await;
        let Frame::Error { data } = socket.next().await else {
            panic!("{frame}");
        };
        assert_eq!(data.detail, words);
    }
}

#[tokio::test]
async fn a_frame_that_is_too_large_ends_only_its_own_socket() {
    let app = TestApp::start().await;
    let (mut large, mut other) = (app.socket().await, app.socket().await);
    large.send_text(&"x".repeat(300 * 1024)).await;
    assert_eq!(large.close_code().await, Some(1009));
    assert!(other.until_pong().await.is_empty());
}

#[tokio::test]
async fn a_client_gets_its_topics_and_no_others() {
    let app = TestApp::start().await;
    let client = app.client();
    let task = client.create(json!({"description": "x"})).await;
    let other = client.create(json!({"description": "y"})).await;
    let follow = async |topics: &[&str]| {
        let mut socket = app.socket().await;
        socket
            .send(&json!({"action": "subscribe", "topics": topics}))
            .await;
        socket.until_pong().await;
        socket
    };
    let mut default = app.socket().await;
    let mut tasks = follow(&["tasks"]).await;
    let mut activity = follow(&["activity"]).await;
    let own = format!("logs:{}", task.id);
    let mut one = follow(&[&own]).await;
    let mut logs = follow(&["logs"]).await;
    let mut both = follow(&[&own, "logs", "sessions"]).await;
    let mut none = follow(&["tasks", "agents"]).await;
    none.send(&json!({"action": "unsubscribe", "topics": ["tasks", "agents", "logs"]}))
        .await;
    none.until_pong().await;

    for number in [task.number, other.number] {
        let path = format!("/api/tasks/{number}/logs");
        client
            .post(&path, &json!([{"message": "a"}, {"message": "b"}]))
            .await
            .expect(202);
    }
    client.register("worker", 1).await;
    client.delete("/api/tasks/2").await.expect(200);
    // The queue was published again by the time the head of it is.
    let kinds = |frames: Vec<Frame>| {
        let mut kinds: Vec<_> = frames.iter().map(kind).collect();
        kinds.dedup();
        kinds.retain(|kind| *kind != "agent");
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    };
    assert_eq!(kinds(default.until_pong().await), ["activity", "task"]);
    assert_eq!(kinds(tasks.until_pong().await), ["task"]);
    assert_eq!(kinds(activity.until_pong().await), ["activity"]);
    assert_eq!(none.until_pong().await, []);
    let count = |frames: &[Frame]| {
        frames
            .iter()
            .filter(|frame| matches!(frame, Frame::Logs { .. }))
            .count()
    };
    let (one, logs, both) = (
        one.until_pong().await,
        logs.until_pong().await,
        both.until_pong().await,
    );
    assert_eq!((count(&one), count(&logs), count(&both)), (1, 2, 2));
    assert_eq!((one.len(), logs.len(), both.len()), (1, 2, 2));
    let Frame::Logs { data, .. } = &one[0] else {
        panic!("{one:?}")
    };
    assert!(data.len() == 2 && data.iter().all(|entry| entry.task_id == task.id));
}

fn kind(frame: &Frame) -> &'static str {
    match frame {
        Frame::Task { .. } => "task",
        Frame::Agent { .. } => "agent",
        Frame::Logs { .. } => "logs",
        Frame::Activity { .. } => "activity",
        _ => "other",
    }
}

#[tokio::test]
async fn an_agent_reports_over_the_socket() {
    let app = TestApp::with(vec![remote("worker", 1)]).await;
    let client = app.client();
    let external = json!({"description": "x", "status": "running", "agent": "laptop"});
    client.create(external).await;
    client.create(json!({"description": "y"})).await;
    let (held, lease) = client.claim("worker").await;
    let mut socket = app.socket().await;
    socket
        .send(&json!({"action": "subscribe", "topics": []}))
        .await;
    let mut report = async |frame: serde_json::Value| {
        let mut frame = frame;
        frame["action"] = json!("progress");
        socket.send(&frame).await;
        match socket.next().await {
            Frame::Ack => 200,
            Frame::Error { data } => data.status,
            frame => panic!("{frame:?}"),
        }
    };
    assert_eq!(
        report(json!({"task_id": "1", "progress": 0.4, "message": "on it"})).await,
        200
    );
    let number = held.number.to_string();
    assert_eq!(
        report(json!({"task_id": number, "progress": 0.4})).await,
        409
    );
    // Its log is its holder's, too.
    assert_eq!(
        report(json!({"task_id": number, "message": "me too"})).await,
        409
    );
    assert_eq!(
        report(json!({"task_id": number, "progress": 0.4, "lease": "other"})).await,
        409
    );
    assert_eq!(
        report(json!({"task_id": number, "progress": 0.4, "lease": lease})).await,
        200
    );
    assert_eq!(
        report(json!({"task_id": held.id, "message": "a \u{0} b", "lease": lease})).await,
        200
    );
    assert_eq!(
        report(json!({"task_id": number, "progress": 1.4, "lease": lease})).await,
        422
    );
    assert_eq!(report(json!({"task_id": "99", "progress": 0.4})).await, 404);
    assert_eq!(report(json!({"task_id": "no", "progress": 0.4})).await, 404);
    for number in [1, held.number] {
        assert_eq!(
            client.task(number).await.progress.to_bits(),
            0.4_f64.to_bits()
        );
    }
    let logs = client.get("/api/tasks/1/logs").await.expect(200).json();
    assert_eq!(logs[0]["message"], "on it");
}

#[tokio::test]
async fn everything_that_happens_to_a_task_is_said() {
    let app = TestApp::with(vec![fake("player", 1)]).await;
    let mut socket = everything(&app).await;
    let script = "fake:\nlog one\nask which?\nresult 1";
    let task = app.client().create(json!({"description": script})).await;
    app.client()
        .until(task.number, TaskStatus::NeedsInput)
        .await;
    app.client()
        .post("/api/tasks/1/input", &json!({"text": "this"}))
        .await
        .expect(200);
    app.client().until(task.number, TaskStatus::Completed).await;
    let frames = socket.until_pong().await;
    let kinds: Vec<_> = frames
        .iter()
        .filter_map(|frame| match frame {
            Frame::Activity { data, .. } => Some(data.kind),
            _ => None,
        })
        .collect();
    let expected = [
        ActivityKind::Created,
        ActivityKind::Started,
        ActivityKind::NeedsInput,
        ActivityKind::InputGiven,
        ActivityKind::Completed,
    ];
    assert_eq!(kinds, expected);
    let statuses: Vec<_> = frames
        .iter()
        .filter_map(|frame| match frame {
            Frame::Task { data, .. } => Some(data.status),
            _ => None,
        })
        .collect();
    let moves: Vec<_> = statuses
        .chunk_by(PartialEq::eq)
        .map(|same| same[0])
        .collect();
    let running = TaskStatus::Running;
    let expected = [
        TaskStatus::Pending,
        running,
        TaskStatus::NeedsInput,
        running,
        TaskStatus::Completed,
    ];
    assert_eq!(moves, expected);
    assert!(frames.iter().filter_map(seq_of).is_sorted());
}

#[tokio::test]
async fn a_delayed_task_says_so_when_its_moment_comes() {
    let app = TestApp::start().await;
    let mut socket = app.socket().await;
    let now = app
        .client()
        .create(json!({"description": "now"}))
        .await
        .created_at;
    let soon = now.plus_seconds(1).to_string();
    let task = app
        .client()
        .create(json!({"description": "soon", "start_after": soon}))
        .await;
    socket
        .find(|frame| match frame {
            Frame::Task { data, .. } if data.id == task.id => {
                let mut reasons = data.waiting.iter();
                let ready = reasons.next()?.detail.contains("no agent") && reasons.len() == 0;
                ready.then_some(())
            }
            _ => None,
        })
        .await;
}
