//! One row that cannot be read takes nothing else down.

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};

use super::{NOT_CONVERGED, expected, post, recorded, session};
use crate::domain::{Session, SessionStatus};
use crate::tests::support::TestApp;

#[tokio::test]
async fn what_cannot_be_read_is_shown_as_such_and_the_rest_stands() {
    let mut app = TestApp::start().await;
    let (bad, good) = (
        recorded(NOT_CONVERGED, "bad"),
        recorded(NOT_CONVERGED, "good"),
    );
    post(app.client(), &bad[..20]).await;
    post(app.client(), &good).await;
    app.stop().await;
    let id = bad[4]["event_id"].as_str().unwrap();
    damage(&app, "update sessions set facts = '{' where id = 'bad'").await;
    let event = format!(
        "update events set sent = '[1' where event_id = '{id}' and session = \
         (select number from sessions where id = 'bad')"
    );
    damage(&app, &event).await;
    app.start_again().await;
    let client = app.client();
    let listed: Vec<Session> = client.get("/api/sessions").await.expect(200).to();
    let [first, second] = &listed[..] else {
        panic!("{listed:?}")
    };
    assert_eq!(first, &{
        let mut whole = expected(&good, "webhook").0;
        whole.name = "Session #2".to_owned();
        whole
    });
    assert!(second.unreadable && second.status == SessionStatus::Interrupted);
    assert!(second.error.as_ref().unwrap().contains("sessions.facts"));
    let events = client
        .get("/api/sessions/bad/events")
        .await
        .expect(200)
        .json();
    assert_eq!(events.as_array().unwrap().len(), 20);
    let words = events[4]["data"]["unreadable"].as_str().unwrap();
    assert!(words.starts_with("events.sent of row "), "{words}");
    assert_eq!(events[5]["event_id"], bad[5]["event_id"]);
    for page in ["/convergence", "/convergence/bad", "/convergence/good"] {
        client.get(page).await.expect(200);
    }
    // What its events add up to is made again when the next one comes.
    post(client, &bad[20..]).await;
    let mended = session(client, "bad").await.unwrap();
    assert!(!mended.unreadable);
    assert_eq!(
        (mended.status, mended.iterations),
        (SessionStatus::Ended, 2)
    );
    // All but the one that cannot be read.
    assert_eq!(json!(mended.events), json!(bad.len() - 1));
}

#[tokio::test]
async fn a_session_is_not_judged_by_half_of_what_was_found() {
    for (table, column) in [("iterations", "facts"), ("findings", "seen")] {
        let mut app = TestApp::start().await;
        let finding = json!({"severity": "high", "title": "a", "file": "a.rs", "line": 1});
        let event = json!({"event_id": "e", "session_id": "half", "iteration": 1,
            "state": "DIAGNOSE", "event_type": "iteration_complete",
            "timestamp": "2026-11-26T10:00:00Z", "data": {"findings": [finding]}});
        post(app.client(), &[event]).await;
        let whole = session(app.client(), "half").await.unwrap();
        assert!(whole.verdict.is_some() && !whole.unreadable);
        app.stop().await;
        damage(&app, &format!("update {table} set {column} = '{{'")).await;
        app.start_again().await;
        let client = app.client();
        let half = session(client, "half").await.unwrap();
        assert!(half.unreadable && half.verdict.is_none());
        let error = half.error.unwrap();
        assert!(error.contains(&format!("{table}.{column}")), "{error}");
        let page = client.get("/convergence/half").await.expect(200).text();
        assert!(page.contains("cannot be read"), "{table}");
        let state = client.get("/api/state").await.expect(200).json();
        assert_eq!(state["findings"].is_null(), table == "iterations");
    }
}

async fn damage(app: &TestApp, sql: &str) {
    let url = format!("sqlite://{}", app.folder().join("dashboard.db").display());
    let mut conn = SqliteConnection::connect(&url).await.unwrap();
    let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
    let done = conn.execute(sql).await.unwrap();
    assert!(done.rows_affected() > 0);
    conn.close().await.unwrap();
}
