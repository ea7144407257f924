//! What sessions are called, on pages and in lists: names that people know, and ids only in details.

use serde_json::{Value, json};

use super::{post, session, shown};
use crate::domain::Session;
use crate::tests::support::{Client, Engine, TestApp, on_each_engine};

on_each_engine!(
    sessions_are_named_after_their_folder_in_the_order_in_which_they_come,
    a_name_is_given_once_and_to_no_other,
    a_session_is_found_by_its_name,
);

fn begun(id: &str, data: &Value) -> Value {
    json!({"session_id": id, "event_type": "SESSION_STARTED", "event_id": format!("{id}-begun"),
        "timestamp": 1_795_336_200, "data": data})
}

fn worked(id: &str, number: u32) -> Value {
    json!({"session_id": id, "event_type": "X", "event_id": format!("{id}-{number}"),
        "timestamp": 1_795_336_300 + number})
}

async fn name(client: &Client, id: &str) -> String {
    session(client, id).await.unwrap().name
}

async fn names(client: &Client) -> Vec<String> {
    let listed: Vec<Session> = client.get("/api/sessions").await.expect(200).to();
    listed.into_iter().rev().map(|it| it.name).collect()
}

async fn sessions_are_named_after_their_folder_in_the_order_in_which_they_come(engine: Engine) {
    let mut app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let web = json!({"target": "/srv/web"});
    post(
        client,
        &[
            begun("a", &web),
            begun("b", &json!({"target": "/srv/shop"})),
        ],
    )
    .await;
    // Several in one group, and another folder of the same name.
    post(
        client,
        &[
            begun("c", &json!({"target": "/home/me/web/"})),
            begun("d", &web),
            begun("e", &json!({})),
        ],
    )
    .await;
    let expected = ["web #1", "shop #1", "web #2", "web #3", "Session #5"];
    assert_eq!(names(client).await, expected);
    app.stop().await;
    app.start_again().await;
    let client = app.client();
    post(client, &[begun("f", &web)]).await;
    assert_eq!(name(client, "f").await, "web #4");
}

async fn a_name_is_given_once_and_to_no_other(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    // Its beginning comes late, and then again with another folder.
    post(client, &[worked("late", 1)]).await;
    assert_eq!(name(client, "late").await, "Session #1");
    post(client, &[begun("late", &json!({"target": "web"}))]).await;
    assert_eq!(name(client, "late").await, "web #1");
    let mut again = begun("late", &json!({"target": "other", "name": "mine"}));
    again["event_id"] = json!("again");
    again["timestamp"] = json!(1_795_336_900);
    post(client, &[again, worked("late", 2)]).await;
    assert_eq!(name(client, "late").await, "web #1");
    // What loops call the same is told apart, whatever they call it.
    let own = |id: &str, name: &str| begun(id, &json!({"target": "web", "name": name}));
    let events = [
        own("1", "nightly"),
        own("2", "nightly"),
        own("3", "web #2"),
        begun("4", &json!({"target": "web"})),
        own("5", "nightly #2"),
        own("6", "Session #2"),
        own("7", "nightly\u{202e}\n"),
        own("8", "Session"),
        own("9", &"x".repeat(100_000)),
    ];
    post(client, &events).await;
    let mut given = names(client).await;
    let expected = [
        "web #1",
        "nightly",
        "nightly #2",
        "web #2",
        "web #3",
        "nightly #2 #2",
        "“Session #2”",
        "nightly #3",
        "“Session”",
    ];
    assert_eq!(given[..9], expected);
    assert!(given[9].chars().count() < 100, "{}", given[9]);
    given.sort();
    given.dedup();
    assert_eq!(given.len(), 10);
}

async fn a_session_is_found_by_its_name(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let ids = ["0f3c-id-of-a", "0f3c-id-of-b", "0f3c-id-of-c"];
    post(
        client,
        &[
            begun(ids[0], &json!({"target": "/srv/web"})),
            begun(ids[1], &json!({"name": "Nightly ü"})),
            begun(ids[2], &json!({})),
        ],
    )
    .await;
    for (query, expected) in [
        ("q=WEB+%23", &["web #1"][..]),
        ("q=web+%231", &["web #1"]),
        ("q=nightly+%C3%9C", &["Nightly ü"]),
        ("q=session+%233", &["Session #3"]),
        ("q=0f3c-id-of-c", &["Session #3"]),
        ("q=other", &[]),
    ] {
        let path = format!("/api/sessions?{query}");
        let found: Vec<Session> = client.get(&path).await.expect(200).to();
        let found: Vec<_> = found.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(found, expected, "{query}");
    }
    let text = async |path: String| client.get(&path).await.expect(200).text();
    // Every page says the name, and the id where one looks for details.
    let overview = text("/convergence".to_owned()).await;
    let compared = text(format!("/convergence?with={}&with={}", ids[0], ids[1])).await;
    let one = text(format!("/convergence/{}", ids[0])).await;
    for (page, html) in [("overview", &overview), ("compared", &compared)] {
        let shown = shown(html);
        assert!(
            shown.contains("web #1") && shown.contains("Nightly ü"),
            "{page}: {shown}"
        );
        assert!(!shown.contains("id-of"), "{page}: {shown}");
    }
    assert!(compared.contains("<title>web #1 and Nightly ü · Kimi Dashboard</title>"));
    assert!(one.contains("<title>web #1 · Kimi Dashboard</title>"));
    assert!(shown(&one).contains("Id 0f3c-id-of-a"), "{}", shown(&one));
}
