//! A client that does not read harms nobody, and is told what it missed.

use serde_json::json;

use super::{everything, up_to};
use crate::domain::{ServerFrame, TaskStatus};
use crate::tests::support::{Socket, TestApp, fake, seq_of};

/// Messages of the feed that the work below makes at least: more than are buffered for one.
const MANY: u64 = 6_000;

async fn work(app: &TestApp) {
    let task = app
        .client()
        .create(json!({"description": "fake:\nhang"}))
        .await;
    app.client().until(task.number, TaskStatus::Running).await;
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

    // It was held back by its own connection only. What it gets has no gap before it is told.
    let mut last = None;
    let resync = loop {
        let frame = slow.next().await;
        match frame {
            ServerFrame::Logs { seq, .. } => {
                assert!(last < Some(seq), "out of order: {last:?} {seq}");
                last = Some(seq);
            }
            ServerFrame::Resync { seq } => break seq,
            frame => panic!("{frame:?}"),
        }
    };
    assert!(Some(resync) > last);
    app.client()
        .post("/api/tasks/1/logs", &json!({"message": "after"}))
        .await
        .expect(202);
    let seq = slow.find(|frame| seq_of(&frame)).await;
    assert!(seq > resync);
}
