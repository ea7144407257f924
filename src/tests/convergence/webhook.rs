//! Events that are posted.

use axum::http::Method;
use serde_json::{Value, json};

use super::{CONVERGED, NOT_CONVERGED, WEBHOOK, check, post, recorded, session};
use crate::tests::support::{Engine, TestApp, on_each_engine};

on_each_engine!(
    the_recorded_posts_make_the_recorded_session,
    every_event_counts_once,
    sessions_do_not_mix,
    every_shape_is_taken,
    what_cannot_be_read_is_named_and_loses_nothing,
    odd_text_is_kept,
    what_could_not_be_reached_is_refused_in_words,
    odd_ids_are_reached_by_their_links,
);

async fn the_recorded_posts_make_the_recorded_session(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    for (line, path) in WEBHOOK.lines().zip(["/api/events", "/events"]) {
        let sent: Value = serde_json::from_str(line).unwrap();
        let count = sent["events"].as_array().unwrap().len();
        let taken = client.post(path, &sent).await.expect(202).json();
        assert_eq!(
            taken,
            json!({"accepted": count, "duplicates": 0, "refused": []})
        );
        let again = client.post(path, &sent).await.expect(202).json();
        assert_eq!(
            again,
            json!({"accepted": 0, "duplicates": count, "refused": []})
        );
    }
    let id = "63ac7697-1cc5-4f78-900b-cdc9f3bd104a";
    check(client, &recorded(WEBHOOK, id), "webhook").await;
}

async fn every_event_counts_once(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let events = recorded(NOT_CONVERGED, "twice");
    let doubled: Vec<Value> = events.iter().chain(&events).cloned().collect();
    let taken = post(app.client(), &doubled).await;
    assert_eq!(
        taken,
        json!({"accepted": events.len(), "duplicates": events.len(), "refused": []})
    );
    // An event without id is known by its content.
    let mut nameless = events[3].clone();
    nameless.as_object_mut().unwrap().remove("event_id");
    nameless["iteration"] = json!(7);
    assert_eq!(post(app.client(), &[nameless.clone()]).await["accepted"], 1);
    assert_eq!(post(app.client(), &[nameless]).await["duplicates"], 1);
    let found = session(app.client(), "twice").await.unwrap();
    assert_eq!((found.events, found.iterations), (34, 7));
}

async fn sessions_do_not_mix(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    // The same event ids in both, sent together and in turns.
    let (first, second) = (recorded(CONVERGED, "a"), recorded(NOT_CONVERGED, "b"));
    let third = recorded(CONVERGED, "c");
    let together: Vec<Value> = first
        .iter()
        .zip(&second)
        .flat_map(|(a, b)| [a.clone(), b.clone()])
        .collect();
    post(app.client(), &together).await;
    post(app.client(), &third).await;
    post(app.client(), &second).await;
    check(app.client(), &first, "webhook").await;
    check(app.client(), &second, "webhook").await;
    check(app.client(), &third, "webhook").await;
    let stats = app.client().get("/api/stats").await.expect(200).json();
    assert_eq!(stats["total_sessions"], 3);
    assert_eq!(stats["converged_sessions"], 2);
    assert_eq!(stats["total_events"], first.len() * 2 + second.len());
}

async fn every_shape_is_taken(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let bare = json!({"event_type": "session_started", "session_id": "s"});
    let envelope = json!({"session_id": "s", "events": [{"type": "metrics_emitted"}]});
    let nothing = json!({"session_id": "s", "events": []});
    let greeting = json!({"type": "connected"});
    for (sent, accepted) in [
        (bare, 1),
        (json!([{"event_type": "X", "session_id": 7}]), 1),
        (envelope, 1),
        (nothing, 0),
        (greeting, 0),
    ] {
        let taken = client.post("/api/events", &sent).await.expect(202).json();
        assert_eq!(
            taken,
            json!({"accepted": accepted, "duplicates": 0, "refused": []}),
            "{sent}"
        );
    }
    let events = client
        .get("/api/sessions/s/events")
        .await
        .expect(200)
        .json();
    let types: Vec<_> = events
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["event_type"])
        .collect();
    assert_eq!(types, ["SESSION_STARTED", "METRICS_EMITTED"]);
    assert!(session(client, "7").await.is_some());
}

async fn what_cannot_be_read_is_named_and_loses_nothing(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    for garbage in ["", "{", "[1,", "\u{0}", "{} {}", "events=1"] {
        let answer = client
            .send(Method::POST, "/api/events", &[], garbage.to_owned())
            .await;
        answer.problem(400);
    }
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    client
        .send(Method::POST, "/api/events", &[], deep)
        .await
        .invalid("[0]");
    let good = recorded(CONVERGED, "s")[0].clone();
    let wrong = |key: &str, value: Value| {
        let mut event = good.clone();
        event[key] = value;
        event
    };
    for (sent, field) in [
        (json!(7), "body"),
        (json!({}), "event_type"),
        (json!({"events": {}}), "events"),
        (json!({"event_type": "ERROR"}), "session_id"),
        (json!([{"event_type": "ERROR"}]), "[0].session_id"),
        (wrong("iteration", json!(-1)), "iteration"),
        (wrong("session_id", json!("a\0b")), "session_id"),
    ] {
        client.post("/api/events", &sent).await.invalid(field);
    }
    let mut nowhere = wrong("session_id", json!({}));
    nowhere["data"] = json!({});
    client
        .post("/api/events", &nowhere)
        .await
        .invalid("session_id");
    let mixed = json!([good, {"event_type": 7, "session_id": "s", "event_id": "bad"}, wrong("event_id", json!("x"))]);
    let taken = client.post("/api/events", &mixed).await.expect(202).json();
    assert_eq!(
        (&taken["accepted"], &taken["errors"][0]["field"]),
        (&json!(2), &json!("[1].event_type"))
    );
    let detail = "[1].event_type: must name the type of the event";
    assert_eq!(
        taken["refused"],
        json!([{"index": 1, "event_id": "bad", "detail": detail}])
    );
    assert_eq!(session(client, "s").await.unwrap().events, 2);
    // The last, for the connection ends with it.
    let large = "x".repeat(17 * 1024 * 1024);
    client
        .send(Method::POST, "/api/events", &[], large)
        .await
        .problem(413);
}

async fn odd_text_is_kept(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let id = "a/b ü?%'\"";
    let data = json!({"error": "nul \0, quote ' and 🦀", "n": 1.5e300, "deep": [[{"": null}]]});
    let event = json!({"session_id": id, "event_type": "ERROR\u{1}", "data": data});
    post(client, &[event]).await;
    let path = "/api/sessions/a%2Fb%20%C3%BC%3F%25%27%22";
    let found: crate::domain::Session = client.get(path).await.expect(200).to();
    assert_eq!(found.session_id, id);
    let events = client
        .get(&format!("{path}/events"))
        .await
        .expect(200)
        .json();
    assert_eq!(events[0]["data"], data);
    assert_eq!(events[0]["event_type"], "ERROR\u{1}");
}

async fn what_could_not_be_reached_is_refused_in_words(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let event =
        |session: &str, id: &str| json!({"session_id": session, "event_id": id, "event_type": "X"});
    let sent = [
        event("..", "1"),
        event(".", "2"),
        event("s", ".."),
        event("s", "..."),
    ];
    let taken = post(client, &sent).await;
    assert_eq!(taken["accepted"], 1, "{taken}");
    let refused = taken["refused"].as_array().unwrap();
    assert_eq!(refused.len(), 3, "{taken}");
    for refusal in refused {
        let detail = refusal["detail"].as_str().unwrap();
        assert!(detail.contains("steps in an address"), "{detail}");
    }
}

async fn odd_ids_are_reached_by_their_links(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let encoded = |id: &str| {
        let bytes = id.bytes().map(|byte| format!("%{byte:02X}"));
        bytes.collect::<String>()
    };
    for id in [
        "a/b",
        "//evil.example",
        "a\nb",
        "\u{1b}[31m",
        "\u{202e}x",
        "?#%",
        "a b+c",
        "...",
        "<i>",
    ] {
        let event = json!({"session_id": id, "event_id": id, "event_type": "X"});
        assert_eq!(post(client, &[event]).await["accepted"], 1, "{id:?}");
        let path = format!("/api/sessions/{}", encoded(id));
        let session = client.get(&path).await.expect(200).json();
        assert_eq!(session["session_id"], id);
        let event = client.get(&format!("{path}/events/{}", encoded(id))).await;
        assert_eq!(event.expect(200).json()["event_id"], id);
    }
    let html = client.get("/convergence").await.expect(200).text();
    for link in html.split("href=\"").skip(1) {
        let (link, _) = link.split_once('"').unwrap();
        assert!(!link.starts_with("//"), "{link}");
        assert!(link.starts_with(['/', '#', '?']), "{link}");
    }
    assert!(
        html.contains(&format!("/convergence/{}", "%2F%2Fevil.example")),
        "{html}"
    );
}
