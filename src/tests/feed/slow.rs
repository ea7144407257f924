//! A client that does not read harms nobody, and is told what it missed.

use serde_json::json;

use super::{everything, up_to};
use crate::tests::support::{Frame, Socket, TestApp, fake, seq_of};

/// Messages of the feed that the work below makes at least: more than are buffered for one.
const MANY: u64 = 6_000;

async fn work(app: &TestApp) {
    let task = app
        .client()
        .create(json!({"description": "x", "agent": "laptop", "status": "running"}))
        .await;
    let path = format!("/api/tasks/{}/logs", task.number);
    // Each entry alone is a message; the entries of one request share one.
    let text = "x".repeat(2_000);
    let entry = json!({"message": text});
    let says = || app.client().post(&path, &entry);
    for _ in 0..MANY / 100 {
        for answer in futures_util::future::join_all((0..100).map(|_| says())).await {
            answer.expect(202);
        }
    }
}

#[tokio::test]
async fn who_does_not_read_is_told_to_resync_while_others_get_everything() {
    let app = TestApp::with(vec![fake("player", 1)]).await;
    let mut slow = Socket::open_narrow(app.address()).await;
    slow.send(&json!({"action": "subscribe", "topics": ["logs"]}))
        .await;
    slow.until_pong().await;
    let mut quick = everything(&app).await;
    let begin = quick.seq;
    let reading = async { up_to(&mut quick, begin + MANY).await };
    let (frames, ()) = tokio::join!(reading, work(&app));
    assert!(
        frames
            .iter()
            .filter_map(seq_of)
            .eq(begin + 1..=begin + MANY),
        "a gap"
    );

    // It asks for more before it reads again; that must not hide what it misses.
    for _ in 0..8 {
        let more = json!({"action": "subscribe", "topics": ["agents"], "since": begin + MANY});
        slow.send(&more).await;
    }
    // What it gets has no gap before it is told.
    let mut seen = Vec::new();
    let resync = loop {
        match slow.next().await {
            Frame::Logs { seq, .. } => seen.push(seq),
            Frame::Resync { seq } => break seq,
            Frame::Agent { .. } => {}
            frame => panic!("{frame:?}"),
        }
    };
    let logs = frames
        .iter()
        .filter(|frame| matches!(frame, Frame::Logs { .. }));
    let logs: Vec<_> = logs.filter_map(seq_of).take(seen.len()).collect();
    assert_eq!(seen, logs, "a gap of which it was not told");
    assert!(Some(&resync) > seen.last());
    app.client()
        .post("/api/tasks/1/logs", &json!({"message": "after"}))
        .await
        .expect(202);
    let after = |frame| match frame {
        Frame::Logs { seq, .. } => Some(seq),
        _ => None,
    };
    let seq = slow.find(after).await;
    assert!(seq > resync);
}
