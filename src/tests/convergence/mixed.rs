//! However a run arrives, it ends in the same session: over the socket and the webhook, in any
//! order, twice, in batches, in pieces, between garbage, over connections that break.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::{CONVERGED, NOT_CONVERGED, WEBHOOK, expected, recorded, with_events};
use crate::tests::support::{Client, Engine, LoopServer, TestApp, eventually};

/// How one event travels.
#[derive(Clone, Copy, Debug)]
enum Way {
    Plain,
    InPieces,
    InArray,
    InEnvelope,
    AfterGarbage,
    Cut,
    ThenHangUp,
    Posted,
    PostedTwice,
}

const WAYS: [Way; 9] = [
    Way::Plain,
    Way::InPieces,
    Way::InArray,
    Way::InEnvelope,
    Way::AfterGarbage,
    Way::Cut,
    Way::ThenHangUp,
    Way::Posted,
    Way::PostedTwice,
];

/// How often a loop hangs up in one journey.
const MOST_HUNG_UP: usize = 3;

/// A recording, and the order and the ways in which its events travel; some more than once.
fn journeys() -> impl Strategy<Value = (&'static str, Vec<(usize, Way)>)> {
    let recordings = prop_oneof![Just(CONVERGED), Just(NOT_CONVERGED), Just(WEBHOOK)];
    recordings.prop_flat_map(|lines| {
        let count = recorded(lines, "x").len();
        let ways = prop::sample::select(&WAYS[..]);
        let some = prop::collection::vec((0..count, ways.clone()), 0..count);
        let each = prop::collection::vec(ways, count);
        let all = (some, each).prop_map(|(some, each)| {
            let each = each.into_iter().enumerate();
            some.into_iter().chain(each).collect::<Vec<_>>()
        });
        (Just(lines), all.prop_shuffle())
    })
}

async fn travel(server: &LoopServer, client: &Client, event: &Value, way: Way) {
    let text = event.to_string();
    match way {
        Way::Plain => server.send(text),
        Way::InPieces => server.send_split(text),
        Way::InArray => server.send(json!([event]).to_string()),
        Way::InEnvelope => server.send(json!({"events": [event, event]}).to_string()),
        Way::AfterGarbage => {
            server.send("\u{0}garbage");
            server.send(text);
        }
        // Never arrives, unless it travels once more.
        Way::Cut => server.send(&text[..text.len() / 2]),
        Way::ThenHangUp => {
            server.send(text);
            server.hang_up();
        }
        Way::Posted => {
            client.post("/events", event).await.expect(202);
        }
        Way::PostedTwice => {
            let twice = json!({"session_id": event["session_id"], "events": [event, event]});
            client.post("/api/events", &twice).await.expect(202);
        }
    }
}

/// The events of the session that are stored, by id.
async fn stored(client: &Client, id: &str) -> BTreeSet<String> {
    let path = format!("/api/sessions/{id}/events?limit=1000");
    let answer = client.get(&path).await;
    let events: Vec<Value> = if answer.status == 200 {
        answer.to()
    } else {
        Vec::new()
    };
    events
        .iter()
        .map(|event| event["event_id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn any_journey_ends_in_the_same_session() {
    travel_often(Engine::Sqlite, 30);
}

#[test]
fn any_journey_ends_in_the_same_session_on_postgres() {
    if let Some(engine) = Engine::postgres() {
        travel_often(engine, 15);
    }
}

fn travel_often(engine: Engine, cases: u32) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let case = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let engine = &engine;
    let journey = |(lines, journey): (&str, Vec<(usize, Way)>)| {
        case.set(case.get() + 1);
        let id = format!("case-{}", case.get());
        let events = recorded(lines, &id);
        runtime.block_on(async {
            // A server that hangs up ever again is left alone ever longer.
            let server = LoopServer::start().await;
            let app = TestApp::following(engine.clone(), vec![server.url()], 120).await;
            let client = app.client();
            let mut hung_up = 0;
            for (n, way) in &journey {
                let way = match way {
                    Way::ThenHangUp if hung_up == MOST_HUNG_UP => Way::Plain,
                    way => *way,
                };
                hung_up += usize::from(matches!(way, Way::ThenHangUp));
                travel(&server, client, &events[*n], way).await;
            }
            // The last frame of the socket: what came before it has been taken in.
            let end = json!({"session_id": format!("{id}-end"), "event_type": "END"});
            server.send(end.to_string());
            with_events(client, &format!("{id}-end"), 1).await;
            // The webhook sends again what never arrived.
            let known = stored(client, &id).await;
            let lost = |event: &&Value| !known.contains(event["event_id"].as_str().unwrap());
            let lost: Vec<_> = events.iter().filter(lost).collect();
            client.post("/api/events", &json!(lost)).await.expect(202);
            let found = with_events(client, &id, events.len()).await;
            let (mut session, metrics) = expected(&events, &found.source);
            session.name.clone_from(&found.name);
            prop_assert_eq!(found, session);
            let path = format!("/api/sessions/{id}/metrics");
            prop_assert_eq!(client.get(&path).await.expect(200).json(), metrics);
            eventually("the bridge is connected again", async || {
                let links = client.get("/api/loops").await.expect(200).json();
                (links[0]["connected"] == true).then_some(())
            })
            .await;
            Ok(())
        })
    };
    runner.run(&journeys(), journey).unwrap();
}
