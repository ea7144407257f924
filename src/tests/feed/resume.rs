//! A client that comes back gets what it missed, or is told that it cannot.

use serde_json::json;

use super::{everything, point, replayed, up_to};
use crate::domain::Seq;
use crate::tests::support::{Frame, Socket, TestApp, remote, seq_of};

const ALL: [&str; 5] = ["tasks", "agents", "activity", "sessions", "logs"];

async fn resume(socket: &mut Socket, topics: &[&str], epoch: Option<&str>, since: Seq) {
    let mut frame = json!({"action": "subscribe", "topics": topics, "since": since});
    if let Some(epoch) = epoch {
        frame["epoch"] = json!(epoch);
    }
    socket.send(&frame).await;
}

async fn resynced(socket: &mut Socket) -> Seq {
    socket
        .find(|frame| match frame {
            Frame::Resync { seq } => Some(seq),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn what_was_missed_is_replayed_exactly() {
    let app = TestApp::with(vec![remote("worker", 1)]).await;
    let mut live = everything(&app).await;
    let (epoch, begin) = (live.epoch.clone(), live.seq);
    for n in 0..20 {
        app.client()
            .create(json!({"description": n.to_string()}))
            .await;
        app.client()
            .post("/api/tasks/1/logs", &json!({"message": "x"}))
            .await
            .expect(202);
    }
    let end = point(&app).await;
    let seen = up_to(&mut live, end).await;
    for since in [begin, begin + 1, begin + 17, end - 1] {
        for known in [Some(epoch.as_str()), None] {
            let mut socket = app.socket().await;
            resume(&mut socket, &ALL, known, since).await;
            let replayed = replayed(&mut socket).await;
            let skip = usize::try_from(since - begin).unwrap();
            assert_eq!(replayed[..seen.len() - skip], seen[skip..], "since {since}");
        }
    }
    let mut socket = app.socket().await;
    resume(&mut socket, &["activity"], Some(&epoch), begin).await;
    let mut replayed = replayed(&mut socket).await;
    // The queue may have been published again just before this took effect.
    replayed.retain(|frame| !matches!(frame, Frame::Task { .. }) || seq_of(frame) <= Some(end));
    assert!(replayed.len() >= 20, "{replayed:?}");
    assert!(
        replayed
            .iter()
            .all(|frame| matches!(frame, Frame::Activity { .. }))
    );
}

#[tokio::test]
async fn a_resumed_socket_goes_on_without_gap_or_overlap() {
    let app = TestApp::start().await;
    let mut socket = everything(&app).await;
    let mut last = socket.seq;
    // Tasks are created all the time, while the socket resumes where it stands again and again.
    let working = futures_util::future::join_all(
        (0..300).map(|n| app.client().create(json!({"description": n.to_string()}))),
    );
    let following = async {
        let mut activities = 0;
        while activities < 300 {
            let epoch = socket.epoch.clone();
            resume(&mut socket, &ALL, Some(&epoch), last).await;
            for _ in 0..7 {
                let frame = socket.next().await;
                // What was on its way already is sent again after the resumption.
                let seq = seq_of(&frame).unwrap_or_else(|| panic!("{frame:?}"));
                assert!(seq <= last + 1, "a gap between {last} and {seq}");
                let new = seq == last + 1;
                last = last.max(seq);
                activities += usize::from(new && matches!(frame, Frame::Activity { .. }));
                if activities == 300 {
                    break;
                }
            }
        }
    };
    tokio::join!(working, following);
}

#[tokio::test]
async fn a_number_of_another_life_is_answered_by_a_resync() {
    let mut app = TestApp::start().await;
    app.client().create(json!({"description": "x"})).await;
    let (epoch, seq) = {
        let socket = app.socket().await;
        (socket.epoch.clone(), socket.seq)
    };
    let mut socket = app.socket().await;
    for (epoch, since) in [
        ("another", 0),
        ("", seq),
        (epoch.as_str(), seq + 1),
        (epoch.as_str(), u64::MAX),
    ] {
        resume(&mut socket, &["tasks"], Some(epoch), since).await;
        assert_eq!(resynced(&mut socket).await, seq, "{epoch} {since}");
    }
    // After that it follows, from the number that it was told.
    app.client().create(json!({"description": "y"})).await;
    assert!(seq_of(&socket.next().await) > Some(seq));

    app.stop().await;
    app.start_again().await;
    let mut socket = app.socket().await;
    assert_ne!(socket.epoch, epoch);
    resume(&mut socket, &["tasks"], Some(&epoch), seq).await;
    resynced(&mut socket).await;
}

#[tokio::test]
async fn what_is_no_longer_held_is_answered_by_a_resync() {
    let app = TestApp::start().await;
    let client = app.client();
    client.create(json!({"description": "x"})).await;
    let begin = point(&app).await;
    // More than 64 MiB: the oldest messages are gone.
    let batch: Vec<_> = (0..4)
        .map(|_| json!({"message": "x".repeat(1_000_000)}))
        .collect();
    for _ in 0..10 {
        client
            .post("/api/tasks/1/logs", &json!(batch))
            .await
            .expect(202);
    }
    client.create(json!({"description": "y"})).await;
    let end = point(&app).await;
    let mut socket = app.socket().await;
    let epoch = socket.epoch.clone();
    resume(&mut socket, &["tasks"], Some(&epoch), begin).await;
    assert!(resynced(&mut socket).await >= end);
    // The newest ones are still there.
    let mut socket = app.socket().await;
    resume(&mut socket, &["activity"], Some(&epoch), end - 2).await;
    assert!(matches!(socket.next().await, Frame::Activity { .. }));
}
