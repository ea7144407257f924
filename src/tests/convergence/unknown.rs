//! What nobody knows is no zero: a step that failed to look, a count or an event that cannot be read.

use axum::http::Method;
use serde_json::{Value, json};

use super::{session, shown, with_events};
use crate::domain::{ComparisonView, SessionStatus, SessionView, VerdictKind};
use crate::tests::support::{Client, Engine, LoopServer, TestApp, on_each_engine};

on_each_engine!(
    a_scan_that_failed_every_time_has_not_found_that_nothing_is_open,
    an_event_that_cannot_be_read_is_said_of_its_session,
    an_event_that_cannot_be_read_is_said_of_a_session_that_is_heard_of_later,
);

fn step(iteration: u32, step: &str, data: &Value) -> Value {
    let mut data = data.clone();
    data["step"] = json!(step);
    json!({"event_type": "STEP_COMPLETE", "iteration": iteration, "data": data,
        "event_id": format!("{iteration}{step}"), "timestamp": 1_795_336_200 + iteration})
}

/// Three iterations of a loop that only counts, and its end: what each looking step says in each.
async fn counted(client: &Client, id: &str, diagnosed: [i32; 3], attacked: [i32; 3]) {
    // Less than none: it crashed.
    let told = |count: i32| json!({"success": count >= 0, "findings_count": count.max(0)});
    let none = told(0);
    let mut events = Vec::new();
    for ((number, diagnosed), attacked) in (1..).zip(diagnosed).zip(attacked) {
        events.push(step(number, "diagnose", &told(diagnosed)));
        events.push(step(number, "fix", &none));
        events.push(step(number, "attack", &told(attacked)));
        events.push(step(number, "validate", &none));
    }
    events.push(json!({"event_type": "SESSION_ENDED", "iteration": 3,
        "timestamp": 1_795_336_300, "event_id": "end"}));
    let batch = json!({"session_id": id, "events": events});
    client.post("/api/events", &batch).await.expect(202);
}

/// What each iteration says is open.
async fn open(client: &Client, id: &str) -> Value {
    let path = format!("/api/sessions/{id}/metrics");
    let rows = client.get(&path).await.expect(200).json();
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row["open"].clone()).collect()
}

async fn a_scan_that_failed_every_time_has_not_found_that_nothing_is_open(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let cannot = "not converged: it cannot be told, since";
    let cases = [
        (
            "diagnose",
            ([-1; 3], [0; 3]),
            json!([null, null, null]),
            "diagnose failed in #1, #2, #3 (–, –, – open)",
        ),
        (
            "attack",
            ([0; 3], [-1; 3]),
            json!([null, null, null]),
            "attack failed in #1, #2, #3 (–, –, – open)",
        ),
        (
            "after",
            ([3, -1, -1], [0; 3]),
            json!([3, null, null]),
            "diagnose failed in #2, #3 (3, –, – open)",
        ),
    ];
    for (id, (diagnosed, attacked), expected, why) in cases {
        counted(client, id, diagnosed, attacked).await;
        assert_eq!(open(client, id).await, expected, "{id}");
        let verdict = session(client, id).await.unwrap().verdict.unwrap();
        assert_eq!(verdict.text, format!("{cannot} {why}"));
        assert_eq!(verdict.trend, VerdictKind::TooEarly);
        let asked = json!({"a": id, "b": id});
        let asked = client.post("/rpc/convergence/compare", &asked).await;
        let compared: ComparisonView = asked.expect(200).to();
        assert_eq!(compared.sides[0].numbers.open_at_the_end(), None);
        let page = client.get(&format!("/convergence/{id}")).await.expect(200);
        let page = page.text();
        let words = shown(&page);
        assert!(!words.contains("No step reported a finding"), "{words}");
    }
    // The same loop, where every scan told.
    counted(client, "told", [3, 1, 0], [0; 3]).await;
    assert_eq!(open(client, "told").await, json!([3, 1, 0]));
    let verdict = session(client, "told").await.unwrap().verdict.unwrap();
    assert_eq!(verdict.text, "not converged: converging (3, 1, 0 open)");
}

async fn an_event_that_cannot_be_read_is_said_of_a_session_that_is_heard_of_later(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let odd = |id: &str| json!({"event_type": "STEP_COMPLETE", "iteration": -1, "session_id": id});
    let refused = json!({"events": [odd("s"), odd("other"), odd("s")]});
    client.post("/api/events", &refused).await.expect(422);
    client.post("/api/events", &refused).await.expect(422);
    let event = |kind: &str, data: Value| json!({"event_type": kind, "iteration": 1, "session_id": "s", "data": data});
    let found = json!({"step": "diagnose", "success": true, "findings_count": 0});
    let good = json!([
        event("STEP_COMPLETE", found),
        event("CONVERGENCE_REACHED", json!({}))
    ]);
    client.post("/api/events", &good).await.expect(202);
    let known = session(client, "s").await.unwrap();
    assert_eq!(known.refused_events, 4);
    let text = known.verdict.unwrap().text;
    assert_eq!(text, "converged: events of it could not be read, 4 times");
    // The list says it, too.
    let page = client.get("/convergence").await.expect(200).text();
    assert!(shown(&page).contains("events of it could not be read, 4 times"));
    // It was taken over once.
    let again = json!([event("SESSION_ENDED", json!({}))]);
    client.post("/api/events", &again).await.expect(202);
    assert_eq!(session(client, "s").await.unwrap().refused_events, 4);
    assert!(session(client, "other").await.is_none());
}

#[tokio::test]
async fn who_only_validates_has_not_looked() {
    let app = TestApp::start().await;
    let client = app.client();
    let none = json!({"success": true, "findings_count": 0});
    let events: Vec<_> = (1..4)
        .map(|number| step(number, "validate", &none))
        .collect();
    let batch = json!({"session_id": "s", "events": events});
    client.post("/api/events", &batch).await.expect(202);
    assert_eq!(open(client, "s").await, json!([null, null, null]));
    let verdict = session(client, "s").await.unwrap().verdict.unwrap();
    assert_eq!(verdict.kind, VerdictKind::TooEarly, "{verdict:?}");
    let asked = json!({"id": "s", "filter": {}, "at": null});
    let asked = client.post("/rpc/convergence/session", &asked).await;
    let page: SessionView = asked.expect(200).to();
    assert!(!page.findings.numbers.told);
}

#[tokio::test]
async fn the_state_is_whole_and_says_where_more_may_be() {
    let app = TestApp::start().await;
    let client = app.client();
    let failed = json!({"success": false, "findings_count": 0});
    for (number, (data, found, partial)) in (0..).zip([
        (json!({"findings_count": 3}), 3, false),
        (json!({"findings_count": 3.0}), 3, false),
        (json!({"findings_count": "3"}), 3, false),
        (json!({"findings_count": 3.7}), 0, true),
        (json!({"findings_count": -1}), 0, true),
        (
            json!({"findings_count": 9_223_372_036_854_775_808_u64}),
            0,
            true,
        ),
        (json!({"findings_count": {"high": 3}}), 0, true),
        (json!({"findings": ["a", 7]}), 1, true),
        (failed, 0, true),
    ]) {
        let events = [step(1, "diagnose", &data)];
        let batch = json!({"session_id": format!("s{number}"), "events": events});
        client.post("/api/events", &batch).await.expect(202);
        let state = client.get("/api/state").await.expect(200).json();
        let told = (&state["findings"], state["partial"] == true);
        assert_eq!(told, (&json!(found), partial), "{data}");
    }
}

/// A session that looks as if nothing was found, and what it found in an event of this text.
fn with_event(id: &str, found: &str) -> Vec<String> {
    let event = |number: u32, kind: &str, data: Value| {
        json!({"event_id": number.to_string(), "session_id": id, "event_type": kind,
            "iteration": 1, "timestamp": 1_795_336_200 + number, "data": data})
        .to_string()
    };
    let none = json!({"step": "attack", "success": true, "findings_count": 0});
    vec![
        event(0, "SESSION_STARTED", json!({})),
        found.replace("ID", id),
        event(2, "STEP_COMPLETE", none),
        event(
            3,
            "STEP_COMPLETE",
            json!({"step": "validate", "success": true}),
        ),
        event(4, "CONVERGENCE_REACHED", json!({})),
        event(5, "SESSION_ENDED", json!({})),
    ]
}

async fn an_event_that_cannot_be_read_is_said_of_its_session(engine: Engine) {
    let server = LoopServer::start().await;
    let app = TestApp::following(engine, vec![server.url()], 120).await;
    let client = app.client();
    let head = r#"{"event_id": "1", "session_id": "ID", "event_type": "STEP_COMPLETE", "iteration": 1, "timestamp": 1795336201, "data": {"step": "diagnose", "success": true, "findings":"#;
    let surrogate = format!(r#"{head} [{{"file": "caf\udce9.py", "description": "d"}}]}}}}"#);
    let (open, close) = ("[".repeat(400), "]".repeat(400));
    let deep = format!("{head} [{open}{close}]}}}}");
    for (id, door) in [("posted", false), ("heard", true)] {
        for (name, found, refused) in [("name", &surrogate, 0), ("deep", &deep, 1)] {
            let id = format!("{id}-{name}");
            let events = with_event(&id, found);
            if door {
                for event in &events {
                    server.send(event);
                }
            } else {
                let body = format!("{{\"events\": [{}]}}", events.join(","));
                let taken = client.send(Method::POST, "/api/events", &[], body).await;
                let taken = taken.expect(202).json();
                assert_eq!(taken["refused"].as_array().unwrap().len(), refused);
                if refused > 0 {
                    assert_eq!(taken["refused"][0]["event_id"], "1");
                }
            }
            let found = with_events(client, &id, 6 - refused).await;
            assert_eq!(found.status, SessionStatus::Converged);
            assert_eq!(usize::try_from(found.refused_events), Ok(refused));
            let text = found.verdict.unwrap().text;
            let page = client.get(&format!("/convergence/{id}")).await.expect(200);
            let words = shown(&page.text());
            assert!(!words.contains("No step reported a finding"), "{words}");
            let path = format!("/api/sessions/{id}/findings");
            let ledger = client.get(&path).await.expect(200).json();
            if refused == 0 {
                assert_eq!(text, "converged");
                assert_eq!(ledger[0]["area"], "caf\u{fffd}.py");
            } else {
                assert_eq!(text, "converged: one of its events could not be read");
                assert!(words.contains("could not be read"), "{words}");
                assert_eq!(ledger, json!([]));
                let path = format!("/api/sessions/{id}/metrics");
                let rows = client.get(&path).await.expect(200).json();
                assert_eq!(rows[0]["open"], Value::Null);
            }
        }
    }
}
