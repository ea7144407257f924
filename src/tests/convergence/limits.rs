//! Events that are too long, and events from no time that can be.

use serde_json::{Value, json};

use super::{post, session};
use crate::domain::Timestamp;
use crate::tests::support::{Engine, TestApp, on_each_engine};

on_each_engine!(
    of_a_large_event_the_head_is_kept_and_all_of_it_counts,
    a_greeting_is_small_whatever_the_events_are,
    an_odd_time_makes_no_age_of_years,
);

const MIB: usize = 1024 * 1024;

async fn of_a_large_event_the_head_is_kept_and_all_of_it_counts(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let long = "x".repeat(400);
    let findings: Vec<Value> = (0..3_000)
        .map(|n| json!({"description": format!("finding {n}"), "file": format!("{long}{n}")}))
        .collect();
    let sent = json!({"session_id": "s", "event_id": "large", "event_type": "STEP_COMPLETE",
        "iteration": 1, "timestamp": "2026-11-22T08:30:00Z", "state": "IDLE",
        "data": {"step": "diagnose", "success": true, "findings": findings}});
    assert!(sent.to_string().len() > MIB);
    let once = std::slice::from_ref(&sent);
    assert_eq!(post(client, once).await["accepted"], 1);
    assert_eq!(post(client, once).await["duplicates"], 1);
    let whole = client.get("/api/sessions/s/events/large").await.expect(200);
    assert!(whole.body.len() <= MIB + 200, "{} bytes", whole.body.len());
    let event = whole.json();
    for name in ["event_id", "event_type", "iteration", "state"] {
        assert_eq!(event[name], sent[name]);
    }
    assert_eq!(event["timestamp"], "2026-11-22T08:30:00.000000Z");
    assert_eq!(event["data"]["truncated"], true);
    assert_eq!(event["data"]["bytes"], sent["data"].to_string().len());
    assert_eq!(event["data"]["cut"], json!({"findings": 3_000}));
    assert_eq!(event["data"]["findings"][0], findings[0]);
    // Nothing of it is taken for mended, and nothing is missing from the numbers.
    let metrics = client
        .get("/api/sessions/s/metrics")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&metrics[0]["findings"], &metrics[0]["new"]),
        (&json!(3_000), &json!(3_000))
    );
    let state = client.get("/api/state").await.expect(200).json();
    assert_eq!(state["findings"], 3_000);
    client.get("/api/sessions/s/events/none").await.problem(404);
}

async fn a_greeting_is_small_whatever_the_events_are(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let event = |n: usize, data: Value| {
        json!({"session_id": "s", "event_id": format!("e{n}"), "event_type": "X",
            "timestamp": 1_795_336_200 + n, "data": data})
    };
    for n in 0..4 {
        post(client, &[event(n, json!({"text": "<".repeat(2 * MIB)}))]).await;
    }
    let many: Vec<Value> = (4..54)
        .map(|n| event(n, json!({"text": "\u{1}".repeat(9_000)})))
        .collect();
    post(client, &many).await;
    post(client, &[event(54, json!({"text": "y".repeat(60_000)}))]).await;
    let answer = client.get("/api/state").await.expect(200);
    assert!(
        answer.body.len() <= 256 * 1024,
        "{} bytes",
        answer.body.len()
    );
    let state = answer.json();
    let logs = state["logs"].as_array().unwrap();
    assert_eq!(logs.len(), 50);
    // The newest is whole, and what is cut says so.
    assert_eq!(logs[49]["data"]["text"].as_str().unwrap().len(), 60_000);
    assert_eq!(logs[0]["data"]["truncated"], true);
    assert_eq!(app.socket().await.state, state);
    // A list of whole events comes in pages that are not too long for anybody.
    let mut next = Some("/api/sessions/s/events?limit=1000".to_owned());
    let (mut listed, mut pages) = (0, 0);
    while let Some(path) = next {
        let answer = client.get(&path).await.expect(200);
        assert!(answer.body.len() < 6 * MIB);
        next = answer.next_page();
        listed += answer.json().as_array().unwrap().len();
        pages += 1;
    }
    assert_eq!((listed, pages > 1), (55, true));
}

async fn an_odd_time_makes_no_age_of_years(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let sent: Value =
        serde_json::from_str(include_str!("../data/convergence/events-odd-times.json")).unwrap();
    let taken = client.post("/api/events", &sent).await.expect(202).json();
    assert_eq!(
        taken,
        json!({"accepted": 7, "duplicates": 0, "refused": []})
    );
    let found = session(client, "odd-times").await.unwrap();
    let events = client
        .get("/api/sessions/odd-times/events")
        .await
        .expect(200)
        .json();
    let time = |id: &str| {
        let mut events = events.as_array().unwrap().iter();
        let event = events.find(|event| event["event_id"] == id).unwrap();
        event["timestamp"].as_str().unwrap().to_owned()
    };
    // What cannot be, or cannot be read, counts with the time it came: all of one POST the same.
    let came = time("t1");
    assert_eq!([time("t6"), time("t7")], [came.clone(), came]);
    for (id, expected) in [
        ("t2", "2026-11-26T08:00:00.000000Z"),
        ("t3", "2026-11-25T23:00:00.500000Z"),
        ("t4", "2026-11-26T08:00:01.250000Z"),
        ("t5", "2026-11-26T08:00:00.123457Z"),
    ] {
        assert_eq!(time(id), expected);
    }
    let days = 2.0 * 86_400.0;
    assert!((0.0..days).contains(&found.duration_seconds), "{found:?}");
    assert!(found.start_time <= found.last_event_at && Some(found.start_time) <= found.end_time);
    assert!(found.start_time <= Timestamp::parse("2026-11-26T08:00:00Z").unwrap());
    let metrics = client
        .get("/api/sessions/odd-times/metrics")
        .await
        .expect(200)
        .json();
    let seconds = metrics[0]["duration_seconds"].as_f64().unwrap();
    assert!((0.0..days).contains(&seconds), "{seconds}");
    // A session that was over long ago, but for one event whose time is missing.
    let old = |id: &str, kind: &str, time: Value| {
        json!({"session_id": "old", "event_id": id, "event_type": kind, "iteration": 1,
            "timestamp": time, "data": {"step": "fix"}})
    };
    let events = [
        old("1", "SESSION_STARTED", json!("2020-01-01T10:00:00Z")),
        old("2", "STEP_STARTED", json!("2020-01-01T10:00:01Z")),
        old("3", "STEP_COMPLETE", json!("soon")),
        old("4", "SESSION_ENDED", json!("")),
    ];
    post(client, &events).await;
    let found = session(client, "old").await.unwrap();
    assert_eq!(found.start_time.to_string(), "2020-01-01T10:00:00.000000Z");
    assert!((found.duration_seconds - 1.0).abs() < 1e-9, "{found:?}");
    let metrics = client
        .get("/api/sessions/old/metrics")
        .await
        .expect(200)
        .json();
    assert_eq!(metrics[0]["steps"][0]["duration_seconds"], Value::Null);
}
