//! Many events of many sessions in one POST, or in one frame.

use serde_json::{Value, json};

use super::{post, session, with_events};
use crate::tests::support::{Engine, LoopServer, TestApp, on_each_engine};

on_each_engine!(
    everything_in_a_large_post_is_accounted_for,
    others_are_served_while_a_large_post_is_taken_in,
    a_large_frame_is_taken_in_whole,
);

fn event(session: usize, id: usize) -> Value {
    json!({"event_id": id.to_string(), "event_type": "X", "session_id": format!("s{session}"),
        "timestamp": "2026-11-22T08:30:00Z", "iteration": id, "data": id})
}

async fn everything_in_a_large_post_is_accounted_for(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    // In turns, so that the events of a session come in many groups; some twice, some unreadable.
    let mut events: Vec<Value> = Vec::new();
    for id in 0..7 {
        events.extend((0..300).map(|session| event(session, id)));
        events.push(event(0, 0));
        events.push(json!({"event_id": format!("bad{id}"), "event_type": 7}));
    }
    let taken = post(client, &events).await;
    assert_eq!(
        (&taken["accepted"], &taken["duplicates"]),
        (&json!(2100), &json!(7))
    );
    let refused = taken["refused"].as_array().unwrap();
    assert_eq!(refused.len(), 7);
    let detail = "events[301].event_type: must name the type of the event";
    assert_eq!(
        refused[0],
        json!({"index": 301, "event_id": "bad0", "detail": detail})
    );
    assert_eq!(refused[6]["index"], 302 * 6 + 301);
    let again = post(client, &events).await;
    assert_eq!(
        (&again["accepted"], &again["duplicates"]),
        (&json!(0), &json!(2107))
    );
    let stats = client.get("/api/stats").await.expect(200).json();
    assert_eq!(
        (&stats["total_sessions"], &stats["total_events"]),
        (&json!(300), &json!(2100))
    );
    for id in ["s0", "s123", "s299"] {
        let found = session(client, id).await.unwrap();
        assert_eq!((found.events, found.iterations), (7, 6));
        // Of the same moment: the order of arrival is that of the sender.
        let path = format!("/api/sessions/{id}/events");
        let listed = client.get(&path).await.expect(200).json();
        let order: Vec<_> = listed
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["data"].clone())
            .collect();
        assert_eq!(json!(order), json!([0, 1, 2, 3, 4, 5, 6]));
    }
    // Sessions are listed in the order in which they were first heard of.
    let newest = client.get("/api/sessions?limit=1").await.expect(200).json();
    assert_eq!(newest[0]["session_id"], "s299");
    let nothing: Vec<Value> = (0..1200).map(|_| json!({"event_type": 7})).collect();
    let refusal = client
        .post("/api/events", &json!(nothing))
        .await
        .problem(422);
    assert_eq!(refusal["errors"].as_array().unwrap().len(), 1000);
    let mut some = nothing;
    some.push(event(0, 99));
    let taken = post(client, &some).await;
    assert_eq!(
        (&taken["accepted"], &taken["refused_more"]),
        (&json!(1), &json!(200))
    );
}

async fn others_are_served_while_a_large_post_is_taken_in(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let many = 5_000;
    let events: Vec<Value> = (0..many).map(|session| event(session, 0)).collect();
    let sessions = async || {
        let stats = client.get("/api/stats").await.expect(200).json();
        stats["total_sessions"].as_u64().unwrap()
    };
    let posting = async { post(client, &events).await };
    let beside = async {
        // Tasks that were created after its first session and before its last.
        let mut created = 0;
        loop {
            let before = sessions().await;
            client.create(json!({"description": "beside it"})).await;
            let after = sessions().await;
            created += u32::from(before > 0 && after < 5_000);
            if after == 5_000 {
                return created;
            }
        }
    };
    let (taken, created) = tokio::join!(posting, beside);
    assert_eq!(taken["accepted"], many);
    assert!(
        created > 0,
        "no task was created while the sessions came in"
    );
}

async fn a_large_frame_is_taken_in_whole(engine: Engine) {
    let server = LoopServer::start().await;
    let app = TestApp::following(engine, vec![server.url()], 120).await;
    let events: Vec<Value> = (0..1_000).map(|id| event(7, id)).collect();
    server.send(json!({"events": events}).to_string());
    server.send(event(8, 0).to_string());
    let found = with_events(app.client(), "s7", 1_000).await;
    assert_eq!((found.events, found.iterations), (1_000, 999));
    with_events(app.client(), "s8", 1).await;
}
