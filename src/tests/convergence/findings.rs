//! Findings: their ledger, and accepting them.

use serde_json::{Value, json};

use super::{post, session};
use crate::domain::{Finding, FindingState, VerdictKind};
use crate::tests::support::{Client, Engine, TestApp, on_each_engine};

on_each_engine!(
    a_finding_is_followed_over_its_iterations,
    a_finding_is_accepted_with_a_reason,
    what_a_tool_suppresses_is_accepted_until_it_does_not,
    a_failed_step_that_lists_some_findings_fixes_none,
    many_findings_fit_into_one_frame,
);

fn diagnosed(iteration: u32, findings: &[&str]) -> Value {
    let findings: Vec<Value> = findings
        .iter()
        .map(
            |name| json!({"type": "lint", "file": "a.rs", "description": name, "severity": "high"}),
        )
        .collect();
    json!({"session_id": "s", "event_type": "STEP_COMPLETE", "iteration": iteration,
        "timestamp": 1_795_336_200 + iteration,
        "data": {"step": "diagnose", "success": true, "findings": findings}})
}

/// Every finding, page by page.
async fn ledger(client: &Client) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    let mut next = Some("/api/sessions/s/findings?limit=400".to_owned());
    while let Some(path) = next {
        let answer = client.get(&path).await.expect(200);
        next = answer.next_page();
        all.extend(answer.to::<Vec<Finding>>());
    }
    all
}

async fn states(client: &Client) -> Vec<(String, FindingState)> {
    let mut states: Vec<_> = ledger(client)
        .await
        .into_iter()
        .map(|it| (it.description, it.state))
        .collect();
    states.sort_by(|a, b| a.0.cmp(&b.0));
    states
}

async fn a_finding_is_followed_over_its_iterations(engine: Engine) {
    use FindingState::{Fixed, New, Regressed, Repeated};
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let rounds = [
        (diagnosed(1, &["a", "b"]), vec![("a", New), ("b", New)]),
        (diagnosed(2, &["a"]), vec![("a", Repeated), ("b", Fixed)]),
        (
            diagnosed(3, &["b", "c"]),
            vec![("a", Fixed), ("b", Regressed), ("c", New)],
        ),
    ];
    for (event, expected) in rounds {
        post(client, &[event]).await;
        let found = states(client).await;
        let found: Vec<_> = found
            .iter()
            .map(|(name, state)| (name.as_str(), *state))
            .collect();
        assert_eq!(found, expected);
    }
    // The same however they come.
    let other = json!([
        diagnosed(3, &["b", "c"]),
        diagnosed(1, &["a", "b"]),
        diagnosed(2, &["a"])
    ]);
    let renamed = other.to_string().replace("\"s\"", "\"t\"");
    let renamed: Value = serde_json::from_str(&renamed).unwrap();
    client.post("/api/events", &renamed).await.expect(202);
    let both = [
        client.get("/api/sessions/s/findings").await.json(),
        client.get("/api/sessions/t/findings").await.json(),
    ];
    assert_eq!(both[0], both[1]);
    assert_eq!(both[0][0]["type"], "lint");
    assert_eq!(both[0][0]["severity"], "high");
}

async fn a_finding_is_accepted_with_a_reason(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    post(
        client,
        &[
            diagnosed(1, &["a"]),
            diagnosed(2, &["a"]),
            diagnosed(3, &["a"]),
        ],
    )
    .await;
    post(
        client,
        &[json!({"session_id": "s", "event_type": "ITERATION_ENDED", "iteration": 3})],
    )
    .await;
    let before = session(client, "s").await.unwrap().verdict.unwrap();
    assert_eq!(
        (before.kind, before.open),
        (VerdictKind::Stalled, vec![1, 1, 1])
    );
    let print = ledger(client).await[0].fingerprint.clone();
    let path = format!("/api/sessions/s/findings/{print}/accept");
    for wrong in [
        json!({"reason": ""}),
        json!({"reason": " \n"}),
        json!({"reason": 7}),
        json!({}),
        json!({"reason": "a\0b"}),
        json!({"reason": "x".repeat(2001)}),
    ] {
        client.post(&path, &wrong).await.invalid("reason");
    }
    client
        .post(&path, &json!({"reason": "x", "by": "me"}))
        .await
        .invalid("by");
    let reason = json!({"reason": "x"});
    client
        .post("/api/sessions/nobody/findings/x/accept", &reason)
        .await
        .problem(404);
    client
        .post("/api/sessions/s/findings/x/accept", &reason)
        .await
        .problem(404);
    client
        .post("/api/sessions/s/findings/a%00b/accept", &reason)
        .await
        .problem(404);
    let accepted: Finding = client
        .post(&path, &json!({"reason": " known since 2019 "}))
        .await
        .expect(200)
        .to();
    assert_eq!(accepted.state, FindingState::Accepted);
    let who = accepted.accepted.unwrap();
    assert_eq!(
        (who.by.as_str(), who.reason.as_str()),
        ("local", "known since 2019")
    );
    let after = session(client, "s").await.unwrap().verdict.unwrap();
    assert_eq!(
        (after.kind, after.open),
        (VerdictKind::Converging, vec![0, 0, 0])
    );
    // It stays accepted when it is seen again.
    post(client, &[diagnosed(4, &["a"])]).await;
    assert_eq!(ledger(client).await[0].state, FindingState::Accepted);
}

/// The end of a diagnosis that found `a`, suppressed or not, and `b` twice.
fn suppressing(iteration: u32, suppressed: Option<&str>) -> Value {
    let mut event = diagnosed(iteration, &["a", "b", "b"]);
    if let Some(why) = suppressed {
        let list = &mut event["data"]["findings"];
        list[0]["suppressed"] = json!({"kind": "inSource", "justification": why});
        // Another place of the same finding stays open.
        list[2]["suppressed"] = json!({"kind": "external"});
    }
    event
}

async fn what_a_tool_suppresses_is_accepted_until_it_does_not(engine: Engine) {
    use FindingState::{Accepted, New, Repeated};
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    let told = async || {
        let all = ledger(client).await;
        let a = all.into_iter().find(|it| it.description == "a").unwrap();
        (a.state, a.accepted.map(|it| (it.by, it.reason)))
    };
    let by_tool = |why: &str| Some(("its tool, inSource".to_owned(), why.to_owned()));
    post(client, &[suppressing(1, Some("a test"))]).await;
    assert_eq!(told().await, (Accepted, by_tool("a test")));
    let b = |states: Vec<(String, FindingState)>| states[1].1;
    assert_eq!(b(states(client).await), New);
    let metrics = client
        .get("/api/sessions/s/metrics")
        .await
        .expect(200)
        .json();
    let row = &metrics[0];
    assert_eq!((&row["findings"], &row["open"]), (&json!(1), &json!(1)));
    post(client, &[suppressing(2, Some("still a test"))]).await;
    assert_eq!(told().await, (Accepted, by_tool("still a test")));
    post(client, &[suppressing(3, None)]).await;
    assert_eq!(told().await, (Repeated, None));
    // What is told late changes nothing that is known of later.
    post(
        client,
        &[{
            let mut late = suppressing(2, Some("late"));
            late["data"]["again"] = json!(true);
            late
        }],
    )
    .await;
    assert_eq!(told().await, (Repeated, None));
    // What a person decided stands, whatever the tool says.
    let print = ledger(client).await;
    let print = print.iter().find(|it| it.description == "a").unwrap();
    let path = format!("/api/sessions/s/findings/{}/accept", print.fingerprint);
    let reason = json!({"reason": "known"});
    client.post(&path, &reason).await.expect(200);
    for suppressed in [Some("by tool"), None] {
        let iteration = if suppressed.is_some() { 4 } else { 5 };
        post(client, &[suppressing(iteration, suppressed)]).await;
        let known = Some(("local".to_owned(), "known".to_owned()));
        assert_eq!(told().await, (Accepted, known));
    }
}

async fn a_failed_step_that_lists_some_findings_fixes_none(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let client = app.client();
    post(client, &[diagnosed(1, &["a", "b"])]).await;
    let mut failed = diagnosed(2, &["a"]);
    failed["data"]["success"] = json!(false);
    failed["data"]["incomplete"] = json!(true);
    post(client, &[failed]).await;
    let state = |states: Vec<(String, FindingState)>| [states[0].1, states[1].1];
    let after = state(states(client).await);
    assert_eq!(after, [FindingState::Repeated, FindingState::New]);
    // Who failed to look has not found that there is nothing.
    let nothing = json!({"session_id": "s", "event_type": "STEP_COMPLETE", "iteration": 3,
        "data": {"step": "diagnose", "success": false, "findings_count": 0,
            "metrics": {"issues_found": 0, "critical": 0, "high": 0, "medium": 0, "low": 0}}});
    post(client, &[nothing]).await;
    let metrics = client
        .get("/api/sessions/s/metrics")
        .await
        .expect(200)
        .json();
    let row = &metrics[2];
    let numbers = (&row["findings"], &row["open"], &row["severities"]);
    // What was open before is so still.
    assert_eq!(numbers, (&Value::Null, &json!(2), &Value::Null));
    post(client, &[diagnosed(4, &["a"])]).await;
    let after = state(states(client).await);
    assert_eq!(after, [FindingState::Repeated, FindingState::Fixed]);
}

async fn many_findings_fit_into_one_frame(engine: Engine) {
    let app = TestApp::on(engine, vec![]).await;
    let names: Vec<String> = (0..1500).map(|n| format!("finding number {n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    post(app.client(), &[diagnosed(1, &names)]).await;
    post(app.client(), &[diagnosed(2, &names[700..])]).await;
    let found = ledger(app.client()).await;
    let fixed = found
        .iter()
        .filter(|it| it.state == FindingState::Fixed)
        .count();
    assert_eq!((found.len(), fixed), (1500, 700));
}
