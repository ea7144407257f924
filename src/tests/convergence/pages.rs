//! What the pages about convergence are given.

use serde_json::{Value, json};

use super::{CONVERGED, NOT_CONVERGED, post, recorded};
use crate::domain::{
    ComparisonView, ConvergenceView, Finding, FindingState, Page, SessionEvent, SessionView,
};
use crate::tests::support::{Client, Engine, LoopServer, TestApp, on_each_engine};

on_each_engine!(
    the_overview_shows_what_is_live,
    a_session_is_shown_from_any_event_on,
    two_sessions_are_compared_finding_by_finding
);

async fn overview(client: &Client, filter: &Value) -> ConvergenceView {
    let asked = json!({"filter": filter, "cursor": null});
    client
        .post("/rpc/convergence/list", &asked)
        .await
        .expect(200)
        .to()
}

fn live(view: &ConvergenceView) -> Vec<&str> {
    view.live
        .iter()
        .map(|live| live.session.session_id.as_str())
        .collect()
}

async fn the_overview_shows_what_is_live(engine: Engine) {
    let server = LoopServer::start().await;
    let app = TestApp::following(engine, vec![server.url()], 120).await;
    let client = app.client();
    let nothing = overview(client, &json!({})).await;
    assert_eq!(
        (
            nothing.live.len(),
            nothing.events.len(),
            nothing.sessions.items.len()
        ),
        (0, 0, 0)
    );
    assert_eq!(nothing.loops[0].url, server.url());
    let runs = recorded(NOT_CONVERGED, "over");
    post(client, &runs).await;
    post(client, &recorded(CONVERGED, "good")).await;
    // Nothing runs: the session heard from last.
    let view = overview(client, &json!({})).await;
    assert_eq!(live(&view), ["good"]);
    assert!(view.live[0].session.verdict.is_some());
    assert_eq!(view.live[0].iterations.len(), 1);
    assert_eq!(view.events.len(), 17);
    assert_eq!(view.events[0].event_type, "SESSION_STARTED");
    post(client, &recorded(NOT_CONVERGED, "first")[..5]).await;
    post(client, &recorded(NOT_CONVERGED, "second")[..9]).await;
    let view = overview(client, &json!({"status": ["ended"]})).await;
    assert_eq!(live(&view), ["second", "first"]);
    assert_eq!(view.stats.total_sessions, 4);
    let [only] = &view.sessions.items[..] else {
        panic!("{:?}", view.sessions);
    };
    // How it stood when it ended is said in the list, too.
    let verdict = only.verdict.as_ref().expect("a verdict");
    assert_eq!(
        (only.session_id.as_str(), verdict.text.as_str()),
        (
            "over",
            "not converged: too few iterations to tell (3, 3 open; validation failed in #1, #2)"
        )
    );
    // A page that goes on from here misses nothing.
    assert_eq!(view.feed.seq, app.socket().await.seq);
    let wrong = json!({"filter": {"q": "a\0b"}, "cursor": null});
    assert_eq!(
        client.post("/rpc/convergence/list", &wrong).await.status,
        422
    );
}

async fn a_session_is_shown_from_any_event_on(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let many: Vec<Value> = (0..250)
        .map(|n| {
            json!({"session_id": "s", "event_type": "X", "event_id": n.to_string(),
            "timestamp": 1_795_336_200 + n})
        })
        .collect();
    post(client, &many).await;
    let found = json!({"step": "diagnose", "success": true, "findings": ["x"]});
    let done =
        json!({"session_id": "s", "event_type": "STEP_COMPLETE", "iteration": 1, "data": found});
    post(client, &[done]).await;
    let view = async |at: Value, filter: Value| {
        let asked = json!({"id": "s", "filter": filter, "at": at});
        client.post("/rpc/convergence/session", &asked).await
    };
    let ids = |events: &[SessionEvent]| -> Vec<String> {
        events.iter().map(|event| event.event_id.clone()).collect()
    };
    let numbers = |from: u32, to: u32| (from..to).map(|n| n.to_string()).collect::<Vec<_>>();
    let first: SessionView = view(json!(null), json!({"event_type": "x"}))
        .await
        .expect(200)
        .to();
    assert_eq!(ids(&first.events.items), numbers(0, 100));
    assert_eq!(
        (first.rounds.items.len(), first.findings.page.items.len()),
        (1, 1)
    );
    let linked: SessionView = view(json!("120"), json!({"event_type": "x"}))
        .await
        .expect(200)
        .to();
    assert_eq!(ids(&linked.events.items), numbers(120, 221));
    let next = json!({"id": "s", "filter": {"event_type": "x"}, "cursor": linked.events.next});
    let rest: Page<SessionEvent> = client
        .post("/rpc/convergence/events", &next)
        .await
        .expect(200)
        .to();
    assert_eq!((ids(&rest.items), rest.next), (numbers(221, 250), None));
    for nowhere in ["nothing", "a\0b", ""] {
        assert_eq!(view(json!(nowhere), json!({})).await.status, 404);
    }
    let print = &first.findings.page.items[0].fingerprint;
    let form = format!("session=s&fingerprint={print}&reason=known");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "application/json"),
    ];
    let path = "/rpc/convergence/accept";
    let accepted = client
        .send(axum::http::Method::POST, path, &headers, form)
        .await
        .expect(200);
    assert_eq!(accepted.to::<Finding>().state, FindingState::Accepted);
}

async fn two_sessions_are_compared_finding_by_finding(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let done = |session: &str, iteration: u32, found: Value| {
        json!({"session_id": session, "event_type": "STEP_COMPLETE", "iteration": iteration,
            "event_id": format!("{session}{iteration}"), "timestamp": 1_795_336_200 + iteration,
            "data": {"step": "diagnose", "success": true, "findings": found}})
    };
    let events = [
        done("a", 1, json!(["leak", "race"])),
        done("a", 2, json!(["race"])),
        done("b", 1, json!(["leak"])),
    ];
    post(client, &events).await;
    let path = "/rpc/convergence/compare";
    let asked = json!({"a": "a", "b": "b"});
    let view: ComparisonView = client.post(path, &asked).await.expect(200).to();
    let told: Vec<_> = view
        .findings
        .items
        .iter()
        .map(|it| (it.finding.description.as_str(), it.states))
        .collect();
    let (new, repeated, fixed) = (
        Some(FindingState::New),
        Some(FindingState::Repeated),
        Some(FindingState::Fixed),
    );
    assert_eq!(told.len(), 2);
    assert!(told.contains(&("leak", [fixed, new])), "{told:?}");
    assert!(told.contains(&("race", [repeated, None])), "{told:?}");
    let [a, b] = &view.sides;
    assert_eq!((a.numbers.listed, b.numbers.listed), (2, 1));
    assert_eq!((a.numbers.reported, b.numbers.reported), (Some(3), Some(1)));
    let open = [a, b].map(|side| side.numbers.open_at_the_end());
    assert_eq!(open, [Some(1), Some(1)]);
    let chart: Value = serde_json::from_str(&view.chart.unwrap()).unwrap();
    assert_eq!(chart["series"][1]["data"], json!([1]));
    let asked = json!({"a": "a", "b": "nobody"});
    assert_eq!(client.post(path, &asked).await.status, 404);
}
