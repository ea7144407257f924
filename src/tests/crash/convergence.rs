//! The program killed while it follows a loop that tells late comers what they missed.

use serde_json::{Value, json};
use tokio::time::timeout;

use super::random_moment;
use crate::domain::{LoopLink, Session, SessionStatus};
use crate::tests::support::{
    Client, Engine, LoopServer, Place, Program, eventually, on_each_engine,
};

on_each_engine!(nothing_of_a_loop_that_replays_is_missing_after_kills);

/// The number of an event: they are sent in this order.
fn event(n: u32) -> Value {
    json!({"event_id": n.to_string(), "session_id": "s", "timestamp": 1_795_336_200 + n,
        "iteration": n / 100 + 1, "event_type": "STEP_COMPLETE",
        "data": {"step": "diagnose", "success": true, "findings": [format!("finding {}", n / 300)]}})
}

async fn events(client: &Client) -> u64 {
    let answer = client.get("/api/sessions/s").await;
    if answer.status == 404 {
        0
    } else {
        answer.expect(200).to::<Session>().events
    }
}

async fn nothing_of_a_loop_that_replays_is_missing_after_kills(engine: Engine) {
    let server = LoopServer::replaying().await;
    let place = Place::new(engine).await;
    let mut sent = 0;
    for round in 0..5 {
        let program = Program::following(&place, &server.url()).await;
        // The timer cuts through whatever is under way; that is the point of it.
        let busy = async {
            loop {
                server.send(event(sent).to_string());
                sent += 1;
                // Not faster than it is heard of, so that every kill finds something to do.
                eventually("the program goes on", async || {
                    (events(program.client()).await + 20 > u64::from(sent)).then_some(())
                })
                .await;
            }
        };
        let cut = timeout(random_moment(), busy).await;
        assert!(cut.is_err(), "round {round}: it ended by itself");
        program.kill().await;
    }
    let end = json!({"event_id": "end", "session_id": "s", "event_type": "SESSION_ENDED",
        "timestamp": 1_900_000_000, "iteration": sent / 100 + 1});
    server.send(end.to_string());
    let program = Program::following(&place, &server.url()).await;
    let client = program.client();
    let session = eventually("every event is there", async || {
        (events(client).await == u64::from(sent) + 1).then_some(())
    });
    session.await;
    let session: Session = client.get("/api/sessions/s").await.expect(200).to();
    assert_eq!(session.status, SessionStatus::Ended);
    let mut ids = Vec::new();
    let mut next = "/api/sessions/s/events?limit=1000".to_owned();
    while !next.is_empty() {
        let page = client.get(&next).await.expect(200);
        let events = page.json();
        ids.extend(
            events
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["event_id"].clone()),
        );
        let link = page
            .header("link")
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once('>'));
        next = link.map(|(next, _)| next.to_owned()).unwrap_or_default();
    }
    let mut expected: Vec<Value> = (0..sent).map(|n| json!(n.to_string())).collect();
    expected.push(json!("end"));
    assert_eq!(ids, expected);
    // What was known already was told as such.
    let links: Vec<LoopLink> = client.get("/api/loops").await.expect(200).to();
    assert_eq!(links[0].events + links[0].duplicates, u64::from(sent) + 1);
    program.stop().await;
}
