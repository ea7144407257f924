//! A client of the Python dashboard: it asks and follows this server as it did that one.

use serde_json::{Value, json};

use crate::tests::support::{Engine, Socket, TestApp, on_each_engine};

on_each_engine!(a_client_of_the_python_dashboard_finds_what_it_reads,);

/// What its page does with a message of the socket: it counts and never asks whether something is
/// there.
#[derive(Debug, Default)]
struct Page {
    secure: bool,
    critical: u64,
    numbers: [u64; 3],
}

impl Page {
    /// Anything that is not what it expects ends its script.
    #[track_caller]
    fn take(&mut self, text: &str) {
        let message: Value = serde_json::from_str(text).unwrap();
        let data = &message["data"];
        match message["type"].as_str().expect("every message has a type") {
            "state" => {
                self.numbers = numbers(data);
                assert!(
                    data["state"].is_string() && data["iteration"].is_u64(),
                    "{data}"
                );
                assert!(data["logs"].is_array(), "{data}");
            }
            "event" => match data["event_type"].as_str().expect("every event has a type") {
                "CONVERGENCE_REACHED" => self.secure = true,
                "VULNERABILITY_FOUND" => self.critical += 1,
                _ => {}
            },
            _ => {}
        }
    }
}

/// `findings`, `fixes` and `vulnerabilities`: numbers to add up, never lists.
#[track_caller]
fn numbers(state: &Value) -> [u64; 3] {
    ["findings", "fixes", "vulnerabilities"].map(|name| {
        state[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name} of {state}"))
    })
}

fn event(id: &str, name: &str, data: Value) -> Value {
    json!({"event_id": id, "session_id": "s", "event_type": name, "iteration": 1,
        "timestamp": "2026-11-22T08:30:00", "state": "IDLE", "data": data})
}

async fn a_client_of_the_python_dashboard_finds_what_it_reads(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let mut socket = Socket::open(app.address()).await;
    let mut page = Page::default();
    page.take(&json!({"type": "state", "data": socket.state}).to_string());
    assert_eq!(page.numbers, [0, 0, 0]);
    let state = client.get("/api/state").await.expect(200).json();
    assert_eq!(numbers(&state), [0, 0, 0]);

    let lists = json!({"step": "diagnose", "success": true,
        "findings": [{"type": "a", "severity": "high"}, {"description": "b"}]});
    let fixed = json!({"step": "fix", "success": true, "findings_count": 0, "fixes_count": 1});
    let attack =
        json!({"step": "attack", "success": true, "vulnerabilities": [{"description": "c"}]});
    let events = [
        event("1", "SESSION_STARTED", json!({})),
        event("2", "STEP_COMPLETE", lists),
        event("3", "STEP_COMPLETE", fixed),
        event("4", "STEP_COMPLETE", attack),
        event("5", "VULNERABILITY_FOUND", json!({"type": "c"})),
        event("6", "CONVERGENCE_REACHED", json!({})),
    ];
    let sent = json!({"session_id": "s", "events": events});
    client.post("/events", &sent).await.expect(202);
    while !page.secure {
        page.take(&socket.next_text().await.expect("the socket is open"));
    }
    assert_eq!(page.critical, 1, "{page:?}");
    socket.send(&json!({"action": "ping"})).await;
    loop {
        let text = socket.next_text().await.expect("the socket is open");
        page.take(&text);
        if text.contains("\"pong\"") {
            break;
        }
    }
    // Whoever connects again is told the same as who asks.
    let again = Socket::open(app.address()).await;
    let state = client.get("/api/state").await.expect(200).json();
    assert_eq!(numbers(&again.state), numbers(&state));
    assert_eq!(numbers(&state), [2, 1, 1]);
    assert_eq!(state["session_id"], "s");
    assert_eq!(state["logs"].as_array().map(Vec::len), Some(events.len()));

    let sessions = client
        .get("/api/sessions?limit=100")
        .await
        .expect(200)
        .json();
    let session = &sessions.as_array().expect("a list")[0];
    for name in [
        "session_id",
        "start_time",
        "end_time",
        "final_state",
        "iterations",
        "convergence_reached",
        "duration_seconds",
    ] {
        assert!(session.get(name).is_some(), "{name} of {session}");
    }
    let path = "/api/sessions/s/events?limit=1000";
    let found = client.get(path).await.expect(200).json();
    let found = found.as_array().expect("a list");
    assert_eq!(found.len(), events.len());
    for name in [
        "event_id",
        "timestamp",
        "iteration",
        "state",
        "event_type",
        "data",
    ] {
        assert!(found.iter().all(|it| it.get(name).is_some()), "{name}");
    }
    let sums = client.get("/api/stats").await.expect(200).json();
    for name in [
        "total_sessions",
        "converged_sessions",
        "convergence_rate",
        "avg_iterations",
        "total_events",
    ] {
        assert!(sums[name].is_number(), "{name} of {sums}");
    }
}
