//! The live feed over real sockets: numbered without gaps, resumed exactly, and never silently
//! short.

mod actors;
mod frames;
mod ignored;
mod picture;
mod resume;
mod slow;

use crate::tests::support::Frame;
use serde_json::json;

use super::support::{Socket, TestApp, seq_of};
use crate::domain::Seq;

/// Waits for the message with this number; answers all messages up to it.
async fn up_to(socket: &mut Socket, last: Seq) -> Vec<Frame> {
    let mut frames = Vec::new();
    loop {
        let frame = socket.next().await;
        let seq = seq_of(&frame);
        assert!(seq.is_some(), "not a message: {frame:?}");
        frames.push(frame);
        if seq >= Some(last) {
            return frames;
        }
    }
}

fn numbers(frames: &[Frame]) -> Vec<Seq> {
    frames.iter().filter_map(seq_of).collect()
}

/// What is sent until a subscription has taken effect, in order: messages that were on their
/// way already come before what is replayed, and once more within it.
async fn replayed(socket: &mut Socket) -> Vec<Frame> {
    let mut frames = socket.until_pong().await;
    frames.sort_by_key(seq_of);
    frames.dedup_by_key(|frame| seq_of(frame));
    frames
}

/// Where the feed stands.
async fn point(app: &TestApp) -> Seq {
    app.socket().await.seq
}

/// Every message of the feed, logs included.
async fn everything(app: &TestApp) -> Socket {
    let mut socket = app.socket().await;
    let topics = ["tasks", "agents", "activity", "sessions", "logs"];
    socket
        .send(&json!({"action": "subscribe", "topics": topics}))
        .await;
    // Something may have happened meanwhile: an agent was seen for the first time.
    let before = numbers(&socket.until_pong().await);
    socket.seq = before.last().copied().unwrap_or(socket.seq);
    socket
}
