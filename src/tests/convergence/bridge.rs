//! Following the socket of a loop.

use std::time::Duration;

use serde_json::{Value, json};

use super::{CONVERGED, NOT_CONVERGED, check, recorded, with_events};
use crate::domain::LoopLink;
use crate::server::bridge::client::{Client as LoopClient, Frame};
use crate::tests::support::{Client, Engine, LoopServer, TestApp, eventually, on_each_engine};

on_each_engine!(
    the_recorded_runs_end_as_recorded,
    several_loops_do_not_mix,
    a_server_that_was_killed_misses_nothing_of_a_loop_that_replays,
);

async fn link(client: &Client) -> LoopLink {
    let mut links: Vec<LoopLink> = client.get("/api/loops").await.expect(200).to();
    links.pop().expect("one loop is followed")
}

async fn link_when(client: &Client, what: &str, is: impl Fn(&LoopLink) -> bool) -> LoopLink {
    eventually(what, async || Some(link(client).await).filter(&is)).await
}

async fn the_recorded_runs_end_as_recorded(engine: Engine) {
    let server = LoopServer::start().await;
    let app = TestApp::following(engine, vec![server.url()], 120).await;
    for (lines, id) in [(CONVERGED, "a"), (NOT_CONVERGED, "b")] {
        let events = recorded(lines, id);
        for event in &events {
            server.send(event.to_string());
        }
        check(app.client(), &events, &server.url()).await;
    }
    let link = link(app.client()).await;
    assert!(link.connected && link.last_event_at.is_some(), "{link:?}");
    assert_eq!((link.events, link.duplicates, link.malformed), (50, 0, 0));
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_and_the_connection_stays() {
    let server = LoopServer::start().await;
    let app = TestApp::following(Engine::Sqlite, vec![server.url()], 120).await;
    let events = recorded(CONVERGED, "s");
    let text = |n: usize| events[n].to_string();
    for garbage in ["", "{", "nothing", "[]]", "17", "\u{0}", "{\"events\": 7}"] {
        server.send(garbage);
    }
    server.send(text(0));
    server.send_binary(&[0, 159, 146, 150]);
    server.send_binary(text(1).as_bytes());
    server.send(&text(2)[..40]);
    server.send_split(text(2));
    server.send(json!([events[3], {"event_type": 7}, events[4]]).to_string());
    server.send(json!({"events": [events[5]]}).to_string());
    server.send(json!({"type": "connected", "timestamp": "x"}).to_string());
    server.send(text(6).replace("STEP_STARTED", "step_started"));
    server.send(json!({"type": "event", "data": events[7]}).to_string());
    let nested = format!("{}{}", "[".repeat(100), "]".repeat(100));
    server.send(nested);
    for event in &events[8..] {
        server.send(event.to_string());
    }
    check(app.client(), &events, &server.url()).await;
    let link = link(app.client()).await;
    assert_eq!((link.malformed, link.connections), (11, 1), "{link:?}");
    assert!(link.connected);
}

#[tokio::test]
async fn frames_may_be_large_but_not_larger_than_sixteen_mebibytes() {
    let server = LoopServer::start().await;
    let app = TestApp::following(Engine::Sqlite, vec![server.url()], 120).await;
    let most = 16 * 1024 * 1024;
    let mut event = json!({"session_id": "s", "event_type": "LARGE", "event_id": "1", "data": ""});
    let fill = most - event.to_string().len();
    event["data"] = json!("x".repeat(fill));
    assert_eq!(event.to_string().len(), most);
    server.send(event.to_string());
    with_events(app.client(), "s", 1).await;
    event["data"] = json!("x".repeat(fill + 1));
    event["event_id"] = json!("2");
    server.send(event.to_string());
    link_when(
        app.client(),
        "a frame that is too large is counted",
        |link| link.malformed == 1,
    )
    .await;
    // It comes back for what follows.
    server.send(json!({"session_id": "s", "event_type": "AFTER"}).to_string());
    assert_eq!(with_events(app.client(), "s", 2).await.events, 2);
}

#[tokio::test]
async fn a_loop_that_comes_back_is_found_again() {
    let server = LoopServer::start().await;
    let app = TestApp::following(Engine::Sqlite, vec![server.url()], 120).await;
    let events = recorded(NOT_CONVERGED, "s");
    for (n, event) in events.iter().enumerate() {
        server.send(event.to_string());
        if n % 8 == 7 {
            with_events(app.client(), "s", n + 1).await;
            server.hang_up();
        }
    }
    check(app.client(), &events, &server.url()).await;
    let found = link(app.client()).await;
    assert_eq!((found.connections, found.connected), (5, true), "{found:?}");
    let url = server.url();
    drop(server);
    let lost = link_when(app.client(), "the loop is gone", |link| !link.connected).await;
    assert_eq!(lost.url, url);
    assert!(lost.error.is_some(), "{lost:?}");
}

#[tokio::test]
async fn a_loop_that_answers_no_ping_is_waited_for() {
    let server = LoopServer::start().await;
    let ping = Duration::from_millis(5);
    let mut client = LoopClient::connect(&server.url(), ping).await.ok().unwrap();
    let mut text = async || match client.next().await {
        Ok(Frame::Text(text)) => text,
        Ok(Frame::Binary(_)) => panic!("a binary frame"),
        Err(ended) => panic!("{}", ended.words),
    };
    assert!(text().await.contains("connected"));
    // Its only thread is busy with a step while so many pings come.
    server.ignore_pings(20);
    server.send("the step is done");
    assert_eq!(text().await, "the step is done");
}

#[tokio::test]
async fn a_server_that_closes_after_its_greeting_is_left_alone_ever_longer() {
    let server = LoopServer::closing().await;
    let app = TestApp::following(Engine::Sqlite, vec![server.url()], 120).await;
    let found = link_when(app.client(), "it was tried three times", |link| {
        link.connections >= 3 && !link.connected
    })
    .await;
    let error = found.error.unwrap();
    assert!(error.contains("without an event"), "{error}");
    assert_eq!((found.events, found.malformed), (0, 0));
    // At most twenty a minute, however the dice fall.
    for (number, pause) in server.pauses().iter().enumerate() {
        let least = [450, 700][number.min(1)];
        assert!(pause.as_millis() >= least, "{:?}", server.pauses());
    }
}

#[tokio::test]
async fn a_server_that_closes_after_one_event_is_left_alone_ever_longer() {
    let server = LoopServer::flapping().await;
    let app = TestApp::following(Engine::Sqlite, vec![server.url()], 120).await;
    let found = link_when(app.client(), "it was tried six times", |link| {
        link.connections >= 6 && !link.connected
    })
    .await;
    assert_eq!((found.events >= 5, found.malformed), (true, 0), "{found:?}");
    let pauses = server.pauses();
    // A short loop may be followed by another at once; then they grow.
    for (number, pause) in pauses.iter().enumerate().skip(3) {
        let least = [450, 700][(number - 3).min(1)];
        assert!(pause.as_millis() >= least, "{pauses:?}");
    }
}

#[tokio::test]
async fn a_loop_that_is_killed_is_lost_and_has_sent_nothing_odd() {
    let server = LoopServer::start().await;
    let app = TestApp::following(Engine::Sqlite, vec![server.url()], 120).await;
    server.send(json!({"session_id": "s", "event_type": "X"}).to_string());
    with_events(app.client(), "s", 1).await;
    server.hang_up();
    drop(server);
    let lost = link_when(app.client(), "the loop is gone", |link| !link.connected).await;
    assert_eq!((lost.malformed, lost.connections), (0, 1), "{lost:?}");
}

async fn several_loops_do_not_mix(engine: Engine) {
    let mut servers = Vec::new();
    for _ in 0..4 {
        servers.push(LoopServer::start().await);
    }
    let urls = servers.iter().map(LoopServer::url).collect();
    let app = TestApp::following(engine, urls, 120).await;
    // Two sessions each, in turns, all with the same event ids.
    let runs: Vec<[Vec<Value>; 2]> = (0..servers.len())
        .map(|n| {
            [
                recorded(CONVERGED, &format!("{n}-a")),
                recorded(NOT_CONVERGED, &format!("{n}-b")),
            ]
        })
        .collect();
    for n in 0..40 {
        for (server, run) in servers.iter().zip(&runs) {
            for event in run.iter().filter_map(|events| events.get(n)) {
                server.send(event.to_string());
            }
        }
    }
    for (server, run) in servers.iter().zip(&runs) {
        for events in run {
            check(app.client(), events, &server.url()).await;
        }
    }
    let links: Vec<LoopLink> = app.client().get("/api/loops").await.expect(200).to();
    let heard: Vec<_> = links
        .iter()
        .map(|link| (link.events, link.malformed))
        .collect();
    assert_eq!(heard, [(50, 0); 4], "{links:?}");
}

async fn a_server_that_was_killed_misses_nothing_of_a_loop_that_replays(engine: Engine) {
    let server = LoopServer::replaying().await;
    let mut app = TestApp::following(engine, vec![server.url()], 120).await;
    let events = recorded(NOT_CONVERGED, "s");
    let (before, rest) = events.split_at(10);
    let (meanwhile, after) = rest.split_at(10);
    for event in before {
        server.send(event.to_string());
    }
    with_events(app.client(), "s", 4).await;
    app.kill().await;
    for event in meanwhile {
        server.send(event.to_string());
    }
    app.start_again().await;
    for event in after {
        server.send(event.to_string());
    }
    check(app.client(), &events, &server.url()).await;
}
