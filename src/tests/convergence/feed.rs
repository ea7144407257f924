//! What clients of `/ws` hear of sessions.

use serde_json::{Value, json};

use super::{NOT_CONVERGED, post, recorded};
use crate::tests::support::{Frame, Socket, TestApp};

async fn next_event(socket: &mut Socket) -> Value {
    socket
        .find(|frame| match frame {
            Frame::Event { data, .. } => Some(data),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn events_are_told_as_they_were_sent_and_once() {
    let app = TestApp::start().await;
    let mut socket = app.socket().await;
    let mut events = recorded(NOT_CONVERGED, "s");
    events[4]["extra"] = json!({"of": "its sender"});
    events[5]["event_type"] = json!("step_complete");
    post(app.client(), &events[..10]).await;
    post(app.client(), &events).await;
    for event in &events {
        assert_eq!(next_event(&mut socket).await, *event);
    }
    let text = json!({"type": "event"});
    post(
        app.client(),
        &[json!({"session_id": "s", "event_type": "LAST"})],
    )
    .await;
    let raw: Value = serde_json::from_str(&socket.next_text().await.unwrap()).unwrap();
    assert_eq!(raw["type"], text["type"]);
    assert_eq!(
        raw["data"],
        json!({"session_id": "s", "event_type": "LAST"})
    );
    let keys: Vec<_> = raw.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["data", "seq", "type"]);
}

#[tokio::test]
async fn the_first_frame_is_the_state() {
    let app = TestApp::start().await;
    assert_eq!(app.socket().await.state["session_id"], Value::Null);
    post(app.client(), &recorded(NOT_CONVERGED, "s")).await;
    let state = app.client().get("/api/state").await.expect(200).json();
    assert_eq!(app.socket().await.state, state);
    assert_eq!(state["state"], "FAILED");
}

#[tokio::test]
async fn events_are_of_the_topic_sessions() {
    let app = TestApp::start().await;
    let (mut without, mut late) = (app.socket().await, app.socket().await);
    without
        .send(&json!({"action": "unsubscribe", "topics": ["sessions"]}))
        .await;
    without.until_pong().await;
    let events = recorded(NOT_CONVERGED, "s");
    post(app.client(), &events).await;
    // One who comes back is told what was missed.
    let back = json!({"action": "subscribe", "topics": ["sessions"], "epoch": late.epoch, "since": late.seq});
    let mut again = app.socket().await;
    again.send(&back).await;
    assert_eq!(next_event(&mut again).await, events[0]);
    assert_eq!(next_event(&mut late).await, events[0]);
    assert_eq!(without.until_pong().await, []);
}
