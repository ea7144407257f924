//! Looking at sessions: lists and their filters, pages, numbers, and what is refused.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{CONVERGED, NOT_CONVERGED, post, recorded};
use crate::tests::support::{Engine, TestApp, on_each_engine};

on_each_engine!(
    lists_have_the_promised_shapes,
    sessions_are_searched_and_filtered,
    pages_follow_one_another,
    events_are_filtered_and_ordered,
    numbers_add_up,
    wrong_requests_are_refused,
    the_state_is_that_of_the_session_heard_from_last,
);

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

async fn two_runs(engine: Engine) -> TestApp {
    let app = TestApp::on(engine, vec![]).await;
    post(app.client(), &recorded(CONVERGED, "good")).await;
    post(app.client(), &recorded(NOT_CONVERGED, "bad")).await;
    app
}

async fn lists_have_the_promised_shapes(engine: Engine) {
    let app = two_runs(engine).await;
    let sessions = app.client().get("/api/sessions").await.expect(200).json();
    let promised = BTreeSet::from([
        "session_id",
        "name",
        "verdict",
        "start_time",
        "end_time",
        "final_state",
        "iterations",
        "convergence_reached",
        "duration_seconds",
    ]);
    assert!(promised.is_subset(&keys(&sessions[0])), "{sessions}");
    let bad = &sessions[0];
    assert_eq!(bad["session_id"], "bad");
    assert_eq!(bad["verdict"]["kind"], "not_converged");
    assert_eq!(sessions[1]["verdict"]["text"], "converged");
    assert_eq!(
        (&bad["final_state"], &bad["status"]),
        (&json!("FAILED"), &json!("ended"))
    );
    assert_eq!(bad["start_time"], "2026-11-21T22:31:03.620555Z");
    assert_eq!(bad["end_time"], "2026-11-21T22:31:04.042239Z");
    assert_eq!(
        (&bad["iterations"], &bad["convergence_reached"]),
        (&json!(2), &json!(false))
    );
    assert!(
        (bad["duration_seconds"].as_f64().unwrap() - 0.421_684).abs() < 1e-9,
        "{bad}"
    );
    assert_eq!(sessions[1]["convergence_reached"], true);
    let events = app
        .client()
        .get("/api/sessions/good/events")
        .await
        .expect(200)
        .json();
    assert_eq!(
        events[0],
        json!({"event_id": "0cd72350-400d-49ec-a73a-9437b7c386b9", "iteration": 0,
            "timestamp": "2026-11-21T22:22:47.002262Z", "state": "IDLE",
            "event_type": "SESSION_STARTED", "data": {"webhook_url": "",
                "session_id": "bf97f539-b25d-41e3-8718-7a926187cd74"}})
    );
    let one = app
        .client()
        .get("/api/sessions/good")
        .await
        .expect(200)
        .json();
    assert_eq!(one["verdict"]["kind"], "converged");
    let metrics = app
        .client()
        .get("/api/sessions/bad/metrics")
        .await
        .expect(200)
        .json();
    assert_eq!(metrics[1]["findings"], 3);
    assert_eq!(metrics[1]["steps"][3]["step"], "validate");
    assert_eq!(metrics[1]["steps"][3]["success"], false);
    assert_eq!(
        metrics[0]["new"],
        Value::Null,
        "counts stay counts: {metrics}"
    );
}

async fn ids(app: &TestApp, query: &str) -> Vec<String> {
    let path = format!("/api/sessions?{query}");
    let sessions = app.client().get(&path).await.expect(200).json();
    let sessions = sessions.as_array().unwrap().iter();
    sessions
        .map(|it| it["session_id"].as_str().unwrap().to_owned())
        .collect()
}

async fn sessions_are_searched_and_filtered(engine: Engine) {
    let app = two_runs(engine).await;
    let begun = json!({"session_id": "Übung_50%", "event_type": "SESSION_STARTED"});
    post(app.client(), &[begun]).await;
    for (query, expected) in [
        ("", &["Übung_50%", "bad", "good"][..]),
        ("state=CONVERGED", &["good"]),
        ("state=idle&state=failed", &["Übung_50%", "bad"]),
        ("status=running", &["Übung_50%"]),
        ("status=ended&status=converged", &["bad", "good"]),
        ("status=ended&state=CONVERGED", &[]),
        ("q=BAD", &["bad"]),
        ("q=max+iter", &["bad"]),
        ("q=webhook&status=converged", &["good"]),
        ("q=%C3%BCbung_5", &["Übung_50%"]),
        ("q=%25", &["Übung_50%"]),
        ("q=_", &["Übung_50%"]),
        ("q=nothing", &[]),
    ] {
        assert_eq!(ids(&app, query).await, expected, "{query}");
    }
}

async fn pages_follow_one_another(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let events: Vec<Value> = (0..25)
        .map(|n| json!({"session_id": format!("s{n}"), "event_type": "X", "timestamp": n}))
        .collect();
    post(client, &events).await;
    // Two at a time of the same moment: arrival decides.
    let same: Vec<Value> = (0..25)
        .map(|n| json!({"session_id": "long", "event_type": "X", "timestamp": n / 2, "data": n}))
        .collect();
    post(client, &same).await;
    for (path, field, count) in [
        ("/api/sessions?limit=4", "session_id", 26),
        ("/api/sessions/long/events?limit=4", "data", 25),
        ("/api/sessions/long/events?limit=4&order=desc", "data", 25),
    ] {
        let mut next = path.to_owned();
        let mut seen = Vec::new();
        while !next.is_empty() {
            let answer = client.get(&next).await.expect(200);
            let page = answer.json();
            seen.extend(page.as_array().unwrap().iter().map(|it| it[field].clone()));
            let link = answer.header("link");
            let rest = link
                .split_once('<')
                .and_then(|(_, rest)| rest.split_once('>'));
            next = rest.map(|(next, _)| next.to_owned()).unwrap_or_default();
        }
        let different: BTreeSet<_> = seen.iter().map(Value::to_string).collect();
        assert_eq!((seen.len(), different.len()), (count, count), "{path}");
        if field == "data" {
            let mut in_order: Vec<Value> = (0..25).map(|n| json!(n)).collect();
            if path.contains("desc") {
                in_order.reverse();
            }
            assert_eq!(seen, in_order, "{path}");
        }
    }
}

async fn events_are_filtered_and_ordered(engine: Engine) {
    let app = two_runs(engine).await;
    let count = async |query: &str| {
        let path = format!("/api/sessions/bad/events?{query}");
        app.client()
            .get(&path)
            .await
            .expect(200)
            .json()
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(count("").await, 33);
    assert_eq!(count("type=step_complete").await, 8);
    assert_eq!(count("type=STEP_COMPLETE&iteration=2").await, 4);
    assert_eq!(count("iteration=0").await, 1);
    assert_eq!(count("q=MAX+ITERATIONS").await, 1);
    assert_eq!(count("q=%25").await, 0);
    let last = app
        .client()
        .get("/api/sessions/bad/events?order=desc&limit=1")
        .await
        .json();
    assert_eq!(last[0]["event_type"], "SESSION_ENDED");
}

async fn numbers_add_up(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let none = app.client().get("/api/stats").await.expect(200).json();
    assert_eq!(
        none,
        json!({"total_sessions": 0, "converged_sessions": 0, "convergence_rate": 0.0,
            "avg_iterations": 0.0, "total_events": 0, "median_duration_seconds": null})
    );
    post(app.client(), &recorded(CONVERGED, "good")).await;
    post(app.client(), &recorded(NOT_CONVERGED, "bad")).await;
    let stats = app.client().get("/api/stats").await.expect(200).json();
    assert_eq!(
        stats,
        json!({"total_sessions": 2, "converged_sessions": 1, "convergence_rate": 0.5,
            "avg_iterations": 1.5, "total_events": 50, "median_duration_seconds": 0.01943})
    );
}

async fn wrong_requests_are_refused(engine: Engine) {
    let app = two_runs(engine).await;
    let client = app.client();
    for path in ["", "/events", "/metrics", "/findings"] {
        client
            .get(&format!("/api/sessions/nobody{path}"))
            .await
            .problem(404);
        client
            .get(&format!("/api/sessions/a%00b{path}"))
            .await
            .problem(404);
    }
    for (path, field) in [
        ("/api/sessions?state=DANCING", "state"),
        ("/api/sessions?status=over", "status"),
        ("/api/sessions?limit=0", "limit"),
        ("/api/sessions?limit=1001", "limit"),
        ("/api/sessions?cursor=x", "cursor"),
        ("/api/sessions?colour=red", "colour"),
        ("/api/sessions?q=a%00b", "q"),
        ("/api/sessions/bad/events?cursor=7", "cursor"),
        ("/api/sessions/bad/events?iteration=-1", "iteration"),
        ("/api/sessions/bad/events?order=up", "order"),
        ("/api/sessions/bad/events?type=a%00b", "type"),
        ("/api/sessions/bad/events?colour=red", "colour"),
    ] {
        client.get(path).await.invalid(field);
    }
}

async fn the_state_is_that_of_the_session_heard_from_last(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let nothing = client.get("/api/state").await.expect(200).json();
    assert_eq!(
        nothing,
        json!({"state": "IDLE", "iteration": 0, "session_id": null, "findings": 0,
            "fixes": 0, "vulnerabilities": 0, "logs": []})
    );
    let runs = recorded(NOT_CONVERGED, "bad");
    post(client, &runs).await;
    let state = client.get("/api/state").await.expect(200).json();
    assert_eq!(
        (&state["state"], &state["iteration"], &state["session_id"]),
        (&json!("FAILED"), &json!(2), &json!("bad"))
    );
    // As they were sent, oldest first.
    assert_eq!(state["logs"], json!(runs));
    // What the diagnosis and the attack of the last iteration counted.
    let numbers = ["findings", "fixes", "vulnerabilities"].map(|name| &state[name]);
    assert_eq!(numbers, [&json!(2), &json!(0), &json!(1)]);
    let step = |iteration: u32, step: &str, list: &str, entries: &Value| {
        json!({"session_id": "new", "event_type": "STEP_COMPLETE", "iteration": iteration,
            "data": {"step": step, list: entries}})
    };
    let found = json!([{"type": "lint", "description": "x"}, "y"]);
    let holes = json!(["hole"]);
    let mut events = vec![
        step(1, "diagnose", "findings", &json!(["old"])),
        step(2, "diagnose", "findings", &found),
        step(2, "fix", "fixes", &json!([{"id": 1}])),
        step(2, "attack", "vulnerabilities", &holes),
    ];
    events.extend((0..60).map(|n| json!({"session_id": "new", "event_type": "X", "data": n})));
    post(client, &events).await;
    let state = client.get("/api/state").await.expect(200).json();
    assert_eq!(state["session_id"], "new");
    let numbers = ["findings", "fixes", "vulnerabilities"].map(|name| &state[name]);
    assert_eq!(numbers, [&json!(2), &json!(1), &json!(1)]);
    assert_eq!(state["logs"].as_array().unwrap().len(), 50);
    assert_eq!(state["logs"][49]["data"], 59);
    // Heard again, though it has nothing new to say.
    post(client, &runs[..1]).await;
    let state = client.get("/api/state").await.expect(200).json();
    assert_eq!(state["session_id"], "bad");
}
