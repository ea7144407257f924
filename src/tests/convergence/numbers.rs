//! The numbers of a session are the same wherever they are shown.

use serde_json::{Value, json};

use super::{CONVERGED, NOT_CONVERGED, WEBHOOK, post, recorded, shown};
use crate::domain::{
    ComparisonView, ConvergenceView, Finding, FindingState, IterationMetrics, SessionStats,
    SessionView,
};
use crate::tests::support::{Client, Engine, TestApp, on_each_engine};

on_each_engine!(every_place_shows_the_same_numbers);

/// A loop that lists what it finds, and whose validation fails to the end.
fn failing(id: &str) -> Vec<Value> {
    let lists = [
        json!(["a", "b", "c"]),
        json!(["a", "b", "d"]),
        json!(["a", "b"]),
        json!(["a", "c"]),
    ];
    let event = |kind: &str, iteration: u32, data: Value| {
        json!({"session_id": id, "event_type": kind, "iteration": iteration, "data": data,
            "timestamp": 1_795_336_200 + iteration})
    };
    let mut events = Vec::new();
    for (found, iteration) in lists.into_iter().zip(1..) {
        let diagnosed = json!({"step": "diagnose", "success": true, "findings": found});
        let failed = json!({"step": "validate", "success": false, "findings_count": 0});
        events.push(event("STEP_COMPLETE", iteration, diagnosed));
        events.push(event("STEP_COMPLETE", iteration, failed));
    }
    events.push(event(
        "ERROR",
        4,
        json!({"error": "Max iterations (4) reached"}),
    ));
    events.push(event("SESSION_ENDED", 4, json!({})));
    events
}

async fn every_place_shows_the_same_numbers(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let runs = [
        ("converged", recorded(CONVERGED, "converged")),
        ("not", recorded(NOT_CONVERGED, "not")),
        ("webhook", recorded(WEBHOOK, "webhook")),
        ("failing", failing("failing")),
    ];
    for (_, events) in &runs {
        post(client, events).await;
    }
    for (id, _) in &runs {
        agree(client, id).await;
    }
    let stats: SessionStats = client.get("/api/stats").await.expect(200).to();
    let asked = json!({"filter": {}, "cursor": null});
    let overview: ConvergenceView = client
        .post("/rpc/convergence/list", &asked)
        .await
        .expect(200)
        .to();
    assert_eq!(overview.stats, stats);
    let sum: u64 = overview.sessions.items.iter().map(|it| it.events).sum();
    assert_eq!((stats.total_sessions, stats.total_events), (4, sum));
    // Where the last validation failed, the page says so, and that it is in none of the numbers.
    let page = client.get("/convergence/failing").await.expect(200).text();
    let events = page.find("id=\"events\"").unwrap();
    let words = shown(&format!("{}</main>", &page[..events]));
    for part in [
        "not converged : converging (3, 3, 2, 2 open; validation failed in #1, #2, #3, #4)",
        "4 findings · 2 open · the last validation failed, which is no finding",
        "A failed validation is no finding and counts in none of them.",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    // A reason is said once.
    assert!(
        words.contains("Why it ended Max iterations (4) reached"),
        "{words}"
    );
    assert_eq!(words.matches("Max iterations").count(), 1, "{words}");
}

/// The iterations, the ledger, the page and the comparison of a session.
async fn agree(client: &Client, id: &str) {
    let path = format!("/api/sessions/{id}/metrics?limit=1000");
    let rows: Vec<IterationMetrics> = client.get(&path).await.expect(200).to();
    let path = format!("/api/sessions/{id}/findings?limit=1000");
    let ledger: Vec<Finding> = client.get(&path).await.expect(200).to();
    let asked = json!({"id": id, "filter": {}, "at": null});
    let page: SessionView = client
        .post("/rpc/convergence/session", &asked)
        .await
        .expect(200)
        .to();
    let asked = json!({"a": id, "b": id});
    let compared: ComparisonView = client
        .post("/rpc/convergence/compare", &asked)
        .await
        .expect(200)
        .to();
    let numbers = page.findings.numbers;
    for side in &compared.sides {
        assert_eq!(side.numbers, numbers, "{id}");
        assert_eq!(side.session.iterations, page.session.iterations);
    }
    let open = ledger.iter().filter(|it| it.state.is_open()).count();
    let count = |number: usize| u64::try_from(number).unwrap();
    assert_eq!(
        (numbers.listed, numbers.open),
        (count(ledger.len()), count(open)),
        "{id}"
    );
    assert_eq!(page.rounds.items, rows, "{id}");
    assert_eq!(page.rounds.total, page.session.iterations);
    let last = rows.last().unwrap();
    assert_eq!(numbers.open_at_the_end(), last.open.map(u64::from), "{id}");
    assert_eq!(numbers.validated, last.validated);
    if numbers.lists && numbers.counted == 0 {
        let fixed = ledger.iter().filter(|it| it.state == FindingState::Fixed);
        let sum = |number: fn(&IterationMetrics) -> Option<u32>| {
            rows.iter().filter_map(number).map(u64::from).sum::<u64>()
        };
        assert_eq!(sum(|row| row.new), numbers.listed, "{id}");
        let gone = sum(|row| row.fixed) - sum(|row| row.regressed);
        assert_eq!(gone, count(fixed.count()), "{id}");
    }
    let verdict = page.session.verdict.unwrap();
    let told = verdict.iterations.iter().map(|number| {
        let row = rows.iter().find(|row| row.iteration == *number);
        row.unwrap().open.unwrap_or(0)
    });
    assert_eq!(verdict.open, told.collect::<Vec<_>>(), "{id}");
}
