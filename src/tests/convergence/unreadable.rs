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
    let url = format!("sqlite://{}", app.folder().join("dashboard.db").display());
    let mut conn = SqliteConnection::connect(&url).await.unwrap();
    let id = bad[4]["event_id"].as_str().unwrap();
    for sql in [
        "update sessions set facts = '{' where id = 'bad'".to_owned(),
        format!(
            "update events set sent = '[1' where event_id = '{id}' and session = \
             (select number from sessions where id = 'bad')"
        ),
    ] {
        let done = conn
            .execute(sqlx::raw_sql(AssertSqlSafe(sql)))
            .await
            .unwrap();
        assert_eq!(done.rows_affected(), 1);
    }
    conn.close().await.unwrap();
    app.start_again().await;
    let client = app.client();
    let listed: Vec<Session> = client.get("/api/sessions").await.expect(200).to();
    let [first, second] = &listed[..] else {
        panic!("{listed:?}")
    };
    assert_eq!(first, &{
        let mut whole = expected(&good, "webhook").0;
        whole.verdict = None;
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
        (SessionStatus::Failed, 2)
    );
    // All but the one that cannot be read.
    assert_eq!(json!(mended.events), json!(bad.len() - 1));
}
