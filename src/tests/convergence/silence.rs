//! Loops that vanish.

use serde_json::{Value, json};

use super::{NOT_CONVERGED, check, post, recorded, session, with_events};
use crate::domain::{LoopState, Session, SessionStatus, VerdictKind};
use crate::tests::support::{Client, Engine, LoopServer, TestApp, eventually, on_each_engine};

on_each_engine!(a_loop_that_vanished_is_interrupted_and_revives);

async fn until(client: &Client, id: &str, status: SessionStatus) -> Session {
    eventually(
        &format!("session {id} is {}", status.as_str()),
        async || {
            session(client, id)
                .await
                .filter(|session| session.status == status)
        },
    )
    .await
}

async fn a_loop_that_vanished_is_interrupted_and_revives(engine: Engine) {
    let server = LoopServer::start().await;
    let app = TestApp::following(engine, vec![server.url()], 1).await;
    let client = app.client();
    let events = recorded(NOT_CONVERGED, "s");
    for event in &events[..9] {
        server.send(event.to_string());
    }
    with_events(client, "s", 9).await;
    // A session of the webhook vanishes; the one whose loop is connected only takes its time.
    post(client, &recorded(NOT_CONVERGED, "posted")[..9]).await;
    until(client, "posted", SessionStatus::Interrupted).await;
    assert_eq!(
        session(client, "s").await.unwrap().status,
        SessionStatus::Running
    );
    server.hang_up();
    drop(server);
    let lost = until(client, "s", SessionStatus::Interrupted).await;
    let verdict = lost.verdict.unwrap();
    assert_eq!(
        (verdict.kind, verdict.text.as_str()),
        (VerdictKind::Interrupted, "interrupted")
    );
    assert!(
        verdict.reason.starts_with("nothing more was heard"),
        "{verdict:?}"
    );
    assert_eq!(
        (lost.final_state, lost.end_time),
        (LoopState::Validating, None)
    );
    let listed: Vec<Session> = client
        .get("/api/sessions?status=interrupted")
        .await
        .expect(200)
        .to();
    assert_eq!(listed.len(), 2);
    // Any event of it will do, known or not.
    post(client, &events[..1]).await;
    until(client, "s", SessionStatus::Running).await;
    until(client, "s", SessionStatus::Interrupted).await;
    post(client, &events).await;
    let over: Value = client.get("/api/sessions/s").await.expect(200).json();
    assert_eq!(
        (&over["status"], &over["verdict"]["kind"]),
        (&json!("ended"), &json!("not_converged"))
    );
}

#[tokio::test]
async fn a_session_that_another_has_followed_is_judged_by_silence() {
    let server = LoopServer::start().await;
    let app = TestApp::following(Engine::Sqlite, vec![server.url()], 1).await;
    let client = app.client();
    for (id, count) in [("first", 9), ("second", 9), ("first", 4)] {
        for event in &recorded(NOT_CONVERGED, id)[..count] {
            server.send(event.to_string());
        }
        with_events(client, id, count).await;
    }
    until(client, "first", SessionStatus::Interrupted).await;
    // The last one that began may only take its time.
    let second = session(client, "second").await.unwrap();
    assert_eq!(second.status, SessionStatus::Running);
}

#[tokio::test]
async fn a_session_that_is_over_stays_what_it_was() {
    let app = TestApp::following(Engine::Sqlite, Vec::new(), 1).await;
    let events = recorded(NOT_CONVERGED, "over");
    post(app.client(), &events).await;
    post(app.client(), &recorded(NOT_CONVERGED, "lost")[..3]).await;
    until(app.client(), "lost", SessionStatus::Interrupted).await;
    check(app.client(), &events, "webhook").await;
}
