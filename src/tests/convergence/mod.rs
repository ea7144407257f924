//! Following convergence loops, through the doors: the webhook, the socket of a loop, the public
//! interface, the feed.

mod bounds;
mod bridge;
mod bulk;
mod export;
mod feed;
mod findings;
mod limits;
mod lists;
mod mixed;
mod names;
mod numbers;
mod pages;
mod silence;
mod tasks;
mod times;
mod unknown;
mod unreadable;
mod webhook;

use serde_json::{Value, json};

use super::support::{Client, eventually};
use crate::domain::{LoopEvent, Session, SessionBook, Timestamp, decode_batch};

/// One frame or POST of the real loop a line.
const CONVERGED: &str = include_str!("../data/convergence/run-converged.ndjson");
const NOT_CONVERGED: &str = include_str!("../data/convergence/run-not-converged.ndjson");
const WEBHOOK: &str = include_str!("../data/convergence/webhook-posts.ndjson");

/// The recorded events, as they were sent, as those of session `id`.
fn recorded(lines: &str, id: &str) -> Vec<Value> {
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let events = lines.flat_map(|line: Value| match line.get("events") {
        Some(events) => events.as_array().cloned().unwrap(),
        None => vec![line],
    });
    let own = events.filter(|event| event.get("event_id").is_some());
    own.map(|mut event| {
        event["session_id"] = json!(id);
        event
    })
    .collect()
}

/// What the rules say about these events, without a server.
fn expected(events: &[Value], source: &str) -> (Session, Value) {
    let batch = decode_batch(json!(events), Timestamp(0));
    assert_eq!(batch.problems, []);
    let mut book = SessionBook::default();
    for (event, arrival) in batch.events.iter().zip(1..) {
        book.add(event, arrival);
    }
    let id = batch
        .events
        .first()
        .map_or("", |event: &LoopEvent| &event.session_id);
    let session = Session::of(id.to_owned(), source.to_owned(), &book.facts, false);
    let (session, ledger) = book.judged(session);
    (session, serde_json::to_value(ledger.iterations).unwrap())
}

async fn post(client: &Client, events: &[Value]) -> Value {
    let batch = json!({"events": events});
    client.post("/api/events", &batch).await.expect(202).json()
}

pub(super) async fn session(client: &Client, id: &str) -> Option<Session> {
    let answer = client.get(&format!("/api/sessions/{id}")).await;
    (answer.status == 200).then(|| answer.to())
}

/// Waits until the session has so many events.
pub(super) async fn with_events(client: &Client, id: &str, events: usize) -> Session {
    let events = u64::try_from(events).unwrap();
    eventually(&format!("session {id} has {events} events"), async || {
        session(client, id)
            .await
            .filter(|session| session.events >= events)
    })
    .await
}

/// Goes on if the session is exactly what the rules say about `events`.
pub(super) async fn check(client: &Client, events: &[Value], source: &str) {
    let (mut session, metrics) = expected(events, source);
    let id = session.session_id.clone();
    let found = with_events(client, &id, events.len()).await;
    // Only the server knows how many there are.
    assert!(!found.name.is_empty());
    session.name.clone_from(&found.name);
    assert_eq!(found, session);
    let path = format!("/api/sessions/{id}/metrics");
    assert_eq!(client.get(&path).await.expect(200).json(), metrics);
    let path = format!("/api/sessions/{id}/events?limit=1000");
    let listed = client.get(&path).await.expect(200).json();
    let ids = |events: &[Value]| -> Vec<Value> {
        events
            .iter()
            .map(|event| event["event_id"].clone())
            .collect()
    };
    let mut in_time = events.to_vec();
    in_time.sort_by_key(|event| event["timestamp"].as_str().map(str::to_owned));
    assert_eq!(ids(listed.as_array().unwrap()), ids(&in_time));
}

/// The words between the tags of a page's body, without its data.
pub(super) fn shown(html: &str) -> String {
    let body = html.split_once("<main").map_or("", |(_, rest)| rest);
    let body = body.split_once("</main>").map_or("", |(body, _)| body);
    let mut words = String::new();
    let (mut inside, mut script) = (false, false);
    for part in body.split_inclusive(['<', '>']) {
        match part.strip_suffix('>') {
            Some(tag) if inside => {
                script = tag.starts_with("script") || (script && !tag.starts_with("/script"));
                inside = false;
            }
            _ => {
                let text = part.strip_suffix('<').unwrap_or(part);
                if !script {
                    words.push_str(text);
                    words.push(' ');
                }
                inside = part.ends_with('<');
            }
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}
