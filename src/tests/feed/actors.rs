//! Two people of two projects: neither learns of the other's tasks, by any door.

use serde_json::{Value, json};

use crate::domain::Role;
use crate::tests::support::{Client, Engine, Frame, TestApp, on_each_engine, remote};

on_each_engine!(
    neither_of_two_actors_learns_of_the_others_tasks,
    sessions_are_seen_by_those_of_their_project,
    questions_are_counted_for_those_who_may_answer_them,
    who_may_only_look_changes_nothing,
    ones_own_tasks_are_changed_and_those_of_others_are_not,
);

const ACTORS: [(&str, &str, Role); 2] = [
    ("ada", "alpha", Role::Operator),
    ("ben", "beta", Role::Operator),
];

async fn with_projects(engine: Engine, actors: &[(&str, &str, Role)]) -> TestApp {
    let app = TestApp::for_actors(engine, vec![remote("worker", 1)], actors).await;
    for name in ["alpha", "beta"] {
        let project = json!({"name": name});
        app.client()
            .post("/api/projects", &project)
            .await
            .expect(201);
    }
    app
}

async fn neither_of_two_actors_learns_of_the_others_tasks(engine: Engine) {
    let app = with_projects(engine, &ACTORS).await;
    let (ada, ben) = (app.client_of("ada"), app.client_of("ben"));
    let mut socket = app.socket_of("ben").await;
    let topics = ["tasks", "agents", "activity", "logs"];
    socket
        .send(&json!({"action": "subscribe", "topics": topics}))
        .await;
    // The agent holds a task of Ada's, and another of hers waits before Ben's.
    let secret = |n: i64| json!({"description": format!("secret {n}"), "project": "alpha"});
    for n in 0..2 {
        ada.post("/api/tasks", &secret(n)).await.expect(201);
    }
    let (held, lease) = app.client().claim("worker").await;
    let line = json!({"message": "secret line"}).to_string();
    let path = format!("/api/tasks/{}/logs", held.number);
    let headers = [("lease", lease.as_str())];
    let client = app.client();
    client
        .send(axum::http::Method::POST, &path, &headers, line)
        .await
        .expect(202);
    let own = json!({"description": "mine", "project": "beta"});
    let own = ben.post("/api/tasks", &own).await.expect(201).json();

    // By name, list, search, count and position.
    for path in [
        "/api/tasks/1",
        "/api/tasks/1/logs",
        "/api/tasks/1/activity",
        "/api/tasks/1/usage",
    ] {
        ben.get(path).await.problem(404);
    }
    let by_id = format!("/api/tasks/{}", held.id);
    ben.get(&by_id).await.problem(404);
    ben.post("/api/tasks/2/start", &json!({}))
        .await
        .problem(404);
    ben.delete("/api/tasks/2").await.problem(404);
    ben.patch("/api/tasks/2", &json!({"title": "x"}))
        .await
        .problem(404);
    let project = json!({"description": "x", "project": "alpha"});
    ben.post("/api/tasks", &project).await.invalid("project");
    for query in [
        "",
        "?q=secret",
        "?project=alpha",
        "?project=alpha&project=beta",
        "?agent=worker",
    ] {
        let listed = ben
            .get(&format!("/api/tasks{query}"))
            .await
            .expect(200)
            .json();
        let strange = listed
            .as_array()
            .unwrap()
            .iter()
            .find(|task| task["project"] != "beta");
        assert_eq!(strange, None, "{query}");
    }
    for query in ["", "?project=alpha"] {
        let path = format!("/api/activity{query}");
        let told = ben.get(&path).await.expect(200).json();
        let own = |it: &Value| it["task_number"].is_null() || it["task_number"] == 3;
        assert!(told.as_array().unwrap().iter().all(own), "{query}: {told}");
        assert!(!mentions(&told, &["secret"]), "{told}");
    }
    assert_eq!(
        ben.get("/api/projects").await.expect(200).json()[0]["name"],
        "beta"
    );
    ben.get("/api/projects/alpha").await.problem(404);
    let seen = ben.get("/api/tasks/3").await.expect(200).json();
    assert_eq!(seen["queue_position"], 1, "of the tasks that Ben may see");
    assert!(!mentions(&seen, &["#1", "#2", "secret"]), "{seen}");
    let agent = ben.get("/api/agents/worker").await.expect(200).json();
    assert_eq!(agent["running"], json!([]));

    // By page and by feed.
    for page in ["/", "/tasks", "/agents", "/agents/worker", "/tasks/3"] {
        let html = ben.get(page).await.expect(200).text();
        assert!(!html.contains("secret"), "{page}");
    }
    let all = app.client().get("/").await.expect(200).text();
    assert!(all.contains("secret"), "the page shows tasks at all");
    for frame in socket.until_pong().await {
        let text = format!("{frame:?}");
        assert!(!text.contains("secret"), "{text}");
        match frame {
            Frame::Task { data, .. } => {
                assert_eq!(data.id.to_string(), own["id"]);
                assert_eq!(data.queue_position, Some(1));
            }
            Frame::Agent { data, .. } => assert_eq!(data.running, []),
            Frame::Activity { data, .. } => assert_ne!(data.task_number, Some(1)),
            Frame::Logs { .. } => panic!("a line of Ada's: {text}"),
            _ => {}
        }
    }
}

async fn sessions_are_seen_by_those_of_their_project(engine: Engine) {
    let actors = [
        ("ben", "beta", Role::Operator),
        ("dan", "default", Role::Operator),
        ("eve", "default", Role::Viewer),
    ];
    let app = with_projects(engine, &actors).await;
    let [ben, dan, eve] = ["ben", "dan", "eve"].map(|name| app.client_of(name));
    let mut socket = app.socket_of("ben").await;
    socket
        .send(&json!({"action": "subscribe", "topics": ["sessions"]}))
        .await;
    let finding = json!({"severity": "high", "title": "secret", "file": "a.rs", "line": 1});
    let event = |n: i64| {
        json!({"event_id": format!("e{n}"), "session_id": "hidden", "iteration": 1,
            "state": "DIAGNOSE", "event_type": "iteration_complete",
            "timestamp": "2026-11-26T10:00:00Z", "data": {"findings": [finding]}})
    };
    let events = json!({"events": [event(1), event(2)]});
    ben.post("/api/events", &events).await.problem(403);
    eve.post("/api/events", &events).await.problem(403);
    dan.post("/api/events", &events).await.expect(202);

    let session = "/api/sessions/hidden";
    let found = dan.get(&format!("{session}/findings")).await.expect(200);
    let found = found.json()[0]["fingerprint"].clone();
    let finding = format!("{session}/findings/{}", found.as_str().unwrap());
    for path in [
        "",
        "/events",
        "/events/e1",
        "/metrics",
        "/findings",
        "/events/export",
    ] {
        let path = format!("{session}{path}");
        ben.get(&path).await.problem(404);
        eve.get(&path).await.expect(200);
    }
    ben.get(&finding).await.problem(404);
    let accept = json!({"reason": "known"});
    let path = format!("{finding}/accept");
    ben.post(&path, &accept).await.problem(404);
    eve.post(&path, &accept).await.problem(403);
    dan.post(&path, &accept).await.expect(200);
    let list = ben.get("/api/sessions").await.expect(200).json();
    assert_eq!(list, json!([]));
    let numbers = ben.get("/api/stats").await.expect(200).json();
    assert_eq!(
        (&numbers["total_sessions"], &numbers["total_events"]),
        (&json!(0), &json!(0))
    );
    let numbers = eve.get("/api/stats").await.expect(200).json();
    assert_eq!(numbers["total_sessions"], 1);
    let state = ben.get("/api/state").await.expect(200).json();
    assert_eq!(
        (&state["session_id"], &state["logs"]),
        (&json!(null), &json!([]))
    );
    for page in ["/convergence", "/convergence/hidden"] {
        let html = ben.get(page).await.text();
        assert!(!html.contains("secret"), "{page}");
    }
    for frame in socket.until_pong().await {
        let text = format!("{frame:?}");
        assert!(!text.contains("hidden"), "{text}");
    }
}

async fn questions_are_counted_for_those_who_may_answer_them(engine: Engine) {
    let app = with_projects(engine, &ACTORS).await;
    let (ada, ben) = (app.client_of("ada"), app.client_of("ben"));
    let task = json!({"description": "x", "project": "alpha"});
    ada.post("/api/tasks", &task).await.expect(201);
    let (task, lease) = app.client().claim("worker").await;
    let question = json!({"status": "needs_input", "question": "which one?"}).to_string();
    let path = format!("/api/tasks/{}", task.number);
    let headers = [("lease", lease.as_str())];
    app.client()
        .send(axum::http::Method::PATCH, &path, &headers, question)
        .await
        .expect(200);
    let open = async |client: &Client| {
        let answer = client.post("/rpc/tasks/questions", &json!({})).await;
        answer.expect(200).json()["open"].clone()
    };
    let asked = ada.get(&path).await.expect(200).json()["question"]["asked_at"].clone();
    let expected = json!({"asked": [[task.number, asked]], "more": 0});
    assert_eq!(open(&ada).await, expected);
    assert_eq!(open(&ben).await, json!({"asked": [], "more": 0}));
    let title = |html: &str| html.contains("<title>(1) Agents · Kimi Dashboard</title>");
    assert!(title(&ada.get("/agents").await.expect(200).text()));
    assert!(!title(&ben.get("/agents").await.expect(200).text()));
    ada.post(&format!("{path}/input"), &json!({"text": "that"}))
        .await
        .expect(200);
    assert_eq!(open(&ada).await, json!({"asked": [], "more": 0}));
}

async fn who_may_only_look_changes_nothing(engine: Engine) {
    let app = with_projects(engine, &[("eve", "alpha", Role::Viewer)]).await;
    let task = json!({"description": "x", "project": "alpha"});
    app.client().post("/api/tasks", &task).await.expect(201);
    let eve = app.client_of("eve");
    eve.get("/api/tasks/1").await.expect(200);
    eve.post("/api/tasks", &task).await.problem(403);
    eve.patch("/api/tasks/1", &json!({"title": "x"}))
        .await
        .problem(403);
    eve.delete("/api/tasks/1").await.problem(403);
    eve.post("/api/agents/worker/stop", &json!({}))
        .await
        .problem(403);
    eve.post("/api/projects", &json!({"name": "mine"}))
        .await
        .problem(403);
    let mut socket = app.socket_of("eve").await;
    let report = json!({"action": "progress", "task_id": "1", "progress": 0.5});
    socket.send(&report).await;
    let refused = socket
        .find(|frame| match frame {
            Frame::Error { data } => Some(data.status),
            _ => None,
        })
        .await;
    assert_eq!(refused, 403);
}

async fn ones_own_tasks_are_changed_and_those_of_others_are_not(engine: Engine) {
    let actors = [
        ("ada", "alpha", Role::Operator),
        ("ann", "alpha", Role::Operator),
        ("max", "alpha", Role::Maintainer),
    ];
    let app = with_projects(engine, &actors).await;
    let task = json!({"description": "x", "project": "alpha"});
    let made = app
        .client_of("ada")
        .post("/api/tasks", &task)
        .await
        .expect(201)
        .json();
    assert_eq!(made["created_by"], "ada");
    let edit = json!({"title": "new"});
    app.client_of("ann")
        .patch("/api/tasks/1", &edit)
        .await
        .problem(403);
    app.client_of("ann")
        .delete("/api/tasks/1")
        .await
        .problem(403);
    app.client_of("ada")
        .patch("/api/tasks/1", &edit)
        .await
        .expect(200);
    app.client_of("max")
        .delete("/api/tasks/1")
        .await
        .expect(200);
}

fn mentions(value: &Value, words: &[&str]) -> bool {
    let text = value.to_string();
    words.iter().any(|word| text.contains(word))
}
